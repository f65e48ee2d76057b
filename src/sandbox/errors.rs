//! The answers of a call that failed, in the real server's words.
//!
//! The words are those of the published Bot API server and of `TDLib` below it (tdlib/telegram-bot-api `Client.cpp`,
//! tdlib/td `MessageEntity.cpp`), or of Telegram's own RPC errors where the server passes them on in capitals.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A call's failure: `{"ok": false, "error_code": …, "description": …}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    /// The HTTP status and `error_code`.
    pub(super) code: u16,
    /// The whole `description`.
    pub(super) description: Cow<'static, str>,
    /// What a client needs to go on, by its name in `ResponseParameters`.
    pub(super) parameter: Option<(&'static str, i64)>,
}

impl ApiError {
    pub(super) fn new(code: u16, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), parameter: None }
    }

    /// 429, with the words and the parameter that clients obey.
    pub(super) fn too_many_requests(retry_after: u32) -> Self {
        let description = format!("Too Many Requests: retry after {retry_after}");
        Self { parameter: Some(("retry_after", retry_after.into())), ..Self::new(429, description) }
    }

    /// 400 for all that is about a group that lives on as a supergroup.
    pub(super) fn upgraded(to: i64) -> Self {
        let error = bad_request("group chat was upgraded to a supergroup chat");
        Self { parameter: Some(("migrate_to_chat_id", to)), ..error }
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some((name, value)) = self.parameter {
            body["parameters"] = json!({name: value});
        }
        body
    }
}

/// 400, `what` after `Bad Request: `.
pub(super) fn bad_request(what: impl std::fmt::Display) -> ApiError {
    ApiError::new(400, format!("Bad Request: {what}"))
}

/// 403, `what` after `Forbidden: `.
pub(super) fn forbidden(what: &str) -> ApiError {
    ApiError::new(403, format!("Forbidden: {what}"))
}

/// 409, `what` after `Conflict: `.
pub(super) fn conflict(what: &str) -> ApiError {
    ApiError::new(409, format!("Conflict: {what}"))
}

/// A method, a token's shape or a path that does not exist.
pub(super) const NOT_FOUND: ApiError =
    ApiError { code: 404, description: Cow::Borrowed("Not Found"), parameter: None };

/// A well-formed token that is not the bot's.
pub(super) const UNAUTHORIZED: ApiError =
    ApiError { code: 401, description: Cow::Borrowed("Unauthorized"), parameter: None };

/// Bigger than a bot may upload.
pub(super) const TOO_LARGE: ApiError =
    ApiError { code: 413, description: Cow::Borrowed("Request Entity Too Large"), parameter: None };
