//! How much of what is on the boards.

use std::ops::AddAssign;

use super::Table;
use crate::job::{JobId, Outcome};

/// Jobs of the boards by state. A job that is being cancelled counts as running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Boards, those without a job included.
    pub boards: usize,
    /// They wait for memory or a slot.
    pub queued: usize,
    /// At least one member has a slot.
    pub running: usize,
    /// Done.
    pub succeeded: usize,
    /// Not done, by a mistake or a limit.
    pub failed: usize,
    /// Stopped by somebody.
    pub cancelled: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.boards += other.boards;
        self.queued += other.queued;
        self.running += other.running;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
    }
}

impl Table {
    /// Who sent the job.
    pub(in crate::board) fn sender(&self, id: JobId) -> Option<i64> {
        self.jobs.get(&id).map(|entry| entry.job.person.id)
    }

    /// This board's part of all.
    pub(in crate::board) fn tally(&self) -> Tally {
        let mut tally = Tally {
            boards: 1,
            queued: self.unfinished.len() - self.running.len(),
            running: self.running.len(),
            ..Tally::default()
        };
        for id in &self.finished {
            match self.jobs.get(id).and_then(|entry| entry.job.state.outcome()) {
                Some(Outcome::Succeeded(_)) => tally.succeeded += 1,
                Some(Outcome::Failed(_)) => tally.failed += 1,
                Some(Outcome::Cancelled(_)) => tally.cancelled += 1,
                None => {}
            }
        }
        tally
    }
}
