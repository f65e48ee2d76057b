//! Who may begin: what a job needs of memory is known before it starts, and those that run together keep to a budget.
//!
//! A job is admitted as a whole. If its members came one by one, two jobs could each hold a half and wait for the other's.
//! First come, first served; but a later job passes one that waits if it fits beside that one, too: all that passed
//! it never hold more than the budget without it. So small jobs go on beside a giant that waits, and what the giant
//! waits for is only what ran before.

mod need;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    Boards, Limits,
    queue::{Demand, Queue, Ticket},
};
use crate::job::{NeverFits, Spec};

/// A budget of bytes in front of the lines for slots: who has its memory lines up for them.
pub(super) struct Memory {
    budget: u64,
    queue: Queue,
    // A std lock: held to look at who waits, never across an await. The lines' own locks are taken under it.
    state: Mutex<State>,
}

/// What each member lines up for; `None` for one that is computed at once.
pub(super) type Members = Vec<Option<Demand>>;

/// A job's memory and its members' places in the lines, in their order.
pub(super) struct Places {
    pub(super) grant: Grant,
    pub(super) tickets: Vec<Option<Ticket>>,
}

/// Memory that a job may use. To be dropped when it is free again.
pub(super) struct Grant {
    /// `None` where nothing is needed.
    of: Option<(Arc<Memory>, u64)>,
}

/// A job that was admitted, or waits for it.
pub(super) enum Turn {
    Come(Places),
    Waiting(Waiting),
}

/// A place among those that wait for memory. Who drops it leaves.
pub(super) struct Waiting {
    memory: Arc<Memory>,
    number: u64,
    call: oneshot::Receiver<Places>,
}

/// Jobs have numbers in the order in which they came. Thousands may wait: what is asked often is kept.
#[derive(Default)]
struct State {
    next: u64,
    used: u64,
    /// What each holds.
    granted: BTreeMap<u64, u64>,
    /// It is as long as there are unfinished jobs: one that is dropped leaves it.
    waiting: BTreeMap<u64, Waiter>,
    /// What each of these needs, the least first.
    needs: BTreeSet<(u64, u64)>,
    /// What those hold that passed the first that waits.
    passed: u64,
}

struct Waiter {
    need: u64,
    members: Members,
    call: oneshot::Sender<Places>,
}

/// To be called when the lock is free: what nobody takes comes back.
type Calls = Vec<(oneshot::Sender<Places>, Places)>;

impl Memory {
    pub(super) fn new(budget: u64, queue: Queue) -> Arc<Self> {
        Arc::new(Self { budget, queue, state: Mutex::default() })
    }

    /// Takes the last place, for a job that needs so many bytes. Who comes at once has lined up for slots when this
    /// returns. A need beyond the budget, which is not to be asked for, is taken for all of it.
    pub(super) fn line_up(self: &Arc<Self>, need: u64, members: Members) -> Turn {
        if need == 0 {
            return Turn::Come(Places { grant: Grant { of: None }, tickets: self.queue.line_up(&members) });
        }
        let need = need.min(self.budget);
        let mut state = self.state();
        state.next += 1;
        let number = state.next;
        if need <= state.room(self.budget) {
            return Turn::Come(self.grant(&mut state, number, need, &members));
        }
        let (call, called) = oneshot::channel();
        state.wait(number, Waiter { need, members, call });
        Turn::Waiting(Waiting { memory: self.clone(), number, call: called })
    }

    /// Bytes that were given away.
    pub(super) fn used(&self) -> u64 {
        self.state().used
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines are taken under the lock: who comes first here is first there.
    fn grant(self: &Arc<Self>, state: &mut State, number: u64, need: u64, members: &Members) -> Places {
        state.hold(number, need);
        Places { grant: Grant { of: Some((self.clone(), number)) }, tickets: self.queue.line_up(members) }
    }

    /// Gives what is free to who may have it.
    fn admit(self: &Arc<Self>, state: &mut State) -> Calls {
        let mut calls = Calls::new();
        for number in state.who_may_come(self.budget) {
            if let Some(Waiter { need, members, call }) = state.leave(number) {
                calls.push((call, self.grant(state, number, need, &members)));
            }
        }
        calls
    }
}

impl State {
    fn first(&self) -> Option<(u64, &Waiter)> {
        self.waiting.first_key_value().map(|(number, waiter)| (*number, waiter))
    }

    fn is_after_first(&self, number: u64) -> bool {
        self.first().is_some_and(|(first, _)| first < number)
    }

    /// What one that comes now may have.
    fn room(&self, budget: u64) -> u64 {
        let free = budget.saturating_sub(self.used);
        self.first().map_or(free, |(_, first)| beside(first.need, self.passed, budget).min(free))
    }

    /// In order: as many of the first as fit, and then those that may pass.
    fn who_may_come(&self, budget: u64) -> Vec<u64> {
        let least = self.needs.first().map_or(0, |(need, _)| *need);
        let mut room = budget.saturating_sub(self.used);
        let mut passing = false;
        let mut come = Vec::new();
        for (number, waiter) in &self.waiting {
            if waiter.need <= room {
                room -= waiter.need;
                come.push(*number);
            } else if !passing {
                passing = true;
                let passed = if come.is_empty() { self.passed } else { self.held_after(*number) };
                room = room.min(beside(waiter.need, passed, budget));
            }
            if room < least {
                break;
            }
        }
        come
    }

    fn held_after(&self, number: u64) -> u64 {
        self.granted.range(number..).map(|(_, need)| need).sum()
    }

    fn wait(&mut self, number: u64, waiter: Waiter) {
        self.needs.insert((waiter.need, number));
        self.waiting.insert(number, waiter);
    }

    /// The job waits no more.
    fn leave(&mut self, number: u64) -> Option<Waiter> {
        let waiter = self.waiting.remove(&number)?;
        self.needs.remove(&(waiter.need, number));
        if !self.is_after_first(number) {
            // It was the first.
            self.passed = self.first().map_or(0, |(first, _)| self.held_after(first));
        }
        Some(waiter)
    }

    fn hold(&mut self, number: u64, need: u64) {
        self.used += need;
        self.granted.insert(number, need);
        self.passed += if self.is_after_first(number) { need } else { 0 };
    }

    fn give_back(&mut self, number: u64) {
        let need = self.granted.remove(&number).unwrap_or_default();
        self.used -= need;
        self.passed -= if self.is_after_first(number) { need } else { 0 };
    }
}

/// What may pass one that waits, besides those that did and still hold theirs.
fn beside(need: u64, passed: u64, budget: u64) -> u64 {
    budget.saturating_sub(need).saturating_sub(passed)
}

impl Waiting {
    /// Waits for the job's turn. `None` would mean that the budget is gone, which cannot be while somebody waits.
    pub(super) async fn places(mut self) -> Option<Places> {
        (&mut self.call).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let calls = {
            let mut state = self.memory.state();
            // What was given and not taken lies in the channel, and is given back when that is dropped.
            if state.leave(self.number).is_none() {
                return;
            }
            self.memory.admit(&mut state)
        };
        call(calls);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let Some((memory, number)) = self.of.take() else { return };
        let calls = {
            let mut state = memory.state();
            state.give_back(number);
            memory.admit(&mut state)
        };
        call(calls);
    }
}

fn call(calls: Calls) {
    for (call, places) in calls {
        // One that has left meanwhile: dropped, they are somebody else's.
        let _ = call.send(places);
    }
}

impl Boards {
    /// Bytes that the job takes at its peak.
    pub(super) fn need(&self, spec: &Spec) -> u64 {
        need::need(spec.fib_members(), self.limits.cpu_slots, |n| self.work.memory(n))
    }

    /// Whether the job could only wait for ever, and what would not.
    pub(super) fn never_fits(&self, spec: &Spec) -> Option<NeverFits> {
        let Limits { cpu_slots, memory: budget, .. } = self.limits;
        need::never_fits(spec.fib_members(), cpu_slots, budget, |n| self.work.memory(n))
    }
}

#[cfg(test)]
mod tests;
