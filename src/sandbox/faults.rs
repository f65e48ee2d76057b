//! Faults that tests put between the bot and its Telegram.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio_util::sync::CancellationToken;

use super::{errors::ApiError, view::ChatId};

/// A fault: which calls it meets, how often, and what happens to them.
///
/// `Fault::on("sendMessage").chat(chat).times(2).answer(Failure::Server(502))`
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    method: Option<String>,
    chat: Option<ChatId>,
    times: usize,
    failure: Failure,
}

/// What happens to a call that meets a fault.
#[derive(Clone, Debug)]
pub enum Failure {
    /// 429 with this many seconds; nothing is done.
    TooManyRequests {
        /// Seconds.
        retry_after: u32,
    },
    /// 403; the text goes after `Forbidden: `.
    Forbidden(String),
    /// 400; the text goes after `Bad Request: `.
    BadRequest(String),
    /// 404: the server does not know the method.
    NotFound,
    /// A status of the 500s with a body that is no JSON, as proxies answer.
    Server(u16),
    /// The connection is closed, nothing is done.
    DropBefore,
    /// The call is carried out, then the connection is closed.
    DropAfter,
    /// The call is carried out, its answer waits for the gate.
    Hold(Gate),
}

impl Fault {
    /// Meets calls of one method, whatever the case of its name.
    pub fn on(method: &str) -> Self {
        Self { method: Some(method.to_owned()), ..Self::on_any() }
    }

    /// Meets calls of every method.
    pub fn on_any() -> Self {
        Self { method: None, chat: None, times: 1, failure: Failure::Server(500) }
    }

    /// Only calls about this chat.
    pub fn chat(self, chat: ChatId) -> Self {
        Self { chat: Some(chat), ..self }
    }

    /// How many calls it meets; once where nothing is said.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Meets calls until the faults are cleared.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// What happens to the calls.
    pub fn answer(self, failure: Failure) -> Self {
        Self { failure, ..self }
    }
}

/// Holds answers back until it is opened. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(CancellationToken);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it for good.
    pub fn release(&self) {
        self.0.cancel();
    }

    pub(super) async fn opened(&self) {
        self.0.cancelled().await;
    }
}

/// How often a fault has met a call.
#[derive(Clone, Debug)]
pub struct Fired(Arc<AtomicUsize>);

impl Fired {
    /// The number so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A fault in force.
pub(super) struct FaultState {
    fault: Fault,
    fired: Arc<AtomicUsize>,
}

impl FaultState {
    pub(super) fn new(fault: Fault) -> (Self, Fired) {
        let fired = Arc::new(AtomicUsize::new(0));
        (Self { fault, fired: Arc::clone(&fired) }, Fired(fired))
    }
}

/// The failure of the first fault that meets the call. Faults that are used up are dropped.
pub(super) fn meet(faults: &mut Vec<FaultState>, method: &str, chat: Option<i64>) -> Option<Failure> {
    let at = faults.iter().position(|state| {
        state.fault.times > 0
            && state.fault.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && state.fault.chat.is_none_or(|wanted| chat == Some(wanted.0))
    })?;
    let state = &mut faults[at];
    state.fired.fetch_add(1, Relaxed);
    let failure = state.fault.failure.clone();
    state.fault.times -= usize::from(state.fault.times != usize::MAX);
    if state.fault.times == 0 {
        faults.remove(at);
    }
    Some(failure)
}

impl Failure {
    /// The answer in the call's place; `None` where the call is carried out or the connection dies.
    pub(super) fn error(&self) -> Option<ApiError> {
        match self {
            Self::TooManyRequests { retry_after } => Some(ApiError::too_many_requests(*retry_after)),
            Self::Forbidden(what) => Some(super::errors::forbidden(what)),
            Self::BadRequest(what) => Some(super::errors::bad_request(what)),
            Self::NotFound => Some(super::errors::NOT_FOUND),
            Self::Server(code) => Some(ApiError::new(*code, "the server failed")),
            Self::DropBefore | Self::DropAfter | Self::Hold(_) => None,
        }
    }
}
