//! What is said once, as an answer.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use crate::{
    command::Theme,
    job::{JobId, MessageId, Origin},
    telegram::{buttons::Keyboard, dash::View, outbox::Made, render::Content, sentences},
};

/// Answers that wait for one chat; what comes on top is dropped, and the chat is told so.
const MAX_ANSWERS: usize = 500;
/// Answers of the same words that wait for one topic: more of them would say nothing more. In a flood these are refusals.
const MAX_ALIKE: usize = 3;

/// Something to be said once. As text it is what the store keeps of it.
#[expect(clippy::struct_excessive_bools, reason = "independent, each named where it is set")]
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
    /// Somebody looks at the board or at a result now: it goes before what is only news.
    #[serde(default)]
    pub asked: bool,
    /// It is said outside of its topic, which was closed or deleted, and tells so.
    #[serde(default)]
    pub elsewhere: bool,
    /// It says that the bot is busy.
    #[serde(default)]
    pub busy: bool,
    /// What is said.
    pub body: Body,
    /// The document that is said, once it was made. It is not stored: it would be made again.
    #[serde(skip)]
    pub(in crate::telegram) made: Option<Arc<Made>>,
}

impl Answer {
    /// An answer to `reply_to`.
    pub fn new(reply_to: Origin, body: Body) -> Self {
        let (number, about, made) = (None, None, None);
        Self {
            number,
            reply_to,
            about,
            urgent: false,
            asked: false,
            elsewhere: false,
            busy: false,
            body,
            made,
        }
    }

    /// Whether it is a message of its own, and no edit of another.
    pub(in crate::telegram) fn is_new_message(&self) -> bool {
        self.edits().is_none()
    }

    /// The message that it gives another content.
    fn edits(&self) -> Option<MessageId> {
        match &self.body {
            Body::Edit { message, .. } | Body::Turn { message, .. } => Some(*message),
            Body::Timeline { instead_of, .. } => *instead_of,
            Body::Message(_) | Body::Whole(_) | Body::File { .. } | Body::Dash(_) => None,
        }
    }

    /// The same, about a task.
    pub fn about(self, id: JobId) -> Self {
        Self { about: Some(id), ..self }
    }

    /// The same, for somebody who waits for it.
    pub fn asked(self) -> Self {
        Self { asked: true, ..self }
    }

    /// Whether it goes before all that was asked for, but for kills: a look at the board, or that the bot is busy.
    pub(in crate::telegram) fn is_quick(&self) -> bool {
        self.busy || self.asked && matches!(self.body, Body::Dash(_))
    }

    /// The same, to say that the bot is busy.
    pub(in crate::telegram) fn busy(self) -> Self {
        Self { busy: true, asked: true, ..self }
    }

    /// Whether some of the pace is kept for it.
    pub(in crate::telegram) fn is_reserved(&self) -> bool {
        self.urgent || self.asked
    }
}

/// What is said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Body {
    /// A new message.
    Message(Content),
    /// The whole result of the task as a document.
    Whole(JobId),
    /// A file that the task's program made, and then those after it, one by one.
    File {
        /// The task.
        job: JobId,
        /// Which of its files, from 0.
        at: usize,
    },
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
        /// See [`Content::rich`].
        #[serde(default)]
        rich: Option<String>,
        /// Buttons below it.
        keyboard: Option<Keyboard>,
    },
    /// A dash: the board as it is when this is said. It is the live one of its topic from then on.
    Dash(View),
    /// Another view in a dash that is there.
    Turn {
        /// Which.
        message: MessageId,
        /// What it is to show.
        view: View,
    },
}

/// The words of an answer that is nothing but words.
fn words(answer: &Answer) -> Option<&str> {
    match (&answer.body, answer.about) {
        (Body::Message(content), None) => Some(&content.html),
        _ => None,
    }
}

/// What is to be said, in three lines.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// To kills: before everything else.
    urgent: VecDeque<Answer>,
    asked: VecDeque<Answer>,
    /// With the time since when they wait; `None` is one that was sent before in vain.
    others: VecDeque<(Option<Instant>, Answer)>,
    skipped: bool,
}

impl Answers {
    /// Whether anybody waits for whom some of the pace is kept.
    pub(super) fn has_reserved(&self) -> bool {
        !self.urgent.is_empty() || !self.asked.is_empty()
    }

    /// Whether anybody waits for a kill.
    pub(super) fn has_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    /// Whether anybody waits who goes before those that only asked.
    pub(super) fn has_quick(&self) -> bool {
        self.has_urgent() || self.asked.front().is_some_and(Answer::is_quick)
    }

    /// How many do: they are the first of those that asked.
    fn quick(&self) -> usize {
        self.asked.iter().take_while(|answer| answer.is_quick()).count()
    }

    /// All that wait.
    pub(super) fn len(&self) -> usize {
        self.urgent.len() + self.asked.len() + self.others.len()
    }

    pub(super) fn pop_reserved(&mut self) -> Option<Answer> {
        self.urgent.pop_front().or_else(|| self.asked.pop_front())
    }

    /// Since when the first of the others waits, and whether it was sent in vain before: it goes before all news then.
    pub(super) fn other_since(&self, now: Instant) -> Option<(Instant, bool)> {
        self.others.front().map(|(since, _)| (since.unwrap_or(now).min(now), since.is_none()))
    }

    pub(super) fn pop_other(&mut self) -> Option<Answer> {
        self.others.pop_front().map(|(_, answer)| answer)
    }

    /// Queues an answer, and gives back what will not be said: this one where there are too many, or an older edit of
    /// the same message. Who presses a dash's buttons fast has the pace of one edit.
    pub(super) fn say(&mut self, answer: Answer) -> Option<Answer> {
        let edited = answer.edits();
        if edited.is_some()
            && let Some(older) = self.asked.iter_mut().find(|known| known.edits() == edited)
        {
            return Some(std::mem::replace(older, answer));
        }
        if answer.urgent && self.urgent.len() < MAX_ANSWERS {
            self.urgent.push_back(answer);
            return None;
        }
        if answer.asked && self.asked.len() < MAX_ANSWERS {
            let at = if answer.is_quick() { self.quick() } else { self.asked.len() };
            self.asked.insert(at, answer);
            return None;
        }
        if self.alike(&answer) >= MAX_ALIKE {
            return Some(answer);
        }
        if self.others.len() < MAX_ANSWERS {
            self.others.push_back((Some(Instant::now()), answer));
            return None;
        }
        if !self.skipped {
            self.skipped = true;
            let told = Body::Message(Content::text(&sentences::answers_skipped()));
            self.others.push_back((Some(Instant::now()), Answer::new(answer.reply_to.clone(), told)));
        }
        Some(answer)
    }

    /// How many answers that wait say the same in the same topic, of those that are about no task.
    fn alike(&self, answer: &Answer) -> usize {
        let Some(new) = words(answer) else { return 0 };
        let is_alike =
            |known: &Answer| words(known) == Some(new) && known.reply_to.thread == answer.reply_to.thread;
        self.others.iter().filter(|(_, known)| is_alike(known)).count()
    }

    /// An answer could not be said yet.
    pub(super) fn put_back(&mut self, answer: Answer) {
        if answer.urgent {
            self.urgent.push_front(answer);
        } else if answer.asked {
            let at = if answer.is_quick() { 0 } else { self.quick() };
            self.asked.insert(at, answer);
        } else {
            self.others.push_front((None, answer));
        }
    }

    /// One was said: when the queue is empty, the chat is told again if it should be too full again.
    pub(super) fn went_well(&mut self) {
        self.skipped &= !self.others.is_empty();
    }

    pub(super) fn take_all(&mut self) -> Vec<Answer> {
        let others = self.others.drain(..).map(|(_, answer)| answer);
        self.urgent.drain(..).chain(self.asked.drain(..)).chain(others).collect()
    }
}
