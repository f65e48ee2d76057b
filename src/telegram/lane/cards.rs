//! The messages about single jobs, and which of the bot's messages mean which task.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::{MergedId, Step};
use crate::{
    job::{JobId, MessageId},
    telegram::render::Content,
};

/// Messages whose task is remembered, for replies to them; three for each task that a board keeps, if those are fewer.
const MAX_MESSAGES: usize = 3_000;
/// Cards whose message is remembered, for replies to them; a fifth more than a board keeps tasks, if those are fewer.
const MAX_CARDS: usize = 1_200;
/// [`Card::refused`] of a card that has nothing left to leave out.
pub(in crate::telegram) const FEWEST_WORDS: u8 = 2;

/// The message about one job.
#[derive(Clone, Debug)]
pub(in crate::telegram) struct Card {
    /// Once it was sent.
    pub message: Option<MessageId>,
    /// What it shows now.
    pub shown: Option<Content>,
    /// How often Telegram refused its content: it goes without its picture then, and then in the fewest words.
    pub refused: u8,
    /// Its topic was closed or deleted: it goes to General, and tells so.
    pub elsewhere: bool,
    /// The message that it shares with others, where it has none of its own.
    pub(super) merged: Option<MergedId>,
    /// The topic of its command.
    pub(super) thread: Option<i32>,
    /// When it is looked at again.
    due: Instant,
    /// Where it stands among those to be looked at: whether as news, and when.
    listed: Option<(bool, Instant)>,
    /// Edits before the end of the job keep this distance.
    pause_until: Instant,
    finished: bool,
    /// It shows the end of its job: nothing will change any more.
    pub(super) done: bool,
}

/// A card as it was stored.
#[derive(Clone, Copy, Debug)]
pub(in crate::telegram) struct OldCard {
    /// Its message, if one was sent.
    pub message: Option<MessageId>,
    /// The topic of its command.
    pub thread: Option<i32>,
    /// Its job has finished.
    pub finished: bool,
    /// It shows the end of its job.
    pub done: bool,
}

impl Card {
    /// Somebody waits for it: its first message, or the end of its job. The rest is progress.
    pub(in crate::telegram) fn is_news(&self) -> bool {
        self.finished || self.message.is_none()
    }
}

#[derive(Debug, Default)]
pub(super) struct Cards {
    /// Finished tasks that a board keeps, where that is known.
    keeps: Option<usize>,
    by_job: BTreeMap<JobId, Card>,
    /// Cards to be looked at, in the order in which they are: progress, and news. A chat may have thousands.
    dirty: [BTreeSet<(Instant, JobId)>; 2],
    /// Which task the bot's messages are about; a chat's message ids grow, so the first is the oldest.
    tasks: BTreeMap<MessageId, JobId>,
}

impl Cards {
    /// For boards that keep so many finished tasks: of a task that is forgotten, nothing can be told.
    pub(super) fn of_board(keeps: Option<usize>) -> Self {
        Self { keeps, ..Self::default() }
    }

    /// The same, of another time.
    pub(super) fn anew(&self) -> Self {
        Self::of_board(self.keeps)
    }

    /// Has a card looked at, or not any more. To be called after each change of its `due`, or of what makes it news.
    fn list(&mut self, id: JobId, wanted: bool) {
        let Some(card) = self.by_job.get_mut(&id) else { return };
        let new = wanted.then(|| (card.is_news(), card.due));
        if let Some((news, due)) = std::mem::replace(&mut card.listed, new) {
            self.dirty[usize::from(news)].remove(&(due, id));
        }
        if let Some((news, due)) = new {
            self.dirty[usize::from(news)].insert((due, id));
        }
    }

    /// As [`list`](Self::list), for one that stays where it is, if anywhere.
    fn relist(&mut self, id: JobId) {
        let listed = self.by_job.get(&id).is_some_and(|card| card.listed.is_some());
        self.list(id, listed);
    }

    /// How many are to be brought up to date for somebody who waits.
    pub(super) fn news(&self) -> usize {
        self.dirty[1].len()
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.by_job.is_empty() && self.tasks.is_empty()
    }

    /// The first that is news, or that is not, and when it is due.
    pub(super) fn first(&self, news: bool) -> Option<(Instant, JobId)> {
        self.dirty[usize::from(news)].first().copied()
    }

    /// New cards of the job's topic that are due.
    pub(super) fn new_beside(&self, id: JobId, now: Instant) -> Vec<JobId> {
        // One that was refused does not take others along.
        let is_new = |card: &Card| card.message.is_none() && card.refused == 0;
        let Some(thread) = self.by_job.get(&id).filter(|card| is_new(card)).map(|card| card.thread) else {
            return Vec::new();
        };
        let is_beside = |card: &Card| is_new(card) && card.thread == thread;
        let due = self.dirty[1].range(..=(now, JobId(u64::MAX))).map(|(_, id)| *id);
        let mut beside: Vec<_> = due.filter(|id| self.by_job.get(id).is_some_and(is_beside)).collect();
        beside.sort_unstable();
        beside
    }

    pub(super) fn take(&mut self, id: JobId) -> Step {
        self.list(id, false);
        self.by_job.get(&id).map_or(Step::Idle, |card| Step::Card(id, card.clone()))
    }

    /// The card shares a message from now on.
    pub(super) fn merge(&mut self, id: JobId, merged: MergedId) {
        self.list(id, false);
        if let Some(card) = self.by_job.get_mut(&id) {
            card.merged = Some(merged);
        }
    }

    /// The message that it shared is refused: it has one of its own, in the fewest words; where the job was `told` of, at
    /// its end.
    pub(super) fn alone(&mut self, id: JobId, told: bool, now: Instant) {
        let Some(card) = self.by_job.get_mut(&id).filter(|card| !card.done) else { return };
        card.merged = None;
        card.refused = FEWEST_WORDS;
        card.due = now;
        let wanted = card.finished || !told || card.listed.is_some();
        self.list(id, wanted);
    }

    pub(super) fn thread(&self, id: JobId) -> Option<i32> {
        self.by_job.get(&id)?.thread
    }

    /// A message of several shows the ends of these jobs.
    pub(super) fn ended(&mut self, ids: &[JobId]) {
        for id in ids {
            if let Some(card) = self.by_job.get_mut(id) {
                card.done = true;
            }
        }
        self.bound();
    }

    /// The job moved: its card is looked at. At once if the job has `finished`; a new card waits until `quick`, so
    /// that a quick job is one message; an edit keeps its distance from the last one. The message that it shares with
    /// others, if it does, is to be looked at instead.
    pub(super) fn mark(
        &mut self,
        id: JobId,
        finished: bool,
        thread: Option<i32>,
        now: Instant,
        quick: Instant,
    ) -> Option<MergedId> {
        let new = Card {
            message: None,
            shown: None,
            refused: 0,
            elsewhere: false,
            merged: None,
            thread,
            due: quick,
            listed: None,
            pause_until: quick,
            finished: false,
            done: false,
        };
        let card = self.by_job.entry(id).or_insert(new);
        if card.done {
            return None;
        }
        card.finished |= finished;
        if card.merged.is_some() {
            return card.merged;
        }
        let due = if finished { now } else { card.pause_until.max(now) };
        card.due = if card.listed.is_some() { card.due.min(due) } else { due };
        self.list(id, true);
        self.bound();
        None
    }

    /// A card was brought up to date: the next edit comes not before `pause_until`, and it is looked at again at
    /// `refresh`, if ever.
    pub(super) fn shown(
        &mut self,
        id: JobId,
        message: MessageId,
        shown: Content,
        pause_until: Instant,
        refresh: Option<Instant>,
    ) {
        self.remember(message, id);
        let Some(card) = self.by_job.get_mut(&id) else { return };
        card.message = Some(message);
        card.pause_until = pause_until;
        card.done = refresh.is_none();
        // A board's worth of results need not be kept twice.
        card.shown = (!card.done).then_some(shown);
        match refresh {
            // It moved meanwhile.
            Some(_) if card.listed.is_some() => {
                card.due = if card.finished { card.due } else { card.due.max(pause_until) };
            }
            Some(refresh) => card.due = refresh,
            None => {}
        }
        self.list(id, refresh.is_some());
    }

    /// Changes a card, and has it looked at once more.
    pub(super) fn redo(&mut self, id: JobId, now: Instant, change: impl FnOnce(&mut Card)) {
        if let Some(card) = self.by_job.get_mut(&id) {
            change(card);
            card.due = now;
            self.list(id, true);
        }
    }

    /// Has a card looked at once more, as if it had not been taken.
    pub(super) fn put_back(&mut self, id: JobId) {
        self.list(id, true);
    }

    /// The card's message was deleted: the end of the job gets a new one.
    pub(super) fn lost(&mut self, id: JobId, now: Instant) {
        let Some(card) = self.by_job.get_mut(&id) else { return };
        card.message = None;
        card.shown = None;
        card.due = now;
        let wanted = card.finished || card.listed.is_some();
        self.list(id, wanted);
    }

    /// The jobs whose cards do not show their ends yet, and whether they have finished.
    pub(super) fn open(&self) -> Vec<(JobId, bool)> {
        let open = self.by_job.iter().filter(|(_, card)| !card.done);
        open.map(|(id, card)| (*id, card.finished)).collect()
    }

    /// Puts a stored card back. One that shows the end of its job is only known for replies to it; the others are
    /// brought up to date.
    pub(super) fn restore(&mut self, id: JobId, old: OldCard, now: Instant) {
        if let Some(message) = old.message {
            self.remember(message, id);
        }
        if !old.done {
            self.mark(id, old.finished, old.thread, now, now);
            if let Some(card) = self.by_job.get_mut(&id) {
                card.message = old.message;
            }
            self.relist(id);
        }
    }

    /// Takes the cards out that were stored with this message: they share it.
    pub(super) fn share(
        &mut self,
        message: MessageId,
        merged: MergedId,
        jobs: &[(JobId, OldCard)],
        now: Instant,
    ) {
        self.tasks.remove(&message);
        for (id, old) in jobs.iter().filter(|(_, old)| !old.done) {
            self.mark(*id, old.finished, old.thread, now, now);
            self.merge(*id, merged);
        }
    }

    /// The task that one of the bot's messages is about.
    pub(super) fn task_of(&self, message: MessageId) -> Option<JobId> {
        self.tasks.get(&message).copied()
    }

    /// The message is about this task.
    pub(super) fn remember(&mut self, message: MessageId, id: JobId) {
        self.tasks.insert(message, id);
        let most = self.keeps.map_or(MAX_MESSAGES, |keeps| keeps.saturating_mul(3).min(MAX_MESSAGES));
        if self.tasks.len() > most {
            self.tasks.pop_first();
        }
    }

    fn bound(&mut self) {
        let most = self.keeps.map_or(MAX_CARDS, |keeps| keeps.saturating_mul(6).div_ceil(5).min(MAX_CARDS));
        if self.by_job.len() <= most {
            return;
        }
        let oldest = self
            .by_job
            .iter()
            .find(|(_, card)| card.finished && (card.done || card.merged.is_none()) && card.listed.is_none())
            .map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.by_job.remove(&id);
            self.tasks.retain(|_, task| *task != id);
        }
    }

    #[cfg(test)]
    pub(super) fn get(&self, id: JobId) -> Option<&Card> {
        self.by_job.get(&id)
    }
}
