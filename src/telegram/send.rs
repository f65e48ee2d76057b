//! One message, one call: how contents become requests.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};
use teloxide::{
    payloads::{
        AnswerCallbackQuery, AnswerCallbackQuerySetters, EditMessageCaption, EditMessageCaptionSetters,
        EditMessageText, EditMessageTextSetters, SendMessage, SendMessageSetters,
    },
    types::{
        CallbackQueryId, ChatId as TelegramChat, InlineKeyboardMarkup, LinkPreviewOptions,
        MessageId as TelegramMessage, ParseMode, ReplyParameters, ThreadId,
    },
};

use super::{
    api::{self, Api, ApiError, Upload},
    buttons::Keyboard,
    keyboard,
    lane::{Card, FEWEST_WORDS},
    render::{self, Content},
    rich, sentences,
    whole::{Document, NoDocument},
};
use crate::{
    board::Snapshot,
    job::{ChatId, MessageId, Origin},
    store::Store,
};

/// All that is read of a sent message.
#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) message_id: i32,
}

/// All that is read of an answer that says nothing new.
pub(super) type Ignored = serde::de::IgnoredAny;

/// What a card is to show.
pub(super) fn wanted(snapshot: &Snapshot, card: &Card) -> Content {
    let mut content = render::card(snapshot, std::time::SystemTime::now());
    if card.elsewhere {
        content.tell_first(&sentences::topic_gone());
    }
    if card.refused > 0 {
        content.photo = None;
    }
    if card.refused >= FEWEST_WORDS {
        let job = &snapshot.job;
        content = Content::text(&sentences::short_card(job.id, job.state.word()));
    }
    content
}

/// Sends a card, or edits the message that is there.
pub(super) async fn card(
    api: &Api,
    chat: ChatId,
    origin: &Origin,
    card: &Card,
    content: &Content,
) -> Result<MessageId, ApiError> {
    let Some(message) = card.message else {
        let nowhere = Origin::nowhere();
        let origin = if card.elsewhere { &nowhere } else { origin };
        return new_message(api, chat, origin, content).await;
    };
    let has_photo = card.shown.as_ref().is_some_and(|shown| shown.photo.is_some());
    let edited = match &content.photo {
        Some(_) if has_photo => edit_caption(api, chat, message, content).await,
        Some(photo) => put_photo(api, chat, message, content, photo).await,
        None => match edit_text(api, chat, message, content).await {
            // It was sent before a restart, with a picture that is not kept.
            Err(error) if error.is_caption() => edit_caption(api, chat, message, content).await,
            edited => edited,
        },
    };
    match edited {
        Err(error) if !error.is_not_modified() => Err(error),
        _ => Ok(message),
    }
}

/// Sends a message, with its picture if it has one.
pub(super) async fn new_message(
    api: &Api,
    chat: ChatId,
    reply_to: &Origin,
    content: &Content,
) -> Result<MessageId, ApiError> {
    if let Some(photo) = &content.photo {
        return new_photo(api, chat, reply_to, content, photo).await;
    }
    let markup = markup(api, chat, content.keyboard.as_ref());
    let markup = markup.as_ref();
    if let Some(html) = &content.rich
        && let Some(sent) = rich::new_message(api, chat, reply_to, html, markup).await
    {
        return sent;
    }
    let mut message = SendMessage::new(telegram(chat), text(content))
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    message.reply_parameters = reply(reply_to);
    message.message_thread_id = thread(reply_to);
    keyboard::call(api, &message, markup).await.map(|sent: Sent| MessageId(sent.message_id))
}

async fn new_photo(
    api: &Api,
    chat: ChatId,
    reply_to: &Origin,
    content: &Content,
    photo: &Arc<[u8]>,
) -> Result<MessageId, ApiError> {
    let mut fields = address(chat, reply_to);
    fields.push(("photo", "attach://picture".into()));
    fields.push(("caption", content.html.clone().into()));
    fields.push(("parse_mode", "HTML".into()));
    fields.push(("reply_markup", json!(markup(api, chat, content.keyboard.as_ref()))));
    let sent: Sent = api.upload("SendPhoto", fields, picture(photo)).await?;
    Ok(MessageId(sent.message_id))
}

/// Another picture for a message, or one for a message that had none: the Bot API lets `editMessageMedia` "add media to
/// text messages".
pub(super) async fn put_photo(
    api: &Api,
    chat: ChatId,
    message: MessageId,
    content: &Content,
    photo: &Arc<[u8]>,
) -> Result<(), ApiError> {
    let media =
        json!({"type": "photo", "media": "attach://picture", "caption": content.html, "parse_mode": "HTML"});
    let fields = vec![
        ("chat_id", chat.0.into()),
        ("message_id", message.0.into()),
        ("media", media),
        ("reply_markup", json!(markup(api, chat, content.keyboard.as_ref()))),
    ];
    api.upload("EditMessageMedia", fields, picture(photo)).await.map(|_: Ignored| ())
}

/// Gives a message with a picture another text.
pub(super) async fn edit_caption(
    api: &Api,
    chat: ChatId,
    message: MessageId,
    content: &Content,
) -> Result<(), ApiError> {
    let edit = EditMessageCaption::new(telegram(chat), TelegramMessage(message.0))
        .caption(&content.html)
        .parse_mode(ParseMode::Html);
    let markup = markup(api, chat, content.keyboard.as_ref());
    keyboard::call(api, &edit, markup.as_ref()).await.map(|_: Ignored| ())
}

/// Gives a text message another text.
pub(super) async fn edit_text(
    api: &Api,
    chat: ChatId,
    message: MessageId,
    content: &Content,
) -> Result<(), ApiError> {
    let markup = markup(api, chat, content.keyboard.as_ref());
    let markup = markup.as_ref();
    if let Some(html) = &content.rich
        && let Some(edited) = rich::edit(api, chat, message, html, markup).await
    {
        return edited;
    }
    let edit = EditMessageText::new(telegram(chat), TelegramMessage(message.0), text(content))
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    keyboard::call(api, &edit, markup).await.map(|_: Ignored| ())
}

/// Sends a document, read while it is sent, or finds that it cannot be read.
pub(super) async fn document(
    api: &Api,
    store: &Store,
    chat: ChatId,
    reply_to: &Origin,
    document: &Arc<Document>,
    caption: String,
) -> Result<Result<MessageId, NoDocument>, ApiError> {
    let (opened, store) = (document.clone(), store.clone());
    let opened = tokio::task::spawn_blocking(move || opened.open(&store)).await;
    let reader = match opened.unwrap_or(Err(NoDocument::Failed)) {
        Ok(reader) => reader,
        Err(why) => return Ok(Err(why)),
    };
    let mut fields = address(chat, reply_to);
    fields.push(("caption", caption.into()));
    fields.push(("document", "attach://whole".into()));
    let content = api::Content::Reader(reader, document.length);
    let file = Upload { part: "whole", name: document.name.clone(), content };
    match api.upload::<Sent>("SendDocument", fields, file).await {
        Ok(sent) => Ok(Ok(MessageId(sent.message_id))),
        Err(ApiError::Unreadable) => Ok(Err(NoDocument::Failed)),
        Err(error) => Err(error),
    }
}

/// Answers the press of a button.
pub(super) async fn toast(api: &Api, query: &str, text: &str) -> Result<(), ApiError> {
    let mut answer = AnswerCallbackQuery::new(CallbackQueryId(query.to_owned()));
    if !text.is_empty() {
        // Telegram takes 200 characters.
        answer = answer.text(sentences::cut(text, 200));
    }
    api.call(&answer).await.map(|_: Ignored| ())
}

/// The words of a message, as many as Telegram takes: what is too long would be refused, and never said.
fn text(content: &Content) -> Cow<'_, str> {
    render::fitted(&content.html)
}

/// The buttons of a message to this chat.
fn markup(api: &Api, chat: ChatId, keyboard: Option<&Keyboard>) -> Option<InlineKeyboardMarkup> {
    keyboard.map(|keyboard| keyboard.markup(api.key(), chat))
}

/// Where a multipart message goes.
fn address(chat: ChatId, reply_to: &Origin) -> Vec<(&'static str, Value)> {
    vec![
        ("chat_id", chat.0.into()),
        ("message_thread_id", reply_to.thread.map_or(Value::Null, Into::into)),
        ("reply_parameters", json!(reply(reply_to))),
    ]
}

/// The part that `attach://picture` names.
fn picture(png: &Arc<[u8]>) -> Upload {
    let content = api::Content::Bytes(bytes::Bytes::from_owner(png.clone()));
    Upload { part: "picture", name: "picture.png".to_owned(), content }
}

pub(super) fn reply(origin: &Origin) -> Option<ReplyParameters> {
    let reply = || ReplyParameters::new(TelegramMessage(origin.message.0)).allow_sending_without_reply();
    origin.is_here().then(reply)
}

fn thread(origin: &Origin) -> Option<ThreadId> {
    origin.thread.map(|thread| ThreadId(TelegramMessage(thread)))
}

fn telegram(chat: ChatId) -> TelegramChat {
    TelegramChat(chat.0)
}

/// A link in a failure's words is no news.
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
