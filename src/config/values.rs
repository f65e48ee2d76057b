//! What the values of settings may be, and how they are read.

use std::{convert::Infallible, fmt, str::FromStr, time::Duration};

use clap::ValueEnum;

use crate::work::fib::MAX_N;

/// The bot's secret. It is in no `Debug`, no log and no error.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(super) String);

impl Token {
    /// The token itself, for the URL of a call.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// The id of its bot, which anybody may know: the number before its colon.
    pub fn bot_id(&self) -> Option<u64> {
        self.0.split_once(':').and_then(|(id, _)| id.parse().ok()).filter(|id| *id > 0)
    }

    /// Whether none was given.
    pub fn is_missing(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(token: &str) -> Result<Self, Infallible> {
        Ok(Self(token.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_missing() { "(none)" } else { "(secret)" })
    }
}

/// Telegram's ids of people or chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids(pub Vec<i64>);

impl FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        words
            .map(|word| word.parse().map_err(|_| format!("{word:?} is not an id")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Who may kill a task in a group, or run it again. In a private chat everything is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KillPolicy {
    /// Everybody in the chat.
    Anyone,
    /// Who sent it, the chat's admins, and the bot's owners.
    OwnerOrAdmin,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: an object a line.
    Json,
}

/// As the grammar reads it: 1 or more, blocks of digits may be set apart by `_`.
pub(super) fn fib_number(text: &str) -> Result<u64, String> {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let n = if is_number { text.replace('_', "").parse().ok() } else { None };
    let n = n.filter(|n| (1..=MAX_N).contains(n));
    n.ok_or_else(|| format!("a whole number from 1 to {MAX_N} is wanted"))
}

pub(crate) fn time_limit(text: &str) -> Result<Duration, String> {
    let limit = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if limit < Duration::from_secs(1) { Err("at least 1s is wanted".to_owned()) } else { Ok(limit) }
}

pub(super) fn url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("an http:// or https:// address is wanted".to_owned())
    }
}
