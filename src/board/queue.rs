//! Who is next: one line for each kind of resource, first come first served.
//!
//! What the rest of the board knows of the order is [`Queue::line_up`] and [`Spot::place`]: another order changes only this
//! file.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::job::Resource;

/// Members ahead that are looked at: a place further back is not told, since it would take long to count and mean little.
const MAX_AHEAD: usize = 1_000;
/// Costs below it say nothing of the machine: what a member takes besides its work is more.
const MIN_SAMPLE: u64 = 1_000_000;
/// A sample's weight beside what was known before.
const WEIGHT: f64 = 0.25;

/// Slots of CPU and IO. A member lines up for one, holds it while it runs, and gives it back by dropping it.
pub(super) struct Queue {
    cpu: Arc<Line>,
    io: Arc<Line>,
}

/// What a member lines up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) resource: Resource,
    /// What it is thought to take, in about nanoseconds of one slot; 0: nobody knows.
    pub(super) cost: u64,
}

/// A place in a line. Who drops it leaves the line.
pub(super) struct Ticket {
    spot: Spot,
    call: oneshot::Receiver<Slot>,
}

/// Where a ticket is found in its line.
#[derive(Clone)]
pub(super) struct Spot {
    line: Arc<Line>,
    number: u64,
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
    of: Option<Spot>,
    index: u32,
}

/// Who waits for slots of one kind.
struct Line {
    // A std lock: held to look at the line, never across an await.
    state: Mutex<State>,
}

struct State {
    paused: bool,
    slots: usize,
    /// Slots that were used and are free. The lowest is used first, so that few are where few are needed.
    free: BTreeSet<u32>,
    /// Slots from this one on have never been used.
    unused: u32,
    next: u64,
    jobs: u64,
    /// In order of arrival. It is as long as there are unfinished members: a ticket that is dropped leaves it.
    waiting: BTreeMap<u64, Waiter>,
    /// Who holds a slot: its cost, since when, and which.
    working: BTreeMap<u64, (u64, Instant, u32)>,
    /// Nanoseconds that a unit of cost took of late.
    pace: f64,
    /// Nanoseconds that a member of unknown cost took of late.
    unknown: Option<f64>,
}

struct Waiter {
    /// Members of one job have the same.
    job: u64,
    cost: u64,
    call: oneshot::Sender<Slot>,
}

impl Queue {
    pub(super) fn new(cpu_slots: usize, io_slots: usize) -> Self {
        Self { cpu: Line::new(cpu_slots), io: Line::new(io_slots) }
    }

    /// While paused, no slot is given.
    pub(super) fn set_paused(&self, paused: bool) {
        for line in [&self.cpu, &self.io] {
            line.state().paused = paused;
            line.call_next();
        }
    }

    /// A job's members take the last places in their lines; `None` for one that needs no slot.
    pub(super) fn line_up(&self, members: &[Option<Demand>]) -> Vec<Option<Ticket>> {
        let (cpu, io) = (self.cpu.next_job(), self.io.next_job());
        let ticket = |demand: &Demand| match demand.resource {
            Resource::Cpu => self.cpu.line_up(cpu, demand.cost),
            Resource::Io => self.io.line_up(io, demand.cost),
        };
        members.iter().map(|demand| demand.as_ref().map(ticket)).collect()
    }
}

impl Ticket {
    /// Waits for the slot. `None` would mean that the line is gone, which cannot be while its tickets are there.
    pub(super) async fn slot(mut self) -> Option<Slot> {
        (&mut self.call).await.ok()
    }

    pub(super) fn spot(&self) -> Spot {
        self.spot.clone()
    }
}

impl Spot {
    /// How long its ticket has to wait; `None` where it does not wait any more, or is too far back to be counted.
    pub(super) fn place(&self) -> Option<Place> {
        self.line.state().place(self.number, Instant::now())
    }
}

impl Slot {
    /// Which of them it is, from 0.
    pub(super) fn number(&self) -> u32 {
        self.index
    }

    /// The work is done, not given up: how long it took tells how long others will take.
    pub(super) fn done(self) {
        if let Some(Spot { line, number }) = &self.of {
            line.state().learn(*number, Instant::now());
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A slot that was given and not taken lies in the channel, and is passed on when that is dropped.
        self.spot.line.state().waiting.remove(&self.spot.number);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(Spot { line, number }) = self.of.take() {
            line.state().give_back(number);
            line.call_next();
        }
    }
}

impl Line {
    fn new(slots: usize) -> Arc<Self> {
        let state = State {
            paused: false,
            slots,
            free: BTreeSet::new(),
            unused: 0,
            next: 0,
            jobs: 0,
            waiting: BTreeMap::new(),
            working: BTreeMap::new(),
            pace: 1.0,
            unknown: None,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_job(&self) -> u64 {
        let mut state = self.state();
        state.jobs += 1;
        state.jobs
    }

    fn line_up(self: &Arc<Self>, job: u64, cost: u64) -> Ticket {
        let (caller, call) = oneshot::channel();
        let number = {
            let mut state = self.state();
            state.next += 1;
            let number = state.next;
            state.waiting.insert(number, Waiter { job, cost, call: caller });
            number
        };
        let ticket = Ticket { spot: Spot { line: self.clone(), number }, call };
        self.call_next();
        ticket
    }

    /// Gives what is free to who waits.
    fn call_next(self: &Arc<Self>) {
        loop {
            let Some((number, index, call)) = self.state().call(Instant::now()) else { return };
            // Not under the lock: a slot that nobody takes comes back here.
            if let Err(mut slot) = call.send(Slot { of: Some(Spot { line: self.clone(), number }), index }) {
                slot.of = None;
                self.state().give_back(number);
            }
        }
    }
}

impl State {
    /// The first that waits holds a slot now, if one is free.
    fn call(&mut self, now: Instant) -> Option<(u64, u32, oneshot::Sender<Slot>)> {
        if self.paused || self.waiting.is_empty() {
            return None;
        }
        let index = self.take()?;
        let (number, Waiter { cost, call, .. }) = self.waiting.pop_first()?;
        self.working.insert(number, (cost, now, index));
        Some((number, index, call))
    }

    /// The lowest slot that is free.
    fn take(&mut self) -> Option<u32> {
        if let Some(number) = self.free.pop_first() {
            return Some(number);
        }
        let number = self.unused;
        (usize::try_from(number).is_ok_and(|number| number < self.slots)).then(|| {
            self.unused += 1;
            number
        })
    }

    fn give_back(&mut self, number: u64) {
        let held = self.working.remove(&number);
        self.free.extend(held.map(|(_, _, index)| index));
    }

    /// Nanoseconds that a member will take, as far as that is known.
    fn expected(&self, cost: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a guess")]
        if cost > 0 { Some(cost as f64 * self.pace) } else { self.unknown }
    }

    fn learn(&mut self, number: u64, now: Instant) {
        let Some((cost, since, _)) = self.working.get(&number).copied() else { return };
        let took = now.duration_since(since).as_secs_f64() * 1e9;
        if cost == 0 {
            self.unknown = Some(self.unknown.map_or(took, |known| known + WEIGHT * (took - known)));
        } else if cost >= MIN_SAMPLE && self.working.len() == self.slots {
            // A lone number has the help of idle cores, which those in the line will not have.
            #[expect(clippy::cast_precision_loss, reason = "a guess")]
            let sample = (took / cost as f64).clamp(0.01, 100.0);
            self.pace += WEIGHT * (sample - self.pace);
        }
    }

    /// The jobs ahead are let through in thought: each takes the slot that is free first.
    fn place(&self, number: u64, now: Instant) -> Option<Place> {
        self.waiting.get(&number)?;
        let mut position = 1;
        let mut ahead: Vec<u64> = Vec::new();
        let mut last = None;
        for waiter in self.waiting.range(..number).map(|(_, waiter)| waiter) {
            if ahead.len() >= MAX_AHEAD {
                return None;
            }
            position += usize::from(last.replace(waiter.job) != Some(waiter.job));
            ahead.push(waiter.cost);
        }
        // Of the job's own members, those ahead are not another job.
        let own = self.waiting.get(&number).map(|waiter| waiter.job);
        position -= usize::from(last.is_some() && last == own);
        Some(Place { position, wait: self.wait(&ahead, now) })
    }

    fn wait(&self, ahead: &[u64], now: Instant) -> Option<Duration> {
        let mut free_at: BinaryHeap<Reverse<u64>> = BinaryHeap::with_capacity(self.slots);
        for (cost, since, _) in self.working.values() {
            let left = self.expected(*cost)? - now.duration_since(*since).as_secs_f64() * 1e9;
            free_at.push(Reverse(nanos(left)));
        }
        for _ in free_at.len()..self.slots {
            free_at.push(Reverse(0));
        }
        for cost in ahead {
            let Reverse(first) = free_at.pop()?;
            free_at.push(Reverse(first.saturating_add(nanos(self.expected(*cost)?))));
        }
        free_at.peek().map(|Reverse(at)| Duration::from_nanos(*at))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is negative is over, and `as` saturates"
)]
fn nanos(nanos: f64) -> u64 {
    nanos.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn job<const N: usize>(queue: &Queue, costs: [u64; N]) -> Vec<Option<Ticket>> {
        queue.line_up(&costs.map(|cost| Some(Demand { resource: Resource::Cpu, cost })))
    }

    fn one(queue: &Queue, resource: Resource, cost: u64) -> Ticket {
        queue.line_up(&[Some(Demand { resource, cost })]).remove(0).unwrap()
    }

    #[tokio::test]
    async fn slots_go_to_who_came_first_and_pass_on_what_nobody_takes() {
        let queue = Queue::new(1, 1);
        let [first, second, third, fourth] = [(); 4].map(|()| one(&queue, Resource::Cpu, 0));
        assert!(one(&queue, Resource::Io, 0).slot().now_or_never().is_some());
        let slot = first.slot().now_or_never().flatten();
        assert!(slot.is_some());
        // The second was killed while it waited, the third when the slot was its own already.
        drop(second);
        drop(slot);
        drop(third);
        assert!(fourth.slot().now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn the_lowest_free_slot_is_used_first() {
        let queue = Queue::new(3, 1);
        let slot = || one(&queue, Resource::Cpu, 0).slot().now_or_never().flatten();
        let (first, second, third) = (slot().unwrap(), slot().unwrap(), slot().unwrap());
        assert_eq!([first.number(), second.number(), third.number()], [0, 1, 2]);
        assert!(slot().is_none());
        drop(third);
        drop(first);
        let (first, third) = (slot().unwrap(), slot().unwrap());
        assert_eq!([first.number(), third.number()], [0, 2]);
        // A slot that was given to somebody who did not take it is free again.
        let waiting = one(&queue, Resource::Cpu, 0);
        drop(second);
        drop(waiting);
        assert_eq!(slot().unwrap().number(), 1);
    }

    #[tokio::test]
    async fn who_leaves_is_not_remembered() {
        let queue = Queue::new(0, 0);
        for _ in 0..100 {
            one(&queue, Resource::Cpu, 0);
        }
        let state = queue.cpu.state();
        assert!(state.waiting.is_empty() && state.working.is_empty());
    }

    #[test]
    fn a_place_counts_jobs_and_adds_up_what_they_cost() {
        const SECOND: u64 = 1_000_000_000;
        let queue = Queue::new(2, 1);
        let running = job(&queue, [10 * SECOND, 20 * SECOND]);
        let second = job(&queue, [30 * SECOND, 40 * SECOND]);
        let third = job(&queue, [SECOND]);
        let now = Instant::now();
        let place = |ticket: &Option<Ticket>, later: u64| {
            let number = ticket.as_ref().unwrap().spot.number;
            let place = queue.cpu.state().place(number, now + Duration::from_secs(later))?;
            Some((place.position, place.wait.map(|wait| (wait.as_secs_f64() / 2.0).round() * 2.0)))
        };
        assert_eq!(place(&running[0], 0), None, "it does not wait");
        assert_eq!(place(&second[0], 0), Some((1, Some(10.0))));
        assert_eq!(place(&second[1], 0), Some((1, Some(20.0))), "its own members are no other job");
        assert_eq!(place(&third[0], 0), Some((2, Some(40.0))), "slots are free after 40 s and 60 s");
        assert_eq!(place(&third[0], 6), Some((2, Some(34.0))));
    }

    #[tokio::test]
    async fn what_a_member_took_tells_how_long_others_will_take() {
        let queue = Queue::new(1, 1);
        let (first, second) = (one(&queue, Resource::Io, 0), one(&queue, Resource::Io, 0));
        assert_eq!(second.spot().place(), Some(Place { position: 1, wait: None }), "nothing is known yet");
        let slot = first.slot().await.unwrap();
        std::thread::sleep(Duration::from_millis(2));
        slot.done();
        let _second = second.slot().await.unwrap();
        let third = one(&queue, Resource::Io, 0);
        let wait = third.spot().place().unwrap().wait.unwrap();
        assert!(wait <= queue.io.state().unknown.map(|nanos| Duration::from_secs_f64(nanos / 1e9)).unwrap());
    }

    #[test]
    fn who_is_too_far_back_is_not_counted() {
        let queue = Queue::new(1, 1);
        let tickets: Vec<_> = (0..MAX_AHEAD + 3).map(|_| one(&queue, Resource::Cpu, 1)).collect();
        assert_eq!(tickets[MAX_AHEAD + 1].spot().place().map(|place| place.position), Some(MAX_AHEAD + 1));
        assert_eq!(tickets[MAX_AHEAD + 2].spot().place(), None);
    }
}
