//! One chat's table.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::SystemTime,
};

use tokio_util::sync::CancellationToken;

use super::{
    kill::{Kill, KillId, KillReport, Verdict},
    run::End,
};
use crate::{
    job::{CancelReason, Event, Failure, Job, JobId, Origin, Outcome, Person, Spec, State},
    work::Control,
};

/// Finished jobs that a board keeps; the oldest are forgotten first.
const KEPT_FINISHED: usize = 1_000;
/// Jobs on a page of the board.
const PAGE: usize = 10;

/// One chat's jobs, and the kills under way.
#[derive(Default)]
pub(super) struct Table {
    last_id: u64,
    jobs: BTreeMap<JobId, Entry>,
    origins: HashMap<Origin, JobId>,
    unfinished: BTreeSet<JobId>,
    /// In the order they finished.
    finished: VecDeque<JobId>,
    kills: BTreeMap<u64, Kill>,
    last_kill: u64,
}

struct Entry {
    job: Job,
    /// While it is unfinished.
    live: Option<Live>,
    /// Who killed it first.
    killed_by: Option<String>,
}

/// What stops a job and what it tells of itself.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) cancel: CancellationToken,
    pub(super) control: Arc<Control>,
}

pub(super) struct Accepted {
    pub(super) id: JobId,
    pub(super) live: Live,
}

/// What a kill did at once.
#[derive(Default)]
pub(super) struct Killed {
    /// Jobs whose state changed.
    pub(super) changed: Vec<JobId>,
    /// Kills that are resolved by it.
    pub(super) reports: Vec<KillId>,
}

pub(super) struct Finished {
    pub(super) word: &'static str,
    pub(super) reports: Vec<KillId>,
}

/// A job as it was when somebody looked.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The job.
    pub job: Job,
    /// The share of its work that is done, 0 to 1, where the work tells.
    pub progress: Option<f64>,
}

/// A page of a board.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Newest first.
    pub jobs: Vec<Snapshot>,
    /// This page, from 0.
    pub number: usize,
    /// How many pages there are; 0 for an empty board.
    pub pages: usize,
    /// Jobs on the board.
    pub total: usize,
    /// Of these, running or cancelling.
    pub running: usize,
    /// Of these, waiting for a slot.
    pub queued: usize,
}

impl Table {
    pub(super) fn by_origin(&self, origin: &Origin) -> Option<JobId> {
        self.origins.get(origin).copied()
    }

    pub(super) fn live(&self) -> usize {
        self.unfinished.len()
    }

    pub(super) fn newest(&self) -> Option<JobId> {
        self.jobs.last_key_value().map(|(id, _)| *id)
    }

    pub(super) fn unfinished(&self) -> Vec<JobId> {
        self.unfinished.iter().copied().collect()
    }

    pub(super) fn snapshot(&self, id: JobId) -> Option<Snapshot> {
        self.jobs.get(&id).map(Entry::snapshot)
    }

    pub(super) fn is_finished(&self, id: JobId) -> Option<bool> {
        self.jobs.get(&id).map(|entry| entry.job.state.is_finished())
    }

    pub(super) fn page(&self, number: usize) -> Page {
        let total = self.jobs.len();
        let pages = total.div_ceil(PAGE);
        let number = number.min(pages.saturating_sub(1));
        let running = self
            .unfinished
            .iter()
            .filter(|id| self.jobs.get(id).is_some_and(|e| e.job.state != State::Queued))
            .count();
        Page {
            jobs: self.jobs.values().rev().skip(number * PAGE).take(PAGE).map(Entry::snapshot).collect(),
            number,
            pages,
            total,
            running,
            queued: self.unfinished.len() - running,
        }
    }

    pub(super) fn accept(
        &mut self,
        person: Person,
        origin: Origin,
        spec: Spec,
        exit: &CancellationToken,
    ) -> Accepted {
        self.last_id += 1;
        let id = JobId(self.last_id);
        let cancel = CancellationToken::new();
        let control = Arc::new(Control::new(cancel.clone(), exit.clone()));
        let live = Live { cancel, control };
        self.origins.insert(origin.clone(), id);
        let job = Job { id, spec, person, origin, submitted: SystemTime::now(), state: State::Queued };
        self.jobs.insert(id, Entry { job, live: Some(live.clone()), killed_by: None });
        self.unfinished.insert(id);
        Accepted { id, live }
    }

    pub(super) fn start(&mut self, id: JobId, now: SystemTime) -> bool {
        self.jobs.get_mut(&id).is_some_and(|entry| entry.apply(Event::Start, now))
    }

    /// `None` where the job had finished before: a finished job never changes.
    pub(super) fn finish(&mut self, id: JobId, end: End, exiting: bool, now: SystemTime) -> Option<Finished> {
        let entry = self.jobs.get_mut(&id)?;
        let outcome = match end {
            End::Outcome(outcome) => outcome,
            End::Cancelled => match &entry.killed_by {
                Some(by) => Outcome::Cancelled(CancelReason::Killed { by: by.clone() }),
                None if exiting => Outcome::Cancelled(CancelReason::BotStopped),
                // Nobody asked it to stop: a bug in the work.
                None => Outcome::Failed(Failure::Panicked),
            },
        };
        if !entry.apply(Event::Finish(outcome), now) {
            return None;
        }
        entry.live = None;
        let word = entry.job.state.word();
        let verdict = entry.verdict();
        self.unfinished.remove(&id);
        self.forget_oldest(id);
        Some(Finished { word, reports: self.resolve(id, &verdict) })
    }

    pub(super) fn kill(&mut self, by: &Person, reply_to: Origin, ids: &[JobId], now: SystemTime) -> Killed {
        let mut changed = Vec::new();
        let mut reports = Vec::new();
        let mut verdicts: Vec<(JobId, Option<Verdict>)> = Vec::new();
        for &id in ids {
            if verdicts.iter().any(|(known, _)| *known == id) {
                continue;
            }
            let Some(entry) = self.jobs.get_mut(&id) else {
                verdicts.push((id, Some(Verdict::Unknown)));
                continue;
            };
            let was_live = entry.live.is_some();
            if let Some(live) = &entry.live {
                entry.killed_by.get_or_insert_with(|| by.name.clone());
                live.cancel.cancel();
                changed.push(id);
            }
            if entry.job.state == State::Queued {
                // No member runs, and none will: `start` refuses a finished job.
                let finished = self.finish(id, End::Cancelled, false, now);
                reports.extend(finished.into_iter().flat_map(|finished| finished.reports));
            } else {
                entry.apply(Event::Cancel, now);
            }
            let verdict =
                self.jobs.get(&id).filter(|entry| entry.job.state.is_finished()).map(Entry::verdict);
            verdicts.push((id, verdict.map(|verdict| if was_live { verdict } else { verdict.too_late() })));
        }
        self.last_kill += 1;
        let kill = Kill { reply_to, verdicts };
        if kill.is_resolved() {
            reports.push(KillId(self.last_kill));
        }
        self.kills.insert(self.last_kill, kill);
        Killed { changed, reports }
    }

    pub(super) fn take_kill(&mut self, kill: KillId) -> Option<KillReport> {
        self.kills.get(&kill.0)?.is_resolved().then(|| self.kills.remove(&kill.0)).flatten().map(Kill::report)
    }

    /// The kills that are resolved by the end of this job.
    fn resolve(&mut self, id: JobId, verdict: &Verdict) -> Vec<KillId> {
        let resolved = self
            .kills
            .iter_mut()
            .filter_map(|(kill, open)| open.resolve(id, verdict).then_some(KillId(*kill)));
        resolved.collect()
    }

    fn forget_oldest(&mut self, finished: JobId) {
        self.finished.push_back(finished);
        if self.finished.len() <= KEPT_FINISHED {
            return;
        }
        if let Some(entry) = self.finished.pop_front().and_then(|oldest| self.jobs.remove(&oldest)) {
            self.origins.remove(&entry.job.origin);
        }
    }
}

impl Entry {
    fn apply(&mut self, event: Event, now: SystemTime) -> bool {
        match self.job.state.next(event, now) {
            Ok(state) => {
                self.job.state = state;
                true
            }
            Err(_) => false,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let progress = self.live.as_ref().and_then(|live| live.control.progress());
        Snapshot { job: self.job.clone(), progress }
    }

    /// What a kill that was asked for while the job was unfinished came to.
    fn verdict(&self) -> Verdict {
        let command = self.job.spec.to_string();
        match self.job.state.outcome() {
            Some(Outcome::Cancelled(_)) => Verdict::Killed(command),
            _ => Verdict::Finished(command),
        }
    }
}

impl Verdict {
    /// The same for a kill that came after the end: it killed nothing.
    fn too_late(self) -> Self {
        match self {
            Self::Killed(command) => Self::AlreadyCancelled(command),
            other => other,
        }
    }
}
