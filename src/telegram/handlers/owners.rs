//! What only owners of the bot say, in their private chats: who is let in, how the bot is doing, and its pause.

use std::time::Instant;

use super::{Handlers, said::Said};
use crate::{
    job::ChatId,
    metrics,
    store::Write,
    telegram::{
        access::Entry,
        sentences::{
            self, fleet,
            owners::{self as words, Allowed, Stats},
        },
    },
};

impl Handlers {
    /// Whether the message is an owner's in their private chat.
    pub(super) fn is_owners(&self, said: &Said) -> bool {
        said.private && self.roles.is_owner(&said.who)
    }

    /// The answer to `allow` and `deny` alone.
    pub(super) fn all_access(&self) -> String {
        let (allowed, denied) = self.access.all_said();
        words::access(self.access.listed(), &allowed, &denied)
    }

    /// Lets a chat in.
    pub(super) async fn allow(&self, chat: ChatId) -> String {
        let before = self.access.of(chat);
        let how = match before {
            Entry::Stranger | Entry::Denied => Allowed::Now,
            Entry::In if self.access.is_open() && !self.access.is_noted(chat) => Allowed::AsAll,
            Entry::In => Allowed::Already,
        };
        if self.access.is_owners(chat) {
            return words::owners_chat(chat);
        }
        if how != Allowed::Already
            && let Err(why) = self.access.say(chat, true).await
        {
            return words::access_not_stored(&why);
        }
        if before == Entry::Denied {
            // It is not away any more.
            self.outbox.welcome(self.boards.home(chat));
        }
        tracing::info!(chat = chat.0, ?how, "an owner lets the chat in");
        words::allowed(chat, how)
    }

    /// Lets a chat out, whatever the settings say.
    pub(super) async fn deny(&self, chat: ChatId) -> String {
        if self.access.is_owners(chat) {
            return words::owners_chat(chat);
        }
        if self.access.of(chat) == Entry::Denied {
            return words::denied_already(chat);
        }
        // First: from here on nothing more comes from there.
        if let Err(why) = self.access.say(chat, false).await {
            return words::access_not_stored(&why);
        }
        self.confirms.forget(self.boards.home(chat));
        let (tasks, stored) = self.outbox.deny(self.boards.home(chat));
        if let Some(stored) = stored
            && let Err(error) = stored.await
        {
            // That it is denied is stored: the next start ends its tasks.
            tracing::warn!(chat = chat.0, %error, "that a chat was denied is not stored with its board");
        }
        tracing::info!(chat = chat.0, tasks, "an owner has denied the chat");
        words::denied_now(chat, tasks)
    }

    /// Starts no more tasks, or starts them again.
    pub(super) async fn pause(&self, paused: bool) -> String {
        let is_news = self.boards.is_paused() != paused;
        let stored = if is_news {
            self.boards.set_paused(paused);
            self.store.write(Write::Paused(paused)).await
        } else {
            Ok(())
        };
        let tasks = self.boards.tally();
        let words = if paused { words::paused(is_news, &tasks) } else { words::resumed(is_news, &tasks) };
        match stored {
            Ok(()) => words,
            Err(why) => format!("{words} {}", words::pause_not_stored(&why)),
        }
    }

    /// How the bot is doing.
    pub(super) async fn stats(&self) -> String {
        let store = self.store.clone();
        // It looks at each file of the store.
        let store = tokio::task::spawn_blocking(move || (store.size(), metrics::resident()));
        let (store, process) = store.await.unwrap_or_default();
        let (allowed, denied) = self.access.all_said();
        words::stats(&Stats {
            uptime: self.started.elapsed(),
            paused: self.boards.is_paused(),
            people: self.rate.lately(Instant::now()),
            access: (allowed.len(), denied.len()),
            tasks: self.boards.tally(),
            slots: self.boards.slots(),
            fleet: self.boards.fleet(),
            memory: self.boards.memory(),
            process,
            traffic: self.metrics.totals(),
            store,
        })
    }

    /// Who does the work.
    pub(super) fn workers(&self) -> String {
        fleet::workers(self.boards.fleet().as_ref(), self.boards.slots(), Instant::now())
    }

    /// A stranger is told what to hand to the owner, once in a while.
    pub(super) async fn tell_stranger(&self, said: &Said) {
        if let Err(seconds) = self.boards.overload().admits_words() {
            // They are told another time.
            return self.outbox.say_busy(said.chat, said.origin.clone(), seconds).await;
        }
        if self.strangers.entry(said.chat).or_insert(()).await.is_fresh() {
            self.answer(said, &words::stranger(said.chat)).await;
        }
    }

    /// Whether what somebody has said is done. Where it is not, they are told so once.
    pub(super) async fn takes(&self, said: &Said, is_kill: bool) -> bool {
        use super::rate::Taken;
        let is_owner = self.roles.is_owner(&said.who);
        match self.rate.take(said.who.person.id, is_kill, is_owner, Instant::now()) {
            Taken::Yes => return true,
            Taken::Warned(wait) => {
                tracing::info!(chat = said.chat.0, person = said.who.person.id, "too many commands");
                self.warn(said, &sentences::rate_over(self.rate.limit(), wait)).await;
            }
            Taken::Silence(_) => {}
        }
        false
    }
}
