//! What people read of what is scheduled.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    and_more, cut, not_written,
    numbers::{coarse, lines_within},
    units,
};
use crate::{
    command::ScheduleError,
    job::JobId,
    schedule::{MAX_MISSED, NoTime, Schedule, ScheduleId, When, Zone},
    store::WriteError,
    telegram::language::say,
};

/// Characters of a command in a sentence, and in a list.
const MAX_COMMAND: usize = 200;
const MAX_SHORT: usize = 80;
/// Characters of a name.
const MAX_NAME: usize = 24;
/// Characters of a list: Telegram takes 4096 UTF-16 units.
const MAX_LIST: usize = 3_800;

/// Something is scheduled. `chose_zone`: its time zone was chosen by somebody.
pub(in crate::telegram) fn made(schedule: &Schedule, now: Timestamp, chose_zone: bool) -> String {
    let made = say!("schedule-made", id = schedule.id.0, what = what(schedule, MAX_COMMAND));
    let next = say!("schedule-first", time = time(schedule.next, schedule.zone), left = left(schedule, now));
    let mut text = format!("{made}\n{next}");
    if !chose_zone && !matches!(schedule.when, When::Every(_)) {
        text = format!("{text}\n{}", say!("schedule-zone-hint", zone = schedule.zone.name()));
    }
    text
}

/// There is no such time.
pub(in crate::telegram) fn no_time(why: NoTime, when: &When, zone: Zone) -> String {
    match why {
        NoTime::Past => say!("schedule-past", when = when.to_string(), zone = zone.name()),
        NoTime::Skipped => say!("schedule-skipped", when = when.to_string(), zone = zone.name()),
        NoTime::TooFar => say!("schedule-too-far", when = when.to_string()),
    }
}

/// The chat has as many as it may have.
pub(in crate::telegram) fn too_many(count: usize, limit: usize) -> String {
    if limit == 0 { say!("schedules-off") } else { say!("schedules-too-many", count = count, limit = limit) }
}

/// All of a chat, a line or two each.
pub(in crate::telegram) fn all(schedules: &[Schedule], now: Timestamp, paused: bool) -> String {
    if schedules.is_empty() {
        return say!("schedules-none");
    }
    let mut text = say!("schedules-head", count = schedules.len());
    if paused {
        text = format!("{text} {}", say!("schedules-paused"));
    }
    for (index, schedule) in schedules.iter().enumerate() {
        let mut line = say!(
            "schedules-line",
            id = schedule.id.0,
            what = what(schedule, MAX_SHORT),
            person = cut(&schedule.person.name, MAX_NAME),
            time = time(schedule.next, schedule.zone),
            left = left(schedule, now)
        );
        if schedule.refused > 0 {
            line = format!("{line}\n{}", say!("schedules-refused", times = schedule.refused));
        }
        if units(&text) + units(&line) > MAX_LIST {
            return format!("{text}\n{}", and_more(schedules.len() - index));
        }
        text = format!("{text}\n{line}");
    }
    text
}

/// There is no schedule of this number.
pub(in crate::telegram) fn no_such(id: ScheduleId) -> String {
    say!("no-such-schedule", id = id.0)
}

/// What became of each that was to be taken back: it is gone, or why it is not, in words. A line each where a message holds them;
/// otherwise one for all that are gone.
pub(in crate::telegram) fn taken_back(each: &[Result<Schedule, String>]) -> String {
    let line = |one: &Result<Schedule, String>| one.as_ref().map_or_else(String::clone, unscheduled);
    let lines: Vec<_> = each.iter().map(line).collect();
    let all = lines.join("\n");
    if units(&all) <= MAX_LIST {
        return all;
    }
    let gone: Vec<_> = each.iter().flatten().map(|schedule| schedule.id.0.to_string()).collect();
    let gone =
        (!gone.is_empty()).then(|| say!("unscheduled-many", count = gone.len(), ids = gone.join(", ")));
    let left = each.iter().filter_map(|one| one.as_ref().err().cloned());
    lines_within(&gone.into_iter().chain(left).collect::<Vec<_>>(), MAX_LIST, and_more)
}

/// It is run no more.
fn unscheduled(schedule: &Schedule) -> String {
    say!("unscheduled", id = schedule.id.0, what = what(schedule, MAX_COMMAND))
}

/// To somebody who may not. `known`: that they are no admin.
pub(in crate::telegram) fn not_allowed(schedule: &Schedule, known: bool) -> String {
    let owner = cut(&schedule.person.name, MAX_NAME);
    let refusal = say!("not-allowed-unschedule", id = schedule.id.0, owner = owner);
    super::roles::told(refusal, known)
}

/// It is run no more, as long as the bot runs.
pub(in crate::telegram) fn not_stored(id: ScheduleId, why: &WriteError) -> String {
    say!("unschedule-not-stored", id = id.0, why = not_written(why))
}

/// On the card of a task that a schedule has made.
pub(in crate::telegram) fn by_schedule(number: u64) -> String {
    say!("by-schedule", id = number)
}

/// Occurrences that were not run at their time.
pub(in crate::telegram) fn missed(schedule: &Schedule, count: u64) -> String {
    let (id, what) = (schedule.id.0, what(schedule, MAX_COMMAND));
    if count < MAX_MISSED {
        say!("schedule-missed", id = id, what = what, count = count)
    } else {
        say!("schedule-missed-many", id = id, what = what, count = count)
    }
}

/// Behind [`missed`]: once for all of them.
pub(in crate::telegram) fn runs_now() -> String {
    say!("schedule-missed-run")
}

/// When it comes again, if it does.
pub(in crate::telegram) fn next(schedule: &Schedule, next: Option<Timestamp>) -> String {
    match next {
        Some(next) => say!("schedule-next", time = time(next, schedule.zone)),
        None => say!("schedule-over"),
    }
}

/// Its task was not taken.
pub(in crate::telegram) fn refused(schedule: &Schedule, why: &str, at: Option<Timestamp>) -> String {
    let (id, what) = (schedule.id.0, what(schedule, MAX_COMMAND));
    format!("{} {}", say!("schedule-refused", id = id, what = what, why = why), next(schedule, at))
}

/// Why a task was not taken: the one before goes on.
pub(in crate::telegram) fn still_unfinished(job: JobId) -> String {
    say!("schedule-unfinished", id = job.0)
}

/// What is wrong with the words before a scheduled command. `example` is of the command.
pub(in crate::telegram) fn error(error: &ScheduleError, shown: impl Fn(&str) -> String) -> String {
    match error {
        ScheduleError::NoLength { word } => say!("schedule-no-length", word = shown(word)),
        ScheduleError::NotAnInterval { word } => say!("schedule-not-an-interval", word = shown(word)),
        ScheduleError::TooOften { word } => say!("schedule-too-often", word = shown(word)),
        ScheduleError::TooSeldom { word } => say!("schedule-too-seldom", word = shown(word)),
        ScheduleError::NotATime { command, word } if word.is_empty() => {
            say!("schedule-no-clock", command = *command)
        }
        ScheduleError::NotATime { command, word } => {
            say!("schedule-not-a-time", command = *command, word = shown(word))
        }
        ScheduleError::NotADate { word } => say!("schedule-not-a-date", word = shown(word)),
        ScheduleError::NotATask { command, name } => {
            say!("schedule-not-a-task", command = *command, name = *name)
        }
        ScheduleError::NotASchedule { word } => say!("not-a-schedule", word = shown(word)),
    }
}

/// `every day 03:00 fib 100`.
fn what(schedule: &Schedule, most: usize) -> String {
    cut(&format!("{} {}", schedule.when, schedule.spec), most)
}

/// `2026-12-24 18:30 Europe/Berlin`: as its clock shows it, with seconds where there are any.
fn time(at: Timestamp, zone: Zone) -> String {
    let shown = zone.rules().to_datetime(at);
    let time = shown.time();
    let seconds = if time.second() == 0 { String::new() } else { format!(":{:02}", time.second()) };
    format!("{} {:02}:{:02}{seconds} {}", shown.date(), time.hour(), time.minute(), zone.name())
}

/// How long it is until its next time, about.
fn left(schedule: &Schedule, now: Timestamp) -> String {
    let left = Duration::try_from(schedule.next.duration_since(now)).unwrap_or_default();
    match left.as_secs() / 86_400 {
        0..2 => coarse(left),
        days => say!("schedule-days", count = days),
    }
}
