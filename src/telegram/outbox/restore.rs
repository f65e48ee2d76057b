//! What the last process had not said yet.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::Outbox;
use crate::{
    board::Boards,
    job::{ChatId, JobId, MessageId},
    store::{Loaded, Write},
    telegram::lane::{Answer, OldCard},
};

impl Outbox {
    /// Puts back what the last process had not said yet: answers in their order, cards that do not show the truth. To be
    /// called once, before anything else is said.
    pub fn restore(self: &Arc<Self>, loaded: &Loaded) {
        for chat in loaded.away.iter().copied().chain(loaded.denied()) {
            self.desk(chat).lane().leave();
        }
        self.restore_cards(loaded);
        self.restore_dashes(loaded);
        let mut answered: HashSet<_> = Boards::kill_origins(loaded).collect();
        for (chat, number, body) in &loaded.answers {
            self.last_answer.fetch_max(*number, Ordering::Relaxed);
            match serde_json::from_str::<Answer>(body) {
                // The group has moved, and what was to be edited has not.
                Ok(answer) if !answer.is_new_message() && !answer.reply_to.is_here() => {
                    drop(self.store.write(Write::Said(*number)));
                }
                Ok(answer) => {
                    answered.insert((*chat, answer.reply_to.clone()));
                    self.queue(*chat, Answer { number: Some(*number), ..answer });
                }
                Err(error) => {
                    tracing::error!(%error, "an answer that was stored cannot be read and is dropped");
                    drop(self.store.write(Write::Said(*number)));
                }
            }
        }
        // Nobody set it before: this is called once.
        let _ = self.answered.set(answered);
    }

    fn restore_cards(self: &Arc<Self>, loaded: &Loaded) {
        let now = Instant::now();
        let mut sharing: HashMap<(ChatId, MessageId), u32> = HashMap::new();
        for job in &loaded.jobs {
            if let Some(message) = job.card {
                *sharing.entry((job.chat, message)).or_default() += 1;
            }
        }
        let mut merged: HashMap<(ChatId, MessageId), Vec<(JobId, OldCard)>> = HashMap::new();
        for job in &loaded.jobs {
            let finished = job.job.state.is_finished();
            let thread = job.job.origin.thread;
            let old = OldCard { message: job.card, thread, finished, done: job.card_done };
            let shared = job.card.map(|message| (job.chat, message));
            if let Some(shared) = shared.filter(|shared| sharing.get(shared).is_some_and(|jobs| *jobs > 1)) {
                merged.entry(shared).or_default().push((job.job.id, old));
            } else if old.done {
                // Nobody has to work on it.
                self.desk(job.chat).lane().restore(job.job.id, old, now);
            } else {
                self.change(job.chat, |lane| lane.restore(job.job.id, old, now));
            }
        }
        for ((chat, message), jobs) in merged {
            self.change(chat, |lane| lane.restore_merged(message, &jobs, now));
        }
    }
}
