//! What not everybody may have. It is done at once where it is known who asks, and otherwise when Telegram has said
//! whether they are an admin: beside the handler, since other chats' updates do not wait for that.
//!
//! Until then it is in the store as a question, and so the update that asked for it is confirmed: a crash loses nothing,
//! and the next start asks Telegram again.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Handlers,
    confirm::Pending,
    roles::{Actor, Rights, Standing},
};
use crate::{
    command::Setting,
    job::{Call, ChatId, JobId, Origin},
    schedule::{ScheduleId, When},
    store::Write,
    telegram::{access::Entry, buttons::Question, language, outbox::text},
};

/// Questions under way; who asks when there are so many is taken for nobody's admin.
const MAX_QUESTIONS: usize = 256;

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Wish {
    /// Cancel these.
    Kill(Vec<JobId>),
    /// Cancel whatever is unfinished.
    KillAll,
    /// Yes, cancel these.
    KillThese(Vec<JobId>),
    /// Yes, cancel what was unfinished when this task was the newest: all of it, or what is one person's.
    KillAllUpTo(JobId, Option<i64>),
    /// No, cancel nothing; this person was asked.
    Keep(i64),
    /// Run it again.
    Retry(JobId),
    /// Run these no more.
    Unschedule(Vec<ScheduleId>),
    /// Another value for a setting of the chat.
    Set(Setting),
    /// All that can be said, with what they may run.
    Help,
    /// Run what the operator has declared.
    Run(Call),
    /// Run it, then.
    Schedule(When, Call),
    /// A question that is open: whether to run it.
    Asked(Pending),
    /// Yes, run what was asked about.
    Yes(Question),
    /// No, do not.
    No(Question),
}

/// Who wants what. As text it is what the store keeps of a question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) who: Actor,
    pub(super) wish: Wish,
    /// The command, or the message with the button and the query that its press is. The store knows this name: it
    /// changes when the chat moves.
    pub(super) reply_to: Origin,
}

/// The questions under way.
pub(super) struct Questions {
    /// The last number that was given to one.
    last: AtomicU64,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// What the last process left: these updates were handled.
    left_over: OnceLock<HashSet<(ChatId, Origin)>>,
}

impl Questions {
    pub(super) fn new() -> Self {
        Self {
            last: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            left_over: OnceLock::new(),
        }
    }

    /// A number for one more.
    pub(super) fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Something that ends when the bot stops.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until the bot stops.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether the last process had made a question of it.
    pub(super) fn was_asked(&self, chat: ChatId, origin: &Origin) -> bool {
        self.left_over.get().is_some_and(|asked| asked.contains(&(chat, origin.clone())))
    }
}

impl Handlers {
    /// Takes up what the last process had not found out. To be called once, before the first update.
    pub fn restore(self: &Arc<Self>, questions: Vec<(ChatId, u64, String)>) {
        let mut left_over = HashSet::new();
        for (chat, question, body) in questions {
            self.questions.last.fetch_max(question, Ordering::Relaxed);
            match serde_json::from_str::<Request>(&body) {
                Ok(request) if matches!(request.wish, Wish::Asked(_)) => {
                    self.restore_open(chat, question, request);
                }
                // Its answer is in the store too, and will be said.
                Ok(request) if self.outbox.was_answered(chat, &request.reply_to) => {
                    drop(self.store.write(Write::Asked(question)));
                }
                Ok(request) => {
                    left_over.insert((chat, request.reply_to.clone()));
                    let place = self.questions.places.clone().try_acquire_owned().ok();
                    self.find_out(chat, question, request, place);
                }
                Err(error) => {
                    tracing::error!(%error, "a question that was stored cannot be read and is dropped");
                    drop(self.store.write(Write::Asked(question)));
                }
            }
        }
        // Nobody set it before: this is called once.
        let _ = self.questions.left_over.set(left_over);
    }

    /// Ends the questions under way: they are in the store. To be called when no more updates come.
    pub async fn stop(&self) {
        self.questions.stop.cancel();
        self.questions.tasks.close();
        self.questions.tasks.wait().await;
    }

    /// Does what is wanted, or says who may. When this returns, either is stored, or that it is to be found out.
    pub(super) async fn wish(self: &Arc<Self>, chat: ChatId, request: Request) {
        let as_admin = self.wants_admin(chat, &request.wish);
        let known = if as_admin {
            self.roles.known_admin(chat, &request.who).await
        } else {
            self.roles.known(chat, &request).await
        };
        let standing = match known {
            Some(known) => known,
            // Whatever it is, it does not matter.
            None if !as_admin && !self.concerns_others(chat, &request) => Standing::Own,
            None => return self.ask(chat, request).await,
        };
        self.carry_out(chat, request, Rights { standing, as_admin }).await;
    }

    async fn ask(self: &Arc<Self>, chat: ChatId, request: Request) {
        let Ok(place) = self.questions.places.clone().try_acquire_owned() else {
            tracing::warn!(chat = chat.0, "too many questions at once: one is not asked");
            let rights = Rights { standing: Standing::Unknown, as_admin: false };
            return self.carry_out(chat, request, rights).await;
        };
        let question = self.questions.next();
        // Texts and numbers are always JSON.
        let body = serde_json::to_string(&request).unwrap_or_default();
        let stored = self.store.write(Write::Ask { chat: self.boards.home(chat), question, body });
        if let Err(error) = stored.await {
            tracing::warn!(chat = chat.0, %error, "a question is not stored: a crash would lose it");
        }
        self.find_out(chat, question, request, Some(place));
    }

    fn find_out(
        self: &Arc<Self>,
        chat: ChatId,
        question: u64,
        request: Request,
        place: Option<OwnedSemaphorePermit>,
    ) {
        let handlers = self.clone();
        let language = self.settings.language(self.boards.home(chat));
        self.questions.tasks.spawn(language::scope(language, async move {
            let _place = place;
            // The group may have moved meanwhile.
            let home = handlers.boards.home(chat);
            let as_admin = handlers.wants_admin(home, &request.wish);
            let found = async {
                if as_admin {
                    handlers.roles.find_out_admin(home, &request.who).await
                } else {
                    handlers.roles.find_out(home, &request).await
                }
            };
            let standing = tokio::select! {
                // It is asked again at the next start.
                () = handlers.questions.stop.cancelled() => return,
                standing = found => standing,
            };
            if handlers.access.of(home) != Entry::Denied {
                handlers.carry_out(chat, request, Rights { standing, as_admin }).await;
            }
            if let Err(error) = handlers.store.write(Write::Asked(question)).await {
                tracing::warn!(%error, "that a question was answered is not stored: it would be asked again");
            }
        }));
    }

    async fn carry_out(self: &Arc<Self>, chat: ChatId, request: Request, rights: Rights) {
        let Request { who, wish, reply_to } = &request;
        let standing = rights.standing;
        let words = match wish {
            Wish::Kill(ids) => self.kill(chat, who, reply_to, standing, ids).await,
            Wish::KillAll => self.kill_all(chat, who, reply_to, standing).await,
            Wish::KillThese(_) | Wish::KillAllUpTo(..) => self.kill_now(chat, &request, standing).await,
            Wish::Keep(asker) => self.keep(chat, who, reply_to, standing, *asker).await,
            Wish::Retry(id) => self.retry(chat, who, reply_to, rights, *id).await,
            Wish::Help => self.help(chat, who, rights),
            Wish::Run(call) => self.run(chat, who, reply_to, rights, call).await,
            Wish::Schedule(when, call) => {
                self.schedule_call(chat, who, reply_to, rights, (*when, call)).await
            }
            Wish::Yes(question) => self.confirm(chat, who, reply_to, rights, *question).await,
            Wish::No(question) => self.do_not_run(chat, who, reply_to, rights, *question).await,
            // It is open, and nothing is done of it.
            Wish::Asked(_) => return,
            Wish::Unschedule(ids) => self.unschedule(chat, who, standing, ids).await,
            Wish::Set(setting) => self.set(chat, standing, *setting).await,
        };
        self.tell(chat, request.reply_to, words).await;
    }

    /// The answer to a press pops up, and the one to a command is a message, if there is anything to say.
    async fn tell(&self, chat: ChatId, reply_to: Origin, words: String) {
        match &reply_to.callback {
            Some(query) => self.outbox.toast(query.clone(), words),
            None if words.is_empty() => {}
            None => self.outbox.say(chat, text(reply_to, &words).asked()).await,
        }
    }
}
