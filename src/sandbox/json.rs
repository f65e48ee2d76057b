//! The Bot API's objects, as the real server writes them.

use serde_json::{Map, Value, json};

use super::{
    members::sender,
    migration::{MIGRATE_FROM, is_supergroup},
    world::{File, Media, Message, World},
};

/// `User` of the bot.
pub(super) fn bot(world: &World) -> Value {
    json!({
        "id": world.bot_id, "is_bot": true,
        "first_name": world.options.first_name, "username": world.options.username,
    })
}

/// `User` of a person; of nobody where the id is unknown.
pub(super) fn person(world: &World, id: i64) -> Value {
    match world.people.get(&id) {
        Some(person) => json!({
            "id": id, "is_bot": false, "language_code": "en",
            "first_name": person.first_name, "username": person.username,
        }),
        None => json!({"id": id, "is_bot": false, "first_name": ""}),
    }
}

/// `Chat`.
pub(super) fn chat(world: &World, id: i64) -> Value {
    match (world.chats.get(&id).and_then(|chat| chat.title.as_ref()), world.people.get(&id)) {
        (Some(title), _) => {
            json!({"id": id, "title": title, "type": if is_supergroup(id) { "supergroup" } else { "group" }})
        }
        (None, Some(person)) => {
            json!({"id": id, "first_name": person.first_name, "username": person.username, "type": "private"})
        }
        (None, None) => json!({"id": id, "type": "private"}),
    }
}

/// `Message`, with the message it replies to.
pub(super) fn message(world: &World, chat_id: i64, message: &Message) -> Value {
    let mut value = message_alone(world, chat_id, message);
    if let Some(replied) = message.reply_to.and_then(|id| world.message(chat_id, id)) {
        value["reply_to_message"] = message_alone(world, chat_id, replied);
    }
    value
}

fn message_alone(world: &World, chat_id: i64, message: &Message) -> Value {
    // Not `json!`, which copies the values that it is given.
    let mut value = Value::Object(Map::from_iter([
        ("message_id".to_owned(), Value::from(message.id)),
        ("from".to_owned(), message.person.map_or_else(|| bot(world), |id| person(world, id))),
        ("chat".to_owned(), chat(world, chat_id)),
        ("date".to_owned(), Value::from(message.date)),
    ]));
    if let Some(chat) = message.sender_chat {
        (value["from"], value["sender_chat"]) = sender(world, chat_id, chat);
    }
    if let Some((field, chat)) = message.service {
        add_service(&mut value, field, chat);
    }
    if let Some(date) = message.edit_date {
        value["edit_date"] = Value::from(date);
    }
    let (text, entities) = match &message.media {
        None => ("text", "entities"),
        Some(media) => {
            add_media(&mut value, media);
            ("caption", "caption_entities")
        }
    };
    if !message.text.text.is_empty() {
        value[text] = Value::from(message.text.text.as_str());
    }
    if !message.text.entities.is_empty() {
        value[entities] = message.text.entities_json();
    }
    if let Some(markup) = &message.markup {
        value["reply_markup"] = markup.clone();
    }
    value
}

/// A supergroup speaks of its own past itself, through the account that stands for chats.
fn add_service(value: &mut Value, field: &str, chat: i64) {
    value[field] = Value::from(chat);
    if field == MIGRATE_FROM {
        value["sender_chat"] = value["chat"].clone();
        value["from"] = json!({
            "id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot",
        });
    }
}

fn add_media(value: &mut Value, media: &Media) {
    match media.file.photo {
        Some((width, height)) => {
            value["photo"] = photo_sizes(&media.file, width, height);
            if media.caption_above {
                value["show_caption_above_media"] = Value::Bool(true);
            }
            if media.spoiler {
                value["has_media_spoiler"] = Value::Bool(true);
            }
        }
        None => value["document"] = document(&media.file),
    }
}

/// `Document`.
fn document(file: &File) -> Value {
    json!({
        "file_name": file.name, "mime_type": file.mime, "file_id": file.id,
        "file_unique_id": unique_id(file), "file_size": file.bytes.len(),
    })
}

/// The sizes of a photo, the smallest first. They all stand for the same bytes: the sandbox does not scale pictures.
fn photo_sizes(file: &File, width: u32, height: u32) -> Value {
    let longest = width.max(height).max(1);
    let size = |mark: char, to: u32| {
        json!({
            "file_id": format!("{}{mark}", file.id), "file_unique_id": format!("{}{mark}", unique_id(file)),
            "file_size": file.bytes.len(),
            "width": (width * to / longest).max(1), "height": (height * to / longest).max(1),
        })
    };
    // Telegram's sizes `s`, `m`, `x` and `y`: at most 90, 320, 800 and 1280 pixels.
    let smaller =
        [('s', 90), ('m', 320), ('x', 800), ('y', 1280)].into_iter().filter(|(_, to)| *to < longest);
    let mut sizes: Vec<Value> = smaller.map(|(mark, to)| size(mark, to)).collect();
    if longest <= 1280 {
        sizes.push(size('w', longest));
    }
    Value::Array(sizes)
}

/// `File`, for getFile.
pub(super) fn file(file: &File, id: &str) -> Value {
    let folder = if file.photo.is_some() { "photos" } else { "documents" };
    json!({
        "file_id": id, "file_unique_id": unique_id(file), "file_size": file.bytes.len(),
        "file_path": format!("{folder}/{}", file.id),
    })
}

/// The file that a `file_id` means; a photo's sizes have one each.
pub(super) fn file_by_id<'a>(world: &'a World, id: &str) -> Option<&'a std::sync::Arc<File>> {
    world.files.get(id).or_else(|| {
        let whole = world.files.get(id.strip_suffix(['s', 'm', 'x', 'y', 'w'])?)?;
        whole.photo.is_some().then_some(whole)
    })
}

fn unique_id(file: &File) -> String {
    format!("AQAD{}", &file.id[file.id.len().saturating_sub(8)..])
}
