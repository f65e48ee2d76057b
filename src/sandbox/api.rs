//! `/bot{token}/{method}` and `/file/bot{token}/{path}`: the Bot API over HTTP.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    errors::{ApiError, NOT_FOUND, UNAUTHORIZED},
    faults::{self, Failure},
    methods::{self, Params},
    polling, request,
    schema::SCHEMA,
    shared::Shared,
    table::Method,
    view::{Call, ChatId, Outcome},
};

/// Answers everything that has no route of its own.
pub(super) async fn handle(shared: Arc<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let answer = if let Some(path) = path.strip_prefix("/file/bot") {
        return download(&shared, path).unwrap_or_else(|error| answer(Err(error)));
    } else if let Some((token, method)) = path.strip_prefix("/bot").and_then(|path| path.split_once('/')) {
        // A trailing slash is an empty method, and `/botTOKEN/test/…` (Telegram's test servers) is not here either.
        match find_method(&shared, token, method) {
            Ok(method) => return call(&shared, method, request).await,
            Err(error) => Err(error),
        }
    } else {
        Err(NOT_FOUND)
    };
    self::answer(answer)
}

fn find_method(shared: &Shared, token: &str, method: &str) -> Result<&'static Method, ApiError> {
    check_token(shared, token)?;
    let found = SCHEMA.method(method).ok_or(NOT_FOUND)?;
    let is_too_new = found.name.contains("Rich") && !shared.read(|world| world.options.rich_messages);
    if is_too_new { Err(NOT_FOUND) } else { Ok(found) }
}

/// A token is `NUMBER:SECRET`; another shape is an unknown path, another secret is somebody else.
fn check_token(shared: &Shared, token: &str) -> Result<(), ApiError> {
    let is_secret_char = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_formed = token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_digit())
            && !secret.is_empty()
            && secret.chars().all(is_secret_char)
    });
    if !is_formed {
        return Err(NOT_FOUND);
    }
    shared.read(|world| if world.options.token == token { Ok(()) } else { Err(UNAUTHORIZED) })
}

async fn call(shared: &Arc<Shared>, method: &'static Method, request: Request) -> Response {
    let mut params = match request::read(request).await {
        Ok(params) => params,
        Err(error) => return answer(Err(error)),
    };
    let checked = {
        let Params { map, files } = &mut params;
        SCHEMA.check_call(method, map, &|name| files.contains_key(name))
    };
    if let Err(error) = checked {
        shared.change(|world| {
            if world.options.call_log {
                world.log_call(entry(method, None, params.map, &Err(error.clone())));
            }
        });
        return answer(Err(error));
    }
    if method.name == "getUpdates" {
        return get_updates(shared, method, params).await;
    }
    let (failure, result) = shared.change(|world| {
        let chat = params.chat_id().or_else(|| {
            params
                .str("callback_query_id")
                .and_then(|id| world.callbacks.get(id))
                .map(|callback| callback.chat)
        });
        let failure = faults::meet(&mut world.faults, method.name, chat);
        let result = match failure.as_ref().map(|failure| (failure, failure.error())) {
            Some((_, Some(error))) => Err(error),
            Some((Failure::DropBefore, None)) => Ok(Value::Null),
            _ => methods::call(world, method.name, &params),
        };
        if world.options.call_log {
            let mut entry = entry(method, chat, params.map, &result);
            match failure {
                Some(Failure::DropBefore) => entry.outcome = Outcome::Dropped { done: false },
                Some(Failure::DropAfter) if result.is_ok() => entry.outcome = Outcome::Dropped { done: true },
                _ => {}
            }
            world.log_call(entry);
        }
        (failure, result)
    });
    finish(shared, failure, result).await
}

/// Long polling: the faults are met when the call comes in.
async fn get_updates(shared: &Arc<Shared>, method: &'static Method, params: Params) -> Response {
    let failure = shared.change(|world| faults::meet(&mut world.faults, method.name, None));
    let result = match failure.as_ref().map(|failure| (failure, failure.error())) {
        Some((_, Some(error))) => Err(error),
        Some((Failure::DropBefore, None)) => Ok(Value::Null),
        _ => polling::get_updates(shared, &params).await,
    };
    shared.change(|world| {
        if world.options.call_log {
            world.log_call(entry(method, None, params.map, &result));
        }
    });
    finish(shared, failure, result).await
}

/// Does to the answer what the fault says.
async fn finish(shared: &Shared, failure: Option<Failure>, result: Result<Value, ApiError>) -> Response {
    match failure {
        Some(Failure::DropBefore | Failure::DropAfter) => hang_up(),
        Some(Failure::Server(code)) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, [(CONTENT_TYPE, "text/html")], format!("<html><body>{status}</body></html>"))
                .into_response()
        }
        Some(Failure::Hold(gate)) => {
            tokio::select! {
                () = gate.opened() => {}
                () = shared.stop.cancelled() => {}
            }
            answer(result)
        }
        _ => answer(result),
    }
}

fn entry(
    method: &Method,
    chat: Option<i64>,
    params: serde_json::Map<String, Value>,
    result: &Result<Value, ApiError>,
) -> Call {
    let outcome = match result {
        Ok(value) => Outcome::Done(value.clone()),
        Err(error) => {
            Outcome::Refused { code: error.code, description: error.description.clone().into_owned() }
        }
    };
    Call { method: method.name, chat: chat.map(ChatId), params: Value::Object(params), outcome }
}

/// A response whose body fails before its first byte: the server closes the connection with nothing sent.
fn hang_up() -> Response {
    let error = std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "dropped by a fault");
    Body::from_stream(futures_util::stream::iter([Err::<bytes::Bytes, _>(error)])).into_response()
}

/// The body of an answer. A struct, because `json!` would copy the result.
#[derive(Serialize)]
struct Done {
    ok: bool,
    result: Value,
}

fn answer(result: Result<Value, ApiError>) -> Response {
    match result {
        Ok(result) => Json(Done { ok: true, result }).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error.body())).into_response()
        }
    }
}

/// `{token}/{file_path}`, the path as getFile gave it.
fn download(shared: &Shared, path: &str) -> Result<Response, ApiError> {
    let (token, path) = path.split_once('/').ok_or(NOT_FOUND)?;
    check_token(shared, token)?;
    let id = path.rsplit('/').next().unwrap_or_default();
    let file = shared.read(|world| world.files.get(id).cloned()).ok_or(NOT_FOUND)?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], file.bytes.clone()).into_response())
}
