//! When something is run, and the next time of that.

use std::fmt;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::AmbiguousOffset,
};
use serde::{Deserialize, Serialize};

use super::{Days, Interval, MAX_MISSED, Zone};

/// Days that are looked at for the next of a week's: a day of the week, and one more on each side, since the clock that shows
/// them may be put forward or back by a whole day.
const AHEAD: usize = 10;

/// When something is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// Again and again, so much real time apart, counted from when it was said.
    Every(Interval),
    /// Again and again, on these days when the clock shows this. Where the clock is put forward over it, it is as much later;
    /// where the clock shows it twice, it is the first time.
    On(Days, Time),
    /// Once, when the clock shows this.
    At(Day, Time),
}

/// Which day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Day {
    /// The next one on which the clock shows it.
    Next,
    /// The day after the one that it is.
    Tomorrow,
    /// This one.
    On(Date),
}

/// There is no such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTime {
    /// It was.
    #[error("it is in the past")]
    Past,
    /// The clock is put forward over it on that day.
    #[error("the clock does not show it on that day")]
    Skipped,
    /// Beyond what calendars can hold.
    #[error("it is too far away")]
    TooFar,
}

impl When {
    /// The first time after `now`, and the same with the day that is meant.
    ///
    /// # Errors
    /// [`NoTime`].
    pub fn first(self, zone: Zone, now: Timestamp) -> Result<(Self, Timestamp), NoTime> {
        match self {
            Self::At(day, time) => {
                let (date, at) = once(day, time, zone, now)?;
                Ok((Self::At(Day::On(date), time), at))
            }
            again => again.next_after(zone, now, now).map(|next| (again, next)).ok_or(NoTime::TooFar),
        }
    }

    /// The first time after `after`, of what was said at `said`; `None` where there is none any more.
    pub(super) fn next_after(self, zone: Zone, said: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => {
                let passed = after.as_second().saturating_sub(said.as_second()).max(0).unsigned_abs();
                let step = interval.seconds();
                let next = (passed / step + 1).saturating_mul(step);
                said.checked_add(SignedDuration::from_secs(i64::try_from(next).ok()?)).ok()
            }
            Self::On(days, time) => of_week(days, time, zone, after),
            Self::At(..) => None,
        }
    }

    /// Of the times from `first` to `now`: the last one, and how many there are.
    pub(super) fn passed(self, zone: Zone, first: Timestamp, now: Timestamp) -> (Timestamp, u64) {
        match self {
            Self::Every(interval) => {
                let more = now.as_second().saturating_sub(first.as_second()).max(0).unsigned_abs()
                    / interval.seconds();
                let span = i64::try_from(more * interval.seconds()).map(SignedDuration::from_secs);
                let last = span.ok().and_then(|span| first.checked_add(span).ok()).unwrap_or(first);
                (last, more.saturating_add(1).min(MAX_MISSED))
            }
            Self::On(days, time) => {
                let (mut last, mut count) = (first, 1);
                while let Some(next) = of_week(days, time, zone, last).filter(|next| *next <= now) {
                    last = next;
                    count += 1;
                    if count == MAX_MISSED {
                        // A clock that is wrong by decades: from here on, only the last one matters.
                        return (last_of_week(days, time, zone, now).unwrap_or(last).max(last), count);
                    }
                }
                (last, count)
            }
            Self::At(..) => (first, 1),
        }
    }
}

/// When the clock shows this, once.
fn once(day: Day, time: Time, zone: Zone, now: Timestamp) -> Result<(Date, Timestamp), NoTime> {
    let today = zone.rules().to_datetime(now).date();
    let date = match day {
        Day::On(date) => date,
        Day::Tomorrow => today.tomorrow().map_err(|_| NoTime::TooFar)?,
        Day::Next => {
            let mut date = today;
            for _ in 0..AHEAD {
                if let Some(at) =
                    shown(date.to_datetime(time), zone).into_iter().flatten().find(|at| *at > now)
                {
                    return Ok((date, at));
                }
                date = date.tomorrow().map_err(|_| NoTime::TooFar)?;
            }
            return Err(NoTime::TooFar);
        }
    };
    match shown(date.to_datetime(time), zone) {
        [Some(first), second] => {
            let at = [Some(first), second].into_iter().flatten().find(|at| *at > now);
            at.map(|at| (date, at)).ok_or(NoTime::Past)
        }
        // As far as it can be told.
        [None, _] if date < today => Err(NoTime::Past),
        [None, _] if is_skipped(date.to_datetime(time), zone) => Err(NoTime::Skipped),
        [None, _] => Err(NoTime::TooFar),
    }
}

/// When the clock shows this: never, once, or twice.
fn shown(time: DateTime, zone: Zone) -> [Option<Timestamp>; 2] {
    let ambiguous = zone.rules().to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(time).ok(), None],
        AmbiguousOffset::Fold { before, after } => {
            [before.to_timestamp(time).ok(), after.to_timestamp(time).ok()]
        }
        AmbiguousOffset::Gap { .. } => [None, None],
    }
}

fn is_skipped(time: DateTime, zone: Zone) -> bool {
    matches!(zone.rules().to_ambiguous_timestamp(time).offset(), AmbiguousOffset::Gap { .. })
}

/// The first time after `after` that is one of the week's.
fn of_week(days: Days, time: Time, zone: Zone, after: Timestamp) -> Option<Timestamp> {
    let mut date = zone.rules().to_datetime(after).date().yesterday().ok()?;
    for _ in 0..AHEAD {
        if days.contains(date.weekday())
            && let Some(at) = on(date, time, zone).filter(|at| *at > after)
        {
            return Some(at);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

/// The last time until `now` that is one of the week's.
fn last_of_week(days: Days, time: Time, zone: Zone, now: Timestamp) -> Option<Timestamp> {
    let mut date = zone.rules().to_datetime(now).date().tomorrow().ok()?;
    for _ in 0..AHEAD {
        if days.contains(date.weekday())
            && let Some(at) = on(date, time, zone).filter(|at| *at <= now)
        {
            return Some(at);
        }
        date = date.yesterday().ok()?;
    }
    None
}

/// When it is this time of that day. RFC 5545 reads times in this way, too.
fn on(date: Date, time: Time, zone: Zone) -> Option<Timestamp> {
    zone.rules().to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
}

impl fmt::Display for When {
    /// As it is written before the command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, time) = match self {
            Self::Every(interval) => return write!(f, "every {interval}"),
            Self::On(days, time) => (format!("every {days}"), time),
            Self::At(Day::Next, time) => ("at".to_owned(), time),
            Self::At(Day::Tomorrow, time) => ("at tomorrow".to_owned(), time),
            Self::At(Day::On(date), time) => (format!("at {date}"), time),
        };
        write!(f, "{day} {:02}:{:02}", time.hour(), time.minute())
    }
}
