//! Which chats the bot works for: what the setting says, and what owners have said since, which comes first.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    board::Boards,
    config::Config,
    job::ChatId,
    store::{Loaded, Store, Write, WriteError},
};

/// What a chat is to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The bot works for it.
    In,
    /// The bot works for certain chats, and not for this one.
    Stranger,
    /// An owner has denied it.
    Denied,
}

/// Knows who is let in.
pub struct Access {
    store: Store,
    boards: Arc<Boards>,
    /// Of the setting; empty: every chat.
    listed: Vec<i64>,
    owners: Vec<i64>,
    // A std lock: held for a look or an insertion. What owners have said; as long as that, and no longer.
    said: RwLock<BTreeMap<i64, bool>>,
}

impl Access {
    /// As the last process left it.
    pub fn new(store: Store, boards: Arc<Boards>, loaded: &Loaded, config: &Config) -> Arc<Self> {
        let said = loaded.access.iter().map(|(chat, allowed)| (chat.0, *allowed)).collect();
        let (listed, owners) = (config.allowed_chats.0.clone(), config.owners.0.clone());
        Arc::new(Self { store, boards, listed, owners, said: RwLock::new(said) })
    }

    /// What the chat is to the bot. A supergroup is what its group was, unless something was said of itself.
    pub(super) fn of(&self, chat: ChatId) -> Entry {
        if self.is_owners(chat) {
            return Entry::In;
        }
        let chat = self.boards.home(chat);
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        let former = || self.boards.former(chat);
        let word = said.get(&chat.0).copied();
        let word = word.or_else(|| if said.is_empty() { None } else { said.get(&former()?.0).copied() });
        let is_listed = |chat: ChatId| self.listed.contains(&chat.0);
        match word {
            Some(true) => Entry::In,
            Some(false) => Entry::Denied,
            None if self.listed.is_empty() || is_listed(chat) || former().is_some_and(is_listed) => Entry::In,
            None => Entry::Stranger,
        }
    }

    /// Whether it is an owner's private chat. Only groups have negative ids.
    pub(super) fn is_owners(&self, chat: ChatId) -> bool {
        self.owners.contains(&chat.0)
    }

    /// Whether the setting lets every chat in.
    pub(super) fn is_open(&self) -> bool {
        self.listed.is_empty()
    }

    /// Whether an owner has let the chat in.
    pub(super) fn is_noted(&self, chat: ChatId) -> bool {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.get(&self.boards.home(chat).0) == Some(&true)
    }

    /// Lets the chat in, or out, when that is stored.
    ///
    /// # Errors
    /// [`WriteError`]: it is as it was.
    pub(super) async fn say(&self, chat: ChatId, allowed: bool) -> Result<(), WriteError> {
        let chat = self.boards.home(chat);
        self.store.write(Write::Access { chat, allowed }).await?;
        self.said.write().unwrap_or_else(PoisonError::into_inner).insert(chat.0, allowed);
        Ok(())
    }

    /// The chats of the setting.
    pub(super) fn listed(&self) -> &[i64] {
        &self.listed
    }

    /// The chats that owners have let in, and those that they have let out.
    pub(super) fn all_said(&self) -> (Vec<i64>, Vec<i64>) {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        let (allowed, denied): (Vec<_>, Vec<_>) = said.iter().partition(|(_, allowed)| **allowed);
        let ids = |said: Vec<(&i64, &bool)>| said.into_iter().map(|(chat, _)| *chat).collect();
        (ids(allowed), ids(denied))
    }
}
