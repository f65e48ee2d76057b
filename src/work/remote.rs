//! Members of jobs that workers elsewhere do: orders go to them over NATS, and what comes of these comes back.
//!
//! An order is on its way, or in somebody's hands, until its result is in the stream of results; and the result is there until
//! the job's end is in the bot's store. So whatever of the two ends in between, each order ends once: a bot that
//! starts again publishes its orders again, which NATS refuses where they are still there, and finds the results of the others.

mod answers;
mod cancel;
mod files;
mod fleet;
mod inspect;
mod large;
mod listen;
mod result;
mod state;
mod stored;
mod tidy;

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::{ErrorCode, context::PublishErrorKind},
};
use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use self::{result::MAX_FETCHES, state::State, stored::Stored, tidy::Ended};
use super::{Control, Found, Unfinished, fleet::Fleet};
use crate::{
    job::{Failure, Member},
    nats::{JobKey, Key, Kind, Nats, NatsError, Order, message},
};

/// Jobs that have ended and whose messages are to be removed.
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
    /// The pause before something that failed is tried again; it grows where that goes on.
    pub again: Duration,
    /// NATS that has done nothing of what it is asked for so long counts as away, though it is connected.
    pub silent: Duration,
    /// How long a cancel waits for its answer before somebody looks again whether there is an order at all.
    pub look: Duration,
    /// How often the bot looks whether what it has on NATS is still there.
    pub inspect: Duration,
    /// How long nothing comes of a large result, or of a file that a program left, before it is asked for again.
    pub idle: Duration,
}

impl Default for FleetTimings {
    fn default() -> Self {
        Self {
            ack_wait: Duration::from_secs(8),
            alive: Duration::from_secs(3),
            announce: Duration::from_secs(3),
            gone: Duration::from_secs(12),
            sign: Duration::from_secs(1),
            grace: Duration::from_secs(30),
            again: Duration::from_millis(200),
            silent: Duration::from_secs(5),
            look: Duration::from_millis(500),
            inspect: Duration::from_secs(30),
            idle: Duration::from_secs(10),
        }
    }
}

/// The bot's side of the fleet.
pub struct Remote {
    nats: Nats,
    timings: FleetTimings,
    max_attempts: u32,
    /// Where what programs left is kept.
    results: PathBuf,
    fleet: watch::Sender<Fleet>,
    /// Over which connection, from 1, all results that were there at its beginning were heard; 0: over none yet.
    caught_up: watch::Sender<u64>,
    /// Some were not.
    hear_again: Notify,
    /// `None` before the first connection.
    stored: watch::Sender<Option<Arc<Stored>>>,
    /// For large results.
    fetches: Semaphore,
    // A std lock, held for an insertion or a look.
    state: Mutex<State>,
    ended: mpsc::Sender<Ended>,
    to_tidy: Mutex<Option<mpsc::Receiver<Ended>>>,
}

/// What came of a turn.
enum Turn {
    Ended(Result<Found, Unfinished>),
    /// It is nobody's any more: the next one.
    Next,
    /// The same, and somebody had done it: what came of it is lost.
    Lost,
}

impl Remote {
    /// The bot's side over this connection. Nothing is heard before [`serve`](Self::serve) runs. An order that was delivered
    /// `max_attempts` times without an end is left alone. What programs left is put into the folder `results`.
    pub fn new(nats: Nats, timings: FleetTimings, max_attempts: u32, results: PathBuf) -> Arc<Self> {
        let (ended, to_tidy) = mpsc::channel(MAX_TIDY);
        Arc::new(Self {
            nats,
            timings,
            max_attempts,
            results,
            fleet: watch::Sender::new(Fleet::unknown()),
            caught_up: watch::Sender::new(0),
            hear_again: Notify::new(),
            stored: watch::Sender::new(None),
            fetches: Semaphore::new(MAX_FETCHES),
            state: Mutex::default(),
            ended,
            to_tidy: Mutex::new(Some(to_tidy)),
        })
    }

    /// Who works, as it changes.
    pub fn fleet(&self) -> watch::Receiver<Fleet> {
        self.fleet.subscribe()
    }

    /// All results that are there are looked at once more.
    pub(crate) fn hear_again(&self) {
        self.hear_again.notify_one();
    }

    /// The connection.
    pub fn nats(&self) -> &Nats {
        &self.nats
    }

    /// Has a member done by some worker, which may begin it `attempts` times; as often as any where that is not said. Where the process ends it is left to the worker, and found again by the next process.
    pub(super) async fn run(
        &self,
        (job, index): (JobKey, usize),
        member: &Member,
        (memory, attempts): (u64, Option<u32>),
        control: &Arc<Control>,
    ) -> Result<Found, Unfinished> {
        let order = Order::new(member.clone(), memory, attempts.unwrap_or(self.max_attempts));
        let (mut turn, mut lost) = (1, 0);
        loop {
            let key = Key { job, member: index, turn };
            match self.turn(key, &order, control).await {
                Turn::Ended(end) => return end,
                Turn::Next | Turn::Lost if control.exits() => return Err(Unfinished::Left),
                Turn::Next | Turn::Lost if control.check().is_err() => {
                    return Err(self.stopped(key, control).await);
                }
                Turn::Next => {}
                // Whatever loses it would lose it again, and all that time nobody else has the slot.
                Turn::Lost if lost + 1 >= self.max_attempts => {
                    return Err(Unfinished::Failed(Failure::LostResult(self.max_attempts)));
                }
                Turn::Lost => lost += 1,
            }
            turn += 1;
        }
    }

    async fn turn(&self, key: Key, order: &Order, control: &Arc<Control>) -> Turn {
        // First: whatever is heard from here on is heard here.
        let mut waiter = self.wait_for(key, control);
        let mut caught_up = self.caught_up.subscribe();
        let known = async {
            // The sender is ours.
            let _ = caught_up.wait_for(|connection| *connection > 0).await;
            if self.claim(key) { self.read(key).await } else { None }
        };
        let known = tokio::select! {
            biased;
            // Nothing was handed out by this process; what another one did is found by who looks for it.
            () = control.cancelled() => return self.cancelled(key, control, waiter).await,
            known = known => known,
        };
        if let Some(told) = known {
            return self.take(key, order, told, control).await;
        }
        self.state().handed.entry(key.job).or_default().left = true;
        let lost = waiter.lost.clone();
        let told = tokio::select! {
            biased;
            told = waiter.told() => told,
            () = control.cancelled() => return self.cancelled(key, control, waiter).await,
            never = self.keep_handed_out(key, (order, control), caught_up, &lost) => match never {},
        };
        self.take(key, order, told, control).await
    }

    /// Publishes the order, for as long as it takes, and again when it may be lost. The time of its job runs when it is there: before,
    /// nobody can do it.
    async fn keep_handed_out(
        &self,
        key: Key,
        (order, control): (&Order, &Control),
        mut caught_up: watch::Receiver<u64>,
        lost: &Notify,
    ) -> Infallible {
        let subject = self.nats.names().order(&Kind::of(&order.member), key);
        let Ok(payload) = message::write(order) else { return std::future::pending().await };
        let what = ("an order is not handed out", &key as _);
        let mut headers = as_one(key);
        loop {
            self.nats.insist(self.timings.again, what, || self.publish(&subject, &headers, &payload)).await;
            control.begins();
            if let Some(waiting) = self.state().waiting.get_mut(&key) {
                waiting.handed_out = true;
            }
            tokio::select! {
                // A server that lost its power may have lost what it had confirmed, too: over each connection again, if no
                // result is there. It is refused where it is there.
                Ok(()) = caught_up.changed() => {}
                // It is known to be gone, so it is another one.
                () = lost.notified() => headers = as_one(key),
            }
        }
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
}

/// Twice with these headers is once. Another process's are others: what has to be done again must not be taken for it.
fn as_one(key: Key) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(async_nats::header::NATS_MESSAGE_ID, format!("{key}-{:x}", rand::random::<u64>()));
    headers
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

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        job::{ChatId, JobId},
        nats::{Blob, Options, Report, Side, message::WorkEnd},
    };

    /// A bot's side whose NATS is away.
    pub(super) async fn away() -> Arc<Remote> {
        let (urls, name) = (vec!["nats://127.0.0.1:1".to_owned()], "test".to_owned());
        let options = Options { urls, creds: None, ca: None, replicas: 1, bot: 1, side: Side::Bot, name };
        Remote::new(Nats::connect(&options).await.unwrap(), FleetTimings::default(), 3, std::env::temp_dir())
    }

    #[tokio::test]
    async fn the_end_of_another_jobs_order_is_no_answer_to_a_cancel() {
        let remote = away().await;
        remote.caught_up.send_replace(1);
        let (cancel, exit) = (CancellationToken::new(), CancellationToken::new());
        let control = Arc::new(Control::new(cancel.clone(), exit.clone()));
        let (job, member) = (JobKey { chat: ChatId(1), job: JobId(1) }, Member::Fib(5_000));
        let mut run = Box::pin(remote.run((job, 0), &member, (0, None), &control));
        assert!(poll!(&mut run).is_pending());
        // Of before the bot's store was set back; and somebody may have the order of this one.
        let other = Report::new("x", Member::Fib(6_000), WorkEnd::Number { n: 6_000 });
        remote.state().hear(Key { job, member: 0, turn: 1 }, Ok((other, Blob::new())));
        cancel.cancel();
        assert!(poll!(&mut run).is_pending(), "confirmed without a look at who has it");
        exit.cancel();
        let end = poll!(&mut run);
        assert!(matches!(end, Poll::Ready(Err(Unfinished::Left))), "{end:?}");
    }

    #[tokio::test]
    async fn the_time_of_a_job_does_not_run_before_its_order_is_there_or_what_came_of_it() {
        let remote = away().await;
        remote.caught_up.send_replace(1);
        let control = Arc::new(Control::default());
        let (job, member) = (JobKey { chat: ChatId(1), job: JobId(1) }, Member::Fib(5_000));
        let mut run = Box::pin(remote.run((job, 0), &member, (0, None), &control));
        assert!(poll!(&mut run).is_pending());
        assert!(poll!(Box::pin(control.begun())).is_pending(), "nobody can have it");
        let other = Report::new("x", Member::Fib(5_000), WorkEnd::Number { n: 5_000 });
        remote.state().hear(Key { job, member: 0, turn: 1 }, Ok((other, Blob::from("5"))));
        assert!(poll!(&mut run).is_ready());
        assert!(poll!(Box::pin(control.begun())).is_ready());
    }
}
