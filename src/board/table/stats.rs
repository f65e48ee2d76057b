//! How many jobs of which kind are where.

use std::collections::HashMap;

use super::Table;
use crate::{
    job::{JobId, State},
    metrics::{Kind, Live},
};

impl Table {
    pub(in crate::board) fn kind(&self, id: JobId) -> Option<Kind> {
        self.jobs.get(&id).map(|entry| (&entry.job.spec).into())
    }

    /// Adds the unfinished jobs to those that were counted.
    pub(in crate::board) fn count_live(&self, counts: &mut HashMap<(Kind, Live), usize>) {
        for job in self.unfinished.iter().filter_map(|id| self.jobs.get(id)).map(|entry| &entry.job) {
            let state = match &job.state {
                State::Queued => Live::Queued,
                State::Running { .. } => Live::Running,
                _ => Live::Cancelling,
            };
            *counts.entry(((&job.spec).into(), state)).or_default() += 1;
        }
    }
}
