//! One chat's part of the outbox: what waits to be said there, and what comes next.

mod answers;
mod cards;
mod dashes;
mod merged;
mod unsaid;

use std::time::{Duration, Instant};

use self::{answers::Answers, cards::Cards, dashes::Dashes, merged::MergedCards};
pub(super) use self::{
    answers::{Answer, Body},
    cards::{Card, FEWEST_WORDS, OldCard},
    dashes::{Dash, Thread},
    merged::{Merged, MergedId},
};
use super::{
    dash::View,
    pace::{Pace, Share},
    render::Content,
};
use crate::job::{JobId, MessageId};

/// So many answers may go before news that are due: then the news have a turn.
const MAX_IN_A_ROW: u32 = 3;

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// Say this.
    Answer(Answer),
    /// Bring this card up to date.
    Card(JobId, Card),
    /// Bring the message of several cards up to date.
    Merged(MergedId, Merged),
    /// Bring the live dash of this topic up to date.
    Dash(Thread, Dash),
    /// Take the live line off this dash.
    Older(MessageId, View),
    /// Nothing before this time, or before something new is marked.
    Wait(Instant),
    /// Nothing waits.
    Idle,
}

/// When cards that wait for the pace share a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merging {
    /// A card that would have to wait longer shares one.
    pub after: Duration,
    /// Cards join the message so long after the last that did.
    pub join: Duration,
}

/// Whether the chat hears the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    /// It does not exist, or does not want us: nothing is said until it speaks.
    Gone,
    /// It has removed the bot: nothing is remembered for it either.
    Left,
}

/// What waits for one chat.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent, each named where it is set")]
pub(super) struct Lane {
    answers: Answers,
    cards: Cards,
    merged: MergedCards,
    dashes: Dashes,
    pace: Pace,
    /// What one message costs of the pace, also when that is not kept any more.
    cost: Duration,
    merging: Merging,
    /// Answers that went before news since the last news.
    in_a_row: u32,
    /// A pause that Telegram asked for, or that follows a failure.
    not_before: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    presence: Presence,
    /// The process is about to end.
    hurried: bool,
    /// A worker is at it.
    pub working: bool,
    /// What the worker is at is a message that somebody waits for.
    in_hand: bool,
    /// See [`Lane::within`].
    most: usize,
    /// So much waits in all lanes together that new cards share messages, whatever the pace of this one.
    pub crowded: bool,
    /// Its messages in the sum of all lanes.
    pub counted: usize,
}

/// The first of the news.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Answer,
    Merged(MergedId),
    Card(JobId),
}

impl Lane {
    /// An empty lane.
    pub(super) fn new(pace: Pace, merging: Merging) -> Self {
        Self {
            answers: Answers::default(),
            cards: Cards::default(),
            merged: MergedCards::default(),
            dashes: Dashes::default(),
            cost: pace.cost(),
            pace,
            merging,
            in_a_row: 0,
            not_before: None,
            failures: 0,
            presence: Presence::There,
            hurried: false,
            working: false,
            in_hand: false,
            most: usize::MAX,
            crowded: false,
            counted: 0,
        }
    }

    /// The next thing to do at `now`: who asked for something, then what people wait for in order of time, then progress.
    /// What is taken out and fails must be put back or done again.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        let (asked, news, progress) =
            (self.answers.has_reserved(), self.first_news(now), self.first_progress(now));
        if self.presence != Presence::There || !asked && news.is_none() && progress.is_none() {
            return Step::Idle;
        }
        if let Some(until) = self.not_before.filter(|until| *until > now) {
            return Step::Wait(until);
        }
        let free = |share| self.pace.wait_until(now, share).unwrap_or(now);
        // Who asks all the time does not keep the others from their news.
        let news_share = if asked && self.in_a_row >= MAX_IN_A_ROW { Share::Answers } else { Share::News };
        let asked_share = if self.answers.has_urgent() { Share::Kills } else { Share::Answers };
        let asked_at = asked.then(|| free(asked_share));
        let news_at = news.map(|(due, _)| due.max(free(news_share)));
        let progress_at = progress.map(|due| due.max(free(Share::Progress)));
        let is_now = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_now(news_at) && (!is_now(asked_at) || self.in_a_row >= MAX_IN_A_ROW) {
            self.in_a_row = 0;
            return news.map_or(Step::Idle, |(_, news)| self.take_news(news, now));
        }
        if is_now(asked_at) {
            self.in_a_row += 1;
            return self.answers.pop_reserved().map_or(Step::Idle, Step::Answer);
        }
        if is_now(progress_at) {
            return self.take_progress(now);
        }
        asked_at.into_iter().chain(news_at).chain(progress_at).min().map_or(Step::Idle, Step::Wait)
    }

    /// The first of the news and when it is due.
    fn first_news(&self, now: Instant) -> Option<(Instant, News)> {
        let answer = self.answers.other_since(now);
        if let Some((since, true)) = answer {
            return Some((since, News::Answer));
        }
        let answer = answer.map(|(since, _)| (since, News::Answer));
        let card = self.cards.first(true).map(|(due, id)| (due, News::Card(id)));
        let merged = self.merged.first(true).map(|(due, id)| (due, News::Merged(id)));
        answer.into_iter().chain(card).chain(merged).min()
    }

    fn take_news(&mut self, news: News, now: Instant) -> Step {
        match news {
            News::Answer => self.answers.pop_other().map_or(Step::Idle, Step::Answer),
            News::Merged(id) => self.take_merged(id),
            News::Card(id) => match self.merge(id, now) {
                Some(merged) => self.take_merged(merged),
                None => self.cards.take(id),
            },
        }
    }

    /// Puts the new cards of the job's topic into one message, where the last of them would come too late.
    fn merge(&mut self, id: JobId, now: Instant) -> Option<MergedId> {
        let new = self.cards.new_beside(id, now);
        let others = u32::try_from(new.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let free = self.pace.free(now, Share::News);
        // As long as there is room for one more, this one has a message of its own. At the end of the process there is no
        // pace, but what does not fit into it would be too much for Telegram.
        let has_room = free > 1 && !self.hurried;
        let is_soon = has_room || self.cost.saturating_mul(others) <= self.merging.after;
        if others == 0 || is_soon && !self.crowded {
            return None;
        }
        let thread = self.cards.thread(id);
        let merged = self.merged.for_more(thread, now, self.merging.join);
        let joining = &new[..new.len().min(self.merged.room(merged))];
        for id in joining {
            self.cards.merge(*id, merged);
        }
        self.merged.join(merged, joining, now);
        Some(merged)
    }

    fn take_merged(&mut self, id: MergedId) -> Step {
        self.merged.take(id).map_or(Step::Idle, |merged| Step::Merged(id, merged))
    }

    fn first_progress(&self, now: Instant) -> Option<Instant> {
        // The dashes can wait for the next start, which brings them up to date.
        let dash = self.dashes.first().filter(|_| !self.hurried).map(|(due, _)| due);
        let older = (self.dashes.has_older() && !self.hurried).then_some(now);
        let card = self.cards.first(false).map(|(due, _)| due);
        let merged = self.merged.first(false).map(|(due, _)| due);
        dash.into_iter().chain(older).chain(card).chain(merged).min()
    }

    /// The dash shows everything at once, so it goes first.
    fn take_progress(&mut self, now: Instant) -> Step {
        if let Some((due, thread)) = self.dashes.first()
            && due <= now
            && !self.hurried
        {
            return self.dashes.take(thread).map_or(Step::Idle, |dash| Step::Dash(thread, dash));
        }
        if !self.hurried
            && let Some((message, view)) = self.dashes.pop_older()
        {
            return Step::Older(message, view);
        }
        match (self.cards.first(false), self.merged.first(false)) {
            (Some((card_due, _)), Some((due, id))) if due < card_due => self.take_merged(id),
            (Some((_, id)), _) => self.cards.take(id),
            (None, Some((_, id))) => self.take_merged(id),
            (None, None) => Step::Idle,
        }
    }

    /// Whether somebody waits for whom some of the pace is kept.
    pub(super) fn has_reserved(&self) -> bool {
        self.answers.has_reserved()
    }

    /// Whether somebody waits for a kill.
    pub(super) fn has_urgent(&self) -> bool {
        self.answers.has_urgent()
    }

    /// Whether somebody waits for a kill, or looks at the board.
    pub(super) fn has_quick(&self) -> bool {
        self.answers.has_quick()
    }

    /// A step that was not done, since somebody else goes first. An answer is [put back](Self::put_back) instead.
    pub(super) fn put_step_back(&mut self, step: Step, now: Instant) {
        match step {
            Step::Card(id, _) => self.cards.put_back(id),
            Step::Merged(id, merged) => self.merged.redo(id, now, merged.is_news()),
            Step::Dash(thread, _) => self.dashes.redo(thread, now),
            Step::Older(message, view) => self.dashes.put_older(message, view),
            Step::Answer(_) | Step::Wait(_) | Step::Idle => {}
        }
    }

    /// See [`Answers::say`].
    pub(super) fn say(&mut self, answer: Answer) -> Option<Answer> {
        if self.presence == Presence::There { self.answers.say(answer) } else { Some(answer) }
    }

    /// An answer could not be said yet. Where nothing is said any more, it comes back.
    pub(super) fn put_back(&mut self, answer: Answer) -> Option<Answer> {
        if self.presence != Presence::There {
            return Some(answer);
        }
        self.answers.put_back(answer);
        None
    }

    /// The job moved: its card and the live dashes are looked at. At once if the job has `finished`; a new card waits
    /// until `quick`.
    pub(super) fn mark(
        &mut self,
        id: JobId,
        finished: bool,
        thread: Option<i32>,
        now: Instant,
        quick: Instant,
    ) {
        if self.presence == Presence::Left {
            return;
        }
        if let Some(merged) = self.cards.mark(id, finished, thread, now, quick) {
            self.merged.mark(merged, finished, now);
        }
        self.dashes.mark(now);
    }

    /// See [`Cards::shown`].
    pub(super) fn card_shown(
        &mut self,
        id: JobId,
        message: MessageId,
        shown: Content,
        pause_until: Instant,
        refresh: Option<Instant>,
    ) {
        self.cards.shown(id, message, shown, pause_until, refresh);
    }

    /// Changes a card, and has it looked at once more.
    pub(super) fn redo_card(&mut self, id: JobId, now: Instant, change: impl FnOnce(&mut Card)) {
        self.cards.redo(id, now, change);
    }

    /// The card's message was deleted: the end of the job gets a new one.
    pub(super) fn card_lost(&mut self, id: JobId, now: Instant) {
        self.cards.lost(id, now);
    }

    /// The message of several cards was brought up to date, and shows the ends of these jobs.
    pub(super) fn merged_shown(
        &mut self,
        id: MergedId,
        shown: (MessageId, Content),
        ended: &[JobId],
        pause_until: Instant,
        refresh: Option<Instant>,
    ) {
        self.cards.ended(ended);
        self.merged.shown(id, shown, ended, pause_until, refresh);
    }

    /// Telegram does not take the message of several cards: what it does not tell yet is told one by one.
    pub(super) fn merged_refused(&mut self, id: MergedId, now: Instant) {
        let Some(merged) = self.merged.remove(id) else { return };
        for job in merged.jobs {
            self.cards.alone(job, merged.message.is_some(), now);
        }
    }

    /// The messages of several cards.
    pub(super) fn merged(&mut self) -> &mut MergedCards {
        &mut self.merged
    }

    /// The dashes.
    pub(super) fn dashes(&mut self) -> &mut Dashes {
        &mut self.dashes
    }

    /// A message was sent about a task.
    pub(super) fn sent(&mut self, message: MessageId, about: Option<JobId>) {
        if let Some(id) = about {
            self.cards.remember(message, id);
        }
    }

    /// A call was made.
    pub(super) fn spend(&mut self, now: Instant) {
        self.pace.spend(now);
    }

    /// A call was answered as it should be.
    pub(super) fn went_well(&mut self) {
        self.failures = 0;
        self.not_before = None;
        self.answers.went_well();
    }

    /// Nothing more before `until`.
    pub(super) fn pause(&mut self, until: Instant) {
        self.not_before = Some(until);
    }

    /// Telegram wants a pause: the pace was too fast, and after it there is no burst.
    pub(super) fn slow_down(&mut self, until: Instant) {
        self.pause(until);
        self.pace.drain(until);
    }

    /// One more failure in a row; returns how many there were before.
    pub(super) fn failed(&mut self) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.failures - 1
    }

    /// The chat is gone, or has blocked the bot: nothing more is said, until it [speaks](Self::welcome) again. What
    /// will never be said comes back.
    pub(super) fn give_up(&mut self) -> Vec<Answer> {
        if self.presence == Presence::There {
            self.presence = Presence::Gone;
        }
        self.answers.take_all()
    }

    /// The chat has removed the bot: its messages are forgotten, and nothing is said before it is [back](Self::welcome).
    /// What will never be said comes back.
    pub(super) fn leave(&mut self) -> Vec<Answer> {
        self.presence = Presence::Left;
        self.cards = self.cards.anew();
        self.merged = MergedCards::default();
        self.dashes = Dashes::default();
        self.give_up()
    }

    /// Whether nothing is said and nothing remembered, until the chat is [back](Self::welcome).
    pub(super) fn has_left(&self) -> bool {
        self.presence == Presence::Left
    }

    /// The jobs whose cards do not show their ends yet, and whether they have finished.
    pub(super) fn open_cards(&self) -> Vec<(JobId, bool)> {
        self.cards.open()
    }

    /// Puts a stored card back.
    pub(super) fn restore(&mut self, id: JobId, old: OldCard, now: Instant) {
        self.cards.restore(id, old, now);
    }

    /// Puts back cards that were stored with one and the same message. True where something is to be done for it.
    pub(super) fn restore_merged(&mut self, message: MessageId, jobs: &[(JobId, OldCard)], now: Instant) {
        let ended: Vec<_> = jobs.iter().filter(|(_, old)| old.done).map(|(id, _)| *id).collect();
        let all: Vec<_> = jobs.iter().map(|(id, _)| *id).collect();
        let thread = jobs.first().and_then(|(_, old)| old.thread);
        let merged = self.merged.restore(message, thread, &all, &ended, now);
        self.cards.share(message, merged, jobs, now);
    }

    /// The chat spoke: it is there, and its cards are brought up to date. True where that is news.
    pub(super) fn welcome(&mut self) -> bool {
        std::mem::replace(&mut self.presence, Presence::There) != Presence::There
    }

    /// The process is about to end: what is still to be said does not wait for the chat's pace, and dashes are not edited
    /// any more.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.hurried = true;
        self.pace = Pace::unlimited();
        self.merged.hurry(now);
    }

    /// The task that one of the bot's messages is about.
    pub(super) fn task_of(&self, message: MessageId) -> Option<JobId> {
        self.cards.task_of(message)
    }

    /// The tasks that one of the bot's messages is about, where it is about several.
    pub(super) fn tasks_of(&self, message: MessageId) -> Option<Vec<JobId>> {
        self.merged.tasks_of(message).map(<[_]>::to_vec)
    }
}

#[cfg(test)]
mod tests;
