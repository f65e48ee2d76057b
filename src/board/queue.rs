//! Who is next: one line for each kind of resource, fair between chats, then between the people of a chat.
//!
//! What the rest of the board knows of the order is [`Queue::line_up`] and [`Spot::place`]. The order itself is plain data:
//! - `shares`: accounts that share, by what they took; `fair`: chats, their people, and what each of these waits for;
//! - `budget`: the memory, and the slots, of those that run; `at_once`: how many of a declared command do;
//! - `line`: all of it;
//! - `forecast`: who will begin when.

mod at_once;
mod budget;
mod fair;
mod forecast;
mod line;
mod shares;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::{at_once::AtOnce, line::Line};
pub(super) use self::{at_once::Command, line::Claim};
use crate::{declared::Catalog, job::Resource, work::fleet::Capacity};

/// Slots of CPU and IO. A member lines up for one, holds it while it runs, and gives it back by dropping it.
pub(super) struct Queue {
    cpu: Arc<Desk>,
    io: Arc<Desk>,
    at_once: Arc<AtOnce>,
}

/// What a member lines up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) resource: Resource,
    /// What it is thought to take, in about nanoseconds of one slot; 0: nobody knows.
    pub(super) cost: u64,
}

/// A job that has lined up: its members' places, in their order, and the memory that it has as soon as one of them begins.
pub(super) struct Places {
    pub(super) grant: Grant,
    pub(super) tickets: Vec<Option<Ticket>>,
}

/// Memory that a job uses from its start on. To be dropped when it is free again.
pub(super) struct Grant {
    /// `None` where nothing is needed.
    of: Option<Spot>,
}

/// A place in a line. Who drops it leaves the line.
pub(super) struct Ticket {
    desk: Arc<Desk>,
    number: u64,
    call: oneshot::Receiver<Slot>,
}

/// Where a job is found in its line.
#[derive(Clone)]
pub(super) struct Spot {
    desk: Arc<Desk>,
    job: u64,
    /// The first of its members.
    first: u64,
}

/// How long somebody has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the line of jobs, from 1.
    pub position: usize,
    /// Until it begins, as far as costs are known; a guess.
    pub wait: Option<Duration>,
}

/// The right to use one slot.
pub(super) struct Slot {
    // `None` once it was passed on.
    of: Option<(Arc<Desk>, u64)>,
    index: u32,
}

/// Where those wait who want slots of one kind.
struct Desk {
    // A std lock: held to look at the line, never across an await.
    state: Mutex<State>,
    /// The other one, where the same commands may wait.
    beside: OnceLock<Weak<Desk>>,
}

struct State {
    line: Line,
    /// As many as wait: a ticket that is dropped leaves.
    calls: HashMap<u64, oneshot::Sender<Slot>>,
}

impl Queue {
    /// Lines for so many slots; those for CPU have `memory` together.
    pub(super) fn new(cpu_slots: usize, io_slots: usize, memory: u64) -> Self {
        let at_once = Arc::<AtOnce>::default();
        let (cpu, io) = (Desk::new(cpu_slots, memory, &at_once), Desk::new(io_slots, 0, &at_once));
        Desk::introduce([&cpu, &io]);
        Self { cpu, io, at_once }
    }

    /// Lines for a fleet, of which nothing is known yet: nobody offers any command.
    pub(super) fn of_fleet() -> Self {
        let queue = Self::new(0, 0, 0);
        queue.at_once.look().offer(&BTreeMap::new());
        queue
    }

    /// From now on, workers run so many of each command at once.
    pub(super) fn offer(&self, commands: &BTreeMap<String, usize>) {
        self.at_once.look().offer(commands);
        self.look_again();
    }

    /// From now on, this bounds how many of a command run at once.
    pub(super) fn declare(&self, catalog: &Catalog) {
        self.at_once.look().declare(catalog);
        self.look_again();
    }

    /// Others may begin than before.
    fn look_again(&self) {
        for desk in [&self.cpu, &self.io] {
            desk.state().line.forecast = None;
            desk.call_next();
        }
    }

    /// The command of this name; [`Command::NONE`] where none is declared.
    pub(super) fn command(&self, name: &str) -> Command {
        self.at_once.look().command(name)
    }

    /// A job's members take their places; `None` for one that needs no slot.
    pub(super) fn line_up(&self, claim: Claim, members: &[Option<Demand>]) -> Places {
        // All members of a job need the same.
        let io = members.iter().flatten().any(|demand| demand.resource == Resource::Io);
        Desk::line_up(if io { &self.io } else { &self.cpu }, claim, members)
    }

    /// From now on there is so much of everything. Slots above that are not given again, and who has one goes on. Whether
    /// somebody is too large now who was not, or the other way round.
    pub(super) fn set_capacity(&self, capacity: Capacity) -> bool {
        let Capacity { cpu, io, memory, largest } = capacity;
        let now = Instant::now();
        let sorted = self.cpu.state().line.set_capacity(cpu, memory, largest, now);
        self.io.state().line.set_capacity(io, 0, largest, now);
        self.cpu.call_next();
        self.io.call_next();
        sorted
    }

    /// Slots of CPU and of IO that there are.
    #[cfg(test)]
    pub(super) fn slots(&self) -> (usize, usize) {
        (self.cpu.state().line.slots, self.io.state().line.slots)
    }

    /// Bytes that running jobs hold, and how many jobs wait for some.
    pub(super) fn memory(&self) -> (u64, usize) {
        self.cpu.state().line.memory_look()
    }

    /// While paused, nobody is called.
    pub(super) fn set_paused(&self, paused: bool) {
        for desk in [&self.cpu, &self.io] {
            desk.state().line.paused = paused;
            desk.call_next();
        }
    }
}

impl Places {
    /// Where the job is found, if any of its members waits.
    pub(super) fn spot(&self) -> Option<Spot> {
        self.grant.of.clone()
    }
}

impl Ticket {
    /// Waits for the slot. `None` would mean that the line is gone, which cannot be while its tickets are there.
    pub(super) async fn slot(mut self) -> Option<Slot> {
        (&mut self.call).await.ok()
    }
}

impl Spot {
    /// How long the job has to wait; `None` where it does not wait any more, or is too far back to be counted. And whether
    /// what runs leaves too little memory for it.
    pub(super) fn place(&self) -> (Option<Place>, bool) {
        let line = &mut self.desk.state().line;
        (line.place(self.job, Instant::now()), line.waits_for_memory(self.job))
    }

    /// Whether the job waits for others of its command, which run.
    pub(super) fn waits_for_others(&self) -> bool {
        self.desk.state().line.waits_for_others(self.first)
    }

    /// Whether no worker is large enough for the job.
    pub(super) fn is_too_large(&self) -> bool {
        self.desk.state().line.waits_for_larger(self.job)
    }
}

impl Slot {
    /// Which of them it is, from 0.
    pub(super) fn number(&self) -> u32 {
        self.index
    }

    /// The work begins only now: nobody used the slot before.
    pub(super) fn begins(&self) {
        if let Some((desk, number)) = &self.of {
            desk.state().line.begins(*number, Instant::now());
        }
    }

    /// The work is done, not given up: how long it took tells how long others will take.
    pub(super) fn done(self) {
        if let Some((desk, number)) = &self.of {
            desk.state().line.learn(*number, Instant::now());
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A slot that was given and not taken lies in the channel, and is passed on when that is dropped.
        let mut state = self.desk.state();
        if state.calls.remove(&self.number).is_some() {
            state.line.leave(self.number, Instant::now());
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some((desk, number)) = self.of.take() {
            desk.end(number);
            desk.call_next();
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(Spot { desk, job, .. }) = self.of.take() {
            desk.state().line.give_back(job);
            desk.call_next();
        }
    }
}

impl Desk {
    fn new(slots: usize, memory: u64, at_once: &Arc<AtOnce>) -> Arc<Self> {
        let state = State { line: Line::new(slots, memory, at_once.clone()), calls: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state), beside: OnceLock::new() })
    }

    /// Two where the same commands may wait, since their weight may change.
    fn introduce(desks: [&Arc<Self>; 2]) {
        for (desk, other) in [(desks[0], desks[1]), (desks[1], desks[0])] {
            // Once, when they are made.
            let _ = desk.beside.set(Arc::downgrade(other));
        }
    }

    /// The member has its slot no more. What waited for that at the other desk is called there.
    fn end(self: &Arc<Self>, number: u64) {
        let is_bounded = self.state().line.end(number, Instant::now());
        if let Some(desk) = self.beside.get().filter(|_| is_bounded).and_then(Weak::upgrade) {
            desk.call_next();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line_up(self: &Arc<Self>, claim: Claim, members: &[Option<Demand>]) -> Places {
        let costs: Vec<_> = members.iter().flatten().map(|demand| demand.cost).collect();
        if costs.is_empty() {
            return Places { grant: Grant { of: None }, tickets: members.iter().map(|_| None).collect() };
        }
        let (job, first, tickets) = {
            let mut state = self.state();
            let (job, mut numbers) = state.line.line_up(claim, &costs, Instant::now());
            let first = numbers.start;
            let mut ticket = |number: u64| {
                let (caller, call) = oneshot::channel();
                state.calls.insert(number, caller);
                Ticket { desk: self.clone(), number, call }
            };
            let tickets = members.iter().map(|member| member.and_then(|_| numbers.next()).map(&mut ticket));
            (job, first, tickets.collect())
        };
        self.call_next();
        Places { grant: Grant { of: Some(Spot { desk: self.clone(), job, first }) }, tickets }
    }

    /// Gives what is free to who waits.
    fn call_next(self: &Arc<Self>) {
        while let Some((call, slot)) = self.call() {
            // Not under the lock: a slot that nobody takes comes back here.
            if let Err(mut slot) = call.send(slot)
                && let Some((_, number)) = slot.of.take()
            {
                self.end(number);
            }
        }
    }

    fn call(self: &Arc<Self>) -> Option<(oneshot::Sender<Slot>, Slot)> {
        let mut state = self.state();
        let (number, index) = state.line.call(Instant::now())?;
        // Who waits in the line has a call.
        let call = state.calls.remove(&number)?;
        Some((call, Slot { of: Some((self.clone(), number)), index }))
    }
}

#[cfg(test)]
mod tests;
