//! Cards that would have come too late share a message: "Tasks 12–31 are submitted".

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    job::{JobId, MessageId},
    telegram::render::Content,
};

/// Jobs that share one message: as many lines as it holds.
const MAX_JOBS: usize = 100;
/// Messages of several tasks that are remembered, for replies to them.
const MAX_MESSAGES: usize = 200;

/// Tells the shared messages of a chat apart, also before they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::telegram) struct MergedId(u64);

/// One message about several jobs.
#[derive(Clone, Debug)]
pub(in crate::telegram) struct Merged {
    /// Once it was sent.
    pub message: Option<MessageId>,
    /// What it shows now.
    pub shown: Option<Content>,
    /// Whose cards it holds.
    pub jobs: BTreeSet<JobId>,
    /// Of these, those whose ends it shows.
    pub ended: BTreeSet<JobId>,
    /// Of these, those that the message holds: the store knows it.
    pub held: BTreeSet<JobId>,
    thread: Option<i32>,
    /// When it is looked at again.
    due: Option<Instant>,
    /// Somebody waits for that.
    news: bool,
    /// Edits keep this distance.
    pause_until: Instant,
    /// Cards join it until then.
    open_until: Instant,
}

impl Merged {
    fn new(thread: Option<i32>, now: Instant) -> Self {
        Self {
            message: None,
            shown: None,
            jobs: BTreeSet::new(),
            ended: BTreeSet::new(),
            held: BTreeSet::new(),
            thread,
            due: None,
            news: false,
            pause_until: now,
            open_until: now,
        }
    }

    /// Somebody waits for it: new cards, or ends of jobs. The rest is progress.
    pub(in crate::telegram) fn is_news(&self) -> bool {
        self.news || self.message.is_none()
    }

    fn mark(&mut self, news: bool, now: Instant) {
        let due = self.pause_until.max(now);
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
        self.news |= news;
    }
}

/// A chat's shared messages.
#[derive(Debug, Default)]
pub(in crate::telegram) struct MergedCards {
    last: u64,
    /// Those that do not show the ends of all their jobs.
    open: BTreeMap<MergedId, Merged>,
    /// Which tasks a message is about; a chat's message ids grow, so the first is the oldest.
    tasks: BTreeMap<MessageId, Vec<JobId>>,
}

impl MergedCards {
    /// How many are to be brought up to date for somebody who waits.
    pub(in crate::telegram) fn news(&self) -> usize {
        self.open.values().filter(|merged| merged.due.is_some() && merged.is_news()).count()
    }

    /// Whether nothing is known.
    pub(in crate::telegram) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.tasks.is_empty()
    }

    /// The first that is news, or that is not, and when it is due.
    pub(in crate::telegram) fn first(&self, news: bool) -> Option<(Instant, MergedId)> {
        let those = self.open.iter().filter(|(_, merged)| merged.is_news() == news);
        those.filter_map(|(id, merged)| Some((merged.due?, *id))).min()
    }

    pub(in crate::telegram) fn take(&mut self, id: MergedId) -> Option<Merged> {
        let merged = self.open.get_mut(&id)?;
        merged.due = None;
        let taken = merged.clone();
        // What moves from here on is news again, or not.
        merged.news = false;
        Some(taken)
    }

    /// A message with room for more cards of the topic: one that others joined not long ago, or a new one.
    pub(in crate::telegram) fn for_more(
        &mut self,
        thread: Option<i32>,
        now: Instant,
        join: Duration,
    ) -> MergedId {
        let takes = |merged: &Merged| {
            merged.thread == thread && merged.jobs.len() < MAX_JOBS && (now < merged.open_until)
        };
        let found = self.open.iter().rev().find(|(_, merged)| takes(merged)).map(|(id, _)| *id);
        let id = found.unwrap_or_else(|| {
            self.last += 1;
            MergedId(self.last)
        });
        let merged = self.open.entry(id).or_insert_with(|| Merged::new(thread, now));
        merged.open_until = now + join;
        id
    }

    /// How many more it takes.
    pub(in crate::telegram) fn room(&self, id: MergedId) -> usize {
        self.open.get(&id).map_or(0, |merged| MAX_JOBS.saturating_sub(merged.jobs.len()))
    }

    pub(in crate::telegram) fn join(&mut self, id: MergedId, jobs: &[JobId], now: Instant) {
        if let Some(merged) = self.open.get_mut(&id) {
            merged.jobs.extend(jobs);
            // They have waited long enough.
            merged.pause_until = now;
            merged.mark(true, now);
        }
    }

    pub(in crate::telegram) fn mark(&mut self, id: MergedId, news: bool, now: Instant) {
        if let Some(merged) = self.open.get_mut(&id) {
            merged.mark(news, now);
        }
    }

    /// It was brought up to date, and shows the ends of these jobs.
    pub(in crate::telegram) fn shown(
        &mut self,
        id: MergedId,
        (message, content): (MessageId, Content),
        ended: &[JobId],
        pause_until: Instant,
        refresh: Option<Instant>,
    ) {
        let Some(merged) = self.open.get_mut(&id) else { return };
        merged.message = Some(message);
        merged.shown = Some(content);
        merged.ended.extend(ended);
        merged.held.clone_from(&merged.jobs);
        merged.pause_until = pause_until;
        merged.due = match (merged.due, refresh) {
            // It moved meanwhile.
            (Some(due), _) => Some(due.max(pause_until)),
            (None, refresh) => refresh,
        };
        let jobs = merged.jobs.iter().copied().collect();
        // Others may still join it; nothing is to be done for it until then.
        if merged.ended.len() >= merged.jobs.len() && merged.due.is_none() {
            merged.shown = None;
        }
        self.remember(message, jobs);
        self.bound();
    }

    /// Has it looked at once more.
    pub(in crate::telegram) fn redo(&mut self, id: MergedId, now: Instant, news: bool) {
        if let Some(merged) = self.open.get_mut(&id) {
            merged.news |= news;
            merged.due = Some(now);
        }
    }

    /// Its message was deleted: it gets a new one.
    pub(in crate::telegram) fn lost(&mut self, id: MergedId, now: Instant) {
        if let Some(merged) = self.open.get_mut(&id) {
            merged.message = None;
            merged.shown = None;
            merged.held.clear();
            merged.due = Some(now);
        }
    }

    /// Telegram does not take it: nothing more is tried with it.
    pub(in crate::telegram) fn remove(&mut self, id: MergedId) -> Option<Merged> {
        self.open.remove(&id)
    }

    /// Puts back a message that the last process left; all the tasks that it is about, and those whose ends it shows.
    pub(in crate::telegram) fn restore(
        &mut self,
        message: MessageId,
        thread: Option<i32>,
        jobs: &[JobId],
        ended: &[JobId],
        now: Instant,
    ) -> MergedId {
        self.last += 1;
        let id = MergedId(self.last);
        if ended.len() < jobs.len() {
            let mut merged = Merged::new(thread, now);
            merged.message = Some(message);
            merged.jobs.extend(jobs);
            merged.held.extend(jobs);
            merged.ended.extend(ended);
            merged.mark(true, now);
            self.open.insert(id, merged);
        }
        self.remember(message, jobs.to_vec());
        id
    }

    /// The tasks that one of these messages is about.
    pub(in crate::telegram) fn tasks_of(&self, message: MessageId) -> Option<&[JobId]> {
        self.tasks.get(&message).map(Vec::as_slice)
    }

    /// Those that wait to be edited wait no more.
    pub(in crate::telegram) fn hurry(&mut self, now: Instant) {
        for merged in self.open.values_mut() {
            merged.pause_until = now;
            merged.due = merged.due.map(|due| due.min(now));
        }
    }

    pub(in crate::telegram) fn forget_all(&mut self) {
        self.open.clear();
    }

    fn remember(&mut self, message: MessageId, jobs: Vec<JobId>) {
        self.tasks.insert(message, jobs);
        if self.tasks.len() > MAX_MESSAGES {
            self.tasks.pop_first();
        }
    }

    /// Forgets those that show everything, but for the newest ones, which others may join.
    fn bound(&mut self) {
        let is_done = |merged: &Merged| merged.ended.len() >= merged.jobs.len() && merged.due.is_none();
        while self.open.len() > MAX_MESSAGES {
            let Some(done) = self.open.iter().find(|(_, merged)| is_done(merged)).map(|(id, _)| *id) else {
                return;
            };
            self.open.remove(&done);
        }
    }
}
