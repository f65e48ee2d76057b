//! One chat's part of the outbox: what waits to be said there, and what comes next.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use serde::{Deserialize, Serialize};
use teloxide::types::InlineKeyboardMarkup;

use super::{outbox::Made, pace::Pace, render::Content};
use crate::{
    command::Theme,
    job::{JobId, MessageId, Origin},
};

/// Answers that wait for one chat; what comes on top is dropped, and the chat is told so.
const MAX_ANSWERS: usize = 500;
/// Messages whose task is remembered, for replies to them.
const MAX_MESSAGES: usize = 3_000;
/// Cards whose message is remembered, for replies to them.
const MAX_CARDS: usize = 1_200;

/// Something to be said once. As text it is what the store keeps of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The store's number of it, once it has one.
    #[serde(skip)]
    pub number: Option<u64>,
    /// The message it replies to.
    pub reply_to: Origin,
    /// The task it is about: a reply to it means that task.
    pub about: Option<JobId>,
    /// Somebody waits for a kill: it goes before everything else.
    pub urgent: bool,
    /// What is said.
    pub body: Body,
    /// The document that is said, once it was made. It is not stored: it would be made again.
    #[serde(skip)]
    pub(super) made: Option<Arc<Made>>,
}

impl Answer {
    /// An answer to `reply_to`.
    pub fn new(reply_to: Origin, body: Body) -> Self {
        Self { number: None, reply_to, about: None, urgent: false, body, made: None }
    }

    /// The same, about a task.
    pub fn about(self, id: JobId) -> Self {
        Self { about: Some(id), ..self }
    }
}

/// What is said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Body {
    /// A new message.
    Message(Content),
    /// The whole result of the task as a document.
    Whole(JobId),
    /// A picture of the chat's last tasks, as they are when its turn has come.
    Timeline {
        /// Its colours.
        theme: Theme,
        /// The message that it replaces the picture of; a new one where there is none.
        instead_of: Option<MessageId>,
    },
    /// Another text for one of the bot's messages.
    Edit {
        /// Which.
        message: MessageId,
        /// Telegram's HTML.
        html: String,
        /// Buttons below it.
        keyboard: Option<InlineKeyboardMarkup>,
    },
}

impl Body {
    /// Whether it changes a message that is there.
    pub(super) fn is_edit(&self) -> bool {
        match self {
            Self::Edit { .. } => true,
            Self::Timeline { instead_of, .. } => instead_of.is_some(),
            Self::Message(_) | Self::Whole(_) => false,
        }
    }
}

/// The message about one job.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// Once it was sent.
    pub message: Option<MessageId>,
    /// What it shows now.
    pub shown: Option<Content>,
    /// How often Telegram refused its content: it goes without its picture then, and then in the fewest words.
    pub refused: u8,
    /// When it is looked at again.
    due: Instant,
    /// Edits before the end of the job keep this distance.
    pause_until: Instant,
    finished: bool,
    /// It shows the end of its job: nothing will change any more.
    done: bool,
}

/// A card as it was stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct OldCard {
    /// Its message, if one was sent.
    pub message: Option<MessageId>,
    /// Its job has finished.
    pub finished: bool,
    /// It shows the end of its job.
    pub done: bool,
}

impl Card {
    /// Somebody waits for it: its first message, or the end of its job. The rest is progress.
    fn is_news(&self) -> bool {
        self.finished || self.message.is_none()
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// Say this.
    Answer(Answer),
    /// Bring this card up to date.
    Card(JobId, Card),
    /// Nothing before this time, or before something new is marked.
    Wait(Instant),
    /// Nothing waits.
    Idle,
}

/// What waits for one chat.
#[derive(Debug)]
pub(super) struct Lane {
    /// Answers to kills: before everything else.
    urgent: VecDeque<Answer>,
    /// With the time since when they wait; `None` is one that was sent before in vain.
    answers: VecDeque<(Option<Instant>, Answer)>,
    skipped: bool,
    cards: BTreeMap<JobId, Card>,
    /// Cards to be looked at.
    dirty: BTreeSet<JobId>,
    /// Which task the bot's messages are about; a chat's message ids grow, so the first is the oldest.
    tasks: BTreeMap<MessageId, JobId>,
    pace: Pace,
    /// A pause that Telegram asked for, or that follows a failure.
    not_before: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    /// The chat does not exist, or does not want us: nothing is said until it speaks.
    gone: bool,
    /// A worker is at it.
    pub working: bool,
}

impl Lane {
    /// An empty lane.
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            urgent: VecDeque::new(),
            answers: VecDeque::new(),
            skipped: false,
            cards: BTreeMap::new(),
            dirty: BTreeSet::new(),
            tasks: BTreeMap::new(),
            pace,
            not_before: None,
            failures: 0,
            gone: false,
            working: false,
        }
    }

    /// The next thing to do at `now`: what people wait for in order of time, then progress. What is taken out and
    /// fails must be put [`back`](Self::put_back), or [done again](Self::redo_card).
    pub(super) fn next(&mut self, now: Instant) -> Step {
        let dirty = || self.dirty.iter().filter_map(|id| Some((*id, self.cards.get(id)?)));
        let due = dirty().map(|(id, card)| (card.due, id)).min();
        if self.gone || self.urgent.is_empty() && self.answers.is_empty() && due.is_none() {
            return Step::Idle;
        }
        let earliest = self.not_before.into_iter().chain(self.pace.wait_until(now)).max();
        if let Some(earliest) = earliest.filter(|earliest| *earliest > now) {
            return Step::Wait(earliest);
        }
        if let Some(answer) = self.urgent.pop_front() {
            return Step::Answer(answer);
        }
        let news = dirty()
            .filter(|(_, card)| card.is_news() && card.due <= now)
            .map(|(id, card)| (card.due, id))
            .min();
        match (news, self.answers.front()) {
            (Some((due, id)), Some((since, _))) if Some(due) <= *since => self.take_card(id),
            (_, Some(_)) => self.answers.pop_front().map_or(Step::Idle, |(_, answer)| Step::Answer(answer)),
            (Some((_, id)), None) => self.take_card(id),
            // Progress leaves half of the pace to what people wait for.
            (None, None) => match due.map(|(due, id)| (due.max(self.pace.relaxed_at(now)), id)) {
                Some((due, _)) if due > now => Step::Wait(due),
                Some((_, id)) => self.take_card(id),
                None => Step::Idle,
            },
        }
    }

    fn take_card(&mut self, id: JobId) -> Step {
        self.dirty.remove(&id);
        self.cards.get(&id).map_or(Step::Idle, |card| Step::Card(id, card.clone()))
    }

    /// Queues an answer. Where there are too many, it comes back: it will not be said.
    pub(super) fn say(&mut self, answer: Answer) -> Option<Answer> {
        if self.gone {
            return Some(answer);
        }
        if answer.urgent && self.urgent.len() < MAX_ANSWERS {
            self.urgent.push_back(answer);
            return None;
        }
        if self.answers.len() < MAX_ANSWERS {
            self.answers.push_back((Some(Instant::now()), answer));
            return None;
        }
        if !self.skipped {
            self.skipped = true;
            let told = Body::Message(Content::text(super::sentences::ANSWERS_SKIPPED));
            self.answers.push_back((Some(Instant::now()), Answer::new(answer.reply_to.clone(), told)));
        }
        Some(answer)
    }

    /// The job moved: its card is looked at. At once if the job has `finished`; a new card waits until `quick`, so
    /// that a quick job is one message; an edit keeps its distance from the last one.
    pub(super) fn mark(&mut self, id: JobId, finished: bool, now: Instant, quick: Instant) {
        let new = Card {
            message: None,
            shown: None,
            refused: 0,
            due: quick,
            pause_until: quick,
            finished: false,
            done: false,
        };
        let card = self.cards.entry(id).or_insert(new);
        if card.done {
            return;
        }
        card.finished |= finished;
        let due = if finished { now } else { card.pause_until.max(now) };
        card.due = if self.dirty.insert(id) { due } else { card.due.min(due) };
        if self.cards.len() > MAX_CARDS {
            self.forget_oldest();
        }
    }

    /// A card was brought up to date: the next edit comes not before `pause_until`, and it is looked at again at
    /// `refresh`, if ever.
    pub(super) fn card_shown(
        &mut self,
        id: JobId,
        message: MessageId,
        shown: Content,
        pause_until: Instant,
        refresh: Option<Instant>,
    ) {
        self.remember(message, id);
        let Some(card) = self.cards.get_mut(&id) else { return };
        card.message = Some(message);
        card.pause_until = pause_until;
        card.done = refresh.is_none();
        // A board's worth of results need not be kept twice.
        card.shown = (!card.done).then_some(shown);
        if card.done {
            self.dirty.remove(&id);
        } else if self.dirty.contains(&id) {
            // It moved meanwhile.
            card.due = if card.finished { card.due } else { card.due.max(pause_until) };
        } else if let Some(refresh) = refresh {
            card.due = refresh;
            self.dirty.insert(id);
        }
    }

    /// Changes a card, and has it looked at once more.
    pub(super) fn redo_card(&mut self, id: JobId, now: Instant, change: impl FnOnce(&mut Card)) {
        if let Some(card) = self.cards.get_mut(&id) {
            change(card);
            card.due = now;
            self.dirty.insert(id);
        }
    }

    /// The card's message was deleted: the end of the job gets a new one.
    pub(super) fn card_lost(&mut self, id: JobId, now: Instant) {
        let Some(card) = self.cards.get_mut(&id) else { return };
        card.message = None;
        card.shown = None;
        card.due = now;
        if card.finished {
            self.dirty.insert(id);
        }
    }

    /// A message was sent about a task.
    pub(super) fn sent(&mut self, message: MessageId, about: Option<JobId>) {
        if let Some(id) = about {
            self.remember(message, id);
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
        self.skipped &= !self.answers.is_empty();
    }

    /// Nothing more before `until`.
    pub(super) fn pause(&mut self, until: Instant) {
        self.not_before = Some(until);
    }

    /// One more failure in a row; returns how many there were before.
    pub(super) fn failed(&mut self) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.failures - 1
    }

    /// An answer could not be said yet.
    pub(super) fn put_back(&mut self, answer: Answer) {
        if answer.urgent {
            self.urgent.push_front(answer);
        } else {
            self.answers.push_front((None, answer));
        }
    }

    /// The chat is gone, or has blocked the bot: nothing more is said, until it [speaks](Self::welcome) again. What
    /// will never be said comes back.
    pub(super) fn give_up(&mut self) -> Vec<Answer> {
        self.gone = true;
        let answers = self.answers.drain(..).map(|(_, answer)| answer);
        self.urgent.drain(..).chain(answers).collect()
    }

    /// The jobs whose cards do not show their ends yet, and whether they have finished.
    pub(super) fn open_cards(&self) -> Vec<(JobId, bool)> {
        let open = self.cards.iter().filter(|(_, card)| !card.done);
        open.map(|(id, card)| (*id, card.finished)).collect()
    }

    /// Puts a stored card back. One that shows the end of its job is only known for replies to it; the others are
    /// brought up to date.
    pub(super) fn restore(&mut self, id: JobId, old: OldCard, now: Instant) {
        if let Some(message) = old.message {
            self.remember(message, id);
        }
        if !old.done {
            self.mark(id, old.finished, now, now);
            if let Some(card) = self.cards.get_mut(&id) {
                card.message = old.message;
            }
        }
    }

    /// The chat spoke: it is there, and its cards are brought up to date. True where that is news.
    pub(super) fn welcome(&mut self) -> bool {
        std::mem::take(&mut self.gone)
    }

    /// The process is about to end: what is still to be said does not wait for the chat's pace.
    pub(super) fn hurry(&mut self) {
        self.pace = Pace::unlimited();
    }

    /// The task that one of the bot's messages is about.
    pub(super) fn task_of(&self, message: MessageId) -> Option<JobId> {
        self.tasks.get(&message).copied()
    }

    fn remember(&mut self, message: MessageId, id: JobId) {
        self.tasks.insert(message, id);
        if self.tasks.len() > MAX_MESSAGES {
            self.tasks.pop_first();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest =
            self.cards.iter().find(|(id, card)| card.finished && !self.dirty.contains(id)).map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.cards.remove(&id);
            self.tasks.retain(|_, task| *task != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lane(per_minute: u32) -> Lane {
        Lane::new(Pace::new(per_minute, Duration::from_mins(1), per_minute))
    }

    fn answer(message: i32) -> Answer {
        let reply_to = Origin { message: MessageId(message), thread: None, callback: None };
        Answer::new(reply_to, Body::Message(Content::text("x")))
    }

    #[test]
    fn a_card_that_shows_the_end_is_not_looked_at_again_and_keeps_no_content() {
        let now = Instant::now();
        let mut lane = lane(0);
        let (job, message) = (JobId(1), MessageId(7));
        lane.mark(job, true, now, now);
        assert!(matches!(lane.next(now), Step::Card(..)));
        lane.mark(job, true, now, now);
        lane.card_shown(job, message, Content::text("34"), now, None);
        lane.mark(job, true, now, now);
        assert!(matches!(lane.next(now), Step::Idle));
        assert_eq!(lane.task_of(message), Some(job));
        assert!(lane.cards[&job].shown.is_none());
    }

    #[test]
    fn a_card_of_an_unfinished_job_is_looked_at_again() {
        let now = Instant::now();
        let mut lane = lane(0);
        lane.mark(JobId(1), false, now, now);
        assert!(matches!(lane.next(now), Step::Card(..)));
        let later = now + Duration::from_secs(5);
        lane.card_shown(JobId(1), MessageId(7), Content::text("running"), now, Some(later));
        assert!(matches!(lane.next(now), Step::Wait(until) if until == later));
        assert!(matches!(lane.next(later), Step::Card(_, Card { shown: Some(_), .. })));
    }

    #[test]
    fn kills_go_first_then_what_people_wait_for_then_progress() {
        let start = Instant::now();
        let mut lane = lane(10);
        lane.mark(JobId(1), false, start, start);
        lane.card_shown(JobId(1), MessageId(7), Content::text("running"), start, Some(start));
        lane.say(answer(2));
        lane.say(Answer { urgent: true, ..answer(3) });
        lane.say(Answer { urgent: true, ..answer(4) });
        let now = Instant::now();
        for message in [3, 4] {
            assert!(
                matches!(lane.next(now), Step::Answer(first) if first.reply_to.message == MessageId(message))
            );
        }
        assert!(matches!(lane.next(now), Step::Answer(_)));
        // Half of the pace is left to what people wait for.
        for _ in 0..6 {
            lane.spend(now);
        }
        assert!(matches!(lane.next(now), Step::Wait(_)));
        lane.say(answer(5));
        assert!(matches!(lane.next(now), Step::Answer(_)));
    }

    #[test]
    fn a_full_queue_says_so_once() {
        let mut lane = lane(0);
        for message in 0..600 {
            lane.say(answer(message));
        }
        let now = Instant::now();
        let mut said = 0;
        while let Step::Answer(_) = lane.next(now) {
            said += 1;
        }
        assert_eq!(said, MAX_ANSWERS + 1);
    }

    #[test]
    fn who_is_gone_hears_nothing_until_they_speak() {
        let now = Instant::now();
        let mut lane = lane(0);
        lane.mark(JobId(1), false, now, now);
        lane.say(answer(1));
        assert_eq!(lane.give_up().len(), 1);
        lane.mark(JobId(1), true, now, now);
        assert!(matches!(lane.next(now), Step::Idle));
        assert!(lane.welcome());
        assert!(matches!(lane.next(now), Step::Card(..)));
        assert!(!lane.welcome());
    }
}
