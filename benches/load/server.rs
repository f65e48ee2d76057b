//! The Bot API over HTTP, as lean as it can be: it must not be what is measured.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State as Shared},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle, time::Instant};

use crate::{
    faults::Fault,
    telegram::{Refused, State, member},
};

/// Updates in one answer.
const BATCH: usize = 100;

/// A running server; dropping it stops it.
pub(crate) struct Telegram {
    pub(crate) addr: SocketAddr,
    inner: Arc<Inner>,
    server: JoinHandle<io::Result<()>>,
}

struct Inner {
    state: Mutex<State>,
    more: Notify,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telegram {
    pub(crate) async fn start(state: State) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let inner = Arc::new(Inner { state: Mutex::new(state), more: Notify::new() });
        let app = Router::new()
            .route("/{bot}/{method}", post(call).get(call))
            .layer(DefaultBodyLimit::disable())
            .with_state(inner.clone());
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        Ok(Self { addr, inner, server })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state()
    }

    /// There are new updates.
    pub(crate) fn wake(&self) {
        self.inner.more.notify_one();
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn call(
    Shared(inner): Shared<Arc<Inner>>,
    Path((_, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Ok(params) = params(request).await else {
        return refuse(&(400, "Bad Request: malformed".to_owned()));
    };
    let fault = {
        let mut state = inner.state();
        *state.calls.entry(method.clone()).or_default() += 1;
        state.fault(method.eq_ignore_ascii_case("getUpdates"))
    };
    if method.eq_ignore_ascii_case("getUpdates") {
        let updates = get_updates(&inner, &params).await;
        return match fault {
            Some(Fault::LostBefore | Fault::LostAfter) => hang_up(),
            Some(Fault::Server) => StatusCode::BAD_GATEWAY.into_response(),
            _ => ([(CONTENT_TYPE, "application/json")], updates).into_response(),
        };
    }
    let lost = fault == Some(Fault::LostAfter);
    let done = match fault {
        Some(Fault::TooMany) => Err((429, "1".to_owned())),
        Some(Fault::Server) => return StatusCode::BAD_GATEWAY.into_response(),
        Some(Fault::LostBefore) => return hang_up(),
        _ => act(&mut inner.state(), &method.to_ascii_lowercase(), &params, lost),
    };
    if lost && done.is_ok() {
        inner.state().lost += 1;
        return hang_up();
    }
    if let Some(Fault::Slow(time)) = fault {
        tokio::time::sleep(time).await;
    }
    match done {
        Ok(result) => axum::Json(json!({"ok": true, "result": result})).into_response(),
        Err(error) => {
            *inner.state().refused.entry(error.0).or_default() += 1;
            refuse(&error)
        }
    }
}

fn act(state: &mut State, method: &str, params: &Value, lost: bool) -> Result<Value, Refused> {
    let words = |name: &str| params[name].as_str().unwrap_or_default();
    match method {
        "sendmessage" => state.send(params, words("text"), lost),
        "sendphoto" | "senddocument" => state.send(params, words("caption"), lost),
        "editmessagetext" => state.edit(params, words("text")),
        "editmessagecaption" => state.edit(params, words("caption")),
        "editmessagemedia" => state.edit(params, params["media"]["caption"].as_str().unwrap_or_default()),
        "answercallbackquery" => state.toast(params, lost),
        "getchatmember" => Ok(member(params)),
        "getme" => Ok(json!({
            "id": 4242, "is_bot": true, "first_name": "Load", "username": "load_bot",
            "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        })),
        "setmycommands" | "deletewebhook" | "sendchataction" => Ok(Value::Bool(true)),
        _ => {
            *state.wrong.entry(format!("the method {method}")).or_default() += 1;
            Err((404, "Not Found".to_owned()))
        }
    }
}

/// Waits for updates; those before the offset are done with.
async fn get_updates(inner: &Inner, params: &Value) -> String {
    let offset = params["offset"].as_i64().unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(params["timeout"].as_u64().unwrap_or_default());
    loop {
        {
            let mut state = inner.state();
            while state.updates.front().is_some_and(|(id, _)| *id < offset) {
                state.updates.pop_front();
            }
            if !state.updates.is_empty() || Instant::now() >= deadline {
                let updates: Vec<_> =
                    state.updates.iter().take(BATCH).map(|(_, update)| update.as_str()).collect();
                return format!("{{\"ok\":true,\"result\":[{}]}}", updates.join(","));
            }
        }
        // A timeout is the empty answer of the next round.
        let _ = tokio::time::timeout_at(deadline, inner.more.notified()).await;
    }
}

/// JSON, or a form with a file, of which only the size is looked at.
async fn params(request: Request) -> Result<Value> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let body = Bytes::from_request(request, &()).await?;
        return Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? });
    }
    let mut params = Map::new();
    let mut form = Multipart::from_request(request, &()).await?;
    while let Some(part) = form.next_field().await? {
        let (name, is_file) = (part.name().unwrap_or_default().to_owned(), part.file_name().is_some());
        let bytes = part.bytes().await?;
        if !is_file {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let is_words = matches!(name.as_str(), "caption" | "parse_mode" | "photo" | "document");
            let value = if is_words { None } else { serde_json::from_str(&text).ok() };
            params.insert(name, value.unwrap_or(Value::String(text)));
        }
    }
    Ok(Value::Object(params))
}

fn refuse((status, what): &Refused) -> Response {
    let mut body = json!({"ok": false, "error_code": status, "description": what});
    if *status == 429 {
        let seconds: u64 = what.parse().unwrap_or(1);
        body["description"] = format!("Too Many Requests: retry after {seconds}").into();
        body["parameters"] = json!({"retry_after": seconds});
    }
    (StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST), axum::Json(body)).into_response()
}

/// A response whose body fails before its first byte: the connection is closed with nothing sent.
fn hang_up() -> Response {
    let error = io::Error::new(io::ErrorKind::ConnectionAborted, "dropped by a fault");
    Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)])).into_response()
}
