//! What a job needs of memory is known before it starts: what can never fit is refused, and the line for CPU slots lets those
//! begin together that keep to the budget.

mod need;

use super::Boards;
use crate::{
    job::{NeverFits, Spec},
    work::fleet::Capacity,
};

impl Boards {
    /// Bytes that the job takes at its peak, and the one of its members that takes the most.
    pub(super) fn need(&self, spec: &Spec) -> (u64, u64) {
        let memory = |n| self.work.memory(n);
        // Of a fleet that is not there yet it is not known how many will run side by side.
        let need = need::need(spec.fib_members(), self.capacity().cpu.max(1), memory);
        (need, spec.fib_members().iter().copied().map(memory).max().unwrap_or_default())
    }

    /// Whether the job could only wait for ever, and what would not: all of it takes more than there is, or one of its members more
    /// than any worker has.
    pub(super) fn never_fits(&self, spec: &Spec) -> Option<NeverFits> {
        let Capacity { cpu, memory: budget, largest, .. } = self.capacity();
        let memory = |n| self.work.memory(n);
        if cpu == 0 {
            // Who may come is not known.
            return None;
        }
        let alone = || {
            let n = spec.fib_members().iter().copied().max_by_key(|n| self.work.memory(*n))?;
            need::never_fits(&[n], 1, largest, memory)
        };
        need::never_fits(spec.fib_members(), cpu, budget, memory).or_else(alone)
    }
}
