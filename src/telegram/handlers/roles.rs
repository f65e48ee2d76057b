//! Who may do what: whose a task is, who owns the bot, and who is an admin of the chat.
//!
//! Admins are known to Telegram alone. What it says is kept for a minute; where it says nothing, nobody is an admin.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use serde::{Deserialize, Serialize};
use teloxide::{
    payloads::{GetChatAdministrators, GetChatMember},
    types::{ChatId as TelegramChat, UserId},
};
use tokio::sync::Semaphore;

use super::wish::{Request, Wish};
use crate::{
    config::{Config, KillPolicy},
    job::{ChatId, Person},
    telegram::api::{Api, ApiError},
};

/// People of chats whose standing is remembered.
const MAX_MEMBERS: u64 = 10_000;
/// Calls under way at once.
const MAX_CALLS: usize = 16;

/// Who wants something: as a person of the chat, and as a user of Telegram.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Actor {
    /// Whose the jobs are that they send.
    pub(super) person: Person,
    /// The user, where it is known: not of an anonymous admin, nor of who writes as a channel.
    pub(super) user: Option<i64>,
}

/// What somebody may do to the jobs of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All of it.
    Any,
    /// Nothing: only their own jobs are theirs.
    Own,
    /// Nothing, since it could not be found out whether they are an admin.
    Unknown,
}

/// What is known of who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) standing: Standing,
    /// The standing is that of an admin of the chat, or is not, whatever the policy about others' tasks.
    pub(super) as_admin: bool,
}

impl Rights {
    /// Whether they are an admin of the chat.
    pub(super) fn is_admin(self) -> bool {
        self.as_admin && self.standing == Standing::Any
    }
}

/// Knows who may do what.
pub(super) struct Roles {
    api: Api,
    owners: Vec<i64>,
    policy: KillPolicy,
    /// Whether the user is an admin of the chat.
    admins: Cache<(ChatId, i64), bool>,
    calls: Semaphore,
    limit: Duration,
}

/// All that is read of a member of a chat.
#[derive(Deserialize)]
struct Member {
    status: String,
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: i64,
}

impl Member {
    fn is_admin(&self) -> bool {
        matches!(self.status.as_str(), "creator" | "administrator")
    }
}

impl Roles {
    pub(super) fn new(api: &Api, config: &Config) -> Self {
        let admins =
            Cache::builder().max_capacity(MAX_MEMBERS).time_to_live(config.timings.member_kept).build();
        Self {
            api: api.clone(),
            owners: config.owners.0.clone(),
            policy: config.kill_policy,
            admins,
            calls: Semaphore::new(MAX_CALLS),
            limit: config.timings.member,
        }
    }

    /// Whether this is one of the bot's owners. An anonymous admin is none.
    pub(super) fn is_owner(&self, actor: &Actor) -> bool {
        actor.user.is_some_and(|user| self.owners.contains(&user))
    }

    /// What who asks may do, where Telegram need not be asked.
    pub(super) async fn known(&self, chat: ChatId, request: &Request) -> Option<Standing> {
        let actor = &request.who;
        // The policy is about tasks.
        let is_anyones = self.policy == KillPolicy::Anyone && !matches!(request.wish, Wish::Set(_));
        // An anonymous admin speaks as the group itself.
        let is_free = is_private(chat) || is_anyones || self.is_owner(actor) || actor.person.id == chat.0;
        if is_free {
            return Some(Standing::Any);
        }
        self.remembered(chat, actor).await
    }

    /// The same where it has to be an admin of the chat, or an owner of the bot. In a private chat nobody is an admin.
    pub(super) async fn known_admin(&self, chat: ChatId, actor: &Actor) -> Option<Standing> {
        if self.is_owner(actor) {
            return Some(Standing::Any);
        }
        if is_private(chat) {
            return Some(Standing::Own);
        }
        // An anonymous admin speaks as the group itself.
        if actor.person.id == chat.0 { Some(Standing::Any) } else { self.remembered(chat, actor).await }
    }

    async fn remembered(&self, chat: ChatId, actor: &Actor) -> Option<Standing> {
        // A channel is no admin of a group.
        let Some(user) = actor.user else { return Some(Standing::Own) };
        self.admins.get(&(chat, user)).await.map(standing)
    }

    /// What who asks may do, as Telegram says within the time limit.
    pub(super) async fn find_out(&self, chat: ChatId, request: &Request) -> Standing {
        match self.known(chat, request).await {
            Some(known) => known,
            None => self.look_up(chat, &request.who).await,
        }
    }

    /// The same where it has to be an admin of the chat.
    pub(super) async fn find_out_admin(&self, chat: ChatId, actor: &Actor) -> Standing {
        match self.known_admin(chat, actor).await {
            Some(known) => known,
            None => self.look_up(chat, actor).await,
        }
    }

    async fn look_up(&self, chat: ChatId, actor: &Actor) -> Standing {
        let Some(user) = actor.user else { return Standing::Own };
        // Two who ask for the same make one call. A failure is not kept.
        let found = self.admins.try_get_with((chat, user), self.ask(chat, user));
        match tokio::time::timeout(self.limit, found).await {
            Ok(Ok(is_admin)) => standing(is_admin),
            Ok(Err(error)) => {
                let error: Arc<ApiError> = error;
                tracing::info!(chat = chat.0, user, %error, "it is not known whether this is an admin");
                Standing::Unknown
            }
            Err(_) => {
                tracing::info!(chat = chat.0, user, "Telegram does not say in time whether this is an admin");
                Standing::Unknown
            }
        }
    }

    async fn ask(&self, chat: ChatId, user: i64) -> Result<bool, ApiError> {
        // Nothing closes the semaphore.
        let _call = self.calls.acquire().await.ok();
        let (id, number) = (TelegramChat(chat.0), UserId(user.unsigned_abs()));
        match self.api.call::<_, Member>(&GetChatMember::new(id, number)).await {
            Ok(member) => Ok(member.is_admin()),
            // Where the bot is no admin, members may be hidden from it. The admins are not, but for anonymous ones.
            Err(ApiError::BadRequest(_)) => {
                let admins: Vec<Member> = self.api.call(&GetChatAdministrators::new(id)).await?;
                Ok(admins.iter().any(|member| member.user.id == user && member.is_admin()))
            }
            Err(error) => Err(error),
        }
    }
}

fn standing(is_admin: bool) -> Standing {
    if is_admin { Standing::Any } else { Standing::Own }
}

/// Only groups have negative ids. In a private chat everything is the one person's.
pub(super) fn is_private(chat: ChatId) -> bool {
    chat.0 > 0
}
