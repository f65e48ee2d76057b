//! One table of jobs a chat, and the way of a job from accepted to finished.
//!
//! [`Boards`] owns every job. A table's lock is a `DashMap` entry, held for a few microseconds and never across an
//! await. What others must hear of is marked in [`Changes`]; nobody is called back under a lock.

mod changes;
mod kill;
mod queue;
mod run;
mod table;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use dashmap::DashMap;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    changes::{Change, Changes},
    kill::{KillId, KillReport, Verdict},
    table::{Page, Snapshot},
};
use self::{queue::Queue, table::Table};
use crate::{
    job::{ChatId, JobId, Origin, Outcome, Person, Spec},
    work::Work,
};

/// What a board takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest `n` of a `fib`.
    pub max_fib: u64,
    /// Unfinished jobs a chat.
    pub max_live_jobs: usize,
    /// How long a job may run, from the start of its first member.
    pub job_timeout: Duration,
    /// Members of CPU jobs that run at once.
    pub cpu_slots: usize,
    /// Members of IO jobs that run at once.
    pub io_slots: usize,
}

/// Why a job was not taken. Nothing of it is on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The chat has `live` unfinished jobs already.
    TooManyLive {
        /// How many there are.
        live: usize,
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
    /// The bot is about to exit.
    Stopping,
}

/// Why a job was not run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRefusal {
    /// The board has no such job.
    Unknown,
    /// It is in this state: there is nothing to run again.
    NotNow(&'static str),
    /// As for any new job.
    Refused(Refusal),
}

/// All boards. Cheap to share in an `Arc`.
pub struct Boards {
    tables: DashMap<ChatId, Table>,
    changes: Changes,
    queue: Queue,
    work: Work,
    limits: Limits,
    /// The process's token; every job has one of its own beside it.
    exit: CancellationToken,
    closed: AtomicBool,
    tasks: TaskTracker,
}

impl Boards {
    /// Empty boards over `work`.
    pub fn new(work: Work, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            tables: DashMap::new(),
            changes: Changes::default(),
            queue: Queue::new(limits.cpu_slots, limits.io_slots),
            work,
            limits,
            exit: CancellationToken::new(),
            closed: AtomicBool::new(false),
            tasks: TaskTracker::new(),
        })
    }

    /// Puts a job on the chat's board and sees to it that it runs. The same origin gives the same job, however often
    /// it comes.
    ///
    /// # Errors
    /// A [`Refusal`] for people.
    pub fn submit(
        self: &Arc<Self>,
        chat: ChatId,
        person: Person,
        origin: Origin,
        spec: Spec,
    ) -> Result<JobId, Refusal> {
        let limit = self.limits.max_fib;
        if let Some(&n) = spec.fib_members().iter().find(|n| **n > limit) {
            return Err(Refusal::FibTooLarge { n, limit });
        }
        let accepted = {
            let mut table = self.tables.entry(chat).or_default();
            if let Some(known) = table.by_origin(&origin) {
                return Ok(known);
            }
            if self.closed.load(Ordering::Acquire) {
                return Err(Refusal::Stopping);
            }
            if table.live() >= self.limits.max_live_jobs {
                return Err(Refusal::TooManyLive { live: table.live(), limit: self.limits.max_live_jobs });
            }
            table.accept(person, origin, spec.clone(), &self.exit)
        };
        tracing::info!(chat = chat.0, job = accepted.id.0, command = %spec, "submitted");
        self.changes.mark(Change::Job(chat, accepted.id));
        self.tasks.spawn(run::run(self.clone(), chat, accepted.id, spec, accepted.live));
        Ok(accepted.id)
    }

    /// Runs a failed or cancelled job again, as a new one.
    ///
    /// # Errors
    /// A [`RetryRefusal`] for people.
    pub fn retry(
        self: &Arc<Self>,
        chat: ChatId,
        person: Person,
        origin: Origin,
        id: JobId,
    ) -> Result<JobId, RetryRefusal> {
        let job = self.job(chat, id).ok_or(RetryRefusal::Unknown)?.job;
        match job.state.outcome() {
            Some(Outcome::Failed(_) | Outcome::Cancelled(_)) => {
                self.submit(chat, person, origin, job.spec).map_err(RetryRefusal::Refused)
            }
            _ => Err(RetryRefusal::NotNow(job.state.word())),
        }
    }

    /// One job as it is now.
    pub fn job(&self, chat: ChatId, id: JobId) -> Option<Snapshot> {
        self.tables.get(&chat)?.snapshot(id)
    }

    /// Whether the job has ended; `None` where there is none.
    pub fn is_finished(&self, chat: ChatId, id: JobId) -> Option<bool> {
        self.tables.get(&chat)?.is_finished(id)
    }

    /// The chat's newest job.
    pub fn newest(&self, chat: ChatId) -> Option<JobId> {
        self.tables.get(&chat)?.newest()
    }

    /// Page `number` (from 0) of the chat's board, newest first; the last page where there are fewer.
    pub fn page(&self, chat: ChatId, number: usize) -> Page {
        self.tables.get(&chat).map(|table| table.page(number)).unwrap_or_default()
    }

    /// The chat's unfinished jobs, oldest first.
    pub fn unfinished(&self, chat: ChatId) -> Vec<JobId> {
        self.tables.get(&chat).map(|table| table.unfinished()).unwrap_or_default()
    }

    /// Cancels these jobs. Queued ones stop at once, running ones when their work has stopped; when the last of them
    /// has, [`Change::Kill`] is marked and [`take_kill`](Self::take_kill) has the report.
    pub fn kill(&self, chat: ChatId, by: &Person, reply_to: Origin, ids: &[JobId]) {
        let killed = self.tables.entry(chat).or_default().kill(by, reply_to, ids, SystemTime::now());
        for id in killed.changed {
            tracing::info!(chat = chat.0, job = id.0, by = by.id, "killed");
            self.changes.mark(Change::Job(chat, id));
        }
        for kill in killed.reports {
            self.changes.mark(Change::Kill(chat, kill));
        }
    }

    /// The report of a kill whose jobs have all stopped; once.
    pub fn take_kill(&self, chat: ChatId, kill: KillId) -> Option<KillReport> {
        self.tables.get_mut(&chat)?.take_kill(kill)
    }

    /// What changed since it was last asked; waits for the first change.
    pub async fn changes(&self) -> Vec<Change> {
        self.changes.next().await
    }

    /// What changed and nobody has heard of yet.
    pub fn pending_changes(&self) -> Vec<Change> {
        self.changes.take()
    }

    /// Takes no new jobs, cancels the unfinished ones and waits until the last has stopped.
    pub async fn stop(&self) {
        self.closed.store(true, Ordering::Release);
        self.exit.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A member of the job got its first slot. False where the job was killed meanwhile: it must not run.
    fn started(&self, chat: ChatId, id: JobId) -> bool {
        let started = self.tables.get_mut(&chat).is_some_and(|mut table| table.start(id, SystemTime::now()));
        if started {
            self.changes.mark(Change::Job(chat, id));
        }
        started
    }

    /// The job's last member stopped.
    fn finished(&self, chat: ChatId, id: JobId, outcome: run::End) {
        let exiting = self.exit.is_cancelled();
        let Some(finished) = self
            .tables
            .get_mut(&chat)
            .and_then(|mut table| table.finish(id, outcome, exiting, SystemTime::now()))
        else {
            return;
        };
        tracing::info!(chat = chat.0, job = id.0, state = finished.word, "finished");
        self.changes.mark(Change::Job(chat, id));
        for kill in finished.reports {
            self.changes.mark(Change::Kill(chat, kill));
        }
    }
}

#[cfg(test)]
mod tests;
