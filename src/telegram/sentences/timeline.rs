//! What people read in and around the picture of the last tasks.

use std::time::SystemTime;

use super::duration;
use crate::{
    job::{Ended, JobId, MemberTimes, Place},
    telegram::language::say,
};

/// Where no task has left anything that could be drawn.
pub(in crate::telegram) fn nothing() -> String {
    say!("timeline-nothing")
}

/// In the place of a picture.
pub(in crate::telegram) fn not_drawn() -> String {
    say!("timeline-not-drawn")
}

/// On the button for light colours.
pub(in crate::telegram) fn light() -> String {
    say!("button-light")
}

/// On the button for dark colours.
pub(in crate::telegram) fn dark() -> String {
    say!("button-dark")
}

/// In the legend: a pale bar.
pub(in crate::telegram) fn waits() -> String {
    say!("legend-waits")
}

/// In the legend: a solid bar in a worker's lane.
pub(in crate::telegram) fn runs() -> String {
    say!("legend-runs")
}

/// In the legend: a solid bar in a request's lane.
pub(in crate::telegram) fn asks() -> String {
    say!("legend-asks")
}

/// In the legend: a bar with stripes.
pub(in crate::telegram) fn cancelled() -> String {
    say!("legend-cancelled")
}

/// In the legend: a bar with a cross.
pub(in crate::telegram) fn failed() -> String {
    say!("legend-failed")
}

/// In the legend: what kept a worker busy, and is none of this chat's.
pub(in crate::telegram) fn others() -> String {
    say!("legend-others")
}

/// At the line that stands for the present.
pub(in crate::telegram) fn now() -> String {
    say!("axis-now")
}

/// Beside the lanes of what waits for a worker.
pub(in crate::telegram) fn waiting() -> String {
    say!("lane-waiting")
}

/// Beside the lane of what was computed at once.
pub(in crate::telegram) fn at_once() -> String {
    say!("lane-at-once")
}

/// Beside the lanes of requests.
pub(in crate::telegram) fn requests() -> String {
    say!("lane-requests")
}

/// Beside a worker's lane; workers count from 0 in code.
pub(in crate::telegram) fn worker(number: u32) -> String {
    say!("lane-worker", number = number.saturating_add(1))
}

/// Beside lanes of which some are left out.
pub(in crate::telegram) fn more(hidden: usize) -> String {
    say!("lanes-more", count = hidden)
}

/// A member of a task in a bar.
pub(in crate::telegram) fn bar(id: JobId, member: &str) -> String {
    format!("{} {member}", short_bar(id))
}

/// The same where there is little room.
pub(in crate::telegram) fn short_bar(id: JobId) -> String {
    format!("#{}", id.0)
}

/// `Task 3`, `Tasks 3–14`.
pub(in crate::telegram) fn tasks(first: JobId, last: JobId) -> String {
    if first == last {
        super::task(first)
    } else {
        say!("tasks", range = format!("{}–{}", first.0, last.0))
    }
}

/// `2026-11-24, 14:03:12–14:05:40 UTC`; both days where they differ.
pub(in crate::telegram) fn span(from: SystemTime, to: SystemTime) -> String {
    let ((from_day, from), (to_day, to)) = (date_and_time(from), date_and_time(to));
    match (from_day == to_day, from == to) {
        (true, true) => format!("{from_day}, {from} UTC"),
        (true, false) => format!("{from_day}, {from}–{to} UTC"),
        (false, _) => format!("{from_day}, {from} – {to_day}, {to} UTC"),
    }
}

/// `14:03:12`, in UTC.
pub(in crate::telegram) fn clock(at: SystemTime) -> String {
    date_and_time(at).1
}

fn date_and_time(at: SystemTime) -> (String, String) {
    // `2026-11-24T14:03:12Z`
    let text = humantime::format_rfc3339_seconds(at).to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

/// What a picture shows, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::telegram) struct Facts {
    /// Members that ran on CPU workers at the same time, at most.
    pub(in crate::telegram) parallel: usize,
    /// CPU workers that there are.
    pub(in crate::telegram) workers: usize,
    /// Requests that were under way at the same time, at most.
    pub(in crate::telegram) concurrent: usize,
    /// Tasks that failed.
    pub(in crate::telegram) failed: usize,
    /// Tasks that were cancelled.
    pub(in crate::telegram) cancelled: usize,
    /// Tasks that have not finished.
    pub(in crate::telegram) unfinished: usize,
}

/// Below the picture.
pub(in crate::telegram) fn caption(tasks: &str, span: &str, facts: &Facts) -> String {
    let Facts { parallel, workers, concurrent, failed, cancelled, unfinished } = *facts;
    let said = |count: usize, sentence: fn(usize) -> String| (count > 0).then(|| sentence(count));
    let side_by_side = [
        (parallel > 0).then(|| say!("caption-parallel", parallel = parallel, workers = workers)),
        said(concurrent, |count| say!("caption-concurrent", count = count)),
    ];
    let ends = [
        said(failed, |count| say!("caption-failed", count = count)),
        said(cancelled, |count| say!("caption-cancelled", count = count)),
        said(unfinished, |count| say!("caption-unfinished", count = count)),
    ];
    let mut text = format!("{tasks} · {span}");
    for line in [side_by_side.into_iter().flatten().collect::<Vec<_>>(), ends.into_iter().flatten().collect()]
    {
        if !line.is_empty() {
            text.push('\n');
            text.push_str(&line.join(", "));
        }
    }
    text
}

/// A member's way in the answer to `job`: `fib 30 · 12 ms · worker 2`.
pub(in crate::telegram) fn member(member: &str, times: &MemberTimes, now: SystemTime) -> String {
    let ran = times.ran_for(now).map(duration);
    let place = times.began.map(|(_, place)| match place {
        Place::Worker(number) => worker(number),
        Place::Request(number) => say!("member-request", number = number.saturating_add(1)),
        Place::AtOnce => at_once(),
    });
    match (times.ended.map(|(_, how)| how), ran, place) {
        (None, None, _) => format!("{member} · {}", waits()),
        (None, Some(ran), Some(place)) => {
            format!("▸ {member} · {} · {place}", say!("member-runs", time = ran))
        }
        (Some(Ended::Succeeded), Some(ran), Some(place)) => format!("{member} · {ran} · {place}"),
        (Some(Ended::Failed), Some(ran), Some(place)) => {
            format!("✗ {member} · {} · {place}", say!("member-failed", time = ran))
        }
        (Some(Ended::Cancelled), Some(ran), Some(place)) => {
            format!("✗ {member} · {} · {place}", say!("member-cancelled", time = ran))
        }
        (Some(Ended::Failed), ..) => format!("✗ {member} · {}", failed()),
        (Some(_), ..) | (None, Some(_), None) => format!("✗ {member} · {}", say!("member-never-began")),
    }
}

/// The last of a list of members that is too long for a message.
pub(in crate::telegram) fn members_left_out(count: usize) -> String {
    say!("members-left-out", count = count)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn spans_name_a_day_once() {
        assert_eq!(span(at(0), at(65)), "2023-11-14, 22:13:20–22:14:25 UTC");
        assert_eq!(span(at(0), at(0)), "2023-11-14, 22:13:20 UTC");
        assert_eq!(span(at(0), at(86_400)), "2023-11-14, 22:13:20 – 2023-11-15, 22:13:20 UTC");
        assert_eq!(clock(at(1)), "22:13:21");
    }

    #[test]
    fn a_caption_says_what_there_is() {
        let facts = Facts { parallel: 2, workers: 2, concurrent: 6, failed: 1, cancelled: 0, unfinished: 3 };
        assert_eq!(
            caption(&tasks(JobId(3), JobId(14)), "today", &facts),
            "Tasks 3–14 · today\nup to 2 of 2 CPU workers busy in parallel, up to 6 requests at the same time\n\
             1 failed, 3 not finished yet"
        );
        assert_eq!(caption(&tasks(JobId(3), JobId(3)), "today", &Facts::default()), "Task 3 · today");
    }

    #[test]
    fn members_in_every_state() {
        let times = |began, ended| MemberTimes { queued: at(0), began, ended };
        let on = |place| Some((at(1), place));
        let line = |times: MemberTimes| member("fib 30", &times, at(3));
        assert_eq!(line(times(None, None)), "fib 30 · waits");
        assert_eq!(line(times(on(Place::Worker(1)), None)), "▸ fib 30 · runs for 2.0 s · worker 2");
        let ended = |how| Some((at(2), how));
        assert_eq!(line(times(on(Place::AtOnce), ended(Ended::Succeeded))), "fib 30 · 1.0 s · at once");
        assert_eq!(
            line(times(on(Place::Request(0)), ended(Ended::Failed))),
            "✗ fib 30 · failed after 1.0 s · request 1"
        );
        assert_eq!(
            line(times(on(Place::Worker(0)), ended(Ended::Cancelled))),
            "✗ fib 30 · cancelled after 1.0 s · worker 1"
        );
        assert_eq!(line(times(None, ended(Ended::Cancelled))), "✗ fib 30 · cancelled before it began");
    }
}
