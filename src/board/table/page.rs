//! Pages of a board. None of them looks at other jobs than its own, but those of what is unfinished, which is bounded.

use serde::{Deserialize, Serialize};

use super::{Snapshot, Table, ids::Ids};
use crate::{
    board::Hold,
    job::{JobId, State},
};

/// Jobs on a page of the board.
const PAGE: usize = 10;

/// Which jobs somebody wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// All, newest first.
    #[default]
    All,
    /// What runs, and then what waits, in the order in which they came.
    Running,
    /// What has finished, the last first.
    Finished,
    /// All that this person sent, newest first.
    Of(i64),
}

/// A page of a board.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the filter's order.
    pub jobs: Vec<Snapshot>,
    /// This page, from 0.
    pub number: usize,
    /// How many pages there are; 0 where no job passes the filter.
    pub pages: usize,
    /// Jobs on the board, whatever the filter.
    pub total: usize,
    /// Of these, running or cancelling.
    pub running: usize,
    /// Of these, waiting for memory or a slot.
    pub queued: usize,
    /// Why none of these begins for now.
    pub held: Option<Hold>,
}

impl Table {
    pub(in crate::board) fn page(&self, number: usize, filter: Filter) -> Page {
        let nobody = Ids::default();
        let (running, finished) = (&self.running, &self.finished);
        let by_person = match filter {
            Filter::Of(person) => self.by_person.get(&person).unwrap_or(&nobody),
            Filter::All | Filter::Running | Filter::Finished => &nobody,
        };
        let count = match filter {
            Filter::All => self.all.len(),
            Filter::Running => self.unfinished.len(),
            Filter::Finished => finished.len(),
            Filter::Of(_) => by_person.len(),
        };
        let pages = count.div_ceil(PAGE);
        let number = number.min(pages.saturating_sub(1));
        let skip = number * PAGE;
        let queued = self.unfinished.iter().filter(|id| !running.contains(id));
        let ids: Vec<JobId> = match filter {
            Filter::All => self.all.newest(skip, PAGE),
            Filter::Running => running.iter().chain(queued).skip(skip).take(PAGE).copied().collect(),
            Filter::Finished => {
                let end = finished.len().saturating_sub(skip);
                finished.range(end.saturating_sub(PAGE)..end).rev().copied().collect()
            }
            Filter::Of(_) => by_person.newest(skip, PAGE),
        };
        let jobs = ids.into_iter().filter_map(|id| self.snapshot(id)).collect();
        Page {
            jobs,
            number,
            pages,
            total: self.jobs.len(),
            running: running.len(),
            queued: self.unfinished.len() - running.len(),
            held: None,
        }
    }

    /// The job is in the lists from here on.
    pub(super) fn list(&mut self, id: JobId, person: i64, unfinished: bool) {
        self.all.insert(id);
        self.by_person.entry(person).or_default().insert(id);
        if unfinished {
            self.unfinished.insert(id);
        } else {
            self.finished.push_back(id);
        }
    }

    /// Its state is another one now.
    pub(super) fn relist(&mut self, id: JobId) {
        match self.jobs.get(&id).map(|entry| &entry.job.state) {
            Some(State::Running { .. } | State::Cancelling { .. }) => {
                self.running.insert(id);
            }
            Some(State::Queued) | None => {
                self.running.remove(&id);
            }
            Some(State::Finished { .. }) => {
                self.running.remove(&id);
                if self.unfinished.remove(&id) {
                    self.finished.push_back(id);
                }
            }
        }
    }

    /// It is in none of the lists but that of finished ones.
    pub(super) fn unlist(&mut self, id: JobId, person: i64) {
        self.all.remove(id);
        if let Some(own) = self.by_person.get_mut(&person) {
            own.remove(id);
            if own.is_empty() {
                self.by_person.remove(&person);
            }
        }
    }
}
