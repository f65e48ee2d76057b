//! Who says what where: what is read of Telegram's messages.

use super::roles::Actor;
use crate::{
    job::{ChatId, MessageId, Origin, Person},
    telegram::incoming::{Chat, Message, User},
};

/// Where something was said, and by whom.
pub(super) struct Said {
    pub(super) chat: ChatId,
    pub(super) private: bool,
    pub(super) who: Actor,
    pub(super) origin: Origin,
}

/// Whether the message only begins a topic. What replies to nothing in a topic replies to that, and not to the bot, even
/// where the bot has made the topic.
pub(super) fn is_beginning(message: &Message) -> bool {
    message.forum_topic_created.is_some()
        || message.is_topic_message && message.message_thread_id == Some(message.id)
}

/// Whether it tells a group that the bot was removed: Telegram sends it to the bot too, beside `my_chat_member` and perhaps
/// after it. Nobody who has the bot speaks there.
pub(super) fn is_farewell(message: &Message, bot: u64) -> bool {
    message.left_chat_member.as_ref().is_some_and(|left| left.id == bot)
}

/// Who said it and where; `None` for what is no command whatever its text: channels, other bots, what was forwarded, what
/// a bot has made for somebody inline.
pub(super) fn said(message: &Message) -> Option<Said> {
    let is_forward = message.forward_origin.is_some() || message.is_automatic_forward;
    if message.chat.is_channel() || is_forward || message.via_bot.is_some() {
        return None;
    }
    // Anonymous admins and channels write through bot accounts of Telegram's own, with `sender_chat`.
    let who = match (&message.sender_chat, &message.from) {
        (Some(chat), _) => Actor { person: Person { id: chat.id, name: chat_name(chat) }, user: None },
        (None, Some(user)) if !user.is_bot => actor(user),
        _ => return None,
    };
    let origin = Origin { message: MessageId(message.id), thread: thread(message), callback: None };
    Some(Said { chat: ChatId(message.chat.id), private: message.chat.is_private(), who, origin })
}

/// The message whose button was pressed, by this query. Of what is too old, Telegram does not say where it is: its task's
/// command was in this `topic`.
pub(super) fn pressed_at(message: &Message, query: &str, topic: impl FnOnce() -> Option<i32>) -> Origin {
    Origin {
        message: MessageId(message.id),
        thread: if message.is_accessible() { thread(message) } else { topic() },
        callback: Some(query.to_owned()),
    }
}

/// The old and the new id of a group that has become a supergroup: both chats are told.
pub(super) fn moved(message: &Message) -> Option<(ChatId, ChatId)> {
    let here = ChatId(message.chat.id);
    let to = message.migrate_to_chat_id.map(|to| (here, ChatId(to)));
    to.or_else(|| message.migrate_from_chat_id.map(|from| (ChatId(from), here)))
}

/// A user: who presses a button is always one, also an admin who writes as the group.
pub(super) fn actor(user: &User) -> Actor {
    let id = i64::try_from(user.id).ok();
    Actor { person: Person { id: id.unwrap_or_default(), name: user.full_name() }, user: id }
}

fn chat_name(chat: &Chat) -> String {
    chat.title.as_deref().unwrap_or("a chat").to_owned()
}

/// The forum topic; replies in groups without topics have a thread too, which must not be named.
fn thread(message: &Message) -> Option<i32> {
    message.message_thread_id.filter(|_| message.is_topic_message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_bots_own_leave_is_a_farewell() {
        let left = |id: u64| -> Message {
            let user = json!({"id": id, "is_bot": true, "first_name": "Board", "username": "board_bot"});
            let message = json!({
                "message_id": 7, "date": 0, "chat": {"id": -5, "type": "group", "title": "Lab"},
                "from": {"id": 1, "is_bot": false, "first_name": "Ann"}, "left_chat_member": user,
            });
            serde_json::from_value(message).unwrap()
        };
        assert!(is_farewell(&left(42), 42));
        assert!(!is_farewell(&left(43), 42));
    }
}
