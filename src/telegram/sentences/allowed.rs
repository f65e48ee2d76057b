//! What people read about who may run a declared command, and about questions before it runs.

use std::time::Duration;

use super::{cut, duration};
use crate::{
    job::{Call, JobId},
    schedule::When,
    telegram::{handlers::NotAllowed, language::say},
};

/// Characters of a name in a sentence: a toast has room for 200 in all.
const MAX_NAME: usize = 24;
/// Characters of a command in a question.
const MAX_COMMAND: usize = 1_000;
/// The same in other sentences.
const MAX_SHORT: usize = 80;

/// To somebody who may not run it. Who may is told of admins only: a list of people is nobody's business.
pub(in crate::telegram) fn refusal(command: &str, why: NotAllowed) -> String {
    let command = cut(command, MAX_NAME + 8);
    match why {
        NotAllowed::NotDeclared => say!("run-not-declared", command = command),
        NotAllowed::Admins { known: true } => say!("run-for-admins", command = command),
        NotAllowed::Admins { known: false } => say!("run-for-admins-unknown", command = command),
        NotAllowed::NotInPrivate => say!("run-not-in-private", command = command),
        NotAllowed::Others => say!("run-for-others", command = command),
    }
}

/// Before it runs, or is scheduled.
pub(in crate::telegram) fn question(call: &Call, when: Option<When>, within: Duration) -> String {
    let (command, within) = (command(call, when, MAX_COMMAND), duration(within));
    match when {
        Some(_) => say!("run-schedule-question", command = command, within = within),
        None => say!("run-question", command = command, within = within),
    }
}

/// As it was said.
fn command(call: &Call, when: Option<When>, most: usize) -> String {
    let when = when.map_or_else(String::new, |when| format!("{when} "));
    cut(&format!("{when}{call}"), most)
}

/// The button that runs it.
pub(in crate::telegram) fn yes() -> String {
    say!("button-yes")
}

/// The button that does not.
pub(in crate::telegram) fn no() -> String {
    say!("button-no")
}

/// The toast of a button whose question is in an answer.
pub(in crate::telegram) fn confirm_below() -> String {
    say!("run-confirm-below")
}

/// To somebody who answers another's question.
pub(in crate::telegram) fn not_your_question(asker: &str) -> String {
    say!("run-not-your-question", asker = cut(asker, MAX_NAME))
}

/// The question's text after "yes".
pub(in crate::telegram) fn runs(call: &Call, id: JobId) -> String {
    say!("run-confirmed", command = cut(&call.to_string(), MAX_COMMAND), id = id.0)
}

/// The question's text after "no".
pub(in crate::telegram) fn does_not_run(call: &Call, when: Option<When>) -> String {
    let command = command(call, when, MAX_COMMAND);
    match when {
        Some(_) => say!("run-schedule-refused", command = command),
        None => say!("run-refused", command = command),
    }
}

/// Of a question that was answered, or that nobody knows any more.
pub(in crate::telegram) fn question_over() -> String {
    say!("run-question-over")
}

/// What was asked about is something else by now.
pub(in crate::telegram) fn declared_anew(command: &str) -> String {
    say!("run-declared-anew", command = cut(command, MAX_NAME + 8))
}

/// Nobody has answered.
pub(in crate::telegram) fn question_expired(call: &Call, when: Option<When>, within: Duration) -> String {
    say!("run-question-expired", command = command(call, when, MAX_SHORT), within = duration(within))
}

/// Too many questions are open in this chat.
pub(in crate::telegram) fn too_many_questions(most: usize) -> String {
    say!("run-too-many-questions", most = most)
}

/// Why a queued task does not begin though there is room.
pub(in crate::telegram) fn waits_for_others(command: &str) -> String {
    say!("waits-for-others", command = cut(command, MAX_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Language,
        telegram::{language::within, sentences::units},
    };

    #[test]
    fn toasts_are_short_enough() {
        let name = "x".repeat(500);
        for language in Language::ALL {
            within(language, || {
                let why = [
                    NotAllowed::NotDeclared,
                    NotAllowed::Admins { known: true },
                    NotAllowed::Admins { known: false },
                    NotAllowed::NotInPrivate,
                    NotAllowed::Others,
                ];
                let mut toasts: Vec<_> = why.iter().map(|why| refusal(&name, *why)).collect();
                toasts.extend([
                    confirm_below(),
                    not_your_question(&name),
                    question_over(),
                    declared_anew(&name),
                ]);
                toasts.push(too_many_questions(20));
                for toast in toasts {
                    assert!(units(&toast) <= 200, "{} {toast}", units(&toast));
                }
            });
        }
    }
}
