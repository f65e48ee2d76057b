//! What people read about whose a task is, and who may do what with it.

use super::{and_more, cut};
use crate::{
    job::{Job, JobId},
    telegram::language::say,
};

/// Characters of a name in a sentence: a toast has room for 200 in all.
const MAX_NAME: usize = 24;
/// Characters of a command in a question about it alone, and beside others.
const MAX_COMMAND: usize = 200;
const MAX_SHORT: usize = 40;
/// Tasks that a question names.
const MAX_LINES: usize = 25;

/// To somebody who answers a question that others were asked.
pub(in crate::telegram) fn not_your_question() -> String {
    say!("not-your-question")
}

/// The toast of a button that was pressed twice.
pub(in crate::telegram) fn asked_already() -> String {
    say!("asked-already")
}

/// Beside a refusal, where Telegram does not tell.
fn not_known() -> String {
    say!("not-known")
}

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
    let owner = cut(owner, MAX_NAME);
    let is_known = if known { "yes" } else { "no" };
    let refusal = match act {
        Act::Kill => say!("not-allowed-kill", id = id.0, owner = owner, known = is_known),
        Act::Retry => say!("not-allowed-retry", id = id.0, owner = owner, known = is_known),
    };
    told(refusal, known)
}

/// The toast of a kill button on somebody else's card.
pub(in crate::telegram) fn confirm_below(owner: &str) -> String {
    say!("confirm-below", owner = cut(owner, MAX_NAME))
}

/// The question before others' tasks are killed. `rest` are those that it is not about.
pub(in crate::telegram) fn kill_question(jobs: &[Job], rest: &[JobId]) -> String {
    let one = |job: &Job| {
        let owner = cut(&job.person.name, MAX_NAME);
        let most = if jobs.len() == 1 { MAX_COMMAND } else { MAX_SHORT };
        say!("task-of", owner = owner, id = job.id.0, command = cut(&job.spec.to_string(), most))
    };
    let mut lines = match jobs {
        [job] => vec![say!("kill-question", task = one(job))],
        jobs => {
            let mut lines = vec![say!("kill-question-many", count = jobs.len())];
            lines.extend(jobs.iter().take(MAX_LINES).map(one));
            if jobs.len() > MAX_LINES {
                lines.push(and_more(jobs.len() - MAX_LINES));
            }
            lines
        }
    };
    if !rest.is_empty() {
        let rest: Vec<_> = rest.iter().map(|id| id.0.to_string()).collect();
        lines.push(say!("kill-question-rest", ids = rest.join(" ")));
    }
    lines.join("\n")
}

/// The question before `kill all`: about what is theirs and, where they `may`, about what is others'. `known`: whether they
/// are an admin.
pub(in crate::telegram) fn kill_all_question(own: usize, others: usize, may: bool, known: bool) -> String {
    match (others, may) {
        (0, _) => say!("kill-all-question", count = own),
        (others, true) if own == 0 => say!("kill-all-of-others", others = others),
        (others, true) => say!("kill-all-and-others", all = own + others, others = others),
        (others, false) => format!("{} {}", say!("kill-own-question", count = own), left(others, known)),
    }
}

/// The answer to `kill all` where nothing is theirs.
pub(in crate::telegram) fn none_is_yours(others: usize, known: bool) -> String {
    told(say!("none-is-yours", others = others), known)
}

/// The question's text after "yes" to one's own tasks, where `others` go on.
pub(in crate::telegram) fn killing_own(count: usize, others: usize) -> String {
    let killing = super::killing_all(count);
    if others == 0 { killing } else { format!("{killing}\n{}", left(others, true)) }
}

fn left(others: usize, known: bool) -> String {
    told(say!("others-go-on", others = others), known)
}

/// The refusal, and that nobody knows better.
pub(super) fn told(refusal: String, known: bool) -> String {
    if known { refusal } else { format!("{refusal} {}", not_known()) }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{
        command::Language,
        job::{Origin, Person, Spec, State},
        telegram::{
            language::within,
            sentences::{old_button, units},
        },
    };

    #[test]
    fn a_refusal_fits_into_a_toast() {
        let name = "x".repeat(500);
        for language in Language::ALL {
            within(language, || {
                for (known, act) in
                    [true, false].map(|known| [(known, Act::Kill), (known, Act::Retry)]).concat()
                {
                    let refusal = not_allowed(JobId(123_456), &name, act, known);
                    assert!(units(&refusal) <= 200, "{} {refusal}", units(&refusal));
                }
                let toasts = [confirm_below(&name), not_your_question(), asked_already(), old_button()];
                assert!(toasts.iter().all(|toast| units(toast) <= 200));
            });
        }
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
        assert!(none_is_yours(2, false).ends_with(&not_known()));
    }
}
