//! Kills of a board's jobs, and the cancellation of all of them where the chat has removed the bot.

use std::{collections::HashSet, time::SystemTime};

use super::{Entry, Table};
use crate::{
    board::kill::{Kill, KillId, KillReport, Verdict},
    job::{CancelReason, Event, JobId, Origin, Outcome, Person},
};

/// What a kill did at once.
pub(in crate::board) struct Killed {
    pub(in crate::board) kill: KillId,
    /// For the store, to be read again by [`Table::restore_kill`].
    pub(in crate::board) body: String,
    /// Jobs that are to stop.
    pub(in crate::board) hit: Vec<JobId>,
    /// Nothing is left to wait for.
    pub(in crate::board) resolved: bool,
}

impl Table {
    /// Cancels jobs, but for those with a verdict already; `None` where the same kill is under way.
    pub(in crate::board) fn kill(
        &mut self,
        by: &Person,
        reply_to: Origin,
        jobs: &[(JobId, Option<Verdict>)],
        now: SystemTime,
    ) -> Option<Killed> {
        // The same update again, after a crash.
        if reply_to.is_here() && self.kills.values().any(|kill| kill.reply_to == reply_to) {
            return None;
        }
        let mut hit = Vec::new();
        let mut verdicts: Vec<(JobId, Option<Verdict>)> = Vec::new();
        // A board may have thousands that are unfinished.
        let mut seen = HashSet::new();
        for (id, known) in jobs {
            let id = *id;
            if !seen.insert(id) {
                continue;
            }
            let verdict = match self.jobs.get_mut(&id) {
                _ if known.is_some() => known.clone(),
                None => Some(Verdict::Unknown),
                Some(entry) => match &entry.live {
                    None => Some(entry.verdict().too_late()),
                    Some(live) => {
                        live.cancel.cancel();
                        entry.killed_by.get_or_insert_with(|| by.name.as_str().into());
                        // One that is queued has nothing to stop: its run ends by itself.
                        entry.apply(Event::Cancel, now);
                        hit.push(id);
                        None
                    }
                },
            };
            verdicts.push((id, verdict));
        }
        self.last_kill += 1;
        let kill = Kill { reply_to, verdicts };
        // A list of numbers and words is always JSON.
        let body = serde_json::to_string(&kill).unwrap_or_default();
        let resolved = kill.is_resolved();
        self.kills.insert(self.last_kill, kill);
        Some(Killed { kill: KillId(self.last_kill), body, hit, resolved })
    }

    /// The chat has removed the bot: cancels what is unfinished. `None` where it is away already.
    pub(in crate::board) fn leave(&mut self, reason: &CancelReason, now: SystemTime) -> Option<Vec<JobId>> {
        if std::mem::replace(&mut self.away, true) {
            return None;
        }
        // Nobody is there to be told.
        self.kills.clear();
        let unfinished = self.unfinished();
        // What is not stored yet is cancelled as soon as it is.
        for entry in self.pending.values_mut() {
            entry.cancel_for(reason, now);
        }
        for id in &unfinished {
            if let Some(entry) = self.jobs.get_mut(id) {
                entry.cancel_for(reason, now);
            }
        }
        Some(unfinished)
    }

    pub(in crate::board) fn take_kill(&mut self, kill: KillId) -> Option<KillReport> {
        self.kills.get(&kill.0)?.is_resolved().then(|| self.kills.remove(&kill.0)).flatten().map(Kill::report)
    }

    /// The kills that are resolved by the end of this job.
    pub(super) fn resolve(&mut self, id: JobId, verdict: &Verdict) -> Vec<KillId> {
        let resolved = self
            .kills
            .iter_mut()
            .filter_map(|(kill, open)| open.resolve(id, verdict).then_some(KillId(*kill)));
        resolved.collect()
    }

    /// Puts a stored kill back. True where all its jobs have stopped: it is to be reported.
    pub(in crate::board) fn restore_kill(&mut self, number: u64, body: &str) -> bool {
        self.last_kill = self.last_kill.max(number);
        let Ok(mut kill) = serde_json::from_str::<Kill>(body) else { return false };
        for id in kill.open() {
            let verdict = match self.jobs.get(&id) {
                None => Verdict::Unknown,
                Some(entry) if entry.live.is_some() => continue,
                Some(entry) => entry.verdict(),
            };
            kill.resolve(id, &verdict);
        }
        let resolved = kill.is_resolved();
        self.kills.insert(number, kill);
        resolved
    }
}

impl Entry {
    fn cancel_for(&mut self, reason: &CancelReason, now: SystemTime) {
        if let Some(live) = &self.live {
            live.cancel.cancel();
            self.left.get_or_insert_with(|| Box::new(reason.clone()));
            // One that is queued has nothing to stop: its run ends by itself.
            self.apply(Event::Cancel, now);
        }
    }

    /// What a kill that was asked for while the job was unfinished came to.
    pub(super) fn verdict(&self) -> Verdict {
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
