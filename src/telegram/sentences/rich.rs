//! What stands in rich messages beside what stands in plain ones.

use super::thousands;

/// The heads of the board's columns.
pub(in crate::telegram) const COLUMNS: [&str; 4] = ["id", "command", "state", "result"];

/// What is shown of a number that is folded away.
pub(in crate::telegram) fn all_digits(count: usize) -> String {
    format!("All {} digits", thousands(count))
}

/// What is shown of several results that are folded away.
pub(in crate::telegram) fn all_results(count: usize) -> String {
    match count {
        1 => "The whole result".to_owned(),
        count => format!("All {count} results"),
    }
}
