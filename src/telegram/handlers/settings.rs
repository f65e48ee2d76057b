//! `settings`: what a chat chooses.

use super::{Handlers, roles::Standing};
use crate::{
    command::Setting,
    job::ChatId,
    telegram::{language::within, sentences::settings as sentences},
};

impl Handlers {
    /// The answer to `settings`.
    pub(super) fn all_settings(&self, chat: ChatId) -> String {
        let language = Setting::Language(self.settings.language(chat));
        let chosen = |key: &str| self.settings.get(chat, key);
        sentences::all(|key| chosen(key).or((key == language.key()).then_some(language)))
    }

    /// Sets it, for who may: in a group its admins and the bot's owners.
    pub(super) async fn set(&self, chat: ChatId, standing: Standing, setting: Setting) -> String {
        match standing {
            Standing::Any => {}
            Standing::Own => return sentences::not_allowed(),
            Standing::Unknown => return sentences::not_known(),
        }
        // The group may have moved while it was found out who asks.
        let chat = self.boards.home(chat);
        match self.settings.set(chat, setting).await {
            Ok(()) => within(self.settings.language(chat), || sentences::is_set(setting)),
            Err(why) => sentences::not_stored(&why),
        }
    }
}
