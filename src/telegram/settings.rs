//! What chats have chosen. It is in the store, and here to be read at any moment.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use crate::{
    command::{Language, SETTINGS, Setting},
    job::ChatId,
    schedule::Zone,
    store::{Loaded, Store, Write, WriteError},
};

/// Where the store has, beside the settings, the language of the app in which a private chat was last seen.
const SPOKEN: &str = "spoken";

/// The settings of all chats.
pub struct Settings {
    store: Store,
    // A std lock: held for a look or an insertion. What a chat did not choose is not in it.
    chosen: RwLock<HashMap<(ChatId, &'static str), Setting>>,
    // As `chosen`: the languages of people's apps, where they are not the one that is spoken anyway.
    spoken: RwLock<HashMap<ChatId, Language>>,
}

impl Settings {
    /// As the last process left them.
    pub fn new(store: Store, loaded: &Loaded) -> Self {
        let spoken = loaded.settings.iter().filter(|(_, key, _)| key == SPOKEN);
        let spoken = spoken.filter_map(|(chat, _, tag)| Some((*chat, Language::of(tag)?))).collect();
        let read = |(chat, key, value): &(ChatId, String, String)| {
            let setting = Setting::read(key, value);
            if setting.is_none() {
                // Of a later version, perhaps: it stays in the store.
                tracing::warn!(chat = chat.0, key, value, "a setting that this version does not know");
            }
            setting.map(|setting| ((*chat, setting.key()), setting))
        };
        let chosen = loaded.settings.iter().filter(|(_, key, _)| key != SPOKEN).filter_map(read).collect();
        Self { store, chosen: RwLock::new(chosen), spoken: RwLock::new(spoken) }
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

    /// The language in which the chat is spoken to: what it chose, or else, in a private chat, what the person's app speaks.
    pub fn language(&self, chat: ChatId) -> Language {
        if let Some(Setting::Language(language)) = self.get(chat, "language") {
            return language;
        }
        self.spoken.read().unwrap_or_else(PoisonError::into_inner).get(&chat).copied().unwrap_or_default()
    }

    /// The time zone of what the chat schedules.
    pub fn zone(&self, chat: ChatId) -> Zone {
        match self.get(chat, "timezone") {
            Some(Setting::Timezone(zone)) => zone,
            _ => Zone::UTC,
        }
    }

    /// Whether what was missed while the bot was away is run once.
    pub fn runs_missed(&self, chat: ChatId) -> bool {
        !matches!(self.get(chat, "missed"), Some(Setting::Missed(false)))
    }

    /// A private chat was seen in an app that speaks this. It is stored where it is news: cards are edited, after a restart
    /// too, when nobody has said anything.
    pub fn hear(&self, chat: ChatId, language: Language) {
        let before = {
            let mut spoken = self.spoken.write().unwrap_or_else(PoisonError::into_inner);
            if language == Language::default() { spoken.remove(&chat) } else { spoken.insert(chat, language) }
        };
        if before.unwrap_or_default() != language {
            let (key, value) = (SPOKEN, language.code().to_owned());
            // Without it, after a crash, some cards are in another language.
            drop(self.store.write(Write::Set { chat, key, value }));
        }
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
