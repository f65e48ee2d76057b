//! Rich messages (Bot API 10.1), which teloxide does not know: payloads of our own. Nothing is lost where a server does not
//! take them: the same content goes as a plain message.

use serde::Serialize;
use teloxide::{
    requests::Payload,
    types::{InlineKeyboardMarkup, Message, ReplyParameters},
};

use super::{
    api::{Api, ApiError, Feature},
    keyboard,
    send::{Ignored, Sent, reply},
};
use crate::job::{ChatId, MessageId, Origin};

#[derive(Serialize)]
struct SendRichMessage<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i32>,
    rich_message: InputRichMessage<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyParameters>,
}

impl Payload for SendRichMessage<'_> {
    type Output = Message;

    const NAME: &'static str = "SendRichMessage";
}

#[derive(Serialize)]
struct EditRichMessage<'a> {
    chat_id: i64,
    message_id: i32,
    rich_message: InputRichMessage<'a>,
}

impl Payload for EditRichMessage<'_> {
    type Output = Message;

    const NAME: &'static str = "EditMessageText";
}

#[derive(Serialize)]
struct InputRichMessage<'a> {
    html: &'a str,
    /// Commands and numbers in it are no links.
    skip_entity_detection: bool,
}

fn input(html: &str) -> InputRichMessage<'_> {
    InputRichMessage { html, skip_entity_detection: true }
}

/// Sends a rich message; `None` where it has to be a plain one.
pub(super) async fn new_message(
    api: &Api,
    chat: ChatId,
    reply_to: &Origin,
    html: &str,
    markup: Option<&InlineKeyboardMarkup>,
) -> Option<Result<MessageId, ApiError>> {
    let call = SendRichMessage {
        chat_id: chat.0,
        message_thread_id: reply_to.thread,
        rich_message: input(html),
        reply_parameters: reply(reply_to),
    };
    let sent: Result<Sent, _> = attempt(api, &call, markup).await?;
    Some(sent.map(|sent| MessageId(sent.message_id)))
}

/// Gives a message rich content, whether it had one or was plain; `None` where it has to be plain.
pub(super) async fn edit(
    api: &Api,
    chat: ChatId,
    message: MessageId,
    html: &str,
    markup: Option<&InlineKeyboardMarkup>,
) -> Option<Result<(), ApiError>> {
    let call = EditRichMessage { chat_id: chat.0, message_id: message.0, rich_message: input(html) };
    let edited: Result<Ignored, _> = attempt(api, &call, markup).await?;
    Some(edited.map(|_| ()))
}

async fn attempt<P: Payload + Serialize, T: serde::de::DeserializeOwned>(
    api: &Api,
    call: &P,
    markup: Option<&InlineKeyboardMarkup>,
) -> Option<Result<T, ApiError>> {
    if !api.takes(Feature::RichMessages) {
        return None;
    }
    match keyboard::call(api, call, markup).await {
        Err(error) if error.is_unknown_rich() => {
            api.refuse(Feature::RichMessages);
            None
        }
        // It is the content's fault, or would befall the plain message, too.
        Err(error @ ApiError::BadRequest(_)) if !error.is_not_modified() => {
            tracing::warn!(%error, "a rich message goes as a plain one");
            None
        }
        done => Some(done),
    }
}
