//! Changing and deleting messages.

use serde_json::{Map, Value};

use super::{
    super::{
        errors::{ApiError, bad_request},
        rich,
        text::Text,
        world::{Event, Media, World, now},
    },
    Params, Result, files, keyboard, open_chat, result, send,
};

/// Telegram's limit on the age of messages that a bot may delete: 48 hours.
const MAX_AGE: i64 = 48 * 3600;

/// editMessageText. A photo's caption is not its text.
pub(super) fn text(world: &mut World, params: &Params) -> Result<Value> {
    params.only(&[
        "chat_id",
        "message_id",
        "text",
        "parse_mode",
        "entities",
        "rich_message",
        "reply_markup",
    ])?;
    let (chat, id) = target(world, params)?;
    let rich = match params.map.get("rich_message").filter(|_| world.options.rich_messages) {
        Some(message) if params.map.contains_key("text") => {
            return Err(bad_request(format_args!("text and rich_message together: {message}")));
        }
        Some(message) => Some(rich::blocks(message)?),
        None => None,
    };
    let text = if rich.is_some() { Text::default() } else { send::message_text(params)? };
    if world.message(chat, id).is_some_and(|message| message.media.is_some()) {
        return Err(bad_request("there is no text in the message to edit"));
    }
    change(world, params, chat, id, Change { text: Some(text), media: None, rich })
}

/// editMessageCaption.
pub(super) fn caption(world: &mut World, params: &Params) -> Result<Value> {
    params.only(&[
        "chat_id",
        "message_id",
        "caption",
        "parse_mode",
        "caption_entities",
        "show_caption_above_media",
        "reply_markup",
    ])?;
    let (chat, id) = target(world, params)?;
    let caption = send::caption(params)?;
    let Some(media) = world.message(chat, id).and_then(|message| message.media.clone()) else {
        return Err(bad_request("there is no caption in the message to edit"));
    };
    let media = Media { caption_above: params.flag("show_caption_above_media"), ..media };
    change(world, params, chat, id, Change { text: Some(caption), media: Some(media), rich: None })
}

/// editMessageReplyMarkup.
pub(super) fn markup(world: &mut World, params: &Params) -> Result<Value> {
    params.only(&["chat_id", "message_id", "reply_markup"])?;
    let (chat, id) = target(world, params)?;
    change(world, params, chat, id, Change { text: None, media: None, rich: None })
}

/// editMessageMedia: another picture or document, also into a message that was text until now.
pub(super) fn media(world: &mut World, params: &Params) -> Result<Value> {
    params.only(&["chat_id", "message_id", "media", "reply_markup"])?;
    let (chat, id) = target(world, params)?;
    let input = match params.map.get("media") {
        Some(Value::Object(input)) => input.clone(),
        _ => Map::new(),
    };
    let kind = input.get("type").and_then(Value::as_str).unwrap_or_default();
    if !matches!(kind, "photo" | "document") {
        return Err(bad_request(format_args!("the sandbox does not implement media of type {kind}")));
    }
    let input = Params { map: input.clone(), files: params.files.clone() };
    input.only(&[
        "type",
        "media",
        "caption",
        "parse_mode",
        "caption_entities",
        "show_caption_above_media",
        "has_spoiler",
    ])?;
    let caption = send::caption(&input)?;
    let file =
        files::input(world, &input, Some(input.str("media").unwrap_or_default()), "media", kind == "photo")?;
    let media = Media {
        file,
        caption_above: input.flag("show_caption_above_media"),
        spoiler: input.flag("has_spoiler"),
    };
    change(world, params, chat, id, Change { text: Some(caption), media: Some(media), rich: None })
}

/// What becomes of a message; `None` stays as it is. The keyboard is always the call's: none takes it away.
struct Change {
    text: Option<Text>,
    media: Option<Media>,
    /// Of a message that has blocks in place of its text.
    rich: Option<Value>,
}

fn change(world: &mut World, params: &Params, chat: i64, id: i32, change: Change) -> Result<Value> {
    let markup = keyboard(params)?;
    world.take_pace(chat).map_err(ApiError::too_many_requests)?;
    let message = world.chats.get_mut(&chat).and_then(|chat| chat.messages.get_mut(&id));
    let message = message.ok_or_else(|| bad_request("message to edit not found"))?;
    let same_media =
        change.media.as_ref().is_none_or(|new| message.media.as_ref().is_some_and(|old| old.is_same(new)));
    let same_text = change.text.as_ref().is_none_or(|text| *text == message.text);
    let same_rich = change.text.is_none() || change.rich == message.rich;
    if same_text && same_media && same_rich && message.markup == markup {
        return Err(bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    message.markup = markup;
    if change.text.is_some() {
        message.rich = change.rich;
    }
    message.text = change.text.unwrap_or_else(|| std::mem::take(&mut message.text));
    message.media = change.media.or_else(|| message.media.take());
    message.mark_edited();
    world.event(Event::Edited { chat, id });
    Ok(result(world, chat, id))
}

/// The message that is to be changed, if it is the bot's.
fn target(world: &World, params: &Params) -> Result<(i64, i32)> {
    if !params.map.contains_key("chat_id") && !params.map.contains_key("message_id") {
        return Err(bad_request("message identifier is not specified"));
    }
    let chat = open_chat(world, params)?;
    let Some(id) = params.int("message_id") else {
        return Err(bad_request("message identifier is not specified"));
    };
    let id = i32::try_from(id).ok().filter(|id| world.message(chat, *id).is_some());
    let id = id.ok_or_else(|| bad_request("message to edit not found"))?;
    match world.message(chat, id) {
        Some(message) if message.person.is_some() => Err(bad_request("message can't be edited")),
        _ => Ok((chat, id)),
    }
}

/// deleteMessage. In a group a bot without rights deletes its own messages only; in a private chat everything.
pub(super) fn delete(world: &mut World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "message_id"])?;
    let id = params.int("message_id").and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
    let message = world.message(chat, id);
    let message = message.ok_or_else(|| bad_request("message to delete not found"))?;
    if !may_delete(chat, message) {
        return Err(bad_request("message can't be deleted"));
    }
    world.delete(chat, id);
    Ok(Value::Bool(true))
}

fn may_delete(chat: i64, message: &super::super::world::Message) -> bool {
    (message.person.is_none() || chat > 0) && now() - message.date < MAX_AGE
}

/// deleteMessages: those that cannot be found are skipped.
pub(super) fn delete_several(world: &mut World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "message_ids"])?;
    let ids: Vec<i32> = params
        .map
        .get("message_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_i64().and_then(|id| i32::try_from(id).ok()))
        .collect();
    if ids.is_empty() || ids.len() > 100 {
        return Err(bad_request("there must be from 1 to 100 message identifiers"));
    }
    for id in ids {
        match world.message(chat, id) {
            Some(message) if !may_delete(chat, message) => {
                return Err(bad_request("message can't be deleted"));
            }
            _ => world.delete(chat, id),
        };
    }
    Ok(Value::Bool(true))
}
