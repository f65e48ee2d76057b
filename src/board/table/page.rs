//! Pages of a board. None of them looks at more than the jobs that stand before it in its own list.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Snapshot, Table};
use crate::job::{JobId, State};

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
    /// These are held: the bot's owner lets nothing begin for now.
    pub held: bool,
}

impl Table {
    pub(in crate::board) fn page(&self, number: usize, filter: Filter) -> Page {
        let nobody = BTreeSet::new();
        let (running, finished) = (&self.running, &self.finished);
        let by_person = match filter {
            Filter::Of(person) => self.by_person.get(&person).unwrap_or(&nobody),
            Filter::All | Filter::Running | Filter::Finished => &nobody,
        };
        let count = match filter {
            Filter::All => self.jobs.len(),
            Filter::Running => self.unfinished.len(),
            Filter::Finished => finished.len(),
            Filter::Of(_) => by_person.len(),
        };
        let pages = count.div_ceil(PAGE);
        let number = number.min(pages.saturating_sub(1));
        let take = |ids: &mut dyn Iterator<Item = &JobId>| -> Vec<Snapshot> {
            ids.skip(number * PAGE).take(PAGE).filter_map(|id| self.snapshot(*id)).collect()
        };
        let queued = self.unfinished.iter().filter(|id| !running.contains(id));
        let jobs = match filter {
            Filter::All => take(&mut self.jobs.keys().rev()),
            Filter::Running => take(&mut running.iter().chain(queued)),
            Filter::Finished => take(&mut finished.iter().rev()),
            Filter::Of(_) => take(&mut by_person.iter().rev()),
        };
        Page {
            jobs,
            number,
            pages,
            total: self.jobs.len(),
            running: running.len(),
            queued: self.unfinished.len() - running.len(),
            held: false,
        }
    }

    /// The job is in the lists from here on.
    pub(super) fn list(&mut self, id: JobId, person: i64, unfinished: bool) {
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
        if let Some(own) = self.by_person.get_mut(&person) {
            own.remove(&id);
            if own.is_empty() {
                self.by_person.remove(&person);
            }
        }
    }
}
