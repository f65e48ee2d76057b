//! Days of the week.

use std::fmt;

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

/// Some days of the week; never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Days(u8);

const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const WEEKDAYS: Self = Self(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKEND: Self = Self(0b110_0000);

    /// The days that a word in small letters means: `day`, `weekday`, `weekend`, `monday`, `mon`.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "day" | "days" => Some(Self::ALL),
            "weekday" | "weekdays" => Some(Self::WEEKDAYS),
            "weekend" | "weekends" => Some(Self::WEEKEND),
            _ => {
                let is_it = |name: &str| {
                    name == word || name.get(..3) == Some(word) || word.strip_suffix('s') == Some(name)
                };
                NAMES.iter().position(|name| is_it(name)).map(|at| Self(1 << at))
            }
        }
    }

    /// These and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

impl TryFrom<u8> for Days {
    type Error = &'static str;

    fn try_from(bits: u8) -> Result<Self, Self::Error> {
        if bits == 0 || bits > Self::ALL.0 { Err("no days of a week") } else { Ok(Self(bits)) }
    }
}

impl From<Days> for u8 {
    fn from(days: Days) -> Self {
        days.0
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("day"),
            Self::WEEKDAYS => f.write_str("weekday"),
            Self::WEEKEND => f.write_str("weekend"),
            days => {
                let names = NAMES.iter().enumerate().filter(|(at, _)| days.0 & (1 << at) != 0);
                let names: Vec<_> = names.map(|(_, name)| *name).collect();
                f.write_str(&names.join(" "))
            }
        }
    }
}
