//! Calls to the Bot API: teloxide's payloads over a client of our own.
//!
//! teloxide's own client sleeps 10 s inside any call that is answered with a 5xx and gives uploads 17 s; the outbox
//! has to know at once, and to decide itself.

mod direct;
mod newer;
mod upload;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{Uri, http::uri::InvalidUri};
use reqwest::{Client, RequestBuilder, multipart::Form, redirect::Policy};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use teloxide::requests::Payload;

use self::{direct::Direct, newer::Newer};
pub use self::{
    newer::Feature,
    upload::{Content, Upload},
};
use super::buttons::Key;
use crate::{
    config::{Config, Timings},
    lease::Term,
    metrics::{Called, Metrics},
    store::Secret,
};

/// The method of long polling.
pub(super) const GET_UPDATES: &str = "GetUpdates";

/// A client of one bot. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// For JSON calls, where no proxy is in between.
    direct: Option<Direct>,
    /// With the token: never to be shown.
    base: String,
    /// One for each method that was called: to parse it each time is a twentieth of all that an answer costs.
    uris: Arc<RwLock<HashMap<String, Uri>>>,
    newer: Arc<Newer>,
    /// Of the buttons that the bot sends, and knows again.
    key: Key,
    timings: Timings,
    metrics: Arc<Metrics>,
    /// Where somebody else may lead, and say the same.
    term: Option<Term>,
}

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Telegram wants a pause.
    #[error("Telegram asks for a pause of {0:?}")]
    RetryAfter(Duration),
    /// There is no such method, or the token has not even the shape of one.
    #[error("Telegram knows no such method")]
    NotFound,
    /// The token is wrong, or was revoked.
    #[error("Telegram does not know this token")]
    Unauthorized,
    /// The bot was blocked or kicked, or may not write here.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else polls with this token, or a webhook is set.
    #[error("{0}")]
    Conflict(String),
    /// The group became a supergroup: this is its id now.
    #[error("the group became the supergroup {0}")]
    Migrated(i64),
    /// The call can never work.
    #[error("{0}")]
    BadRequest(String),
    /// Telegram's servers have a problem.
    #[error("Telegram answered with status {0}")]
    Server(u16),
    /// The connection was lost or the time ran out: whether the call was done is not known.
    #[error("no answer from Telegram: {0}")]
    Connection(String),
    /// The file that was to be sent cannot be read.
    #[error("the file cannot be read")]
    Unreadable,
    /// The answer is not what the Bot API promises.
    #[error("an answer that the Bot API does not promise: {0}")]
    Nonsense(String),
}

impl ApiError {
    /// An edit that would change nothing: what was wanted is already there.
    pub fn is_not_modified(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("message is not modified"))
    }

    /// The message to be edited was deleted, or cannot be edited any more.
    pub fn is_message_gone(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("message to edit not found")
            || text.contains("message can't be edited") || text.contains("MESSAGE_ID_INVALID"))
    }

    /// The message has a picture, and its words are a caption.
    pub fn is_caption(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("no text in the message to edit"))
    }

    /// The forum topic was deleted, or was closed by its admins: nothing can be said there.
    pub fn is_topic_gone(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("message thread not found")
            || text.contains("TOPIC_CLOSED") || text.contains("TOPIC_DELETED"))
    }

    /// The server has no rich messages: it does not know the method, or has ignored the parameter.
    pub fn is_unknown_rich(&self) -> bool {
        match self {
            Self::NotFound => true,
            Self::BadRequest(text) => {
                text.contains("message text is empty") || text.to_lowercase().contains("method not found")
            }
            _ => false,
        }
    }

    /// Nobody can poll while a webhook is set.
    pub fn is_about_webhook(&self) -> bool {
        matches!(self, Self::Conflict(text) if text.to_lowercase().contains("webhook"))
    }

    /// Something is wrong with a button.
    pub fn is_about_buttons(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("BUTTON_") || text.to_lowercase().contains("style"))
    }

    /// The file is larger than Telegram takes.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::BadRequest(text) if text.contains("Request Entity Too Large"))
    }

    /// The chat does not exist any more.
    pub fn is_chat_gone(&self) -> bool {
        matches!(self, Self::Forbidden(_))
            || matches!(self, Self::BadRequest(text) if text.contains("chat not found")
                || text.contains("PEER_ID_INVALID") || text.contains("upgraded to a supergroup"))
    }
}

/// The envelope of every answer.
#[derive(Deserialize)]
struct Answer<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Api {
    /// A client of the bot in `config`, whose buttons are signed with its store's secret.
    ///
    /// # Errors
    /// Where the TLS backend cannot be started.
    pub fn new(config: &Config, secret: &Secret) -> reqwest::Result<Self> {
        // A redirect would carry the token elsewhere: in its address, or as the Referer. The Bot API has none.
        let client = Client::builder()
            .connect_timeout(config.timings.call)
            .tcp_nodelay(true)
            .redirect(Policy::none())
            .build()?;
        let base = format!("{}/bot{}", config.api_url, config.token.secret());
        let direct = Direct::to(&base, config.timings.call);
        let (uris, newer, key) = (Arc::default(), Arc::default(), Key::new(secret));
        let (timings, metrics) = (config.timings, Metrics::new());
        Ok(Self { client, direct, base, uris, newer, key, timings, metrics, term: None })
    }

    /// The same, counted by somebody.
    #[must_use]
    pub fn measured(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The same, for as long as this bot leads. Calls that begin later never end, and nothing of them is sent.
    #[must_use]
    pub fn within(self, term: Option<Term>) -> Self {
        Self { term, ..self }
    }

    /// Refused, whoever calls would go on, and perhaps tell somebody of it.
    async fn while_leading(&self) {
        if self.term.as_ref().is_some_and(Term::is_over) {
            std::future::pending::<()>().await;
        }
    }

    /// The durations of its calls.
    pub(crate) fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Who counts.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The key of the bot's buttons.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Whether the server may know this: it did not refuse it lately.
    pub fn takes(&self, feature: Feature) -> bool {
        self.newer.takes(feature)
    }

    /// The server does not know this.
    pub fn refuse(&self, feature: Feature) {
        self.newer.refuse(feature);
    }

    /// Makes a call and reads its answer as `T`: teloxide's output, or just the parts of it that are used.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call<P: Payload + Serialize, T: DeserializeOwned>(
        &self,
        payload: &P,
    ) -> Result<T, ApiError> {
        self.json(P::NAME, payload, self.timings.call).await
    }

    /// As [`call`](Self::call), for a payload of our own and with a time limit of its own.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: &str,
        payload: &impl Serialize,
        limit: Duration,
    ) -> Result<T, ApiError> {
        self.while_leading().await;
        let begun = Instant::now();
        let answer = async {
            let (status, body) = match &self.direct {
                Some(direct) => {
                    // It always can: only a map whose keys are no text could not.
                    let body = serde_json::to_vec(payload)
                        .map_err(|error| ApiError::Connection(error.to_string()))?;
                    direct.post(self.uri(method)?, body, limit).await?
                }
                None => self.send(self.client.post(self.url(method)).timeout(limit).json(payload)).await?,
            };
            read(status, &body)
        }
        .await;
        // How long a poll takes says how little people write.
        let took = (method != GET_UPDATES).then(|| begun.elapsed());
        self.metrics.called(method, called(&answer), took);
        answer
    }

    /// Makes a call that carries a file. `fields` are the other parameters; what is not text goes as JSON.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn upload<T: DeserializeOwned>(
        &self,
        method: &str,
        fields: Vec<(&'static str, Value)>,
        file: Upload,
    ) -> Result<T, ApiError> {
        self.while_leading().await;
        let mut form = Form::new();
        for (name, value) in fields {
            form = match value {
                Value::Null => form,
                Value::String(text) => form.text(name, text),
                other => form.text(name, other.to_string()),
            };
        }
        let name = file.part;
        let (part, broken) = file.part();
        let form = form.part(name, part);
        let request = self.client.post(self.url(method)).timeout(self.timings.upload).multipart(form);
        let answer = match self.send(request).await {
            Ok((status, body)) => read(status, &body),
            Err(_) if broken.load(Relaxed) => Err(ApiError::Unreadable),
            Err(error) => Err(error),
        };
        self.metrics.called(method, called(&answer), None);
        answer
    }

    async fn send(&self, request: RequestBuilder) -> Result<(u16, Bytes), ApiError> {
        let response = request.send().await.map_err(connection)?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.map_err(connection)?))
    }

    fn url(&self, method: &str) -> String {
        format!("{}/{method}", self.base)
    }

    fn uri(&self, method: &str) -> Result<Uri, ApiError> {
        // Held for a look or an insertion.
        if let Some(uri) = self.uris.read().unwrap_or_else(PoisonError::into_inner).get(method) {
            return Ok(uri.clone());
        }
        // The error says what is wrong, and not where.
        let uri: Uri =
            self.url(method).parse().map_err(|error: InvalidUri| ApiError::Connection(error.to_string()))?;
        self.uris.write().unwrap_or_else(PoisonError::into_inner).insert(method.to_owned(), uri.clone());
        Ok(uri)
    }
}

fn called<T>(answer: &Result<T, ApiError>) -> Called {
    let Err(error) = answer else { return Called::Done };
    match error {
        ApiError::RetryAfter(_) => Called::TooManyRequests,
        ApiError::NotFound => Called::NotFound,
        ApiError::Unauthorized => Called::Unauthorized,
        ApiError::Forbidden(_) => Called::Forbidden,
        ApiError::Conflict(_) => Called::Conflict,
        ApiError::Migrated(_) => Called::Migrated,
        ApiError::BadRequest(_) => Called::BadRequest,
        ApiError::Server(_) => Called::ServerError,
        ApiError::Connection(_) => Called::NoAnswer,
        ApiError::Unreadable => Called::Unreadable,
        ApiError::Nonsense(_) => Called::Nonsense,
    }
}

fn connection(error: reqwest::Error) -> ApiError {
    // The URL holds the token.
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ApiError::Connection(format!("{error}{cause}"))
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Answer { ok: true, result: Some(result), .. }) => Ok(result),
        Ok(answer) => Err(refusal(&answer, status)),
        // JSON, but not what was asked for.
        Err(error) if error.is_data() && status < 300 => Err(ApiError::Nonsense(error.to_string())),
        // A proxy in between answers in HTML.
        Err(_) if status >= 500 => Err(ApiError::Server(status)),
        Err(_) => Err(ApiError::Nonsense(format!("status {status}, not JSON"))),
    }
}

fn refusal<T>(answer: &Answer<T>, status: u16) -> ApiError {
    let description = answer.description.clone().unwrap_or_default();
    if let Some(to) = answer.parameters.as_ref().and_then(|parameters| parameters.migrate_to_chat_id) {
        return ApiError::Migrated(to);
    }
    match answer.error_code.unwrap_or(status) {
        401 => ApiError::Unauthorized,
        404 => ApiError::NotFound,
        403 => ApiError::Forbidden(description),
        409 => ApiError::Conflict(description),
        429 => {
            // A 429 without the parameter has not been seen; a second is the smallest it names.
            let seconds =
                answer.parameters.as_ref().and_then(|parameters| parameters.retry_after).unwrap_or(1);
            ApiError::RetryAfter(Duration::from_secs(seconds))
        }
        code if code >= 500 => ApiError::Server(code),
        _ => ApiError::BadRequest(description),
    }
}
