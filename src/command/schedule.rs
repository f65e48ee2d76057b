//! `every`, `at` and `unschedule`: when something is run. What is run is read as if it had been said by itself.

use jiff::civil::{Date, Time};

use super::{
    Command, Context, MAX_NAMED, ParseError, Wanted, known, read,
    words::{self, Args, first_word, normalise},
};
use crate::schedule::{Day, Days, Interval, NotAnInterval, ScheduleId, When};

/// What can be wrong with the words before a command that is to be scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// Of months or years, or `M`.
    NoLength {
        /// As it was written.
        word: String,
    },
    /// Neither an interval nor a day of the week.
    NotAnInterval {
        /// As it was written.
        word: String,
    },
    /// Shorter than [`Interval::SHORTEST`].
    TooOften {
        /// As it was written.
        word: String,
    },
    /// Longer than [`Interval::LONGEST`].
    TooSeldom {
        /// As it was written.
        word: String,
    },
    /// Not what a clock shows.
    NotATime {
        /// The command's name.
        command: &'static str,
        /// As it was written; empty where nothing was.
        word: String,
    },
    /// Not a day of any calendar.
    NotADate {
        /// As it was written.
        word: String,
    },
    /// It is a command, and none that makes a task.
    NotATask {
        /// `every` or `at`.
        command: &'static str,
        /// The name of the other.
        name: &'static str,
    },
    /// Not a schedule's number.
    NotASchedule {
        /// As it was written.
        word: String,
    },
}

impl From<ScheduleError> for ParseError {
    fn from(error: ScheduleError) -> Self {
        Self::Schedule(error)
    }
}

/// `every 6h …`, `every 2 hours …`, `every day 03:00 …`, `every monday friday 09:00 …`.
pub(super) fn every(args: &mut Args<'_>) -> Result<Command, ParseError> {
    let mut words = Words { command: args.command, rest: args.text };
    let first = words.next_as_written().ok_or_else(|| words.missing(Wanted::When))?;
    let Some(mut days) = Days::of(&first.to_lowercase()) else {
        let interval = interval(first, &mut words)?;
        return scheduled(When::Every(interval), &words, args.context);
    };
    while let Some(more) = words.peek().and_then(|word| Days::of(&word)) {
        days = days.and(more);
        words.next();
    }
    let time = words.time()?;
    scheduled(When::On(days, time), &words, args.context)
}

/// `at 18:30 …`, `at tomorrow 18:30 …`, `at 2026-12-24 18:30 …`.
pub(super) fn at(args: &mut Args<'_>) -> Result<Command, ParseError> {
    let mut words = Words { command: args.command, rest: args.text };
    let day = match words.peek().ok_or_else(|| words.missing(Wanted::When))?.as_str() {
        "tomorrow" => Day::Tomorrow,
        word if word.contains('-') => Day::On(date(word)?),
        _ => Day::Next,
    };
    if day != Day::Next {
        words.next();
    }
    let time = words.time()?;
    scheduled(When::At(day, time), &words, args.context)
}

/// `unschedule 3 4`.
pub(super) fn unschedule(args: &mut Args<'_>) -> Result<Command, ParseError> {
    args.up_to(MAX_NAMED, number, Wanted::Schedules).map(Command::Unschedule)
}

fn number(command: &'static str, word: &str) -> Result<ScheduleId, ParseError> {
    match words::task(command, word) {
        Ok(id) => Ok(ScheduleId(id.0)),
        Err(_) => Err(ScheduleError::NotASchedule { word: word.to_owned() }.into()),
    }
}

/// The command behind the words that say when.
fn scheduled(when: When, words: &Words<'_>, context: Context<'_>) -> Result<Command, ParseError> {
    let missing = || words.missing(Wanted::Scheduled);
    let first = first_word(words.rest.trim_start_matches(is_gap), context.bot).ok_or_else(missing)?;
    if first.name.is_empty() {
        return Err(missing());
    }
    if let Some(entry) = known(&normalise(first.name)).filter(|entry| !makes_a_task(entry.example, context)) {
        // Whatever else is wrong with it.
        return Err(ScheduleError::NotATask { command: words.command, name: entry.name }.into());
    }
    match read(first.name, first.rest, context)? {
        Command::Submit(spec) => Ok(Command::Schedule(when, spec)),
        _ => Err(missing()),
    }
}

/// Whether the command of this line makes a task.
fn makes_a_task(example: &str, context: Context<'_>) -> bool {
    let (name, rest) = example.split_once(' ').unwrap_or((example, ""));
    !HOLDERS.contains(&name) && matches!(read(name, rest, context), Ok(Command::Submit(_)))
}

/// Commands with a command in them.
const HOLDERS: [&str; 2] = ["every", "at"];

/// `6h`, or `6 hours`, of which the unit is the next word.
fn interval(first: &str, words: &mut Words<'_>) -> Result<Interval, ParseError> {
    let mut word = first.to_owned();
    if first.bytes().all(|b| b.is_ascii_digit())
        && let Some((unit, _)) = split(words.rest)
        && Interval::read(&format!("{first}{unit}")) != Err(NotAnInterval::Unreadable)
    {
        word.push_str(unit);
        words.next();
    }
    Interval::read(&word).map_err(|why| {
        let error = match why {
            NotAnInterval::Unreadable => ScheduleError::NotAnInterval { word },
            NotAnInterval::TooShort => ScheduleError::TooOften { word },
            NotAnInterval::TooLong => ScheduleError::TooSeldom { word },
            NotAnInterval::NoLength => ScheduleError::NoLength { word },
        };
        error.into()
    })
}

fn date(word: &str) -> Result<Date, ParseError> {
    let is_date = word.len() == 10 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let read = if is_date { word.parse().ok() } else { None };
    read.ok_or_else(|| ScheduleError::NotADate { word: word.to_owned() }.into())
}

/// `18:30`, `9:05`.
fn clock(word: &str) -> Option<Time> {
    let (hour, minute) = word.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_clock = matches!(hour.len(), 1 | 2) && minute.len() == 2 && digits(hour) && digits(minute);
    if is_clock { Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok() } else { None }
}

/// The words before the command, one after the other; the rest stays as it was written.
struct Words<'a> {
    command: &'static str,
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The next word, taken.
    fn next_as_written(&mut self) -> Option<&'a str> {
        let (word, rest) = split(self.rest)?;
        self.rest = rest;
        Some(word)
    }

    /// The same in small letters.
    fn next(&mut self) -> Option<String> {
        self.next_as_written().map(str::to_lowercase)
    }

    /// The next word in small letters, left where it is.
    fn peek(&self) -> Option<String> {
        split(self.rest).map(|(word, _)| word.to_lowercase())
    }

    /// What a clock shows, perhaps with an "at" before it.
    fn time(&mut self) -> Result<Time, ParseError> {
        if self.peek().as_deref() == Some("at") {
            self.next();
        }
        let word = self.next().unwrap_or_default();
        let not_a_time = ScheduleError::NotATime { command: self.command, word: word.clone() };
        clock(&word).ok_or_else(|| not_a_time.into())
    }

    fn missing(&self, what: Wanted) -> ParseError {
        ParseError::Missing { command: self.command, what }
    }
}

/// What separates words.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == ','
}

/// The first word, and all behind it.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(is_gap);
    let end = text.find(is_gap).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}
