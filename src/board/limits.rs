//! What a board takes, and why it does not take a job.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Boards, table::Table};
use crate::{
    job::{NeverFits, Spec},
    store::WriteError,
};

/// What a board takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest `n` of a `fib`.
    pub max_fib: u64,
    /// Unfinished jobs a chat.
    pub max_live_jobs: usize,
    /// Unfinished jobs a person, over all chats.
    pub max_live_person: usize,
    /// Members of one job.
    pub max_members: usize,
    /// Unfinished jobs of all chats together; a quarter more for chats that have none.
    pub max_live_jobs_all: usize,
    /// What is still to be said may take so long; with more, no job is taken.
    pub max_unsaid: Duration,
    /// How long a job may run, from the start of its first member.
    pub job_timeout: Duration,
    /// Members of CPU jobs that run at once.
    pub cpu_slots: usize,
    /// Members of IO jobs that run at once.
    pub io_slots: usize,
    /// Bytes that the jobs which run may take together.
    pub memory: u64,
    /// Finished jobs that a board keeps; the oldest are forgotten first.
    pub keep_jobs: usize,
    /// Crashes at which a job may have been running; after that many it is left alone.
    pub max_attempts: u32,
    /// Between two tries to store an end that could not be stored.
    pub store_again: Duration,
    /// How long nobody is there to do the work before people are told.
    pub fleet_told: Duration,
}

/// Why a job was not taken. Nothing of it is on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The chat has `live` unfinished jobs already.
    TooManyLive {
        /// How many there are.
        live: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The person has `live` unfinished jobs already, in all chats together.
    TooManyOfPerson {
        /// How many there are.
        live: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More members than a job may have.
    TooManyMembers {
        /// How many were asked.
        members: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A `fib` beyond the limit.
    FibTooLarge {
        /// What was asked.
        n: u64,
        /// The largest that is taken.
        limit: u64,
    },
    /// It needs more memory than all jobs may take together.
    NeverFits(NeverFits),
    /// All chats together have more than the bot can do.
    Busy {
        /// When it is worth another try.
        seconds: u64,
    },
    /// It could not be stored, and what is not stored is not promised.
    NotStored(WriteError),
    /// The bot is about to exit.
    Stopping,
}

/// Why a job was not run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryRefusal {
    /// The board has no such job.
    Unknown,
    /// It is in this state: there is nothing to run again.
    NotNow(&'static str),
    /// As for any new job.
    Refused(Refusal),
}

impl Boards {
    /// Why no board would ever take this job, if none would as things are.
    pub(super) fn never_takes(&self, spec: &Spec) -> Option<Refusal> {
        self.within_limits(spec).err().or_else(|| self.never_fits(spec).map(Refusal::NeverFits))
    }

    /// Whether the job is one that boards take.
    pub(super) fn within_limits(&self, spec: &Spec) -> Result<(), Refusal> {
        let (members, limit) = (spec.member_count(), self.limits.max_members);
        if members > limit {
            return Err(Refusal::TooManyMembers { members, limit });
        }
        let limit = self.limits.max_fib;
        match spec.fib_members().iter().find(|n| **n > limit) {
            Some(&n) => Err(Refusal::FibTooLarge { n, limit }),
            None => Ok(()),
        }
    }

    /// Whether the table takes one more job, and this one.
    pub(super) fn takes(&self, table: &Table, never_fits: Option<NeverFits>) -> Result<(), Refusal> {
        let limit = self.limits.max_live_jobs;
        if self.closed.load(Ordering::Acquire) {
            Err(Refusal::Stopping)
        } else if let Some(never) = never_fits {
            Err(Refusal::NeverFits(never))
        } else if table.live() >= limit {
            Err(Refusal::TooManyLive { live: table.live(), limit })
        } else {
            self.overload.admits(table.live()).map_err(|seconds| Refusal::Busy { seconds })
        }
    }
}
