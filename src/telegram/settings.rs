//! What chats have chosen. It is in the store, and here to be read at any moment.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use crate::{
    command::{SETTINGS, Setting},
    job::ChatId,
    store::{Loaded, Store, Write, WriteError},
};

/// The settings of all chats.
pub struct Settings {
    store: Store,
    // A std lock: held for a look or an insertion. What a chat did not choose is not in it.
    chosen: RwLock<HashMap<(ChatId, &'static str), Setting>>,
}

impl Settings {
    /// As the last process left them.
    pub fn new(store: Store, loaded: &Loaded) -> Self {
        let read = |(chat, key, value): &(ChatId, String, String)| {
            let setting = Setting::read(key, value);
            if setting.is_none() {
                // Of a later version, perhaps: it stays in the store.
                tracing::warn!(chat = chat.0, key, value, "a setting that this version does not know");
            }
            setting.map(|setting| ((*chat, setting.key()), setting))
        };
        Self { store, chosen: RwLock::new(loaded.settings.iter().filter_map(read).collect()) }
    }

    /// What the chat chose of this name, if anything.
    pub fn get(&self, chat: ChatId, key: &str) -> Option<Setting> {
        let key = SETTINGS.iter().find(|row| row.key == key)?.key;
        self.chosen.read().unwrap_or_else(PoisonError::into_inner).get(&(chat, key)).copied()
    }

    /// Whether the chat wants rich messages.
    pub fn is_rich(&self, chat: ChatId) -> bool {
        matches!(self.get(chat, "rich"), Some(Setting::Rich(true)))
    }

    /// Sets it, when that is stored.
    ///
    /// # Errors
    /// [`WriteError`]: it is as it was.
    pub async fn set(&self, chat: ChatId, setting: Setting) -> Result<(), WriteError> {
        let (key, value) = (setting.key(), setting.value().to_owned());
        self.store.write(Write::Set { chat, key, value }).await?;
        self.chosen.write().unwrap_or_else(PoisonError::into_inner).insert((chat, key), setting);
        Ok(())
    }

    /// The group has become a supergroup, which takes what it chose; [`Write::Move`] does the same in the store.
    pub fn migrate(&self, from: ChatId, to: ChatId) {
        let mut chosen = self.chosen.write().unwrap_or_else(PoisonError::into_inner);
        for row in SETTINGS {
            if let Some(setting) = chosen.remove(&(from, row.key)) {
                chosen.insert((to, row.key), setting);
            }
        }
    }
}
