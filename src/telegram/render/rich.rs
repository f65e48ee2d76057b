//! Boards and results as rich HTML: tables, and results that are folded away.

use std::{fmt::Write, time::SystemTime};

use teloxide::utils::html::escape;

use super::{command, joined, lines, note, status, told};
use crate::{
    board::{Page, Snapshot},
    job::{Job, Outcome, Output},
    telegram::sentences::{cut, rich as sentences, units},
};

/// A result that is longer is folded.
const FOLD: usize = 400;
/// Digits of a number that a rich message holds whole; it takes 32,768 characters in all.
pub(in crate::telegram) const MAX_DIGITS: usize = 30_000;
/// Characters of a command, and of what is said of it beside it, in the table.
const MAX_COMMAND: usize = 40;
const MAX_NOTE: usize = 60;

/// The board as a table; nothing of an empty one.
pub(in crate::telegram) fn dash(page: &Page, now: SystemTime) -> Option<String> {
    if page.jobs.is_empty() {
        return None;
    }
    let mut html = format!(
        "<h4>{}</h4><table bordered striped><tr>",
        escape(&sentences::board(page.total, page.running, page.queued))
    );
    for (at, column) in sentences::COLUMNS.iter().enumerate() {
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
            job.state.word(),
            escape(&cut(&note(snapshot, now), MAX_NOTE)),
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
            (sentence, escape(digits), sentences::all_digits(digits.len()))
        }
        _ => {
            let (all, _) = joined(&lines(output, FOLD));
            let first = all.lines().next().unwrap_or_default().to_owned();
            (first, escape(&all), sentences::all_results(lines(output, 0).len()))
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
