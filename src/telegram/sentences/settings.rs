//! What a chat can choose, in words.

use std::fmt::Write;

use crate::{
    command::{SETTINGS, Setting},
    store::WriteError,
};

/// All that the chat has chosen, a line each, and how to change it.
pub(in crate::telegram) fn all(chosen: impl Fn(&str) -> Option<Setting>) -> String {
    let mut text = String::from("Settings of this chat:");
    for row in SETTINGS {
        let setting = chosen(row.key).unwrap_or(row.default);
        let _ = write!(text, "\n\n{}: {}\n{}", row.key, setting.value(), about(setting));
        let _ = write!(text, " To change it: settings {} {}", row.key, row.values.join("|"));
    }
    text
}

fn about(setting: Setting) -> &'static str {
    match setting {
        Setting::Rich(_) => {
            "Rich messages: the board is a table, long results are folded. Some apps show them blank still."
        }
    }
}

/// A setting has this value now.
pub(in crate::telegram) fn is_set(setting: Setting) -> &'static str {
    match setting {
        Setting::Rich(true) => {
            "Rich messages are on: try dash. If it looks blank, your app cannot show them: settings rich off"
        }
        Setting::Rich(false) => "Rich messages are off.",
    }
}

/// Who asked may not change it.
pub(in crate::telegram) const NOT_ALLOWED: &str = "Only an admin of this group may change its settings.";

/// It could not be found out who asks.
pub(in crate::telegram) const NOT_KNOWN: &str = "I could not find out whether you are an admin here, and only admins may change settings. Please try again later.";

/// A change that the store did not take.
pub(in crate::telegram) fn not_stored(why: &WriteError) -> String {
    format!("It stays as it was: {why}.")
}

/// There is no such setting.
pub(in crate::telegram) fn no_such(word: &str, suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("There is no setting \"{word}\": did you mean {name}?"),
        None => format!("There is no setting \"{word}\". settings shows those there are."),
    }
}

/// The setting has no such value, or none was given.
pub(in crate::telegram) fn not_a_value(key: &str, word: &str, values: &[&str]) -> String {
    let values = values.join(" or ");
    match word {
        "" => format!("settings {key} wants {values}."),
        _ => format!("settings {key}: \"{word}\" is neither {}.", values.replace(" or ", " nor ")),
    }
}
