//! Who is what in a chat: its owner, admins, also anonymous ones, the bot; and channels that people write as.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    json,
    world::{Channel, Event, World, now},
};

/// Ids of channels are below those of supergroups.
const FIRST_CHANNEL: i64 = -1_002_000_000_001;

/// Telegram's own accounts that stand for chats which write.
const ANONYMOUS_ADMIN: (i64, &str, &str) = (1_087_968_824, "Group", "GroupAnonymousBot");
const AS_CHANNEL: (i64, &str, &str) = (136_817_688, "Channel", "Channel_Bot");

/// What the people of a group are, beside members. The first of them is its owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks {
    pub(super) admins: BTreeSet<i64>,
    /// Of these and the owner, who writes as the group.
    pub(super) anonymous: BTreeSet<i64>,
    pub(super) bot_is_admin: bool,
    /// Only admins see who else is there.
    pub(super) hides_members: bool,
}

impl World {
    /// Makes somebody an admin, or takes that back.
    pub(super) fn set_admin(&mut self, chat: i64, person: i64, is_admin: bool) -> Result<(), String> {
        let found = self.chats.get_mut(&chat).filter(|chat| chat.title.is_some());
        let found = found.ok_or_else(|| format!("chat {chat} is no group"))?;
        match found.people.iter().position(|known| *known == person) {
            None => return Err(format!("person {person} is not in chat {chat}")),
            Some(0) => return Err("the owner of a group stays one".to_owned()),
            Some(_) if is_admin => found.ranks.admins.insert(person),
            Some(_) => {
                found.ranks.anonymous.remove(&person);
                found.ranks.admins.remove(&person)
            }
        };
        self.event(Event::Reload);
        Ok(())
    }

    /// An admin or the owner writes as the group from now on, or under their own name again.
    pub(super) fn set_anonymous(&mut self, chat: i64, person: i64, is_anonymous: bool) -> Result<(), String> {
        if !self.is_admin(chat, person) {
            return Err("only admins can be anonymous".to_owned());
        }
        if let Some(chat) = self.chats.get_mut(&chat) {
            if is_anonymous {
                chat.ranks.anonymous.insert(person);
            } else {
                chat.ranks.anonymous.remove(&person);
            }
        }
        Ok(())
    }

    /// Makes the bot an admin, or takes that back; it is told.
    pub(super) fn set_bot_admin(&mut self, chat_id: i64, is_admin: bool) {
        let old = self.bot_member(chat_id);
        let Some(chat) = self.chats.get_mut(&chat_id) else { return };
        chat.ranks.bot_is_admin = is_admin;
        let by = chat.people.first().copied().unwrap_or_default();
        let new = self.bot_member(chat_id);
        self.bot_changed(chat_id, by, &old, &new);
    }

    /// Tells the bot that it is something else in a chat.
    pub(super) fn bot_changed(&mut self, chat: i64, by: i64, old: &Value, new: &Value) {
        let content = json!({
            "chat": json::chat(self, chat), "from": json::person(self, by), "date": now(),
            "old_chat_member": old, "new_chat_member": new,
        });
        self.push_update("my_chat_member", content);
    }

    /// A new channel that people can write as, elsewhere.
    pub(super) fn add_channel(&mut self, title: &str, owner: Option<i64>) -> i64 {
        let number = i64::try_from(self.channels.len()).unwrap_or_default();
        let id = FIRST_CHANNEL - number;
        self.channels.insert(id, Channel { title: title.to_owned(), owner });
        self.event(Event::Reload);
        id
    }

    pub(super) fn is_admin(&self, chat: i64, person: i64) -> bool {
        self.chats.get(&chat).is_some_and(|chat| {
            chat.title.is_some() && chat.people.first() == Some(&person)
                || chat.ranks.admins.contains(&person)
        })
    }

    /// The chat that speaks where an anonymous admin writes.
    pub(super) fn speaks_as(&self, chat: i64, person: i64) -> Option<i64> {
        self.chats.get(&chat)?.ranks.anonymous.contains(&person).then_some(chat)
    }

    /// `ChatMember` of the bot, as long as it is there.
    pub(super) fn bot_member(&self, chat: i64) -> Value {
        let user = json::bot(self);
        if self.chats.get(&chat).is_some_and(|chat| chat.ranks.bot_is_admin) {
            administrator(&user, false)
        } else {
            json!({"user": user, "status": "member"})
        }
    }

    /// `ChatMember` of a person; `None` of somebody whom Telegram does not know.
    pub(super) fn member(&self, chat_id: i64, id: i64) -> Option<Value> {
        if id == self.bot_id {
            return Some(self.bot_member(chat_id));
        }
        let chat = self.chats.get(&chat_id)?;
        let user = json::person(self, id);
        let is_anonymous = chat.ranks.anonymous.contains(&id);
        Some(match chat.people.iter().position(|person| *person == id) {
            Some(0) if chat_id < 0 => {
                json!({"user": user, "status": "creator", "is_anonymous": is_anonymous})
            }
            Some(_) if chat.ranks.admins.contains(&id) => administrator(&user, is_anonymous),
            Some(_) => json!({"user": user, "status": "member"}),
            None if self.people.contains_key(&id) => json!({"user": user, "status": "left"}),
            None => return None,
        })
    }

    /// The owner and the admins; anonymous ones are seen by admins alone, and of bots only the one that asks.
    pub(super) fn administrators(&self, chat_id: i64) -> Vec<Value> {
        let Some(chat) = self.chats.get(&chat_id) else { return Vec::new() };
        let ranks = &chat.ranks;
        let people = chat.people.iter().filter(|id| self.is_admin(chat_id, **id));
        let seen = people.filter(|id| ranks.bot_is_admin || !ranks.anonymous.contains(id));
        let bot = ranks.bot_is_admin.then(|| self.bot_member(chat_id));
        seen.filter_map(|id| self.member(chat_id, *id)).chain(bot).collect()
    }
}

/// `ChatMemberAdministrator` with the rights that Telegram's clients give first.
fn administrator(user: &Value, is_anonymous: bool) -> Value {
    json!({
        "user": user, "status": "administrator", "can_be_edited": false, "is_anonymous": is_anonymous,
        "can_manage_chat": true, "can_delete_messages": true, "can_manage_video_chats": true,
        "can_restrict_members": true, "can_promote_members": false, "can_change_info": true,
        "can_invite_users": true, "can_post_stories": false, "can_edit_stories": false,
        "can_delete_stories": false, "can_pin_messages": true,
    })
}

/// `from` and `sender_chat` of a message that a chat has written into another one, or into itself.
pub(super) fn sender(world: &World, chat: i64, sender: i64) -> (Value, Value) {
    let ((id, first_name, username), sender_chat) = if sender == chat {
        (ANONYMOUS_ADMIN, json::chat(world, chat))
    } else {
        let title = world.channels.get(&sender).map(|channel| channel.title.as_str()).unwrap_or_default();
        (AS_CHANNEL, json!({"id": sender, "title": title, "type": "channel"}))
    };
    (json!({"id": id, "is_bot": true, "first_name": first_name, "username": username}), sender_chat)
}
