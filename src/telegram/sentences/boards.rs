//! What dashes and messages about several tasks say.

use super::{EMPTY_BOARD, NOTHING_RUNNING, coarse, ordinal, plural};
use crate::{board::Place, job::JobId, telegram::dash::Shows};

/// What the newest dash says of itself.
pub(in crate::telegram) const LIVE: &str = "● live";
/// Below the lines of a message about several tasks.
pub(in crate::telegram) const JOB_TELLS_MORE: &str = "job NUM tells the whole of one.";
/// The first words of a message about several tasks, which come in order.
pub(in crate::telegram) fn all_submitted(ids: &[JobId]) -> String {
    format!("{} are submitted", tasks(ids))
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
        _ if ranges.len() > MOST => format!("Tasks {} …", words.join(", ")),
        Some((last, [])) => format!("Tasks {last}"),
        Some((last, before)) => format!("Tasks {} and {last}", before.join(", ")),
        None => "Tasks".to_owned(),
    }
}

/// How many of them have come to their ends.
pub(in crate::telegram) fn of_these(over: usize, all: usize) -> String {
    if over == all { format!("All {all} are done") } else { format!("{over} of {all} are done") }
}

/// Below lines of which some are left out.
pub(in crate::telegram) fn and_more(count: usize) -> String {
    format!("… and {count} more")
}

/// The answer to a bare `kill`, `job` or `retry` that replies to a message about several tasks.
pub(in crate::telegram) fn which_task(command: &str, ids: &[JobId]) -> String {
    let first = ids.first().map_or(1, |id| id.0);
    format!("That message is about several: {}. Say which one, as in {command} {first}", tasks(ids))
}

/// The first line of a dash.
pub(in crate::telegram) fn board(total: usize, running: usize, queued: usize) -> String {
    format!("Board: {total} {}, {running} running, {queued} queued", plural(total, "task"))
}

/// What stands on the button of a filter.
pub(in crate::telegram) fn filter(shows: Shows) -> &'static str {
    match shows {
        Shows::All => "All",
        Shows::Running => "Running",
        Shows::Finished => "Finished",
        Shows::Mine => "Mine",
    }
}

/// In a dash whose filter lets nothing through.
pub(in crate::telegram) fn nothing_shown(shows: Shows) -> &'static str {
    match shows {
        Shows::All => EMPTY_BOARD,
        Shows::Running => NOTHING_RUNNING,
        Shows::Finished => "Nothing has finished yet.",
        Shows::Mine => "Who asked for this dash has no tasks here.",
    }
}

/// Where a task stands in the line: `4th, about 2 min`.
pub(in crate::telegram) fn place(place: Place) -> String {
    let position = ordinal(u64::try_from(place.position).unwrap_or(u64::MAX));
    match place.wait {
        Some(wait) => format!("{position}, about {}", coarse(wait)),
        None => position,
    }
}

/// On messages about several tasks while the bot stops.
pub(in crate::telegram) const ALL_PAUSED: &str = "The bot is stopping: these tasks go on when it is back.";

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
