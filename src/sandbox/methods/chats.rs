//! What the bot may know of itself, its chats and their people.

use serde_json::{Value, json};

use super::{
    super::{errors::bad_request, json, world::World},
    Params, Result, known_chat, open_chat,
};

/// getMe.
pub(super) fn get_me(world: &World) -> Value {
    let mut me = json::bot(world);
    me["can_join_groups"] = Value::Bool(true);
    me["can_read_all_group_messages"] = Value::Bool(!world.options.privacy_mode);
    me["supports_inline_queries"] = Value::Bool(true);
    for flag in ["can_connect_to_business", "has_main_web_app"] {
        me[flag] = Value::Bool(false);
    }
    me
}

/// getChat.
pub(super) fn get_chat(world: &World, params: &Params) -> Result<Value> {
    let id = known_chat(world, params)?;
    let mut chat = json::chat(world, id);
    chat["accent_color_id"] = Value::from(id.unsigned_abs() % 7);
    chat["max_reaction_count"] = Value::from(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    Ok(chat)
}

/// getChatMember. Where members are hidden, a bot that is no admin sees only itself.
pub(super) fn get_member(world: &World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "user_id"])?;
    let id = params.int("user_id").unwrap_or_default();
    let ranks = world.chats.get(&chat).map(|chat| &chat.ranks);
    if id != world.bot_id && ranks.is_some_and(|ranks| ranks.hides_members && !ranks.bot_is_admin) {
        return Err(bad_request("member list is inaccessible"));
    }
    world.member(chat, id).ok_or_else(|| bad_request("user not found"))
}

/// getChatMemberCount, the bot included.
pub(super) fn count_members(world: &World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    Ok(world.chats.get(&chat).map_or(Value::from(0), |chat| Value::from(chat.people.len() + 1)))
}

/// getChatAdministrators.
pub(super) fn get_administrators(world: &World, params: &Params) -> Result<Value> {
    let chat = open_chat(world, params)?;
    params.only(&["chat_id", "return_bots"])?;
    if chat > 0 {
        return Err(bad_request("there are no administrators in the private chat"));
    }
    Ok(world.administrators(chat).into())
}
