//! What a job needs of memory is known before it starts: what can never fit is refused, and the line for CPU slots lets those
//! begin together that keep to the budget.

mod need;

use super::{Boards, Limits};
use crate::job::{NeverFits, Spec};

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
