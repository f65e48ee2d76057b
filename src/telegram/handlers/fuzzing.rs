//! What the fuzz targets reach of the handlers: all that they read of an update, and nothing that they do.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a fuzz target tells what is wrong")]

use super::{
    said::{actor, is_beginning, is_farewell, moved, pressed_at, said},
    wish::Request,
};
use crate::{
    fuzzing::grammar,
    job::MessageId,
    telegram::{
        fuzzing,
        incoming::{Kind, Message},
    },
};

/// One update, as Telegram or somebody else may send it.
pub fn update(json: &[u8]) {
    let Some(update) = fuzzing::read(json) else { return };
    match update.kind {
        Kind::Message(said) => message(&said),
        Kind::CallbackQuery(query) => {
            let _ = actor(&query.from);
            if let Some(message) = &query.message {
                let origin = pressed_at(message, &query.id, || None);
                assert_eq!(origin.callback.as_deref(), Some(&*query.id));
                let data = query.data.as_deref().unwrap_or_default();
                fuzzing::button(data, data, message.chat.id, 1);
            }
        }
        Kind::InlineQuery(query) => {
            let _ = actor(&query.from);
            grammar(&query.query, [true, false, false], None);
        }
        Kind::MyChatMember(change) => {
            let _ = change.new_chat_member.is_present();
        }
        Kind::Other => {}
    }
}

fn message(message: &Message) {
    let _ = (is_beginning(message), is_farewell(message, 42));
    if let Some((from, to)) = moved(message) {
        assert!(from.0 == message.chat.id || to.0 == message.chat.id);
    }
    let Some(said) = said(message) else { return };
    assert_eq!(said.origin.message, MessageId(message.id));
    assert!(!message.chat.is_channel() && message.forward_origin.is_none());
    if let Some(words) = message.words() {
        grammar(words, [said.private, message.reply_to_message.is_some(), false], Some(1));
    }
}

/// A question as a store may have it.
pub(in crate::telegram) fn request(text: &str) {
    let Ok(request) = serde_json::from_str::<Request>(text) else { return };
    let again = serde_json::to_string(&request).map(|text| serde_json::from_str::<Request>(&text).is_ok());
    assert!(matches!(again, Ok(true)), "{request:?}");
}
