//! The command menu and answers to pressed buttons.

use serde_json::{Value, json};

use super::{
    super::{
        errors::bad_request,
        language::menu_key,
        text::{MAX_COMMAND, utf16_len},
        view::{CallbackAnswer, ChatId, PersonId},
        world::{Event, World},
    },
    Params, Result,
};

/// Commands of one scope (Bot API, setMyCommands).
const MAX_COMMANDS: usize = 100;
/// The longest description of a command (Bot API, `BotCommand`).
const MAX_DESCRIPTION: usize = 256;
/// The longest text of an answer to a pressed button (Bot API, answerCallbackQuery).
const MAX_ANSWER: usize = 200;

/// setMyCommands.
pub(super) fn set(world: &mut World, params: &Params) -> Result<Value> {
    let commands = params.map.get("commands").cloned().unwrap_or_default();
    let list = commands.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.len() > MAX_COMMANDS {
        return Err(bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in list {
        let name = command["command"].as_str().unwrap_or_default();
        let is_name_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > MAX_COMMAND || !name.chars().all(is_name_char) {
            return Err(bad_request("BOT_COMMAND_INVALID"));
        }
        if !(1..=MAX_DESCRIPTION).contains(&utf16_len(command["description"].as_str().unwrap_or_default())) {
            return Err(bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    world.commands.insert(scope(params), commands);
    world.event(Event::Commands);
    Ok(Value::Bool(true))
}

/// getMyCommands.
pub(super) fn get(world: &World, params: &Params) -> Value {
    world.commands.get(&scope(params)).cloned().unwrap_or_else(|| json!([]))
}

/// deleteMyCommands.
pub(super) fn delete(world: &mut World, params: &Params) -> Value {
    world.commands.remove(&scope(params));
    world.event(Event::Commands);
    Value::Bool(true)
}

/// The key under which the commands of a scope and a language are kept. A chat may be given as a number or as a text.
fn scope(params: &Params) -> String {
    let everybody = json!({"type": "default"});
    let scope = params.map.get("scope").unwrap_or(&everybody);
    let id = |name: &str| match &scope[name] {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let kind = scope["type"].as_str().unwrap_or_default();
    menu_key(kind, id("chat_id"), id("user_id"), params.str("language_code").unwrap_or_default())
}

/// answerCallbackQuery: once each, and not too late.
pub(super) fn answer_callback(world: &mut World, params: &Params) -> Result<Value> {
    params.only(&["callback_query_id", "text", "show_alert", "cache_time"])?;
    let text = params.str("text").unwrap_or_default();
    if utf16_len(text) > MAX_ANSWER {
        return Err(bad_request("MESSAGE_TOO_LONG"));
    }
    let query = params.str("callback_query_id").unwrap_or_default();
    let lifetime = world.options.callback_lifetime;
    let callback = world.callbacks.remove(query).filter(|callback| callback.pressed.elapsed() <= lifetime);
    let callback = callback
        .ok_or_else(|| bad_request("query is too old and response timeout expired or query ID is invalid"))?;
    world.log_callback_answer(CallbackAnswer {
        query: query.to_owned(),
        chat: ChatId(callback.chat),
        person: PersonId(callback.person),
        text: text.to_owned(),
        show_alert: params.flag("show_alert"),
    });
    Ok(Value::Bool(true))
}

/// `allowed_updates` stays in force until it is given again; an empty list means the default.
pub(in super::super) fn remember_allowed(world: &mut World, params: &Params) {
    let Some(kinds) = params.map.get("allowed_updates").and_then(Value::as_array) else { return };
    let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    world.allowed_updates = (!kinds.is_empty()).then_some(kinds);
}
