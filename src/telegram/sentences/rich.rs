//! What stands in rich messages beside what stands in plain ones.

use super::thousands;
use crate::telegram::language::say;

/// What is shown of a number that is folded away.
pub(in crate::telegram) fn all_digits(count: usize) -> String {
    say!("all-digits", count = thousands(count))
}

/// What is shown of several results that are folded away.
pub(in crate::telegram) fn all_results(count: usize) -> String {
    say!("all-results", count = count)
}
