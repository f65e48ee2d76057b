//! A group becomes a supergroup: another chat, with the same people and title.

use super::{
    service::Service,
    text::Text,
    world::{Message, World},
};

/// Ids of supergroups are below this one.
pub(super) const SUPERGROUPS: i64 = -1_000_000_000_000;

/// Whether a chat's id is that of a supergroup.
pub(super) fn is_supergroup(chat: i64) -> bool {
    chat < SUPERGROUPS
}

impl World {
    /// Makes the supergroup and gives its id. The service messages are there in any case; whether the bot gets them
    /// is `announced`.
    pub(super) fn migrate(&mut self, group: i64, announced: bool) -> Result<i64, String> {
        let old = self.chats.get(&group).ok_or_else(|| format!("there is no chat {group}"))?;
        let (Some(title), None, false) = (old.title.clone(), old.migrated_to, is_supergroup(group)) else {
            return Err(format!("chat {group} is no group"));
        };
        let (people, is_kicked, ranks) = (old.people.clone(), old.bot_is_kicked, old.ranks.clone());
        let owner = people.first().copied();
        let supergroup = SUPERGROUPS + group;
        self.add_chat(supergroup, Some(title), people);
        if let Some(new) = self.chats.get_mut(&supergroup) {
            new.bot_is_kicked = is_kicked;
            new.ranks = ranks;
        }
        for (chat, service) in
            [(group, Service::MigrateTo(supergroup)), (supergroup, Service::MigrateFrom(group))]
        {
            let message = Message { service: Some(service), ..Message::new(owner, Text::default(), None) };
            let id = self.add_message(chat, message);
            if announced {
                self.deliver("message", chat, id);
            }
        }
        if let Some(old) = self.chats.get_mut(&group) {
            old.migrated_to = Some(supergroup);
        }
        Ok(supergroup)
    }
}
