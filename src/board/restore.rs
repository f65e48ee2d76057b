//! Boards as the last process left them, and what is dropped from them with time.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use tokio_util::sync::CancellationToken;

use super::{
    Boards, Change, KillId,
    away::away_reason,
    kill::Kill,
    run::{End, Run},
    table::{Live, Table},
};
use crate::{
    job::{CancelReason, ChatId, Failure, JobId, Origin, Outcome, Spec},
    nats::JobKey,
    store::{Dropped, Loaded},
};

/// Between two looks at what is too old.
const RETAIN_EVERY: Duration = Duration::from_hours(1);

/// A job that goes on.
struct Unfinished {
    chat: ChatId,
    id: JobId,
    person: i64,
    spec: Spec,
    live: Live,
    /// The last process had begun with it.
    began: bool,
    crashes: u32,
    killed: bool,
}

impl Boards {
    /// Puts everything back on its board and sets off what is unfinished, in the order in which it was accepted. What was
    /// killed, is of a chat that has removed the bot or was denied, was running at too many crashes, or needs more memory than there is
    /// now, is ended instead. To be called once, before anything is submitted.
    pub fn restore(self: &Arc<Self>, loaded: &Loaded) {
        let unfinished = self.put_back(loaded);
        self.restore_schedules(loaded);
        let denied: HashSet<_> = loaded.denied().collect();
        if loaded.paused {
            self.set_paused(true);
        }
        for job in unfinished {
            let Unfinished { chat, id, person, spec, live, began, crashes, killed } = job;
            if killed {
                self.end_soon(chat, id, End::Cancelled);
            } else if denied.contains(&chat) {
                self.end_soon(chat, id, End::Outcome(Outcome::Cancelled(CancelReason::Denied)));
            } else if self.look(chat, |table| table.away) == Some(true) {
                self.end_soon(chat, id, End::Outcome(Outcome::Cancelled(away_reason(chat))));
            } else if began && self.begins_once(&spec) {
                self.end_soon(chat, id, End::Outcome(Outcome::Failed(Failure::Interrupted)));
            } else if crashes >= self.limits.max_attempts && self.work.remote().is_none() {
                // What others do crashes them, and they count it.
                tracing::error!(
                    chat = chat.0,
                    job = id.0,
                    crashes,
                    "a job was running at each crash: left alone"
                );
                let failure = Failure::StoppedTheBot(crashes);
                self.end_soon(chat, id, End::Outcome(Outcome::Failed(failure)));
            } else if let Some(never) = self.never_fits(&spec) {
                let failure = Failure::NeverFits(never);
                self.end_soon(chat, id, End::Outcome(Outcome::Failed(failure)));
            } else {
                self.set_off(Run::new(self.clone(), chat, id, spec, live).restored(), person);
            }
        }
    }

    /// What the stored kills answer: these messages were handled, and may come again.
    pub fn kill_origins(loaded: &Loaded) -> impl Iterator<Item = (ChatId, Origin)> {
        let read = |(chat, _, body): &(ChatId, u64, String)| {
            serde_json::from_str::<Kill>(body).ok().map(|kill| (*chat, kill.reply_to))
        };
        loaded.kills.iter().filter_map(read)
    }

    /// Ends a job that does not run, or is to run no more: somebody else may have it still, and its end is the end of that.
    /// Nobody waits for it, or for the disk, but for the schedule that has made it: what was missed runs after it.
    fn end_soon(self: &Arc<Self>, chat: ChatId, id: JobId, end: End) {
        let boards = self.clone();
        let made_by = self.schedule_of(chat, id);
        if let Some(schedule) = made_by {
            self.hold_schedule(chat, schedule);
        }
        self.tasks.spawn(async move {
            let key = JobKey { chat, job: id };
            tokio::select! {
                // It is left for the next start.
                () = boards.exit.cancelled() => return,
                () = boards.work.recall(key) => {}
            }
            boards.finish(chat, id, end).await;
            boards.work.forget(key);
            if let Some(schedule) = made_by {
                boards.release_schedule(chat, schedule);
            }
        });
    }

    /// Whether the job is on its board, by this name, and has not ended.
    pub fn is_current(&self, key: JobKey) -> bool {
        let unfinished = |chat, table: &Table| chat == key.chat && table.is_unfinished(key.job);
        self.look_home(key.chat, unfinished).unwrap_or_default()
    }

    fn put_back(&self, loaded: &Loaded) -> Vec<Unfinished> {
        self.moved.write().unwrap_or_else(PoisonError::into_inner).extend(loaded.moved.iter().copied());
        let mut unfinished = Vec::new();
        for job in &loaded.jobs {
            let (chat, id, spec, crashes) = (job.chat, job.job.id, job.job.spec.clone(), job.crashes);
            let person = job.job.person.id;
            let (killed, began) = (job.killed_by.is_some(), job.job.attempt > 0);
            let live = self.with_table(chat, |_, table| table.restore(job.clone(), &self.exit));
            if live.is_some() {
                self.people.restore(person);
            }
            unfinished.extend(live.map(|live| Unfinished {
                chat,
                id,
                person,
                spec,
                live,
                began,
                crashes,
                killed,
            }));
        }
        for chat in loaded.away.iter().copied().chain(loaded.denied()) {
            self.with_table(chat, |_, table| table.away = true);
        }
        for (chat, id, times) in &loaded.times {
            self.with_table(*chat, |_, table| table.restore_times(*id, times));
        }
        for mut table in self.tables.iter_mut() {
            table.sort_finished();
        }
        for (chat, id) in &loaded.last_ids {
            self.with_table(*chat, |_, table| table.restore_last_id(*id));
        }
        for (chat, number, body) in &loaded.kills {
            if self.with_table(*chat, |_, table| table.restore_kill(*number, body)) {
                self.changes.mark(Change::Kill(*chat, KillId(*number)));
            }
        }
        unfinished
    }

    /// Drops what is over the store's bounds, at the start, when files were added, and once an hour; until `stop`.
    pub async fn retain(&self, stop: CancellationToken) {
        loop {
            let store = self.store.clone();
            // Retention reads the disk.
            match tokio::task::spawn_blocking(move || store.retain(SystemTime::now())).await {
                Ok(Ok(dropped)) => self.forget(&dropped),
                Ok(Err(error)) => tracing::warn!(%error, "old results could not be dropped"),
                Err(error) => tracing::error!(%error, "old results could not be dropped"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.filed.notified() => {}
                () = tokio::time::sleep(RETAIN_EVERY) => {}
            }
        }
    }

    fn forget(&self, dropped: &Dropped) {
        for (chat, id) in &dropped.jobs {
            self.with_table(*chat, |_, table| table.forget(*id));
        }
        for (chat, id) in &dropped.files {
            self.with_table(*chat, |_, table| table.drop_digits(*id));
        }
        if *dropped != Dropped::default() {
            tracing::info!(
                tasks = dropped.jobs.len(),
                files = dropped.files.len(),
                "old results were dropped"
            );
        }
    }
}
