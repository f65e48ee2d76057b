//! Any texts and numbers as a row of the store, and as what it keeps of answers, kills, questions, dashes and schedules.
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
    if kind == b's' {
        // The time in the first line, and the schedule behind it.
        let (now, schedule) = text.split_once('\n').unwrap_or(("1767225600", text));
        return fuzzing::schedule(schedule, now.parse().unwrap_or_default());
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
