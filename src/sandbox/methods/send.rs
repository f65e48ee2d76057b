//! Sending messages, photos, documents and chat actions.

use serde_json::Value;

use super::{
    super::{
        errors::bad_request,
        rich,
        text::{MAX_CAPTION, MAX_TEXT, Text},
        world::{Event, Media, Message, World},
    },
    Params, Result, files, keyboard, open_chat, result,
};

/// sendMessage.
pub(super) fn message(world: &mut World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&[
        "chat_id",
        "message_thread_id",
        "text",
        "parse_mode",
        "entities",
        "reply_parameters",
        "reply_markup",
    ])?;
    let text = message_text(params)?;
    add(world, params, chat, Message::new(None, text, None))
}

/// sendRichMessage.
pub(super) fn rich(world: &mut World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "message_thread_id", "rich_message", "reply_parameters", "reply_markup"])?;
    let blocks = rich::blocks(&params.map["rich_message"])?;
    add(world, params, chat, Message { rich: Some(blocks), ..Message::new(None, Text::default(), None) })
}

/// The text of sendMessage and editMessageText.
pub(super) fn message_text(params: &Params) -> Result<Text> {
    let text = params.text("text", "entities")?;
    match text.len() {
        0 => Err(bad_request("message text is empty")),
        length if length > MAX_TEXT => Err(bad_request("message is too long")),
        _ => Ok(text),
    }
}

/// A caption, which may be empty.
pub(super) fn caption(params: &Params) -> Result<Text> {
    let caption = params.text("caption", "caption_entities")?;
    if caption.len() > MAX_CAPTION { Err(bad_request("message caption is too long")) } else { Ok(caption) }
}

/// sendPhoto and sendDocument.
pub(super) fn media(world: &mut World, params: &Params, method: &str) -> Result<Value> {
    let chat = open_chat(world, params)?;
    let is_photo = method == "sendPhoto";
    let name = if is_photo { "photo" } else { "document" };
    params.only(&[
        "chat_id",
        "message_thread_id",
        name,
        "caption",
        "parse_mode",
        "caption_entities",
        "reply_parameters",
        "reply_markup",
        if is_photo { "has_spoiler" } else { name },
        if is_photo { "show_caption_above_media" } else { name },
    ])?;
    let caption = caption(params)?;
    check_reply(world, params, chat)?;
    let file = files::input(world, params, params.str(name), name, is_photo)?;
    let media = Media {
        file,
        caption_above: params.flag("show_caption_above_media"),
        spoiler: params.flag("has_spoiler"),
    };
    add(world, params, chat, Message { media: Some(media), ..Message::new(None, caption, None) })
}

fn add(world: &mut World, params: &Params, chat: i64, message: Message) -> Result<Value> {
    let reply_to = check_reply(world, params, chat)?;
    let (thread, reply_to) = world.bot_target(chat, params.int("message_thread_id"), reply_to)?;
    let markup = keyboard(params)?;
    world.take_pace(chat).map_err(super::super::errors::ApiError::too_many_requests)?;
    let message = Message { markup, reply_to, thread, ..message };
    let id = world.add_message(chat, message);
    Ok(result(world, chat, id))
}

/// The message that is replied to; nothing where it is gone and that is allowed.
fn check_reply(world: &World, params: &Params, chat: i64) -> Result<Option<i32>> {
    let Some(reply) = params.map.get("reply_parameters") else { return Ok(None) };
    let known = ["message_id", "chat_id", "allow_sending_without_reply"];
    let ignored =
        reply.as_object().and_then(|reply| reply.keys().find(|name| !known.contains(&name.as_str())));
    if let Some(name) = ignored {
        return Err(bad_request(format_args!("the sandbox does not implement reply_parameters.{name}")));
    }
    let is_here = reply.get("chat_id").is_none_or(|id| id.is_null() || id.as_i64() == Some(chat));
    let id = reply["message_id"].as_i64().and_then(|id| i32::try_from(id).ok());
    let found = id.filter(|id| is_here && world.message(chat, *id).is_some());
    if found.is_none() && reply["allow_sending_without_reply"] != Value::Bool(true) {
        return Err(bad_request("message to be replied not found"));
    }
    Ok(found)
}

/// sendChatAction.
pub(super) fn action(world: &mut World, params: &Params) -> Result<Value> {
    const ACTIONS: [&str; 11] = [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ];
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "message_thread_id", "action"])?;
    world.bot_target(chat, params.int("message_thread_id"), None)?;
    let action = params.str("action").unwrap_or_default();
    if !ACTIONS.contains(&action) {
        return Err(bad_request("wrong parameter action in request"));
    }
    world.event(Event::Action { chat, action: action.to_owned() });
    Ok(Value::Bool(true))
}
