//! What the outbox has not heard of yet.

use std::{
    collections::HashSet,
    mem,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::KillId;
use crate::job::{ChatId, JobId};

/// Something that people may have to hear of. It says where to look, not what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A job moved.
    Job(ChatId, JobId),
    /// The last job of a kill stopped.
    Kill(ChatId, KillId),
}

/// A set in order of first mark: bursts coalesce, and it never outgrows the number of jobs and kills.
#[derive(Default)]
pub struct Changes {
    // A std lock: held for an insertion, never across an await.
    dirty: Mutex<Dirty>,
    marked: Notify,
}

#[derive(Default)]
struct Dirty {
    order: Vec<Change>,
    known: HashSet<Change>,
}

impl Changes {
    /// Adds a change, unless it waits there already.
    pub(super) fn mark(&self, change: Change) {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        if dirty.known.insert(change) {
            dirty.order.push(change);
        }
        drop(dirty);
        self.marked.notify_one();
    }

    /// All that was marked since the last call.
    pub(super) fn take(&self) -> Vec<Change> {
        mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner)).order
    }

    /// All that was marked since the last call; waits for the first.
    pub(super) async fn next(&self) -> Vec<Change> {
        loop {
            let changes = self.take();
            if !changes.is_empty() {
                return changes;
            }
            self.marked.notified().await;
        }
    }
}
