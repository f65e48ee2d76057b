//! Service messages: what happened in a chat, told among its messages.

use serde_json::{Value, json};

/// What a service message tells.
#[derive(Clone, Debug)]
pub(super) enum Service {
    /// The group lives on as this supergroup; its last message.
    MigrateTo(i64),
    /// The supergroup was this group; its first message.
    MigrateFrom(i64),
    /// The topic's first message, whose id is the topic's.
    TopicCreated(String),
    /// Nobody but admins may write there.
    TopicClosed,
    /// Everybody may write there again.
    TopicReopened,
}

/// The colour that clients give to a topic without an icon of its own.
const ICON_COLOR: i64 = 7_322_096;

impl Service {
    /// As people see it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::MigrateTo(chat) => format!("This group is a supergroup now: chat {chat}"),
            Self::MigrateFrom(chat) => format!("This supergroup was a group: chat {chat}"),
            Self::TopicCreated(name) => format!("The topic \"{name}\" was created"),
            Self::TopicClosed => "The topic was closed".to_owned(),
            Self::TopicReopened => "The topic was opened again".to_owned(),
        }
    }

    /// Adds its field to the Bot API's message.
    pub(super) fn add_to(&self, value: &mut Value) {
        match self {
            Self::MigrateTo(chat) => value["migrate_to_chat_id"] = Value::from(*chat),
            Self::MigrateFrom(chat) => {
                value["migrate_from_chat_id"] = Value::from(*chat);
                // A supergroup speaks of its own past itself, through the account that stands for chats.
                value["sender_chat"] = value["chat"].clone();
                value["from"] = json!({
                    "id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot",
                });
            }
            Self::TopicCreated(name) => {
                value["forum_topic_created"] = json!({"name": name, "icon_color": ICON_COLOR});
            }
            Self::TopicClosed => value["forum_topic_closed"] = json!({}),
            Self::TopicReopened => value["forum_topic_reopened"] = json!({}),
        }
    }
}
