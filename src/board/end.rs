//! The end of a job: stored first, then on the board.

use std::{sync::Arc, time::SystemTime};

use super::{Boards, Change, run::End, table::Ending};
use crate::{
    job::{ChatId, Failure, JobId, MemberTimes, Outcome},
    metrics::Ended,
    store::{Write, WriteError},
};

impl Boards {
    /// The job's last member stopped: its end is stored, then it is on the board.
    pub(super) async fn finish(&self, chat: ChatId, id: JobId, end: End) {
        let exiting = self.exit.is_cancelled();
        let ending = self.look(chat, |table| match table.ending(id, end, exiting)? {
            // It ran, and what it did is done: it is not begun again.
            Ending::Paused if table.began(id).is_some_and(|spec| self.ends_with_us(spec)) => {
                Some(Ending::Outcome(Outcome::Failed(Failure::Interrupted)))
            }
            ending => Some(ending),
        });
        let ending = ending.flatten();
        // A kill that the table has seen is counted by now; and a group may have moved since the job began.
        self.metrics.stopped(self.home(chat), id);
        let Some(Ending::Outcome(outcome)) = ending else { return };
        let now = SystemTime::now();
        let Some(outcome) = self.store_end(chat, id, outcome, now).await else { return };
        let (word, ended) = (outcome.word(), Ended::from(&*outcome));
        let kind = self.look(chat, |table| table.kind(id)).flatten();
        let keep = self.limits.keep_jobs;
        let finished = self.with_table(chat, |_, table| {
            let person = table.sender(id);
            Some((table.finish(id, outcome, now, keep)?, person))
        });
        let Some((kills, person)) = finished else { return };
        if let Some(person) = person {
            self.people.give_back(person);
        }
        self.overload.ended();
        // A kill of what had stopped already, and was not stored yet.
        self.metrics.stopped(self.home(chat), id);
        if let Some(kind) = kind {
            self.metrics.finished(kind, ended);
        }
        tracing::debug!(chat = chat.0, job = id.0, state = word, "finished");
        self.changes.mark(Change::Job(chat, id));
        for kill in kills {
            self.changes.mark(Change::Kill(chat, kill));
        }
    }

    /// Stores the end, however long it takes, since nobody may hear of it before. `None` where the process ends first:
    /// the job runs again at the next start.
    async fn store_end(
        &self,
        chat: ChatId,
        id: JobId,
        outcome: Outcome,
        finished: SystemTime,
    ) -> Option<Arc<Outcome>> {
        let mut outcome = outcome;
        loop {
            let error = match self.store.keep(chat, id, outcome.clone()).await {
                Ok(kept) => {
                    if kept != outcome {
                        self.filed.notify_one();
                    }
                    // Only once: the file is there.
                    outcome = kept;
                    let shared = Arc::new(outcome.clone());
                    match self.write_end(chat, id, shared.clone(), finished).await {
                        Ok(()) => return Some(shared),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            tracing::error!(chat = chat.0, job = id.0, %error, "an end is not stored; trying again");
            tokio::select! {
                () = self.exit.cancelled() => return None,
                () = tokio::time::sleep(self.limits.store_again) => {}
            }
        }
    }

    async fn write_end(
        &self,
        chat: ChatId,
        id: JobId,
        outcome: Arc<Outcome>,
        finished: SystemTime,
    ) -> Result<(), WriteError> {
        let stored = self.look_home(chat, |chat, table| {
            let snapshot = table.snapshot(id);
            let started = snapshot.as_ref().and_then(|snapshot| snapshot.job.state.started());
            if let Some(times) = snapshot.map(|snapshot| snapshot.times).filter(|times| !times.is_empty()) {
                // First: a crash in between leaves a job that runs again. A picture is all that is lost if it fails.
                drop(self.store.write(Write::Times { chat, id, body: MemberTimes::write(&times) }));
            }
            self.store.write(Write::Finish { chat, id, started, finished, outcome })
        });
        match stored {
            Some(stored) => stored.await,
            None => Ok(()),
        }
    }
}
