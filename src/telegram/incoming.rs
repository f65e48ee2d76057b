//! What the bot reads of Telegram's updates, and nothing else of them.
//!
//! The fields are the Bot API's. teloxide's types hold all of a message, and find out what kind of message it is by
//! trying one kind after the other: that was a seventh of all that an answer costs. What is not read here also cannot make
//! an update unreadable, whatever a newer server writes there.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

/// An update, opened: its number, and what it brings.
#[derive(Debug)]
pub struct Update {
    /// Telegram's number of it.
    pub id: i64,
    /// What it brings.
    pub kind: Kind,
}

/// What an update brings.
#[derive(Debug)]
pub enum Kind {
    /// Somebody has written.
    Message(Box<Message>),
    /// Somebody has pressed a button.
    CallbackQuery(Box<CallbackQuery>),
    /// Somebody types `@bot …` in some chat.
    InlineQuery(InlineQuery),
    /// The bot was added to a chat, or removed.
    MyChatMember(ChatMemberUpdated),
    /// What the bot has not asked for.
    Other,
}

/// Each kind of update that the bot asks for, unread: one that cannot be read hides no other.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) update_id: i64,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    callback_query: Option<&'a RawValue>,
    #[serde(borrow)]
    inline_query: Option<&'a RawValue>,
    #[serde(borrow)]
    my_chat_member: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// Reads what is in it.
    ///
    /// # Errors
    /// Where that is not what the Bot API promises.
    pub(super) fn open(&self) -> serde_json::Result<Update> {
        let kind = if let Some(raw) = self.message {
            Kind::Message(serde_json::from_str(raw.get())?)
        } else if let Some(raw) = self.callback_query {
            Kind::CallbackQuery(serde_json::from_str(raw.get())?)
        } else if let Some(raw) = self.inline_query {
            Kind::InlineQuery(serde_json::from_str(raw.get())?)
        } else if let Some(raw) = self.my_chat_member {
            Kind::MyChatMember(serde_json::from_str(raw.get())?)
        } else {
            Kind::Other
        };
        Ok(Update { id: self.update_id, kind })
    }
}

/// A message. One that is too old to be shown has no more than its chat, its number and the date 0.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the Bot API's names")]
pub struct Message {
    /// Its number within the chat.
    #[serde(rename = "message_id")]
    pub id: i32,
    /// Seconds since 1970; 0: too old to be shown.
    pub date: i64,
    /// Where.
    pub chat: Chat,
    /// Who; in a channel nobody, for an anonymous admin an account of Telegram's own.
    pub from: Option<User>,
    /// The chat in whose name somebody has written.
    pub sender_chat: Option<Chat>,
    /// The topic, or the thread of replies.
    pub message_thread_id: Option<i32>,
    /// Whether that is a topic.
    #[serde(default)]
    pub is_topic_message: bool,
    /// The words of a message of words.
    pub text: Option<String>,
    /// The words below a picture or a file.
    pub caption: Option<String>,
    /// What it replies to.
    pub reply_to_message: Option<Box<Message>>,
    /// The bot that has made it for somebody, inline.
    pub via_bot: Option<IgnoredAny>,
    /// Where it was forwarded from.
    pub forward_origin: Option<IgnoredAny>,
    /// A channel's message that was brought into its group.
    #[serde(default)]
    pub is_automatic_forward: bool,
    /// It tells that a topic was opened.
    pub forum_topic_created: Option<IgnoredAny>,
    /// It tells that somebody has left.
    pub left_chat_member: Option<User>,
    /// The supergroup that the group has become.
    pub migrate_to_chat_id: Option<i64>,
    /// The group that has become this supergroup.
    pub migrate_from_chat_id: Option<i64>,
}

impl Message {
    /// What was written, also below a picture.
    pub fn words(&self) -> Option<&str> {
        self.text.as_deref().or(self.caption.as_deref())
    }

    /// Whether more is known than where it is.
    pub fn is_accessible(&self) -> bool {
        self.date != 0
    }
}

/// A chat.
#[derive(Debug, Deserialize)]
pub struct Chat {
    /// Its id; those of people are positive.
    pub id: i64,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ChatKind,
    /// Its name, unless it is a private chat.
    pub title: Option<String>,
}

/// What a chat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// With one person.
    Private,
    /// A small group.
    Group,
    /// A large one.
    Supergroup,
    /// Where only some write.
    Channel,
    /// What may come.
    #[serde(other)]
    Other,
}

impl Chat {
    /// Whether it is with one person.
    pub fn is_private(&self) -> bool {
        self.kind == ChatKind::Private
    }

    /// Whether it is a channel.
    pub fn is_channel(&self) -> bool {
        self.kind == ChatKind::Channel
    }
}

/// A person or a bot.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Up to 52 bits.
    pub id: u64,
    /// A bot.
    pub is_bot: bool,
    /// The name.
    pub first_name: String,
    /// Its second part.
    pub last_name: Option<String>,
    /// What the app speaks, as an IETF tag.
    pub language_code: Option<String>,
}

impl User {
    /// The name as apps show it.
    pub fn full_name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }
}

/// A press of a button.
#[derive(Debug, Deserialize)]
pub struct CallbackQuery {
    /// What its answer names.
    pub id: String,
    /// Who pressed.
    pub from: User,
    /// The message with the button; none where that was written inline.
    pub message: Option<Message>,
    /// What the button carries.
    pub data: Option<String>,
}

/// What somebody has typed behind the bot's name.
#[derive(Debug, Deserialize)]
pub struct InlineQuery {
    /// What its answer names.
    pub id: String,
    /// Who types.
    pub from: User,
    /// What stands there.
    pub query: String,
}

/// What has become of the bot in a chat.
#[derive(Debug, Deserialize)]
pub struct ChatMemberUpdated {
    /// Where.
    pub chat: Chat,
    /// Who did it.
    pub from: User,
    /// Seconds since 1970.
    pub date: i64,
    /// What it is now.
    pub new_chat_member: ChatMember,
}

/// What somebody is in a chat.
#[derive(Debug, Deserialize)]
pub struct ChatMember {
    /// `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`.
    status: Status,
    /// Of somebody restricted only: whether they are there.
    #[serde(default)]
    is_member: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Creator,
    Administrator,
    Member,
    Restricted,
    Left,
    Kicked,
}

impl ChatMember {
    /// Whether it is in the chat.
    pub fn is_present(&self) -> bool {
        match self.status {
            Status::Creator | Status::Administrator | Status::Member => true,
            Status::Restricted => self.is_member,
            Status::Left | Status::Kicked => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn open(update: &serde_json::Value) -> serde_json::Result<Kind> {
        let text = update.to_string();
        serde_json::from_str::<Envelope<'_>>(&text)?.open().map(|update| update.kind)
    }

    #[test]
    fn what_is_not_used_makes_nothing_unreadable() {
        let chat = json!({"id": -5, "type": "a kind of tomorrow", "title": 7, "photo": {}});
        let chat = |title: &str| {
            let mut chat = chat.clone();
            chat["title"] = title.into();
            chat
        };
        let update = json!({"update_id": 1, "message": {
            "message_id": 7, "date": 1, "chat": chat("Lab"), "text": "fib 1", "entities": "?", "poll": [],
            "reply_to_message": {"message_id": 6, "date": 1, "chat": chat("Lab"), "caption": "words", "photo": 1},
        }});
        let Ok(Kind::Message(message)) = open(&update) else { panic!("{update}") };
        assert_eq!((message.chat.kind, message.words()), (ChatKind::Other, Some("fib 1")));
        assert_eq!(message.reply_to_message.unwrap().words(), Some("words"));
        assert!(matches!(open(&json!({"update_id": 1, "story_of_tomorrow": {"id": 1}})), Ok(Kind::Other)));
    }

    #[test]
    fn what_breaks_a_promise_is_an_error() {
        let message =
            json!({"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "fib 1"});
        assert!(open(&json!({"update_id": 1, "message": message})).is_ok());
        for (field, broken) in
            [("chat", json!({"id": 5})), ("message_id", json!("7")), ("text", json!(["fib"]))]
        {
            let mut message = message.clone();
            message[field] = broken;
            assert!(open(&json!({"update_id": 1, "message": message})).is_err(), "{field}");
        }
    }

    #[test]
    fn the_bot_is_there_or_not() {
        let user = json!({"id": 1, "is_bot": false, "first_name": "Ann", "last_name": "Lee"});
        let there = |member: serde_json::Value| {
            let change = json!({"chat": {"id": -5, "type": "group"}, "from": user, "date": 1, "new_chat_member": member});
            match open(&json!({"update_id": 1, "my_chat_member": change})) {
                Ok(Kind::MyChatMember(change)) => {
                    assert_eq!(change.from.full_name(), "Ann Lee");
                    change.new_chat_member.is_present()
                }
                other => panic!("{other:?}"),
            }
        };
        for status in ["creator", "administrator", "member"] {
            assert!(there(json!({"status": status})), "{status}");
        }
        assert!(there(json!({"status": "restricted", "is_member": true})));
        for (status, is_member) in [("restricted", false), ("left", true), ("kicked", true)] {
            assert!(!there(json!({"status": status, "is_member": is_member})), "{status}");
        }
    }

    #[test]
    fn the_message_of_an_old_button_is_known_by_its_place_only() {
        let press = |date: i64| {
            let query = json!({
                "id": "q", "from": {"id": 1, "is_bot": false, "first_name": "Ann"}, "data": "k",
                "message": {"message_id": 7, "date": date, "chat": {"id": -5, "type": "supergroup"}},
            });
            match open(&json!({"update_id": 1, "callback_query": query})) {
                Ok(Kind::CallbackQuery(query)) => query.message.unwrap(),
                other => panic!("{other:?}"),
            }
        };
        assert!(press(1).is_accessible());
        assert!(!press(0).is_accessible());
        assert_eq!(press(0).chat.id, -5);
    }
}
