//! Who is next: one line for each kind of resource, first come first served.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::job::Resource;

/// Slots of CPU and IO. A member lines up for one, holds it while it runs, and gives it back by dropping it.
pub(super) struct Queue {
    cpu: Arc<Line>,
    io: Arc<Line>,
}

/// A place in a line. Who drops it leaves the line.
pub(super) struct Ticket {
    line: Arc<Line>,
    number: u64,
    call: oneshot::Receiver<Slot>,
}

/// The right to use one slot.
pub(super) struct Slot {
    // `None` once it was passed on.
    line: Option<Arc<Line>>,
    number: u32,
}

/// Who waits for slots of one kind.
struct Line {
    // A std lock: held to look at the line, never across an await.
    state: Mutex<State>,
}

struct State {
    slots: usize,
    /// Slots that were used and are free. The lowest is used first, so that few are where few are needed.
    free: BTreeSet<u32>,
    /// Slots from this one on have never been used.
    unused: u32,
    next: u64,
    /// In order of arrival. It is as long as there are unfinished members: a ticket that is dropped leaves it.
    waiting: BTreeMap<u64, oneshot::Sender<Slot>>,
}

impl Queue {
    pub(super) fn new(cpu_slots: usize, io_slots: usize) -> Self {
        Self { cpu: Line::new(cpu_slots), io: Line::new(io_slots) }
    }

    /// Takes the last place in the line.
    pub(super) fn line_up(&self, resource: Resource) -> Ticket {
        let line = match resource {
            Resource::Cpu => &self.cpu,
            Resource::Io => &self.io,
        };
        let (caller, call) = oneshot::channel();
        let number = {
            let mut state = line.state();
            state.next += 1;
            let number = state.next;
            state.waiting.insert(number, caller);
            number
        };
        let ticket = Ticket { line: line.clone(), number, call };
        line.call_next();
        ticket
    }
}

impl Ticket {
    /// Waits for the slot. `None` would mean that the line is gone, which cannot be while its tickets are there.
    pub(super) async fn slot(mut self) -> Option<Slot> {
        (&mut self.call).await.ok()
    }
}

impl Slot {
    /// Which of them it is, from 0.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A slot that was given and not taken lies in the channel, and is passed on when that is dropped.
        self.line.state().waiting.remove(&self.number);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.state().free.insert(self.number);
            line.call_next();
        }
    }
}

impl Line {
    fn new(slots: usize) -> Arc<Self> {
        let (free, waiting) = (BTreeSet::new(), BTreeMap::new());
        Arc::new(Self { state: Mutex::new(State { slots, free, unused: 0, next: 0, waiting }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what is free to who waits.
    fn call_next(self: &Arc<Self>) {
        loop {
            let (caller, number) = {
                let mut state = self.state();
                if state.waiting.is_empty() {
                    return;
                }
                let Some(number) = state.take() else { return };
                let Some((_, caller)) = state.waiting.pop_first() else { return };
                (caller, number)
            };
            // Not under the lock: a slot that nobody takes comes back here.
            if let Err(mut slot) = caller.send(Slot { line: Some(self.clone()), number }) {
                slot.line = None;
                self.state().free.insert(number);
            }
        }
    }
}

impl State {
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
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn slots_go_to_who_came_first_and_pass_on_what_nobody_takes() {
        let queue = Queue::new(1, 1);
        let [first, second, third, fourth] = [(); 4].map(|()| queue.line_up(Resource::Cpu));
        assert!(queue.line_up(Resource::Io).slot().now_or_never().is_some());
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
        let slot = || queue.line_up(Resource::Cpu).slot().now_or_never().flatten();
        let (first, second, third) = (slot().unwrap(), slot().unwrap(), slot().unwrap());
        assert_eq!([first.number(), second.number(), third.number()], [0, 1, 2]);
        assert!(slot().is_none());
        drop(third);
        drop(first);
        let (first, third) = (slot().unwrap(), slot().unwrap());
        assert_eq!([first.number(), third.number()], [0, 2]);
        // A slot that was given to somebody who did not take it is free again.
        let waiting = queue.line_up(Resource::Cpu);
        drop(second);
        drop(waiting);
        assert_eq!(slot().unwrap().number(), 1);
    }

    #[tokio::test]
    async fn who_leaves_is_not_remembered() {
        let queue = Queue::new(0, 0);
        for _ in 0..100 {
            queue.line_up(Resource::Cpu);
        }
        assert!(queue.cpu.state().waiting.is_empty());
    }
}
