//! What a chat is told of its tasks: each has a card, or a line of a message that several share, where cards would come too late.

use std::collections::BTreeMap;

use jobboard::{
    job::Digits,
    work::{Control, fib::fib},
};

/// The tasks that were told of in a chat.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By their numbers; what came of them, as far as it is told.
    tasks: BTreeMap<u64, Option<End>>,
    /// Messages of whose tasks later ones tell, too.
    pub(super) doubled: usize,
}

/// A number that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    n: u64,
    shown: Shown,
}

/// Its digits as far as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    /// All of them, or both ends.
    Card(String),
    /// The first ones.
    Line(String),
}

impl Told {
    /// From the bot's messages, oldest first.
    pub(super) fn of<'a>(messages: impl DoubleEndedIterator<Item = &'a str>) -> Self {
        let mut told = Self::default();
        for text in messages.rev() {
            let (mut tasks, before) = (tasks(text).peekable(), told.tasks.len());
            let is_about_tasks = tasks.peek().is_some();
            for (task, end) in tasks {
                let known = told.tasks.entry(task).or_default();
                *known = known.take().or_else(|| end.and_then(read));
            }
            told.doubled += usize::from(is_about_tasks && told.tasks.len() == before);
        }
        told
    }

    /// All of these numbers were asked for once, and each was found once, and is right.
    pub(super) fn check(&self, said: &[u64]) {
        let (jobs, numbers) = (said.len() as u64, self.tasks.keys());
        assert!(numbers.copied().eq(1..=jobs), "there are other tasks than {jobs}: {:?}", self.tasks.keys());
        let mut found = Vec::new();
        for (task, end) in &self.tasks {
            let end = end.as_ref().unwrap_or_else(|| panic!("task {task} has no end"));
            let digits = fib(end.n, &Control::default()).unwrap();
            assert!(end.shown.is_of(&digits), "task {task}: {end:?} and not {digits:?}");
            found.push(end.n);
        }
        let mut said = said.to_vec();
        said.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, said);
    }
}

/// How many tasks have ended, as these messages of the bot's tell. Asked after each of a hundred thousand changes.
pub(super) fn count_ended<'a>(messages: impl Iterator<Item = &'a str>) -> usize {
    let ended = messages.flat_map(tasks).filter(|(_, end)| end.is_some());
    // A card that is there twice is one.
    ended.map(|(task, _)| task).collect::<std::collections::HashSet<_>>().len()
}

/// The part of a message that tells of an end.
#[derive(Clone, Copy)]
enum Words<'a> {
    /// Behind "The ".
    Card(&'a str),
    /// Of the command and what came of it.
    Line(&'a str),
}

/// The tasks that a message is about. What took long is told once more by a message that is not one of these.
fn tasks(text: &str) -> impl Iterator<Item = (u64, Option<Words<'_>>)> {
    let first = text.lines().next().unwrap_or_default();
    let card = first.strip_prefix("Task ").and_then(|rest| rest.strip_suffix(" is submitted"));
    let card = card.and_then(|task| task.parse().ok()).map(|task| {
        let sentence = text.lines().find(|line| line.contains(" fibonacci number is "));
        (task, sentence.and_then(|line| line.strip_prefix("The ")).map(Words::Card))
    });
    let is_shared = first.starts_with("Tasks ") && first.ends_with(" are submitted");
    let lines = text.lines().filter(move |_| is_shared).filter_map(|line| {
        let (task, rest) = line.trim_start().split_once(' ')?;
        let is_task = rest.trim_start().starts_with("fib ");
        let task = task.parse().ok().filter(|_| is_task)?;
        Some((task, rest.contains(" = ").then_some(Words::Line(rest))))
    });
    card.into_iter().chain(lines)
}

fn read(words: Words<'_>) -> Option<End> {
    match words {
        Words::Card(words) => {
            let (n, digits) = words.split_once(" fibonacci number is ")?;
            let n = n.trim_end_matches(char::is_alphabetic).parse().ok()?;
            Some(End { n, shown: Shown::Card(digits.to_owned()) })
        }
        Words::Line(words) => {
            let (command, digits) = words.split_once(" = ")?;
            let n = command.trim().strip_prefix("fib ")?.parse().ok()?;
            Some(End { n, shown: Shown::Line(digits.trim_end_matches('…').to_owned()) })
        }
    }
}

impl Shown {
    fn is_of(&self, digits: &Digits) -> bool {
        match self {
            Self::Card(text) => text.contains(digits.head(8)) && text.contains(digits.tail(8)),
            Self::Line(head) => !head.is_empty() && digits.head(head.len()) == head,
        }
    }
}

#[test]
fn cards_and_lines_are_read() {
    let shared =
        "Tasks 2–3 are submitted\n1 of 2 are over\n\n2 fib 31 = 832…\n3 fib 7  queued\n`job 2` tells more";
    let messages = [
        "Task 1 is submitted\n\nfib 11\nThe 11th fibonacci number is 55",
        "Task 2 is submitted\nqueued",
        "The 11th fibonacci number is 55",
        shared,
        "Task 3 is submitted\nThe 7th fibonacci number is 8",
    ];
    assert_eq!(count_ended(messages.into_iter()), 3);
    let told = Told::of(messages.into_iter());
    assert_eq!(told.doubled, 1);
    told.check(&[31, 11, 7]);
}
