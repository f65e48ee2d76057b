//! The command menus in Telegram's apps: people see what they may say.
//!
//! Of all menus that fit, an app shows only the narrowest, so each repeats what the wider ones have. What was registered once
//! stays at Telegram, also when the bot that did it is gone: the store knows which menus there may be.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use teloxide::{
    payloads::{DeleteMyCommands, DeleteMyCommandsSetters, SetMyCommands, SetMyCommandsSetters},
    types::{BotCommand, BotCommandScope, ChatId as TelegramChat, Recipient},
};
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, ApiError},
    language, pause_after, sentences,
};
use crate::{
    command::{COMMANDS, Language},
    config::{Config, Timings},
    declared::{Allow, Catalog, Declared, Viewer},
    job::ChatId,
    store::{Store, Write},
};

/// Commands of one menu, at most (Bot API).
const MAX_COMMANDS: usize = 100;

/// Sees to the menus.
pub struct Menus {
    api: Api,
    store: Store,
    declared: Arc<Declared>,
    owners: Vec<i64>,
    timings: Timings,
}

/// Who sees a menu. As text it is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Scope {
    Everyone,
    /// The admins of every group.
    Admins,
    /// Everybody in a chat.
    Chat(i64),
    /// A group's admins, who would see the group's own menu instead of the admins'.
    AdminsOf(i64),
}

impl Scope {
    fn at_telegram(self) -> BotCommandScope {
        let chat = |id| Recipient::Id(TelegramChat(id));
        match self {
            Self::Everyone => BotCommandScope::Default,
            Self::Admins => BotCommandScope::AllChatAdministrators,
            Self::Chat(id) => BotCommandScope::Chat { chat_id: chat(id) },
            Self::AdminsOf(id) => BotCommandScope::ChatAdministrators { chat_id: chat(id) },
        }
    }

    /// Whether it is about one chat, which Telegram may not know, or not any more.
    fn is_narrow(self) -> bool {
        matches!(self, Self::Chat(_) | Self::AdminsOf(_))
    }
}

impl Menus {
    /// The menus of one bot.
    pub fn new(api: Api, store: Store, declared: Arc<Declared>, config: &Config) -> Self {
        Self { api, store, declared, owners: config.owners.0.clone(), timings: config.timings }
    }

    /// Registers all menus, and again whenever something else is declared; `left` is what the store knows. The bot works without
    /// them, so a failure is only logged, and it is tried again.
    pub async fn tend(self, left: &str, stop: CancellationToken) {
        // What another version wrote is not needed: what it registered is seen until it is registered anew.
        let mut there: Vec<Scope> = serde_json::from_str(left).unwrap_or_default();
        let mut catalogs = self.declared.follow();
        loop {
            let catalog = catalogs.borrow_and_update().clone();
            tokio::select! {
                () = stop.cancelled() => return,
                changed = catalogs.changed() => if changed.is_err() { return },
                () = self.bring(&catalog, &mut there) => tokio::select! {
                    () = stop.cancelled() => return,
                    changed = catalogs.changed() => if changed.is_err() { return },
                },
            }
        }
    }

    /// Makes the menus what this catalog wants. It may be dropped on its way.
    async fn bring(&self, catalog: &Catalog, there: &mut Vec<Scope>) {
        let wanted = wanted(catalog, &self.owners);
        // First, so that whoever comes next knows of all that may have been registered.
        there.extend(wanted.keys());
        there.sort_unstable();
        there.dedup();
        self.remember(there).await;
        for (scope, viewer) in &wanted {
            for language in Language::ALL {
                let call = self.set(*scope, viewer, catalog, language);
                self.call(*scope, &call).await;
            }
        }
        for scope in there.iter().filter(|scope| !wanted.contains_key(scope)) {
            for language in Language::ALL {
                let call = DeleteMyCommands::new().scope(scope.at_telegram());
                let call =
                    if language == Language::default() { call } else { call.language_code(language.code()) };
                self.call(*scope, &call).await;
            }
        }
        if there.len() > wanted.len() {
            *there = wanted.into_keys().collect();
            self.remember(there).await;
        }
    }

    /// A menu of people whose app speaks this; the English one is everybody else's too.
    fn set(&self, scope: Scope, viewer: &Viewer, catalog: &Catalog, language: Language) -> SetMyCommands {
        let is_owners = matches!(scope, Scope::Chat(chat) if self.owners.contains(&chat));
        let commands = language::within(language, || commands(catalog, viewer, is_owners));
        let call = SetMyCommands::new(commands).scope(scope.at_telegram());
        if language == Language::default() { call } else { call.language_code(language.code()) }
    }

    /// Calls until it is done. A person who has never written has no chat yet, and has the menu after the next start.
    async fn call<P>(&self, scope: Scope, call: &P)
    where
        P: teloxide::requests::Payload + serde::Serialize + Sync,
    {
        for failures in 0.. {
            let Err(error) = self.api.call::<_, serde::de::IgnoredAny>(call).await else { return };
            if scope.is_narrow() && matches!(error, ApiError::BadRequest(_) | ApiError::Forbidden(_)) {
                tracing::info!(%error, ?scope, "the command menu of one chat could not be registered");
                return;
            }
            let pause = pause_after(&error, &self.timings, failures);
            tracing::warn!(%error, ?pause, "the command menu could not be registered; trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn remember(&self, there: &[Scope]) {
        // Names and numbers are always JSON.
        let body = serde_json::to_string(there).unwrap_or_default();
        if let Err(error) = self.store.write(Write::Menus(body)).await {
            tracing::warn!(%error, "which command menus there are is not stored: one may stay too long");
        }
    }
}

/// The menus that are needed, and as whom somebody sees each.
fn wanted(catalog: &Catalog, owners: &[i64]) -> BTreeMap<Scope, Viewer> {
    let mut wanted = BTreeMap::from([(Scope::Everyone, Viewer::NOBODY)]);
    let has_admins = catalog.iter().any(|declared| declared.allow == Allow::Admins);
    let as_admin = |chat| Viewer { chat, admin: Some(true), ..Viewer::NOBODY };
    if has_admins {
        wanted.insert(Scope::Admins, as_admin(ChatId(0)));
    }
    for declared in catalog.iter() {
        let Allow::Listed { people, chats } = &declared.allow else { continue };
        for chat in chats.iter().copied().chain(people.iter().copied().map(ChatId)) {
            // A private chat has the id of its person.
            wanted.insert(Scope::Chat(chat.0), Viewer { person: chat.0.max(0), chat, ..Viewer::NOBODY });
            if has_admins && chat.0 < 0 {
                wanted.insert(Scope::AdminsOf(chat.0), as_admin(chat));
            }
        }
    }
    for owner in owners {
        let viewer = Viewer { person: *owner, chat: ChatId(*owner), owner: true, ..Viewer::NOBODY };
        wanted.insert(Scope::Chat(*owner), viewer);
    }
    wanted
}

/// What stands in a menu.
fn commands(catalog: &Catalog, viewer: &Viewer, is_owners: bool) -> Vec<BotCommand> {
    let own = COMMANDS.iter().filter(|entry| entry.in_menu && (is_owners || !entry.owners));
    let own = own.map(|entry| BotCommand::new(entry.menu_name(), sentences::menu_line(entry)));
    let declared = catalog.iter().filter(|declared| declared.is_shown_to(viewer));
    let declared = declared
        .map(|declared| BotCommand::new(declared.name.clone(), sentences::declared::menu_line(declared)));
    own.chain(declared).take(MAX_COMMANDS).collect()
}

#[cfg(test)]
mod tests;
