//! What a piece of work and the board share while it runs: two ways to be stopped, one progress counter.

use std::{
    any::Any,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::team::Team;

/// The work was told to stop and did; what it had computed is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// What a program shows of itself while it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its last lines, as a terminal would show them, without colours.
    pub tail: String,
    /// How far it says that it is, 0 to 1.
    pub share: Option<f64>,
    /// What it says of that.
    pub words: Option<String>,
}

/// One job's side of the conversation with the board.
///
/// Cancel and exit are two things: `cancel` is one job's own token (a person's kill, a time limit), `exit` is the
/// process's, shared by all jobs. Work looks at both and cannot tell them apart; the board can.
#[derive(Debug, Default)]
pub struct Control {
    cancel: CancellationToken,
    exit: CancellationToken,
    done: AtomicU64,
    total: AtomicU64,
    /// Somebody has the work, or can take it.
    begun: watch::Sender<bool>,
    team: OnceLock<Arc<Team>>,
    /// What the work last said of itself; a lock that is held to clone or to replace one pointer.
    shown: Mutex<Option<Arc<Shown>>>,
    /// For tests that stop at a certain look.
    #[cfg(test)]
    looks_left: NoEnd,
    /// What the work is done with: to give memory back to the system may take longer than a stop should.
    left_behind: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Control {
    /// A control that stops when either token is cancelled.
    pub fn new(cancel: CancellationToken, exit: CancellationToken) -> Self {
        Self { cancel, exit, ..Self::default() }
    }

    /// Lets the work use what `team` has idle; the first one stays.
    pub fn helped_by(&self, team: &Arc<Team>) {
        self.team.get_or_init(|| team.clone());
    }

    /// Who may help.
    pub(super) fn team(&self) -> Arc<Team> {
        self.team.get().cloned().unwrap_or_else(|| Arc::new(Team::nobody()))
    }

    /// Leaves something to be freed once the work has returned, or with the control.
    pub fn leave_behind(&self, memory: impl Any + Send) {
        self.left_behind.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(memory));
    }

    /// Frees what was left behind.
    pub(super) fn clear_away(&self) {
        let left = std::mem::take(&mut *self.left_behind.lock().unwrap_or_else(PoisonError::into_inner));
        drop(left);
    }

    /// Cancels the work.
    #[cfg(test)]
    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// A control that is cancelled after so many looks at it.
    #[cfg(test)]
    pub(super) fn stopping_after(looks: usize) -> Self {
        let control = Self::default();
        control.looks_left.0.store(looks, Relaxed);
        control
    }

    /// To be called between steps of work that take a few milliseconds at most.
    ///
    /// # Errors
    /// [`Cancelled`] once the job was cancelled or the process is about to exit.
    pub fn check(&self) -> Result<(), Cancelled> {
        #[cfg(test)]
        if self.looks_left.0.fetch_sub(1, Relaxed) == 0 {
            self.cancel.cancel();
        }
        if self.cancel.is_cancelled() || self.exit.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Waits until [`check`](Self::check) would fail.
    pub async fn cancelled(&self) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = self.exit.cancelled() => {}
        }
    }

    /// Whether the process ends: what is stopped then goes on later.
    pub(super) fn exits(&self) -> bool {
        self.exit.is_cancelled()
    }

    /// Waits until the process ends.
    pub(super) async fn exited(&self) {
        self.exit.cancelled().await;
    }

    /// Somebody has the work, or can take it: its time runs.
    pub(super) fn begins(&self) {
        self.begun.send_if_modified(|begun| !std::mem::replace(begun, true));
    }

    /// Waits until its time runs.
    pub async fn begun(&self) {
        let mut begun = self.begun.subscribe();
        // The sender is ours.
        let _ = begun.wait_for(|begun| *begun).await;
    }

    /// Units of the work that are done.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// Announces `cost` more units of work (any unit, the same as in [`advance`](Self::advance)).
    pub fn expect(&self, cost: u64) {
        self.total.fetch_add(cost, Relaxed);
    }

    /// Records `cost` units of the announced work as done.
    pub fn advance(&self, cost: u64) {
        self.done.fetch_add(cost, Relaxed);
    }

    /// The work tells how it is.
    pub fn show(&self, shown: Shown) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(shown));
    }

    /// What the work last told.
    pub fn shown(&self) -> Option<Arc<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much of the announced work is done, 0 to 1, or what the work says of that; `None` while nothing is known.
    pub fn progress(&self) -> Option<f64> {
        if let Some(share) = self.shown().and_then(|shown| shown.share) {
            return Some(share);
        }
        let total = self.total.load(Relaxed);
        let done = self.done.load(Relaxed).min(total);
        #[expect(clippy::cast_precision_loss, reason = "a share of the work, read by people")]
        (total > 0).then(|| done as f64 / total as f64)
    }
}

#[cfg(test)]
#[derive(Debug)]
struct NoEnd(std::sync::atomic::AtomicUsize);

#[cfg(test)]
impl Default for NoEnd {
    fn default() -> Self {
        Self(usize::MAX.into())
    }
}
