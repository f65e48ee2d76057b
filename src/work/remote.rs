//! Members of jobs that workers elsewhere do: orders go to them over NATS, and what comes of these comes back.
//!
//! An order is on its way, or in somebody's hands, until its result is in the stream of results; and the result is there until
//! the job's end is in the bot's store. So whatever of the two ends in between, each order ends once: a bot that
//! starts again publishes its orders again, which NATS refuses where they are still there, and finds the results of the others.

mod cancel;
mod fleet;
mod listen;
mod tidy;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{
    HeaderMap,
    jetstream::{ErrorCode, context::PublishErrorKind},
};
use bytes::Bytes;
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, oneshot, watch},
};

use super::{Control, Found, Unfinished, fleet::Fleet};
use crate::{
    job::Member,
    nats::{
        Blob, JobKey, Key, Nats, NatsError, Order, Report,
        message::{self, WorkEnd},
    },
};

/// Jobs that have ended and whose messages are to be removed. What is too much stays until the next start.
const MAX_TIDY: usize = 10_000;

/// Durations that bot and workers go by.
#[derive(Clone, Copy, Debug)]
pub struct FleetTimings {
    /// An order that no worker speaks of for so long goes to the next one. It is set when the bot's streams are made.
    pub ack_wait: Duration,
    /// How often a worker speaks of what it has.
    pub alive: Duration,
    /// How often a worker announces itself.
    pub announce: Duration,
    /// A worker that was not heard of for so long is gone.
    pub gone: Duration,
    /// How often it is told how far an order is.
    pub sign: Duration,
    /// How long a worker that is told to end waits for what it has begun.
    pub grace: Duration,
    /// The pause before something that failed is tried again.
    pub again: Duration,
    /// How long a cancel waits for its answer before somebody looks whether there is an order at all.
    pub look: Duration,
}

impl Default for FleetTimings {
    fn default() -> Self {
        Self {
            ack_wait: Duration::from_secs(10),
            alive: Duration::from_secs(3),
            announce: Duration::from_secs(3),
            gone: Duration::from_secs(12),
            sign: Duration::from_secs(1),
            grace: Duration::from_secs(30),
            again: Duration::from_millis(200),
            look: Duration::from_millis(500),
        }
    }
}

/// The bot's side of the fleet.
pub struct Remote {
    nats: Nats,
    timings: FleetTimings,
    max_attempts: u32,
    fleet: watch::Sender<Fleet>,
    /// Over which connection, from 1, all results that were there at its beginning were heard; 0: over none yet.
    caught_up: watch::Sender<u64>,
    // A std lock, held for an insertion or a look.
    state: Mutex<State>,
    ended: mpsc::Sender<Ended>,
    to_tidy: Mutex<Option<mpsc::Receiver<Ended>>>,
}

#[derive(Default)]
struct State {
    /// Who waits for what comes of an order.
    waiting: HashMap<Key, Waiting>,
    /// Results of orders that nobody waits for yet: the bot has just started.
    unclaimed: HashMap<Key, (Report, Blob)>,
    /// Jobs of which there may be something on NATS.
    handed: HashMap<JobKey, Handed>,
    /// When a worker was last heard of, or could have been.
    heard: Option<Instant>,
}

struct Waiting {
    report: oneshot::Sender<(Report, Blob)>,
    control: Arc<Control>,
    /// Units that its control was told of.
    done: u64,
}

/// What there may be of a job on NATS.
#[derive(Default)]
struct Handed {
    cancelled: bool,
    /// When that was last said.
    told: Option<Instant>,
    /// Orders may be.
    left: bool,
    objects: Vec<String>,
}

/// A job whose end is stored, or a result that nobody wants.
struct Ended {
    job: JobKey,
    /// The subjects of results that are to be removed.
    results: String,
    /// What else is.
    handed: Handed,
}

/// What came of a turn.
enum Turn {
    Ended(Result<Found, Unfinished>),
    /// It is nobody's any more: the next one.
    Next,
}

impl Remote {
    /// The bot's side over this connection. Nothing is heard before [`serve`](Self::serve) runs. An order that was delivered
    /// `max_attempts` times without an end is left alone.
    pub fn new(nats: Nats, timings: FleetTimings, max_attempts: u32) -> Arc<Self> {
        let (ended, to_tidy) = mpsc::channel(MAX_TIDY);
        Arc::new(Self {
            nats,
            timings,
            max_attempts,
            fleet: watch::Sender::new(Fleet::unknown()),
            caught_up: watch::Sender::new(0),
            state: Mutex::default(),
            ended,
            to_tidy: Mutex::new(Some(to_tidy)),
        })
    }

    /// Who works, as it changes.
    pub fn fleet(&self) -> watch::Receiver<Fleet> {
        self.fleet.subscribe()
    }

    /// The connection.
    pub fn nats(&self) -> &Nats {
        &self.nats
    }

    /// Has a member done by some worker. Where the process ends it is left to the worker, and found again by the next process.
    pub(super) async fn run(
        &self,
        (job, index): (JobKey, usize),
        member: &Member,
        memory: u64,
        control: &Arc<Control>,
    ) -> Result<Found, Unfinished> {
        let order = Order::new(member.clone(), memory, self.max_attempts);
        let mut turn = 1;
        loop {
            let key = Key { job, member: index, turn };
            match self.turn(key, &order, control).await {
                Turn::Ended(end) => return end,
                Turn::Next if control.exits() => return Err(Unfinished::Left),
                Turn::Next if control.check().is_err() => return Err(Unfinished::Cancelled),
                Turn::Next => turn += 1,
            }
        }
    }

    async fn turn(&self, key: Key, order: &Order, control: &Arc<Control>) -> Turn {
        // First: whatever is heard from here on is heard here.
        let mut waiter = self.wait_for(key, control);
        let mut caught_up = self.caught_up.subscribe();
        let known = async {
            // The sender is ours.
            let _ = caught_up.wait_for(|connection| *connection > 0).await;
            if self.state().unclaimed.contains_key(&key) { self.claim(key) } else { None }
        };
        let known = tokio::select! {
            biased;
            // Nothing was handed out by this process; what another one did is found by who looks for it.
            () = control.cancelled() => return self.cancelled(key, control, waiter).await,
            known = known => known,
        };
        if let Some((report, blob)) = known {
            return self.take(key, order, (report, blob), control).await;
        }
        self.state().handed.entry(key.job).or_default().left = true;
        // Twice within one turn is once. Another process's is another: what has to be done again must not be taken for it.
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, format!("{key}-{:x}", rand::random::<u64>()));
        let handed_out = async {
            loop {
                self.hand_out(key, order, &headers).await;
                // A server that lost its power may have lost what it had confirmed, too: over each connection again, if no
                // result is there. It is refused where it is there.
                if caught_up.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let report = tokio::select! {
            biased;
            report = waiter.report() => report,
            () = control.cancelled() => return self.cancelled(key, control, waiter).await,
            never = handed_out => never,
        };
        self.take(key, order, report, control).await
    }

    /// Publishes the order, for as long as it takes.
    async fn hand_out(&self, key: Key, order: &Order, headers: &HeaderMap) {
        let subject = self.nats.names().order(order.member.resource(), key);
        let Ok(payload) = message::write(order) else { return };
        let what = ("an order is not handed out", &key as _);
        self.nats.insist(self.timings.again, what, || self.publish(&subject, headers, &payload)).await;
    }

    /// Also done where the order is there already.
    async fn publish(&self, subject: &str, headers: &HeaderMap, payload: &Bytes) -> Result<(), NatsError> {
        let jetstream = self.nats.jetstream();
        let published = async {
            jetstream.publish_with_headers(subject.to_owned(), headers.clone(), payload.clone()).await?.await
        };
        match published.await {
            Err(error) if !is_there(&error) => Err(NatsError::refused("an order")(&error)),
            _ => Ok(()),
        }
    }

    /// What a result means.
    async fn take(&self, key: Key, order: &Order, (report, blob): (Report, Blob), control: &Control) -> Turn {
        if report.member != order.member {
            // The bot's store was set back, and its numbers are given anew.
            tracing::warn!(%key, "a result is of another job, and is not taken");
            return Turn::Next;
        }
        let blob = match &report.object {
            None => blob,
            Some(object) => {
                let fetched = tokio::select! {
                    biased;
                    // The work has ended, so there is nothing to stop but this.
                    () = control.cancelled() => return Turn::Next,
                    fetched = self.fetch(object) => fetched,
                };
                match fetched {
                    Some(blob) => blob,
                    None => return Turn::Next,
                }
            }
        };
        let found = match report.end {
            WorkEnd::Number { n } => to_number(n, blob).await.map(Found::Number),
            WorkEnd::Pokemon(pokemon) => Ok(Found::Pokemon(message::to_pokemon(pokemon, &blob))),
            WorkEnd::Failed(failure) => return Turn::Ended(Err(Unfinished::Failed(failure))),
            WorkEnd::Cancelled => {
                self.cancelled_by_nobody(key, control).await;
                return Turn::Next;
            }
            WorkEnd::Returned => {
                tracing::info!(%key, worker = report.worker, "an order was given back");
                return Turn::Next;
            }
        };
        match found {
            Ok(found) => Turn::Ended(Ok(found)),
            Err(error) => {
                tracing::error!(%key, worker = report.worker, %error, "a result makes no sense; it is done again");
                Turn::Next
            }
        }
    }

    /// What stands beside the messages; `None` where it is not there any more.
    async fn fetch(&self, object: &str) -> Option<Blob> {
        let what = ("a result is not fetched", &object as _);
        self.nats.insist(self.timings.again, what, || self.fetch_once(object)).await
    }

    async fn fetch_once(&self, object: &str) -> Result<Option<Blob>, NatsError> {
        use async_nats::jetstream::object_store::GetErrorKind;
        let refused = NatsError::refused("an object");
        let mut found = match self.nats.large().await?.get(object).await {
            Ok(found) => found,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(&error)),
        };
        let mut blob = Vec::with_capacity(found.info().size);
        found.read_to_end(&mut blob).await.map_err(|error| refused(&error))?;
        Ok(Some(blob.into()))
    }

    fn wait_for(&self, key: Key, control: &Arc<Control>) -> Waiter<'_> {
        let (report, waits) = oneshot::channel();
        self.state().waiting.insert(key, Waiting { report, control: control.clone(), done: 0 });
        Waiter { remote: self, key, waits }
    }

    /// A result that came before anybody waited for it.
    fn claim(&self, key: Key) -> Option<(Report, Blob)> {
        let mut state = self.state();
        let claimed = state.unclaimed.remove(&key)?;
        let handed = state.handed.entry(key.job).or_default();
        handed.left = true;
        handed.objects.extend(claimed.0.object.clone());
        Some(claimed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for what comes of an order.
struct Waiter<'a> {
    remote: &'a Remote,
    key: Key,
    waits: oneshot::Receiver<(Report, Blob)>,
}

impl Waiter<'_> {
    async fn report(&mut self) -> (Report, Blob) {
        match (&mut self.waits).await {
            Ok(report) => report,
            // Another one waits for the same, which cannot be: a job has one run.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.remote.state().waiting.remove(&self.key);
    }
}

/// Whether the stream refused a second order of the same name.
fn is_there(error: &async_nats::jetstream::context::PublishError) -> bool {
    let source = std::error::Error::source(error);
    let source = source.and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
    error.kind() == PublishErrorKind::Other
        && source.is_some_and(|error| {
            error.error_code() == ErrorCode::STREAM_STORE_FAILED && error.to_string().contains("per subject")
        })
}

/// To look at hundreds of millions of digits takes a while.
async fn to_number(n: u64, blob: Blob) -> Result<crate::job::Number, NatsError> {
    if blob.len() < message::LARGE {
        return message::to_number(n, blob);
    }
    let looked = tokio::task::spawn_blocking(move || message::to_number(n, blob)).await;
    looked.unwrap_or_else(|error| Err(NatsError::Message(error.to_string())))
}
