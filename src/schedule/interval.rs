//! Real time between two runs.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

const DAY: u64 = 24 * 3_600;

/// Whole seconds of real time between two runs, whatever clocks do meanwhile: from [`SHORTEST`](Self::SHORTEST) to
/// [`LONGEST`](Self::LONGEST).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Interval(u64);

/// It is no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInterval {
    /// No number with a unit.
    #[error("not a number with a unit")]
    Unreadable,
    /// Shorter than the shortest.
    #[error("shorter than a minute")]
    TooShort,
    /// Longer than the longest.
    #[error("longer than a year")]
    TooLong,
}

impl Interval {
    /// One minute.
    pub const SHORTEST: Self = Self(60);
    /// 366 days.
    pub const LONGEST: Self = Self(366 * DAY);

    /// Its seconds, never 0.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Reads `6h`, `30m`, `1d12h`, in small letters.
    ///
    /// # Errors
    /// [`NotAnInterval`].
    pub fn read(word: &str) -> Result<Self, NotAnInterval> {
        // A unit alone is one of it: "every hour".
        let one = if word.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
        match humantime::parse_duration(&format!("{one}{word}")) {
            Ok(time) => Self::try_from(time),
            Err(humantime::DurationError::NumberOverflow) => Err(NotAnInterval::TooLong),
            Err(_) => Err(NotAnInterval::Unreadable),
        }
    }
}

impl TryFrom<Duration> for Interval {
    type Error = NotAnInterval;

    fn try_from(time: Duration) -> Result<Self, NotAnInterval> {
        if time.subsec_nanos() > 0 && time.as_secs() >= Self::SHORTEST.0 {
            return Err(NotAnInterval::Unreadable);
        }
        Self::try_from(time.as_secs())
    }
}

impl TryFrom<u64> for Interval {
    type Error = NotAnInterval;

    fn try_from(seconds: u64) -> Result<Self, NotAnInterval> {
        match Self(seconds) {
            short if short < Self::SHORTEST => Err(NotAnInterval::TooShort),
            long if long > Self::LONGEST => Err(NotAnInterval::TooLong),
            fits => Ok(fits),
        }
    }
}

impl From<Interval> for u64 {
    fn from(interval: Interval) -> Self {
        interval.0
    }
}

impl fmt::Display for Interval {
    /// `6h`, `1d12h`: as [`read`](Self::read) reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [(self.0 / DAY, "d"), (self.0 / 3_600 % 24, "h"), (self.0 / 60 % 60, "m"), (self.0 % 60, "s")];
        parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .try_for_each(|(number, unit)| write!(f, "{number}{unit}"))
    }
}
