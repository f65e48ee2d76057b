//! When a task is run again, or later. Pure: what time it is, others say.
//!
//! All arithmetic of times is jiff's, with the tz database that is part of the binary, so that a schedule means the same on
//! every machine.

mod days;
mod interval;
mod when;
mod zone;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    days::Days,
    interval::{Interval, NotAnInterval},
    when::{Day, NoTime, When},
    zone::{NotAZone, Zone},
};
use crate::job::{Origin, Person, Spec};

/// Later than this is missed: a clock that was put forward is noticed sooner, and so is a busy machine done.
pub const LATE_SECONDS: i64 = 60;
/// Occurrences that are counted as missed, at most.
pub const MAX_MISSED: u64 = 10_000;

/// Whether what was planned for this time is missed at `now`.
pub fn is_late(planned: Timestamp, now: Timestamp) -> bool {
    now.as_second() - planned.as_second() > LATE_SECONDS
}

/// A schedule's number in its chat: 1, 2, 3 … per chat, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScheduleId(pub u64);

/// A task, and when it is run. As text it is what the store keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its number.
    pub id: ScheduleId,
    /// When it is run.
    pub when: When,
    /// Whose clock shows the times in `when`.
    pub zone: Zone,
    /// What is run.
    pub spec: Spec,
    /// Who wants it: it runs as theirs.
    pub person: Person,
    /// The message that made it. The store knows this name: it changes when the chat moves.
    pub reply_to: Origin,
    /// When it was said, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub said: Timestamp,
    /// The next time, in whole seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub next: Timestamp,
    /// How often in a row its task was not taken.
    #[serde(default)]
    pub refused: u64,
}

/// The occurrences of a schedule that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The first of them: what was planned next.
    pub first: Timestamp,
    /// The last one that is not in the future: the one that is run, however many there are.
    pub last: Timestamp,
    /// How many there are; [`MAX_MISSED`] where there are more.
    pub count: u64,
    /// Whether the last one is not [late](LATE_SECONDS).
    pub on_time: bool,
}

impl Due {
    /// How many are not run at their time.
    pub fn missed(&self) -> u64 {
        self.count - u64::from(self.on_time)
    }
}

impl Schedule {
    /// What is due at `now`, if anything.
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        let first = self.next;
        if first > now {
            return None;
        }
        let (last, count) = self.when.passed(self.zone, first, now);
        Some(Due { first, last, count, on_time: !is_late(last, now) })
    }

    /// The first occurrence after this time; `None` where there is none any more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.when.next_after(self.zone, self.said, after)
    }

    /// What the job of this occurrence comes from: the same occurrence makes one job.
    pub fn origin(&self, planned: Timestamp) -> Origin {
        self.reply_to.clone().of_schedule(self.id.0, planned.as_second())
    }
}

#[cfg(test)]
mod tests;
