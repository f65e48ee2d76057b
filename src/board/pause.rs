//! The owner's pause: nothing new begins, and what runs goes on.

use super::{Boards, Change, Snapshot};
use crate::job::State;

impl Boards {
    /// Holds everything that waits, or lets it go on. What runs is not touched; jobs are taken all the same, and wait.
    pub fn set_paused(&self, paused: bool) {
        if self.paused.send_replace(paused) == paused {
            return;
        }
        self.memory.set_paused(paused);
        tracing::info!(paused, "the owner's wish");
        for table in &self.tables {
            for id in table.queued() {
                self.changes.mark(Change::Job(*table.key(), id));
            }
        }
    }

    /// Whether everything that waits is held.
    pub fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Waits until members may begin. A slot that was given just before a pause is no start yet.
    pub(super) async fn may_begin(&self) {
        // The sender lives as long as `self`.
        let _ = self.paused.subscribe().wait_for(|paused| !paused).await;
    }

    /// What holds the job back from outside: a stop of the bot, or its owner.
    pub(super) fn tell_pauses(&self, snapshot: &mut Snapshot) {
        snapshot.paused = self.exit.is_cancelled() && !snapshot.job.state.is_finished();
        snapshot.held = snapshot.job.state == State::Queued && self.is_paused();
    }
}
