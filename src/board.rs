//! One table of jobs a chat, and the way of a job from accepted to finished.
//!
//! [`Boards`] owns every job. A table's lock is a `DashMap` entry, held for a few microseconds and never across an
//! await. What people are told of is in the [`Store`] first. What others must hear of is marked in [`Changes`]; nobody is
//! called back under a lock.

mod away;
mod busy;
mod changes;
mod end;
mod fleet;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod kill;
mod limits;
mod memory;
mod moved;
mod overload;
mod pause;
mod people;
mod programs;
mod queue;
mod restore;
mod run;
mod schedules;
mod stats;
mod table;
mod timeline;
mod track;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use dashmap::DashMap;
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    busy::Stay,
    changes::{Change, Changes},
    fleet::Hold,
    kill::{KillId, KillReport, Verdict},
    limits::{Limits, Refusal, RetryRefusal},
    overload::Overload,
    queue::Place,
    schedules::{Advanced, NotScheduled, Occurred, Wanted},
    table::{Filter, Members, Page, Snapshot, Tally},
    timeline::Timeline,
};
use self::{queue::Queue, table::Table};
use crate::{
    declared::Declared,
    job::{ChatId, JobId, Origin, Person, Spec},
    metrics::{Line, Metrics},
    store::{Store, Write, WriteError},
    work::{
        Remote, Work,
        fleet::{Capacity, Fleet},
    },
};

/// All boards. Cheap to share in an `Arc`.
pub struct Boards {
    tables: DashMap<ChatId, Table>,
    // Groups that became supergroups: old, new. A std lock, written while a table moves: who looks for a table finds it
    // under the one id or the other, never under none.
    moved: RwLock<HashMap<ChatId, ChatId>>,
    people: people::People,
    schedules: schedules::Schedules,
    changes: Changes,
    /// A job that was to be stored is accepted, or is not.
    settled: Notify,
    queue: Queue,
    busy: busy::Busy,
    overload: Overload,
    work: Arc<Work>,
    declared: Arc<Declared>,
    store: Store,
    metrics: Arc<Metrics>,
    limits: Limits,
    /// The process's token; every job has one of its own beside it.
    exit: CancellationToken,
    closed: AtomicBool,
    /// Nothing new begins, by the owner's wish.
    paused: watch::Sender<bool>,
    /// Why nobody does the work, once that has lasted.
    unmanned: watch::Sender<Option<Hold>>,
    /// Those who do it, where it is not done here.
    fleet: Option<watch::Receiver<Fleet>>,
    tasks: TaskTracker,
    /// A file of digits was written: there may be too many now.
    filed: Notify,
}

impl Boards {
    /// Empty boards over `work` and `store`.
    pub fn new(work: impl Into<Arc<Work>>, store: Store, limits: Limits) -> Arc<Self> {
        Self::measured(work, store, limits, Metrics::new())
    }

    /// The same, counted by somebody.
    pub fn measured(
        work: impl Into<Arc<Work>>,
        store: Store,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let work = work.into();
        let fleet = work.fleet();
        // Of a fleet nothing is known yet.
        let Capacity { cpu, io, memory, .. } =
            if fleet.is_some() { Capacity::default() } else { fleet::of_this_process(&limits) };
        metrics.set_slots(Line::Cpu, cpu);
        metrics.set_slots(Line::Io, io);
        let queue = match &fleet {
            Some(_) => Queue::of_fleet(),
            None => Queue::new(cpu, io, memory),
        };
        let declared = work.declared();
        queue.declare(&declared.current());
        Arc::new(Self {
            tables: DashMap::new(),
            moved: RwLock::default(),
            people: people::People::default(),
            schedules: schedules::Schedules::default(),
            changes: Changes::default(),
            settled: Notify::new(),
            queue,
            busy: busy::Busy::default(),
            overload: Overload::new(&limits),
            work,
            declared,
            store,
            metrics,
            limits,
            exit: CancellationToken::new(),
            closed: AtomicBool::new(false),
            paused: watch::Sender::new(false),
            unmanned: watch::Sender::new(None),
            fleet,
            tasks: TaskTracker::new(),
            filed: Notify::new(),
        })
    }

    /// Puts a job on the chat's board and sees to it that it runs. When it returns, the job is stored; before that,
    /// nobody sees it. The same origin gives the same job, however often it comes.
    ///
    /// # Errors
    /// A [`Refusal`] for people.
    pub async fn submit(
        self: &Arc<Self>,
        chat: ChatId,
        person: Person,
        origin: Origin,
        spec: Spec,
    ) -> Result<JobId, Refusal> {
        let taken = self.take(chat, person, origin, spec).await;
        taken.inspect_err(|why| self.metrics.refused(why.into()))
    }

    async fn take(
        self: &Arc<Self>,
        chat: ChatId,
        person: Person,
        origin: Origin,
        spec: Spec,
    ) -> Result<JobId, Refusal> {
        self.within_limits(&spec)?;
        let never_fits = self.never_fits(&spec);
        if self.look(chat, |_| ()).is_none() {
            // Before a board is made for it.
            self.overload.admits(0).map_err(|seconds| Refusal::Busy { seconds })?;
        }
        let origin = self.origin_here(chat, origin);
        let whose = person.id;
        let proposed = self.with_table(chat, |chat, table| {
            if let Some(known) = table.by_origin(&origin) {
                return Ok((known, None));
            }
            self.takes(table, never_fits)?;
            let limit = self.limits.max_live_person;
            // The last look: who is refused for another reason has taken no place.
            self.people.take(whose, limit).map_err(|live| Refusal::TooManyOfPerson { live, limit })?;
            let job = table.propose(person, origin, spec.clone(), &self.exit);
            // Queued under the lock: the store hears of jobs in the order of their numbers.
            Ok((job.id, Some(self.store.write(Write::Accept(chat, Box::new(job.clone()))))))
        })?;
        let (id, Some(stored)) = proposed else { return Ok(proposed.0) };
        let stored = stored.await;
        let live = self.with_table(chat, |_, table| {
            if stored.is_err() {
                table.withdraw(id);
                self.people.give_back(whose);
            }
            // One that was withdrawn is none.
            table.accepted(id)
        });
        self.settled.notify_waiters();
        stored.map_err(|why| match why {
            WriteError::Busy => Refusal::Busy { seconds: overload::STORE },
            why => Refusal::NotStored(why),
        })?;
        tracing::debug!(chat = chat.0, job = id.0, command = %spec, "submitted");
        self.metrics.submitted(&spec);
        self.changes.mark(Change::Job(chat, id));
        if let Some(live) = live {
            self.set_off(run::Run::new(self.clone(), self.home(chat), id, spec, live), whose);
        }
        Ok(id)
    }

    /// Waits until nothing of the chat is under way to the store: who says `kill 3` after `fib 10` means that one.
    pub async fn settled(&self, chat: ChatId) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.look(chat, Table::is_settled).unwrap_or(true) {
                return;
            }
            settled.await;
        }
    }

    /// Runs a failed or cancelled job again, as a new one; also one whose digits are not kept any more.
    ///
    /// # Errors
    /// A [`RetryRefusal`] for people.
    pub async fn retry(
        self: &Arc<Self>,
        chat: ChatId,
        person: Person,
        origin: Origin,
        id: JobId,
    ) -> Result<JobId, RetryRefusal> {
        let old = self.job(chat, id).ok_or(RetryRefusal::Unknown)?;
        if !old.can_be_retried() {
            return Err(RetryRefusal::NotNow(old.job.state.word()));
        }
        self.submit(chat, person, origin, old.job.spec).await.map_err(RetryRefusal::Refused)
    }

    /// One job as it is now.
    pub fn job(&self, chat: ChatId, id: JobId) -> Option<Snapshot> {
        let (snapshot, spot) = self.look(chat, |table| (table.snapshot(id), table.spot(id)))?;
        let mut snapshot = snapshot?;
        self.tell_wait(&mut snapshot, spot);
        Some(snapshot)
    }

    /// The store does not have the job's digits any more.
    pub fn digits_gone(&self, chat: ChatId, id: JobId) {
        self.with_table(chat, |_, table| table.drop_digits(id));
    }

    /// Whether the board had a job of this number, and may have dropped it.
    pub fn was_given(&self, chat: ChatId, id: JobId) -> bool {
        self.look(chat, |table| table.was_given(id)).unwrap_or_default()
    }

    /// Whether the job has ended, and the topic that it was sent in; `None` where there is no such job.
    pub fn outline(&self, chat: ChatId, id: JobId) -> Option<(bool, Option<i32>)> {
        self.look(chat, |table| table.outline(id))?
    }

    /// The chat's newest job.
    pub fn newest(&self, chat: ChatId) -> Option<JobId> {
        self.look(chat, Table::newest)?
    }

    /// Page `number` (from 0) of those jobs of the chat that pass the filter; the last page where there are fewer.
    pub fn page(&self, chat: ChatId, number: usize, filter: Filter) -> Page {
        let looked = self.look(chat, |table| {
            let page = table.page(number, filter);
            let spots: Vec<_> = page.jobs.iter().map(|snapshot| table.spot(snapshot.job.id)).collect();
            (page, spots)
        });
        let Some((mut page, spots)) = looked else { return Page::default() };
        let is_away = |hold| matches!(hold, Hold::Away | Hold::Refused);
        page.held = self.hold().filter(|hold| page.queued > 0 || (page.running > 0 && is_away(*hold)));
        for (snapshot, spot) in page.jobs.iter_mut().zip(spots) {
            self.tell_wait(snapshot, spot);
        }
        page
    }

    /// The chat's unfinished jobs, oldest first.
    pub fn unfinished(&self, chat: ChatId) -> Vec<JobId> {
        self.look(chat, Table::unfinished).unwrap_or_default()
    }

    /// Cancels these jobs, but for those with a verdict already, and returns when that is stored. When the last of them has
    /// stopped, [`Change::Kill`] is marked and [`take_kill`](Self::take_kill) has the report.
    ///
    /// # Errors
    /// [`WriteError`]: the jobs stop all the same, and their ends are stored before anybody is told, but a crash before
    /// that would have them run again.
    pub async fn kill(
        &self,
        chat: ChatId,
        by: &Person,
        reply_to: Origin,
        jobs: &[(JobId, Option<Verdict>)],
    ) -> Result<(), WriteError> {
        let killed = self.with_table(chat, |chat, table| {
            let killed = table.kill(by, reply_to, jobs, SystemTime::now())?;
            // Here, since some stop before the table is let go of.
            for id in &killed.hit {
                self.metrics.killed(chat, *id);
            }
            let stored = self.store.write(Write::Kill {
                chat,
                kill: killed.kill.number(),
                ids: killed.hit.clone(),
                by: by.name.clone(),
                body: killed.body.clone(),
            });
            Some((killed, stored))
        });
        let Some((killed, stored)) = killed else { return Ok(()) };
        for id in killed.hit {
            tracing::info!(chat = chat.0, job = id.0, by = by.id, "killed");
            self.changes.mark(Change::Job(chat, id));
        }
        if killed.resolved {
            self.changes.mark(Change::Kill(chat, killed.kill));
        }
        stored.await.inspect_err(|error| tracing::error!(chat = chat.0, %error, "a kill is not stored"))
    }

    /// The report of a kill whose jobs have all stopped; once.
    pub fn take_kill(&self, chat: ChatId, kill: KillId) -> Option<KillReport> {
        self.with_table(chat, |_, table| table.take_kill(kill))
    }

    /// Bytes that running jobs hold, and those that they may hold together.
    pub fn memory(&self) -> (u64, u64) {
        (self.queue.memory().0, self.capacity().memory)
    }

    /// Slots of CPU and of IO.
    pub fn slots(&self) -> (usize, usize) {
        let Capacity { cpu, io, .. } = self.capacity();
        (cpu, io)
    }

    /// What is on all boards. It looks at each job, which is for who asks now and then.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for table in &self.tables {
            all += table.tally();
        }
        all
    }

    /// What changed since it was last asked; waits for the first change.
    pub async fn changes(&self) -> Vec<Change> {
        self.changes.next().await
    }

    /// What changed and nobody has heard of yet.
    pub fn pending_changes(&self) -> Vec<Change> {
        self.changes.take()
    }

    /// Takes no new jobs, stops the unfinished ones and waits until the last has stopped, but no longer than `limit`.
    /// They are unfinished still, and run again at the next start.
    pub async fn stop(&self, limit: Duration) {
        self.closed.store(true, Ordering::Release);
        self.exit.cancel();
        self.tasks.close();
        let mut paused = Vec::new();
        for table in &self.tables {
            let chat = *table.key();
            // Before anything is waited for: however the stop goes on, that it ran counts for no crash. What runs only once has
            // its end in this, or is found by the next start as it was.
            let again = table.running().into_iter().filter(|id| {
                let spec = table.snapshot(*id).map(|snapshot| snapshot.job.spec);
                spec.is_none_or(|spec| !self.ends_with_us(&spec))
            });
            paused.extend(again.map(|id| self.store.write(Write::Pause(chat, id))));
            for id in table.unfinished() {
                self.changes.mark(Change::Job(chat, id));
            }
        }
        // Not for ever: work that does not look at its flag must not keep the process.
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("some jobs did not stop in time");
        }
        for paused in paused {
            // What is not stored now is taken for a crash later.
            let _ = paused.await;
        }
    }

    /// Who does the work, where it is not this process.
    pub fn remote(&self) -> Option<Arc<Remote>> {
        self.work.remote().cloned()
    }

    /// How much there is of everything over all chats.
    pub fn overload(&self) -> &Overload {
        &self.overload
    }

    /// The job lines up, and its run is somebody's from here on.
    fn set_off(&self, run: run::Run, person: i64) {
        let places = run.line_up(person);
        self.tasks.spawn(run.run(places));
    }

    /// A member of the job got its first slot. False where the job was killed meanwhile: it must not run.
    async fn started(&self, chat: ChatId, id: JobId, at_once: bool) -> bool {
        let now = SystemTime::now();
        // What is done in a moment crashes nothing, and the moment is not worth a sync of the disk; what others do does not
        // crash this process, and they have it still when it is gone.
        let counts = !at_once && self.work.remote().is_none();
        let started = self.with_table(chat, |chat, table| {
            let attempt = table.start(id, now)?;
            Some(counts.then(|| self.store.write(Write::Start { chat, id, attempt, started: now })))
        });
        let Some(stored) = started else { return false };
        if let Some(stored) = stored
            && let Err(error) = stored.await
        {
            tracing::error!(%error, "a start is not stored: it would not count if the bot crashed now");
        }
        self.changes.mark(Change::Job(chat, id));
        true
    }

    /// Looks at the chat's table, if it has one.
    fn look<T>(&self, chat: ChatId, look: impl FnOnce(&Table) -> T) -> Option<T> {
        self.look_home(chat, |_, table| look(table))
    }

    /// As `look`, with the id that the chat has now.
    fn look_home<T>(&self, chat: ChatId, look: impl FnOnce(ChatId, &Table) -> T) -> Option<T> {
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        let chat = moved.get(&chat).copied().unwrap_or(chat);
        self.tables.get(&chat).map(|table| look(chat, &table))
    }

    /// Changes the chat's table, and makes it where there is none: it is kept if there is anything to know of it then. The
    /// closure gets the id that the chat has now.
    fn with_table<T>(&self, chat: ChatId, change: impl FnOnce(ChatId, &mut Table) -> T) -> T {
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        let chat = moved.get(&chat).copied().unwrap_or(chat);
        let mut table = self.tables.entry(chat).or_default();
        let before = table.live();
        let changed = change(chat, &mut table);
        self.overload.moved(before, table.live());
        let is_blank = table.is_blank();
        drop(table);
        if is_blank {
            // Somebody may have come in between.
            self.tables.remove_if(&chat, |_, table| table.is_blank());
        }
        changed
    }
}

#[cfg(test)]
mod tests;
