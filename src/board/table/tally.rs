//! How much of what is on the boards.

use std::{ops::AddAssign, time::SystemTime};

use super::{Entry, Table};
use crate::job::{JobId, Outcome, Place, Spec};

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
    /// Members of CPU jobs.
    pub cpu: Members,
    /// Members of IO jobs.
    pub io: Members,
}

/// Members of unfinished jobs, but for those that need no slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// They have a slot.
    pub running: usize,
    /// They wait for memory or a slot.
    pub waiting: usize,
    /// Since when the first of these waits.
    pub since: Option<SystemTime>,
}

impl AddAssign for Members {
    fn add_assign(&mut self, other: Self) {
        self.running += other.running;
        self.waiting += other.waiting;
        self.since = [self.since, other.since].into_iter().flatten().min();
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.boards += other.boards;
        self.queued += other.queued;
        self.running += other.running;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.cpu += other.cpu;
        self.io += other.io;
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
        for entry in self.unfinished.iter().filter_map(|id| self.jobs.get(id)) {
            let members = entry.members();
            match &entry.job.spec {
                Spec::Dex(_) | Spec::DexMulti(_) => tally.io += members,
                Spec::Declared(call) if call.weight == 0 => tally.io += members,
                Spec::Fib(_) | Spec::FibMulti(_) | Spec::Declared(_) => tally.cpu += members,
            }
        }
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

impl Entry {
    fn members(&self) -> Members {
        let mut members = Members::default();
        let Some(live) = &self.live else { return members };
        for times in live.track.all().iter().filter(|times| times.ended.is_none()) {
            match times.began {
                None => members += Members { running: 0, waiting: 1, since: Some(times.queued) },
                Some((_, Place::Worker(_) | Place::Request(_))) => members.running += 1,
                Some((_, Place::AtOnce)) => {}
            }
        }
        members
    }
}
