//! Who leads: one bot at a time has a key on NATS, which is gone some seconds after it was last renewed.
//!
//! Whoever cannot renew it in time stops before it is gone. Should two bots think all the same that they lead, the log of
//! the store still takes entries of one of them only. Telegram takes what anybody sends: so each call looks at the [`Term`] first,
//! whose clock does not stand still with the machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::kv::{self, CreateErrorKind, UpdateErrorKind};
use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::nats::{Nats, NatsError};

const BUCKET: &str = "lease";
const KEY: &str = "leader";
/// How long it may take to give it back.
const GIVEN_BACK: Duration = Duration::from_secs(1);

/// Durations of a lease.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimings {
    /// How long it lasts after it was renewed.
    pub lasts: Duration,
    /// How often it is renewed.
    pub renewed: Duration,
    /// Whoever could not renew it stops so long before its end.
    pub margin: Duration,
    /// Between two tries to get it, or to renew it where that failed.
    pub again: Duration,
    /// So long an empty log is left to whoever has a store to begin it with.
    pub patience: Duration,
}

impl Default for LeaseTimings {
    fn default() -> Self {
        Self {
            lasts: Duration::from_secs(12),
            renewed: Duration::from_secs(3),
            margin: Duration::from_secs(2),
            again: Duration::from_millis(500),
            patience: Duration::from_secs(15),
        }
    }
}

impl LeaseTimings {
    /// How long whoever has renewed it may think that it leads.
    fn held(&self) -> Duration {
        self.lasts.saturating_sub(self.margin)
    }
}

/// Where leases are taken. Cheap to clone.
#[derive(Clone)]
pub struct Leases {
    bucket: kv::Store,
    timings: LeaseTimings,
}

/// Who has a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What it says of itself.
    pub name: String,
    /// Another one after each time that it has renewed it.
    pub revision: u64,
}

/// A lease that is renewed until it is given back, or dropped.
#[derive(Debug)]
pub struct Lease {
    bucket: kv::Store,
    me: Bytes,
    stop: CancellationToken,
    term: Term,
    tasks: TaskTracker,
}

/// How long a bot may think that it leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Term {
    /// By [`since_boot`], in milliseconds.
    until: Arc<AtomicU64>,
    lost: CancellationToken,
}

impl Leases {
    /// Makes the bucket where it is not there.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn open(nats: &Nats, timings: LeaseTimings) -> Result<Self, NatsError> {
        let bucket = BUCKET.to_owned();
        let config = kv::Config { bucket, history: 1, max_age: timings.lasts, ..kv::Config::default() };
        Ok(Self { bucket: nats.ensure_bucket(config).await?, timings })
    }

    /// Takes the lease, if nobody has it. `me` is what others read of who has it; no two bots have the same.
    ///
    /// # Errors
    /// [`NatsError`]; it may have been taken all the same, and is gone after its time then.
    pub async fn take(&self, me: &str) -> Result<Option<Lease>, NatsError> {
        let (me, begun) = (Bytes::copy_from_slice(me.as_bytes()), since_boot());
        let refused = NatsError::refused("the lease");
        let revision = match self.bucket.create(KEY, me.clone()).await {
            Ok(revision) => revision,
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(refused(&error)),
        };
        let stop = CancellationToken::new();
        let term = Term::until(begun + self.timings.held());
        let renewing = Renewing {
            bucket: self.bucket.clone(),
            timings: self.timings,
            me: me.clone(),
            revision,
            term: term.clone(),
        };
        let tasks = TaskTracker::new();
        tasks.spawn(renewing.renew(stop.clone()));
        tasks.close();
        Ok(Some(Lease { bucket: self.bucket.clone(), me, stop, term, tasks }))
    }

    /// Who leads, if somebody does.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn holder(&self) -> Result<Option<Holder>, NatsError> {
        let refused = NatsError::refused("the lease");
        let entry = self.bucket.entry(KEY).await.map_err(|error| refused(&error))?;
        // Who gave it back has left a mark of that.
        let entry = entry.filter(|entry| entry.operation == kv::Operation::Put);
        Ok(entry.map(|entry| Holder {
            name: String::from_utf8_lossy(&entry.value).into_owned(),
            revision: entry.revision,
        }))
    }

    /// What the one who leads says of itself, if somebody leads.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn leader(&self) -> Result<Option<String>, NatsError> {
        Ok(self.holder().await?.map(|holder| holder.name))
    }
}

impl Lease {
    /// Cancelled when it is not this bot's any more, or may soon not be; it can also be cancelled by whoever finds out otherwise.
    pub fn lost(&self) -> &CancellationToken {
        &self.term.lost
    }

    /// To be looked at before each thing that cannot be undone and that nobody refuses.
    pub fn term(&self) -> &Term {
        &self.term
    }

    /// Renews it no more, and lets others have it at once if it is still this bot's. Takes a second at most: where NATS is away,
    /// it ends by itself.
    pub async fn give_back(self) {
        self.stop.cancel();
        self.tasks.wait().await;
        if tokio::time::timeout(GIVEN_BACK, self.delete()).await.is_err() {
            tracing::debug!("the lease ends by itself");
        }
    }

    async fn delete(&self) {
        let kept = self.bucket.entry(KEY).await;
        if let Ok(Some(entry)) = kept
            && entry.value == self.me
            && let Err(error) = self.bucket.delete_expect_revision(KEY, Some(entry.revision)).await
        {
            tracing::debug!(%error, "the lease ends by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.cancel();
        self.term.lost.cancel();
    }
}

impl Term {
    /// One that ends so long after the machine's start, if it is not made longer.
    fn until(end: Duration) -> Self {
        Self { until: Arc::new(AtomicU64::new(millis(end))), lost: CancellationToken::new() }
    }

    /// One that goes on until it is said to end.
    pub fn endless() -> Self {
        Self::until(Duration::MAX)
    }

    /// Cancelled when it is known to be over, which may be later than it is.
    pub fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Whether it is over, or the lease is lost for another reason.
    pub fn is_over(&self) -> bool {
        if self.left().is_zero() && !self.lost.is_cancelled() {
            tracing::warn!("the lease is over");
            self.lost.cancel();
        }
        self.lost.is_cancelled()
    }

    fn left(&self) -> Duration {
        Duration::from_millis(self.until.load(Ordering::Relaxed)).saturating_sub(since_boot())
    }

    /// It ends so long after the machine's start.
    pub fn lasts_until(&self, end: Duration) {
        self.until.store(millis(end), Ordering::Relaxed);
    }
}

/// Tells this process from all others.
pub(crate) fn me() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}/{}/{:08x}", std::process::id(), rand::random::<u32>())
}

/// Time since the machine's start. While it is suspended, this goes on and [`Instant`](std::time::Instant) does not: a bot that
/// wakes up would think that it still leads, until its next try to renew the lease.
fn since_boot() -> Duration {
    clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

struct Renewing {
    bucket: kv::Store,
    timings: LeaseTimings,
    me: Bytes,
    revision: u64,
    term: Term,
}

impl Renewing {
    async fn renew(mut self, stop: CancellationToken) {
        let lost = self.term.lost.clone();
        let ended = async {
            let (mut pause, mut told) = (self.timings.renewed, false);
            loop {
                tokio::time::sleep(pause.min(self.term.left())).await;
                let (begun, left) = (since_boot(), self.term.left());
                if left.is_zero() {
                    return "it could not be renewed in time";
                }
                pause = match tokio::time::timeout(left, self.once()).await {
                    Ok(Ok(())) => {
                        self.term.lasts_until(begun + self.timings.held());
                        told = false;
                        self.timings.renewed
                    }
                    Ok(Err(Some(error))) => {
                        if !told {
                            tracing::warn!(%error, "the lease could not be renewed; trying again");
                        }
                        told = true;
                        self.timings.again
                    }
                    Ok(Err(None)) => return "another bot has it",
                    Err(_) => return "it could not be renewed in time",
                };
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = lost.cancelled() => {}
            why = ended => {
                tracing::warn!(why, "the lease is lost");
                lost.cancel();
            }
        }
    }

    /// `None` where it is somebody else's, or nobody's.
    async fn once(&mut self) -> Result<(), Option<NatsError>> {
        let refused = NatsError::refused("the lease");
        match self.bucket.update(KEY, self.me.clone(), self.revision).await {
            Ok(revision) => {
                self.revision = revision;
                Ok(())
            }
            // Perhaps it was renewed, and that was not heard.
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                match self.bucket.entry(KEY).await {
                    Ok(Some(entry)) if entry.value == self.me && entry.revision != self.revision => {
                        self.revision = entry.revision;
                        Err(Some(refused(&error)))
                    }
                    Ok(Some(entry)) if entry.value == self.me => Err(Some(refused(&error))),
                    Ok(_) => Err(None),
                    Err(error) => Err(Some(refused(&error))),
                }
            }
            Err(error) => Err(Some(refused(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_over_though_no_timer_has_said_so() {
        let end = since_boot() + Duration::from_millis(30);
        let term = Term::until(end);
        while !term.is_over() {
            std::thread::yield_now();
        }
        assert!(since_boot() + Duration::from_millis(1) >= end);
        assert!(term.lost.is_cancelled(), "nobody hears of it");
        let (lost, long) = (Term::until(Duration::MAX), Term::until(Duration::MAX));
        lost.lost.cancel();
        assert!(lost.is_over() && !long.is_over());
    }
}
