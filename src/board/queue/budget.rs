//! The memory that those which run may take together.

use std::collections::HashMap;

/// Who holds what. A job takes all that it needs when its first member begins, and gives it back after its end: so nobody
/// holds some of it while they wait for more, and nobody who only waits in the line holds any.
///
/// The first whose turn has come and who does not fit is the *head*. Others may pass it that fit beside it: all that passed
/// it never hold more than the budget without it. So it waits for no other than those that ran when it became the head.
#[derive(Clone)]
pub(super) struct Budget {
    all: u64,
    used: u64,
    held: HashMap<u64, Held>,
    head: Option<(u64, u64)>,
    /// What those hold that passed the head.
    passed: u64,
}

#[derive(Clone)]
struct Held {
    need: u64,
    /// The head that it passed.
    passed: Option<u64>,
}

impl Budget {
    pub(super) fn new(all: u64) -> Self {
        Self { all, used: 0, held: HashMap::new(), head: None, passed: 0 }
    }

    /// From now on they may take so much. Those that have more already keep it.
    pub(super) fn set_all(&mut self, all: u64) {
        self.all = all;
    }

    /// What a job that needs so much is given: no more than there is at all.
    pub(super) fn capped(&self, need: u64) -> u64 {
        need.min(self.all)
    }

    pub(super) fn used(&self) -> u64 {
        self.used
    }

    pub(super) fn free(&self) -> u64 {
        self.all.saturating_sub(self.used)
    }

    /// What this job may have now.
    pub(super) fn room(&self, job: u64) -> u64 {
        match self.head {
            Some((head, need)) if head != job => {
                self.all.saturating_sub(need).saturating_sub(self.passed).min(self.free())
            }
            _ => self.free(),
        }
    }

    /// The job's turn has come, and it does not fit.
    pub(super) fn blocks(&mut self, job: u64, need: u64) {
        self.head.get_or_insert((job, need));
    }

    pub(super) fn take(&mut self, job: u64, need: u64) {
        self.end_of_head(job);
        let passed = self.head.map(|(head, _)| head);
        self.used += need;
        self.passed += if passed.is_some() { need } else { 0 };
        self.held.insert(job, Held { need, passed });
    }

    /// The job holds nothing any more, and waits for nothing.
    pub(super) fn give_back(&mut self, job: u64) {
        self.end_of_head(job);
        let Some(held) = self.held.remove(&job) else { return };
        self.used -= held.need;
        if held.passed.is_some() && held.passed == self.head.map(|(head, _)| head) {
            self.passed -= held.need;
        }
    }

    /// The job is not to wait here any more.
    pub(super) fn passes_by(&mut self, job: u64) {
        self.end_of_head(job);
        // It may be the head another time, and they did not pass that one.
        for held in self.held.values_mut().filter(|held| held.passed == Some(job)) {
            held.passed = None;
        }
    }

    fn end_of_head(&mut self, job: u64) {
        if self.head.is_some_and(|(head, _)| head == job) {
            self.head = None;
            self.passed = 0;
        }
    }

    /// The job whose turn has come, and which does not fit yet.
    pub(super) fn head(&self) -> Option<u64> {
        self.head.map(|(job, _)| job)
    }

    /// What passed the head leaves room for it, where the budget was always the same.
    #[cfg(test)]
    pub(super) fn leaves_room(&self) -> bool {
        self.head.is_none_or(|(_, need)| self.passed + self.capped(need) <= self.all)
    }

    /// What is used is what is held.
    #[cfg(test)]
    pub(super) fn is_sound(&self) -> bool {
        let held: u64 = self.held.values().map(|held| held.need).sum();
        held == self.used
    }
}
