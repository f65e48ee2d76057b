//! The chat page's side: what it draws, what people do on it, and the guards that keep other web pages out.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{
        Html, IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    json, render, rich,
    shared::Shared,
    text::Text,
    topics::Topic,
    world::{Channel, Event, World},
};

/// Messages of each chat that the page gets at first.
const MAX_SHOWN: usize = 500;

/// The page and its routes.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/sandbox/world", get(world))
        .route("/sandbox/events", get(events))
        .route("/sandbox/press", post(press))
        .route("/sandbox/delete", post(delete))
        .route("/sandbox/admin", post(admin))
        .route("/sandbox/file/{id}", get(file))
        .merge(super::page_acts::router())
        .merge(super::language::router())
}

/// Refuses a `Host` that is not this machine's: a foreign name that resolves to loopback could drive the page otherwise.
pub(super) async fn guard_host(State(port): State<u16>, request: Request, next: Next) -> Response {
    let host = header(request.headers(), HOST).unwrap_or_default();
    let own = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| {
            rest.strip_prefix(':').map_or(rest.is_empty() && port == 80, |text| text == port.to_string())
        })
    });
    if own { next.run(request).await } else { refusal(StatusCode::FORBIDDEN, "foreign Host") }
}

/// Refuses calls from web pages of another origin. Bots and test clients send none.
pub(super) async fn guard_origin(request: Request, next: Next) -> Response {
    let host = header(request.headers(), HOST).unwrap_or_default();
    match header(request.headers(), ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            refusal(StatusCode::FORBIDDEN, "foreign Origin")
        }
        _ => next.run(request).await,
    }
}

fn header(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn refusal(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({"error": what}))).into_response()
}

/// Everything the page draws at load.
async fn world(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.read(|world| {
        let people: Vec<Value> = world
            .people
            .values()
            .map(|person| {
                json!({
                    "id": person.id, "first_name": person.first_name, "username": person.username,
                    "is_bot": person.is_bot, "has_blocked": person.has_blocked, "language": person.language,
                })
            })
            .collect();
        let chats: Vec<Value> = world.chats.keys().map(|id| chat(world, *id)).collect();
        let messages: Map<String, Value> = world
            .chats
            .values()
            .map(|chat| {
                let skipped = chat.messages.len().saturating_sub(MAX_SHOWN);
                let shown = chat.messages.keys().skip(skipped).filter_map(|id| message(world, chat.id, *id));
                (chat.id.to_string(), shown.collect())
            })
            .collect();
        let bot = json!({
            "id": world.bot_id, "username": world.options.username, "first_name": world.options.first_name,
        });
        json!({
            "bot": bot, "people": people, "chats": chats, "channels": channels(world), "commands": world.commands_by_language(), "messages": messages,
            "seq": world.seq,
        })
    }))
}

fn chat(world: &World, id: i64) -> Value {
    let Some(chat) = world.chats.get(&id) else { return Value::Null };
    let (kind, title) = match &chat.title {
        Some(title) => ("group", title.as_str()),
        None => ("private", world.options.first_name.as_str()),
    };
    let topics = chat.forum.as_ref().map(|forum| {
        let topic = |(id, topic): (&i32, &Topic)| json!({"id": id, "name": topic.name, "closed": topic.is_closed});
        json!({"general_closed": forum.general_is_closed, "list": forum.topics.iter().map(topic).collect::<Value>()})
    });
    let admins: Vec<i64> = chat.people.iter().copied().filter(|person| world.is_admin(id, *person)).collect();
    let owner = chat.people.first().filter(|_| id < 0);
    json!({
        "id": id, "type": kind, "title": title, "people": chat.people, "owner": owner, "admins": admins, "topics": topics,
        "kicked": chat.bot_is_kicked, "migrated_to": chat.migrated_to,
    })
}

fn channels(world: &World) -> Value {
    let channel =
        |(id, channel): (&i64, &Channel)| json!({"id": id, "title": channel.title, "owner": channel.owner});
    world.channels.iter().map(channel).collect()
}

/// The Bot API's message with what the page needs beside it.
fn message(world: &World, chat: i64, id: i32) -> Option<Value> {
    let message = world.message(chat, id)?;
    let mut value = json::message(world, chat, message);
    value["html"] = Value::from(match (&message.service, &message.rich) {
        (Some(service), _) => render::html(&Text { text: service.words(), entities: Vec::new() }),
        (None, Some(blocks)) => rich::html(blocks),
        (None, None) => render::html(&message.text),
    });
    if let Some(blocks) = &message.rich {
        // For one line in a list or a quote.
        value["summary"] = Value::from(rich::text(blocks));
    }
    value["service"] = Value::from(message.service.is_some());
    value["person"] = Value::from(message.person);
    if let Some(media) = &message.media {
        value["file_url"] = Value::from(format!("/sandbox/file/{}", media.file.id));
    }
    Some(value)
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

/// Where one page's stream is.
struct Follower {
    shared: Arc<Shared>,
    changes: watch::Receiver<u64>,
    seen: u64,
}

/// Server-sent events after a number.
async fn events(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<After>,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let changes = shared.changes();
    let follower = Follower { shared, changes, seen: query.after };
    let stream = stream::unfold(follower, |mut follower| async move {
        let (seq, event) = follower.next().await?;
        Some((Ok(sse::Event::default().id(seq.to_string()).data(event.to_string())), follower))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

impl Follower {
    /// The next event that still means something; `None` when the sandbox stops.
    async fn next(&mut self) -> Option<(u64, Value)> {
        loop {
            self.changes.mark_unchanged();
            let (seen, found) = self.shared.read(|world| following(world, self.seen));
            self.seen = seen;
            if let Some(event) = found {
                return Some((seen, event));
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                () = self.shared.stop.cancelled() => return None,
            }
        }
    }
}

/// The first event after `seen`, and the number up to which everything is told then.
fn following(world: &World, seen: u64) -> (u64, Option<Value>) {
    let kept = u64::try_from(world.events.len()).unwrap_or_default();
    let first = world.seq - kept + 1;
    if seen > world.seq || seen + 1 < first {
        return (world.seq, Some(json!({"seq": world.seq, "kind": "reload"})));
    }
    let skip = usize::try_from(seen + 1 - first).unwrap_or(usize::MAX);
    let mut at = seen;
    for event in world.events.iter().skip(skip) {
        at += 1;
        if let Some(mut value) = event_json(world, event) {
            value["seq"] = Value::from(at);
            return (at, Some(value));
        }
    }
    (at, None)
}

/// An event as it is now; nothing where its message is gone by now.
fn event_json(world: &World, event: &Event) -> Option<Value> {
    Some(match event {
        Event::Message { chat, id } => {
            json!({"kind": "message", "chat": chat, "message": message(world, *chat, *id)?})
        }
        Event::Edited { chat, id } => {
            json!({"kind": "edited", "chat": chat, "message": message(world, *chat, *id)?})
        }
        Event::Deleted { chat, id } => json!({"kind": "deleted", "chat": chat, "message_id": id}),
        Event::InlineAnswer { query } => world.inline_answer(query)?,
        Event::CallbackAnswer { chat, person, text, show_alert } => {
            json!({"kind": "callback_answer", "chat": chat, "person": person, "text": text, "show_alert": show_alert})
        }
        Event::Commands => json!({"kind": "commands", "commands": world.commands_by_language()}),
        Event::Action { chat, action } => json!({"kind": "action", "chat": chat, "action": action}),
        Event::Reload => json!({"kind": "reload"}),
    })
}

#[derive(Deserialize)]
struct Press {
    chat: i64,
    person: i64,
    message_id: i32,
    data: String,
}

async fn press(State(shared): State<Arc<Shared>>, Json(body): Json<Press>) -> Response {
    let pressed = shared.change(|world| world.press(body.chat, body.person, body.message_id, &body.data));
    done(pressed.map(|_| json!({})))
}

#[derive(Deserialize)]
struct Delete {
    chat: i64,
    /// 0: Telegram itself.
    #[serde(deserialize_with = "number_or_text")]
    person: i64,
    message_id: i32,
}

async fn delete(State(shared): State<Arc<Shared>>, Json(body): Json<Delete>) -> Response {
    let deleted = shared.change(|world| {
        let message = world.message(body.chat, body.message_id);
        let message = message.ok_or_else(|| format!("there is no message {}", body.message_id))?;
        // In a private chat everybody may delete everything; in a group one's own messages.
        if body.person != 0 && body.chat < 0 && message.person != Some(body.person) {
            return Err("only one's own messages can be deleted".to_owned());
        }
        world.delete(body.chat, body.message_id);
        Ok(json!({}))
    });
    done(deleted)
}

#[derive(Deserialize)]
struct Admin {
    chat: i64,
    person: i64,
    is: bool,
}

async fn admin(State(shared): State<Arc<Shared>>, Json(body): Json<Admin>) -> Response {
    let set = shared.change(|world| world.set_admin(body.chat, body.person, body.is));
    done(set.map(|()| json!({})))
}

fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.ok_or_else(|| serde::de::Error::custom("a person's id is a number"))
}

pub(super) fn done(result: Result<Value, String>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(what) => refusal(StatusCode::BAD_REQUEST, &what),
    }
}

/// A file, to be shown (photos) or saved under its name (documents).
async fn file(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(file) = shared.read(|world| json::file_by_id(world, &id).cloned()) else {
        return refusal(StatusCode::NOT_FOUND, "no such file");
    };
    let disposition = match file.photo {
        Some(_) => "inline".to_owned(),
        // The quoted name is for old clients, the encoded one for all letters (RFC 6266).
        None => format!(
            "attachment; filename=\"{}\"; filename*=UTF-8''{}",
            ascii_name(&file.name),
            encoded(&file.name)
        ),
    };
    let headers = [
        (CONTENT_TYPE, file.mime.to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, file.bytes.clone()).into_response()
}

fn ascii_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect()
}

fn encoded(name: &str) -> String {
    let byte = |b: u8| match b {
        b if b.is_ascii_alphanumeric() || b"._-".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    name.bytes().map(byte).collect()
}
