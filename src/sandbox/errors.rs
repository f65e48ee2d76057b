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
    /// Seconds, for 429 only.
    pub(super) retry_after: Option<u32>,
}

impl ApiError {
    pub(super) fn new(code: u16, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), retry_after: None }
    }

    /// 429, with the words and the parameter that clients obey.
    pub(super) fn too_many_requests(retry_after: u32) -> Self {
        let description = format!("Too Many Requests: retry after {retry_after}");
        Self { retry_after: Some(retry_after), ..Self::new(429, description) }
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after {
            body["parameters"] = json!({"retry_after": seconds});
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
    ApiError { code: 404, description: Cow::Borrowed("Not Found"), retry_after: None };

/// A well-formed token that is not the bot's.
pub(super) const UNAUTHORIZED: ApiError =
    ApiError { code: 401, description: Cow::Borrowed("Unauthorized"), retry_after: None };

/// Bigger than a bot may upload.
pub(super) const TOO_LARGE: ApiError =
    ApiError { code: 413, description: Cow::Borrowed("Request Entity Too Large"), retry_after: None };
