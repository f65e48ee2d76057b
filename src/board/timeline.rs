//! A chat's last jobs, with all that a picture of them needs.

use std::sync::Arc;

use super::{Boards, Snapshot, Stay, Table};
use crate::job::{ChatId, Ended, MemberTimes, Outcome, Place, State};

/// A chat's last jobs.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Oldest first. Those of which nothing is known are there, too, without times.
    pub jobs: Vec<Snapshot>,
    /// CPU workers that there are, for all chats together.
    pub workers: usize,
    /// What other chats' jobs took of them lately.
    pub others: Vec<Stay>,
}

impl Boards {
    /// The chat's last `count` jobs.
    pub fn timeline(&self, chat: ChatId, count: usize) -> Timeline {
        let mut jobs = self.look(chat, |table: &Table| table.last(count)).unwrap_or_default();
        for snapshot in jobs.iter_mut().filter(|snapshot| snapshot.times.is_empty()) {
            if let [member] = snapshot.job.spec.members().as_slice()
                && self.work.is_at_once(member)
            {
                snapshot.times = at_once(&snapshot.job.state);
            }
        }
        let home = self.home(chat);
        let others = self.busy.others(|other| self.home(other) == home);
        Timeline { jobs, workers: self.capacity().cpu, others }
    }
}

/// The times of a lone member that needed no slot: they are the job's. Nothing is kept of them, since that would cost
/// such a job a part of its speed.
fn at_once(state: &State) -> Arc<[MemberTimes]> {
    let State::Finished { started: Some(started), finished, outcome } = state else { return Arc::default() };
    let how = match **outcome {
        Outcome::Succeeded(_) => Ended::Succeeded,
        Outcome::Failed(_) => Ended::Failed,
        Outcome::Cancelled(_) => Ended::Cancelled,
    };
    let began = Some((*started, Place::AtOnce));
    [MemberTimes { queued: *started, began, ended: Some((*finished, how)) }].into()
}
