//! Numbers of jobs in their order, any page of which is found without a walk over the others.

use std::collections::VecDeque;

use crate::job::JobId;

/// Ascending. Jobs come at its end and are dropped at its beginning, or near these.
#[derive(Debug, Default)]
pub(super) struct Ids(VecDeque<JobId>);

impl Ids {
    pub(super) fn insert(&mut self, id: JobId) {
        if self.0.back().is_none_or(|last| *last < id) {
            self.0.push_back(id);
        } else if let Err(at) = self.0.binary_search(&id) {
            self.0.insert(at, id);
        }
    }

    pub(super) fn remove(&mut self, id: JobId) {
        if let Ok(at) = self.0.binary_search(&id) {
            self.0.remove(at);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// So many after the newest `skip`, newest first.
    pub(super) fn newest(&self, skip: usize, count: usize) -> Vec<JobId> {
        let end = self.0.len().saturating_sub(skip);
        self.0.range(end.saturating_sub(count)..end).rev().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set(steps in prop::collection::vec((any::<bool>(), 0..40_u64), 0..100), skip in 0..50_usize) {
            let (mut ids, mut set) = (Ids::default(), BTreeSet::new());
            for (insert, id) in steps {
                if insert {
                    ids.insert(JobId(id));
                    set.insert(JobId(id));
                } else {
                    ids.remove(JobId(id));
                    set.remove(&JobId(id));
                }
            }
            let page: Vec<_> = set.iter().rev().skip(skip).take(10).copied().collect();
            prop_assert_eq!(ids.newest(skip, 10), page);
            prop_assert_eq!((ids.len(), ids.is_empty()), (set.len(), set.is_empty()));
        }
    }
}
