//! The newest dash of each topic, which edits itself, and older ones that do not say yet that they are older.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use crate::{
    job::MessageId,
    telegram::{dash::View, render::Content},
};

/// Topics of a chat that have a live dash; in one more, the dash that moved least of late stays as it is.
const MAX_LIVE: usize = 50;
/// Older dashes that are still to lose their live line; one more keeps it.
const MAX_OLDER: usize = 50;
/// Refusals in a row after which a dash is given up.
const MAX_REFUSED: u8 = 3;

/// A forum topic; `None` in General, and in chats that have none.
pub(in crate::telegram) type Thread = Option<i32>;

/// A dash that edits itself.
#[derive(Clone, Debug)]
pub(in crate::telegram) struct Dash {
    /// `None` where it was deleted, or is in another chat: it is posted again.
    pub message: Option<MessageId>,
    /// What it shows of the board.
    pub view: View,
    /// What it shows now, if that is known.
    pub shown: Option<Content>,
    /// When it is looked at again.
    due: Option<Instant>,
    /// Edits keep this distance.
    pause_until: Instant,
    /// How often in a row Telegram did not take it.
    refused: u8,
}

impl Dash {
    fn new(message: Option<MessageId>, view: View, now: Instant) -> Self {
        Self { message, view, shown: None, due: None, pause_until: now, refused: 0 }
    }
}

/// A chat's dashes.
#[derive(Debug, Default)]
pub(in crate::telegram) struct Dashes {
    live: BTreeMap<Thread, Dash>,
    older: VecDeque<(MessageId, View)>,
}

impl Dashes {
    /// Whether nothing is known.
    pub(in crate::telegram) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.older.is_empty()
    }

    /// The first that is due, and when.
    pub(in crate::telegram) fn first(&self) -> Option<(Instant, Thread)> {
        self.live.iter().filter_map(|(thread, dash)| Some((dash.due?, *thread))).min()
    }

    pub(in crate::telegram) fn take(&mut self, thread: Thread) -> Option<Dash> {
        let dash = self.live.get_mut(&thread)?;
        dash.due = None;
        Some(dash.clone())
    }

    /// The board moved: all of them are looked at, when their pauses are over.
    pub(in crate::telegram) fn mark(&mut self, now: Instant) {
        for dash in self.live.values_mut() {
            let due = dash.pause_until.max(now);
            dash.due = Some(dash.due.map_or(due, |known| known.min(due)));
        }
    }

    /// A dash was sent, or sent again: it is the live one of its topic. The message of the one before it, if that is to
    /// be told so, waits for that now.
    pub(in crate::telegram) fn posted(
        &mut self,
        thread: Thread,
        message: MessageId,
        view: View,
        now: Instant,
    ) {
        if let Some(before) = self.live.insert(thread, Dash::new(Some(message), view, now))
            && let Some(older) = before.message.filter(|older| *older != message)
        {
            self.put_older(older, before.view);
        }
        if self.live.len() > MAX_LIVE {
            let others = self.live.iter().filter(|(other, _)| **other != thread);
            let oldest = others.min_by_key(|(_, dash)| dash.pause_until).map(|(thread, _)| *thread);
            let dash = oldest.and_then(|thread| self.live.remove(&thread));
            if let Some((message, view)) = dash.and_then(|dash| Some((dash.message?, dash.view))) {
                self.put_older(message, view);
            }
        }
    }

    /// It was brought up to date: the next edit comes not before `pause_until`, and it is looked at again at `refresh`,
    /// if ever.
    pub(in crate::telegram) fn shown(
        &mut self,
        thread: Thread,
        content: Content,
        pause_until: Option<Instant>,
        refresh: Option<Instant>,
    ) {
        let Some(dash) = self.live.get_mut(&thread) else { return };
        dash.shown = Some(content);
        dash.refused = 0;
        if let Some(pause_until) = pause_until {
            dash.pause_until = pause_until;
        }
        dash.due = match (dash.due, refresh) {
            // It moved meanwhile.
            (Some(due), _) => Some(due.max(dash.pause_until)),
            (None, refresh) => refresh.map(|refresh| refresh.max(dash.pause_until)),
        };
    }

    /// Somebody turned it.
    pub(in crate::telegram) fn turned(&mut self, thread: Thread, view: View) {
        if let Some(dash) = self.live.get_mut(&thread) {
            dash.view = view;
        }
    }

    /// Has it looked at once more.
    pub(in crate::telegram) fn redo(&mut self, thread: Thread, now: Instant) {
        if let Some(dash) = self.live.get_mut(&thread) {
            dash.due = Some(now);
        }
    }

    /// Its message was deleted: it is posted again.
    pub(in crate::telegram) fn lost(&mut self, thread: Thread, now: Instant) {
        if let Some(dash) = self.live.get_mut(&thread) {
            dash.message = None;
            dash.shown = None;
            dash.due = Some(now);
        }
    }

    /// The topic whose live dash this message is.
    pub(in crate::telegram) fn live_in(&self, message: MessageId) -> Option<Thread> {
        self.live.iter().find(|(_, dash)| dash.message == Some(message)).map(|(thread, _)| *thread)
    }

    /// Telegram does not take it: it is tried again at `again`. After some times it edits itself no more; its message then.
    pub(in crate::telegram) fn refused(&mut self, thread: Thread, again: Instant) -> Option<MessageId> {
        let dash = self.live.get_mut(&thread)?;
        dash.refused += 1;
        if dash.refused >= MAX_REFUSED {
            return self.live.remove(&thread)?.message;
        }
        dash.pause_until = again;
        dash.due = Some(again);
        None
    }

    pub(in crate::telegram) fn has_older(&self) -> bool {
        !self.older.is_empty()
    }

    pub(in crate::telegram) fn pop_older(&mut self) -> Option<(MessageId, View)> {
        self.older.pop_front()
    }

    /// It was the live one and says so still.
    pub(in crate::telegram) fn put_older(&mut self, message: MessageId, view: View) {
        self.older.push_back((message, view));
        if self.older.len() > MAX_OLDER {
            self.older.pop_front();
        }
    }

    /// It says what it is.
    pub(in crate::telegram) fn is_told(&mut self, message: MessageId) {
        self.older.retain(|(older, _)| *older != message);
    }

    /// Puts a stored dash back; it is brought up to date.
    pub(in crate::telegram) fn restore(
        &mut self,
        thread: Thread,
        message: Option<MessageId>,
        view: View,
        now: Instant,
    ) {
        if message.is_none() && self.live.contains_key(&thread) {
            // Somebody asked for a newer one here meanwhile.
            return;
        }
        let before = self.live.insert(thread, Dash::new(message, view, now));
        if let Some((older, view)) = before.and_then(|before| Some((before.message?, before.view))) {
            self.put_older(older, view);
        }
        // One that is in another chat is posted again when the board moves: nobody asked for it here.
        if message.is_some() {
            self.redo(thread, now);
        }
    }

    /// Forgets all: their messages.
    pub(in crate::telegram) fn take_all(&mut self) -> (Vec<(Thread, View)>, Vec<MessageId>) {
        let live = std::mem::take(&mut self.live);
        let older = self.older.drain(..).map(|(message, _)| message);
        let messages = live.values().filter_map(|dash| dash.message).chain(older).collect();
        (live.into_iter().map(|(thread, dash)| (thread, dash.view)).collect(), messages)
    }
}
