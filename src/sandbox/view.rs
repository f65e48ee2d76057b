//! What tests read: snapshots of messages, calls and answers, and the ids that name things.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde_json::Value;

use super::{
    json, render, rich,
    world::{self, Event, World},
};

/// A person's id, as in the Bot API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(pub i64);

/// A chat's id, as in the Bot API: a person's for a private chat, negative for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(pub i64);

/// A message's id within its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub i32);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message as it was when it was read.
#[derive(Clone, Debug)]
pub struct Message {
    /// Counts per chat.
    pub id: MessageId,
    /// Whether the bot wrote it.
    pub from_bot: bool,
    /// Who else did.
    pub person: Option<PersonId>,
    /// The text or the caption, without markup.
    pub text: String,
    /// The text or the caption as safe HTML.
    pub html: String,
    /// Label and callback data (or link) of each inline button, row by row.
    pub buttons: Vec<(String, String)>,
    /// The message it replies to, also when that is deleted.
    pub reply_to: Option<MessageId>,
    /// The topic, by its first message; `None`: General, or a chat without topics.
    pub topic: Option<MessageId>,
    /// Whether the person chose it from what the bot offered inline.
    pub via_bot: bool,
    /// The blocks of a rich message; the text is all that can be read in them.
    pub rich: Option<Value>,
    /// The photo, if it is one.
    pub photo: Option<File>,
    /// The document, if it is one.
    pub document: Option<File>,
    /// How often it was changed.
    pub edits: u32,
    /// The Bot API's object.
    pub json: Value,
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file's name.
    pub name: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// What the bot answered to a pressed button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAnswer {
    /// The callback query's id, as `press` gave it.
    pub query: String,
    /// The button's chat.
    pub chat: ChatId,
    /// Who had pressed it.
    pub person: PersonId,
    /// What the person sees; empty: nothing but the end of waiting.
    pub text: String,
    /// Whether it is a dialog.
    pub show_alert: bool,
}

/// What the bot offered to an inline query.
#[derive(Clone, Debug, PartialEq)]
pub struct InlineAnswer {
    /// The query's id.
    pub query: String,
    /// Who asked.
    pub person: PersonId,
    /// What was typed after the bot's name.
    pub text: String,
    /// The Bot API's objects.
    pub results: Vec<Value>,
    /// For how many seconds Telegram gives the same answer without asking again.
    pub cache_time: u64,
    /// Only to the same person.
    pub is_personal: bool,
}

/// One call of the bot.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method as the documentation spells it.
    pub method: &'static str,
    /// The chat it was about.
    pub chat: Option<ChatId>,
    /// Its parameters, files left out.
    pub params: Value,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done; the result.
    Done(Value),
    /// Refused.
    Refused {
        /// The HTTP status and `error_code`.
        code: u16,
        /// The words.
        description: String,
    },
    /// The connection was closed by a fault; whether the call was carried out.
    Dropped {
        /// `false`: nothing was done.
        done: bool,
    },
}

/// The state at one moment, for conditions of [`Telegram::until`](super::Telegram::until).
pub struct View<'a>(pub(super) &'a World);

impl View<'_> {
    /// A chat's messages, oldest first; none of an unknown chat.
    #[must_use]
    pub fn messages(&self, chat: ChatId) -> Vec<Message> {
        let messages = self.0.chats.get(&chat.0).map(|chat| chat.messages.values());
        messages.into_iter().flatten().map(|message| self.snapshot(chat, message)).collect()
    }

    /// One message, if it is still there.
    #[must_use]
    pub fn message(&self, chat: ChatId, id: MessageId) -> Option<Message> {
        self.0.message(chat.0, id.0).map(|message| self.snapshot(chat, message))
    }

    /// A message's text or caption; nothing is rendered or copied.
    #[must_use]
    pub fn text(&self, chat: ChatId, id: MessageId) -> Option<&str> {
        self.0.message(chat.0, id.0).map(|message| message.text.text.as_str())
    }

    /// The text of the oldest message that replies to this one.
    #[must_use]
    pub fn answer(&self, chat: ChatId, to: MessageId) -> Option<&str> {
        let later = self.0.chats.get(&chat.0)?.messages.range(to.0..);
        let mut replies = later.map(|(_, message)| message).filter(|message| message.reply_to == Some(to.0));
        replies.next().map(|message| message.text.text.as_str())
    }

    /// The texts or captions of the bot's messages in a chat, oldest first; nothing is rendered or copied.
    pub fn said(&self, chat: ChatId) -> impl DoubleEndedIterator<Item = &str> {
        let messages = self.0.chats.get(&chat.0).into_iter().flat_map(|chat| chat.messages.values());
        messages.filter(|message| message.person.is_none()).map(|message| message.text.text.as_str())
    }

    /// The number of the latest change that a page would show.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.0.seq
    }

    /// Messages that came or were edited after change `after`, in order: a message that did both is there twice.
    /// `None` where so much happened since that some of it is forgotten (4096 changes are kept).
    #[must_use]
    pub fn changed(&self, after: u64) -> Option<impl Iterator<Item = (ChatId, MessageId)>> {
        let news = usize::try_from(self.0.seq.checked_sub(after)?).ok()?;
        let known = self.0.events.len().checked_sub(news)?;
        Some(self.0.events.iter().skip(known).filter_map(|event| match event {
            Event::Message { chat, id } | Event::Edited { chat, id } => Some((ChatId(*chat), MessageId(*id))),
            _ => None,
        }))
    }

    /// What was answered to pressed buttons.
    #[must_use]
    pub fn callback_answers(&self) -> Vec<CallbackAnswer> {
        self.0.callback_answers.iter().cloned().collect()
    }

    /// What was offered to inline queries.
    #[must_use]
    pub fn inline_answers(&self) -> Vec<InlineAnswer> {
        self.0.inline.answers.iter().cloned().collect()
    }

    /// The commands of the default scope: name and description.
    #[must_use]
    pub fn commands(&self) -> Vec<(String, String)> {
        self.commands_in("")
    }

    /// The latest calls, oldest first; none where the log is switched off.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.iter().cloned().collect()
    }

    /// How many of the logged calls were of this method.
    #[must_use]
    pub fn count_calls(&self, method: &str) -> usize {
        self.0.calls.iter().filter(|call| call.method.eq_ignore_ascii_case(method)).count()
    }

    /// The offset up to which the bot has confirmed its updates; 0: none yet.
    #[must_use]
    pub fn confirmed_offset(&self) -> i64 {
        self.0.confirmed
    }

    /// Updates that the bot has not confirmed.
    #[must_use]
    pub fn pending_updates(&self) -> usize {
        self.0.updates.len()
    }

    fn snapshot(&self, chat: ChatId, message: &world::Message) -> Message {
        let file = |wanted: bool| {
            let media = message.media.as_ref().filter(|media| media.file.photo.is_some() == wanted)?;
            Some(File { name: media.file.name.clone(), bytes: Bytes::clone(&Arc::clone(&media.file).bytes) })
        };
        Message {
            id: MessageId(message.id),
            from_bot: message.person.is_none(),
            person: message.person.map(PersonId),
            text: message.rich.as_ref().map_or_else(|| message.text.text.clone(), rich::text),
            html: message.rich.as_ref().map_or_else(|| render::html(&message.text), rich::html),
            buttons: buttons(message.markup.as_ref()),
            reply_to: message.reply_to.map(MessageId),
            topic: message.thread.map(MessageId),
            via_bot: message.via_bot,
            rich: message.rich.clone(),
            photo: file(true),
            document: file(false),
            edits: message.edits,
            json: json::message(self.0, chat.0, message),
        }
    }
}

fn buttons(markup: Option<&Value>) -> Vec<(String, String)> {
    let rows = markup.and_then(|markup| markup["inline_keyboard"].as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
        .map(|button| (text(&button["text"]), text(button.get("callback_data").unwrap_or(&button["url"]))))
        .collect()
}
