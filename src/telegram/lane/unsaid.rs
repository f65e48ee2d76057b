//! How much waits in a lane, for the bound over all of them.

use std::time::{Duration, Instant};

use super::{Cards, Lane, Presence, Step};

impl Lane {
    /// Messages of this lane that others have to wait for within the bound: as many as wait, but no more than its own pace
    /// lets through in that time. Progress is none, since it waits for everybody.
    pub(in crate::telegram) fn unsaid(&self) -> usize {
        if self.presence != Presence::There {
            return 0;
        }
        // Those that are new share a message then.
        let cards = self.cards.news().min(if self.crowded { 1 } else { self.most });
        let waiting = self.answers.len() + cards + self.merged.news() + usize::from(self.in_hand);
        waiting.min(self.most)
    }

    /// What its pace lets through in that time is all that counts.
    pub(in crate::telegram) fn within(mut self, time: Duration) -> Self {
        self.most = self.pace.within(time);
        self
    }

    /// Its board keeps so many finished tasks.
    pub(in crate::telegram) fn of_board(mut self, keeps: usize) -> Self {
        self.cards = Cards::of_board(Some(keeps));
        self
    }

    /// The worker took this step, and is at it.
    pub(in crate::telegram) fn take_in_hand(&mut self, step: &Step) {
        self.in_hand = match step {
            Step::Answer(_) => true,
            Step::Card(_, card) => card.is_news(),
            Step::Merged(_, merged) => merged.is_news(),
            Step::Dash(..) | Step::Older(..) | Step::Wait(_) | Step::Idle => false,
        };
    }

    /// Whether a new lane would be the same: nothing is known of the chat, nothing waits, and its pace is full.
    pub(in crate::telegram) fn is_blank(&self, now: Instant) -> bool {
        !self.working
            && self.presence == Presence::There
            && self.failures == 0
            && self.answers.len() == 0
            && self.cards.is_empty()
            && self.merged.is_empty()
            && self.dashes.is_empty()
            && self.pace.is_full(now)
    }
}
