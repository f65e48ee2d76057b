//! What dashes and messages about several tasks say.

use super::{empty_board, nothing_running, numbers::coarse, ordinal};
use crate::{
    board::Place,
    command::Language,
    job::JobId,
    telegram::{
        dash::Shows,
        language::{say, within},
    },
};

/// What the newest dash says of itself.
pub(in crate::telegram) fn live() -> String {
    say!("live")
}

/// Below the lines of a message about several tasks.
pub(in crate::telegram) fn job_tells_more() -> String {
    say!("job-tells-more")
}

/// The first words of a message about several tasks, which come in order: the same in every language.
pub(in crate::telegram) fn all_submitted(ids: &[JobId]) -> String {
    say!("all-submitted", tasks = within(Language::English, || tasks(ids)))
}

/// `Tasks 12–31`, `Tasks 12, 14–16 and 20`.
fn tasks(ids: &[JobId]) -> String {
    /// Ranges that are named.
    const MOST: usize = 8;
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for JobId(id) in ids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*id) => *last = *id,
            _ => ranges.push((*id, *id)),
        }
    }
    let range = |(first, last): &(u64, u64)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    };
    let words: Vec<_> = ranges.iter().take(MOST).map(range).collect();
    match words.split_last() {
        _ if ranges.len() > MOST => say!("tasks-and-others", first = words.join(", ")),
        Some((last, before)) if !before.is_empty() => {
            say!("tasks-and", before = before.join(", "), last = last)
        }
        _ => say!("tasks", range = words.concat()),
    }
}

/// How many of them have come to their ends.
pub(in crate::telegram) fn of_these(over: usize, all: usize) -> String {
    if over == all { say!("all-done", all = all) } else { say!("some-done", over = over, all = all) }
}

/// The answer to a bare `kill`, `job` or `retry` that replies to a message about several tasks.
pub(in crate::telegram) fn which_task(command: &str, ids: &[JobId]) -> String {
    let first = ids.first().map_or(1, |id| id.0);
    say!("which-task", tasks = tasks(ids), command = command, first = first)
}

/// The first line of a dash.
pub(in crate::telegram) fn board(total: usize, running: usize, queued: usize) -> String {
    say!("board", total = total, running = running, queued = queued)
}

/// What stands on the button of a filter.
pub(in crate::telegram) fn filter(shows: Shows) -> String {
    match shows {
        Shows::All => say!("filter-all"),
        Shows::Running => say!("filter-running"),
        Shows::Finished => say!("filter-finished"),
        Shows::Mine => say!("filter-mine"),
    }
}

/// In a dash whose filter lets nothing through.
pub(in crate::telegram) fn nothing_shown(shows: Shows) -> String {
    match shows {
        Shows::All => empty_board(),
        Shows::Running => nothing_running(),
        Shows::Finished => say!("nothing-finished"),
        Shows::Mine => say!("nothing-mine"),
    }
}

/// Where a task stands in the line: `4th, about 2 min`.
pub(in crate::telegram) fn place(place: Place) -> String {
    let position = ordinal(u64::try_from(place.position).unwrap_or(u64::MAX));
    match place.wait {
        Some(wait) => say!("place-and-wait", position = position, wait = coarse(wait)),
        None => say!("place", position = position),
    }
}

/// On messages about several tasks while the bot stops.
pub(in crate::telegram) fn all_paused() -> String {
    say!("all-paused")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn several_tasks_and_places_in_the_line() {
        let tasks = |ids: &[u64]| tasks(&ids.iter().copied().map(JobId).collect::<Vec<_>>());
        assert_eq!(tasks(&[12, 13, 14, 15]), "Tasks 12–15");
        assert_eq!(tasks(&[1, 2, 5, 7, 8, 9]), "Tasks 1, 2, 5 and 7–9");
        assert_eq!(tasks(&(1..40).map(|n| 2 * n).collect::<Vec<_>>()), "Tasks 2, 4, 6, 8, 10, 12, 14, 16 …");
        assert_eq!(all_submitted(&[JobId(12), JobId(13), JobId(14)]), "Tasks 12–14 are submitted");
        let wait = Some(Duration::from_secs(121));
        assert_eq!(place(Place { position: 4, wait }), "4th, about 2 min");
        assert_eq!(place(Place { position: 1, wait: None }), "1st");
    }
}
