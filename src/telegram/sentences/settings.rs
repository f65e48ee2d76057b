//! What a chat can choose, in words.

use std::fmt::Write;

use super::not_written;
use crate::{
    command::{SETTINGS, Setting},
    store::WriteError,
    telegram::language::say,
};

/// All that the chat has chosen, a line each, and how to change it.
pub(in crate::telegram) fn all(chosen: impl Fn(&str) -> Option<Setting>) -> String {
    let mut text = say!("settings-head");
    for row in SETTINGS {
        let setting = chosen(row.key).unwrap_or(row.default);
        let change = say!("settings-change", key = row.key, values = row.values.join("|"));
        let _ = write!(text, "\n\n{}: {}\n{} {change}", row.key, setting.value(), about(setting));
    }
    text
}

fn about(setting: Setting) -> String {
    match setting {
        Setting::Rich(_) => say!("settings-rich"),
        Setting::Language(_) => say!("settings-language"),
        Setting::Timezone(_) => say!("settings-timezone"),
        Setting::Missed(_) => say!("settings-missed"),
    }
}

/// A setting has this value now.
pub(in crate::telegram) fn is_set(setting: Setting) -> String {
    match setting {
        Setting::Rich(true) => say!("settings-rich-on"),
        Setting::Rich(false) => say!("settings-rich-off"),
        // Said in the language itself.
        Setting::Language(_) => say!("settings-language-is"),
        Setting::Timezone(zone) => say!("settings-timezone-is", zone = zone.name()),
        Setting::Missed(true) => say!("settings-missed-run"),
        Setting::Missed(false) => say!("settings-missed-skip"),
    }
}

/// Who asked may not change it.
pub(in crate::telegram) fn not_allowed() -> String {
    say!("settings-not-allowed")
}

/// It could not be found out who asks.
pub(in crate::telegram) fn not_known() -> String {
    say!("settings-not-known")
}

/// A change that the store did not take.
pub(in crate::telegram) fn not_stored(why: &WriteError) -> String {
    say!("settings-not-stored", why = not_written(why))
}

/// There is no such setting.
pub(in crate::telegram) fn no_such(word: &str, suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => say!("settings-none-near", word = word, name = name),
        None => say!("settings-none", word = word),
    }
}

/// There is no such time zone, or none was given.
pub(in crate::telegram) fn not_a_zone(word: &str, suggestion: Option<&str>) -> String {
    match suggestion {
        _ if word.is_empty() => say!("settings-zone-missing"),
        Some(name) => say!("settings-not-a-zone-near", word = word, name = name),
        None => say!("settings-not-a-zone", word = word),
    }
}

/// The setting has no such value, or none was given.
pub(in crate::telegram) fn not_a_value(key: &str, word: &str, values: &[&str]) -> String {
    if word.is_empty() {
        let values = values.join(&format!(" {} ", say!("settings-or")));
        return say!("settings-missing", key = key, values = values);
    }
    let values = values.join(&format!(" {} ", say!("settings-nor")));
    say!("settings-not-a-value", key = key, word = word, values = values)
}
