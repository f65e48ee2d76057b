//! What a chat can choose.

use serde::{Deserialize, Serialize};

use super::{Language, ParseError, words::normalise};
use crate::schedule::Zone;

/// One setting with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// Tables and folded results, which some clients cannot show yet.
    Rich(bool),
    /// The language of what the bot says.
    Language(Language),
    /// The time zone of new schedules.
    Timezone(Zone),
    /// Whether what was missed while the bot was away is run once.
    Missed(bool),
}

/// A row of the table of settings.
#[derive(Debug)]
pub struct Row {
    /// Its name, also in the store.
    pub key: &'static str,
    /// What it may be; of time zones, which are many, some.
    pub values: &'static [&'static str],
    /// What it is where nobody chose.
    pub default: Setting,
    read: fn(&str) -> Option<Setting>,
}

/// Its values are those of the tz database.
const TIMEZONE: &str = "timezone";

/// All settings, in the order in which they are shown.
pub const SETTINGS: &[Row] = &[
    Row {
        key: "rich",
        values: &["on", "off"],
        default: Setting::Rich(false),
        read: |value| match value {
            "on" => Some(Setting::Rich(true)),
            "off" => Some(Setting::Rich(false)),
            _ => None,
        },
    },
    Row {
        key: "language",
        values: &["en", "de"],
        default: Setting::Language(Language::English),
        read: |value| Language::ALL.into_iter().find(|known| known.code() == value).map(Setting::Language),
    },
    Row {
        key: TIMEZONE,
        values: &["UTC", "Europe/Berlin", "…"],
        default: Setting::Timezone(Zone::UTC),
        read: |value| Zone::read(value).ok().map(Setting::Timezone),
    },
    Row {
        key: "missed",
        values: &["run", "skip"],
        default: Setting::Missed(true),
        read: |value| match value {
            "run" => Some(Setting::Missed(true)),
            "skip" => Some(Setting::Missed(false)),
            _ => None,
        },
    },
];

impl Setting {
    /// Its name in [`SETTINGS`].
    pub fn key(self) -> &'static str {
        match self {
            Self::Rich(_) => "rich",
            Self::Language(_) => "language",
            Self::Timezone(_) => TIMEZONE,
            Self::Missed(_) => "missed",
        }
    }

    /// Its value, as it is written.
    pub fn value(self) -> &'static str {
        match self {
            Self::Rich(true) => "on",
            Self::Rich(false) => "off",
            Self::Language(language) => language.code(),
            Self::Timezone(zone) => zone.name(),
            Self::Missed(true) => "run",
            Self::Missed(false) => "skip",
        }
    }

    /// Reads what was stored; `None` for what this version does not know.
    pub fn read(key: &str, value: &str) -> Option<Self> {
        SETTINGS.iter().find(|row| row.key == key).and_then(|row| (row.read)(value))
    }

    /// Reads what somebody wrote.
    pub(super) fn parse(name: &str, value: &str) -> Result<Self, ParseError> {
        let name_read = normalise(name);
        let Some(row) = SETTINGS.iter().find(|row| row.key == name_read) else {
            let near = SETTINGS.iter().find(|row| strsim::damerau_levenshtein(row.key, &name_read) <= 1);
            return Err(ParseError::NoSuchSetting {
                word: name.to_owned(),
                suggestion: near.map(|row| row.key),
            });
        };
        let word = value.to_owned();
        (row.read)(&value.to_lowercase()).ok_or_else(|| match row.key {
            TIMEZONE => {
                ParseError::NotAZone { suggestion: Zone::read(value).err().and_then(|not| not.near), word }
            }
            key => ParseError::NotAValue { key, word, values: row.values },
        })
    }
}
