//! `settings`: what a chat chooses.

use super::{Handlers, roles::Standing};
use crate::{command::Setting, job::ChatId, telegram::sentences::settings as sentences};

impl Handlers {
    /// The answer to `settings`.
    pub(super) fn all_settings(&self, chat: ChatId) -> String {
        sentences::all(|key| self.settings.get(chat, key))
    }

    /// Sets it, for who may: in a group its admins and the bot's owners.
    pub(super) async fn set(&self, chat: ChatId, standing: Standing, setting: Setting) -> String {
        match standing {
            Standing::Any => {}
            Standing::Own => return sentences::NOT_ALLOWED.to_owned(),
            Standing::Unknown => return sentences::NOT_KNOWN.to_owned(),
        }
        // The group may have moved while it was found out who asks.
        match self.settings.set(self.boards.home(chat), setting).await {
            Ok(()) => sentences::is_set(setting).to_owned(),
            Err(why) => sentences::not_stored(&why),
        }
    }
}
