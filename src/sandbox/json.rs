//! The Bot API's objects, as the real server writes them.

use serde_json::{Map, Value, json};

use super::{
    members,
    migration::is_supergroup,
    world::{File, Forward, Media, Message, World},
};

/// The account that Telegram itself writes with.
const TELEGRAM: i64 = 777_000;

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
            "id": id, "is_bot": person.is_bot, "language_code": person.language,
            "first_name": person.first_name, "username": person.username,
        }),
        None => json!({"id": id, "is_bot": false, "first_name": ""}),
    }
}

/// `Chat`.
pub(super) fn chat(world: &World, id: i64) -> Value {
    match (world.chats.get(&id).and_then(|chat| chat.title.as_ref()), world.people.get(&id)) {
        (Some(title), _) => {
            let kind = if is_supergroup(id) { "supergroup" } else { "group" };
            let mut chat = json!({"id": id, "title": title, "type": kind});
            if world.chats.get(&id).is_some_and(|chat| chat.forum.is_some()) {
                chat["is_forum"] = Value::Bool(true);
            }
            chat
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
    } else if let Some(topic) = message.thread.filter(|topic| *topic != message.id)
        && message.reply_to.is_none()
        && let Some(created) = world.message(chat_id, topic)
    {
        // A message that replies to none replies to the beginning of its topic.
        value["reply_to_message"] = message_alone(world, chat_id, created);
    }
    value
}

/// The thread's id: a topic's, or in another supergroup that of the first message of a chain of replies.
fn add_thread(world: &World, chat_id: i64, message: &Message, value: &mut Value) {
    if let Some(topic) = message.thread {
        value["message_thread_id"] = Value::from(topic);
        value["is_topic_message"] = Value::Bool(true);
        return;
    }
    let before = |id: i32| world.message(chat_id, id).and_then(|message| message.reply_to);
    if let Some(replied) = message.reply_to.filter(|_| is_supergroup(chat_id)) {
        let mut first = replied;
        while let Some(earlier) = before(first).filter(|earlier| *earlier < first) {
            first = earlier;
        }
        value["message_thread_id"] = Value::from(first);
    }
}

/// Who a message is from, where that is not simply a person: chats speak through bot accounts of Telegram's own.
fn add_sender(world: &World, chat_id: i64, message: &Message, value: &mut Value) {
    match (&message.forward, message.sender_chat) {
        (Some(Forward::Channel(channel)), _) => {
            let (_, channel) = members::sender(world, chat_id, *channel);
            value["from"] = json!({"id": TELEGRAM, "is_bot": false, "first_name": "Telegram"});
            value["forward_origin"] =
                json!({"type": "channel", "date": message.date, "chat": channel, "message_id": message.id});
            value["sender_chat"] = channel;
            value["is_automatic_forward"] = Value::Bool(true);
        }
        (Some(Forward::From(person)), _) => {
            let user = person.map_or_else(|| bot(world), |id| self::person(world, id));
            value["forward_origin"] = json!({"type": "user", "date": message.date, "sender_user": user});
        }
        (None, Some(chat)) => {
            (value["from"], value["sender_chat"]) = members::sender(world, chat_id, chat);
        }
        (None, None) => {}
    }
}

fn message_alone(world: &World, chat_id: i64, message: &Message) -> Value {
    // Not `json!`, which copies the values that it is given.
    let mut value = Value::Object(Map::from_iter([
        ("message_id".to_owned(), Value::from(message.id)),
        ("from".to_owned(), message.person.map_or_else(|| bot(world), |id| person(world, id))),
        ("chat".to_owned(), chat(world, chat_id)),
        ("date".to_owned(), Value::from(message.date)),
    ]));
    if let Some(service) = &message.service {
        service.add_to(&mut value);
    }
    add_thread(world, chat_id, message, &mut value);
    add_sender(world, chat_id, message, &mut value);
    if message.via_bot {
        value["via_bot"] = bot(world);
    }
    if let Some(blocks) = &message.rich {
        value["rich_message"] = json!({"blocks": blocks});
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
