//! What people do on the page: they write, in topics and as chats, ask inline, block the bot, keep house in a group.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    response::Response,
    routing::post,
};
use serde::Deserialize;
use serde_json::json;

use super::{page::done, people::Saying, shared::Shared};

/// The biggest file that the page sends.
const MAX_ATTACHED: usize = 20 << 20;

/// The routes.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/say", post(say))
        .route("/sandbox/attach", post(attach).layer(DefaultBodyLimit::max(MAX_ATTACHED)))
        .route("/sandbox/edit", post(edit))
        .route("/sandbox/forward", post(forward))
        .route("/sandbox/inline", post(inline))
        .route("/sandbox/choose", post(choose))
        .route("/sandbox/member", post(member))
        .route("/sandbox/topic", post(topic))
}

#[derive(Deserialize)]
struct Say {
    chat: i64,
    person: i64,
    #[serde(default)]
    text: String,
    reply_to: Option<i32>,
    thread: Option<i32>,
    speaks_as: Option<i64>,
    /// Of an attached file.
    #[serde(default)]
    name: String,
}

impl Say {
    fn saying(self) -> (i64, i64, Saying) {
        let Self { chat, person, text, reply_to, thread, speaks_as, .. } = self;
        (chat, person, Saying { text, reply_to, thread, speaks_as, media: None })
    }
}

async fn say(State(shared): State<Arc<Shared>>, Json(body): Json<Say>) -> Response {
    let (chat, person, saying) = body.saying();
    done(shared.change(|world| world.send_as(chat, person, saying)).map(|id| json!({"message_id": id})))
}

/// A file, whose bytes are the body; everything else stands in the query.
async fn attach(State(shared): State<Arc<Shared>>, Query(query): Query<Say>, body: Bytes) -> Response {
    let name = query.name.clone();
    let (chat, person, saying) = query.saying();
    let sent = shared.change(|world| world.send_file(chat, person, saying, &name, body));
    done(sent.map(|id| json!({"message_id": id})))
}

#[derive(Deserialize)]
struct Edit {
    chat: i64,
    person: i64,
    message_id: i32,
    text: String,
}

async fn edit(State(shared): State<Arc<Shared>>, Json(body): Json<Edit>) -> Response {
    let edited = shared.change(|world| world.edit(body.chat, body.person, body.message_id, &body.text));
    done(edited.map(|()| json!({})))
}

#[derive(Deserialize)]
struct Forward {
    chat: i64,
    person: i64,
    message_id: i32,
    to: i64,
}

async fn forward(State(shared): State<Arc<Shared>>, Json(body): Json<Forward>) -> Response {
    let Forward { chat, person, message_id, to } = body;
    let forwarded = shared.change(|world| world.forward(to, person, None, (chat, message_id)));
    done(forwarded.map(|id| json!({"message_id": id})))
}

#[derive(Deserialize)]
struct Inline {
    chat: i64,
    person: i64,
    query: String,
    thread: Option<i32>,
    /// The id of the chosen result.
    #[serde(default)]
    result: String,
}

async fn inline(State(shared): State<Arc<Shared>>, Json(body): Json<Inline>) -> Response {
    let asked = shared.change(|world| world.ask_inline(body.chat, body.person, &body.query));
    done(asked.map(|query| json!({"query": query})))
}

async fn choose(State(shared): State<Arc<Shared>>, Json(body): Json<Inline>) -> Response {
    let Inline { chat, person, query, thread, result } = body;
    let chosen = shared.change(|world| world.choose_inline(chat, person, thread, &query, &result));
    done(chosen.map(|id| json!({"message_id": id})))
}

#[derive(Deserialize)]
struct Member {
    chat: i64,
    person: i64,
    /// Whether the bot is to be out of it.
    gone: bool,
}

/// A person blocks the bot in their private chat, or somebody removes it from a group; or takes that back.
async fn member(State(shared): State<Arc<Shared>>, Json(body): Json<Member>) -> Response {
    done(shared.change(|world| {
        if body.chat > 0 {
            world.set_blocked(body.person, body.gone);
        } else {
            world.check_member(body.chat, body.person)?;
            world.set_kicked(body.chat, body.gone);
        }
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct TopicAct {
    chat: i64,
    person: i64,
    /// `create`, `close`, `open` or `delete`.
    act: String,
    #[serde(default)]
    name: String,
    /// `None`: General.
    thread: Option<i32>,
}

async fn topic(State(shared): State<Arc<Shared>>, Json(body): Json<TopicAct>) -> Response {
    let TopicAct { chat, person, act, name, thread } = body;
    done(shared.change(|world| match (act.as_str(), thread) {
        ("create", _) => world.create_topic(chat, person, &name).map(|id| json!({"thread": id})),
        ("close" | "open", thread) => {
            world.close_topic(chat, person, thread, act == "close").map(|()| json!({}))
        }
        ("delete", Some(thread)) => world.delete_topic(chat, person, thread).map(|()| json!({})),
        _ => Err("no such thing can be done to a topic".to_owned()),
    }))
}
