//! Who was on which CPU worker lately, of all chats: why somebody waits may be another chat's doing.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use crate::job::ChatId;

/// Stays that are remembered, of all chats together; the oldest is forgotten.
const MAX_STAYS: usize = 2_000;

/// The last stays on workers. It begins anew with the process.
#[derive(Debug, Default)]
pub(super) struct Busy {
    // A std lock: held for an insertion or a look, never across an await.
    stays: Mutex<VecDeque<(ChatId, Stay)>>,
}

/// A time in which a worker was busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Which, from 0.
    pub worker: u32,
    /// Since when.
    pub from: SystemTime,
    /// Until when, if it is over.
    pub to: Option<SystemTime>,
}

impl Busy {
    /// Somebody begins on a worker.
    pub(super) fn begin(&self, chat: ChatId, worker: u32) {
        let mut stays = self.stays();
        stays.push_back((chat, Stay { worker, from: SystemTime::now(), to: None }));
        if stays.len() > MAX_STAYS {
            stays.pop_front();
        }
    }

    /// Whoever is on the worker leaves it; it must still be theirs.
    pub(super) fn end(&self, worker: u32) {
        let mut stays = self.stays();
        let open = stays.iter_mut().rev().find(|(_, stay)| stay.worker == worker && stay.to.is_none());
        if let Some((_, stay)) = open {
            stay.to = Some(SystemTime::now().max(stay.from));
        }
    }

    /// What there is of other chats.
    pub(super) fn others(&self, is_here: impl Fn(ChatId) -> bool) -> Vec<Stay> {
        self.stays().iter().filter(|(chat, _)| !is_here(*chat)).map(|(_, stay)| *stay).collect()
    }

    fn stays(&self) -> MutexGuard<'_, VecDeque<(ChatId, Stay)>> {
        self.stays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stay_is_anothers_and_ends_with_its_worker() {
        let (busy, here, there) = (Busy::default(), ChatId(1), ChatId(2));
        busy.begin(there, 0);
        busy.begin(here, 1);
        busy.begin(there, 2);
        busy.end(0);
        busy.begin(there, 0);
        let others = busy.others(|chat| chat == here);
        let open: Vec<_> = others.iter().map(|stay| (stay.worker, stay.to.is_some())).collect();
        assert_eq!(open, [(0, true), (2, false), (0, false)]);
        for _ in 0..3 * MAX_STAYS {
            busy.begin(there, 3);
        }
        assert_eq!(busy.others(|_| false).len(), MAX_STAYS);
    }
}
