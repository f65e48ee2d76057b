//! Any texts and numbers as a row of the store, and as what it keeps of answers, kills, questions and dashes.
#![no_main]

use jobboard::fuzzing::{self, Row};
use libfuzzer_sys::fuzz_target;

/// What every finished job has.
const STATES: [&str; 5] = ["succeeded", "failed", "cancelled", "queued", "running"];

fuzz_target!(|data: &[u8]| {
    let Some((&kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if kind == b'a' {
        return fuzzing::stored(text);
    }
    if kind == b'k' {
        return fuzzing::kill(text);
    }
    // A field a line; JSON needs no line ends.
    let mut fields = text.split('\n');
    let mut next = || fields.next().unwrap_or_default();
    let mut row = Row { spec: next(), outcome: next(), person: next(), callback: next(), meta: next(), ..Row::default() };
    row.state = STATES[usize::from(kind) % STATES.len()];
    row.outcome_file = Some(next()).filter(|name| !name.is_empty());
    for number in &mut row.numbers {
        *number = next().parse().unwrap_or(1);
    }
    if row.meta.is_empty() {
        row.meta = "[]";
    }
    fuzzing::row(&row);
});
