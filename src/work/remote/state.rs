//! What is known of orders on their way and of results that came.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::{Notify, oneshot};

use super::{Control, Remote};
use crate::nats::{Blob, JobKey, Key, NatsError, Report};

/// What came of an order: a report with what is large of it, or words that cannot be read.
pub(super) type Told = Result<(Report, Blob), NatsError>;

#[derive(Default)]
pub(super) struct State {
    /// Who waits for what comes of an order.
    pub(super) waiting: HashMap<Key, Waiting>,
    /// Results that are in the stream, of orders that nobody waits for: the bot has just started, or has taken them already. Only what
    /// they are called: they may be many and large. They go with their job.
    pub(super) unclaimed: HashMap<JobKey, HashMap<Key, Unclaimed>>,
    /// Who waits for a slot, of members that may have ended elsewhere.
    expecting: HashMap<(JobKey, usize), oneshot::Sender<()>>,
    /// Jobs of which there may be something on NATS.
    pub(super) handed: HashMap<JobKey, Handed>,
    /// When a worker was last heard of, or could have been.
    pub(super) heard: Option<Instant>,
}

pub(super) struct Waiting {
    tell: oneshot::Sender<Told>,
    pub(super) control: Arc<Control>,
    /// Units that its control was told of.
    pub(super) done: u64,
    /// The stream of orders has, or had, the order.
    pub(super) handed_out: bool,
    /// It has not any more, and nobody told what came of it.
    pub(super) lost: Arc<Notify>,
}

/// A result in the stream.
pub(super) struct Unclaimed {
    /// What is large of it, if that is elsewhere.
    object: Option<String>,
    /// Nothing more is to be done for the member.
    ends: bool,
}

/// What there may be of a job on NATS.
#[derive(Default)]
pub(super) struct Handed {
    /// When it was last said that it is cancelled.
    pub(super) told: Option<Instant>,
    /// Orders may be.
    pub(super) left: bool,
    pub(super) objects: HashSet<String>,
}

impl State {
    /// A result of a job that has not ended.
    pub(super) fn hear(&mut self, key: Key, told: Told) {
        let object = told.as_ref().ok().and_then(|(report, _)| report.object.clone());
        if let Some(waiting) = self.waiting.remove(&key) {
            self.handed.entry(key.job).or_default().objects.extend(object);
            // Who does not wait any more has been stopped; the next process finds it.
            let _ = waiting.tell.send(told);
            return;
        }
        let ends = told.map_or(true, |(report, _)| report.end.is_final());
        self.unclaimed.entry(key.job).or_default().insert(key, Unclaimed { object, ends });
        if ends && let Some(expecting) = self.expecting.remove(&(key.job, key.member)) {
            let _ = expecting.send(());
        }
    }

    /// What there may be of a job that has ended; `None`: nothing.
    pub(super) fn forget(&mut self, job: JobKey) -> Option<Handed> {
        let (handed, unclaimed) = (self.handed.remove(&job), self.unclaimed.remove(&job));
        if handed.is_none() && unclaimed.is_none() {
            return None;
        }
        let mut handed = handed.unwrap_or_default();
        let objects = unclaimed.into_iter().flatten().filter_map(|(_, unclaimed)| unclaimed.object);
        handed.objects.extend(objects);
        Some(handed)
    }
}

impl Remote {
    pub(super) fn wait_for(&self, key: Key, control: &Arc<Control>) -> Waiter<'_> {
        let (tell, waits) = oneshot::channel();
        let (control, lost) = (control.clone(), Arc::new(Notify::new()));
        let waiting = Waiting { tell, control, done: 0, handed_out: false, lost: lost.clone() };
        self.state().waiting.insert(key, waiting);
        Waiter { remote: self, key, waits, lost }
    }

    /// Whether there is a result that came before anybody waited for it; from now on it is taken.
    pub(super) fn claim(&self, key: Key) -> bool {
        let mut state = self.state();
        let Some(claimed) = state.unclaimed.get_mut(&key.job).and_then(|of_job| of_job.remove(&key)) else {
            return false;
        };
        let handed = state.handed.entry(key.job).or_default();
        handed.left = true;
        handed.objects.extend(claimed.object);
        true
    }

    /// Waits until there is the last that will be said of a member that another process handed out.
    pub(in crate::work) async fn ended(&self, job: JobKey, member: usize) {
        let waits = {
            let mut state = self.state();
            let mut of_job = state.unclaimed.get(&job).into_iter().flatten();
            if of_job.any(|(key, unclaimed)| key.member == member && unclaimed.ends) {
                return;
            }
            let (expecting, waits) = oneshot::channel();
            state.expecting.insert((job, member), expecting);
            waits
        };
        let _expecting = Expecting { remote: self, member: (job, member) };
        if waits.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for what comes of an order.
pub(super) struct Waiter<'a> {
    remote: &'a Remote,
    key: Key,
    waits: oneshot::Receiver<Told>,
    pub(super) lost: Arc<Notify>,
}

impl Waiter<'_> {
    pub(super) async fn told(&mut self) -> Told {
        match (&mut self.waits).await {
            Ok(told) => told,
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

/// Somebody who waits for a slot or for the member's end.
struct Expecting<'a> {
    remote: &'a Remote,
    member: (JobKey, usize),
}

impl Drop for Expecting<'_> {
    fn drop(&mut self) {
        self.remote.state().expecting.remove(&self.member);
    }
}
