//! What a chat can choose.

use serde::{Deserialize, Serialize};

use super::{Language, ParseError, words::normalise};

/// One setting with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// Tables and folded results, which some clients cannot show yet.
    Rich(bool),
    /// The language of what the bot says.
    Language(Language),
}

/// A row of the table of settings.
#[derive(Debug)]
pub struct Row {
    /// Its name, also in the store.
    pub key: &'static str,
    /// What it may be.
    pub values: &'static [&'static str],
    /// What it is where nobody chose.
    pub default: Setting,
    read: fn(&str) -> Option<Setting>,
}

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
];

impl Setting {
    /// Its name in [`SETTINGS`].
    pub fn key(self) -> &'static str {
        match self {
            Self::Rich(_) => "rich",
            Self::Language(_) => "language",
        }
    }

    /// Its value, as it is written.
    pub fn value(self) -> &'static str {
        match self {
            Self::Rich(true) => "on",
            Self::Rich(false) => "off",
            Self::Language(language) => language.code(),
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
        (row.read)(&value.to_lowercase()).ok_or_else(|| ParseError::NotAValue {
            key: row.key,
            word: value.to_owned(),
            values: row.values,
        })
    }
}
