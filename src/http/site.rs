//! What is where.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::body::Body;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use tokio::sync::Mutex;

use super::{hook::Hook, ready::Ready};
use crate::metrics::{CONTENT_TYPE as METRICS, Look, Metrics};

/// How long a request may take.
pub(super) const REQUEST: Duration = Duration::from_secs(30);
const TEXT: &str = "text/plain; charset=utf-8";

/// Looks at what only the owners of boards, outbox and store know. Blocks.
pub type Looker = Arc<dyn Fn() -> Look + Send + Sync>;

/// The answers to requests.
pub struct Site {
    metrics: Arc<Metrics>,
    ready: Ready,
    hook: Option<Hook>,
    /// Known when the bot has started.
    looker: OnceLock<Looker>,
    /// One look at a time, however many ask: it costs some of a core.
    looking: Mutex<()>,
}

impl Site {
    /// The site of a bot that starts; `hook` is where updates come in.
    pub fn new(metrics: Arc<Metrics>, ready: Ready, hook: Option<Hook>) -> Arc<Self> {
        Arc::new(Self { metrics, ready, hook, looker: OnceLock::new(), looking: Mutex::new(()) })
    }

    /// The bot has started: this is how it is looked at.
    pub fn look_with(&self, looker: Looker) {
        let _ = self.looker.set(looker);
    }

    /// Whether the bot can do its work.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What is counted of the bot.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Answers one request, in time.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let answer = tokio::time::timeout(REQUEST, self.find(request)).await;
        answer.unwrap_or_else(|_| again(StatusCode::SERVICE_UNAVAILABLE, "this took too long"))
    }

    async fn find(&self, request: Request<Incoming>) -> Response<Body> {
        if let Some(hook) = self.hook.as_ref().filter(|hook| hook.is_at(request.uri().path())) {
            let status = hook.take(request).await;
            self.metrics.webhook(status);
            return hook::response(status);
        }
        if !matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics") {
            return text(StatusCode::NOT_FOUND, "there is nothing here");
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET is wanted");
        }
        match request.uri().path() {
            "/healthz" => text(StatusCode::OK, "it runs"),
            "/readyz" => match self.ready.look(&self.metrics).await {
                Ok(()) => text(StatusCode::OK, "ready"),
                Err(why) => again(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {why}")),
            },
            _ => self.look().await,
        }
    }

    async fn look(&self) -> Response<Body> {
        let _one = self.looking.lock().await;
        let (metrics, looker) = (self.metrics.clone(), self.looker.get().cloned());
        // It reads files, and looks at every unfinished job.
        let text = tokio::task::spawn_blocking(move || {
            metrics.look(&looker.map_or_else(Look::default, |look| look()));
            metrics.text()
        });
        match text.await {
            Ok(Ok(body)) => response(StatusCode::OK, METRICS, body),
            _ => text_of_failure(),
        }
    }
}

fn text_of_failure() -> Response<Body> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written")
}

/// One line.
fn text(status: StatusCode, line: &str) -> Response<Body> {
    response(status, TEXT, format!("{line}\n"))
}

/// The same, for somebody who may ask again.
fn again(status: StatusCode, line: &str) -> Response<Body> {
    let mut response = text(status, line);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers to Telegram. A body could be taken for a call of a method: there is none.
mod hook {
    use super::{Body, HeaderValue, RETRY_AFTER, Response, StatusCode};
    use crate::metrics::Answer;

    pub(super) fn response(answer: Answer) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = match answer {
            Answer::Taken => StatusCode::OK,
            Answer::NoUpdate => StatusCode::BAD_REQUEST,
            Answer::WrongSecret => StatusCode::UNAUTHORIZED,
            Answer::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Answer::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Answer::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        if answer == Answer::Busy {
            // Telegram obeys it.
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
