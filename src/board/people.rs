//! How many unfinished jobs each person has, over all chats.

use dashmap::{DashMap, Entry};

/// Counted beside the tables, since no table knows of another one. Whoever has no unfinished job is not in it.
#[derive(Default)]
pub(super) struct People(DashMap<i64, usize>);

impl People {
    /// Counts one more, unless there are `limit` already: how many there are then. Called under a table's lock, so nothing
    /// of a table is looked at in here.
    pub(super) fn take(&self, person: i64, limit: usize) -> Result<(), usize> {
        match self.0.entry(person) {
            Entry::Occupied(live) if *live.get() >= limit => Err(*live.get()),
            Entry::Occupied(mut live) => {
                *live.get_mut() += 1;
                Ok(())
            }
            Entry::Vacant(none) if limit > 0 => {
                none.insert(1);
                Ok(())
            }
            Entry::Vacant(_) => Err(0),
        }
    }

    /// Counts a job that was there before the limits were.
    pub(super) fn restore(&self, person: i64) {
        *self.0.entry(person).or_default() += 1;
    }

    /// One of the person's jobs has finished, or was never stored.
    pub(super) fn give_back(&self, person: i64) {
        if let Entry::Occupied(mut live) = self.0.entry(person) {
            match live.get().saturating_sub(1) {
                0 => drop(live.remove()),
                left => *live.get_mut() = left,
            }
        }
    }

    /// People with an unfinished job.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
