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
    /// Of months or years, or `M`, which may be minutes or months.
    #[error("months and years have no length of their own")]
    NoLength,
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

    /// Reads `6h`, `30m`, `1d12h`. Capitals make no difference, but for an `M`.
    ///
    /// # Errors
    /// [`NotAnInterval`].
    pub fn read(word: &str) -> Result<Self, NotAnInterval> {
        // A unit alone is one of it: "every hour".
        let one = if word.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
        let time = match humantime::parse_duration(&format!("{one}{}", word.to_lowercase())) {
            Ok(time) => Some(time),
            Err(humantime::DurationError::NumberOverflow) => None,
            Err(_) => return Err(NotAnInterval::Unreadable),
        };
        if units(word).any(has_no_length) {
            return Err(NotAnInterval::NoLength);
        }
        time.map_or(Err(NotAnInterval::TooLong), Self::try_from)
    }
}

fn units(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !c.is_alphabetic()).filter(|unit| !unit.is_empty())
}

/// What the reader of intervals takes for 30.44 or 365.25 days, and nobody who says it means that.
fn has_no_length(unit: &str) -> bool {
    const UNITS: [&str; 7] = ["month", "months", "y", "yr", "yrs", "year", "years"];
    unit == "M" || UNITS.contains(&unit.to_lowercase().as_str())
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
