//! `settings`: what a chat chooses.

use super::{Handlers, Said};
use crate::{
    command::Setting,
    telegram::{language::within, sentences::settings as sentences},
};

impl Handlers {
    /// The answer to `settings`.
    pub(super) async fn settings(&self, said: &Said, change: Option<Setting>) -> String {
        let Some(setting) = change else {
            let language = Setting::Language(self.settings.language(said.chat));
            let chosen = |key: &str| self.settings.get(said.chat, key);
            return sentences::all(|key| chosen(key).or((key == language.key()).then_some(language)));
        };
        if !self.may_change_settings(said).await {
            return sentences::not_allowed();
        }
        match self.settings.set(said.chat, setting).await {
            Ok(()) => within(self.settings.language(said.chat), || sentences::is_set(setting)),
            Err(why) => sentences::not_stored(&why),
        }
    }

    /// Whether who speaks may change what the chat has chosen: in a private chat always.
    #[expect(clippy::unused_async, reason = "who is an admin has to be asked for")]
    async fn may_change_settings(&self, said: &Said) -> bool {
        // Groups: admins only, as soon as they are known.
        let _ = (said.private, said.user);
        true
    }
}
