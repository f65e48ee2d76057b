//! Boards and results as rich HTML: tables, and results that are folded away.

use std::{fmt::Write, time::SystemTime};

use teloxide::utils::html::escape;

use super::{Frame, command, dash::note, joined, lines, status, told};
use crate::{
    board::{Page, Snapshot},
    job::{Job, Outcome, Output},
    telegram::sentences::{self, boards, cut, rich as words, units},
};

/// A result that is longer is folded.
const FOLD: usize = 400;
/// Digits of a number that a rich message holds whole; it takes 32,768 characters in all.
pub(in crate::telegram) const MAX_DIGITS: usize = 30_000;
/// Characters of a command, and of what is said of it beside it, in the table.
const MAX_COMMAND: usize = 40;
const MAX_NOTE: usize = 24;

/// The board as a table; nothing where there are no jobs to be shown.
pub(in crate::telegram) fn dash(page: &Page, frame: Frame, now: SystemTime) -> Option<String> {
    if page.jobs.is_empty() {
        return None;
    }
    let mut head = boards::board(page.total, page.running, page.queued);
    if frame.live {
        let _ = write!(head, " · {}", boards::live());
    }
    let held = page.held.map(|hold| format!("<p>{}</p>", escape(&sentences::fleet::all_held(hold))));
    let held = held.unwrap_or_default();
    let mut html = format!("<h4>{}</h4>{held}<table bordered striped><tr>", escape(&head));
    for (at, column) in sentences::columns().iter().enumerate() {
        let align = if at == 0 { " align=\"right\"" } else { "" };
        let _ = write!(html, "<th{align}>{}</th>", escape(column));
    }
    html.push_str("</tr>");
    for snapshot in &page.jobs {
        let job = &snapshot.job;
        let _ = write!(
            html,
            "<tr><td align=\"right\">{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            job.id.0,
            escape(&cut(&job.spec.to_string(), MAX_COMMAND)),
            escape(&sentences::state(job.state.word())),
            escape(&cut(note(snapshot, now).trim_start_matches("= "), MAX_NOTE)),
        );
    }
    html.push_str("</table>");
    Some(html)
}

/// A long result with what is long of it folded, below `before`; nothing where the result is short, or where there is none.
/// `digits` are those of a lone number, as far as they are at hand.
pub(in crate::telegram) fn result(
    snapshot: &Snapshot,
    before: &str,
    digits: Option<&str>,
    now: SystemTime,
) -> Option<String> {
    let job = &snapshot.job;
    let Outcome::Succeeded(output) = job.state.outcome()? else { return None };
    let told = told(job)?;
    if told.photo.is_some() || told.complete && units(&told.text) <= FOLD {
        return None;
    }
    let (first, folded, summary) = match (output, digits) {
        (Output::Numbers(numbers), Some(digits)) if numbers.len() == 1 => {
            let sentence = lines(output, 0).join("\n");
            (sentence, escape(digits), words::all_digits(digits.len()))
        }
        _ => {
            let (all, _) = joined(&lines(output, FOLD));
            let first = all.lines().next().unwrap_or_default().to_owned();
            (first, escape(&all), words::all_results(lines(output, 0).len()))
        }
    };
    let line = format!("<code>{}</code> · {}", command(job), status(snapshot, now));
    Some(format!(
        "{before}<p>{}</p><details><summary>{}</summary><pre>{folded}</pre></details><footer>{line}</footer>",
        escape(&cut(&first, FOLD)),
        escape(&summary),
    ))
}

/// The lone number of a job, if a rich message may hold its digits.
pub(in crate::telegram) fn lone_number(job: &Job) -> Option<&crate::job::Digits> {
    match job.state.outcome()? {
        Outcome::Succeeded(Output::Numbers(numbers)) if numbers.len() == 1 => {
            numbers.first().map(|number| &number.digits).filter(|digits| digits.len() <= MAX_DIGITS)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        job::{Failure, JobId, MessageId, Number, Origin, Person, Spec, State},
        telegram::{dash::View, sentences::units},
    };

    /// Telegram's bound of a rich message.
    const MAX_TEXT: usize = 32_768;

    fn snapshot(spec: Spec, outcome: Outcome) -> Snapshot {
        let now = SystemTime::UNIX_EPOCH;
        let job = Job {
            id: JobId(u64::MAX),
            spec,
            person: Person { id: 1, name: "Ann".to_owned() },
            origin: Origin { message: MessageId(1), thread: None, callback: None },
            submitted: now,
            attempt: 1,
            state: State::Finished { started: Some(now), finished: now, outcome: outcome.into() },
        };
        job.into()
    }

    fn numbers(lengths: &[usize]) -> Snapshot {
        let digits = |len| crate::job::Digits::from_canonical("7".repeat(len));
        let members = lengths.iter().map(|len| Number { n: u64::MAX, digits: digits(*len) }).collect();
        let spec = Spec::FibMulti(lengths.iter().map(|_| u64::MAX).collect());
        snapshot(spec, Outcome::Succeeded(Output::Numbers(members)))
    }

    #[test]
    fn what_people_and_others_wrote_is_no_markup() {
        let failed = Outcome::Failed(Failure::PokeApiNonsense("<table>&".to_owned()));
        let failed = snapshot(Spec::Dex("mew".parse().unwrap()), failed);
        let page =
            Page { jobs: vec![failed], number: 0, pages: 1, total: 1, running: 0, queued: 0, held: None };
        let frame = Frame { view: View::first(1), live: true, private: true };
        let html = dash(&page, frame, SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(html.matches("<table").count(), 1, "{html}");
        assert!(dash(&Page { jobs: Vec::new(), ..page }, frame, SystemTime::UNIX_EPOCH).is_none());
    }

    #[test]
    fn a_short_result_is_not_folded() {
        assert!(result(&numbers(&[20]), "", None, SystemTime::UNIX_EPOCH).is_none());
        assert!(result(&numbers(&[5_000]), "", None, SystemTime::UNIX_EPOCH).is_some());
    }

    proptest! {
        #[test]
        fn a_rich_message_is_never_too_long(lengths in proptest::collection::vec(1_usize..40_000, 1..100)) {
            let snapshot = numbers(&lengths);
            let digits = "7".repeat(lengths[0].min(MAX_DIGITS));
            let digits = (lengths.len() == 1).then_some(digits.as_str());
            if let Some(html) = result(&snapshot, "<p>Task 1 is submitted</p>", digits, SystemTime::UNIX_EPOCH) {
                prop_assert!(units(&html) <= MAX_TEXT, "{} units", units(&html));
            }
        }
    }
}
