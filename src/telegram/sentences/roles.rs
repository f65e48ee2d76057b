//! What people read about whose a task is, and who may do what with it.

use std::fmt::Write;

use super::{cut, plural};
use crate::job::{Job, JobId};

/// To somebody who answers a question that others were asked.
pub(in crate::telegram) const NOT_YOUR_QUESTION: &str =
    "Only who was asked, an admin of this chat or an owner of this bot may answer this.";
/// The toast of a button that was pressed twice.
pub(in crate::telegram) const ASKED_ALREADY: &str =
    "That was asked for a moment ago: it is there, or on its way.";
/// Beside a refusal, where Telegram does not tell.
const NOT_KNOWN: &str = "You are not known to be an admin: Telegram did not tell me.";
const WHO_MAY: &str = "only who sent a task, an admin of this chat or an owner of this bot may kill it.";
/// Characters of a name in a sentence: a toast has room for 200 in all.
const MAX_NAME: usize = 24;
/// Characters of a command in a question about it alone, and beside others.
const MAX_COMMAND: usize = 200;
const MAX_SHORT: usize = 40;
/// Tasks that a question names.
const MAX_LINES: usize = 25;

/// What somebody wanted to do with a task.
#[derive(Clone, Copy, Debug)]
pub(in crate::telegram) enum Act {
    /// Cancel it.
    Kill,
    /// Run it again.
    Retry,
}

/// To somebody who may not: who may. `known`: that they are no admin.
pub(in crate::telegram) fn not_allowed(id: JobId, owner: &str, act: Act, known: bool) -> String {
    let act = match act {
        Act::Kill => "kill it",
        Act::Retry => "run it again",
    };
    let owner = cut(owner, MAX_NAME);
    let who = if known { "an admin of this chat" } else { "an admin here" };
    told(
        &format!("Task {} is {owner}'s: only {owner}, {who} or an owner of this bot may {act}.", id.0),
        known,
    )
}

/// The toast of a kill button on somebody else's card.
pub(in crate::telegram) fn confirm_below(owner: &str) -> String {
    format!("It is {}'s task: confirm it in my answer.", cut(owner, MAX_NAME))
}

/// The question before others' tasks are killed. `rest` are those that it is not about.
pub(in crate::telegram) fn kill_question(jobs: &[Job], rest: &[JobId]) -> String {
    let one = |job: &Job| {
        format!(
            "{}'s task {}, {}",
            cut(&job.person.name, MAX_NAME),
            job.id.0,
            cut(&job.spec.to_string(), if jobs.len() == 1 { MAX_COMMAND } else { MAX_SHORT })
        )
    };
    let mut question = match jobs {
        [job] => format!("Kill {}?", one(job)),
        jobs => {
            let mut lines: Vec<_> = jobs.iter().take(MAX_LINES).map(one).collect();
            if jobs.len() > MAX_LINES {
                lines.push(format!("… and {} more", jobs.len() - MAX_LINES));
            }
            format!("Kill these {} tasks of others?\n{}", jobs.len(), lines.join("\n"))
        }
    };
    if !rest.is_empty() {
        let rest: Vec<_> = rest.iter().map(|id| id.0.to_string()).collect();
        let _ = write!(question, "\nFor the others, ask again: kill {}", rest.join(" "));
    }
    question
}

/// The question before `kill all`: about what is theirs and, where they `may`, about what is others'. `known`: whether they
/// are an admin.
pub(in crate::telegram) fn kill_all_question(own: usize, others: usize, may: bool, known: bool) -> String {
    let question = |count: usize, whose: &str| match count {
        1 if whose.is_empty() => "Kill the one unfinished task?".to_owned(),
        1 => format!("Kill {whose}one unfinished task?"),
        count if whose.is_empty() => format!("Kill all {count} unfinished tasks?"),
        count => format!("Kill {whose}{count} unfinished tasks?"),
    };
    match (others, may) {
        (0, _) => question(own, ""),
        (others, true) if own == 0 => {
            format!(
                "{} {}",
                question(others, ""),
                if others == 1 { "It is not yours." } else { "None of them is yours." }
            )
        }
        (1, true) => format!("{} 1 of them is somebody else's.", question(own + 1, "")),
        (others, true) => {
            format!("{} {others} of them are other people's.", question(own + others, ""))
        }
        (others, false) => format!("{} {}", question(own, "your "), left(others, known)),
    }
}

/// The answer to `kill all` where nothing is theirs.
pub(in crate::telegram) fn none_is_yours(others: usize, known: bool) -> String {
    let none = match others {
        1 => "The one unfinished task is not yours".to_owned(),
        others => format!("None of the {others} unfinished tasks is yours"),
    };
    told(&format!("{none}: {WHO_MAY}"), known)
}

/// The question's text after "yes" to one's own tasks, where `others` go on.
pub(in crate::telegram) fn killing_own(count: usize, others: usize) -> String {
    let killing = super::killing_all(count);
    if others == 0 { killing } else { format!("{killing}\n{}", left(others, true)) }
}

fn left(others: usize, known: bool) -> String {
    let goes = if others == 1 { "goes" } else { "go" };
    told(&format!("{others} {} of others {goes} on: {WHO_MAY}", plural(others, "task")), known)
}

/// The refusal, and that nobody knows better.
fn told(refusal: &str, known: bool) -> String {
    if known { refusal.to_owned() } else { format!("{refusal} {NOT_KNOWN}") }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{
        job::{Origin, Person, Spec, State},
        telegram::sentences::units,
    };

    #[test]
    fn a_refusal_fits_into_a_toast() {
        let name = "x".repeat(500);
        for known in [true, false] {
            for act in [Act::Kill, Act::Retry] {
                let refusal = not_allowed(JobId(123_456), &name, act, known);
                assert!(units(&refusal) <= 200, "{} {refusal}", units(&refusal));
            }
        }
        assert!(units(&confirm_below(&name)) <= 200 && units(NOT_YOUR_QUESTION) <= 200);
    }

    #[test]
    fn a_question_about_many_tasks_fits_into_a_message() {
        let job = |id: u64| Job {
            id: JobId(1_000_000 + id),
            spec: Spec::FibMulti(vec![1_000_000; 50]),
            person: Person { id: 1, name: "x".repeat(500) },
            origin: Origin::nowhere(),
            submitted: SystemTime::UNIX_EPOCH,
            attempt: 0,
            state: State::Queued,
        };
        let jobs: Vec<_> = (0..65).map(job).collect();
        let rest: Vec<_> = (2_000_000..2_000_035).map(JobId).collect();
        let question = kill_question(&jobs, &rest);
        assert!(units(&question) < 4096, "{}", units(&question));
        assert!(question.contains("\n… and 40 more\nFor the others, ask again: kill 2000000 2000001 "));
        assert!(units(&kill_question(&jobs[..1], &[])) < 400);
    }

    #[test]
    fn all_says_whose() {
        assert_eq!(kill_all_question(1, 0, true, true), "Kill the one unfinished task?");
        assert_eq!(kill_all_question(3, 0, false, true), "Kill all 3 unfinished tasks?");
        assert_eq!(
            kill_all_question(1, 2, true, true),
            "Kill all 3 unfinished tasks? 2 of them are other people's."
        );
        assert!(
            kill_all_question(2, 1, false, true)
                .starts_with("Kill your 2 unfinished tasks? 1 task of others goes on")
        );
        assert!(none_is_yours(2, false).ends_with(NOT_KNOWN));
    }
}
