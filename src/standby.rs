//! The way to lead: a bot of `--standby` follows the store on NATS until it has the lease, and then begins with it.

mod alone;

use std::{
    fs::File,
    time::{Duration, Instant},
};

use crate::{
    RunError,
    config::Config,
    http::{Following, Ready},
    lease::{Lease, Leases, me},
    metrics::Metrics,
    nats::{Nats, NatsError},
    store::{
        OpenError,
        replica::{Follower, Replica, ReplicaError, Step},
    },
};

pub(crate) use self::alone::Alone;
use self::alone::is_alone;

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
    let mut waiting = Waiting {
        config,
        nats,
        ready,
        metrics,
        follower: None,
        leases: None,
        patience,
        alone: false,
        told: None,
    };
    let until = Instant::now() + config.timings.take_over;
    let mut failing = None;
    loop {
        match Box::pin(waiting.look()).await {
            Ok(Some(leading)) => return Ok(leading),
            Ok(None) => failing = None,
            Err(error) => {
                waiting.patience.until = None;
                ready.follows(Some(Following::Unknown));
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
    /// Nobody can follow who leads, or led last.
    alone: bool,
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
        // Who could not look does not know whether there are more, and who has nothing to follow has nothing.
        self.metrics.follows(lacks, step.is_ok() && lacks == 0 && !self.alone);
        let (Some(leases), Ok(step)) = (&self.leases, &step) else {
            self.follower = Some(follower);
            return Ok(step.map(|_| None)?);
        };
        let mut leader = leases.leader().await?;
        self.alone = leader.as_ref().map_or(self.alone, |leader| is_alone(leader));
        self.patience.look(*step == Step::Nothing && leader.is_none(), Instant::now());
        if leader.is_none() && self.may_lead(*step, &follower) {
            if let Some(lease) = leases.take(&me()).await? {
                return Box::pin(self.begin(follower, lease)).await;
            }
            leader = leases.leader().await?;
        }
        let following = if self.alone { Following::Nothing } else { Following::Leader };
        self.ready.follows((self.alone || leader.is_some()).then_some(following));
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
        self.ready.follows(None);
        self.metrics.leads();
        tracing::info!("this bot leads");
        Ok(Some(Leading { lease: Some(lease), store: Some(store) }))
    }

    fn may_lead(&self, step: Step, follower: &Follower) -> bool {
        may_lead(step, self.alone, follower.has_own() || self.patience.is_over(Instant::now()))
    }

    fn tell(&mut self, step: Step, leader: Option<String>) {
        let what = match (step, leader) {
            (_, Some(leader)) if self.alone => {
                format!("{leader} leads: there is nothing to follow, and this bot will not take its place")
            }
            (Step::Nothing, None) => "there is no store to follow yet".to_owned(),
            (_, Some(leader)) => format!("{leader} leads, this bot follows"),
            (Step::Following, None) => return,
        };
        if self.told.as_ref() != Some(&what) {
            if self.alone {
                tracing::error!("{what}");
            } else {
                tracing::info!("{what}");
            }
            self.told = Some(what);
        }
    }
}

/// Where there is nothing to follow, whoever has no store of its own would lead with empty boards, or with less than another one has:
/// that one goes first, if it is there. What a bot did that nobody could follow is in its own store only: then nobody else leads
/// before it was there again.
fn may_lead(step: Step, alone: bool, may_begin: bool) -> bool {
    !alone && (step == Step::Following || may_begin)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_leads_in_the_place_of_who_could_not_be_followed() {
        assert!(may_lead(Step::Following, false, false) && may_lead(Step::Nothing, false, true));
        assert!(!may_lead(Step::Nothing, false, false));
        for may_begin in [false, true] {
            assert!(!may_lead(Step::Nothing, true, may_begin) && !may_lead(Step::Following, true, may_begin));
        }
    }

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
