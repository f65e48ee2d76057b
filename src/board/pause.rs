//! The owner's pause: nothing new begins, and what runs goes on.

use super::{
    Boards, Hold, Snapshot,
    queue::{Slot, Spot},
};
use crate::job::State;

impl Boards {
    /// Holds everything that waits, or lets it go on. What runs is not touched; jobs are taken all the same, and wait.
    pub fn set_paused(&self, paused: bool) {
        if self.paused.send_replace(paused) == paused {
            return;
        }
        self.queue.set_paused(paused);
        tracing::info!(paused, "the owner's wish");
        self.mark_queued();
    }

    /// Whether everything that waits is held.
    pub fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Waits until members may begin. A slot that was given just before a pause is no start yet, and is used from its end on.
    pub(super) async fn may_begin(&self, slot: Option<&Slot>) {
        if !self.is_paused() {
            return;
        }
        // The sender lives as long as `self`.
        let _ = self.paused.subscribe().wait_for(|paused| !paused).await;
        if let Some(slot) = slot {
            slot.begins();
        }
    }

    /// What the job waits for: the bot to be back, its owner, workers, memory, its turn. The lines have locks of their own, and are
    /// looked at when the table's is free again.
    pub(super) fn tell_wait(&self, snapshot: &mut Snapshot, spot: Option<Spot>) {
        let job = &snapshot.job;
        // What runs only once does not go on when the bot is back: its end comes in a moment.
        let goes_on = || job.state == State::Queued || !self.ends_with_us(&job.spec);
        snapshot.paused = self.exit.is_cancelled() && !job.state.is_finished() && goes_on();
        if snapshot.job.state == State::Queued {
            let too_large = || spot.as_ref().filter(|spot| spot.is_too_large()).map(|_| Hold::TooLarge);
            let unoffered = || Some(Hold::NotOffered).filter(|_| self.is_offered_by_nobody(&job.spec));
            snapshot.held = self.hold().or_else(too_large).or_else(unoffered);
        }
        if let Some(spot) = spot.filter(|_| snapshot.held.is_none()) {
            snapshot.waits_for_others = spot.waits_for_others();
            (snapshot.place, snapshot.waits_for_memory) = spot.place();
        }
    }
}
