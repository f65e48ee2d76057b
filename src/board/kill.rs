//! Kills: who asked, which jobs, and what became of each.

use serde::{Deserialize, Serialize};

use crate::job::{JobId, Origin};

/// A kill's number within its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KillId(pub(super) u64);

impl KillId {
    /// The number that the store knows.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What became of a job that was to be killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The board has no such job.
    Unknown,
    /// Its work has stopped. The command, as people write it.
    Killed(String),
    /// It succeeded or failed before. The command, as people write it.
    Finished(String),
    /// Who asked for it may not: it is this person's, who goes by that name.
    NotAllowed {
        /// Whose it is.
        owner: String,
        /// Whether it is known that who asked is no admin.
        known: bool,
    },
    /// Another kill, or a stop, had ended it before. The command, as people write it.
    AlreadyCancelled(String),
}

/// To be said once, when all of a kill's jobs have stopped.
#[derive(Clone, Debug)]
pub struct KillReport {
    /// What is answered.
    pub reply_to: Origin,
    /// In the order asked.
    pub verdicts: Vec<(JobId, Verdict)>,
}

/// A kill under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kill {
    pub(super) reply_to: Origin,
    pub(super) verdicts: Vec<(JobId, Option<Verdict>)>,
}

impl Kill {
    /// Fills in what became of `id`; true where nothing is open any more because of it.
    pub(super) fn resolve(&mut self, id: JobId, verdict: &Verdict) -> bool {
        let mut changed = false;
        for (_, open) in self.verdicts.iter_mut().filter(|(job, open)| *job == id && open.is_none()) {
            *open = Some(verdict.clone());
            changed = true;
        }
        changed && self.is_resolved()
    }

    pub(super) fn is_resolved(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict)| verdict.is_some())
    }

    /// The jobs whose end is waited for.
    pub(super) fn open(&self) -> Vec<JobId> {
        self.verdicts.iter().filter(|(_, verdict)| verdict.is_none()).map(|(id, _)| *id).collect()
    }

    pub(super) fn report(self) -> KillReport {
        let verdicts = self.verdicts.into_iter().filter_map(|(id, verdict)| Some((id, verdict?))).collect();
        KillReport { reply_to: self.reply_to, verdicts }
    }
}
