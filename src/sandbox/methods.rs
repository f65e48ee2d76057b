//! The methods of the Bot API that the sandbox carries out; every other one is refused in words.

mod chats;
mod commands;
mod edit;
mod files;
mod send;
mod webhook;

pub(super) use commands::remember_allowed;
pub(super) use files::picture_size;

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    errors::{ApiError, bad_request, forbidden},
    inline, json,
    text::Text,
    world::World,
};

type Result<T> = std::result::Result<T, ApiError>;

/// One call's parameters, checked against the schema, and its files.
#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) map: Map<String, Value>,
    pub(super) files: HashMap<String, Upload>,
}

/// A file that came with a call.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) bytes: Bytes,
}

/// Parameters of sending that change nothing that the sandbox shows.
const SILENT: [&str; 5] = [
    "disable_notification",
    "protect_content",
    "allow_paid_broadcast",
    "link_preview_options",
    "disable_content_type_detection",
];

/// Carries a call out; getUpdates, which waits, is not here.
pub(super) fn call(world: &mut World, method: &str, params: &Params) -> Result<Value> {
    match method {
        "getMe" => Ok(chats::get_me(world)),
        "logOut" | "close" => Ok(Value::Bool(true)),
        "sendMessage" => send::message(world, params),
        "sendRichMessage" => send::rich(world, params),
        "answerInlineQuery" => inline::answer(world, params),
        "sendPhoto" | "sendDocument" => send::media(world, params, method),
        "sendChatAction" => send::action(world, params),
        "editMessageText" => edit::text(world, params),
        "editMessageCaption" => edit::caption(world, params),
        "editMessageReplyMarkup" => edit::markup(world, params),
        "editMessageMedia" => edit::media(world, params),
        "deleteMessage" => edit::delete(world, params),
        "deleteMessages" => edit::delete_several(world, params),
        "answerCallbackQuery" => commands::answer_callback(world, params),
        "setMyCommands" => commands::set(world, params),
        "getMyCommands" => Ok(commands::get(world, params)),
        "deleteMyCommands" => Ok(commands::delete(world, params)),
        "setWebhook" => webhook::set(world, params),
        "deleteWebhook" => Ok(webhook::delete(world, params)),
        "getWebhookInfo" => Ok(webhook::info(world)),
        "getChat" => chats::get_chat(world, params),
        "getChatMember" => chats::get_member(world, params),
        "getChatMemberCount" => chats::count_members(world, params),
        "getChatAdministrators" => chats::get_administrators(world, params),
        "getFile" => files::get_file(world, params),
        _ => Err(bad_request(format_args!("the sandbox does not implement {method}"))),
    }
}

impl Params {
    pub(super) fn str(&self, name: &str) -> Option<&str> {
        self.map.get(name).and_then(Value::as_str)
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.map.get(name).and_then(Value::as_i64)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.map.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The chat that the call is about, if it names one by number.
    pub(super) fn chat_id(&self) -> Option<i64> {
        self.int("chat_id")
    }

    /// Refuses parameters that the sandbox would have to ignore: a call never succeeds by half.
    fn only(&self, honoured: &[&str]) -> Result<()> {
        let ignored = self
            .map
            .keys()
            .find(|name| !honoured.contains(&name.as_str()) && !SILENT.contains(&name.as_str()));
        match ignored.map(String::as_str) {
            Some(name) => {
                Err(bad_request(format_args!("the sandbox does not implement the parameter \"{name}\"")))
            }
            None => Ok(()),
        }
    }

    /// The text in `name` with the entities in `entities`.
    fn text(&self, name: &str, entities: &str) -> Result<Text> {
        let text = self.str(name).unwrap_or_default();
        Text::from_bot(text, self.str("parse_mode"), self.map.get(entities))
    }
}

/// The chat of a call, if the bot may write there.
fn open_chat(world: &World, params: &Params) -> Result<i64> {
    let id = known_chat(world, params)?;
    if world.people.get(&id).is_some_and(|person| person.has_blocked) {
        return Err(forbidden("bot was blocked by the user"));
    }
    if world.chats.get(&id).is_some_and(|chat| chat.bot_is_kicked) {
        return Err(forbidden("bot was kicked from the group chat"));
    }
    Ok(id)
}

fn known_chat(world: &World, params: &Params) -> Result<i64> {
    match params.map.get("chat_id") {
        None => Err(bad_request("chat_id is empty")),
        Some(Value::String(name)) if name.is_empty() => Err(bad_request("chat_id is empty")),
        Some(value) => {
            let chat = value.as_i64().and_then(|id| world.chats.get(&id));
            let chat = chat.ok_or_else(|| bad_request("chat not found"))?;
            chat.migrated_to.map_or(Ok(chat.id), |to| Err(ApiError::upgraded(to)))
        }
    }
}

/// The message as the result of a call.
fn result(world: &World, chat: i64, id: i32) -> Value {
    world.message(chat, id).map_or(Value::Bool(true), |message| json::message(world, chat, message))
}

/// The inline keyboard of a call. Other keyboards are taken and not shown, an empty one is none.
fn keyboard(params: &Params) -> Result<Option<Value>> {
    match params.map.get("reply_markup") {
        Some(markup) => check_markup(markup),
        None => Ok(None),
    }
}

/// The same, for a keyboard wherever it stands.
pub(super) fn check_markup(markup: &Value) -> Result<Option<Value>> {
    const MAX_BUTTONS: usize = 100;
    let Some(rows) = markup["inline_keyboard"].as_array() else { return Ok(None) };
    let buttons = || rows.iter().filter_map(Value::as_array).flatten();
    for button in buttons() {
        check_button(button)?;
    }
    match buttons().count() {
        0 => Ok(None),
        count if count > MAX_BUTTONS => Err(bad_request("REPLY_MARKUP_TOO_LONG")),
        _ => Ok(Some(markup.clone())),
    }
}

/// The words are those of the server's parser (telegram-bot-api, `Client.cpp`) and of Telegram behind it.
fn check_button(button: &Value) -> Result<()> {
    const KINDS: [&str; 10] = [
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    ];
    let unparsed = |what: &str| Err(bad_request(format_args!("can't parse inline keyboard button: {what}")));
    if button["text"].as_str().is_none_or(str::is_empty) {
        return Err(bad_request("BUTTON_TEXT_INVALID"));
    }
    match KINDS.iter().filter(|kind| button.get(**kind).is_some_and(|value| !value.is_null())).count() {
        0 => return unparsed("Text buttons are unallowed in the inline keyboard"),
        1 => {}
        _ => return unparsed("a button has more than one type"),
    }
    if button
        .get("style")
        .is_some_and(|style| !["danger", "success", "primary"].map(Value::from).contains(style))
    {
        return Err(bad_request("BUTTON_STYLE_INVALID"));
    }
    match button.get("callback_data").and_then(Value::as_str) {
        Some(data) if data.is_empty() || data.len() > 64 => Err(bad_request("BUTTON_DATA_INVALID")),
        _ => Ok(()),
    }
}
