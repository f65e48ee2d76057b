//! What an owner reads of the operator's file.

use std::time::Duration;

use super::{and_more, cut, duration};
use crate::telegram::language::say;

/// Mistakes that are told.
const MAX_MISTAKES: usize = 20;
/// Characters of one.
const MAX_MISTAKE: usize = 150;

/// What another file has changed: names of commands.
#[derive(Debug, Default)]
pub(in crate::telegram) struct Difference {
    pub(in crate::telegram) added: Vec<String>,
    pub(in crate::telegram) changed: Vec<String>,
    pub(in crate::telegram) removed: Vec<String>,
}

/// There is no file to read.
pub(in crate::telegram) fn no_file() -> String {
    say!("reload-no-file")
}

/// Whoever has the file does not answer.
pub(in crate::telegram) fn slow(within: Duration) -> String {
    say!("reload-slow", within = duration(within))
}

/// The file is not taken: a line for each mistake.
pub(in crate::telegram) fn mistakes(lines: &[String]) -> String {
    let mut told = vec![say!("reload-refused", count = lines.len())];
    told.extend(lines.iter().take(MAX_MISTAKES).map(|line| cut(line, MAX_MISTAKE)));
    if lines.len() > MAX_MISTAKES {
        told.push(and_more(lines.len() - MAX_MISTAKES));
    }
    told.join("\n")
}

/// The file is taken.
pub(in crate::telegram) fn reloaded(commands: usize, difference: &Difference) -> String {
    let mut told = vec![say!("reload-done", count = commands)];
    let Difference { added, changed, removed } = difference;
    if !added.is_empty() {
        told.push(say!("reload-added", names = added.join(", ")));
    }
    if !changed.is_empty() {
        told.push(say!("reload-changed", names = changed.join(", ")));
    }
    if !removed.is_empty() {
        told.push(say!("reload-removed", names = removed.join(", ")));
    }
    if told.len() == 1 {
        told.push(say!("reload-same"));
    }
    told.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::sentences::units;

    #[test]
    fn a_file_of_mistakes_fits_into_a_message() {
        let told = mistakes(&vec!["x".repeat(1_000); 500]);
        assert!(units(&told) < 4_000 && told.contains("480"), "{told}");
        let names: Vec<_> = (0..70).map(|at| format!("{at:a<32}")).collect();
        let all = Difference { added: names.clone(), changed: Vec::new(), removed: names };
        assert!(units(&reloaded(70, &all)) < 4_900);
    }
}
