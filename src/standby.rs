//! The way to lead: a bot of `--standby` follows the store on NATS until it has the lease, and then begins with it.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    RunError,
    config::Config,
    http::Ready,
    lease::{Lease, LeaseTimings, Leases},
    metrics::Metrics,
    nats::{Nats, NatsError},
    store::{
        OpenError,
        replica::{Follower, Replica, ReplicaError, Step},
    },
};

/// With so many entries of the log since the last snapshot of the store, there is to be a new one.
const LONG: u64 = 10_000;

/// What a bot has that leads; nothing where nobody else may lead.
pub(crate) struct Leading {
    /// When it is lost, the bot has to stop at once.
    pub(crate) lease: Option<Lease>,
    /// The lock of the folder, and the way to commit, for [`Store::lead`](crate::store::Store::lead).
    pub(crate) store: Option<(File, Replica)>,
}

/// Why a bot cannot follow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl FollowError {
    /// What is of no use to be tried again; the folder may still be that of a bot that stops.
    fn fatal(self, config: &Config, until: Instant) -> Result<Self, RunError> {
        match self {
            Self::Replica(ReplicaError::Folder(OpenError::Taken)) if Instant::now() < until => Ok(self),
            Self::Replica(ReplicaError::Folder(why)) => {
                Err(RunError::Store { why, folder: config.data_dir.clone() })
            }
            Self::Replica(ReplicaError::Newer(version)) => {
                let why = OpenError::Newer { version };
                Err(RunError::Store { why, folder: config.data_dir.clone() })
            }
            other => Ok(other),
        }
    }
}

/// Follows until this bot leads. To be called within something that ends it at a shutdown.
///
/// # Errors
/// [`RunError::Store`] where the folder cannot be used; what NATS does not do is tried again for as long as it takes.
pub(crate) async fn lead(
    config: &Config,
    nats: &Nats,
    ready: &Ready,
    metrics: &Metrics,
) -> Result<Leading, RunError> {
    let patience = Patience { lasts: config.timings.lease.patience, until: None };
    let mut waiting =
        Waiting { config, nats, ready, metrics, follower: None, leases: None, patience, told: None };
    let until = Instant::now() + config.timings.take_over;
    let mut failing = None;
    loop {
        match Box::pin(waiting.look()).await {
            Ok(Some(leading)) => return Ok(leading),
            Ok(None) => failing = None,
            Err(error) => {
                waiting.patience.until = None;
                let error = error.fatal(config, until)?.to_string();
                if failing.as_ref() != Some(&error) {
                    tracing::warn!(error, "this bot can neither follow nor lead now; trying again");
                }
                failing = Some(error);
            }
        }
        tokio::time::sleep(config.timings.lease.again).await;
    }
}

struct Waiting<'a> {
    config: &'a Config,
    nats: &'a Nats,
    ready: &'a Ready,
    metrics: &'a Metrics,
    follower: Option<Follower>,
    leases: Option<Leases>,
    patience: Patience,
    /// What was logged last of what it waits for.
    told: Option<String>,
}

impl Waiting<'_> {
    async fn look(&mut self) -> Result<Option<Leading>, FollowError> {
        if self.leases.is_none() {
            self.leases = Some(Leases::open(self.nats, self.config.timings.lease).await?);
        }
        let mut follower = match self.follower.take() {
            Some(follower) => follower,
            None => Follower::open(&self.config.data_dir, self.nats).await?,
        };
        let step = follower.step().await;
        let lacks = follower.lacks();
        // Who could not look does not know whether there are more.
        self.metrics.follows(lacks, step.is_ok() && lacks == 0);
        let (Some(leases), Ok(step)) = (&self.leases, &step) else {
            self.follower = Some(follower);
            return Ok(step.map(|_| None)?);
        };
        let mut leader = leases.leader().await?;
        self.patience.look(*step == Step::Nothing && leader.is_none(), Instant::now());
        if leader.is_none() && self.may_lead(*step, &follower) {
            if let Some(lease) = leases.take(&me()).await? {
                return Box::pin(self.begin(follower, lease)).await;
            }
            leader = leases.leader().await?;
        }
        self.ready.follows(leader.is_some());
        self.tell(*step, leader);
        self.follower = Some(follower);
        Ok(None)
    }

    /// Takes what the one before has written until its end.
    async fn begin(&mut self, mut follower: Follower, lease: Lease) -> Result<Option<Leading>, FollowError> {
        let step = loop {
            match follower.step().await {
                Ok(step) => break step,
                Err(ReplicaError::Away(_) | ReplicaError::Gap) if !lease.lost().is_cancelled() => {
                    tokio::time::sleep(self.config.timings.lease.again).await;
                }
                Err(error) => {
                    lease.give_back().await;
                    self.follower = Some(follower);
                    return Err(error.into());
                }
            }
        };
        if !self.may_lead(step, &follower) {
            lease.give_back().await;
            self.follower = Some(follower);
            return Ok(None);
        }
        let store = match follower.lead(step, lease.term().clone(), LONG).await {
            Ok(store) => store,
            Err(error) => {
                lease.give_back().await;
                return Err(error.into());
            }
        };
        self.ready.follows(false);
        self.metrics.leads();
        tracing::info!("this bot leads");
        Ok(Some(Leading { lease: Some(lease), store: Some(store) }))
    }

    /// Where there is nothing to follow, whoever has no store of its own would lead with empty boards, or with less than
    /// another one has: that one goes first, if it is there.
    fn may_lead(&self, step: Step, follower: &Follower) -> bool {
        step == Step::Following || follower.has_own() || self.patience.is_over(Instant::now())
    }

    fn tell(&mut self, step: Step, leader: Option<String>) {
        let what = match (step, leader) {
            (Step::Nothing, None) => "there is no store to follow yet".to_owned(),
            (_, Some(leader)) => format!("{leader} leads, this bot follows"),
            (Step::Following, None) => return,
        };
        if self.told.as_ref() != Some(&what) {
            tracing::info!("{what}");
            self.told = Some(what);
        }
    }
}

/// How long an empty log is left to whoever has a store to begin it with: that one has had so long to come while the log
/// could be seen to be empty, and nobody led.
struct Patience {
    lasts: Duration,
    until: Option<Instant>,
}

impl Patience {
    fn look(&mut self, is_empty: bool, now: Instant) {
        self.until = is_empty.then(|| self.until.unwrap_or(now + self.lasts));
    }

    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

/// Keeps others from leading beside a bot that nobody follows, as far as NATS is there; until `stop`.
pub(crate) async fn hold(nats: Nats, timings: LeaseTimings, stop: CancellationToken) {
    let (me, mut other) = (me(), None);
    while !stop.is_cancelled() {
        let held = async { Leases::open(&nats, timings).await?.take(&me).await };
        let held = tokio::select! {
            biased;
            // What may have been taken all the same ends by itself.
            () = stop.cancelled() => return,
            held = held => held,
        };
        match held {
            Ok(Some(lease)) => {
                other = None;
                tokio::select! {
                    () = lease.lost().cancelled() => {}
                    () = stop.cancelled() => return lease.give_back().await,
                }
            }
            // It may be that of a process before this one, until it is gone.
            Ok(None) => {
                let since = *other.get_or_insert_with(Instant::now);
                if since.elapsed() > timings.lasts + timings.renewed {
                    tracing::error!("another bot leads: both or none has to have JOBBOARD_STANDBY");
                    other = None;
                }
            }
            Err(error) => tracing::debug!(%error, "the lease cannot be held"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(timings.renewed) => {}
        }
    }
}

/// Tells this process from all others.
fn me() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}/{}/{:08x}", std::process::id(), rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_log_is_left_to_others_for_as_long_as_it_was_seen_to_be_empty() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut patience = Patience { lasts: Duration::from_secs(15), until: None };
        // NATS was away for long.
        assert!(!patience.is_over(at(100)));
        patience.look(true, at(100));
        patience.look(true, at(114));
        assert!(!patience.is_over(at(114)));
        // Somebody leads, and is about to begin the log.
        patience.look(false, at(115));
        assert!(!patience.is_over(at(116)));
        patience.look(true, at(116));
        assert!(!patience.is_over(at(130)));
        patience.look(true, at(131));
        assert!(patience.is_over(at(131)));
    }
}
