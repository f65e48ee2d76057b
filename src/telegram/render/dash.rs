//! A page of the board.

use std::{fmt::Write, time::SystemTime};

use teloxide::utils::html::escape;

use super::{Content, progress, waiting, waits_for_others};
use crate::{
    board::{Hold, Page, Snapshot},
    job::{Outcome, Output, State},
    telegram::{
        buttons::{Button, Keyboard, rows},
        dash::{Shows, View},
        sentences::{self, boards, buttons as labels, cut, duration, units},
    },
};

/// Columns of the board: what a phone's monospace shows without wrapping.
pub(super) const DASH_COLUMNS: usize = 31;
/// Columns of a command on the board: always its first 16 characters, one more where there is room.
const MIN_DASH_COMMAND: usize = 16;
const MAX_DASH_COMMAND: usize = 17;

/// What is not the board's own: whose page it is, and what the message is.
#[derive(Clone, Copy, Debug)]
pub(in crate::telegram) struct Frame {
    /// What of the board is shown.
    pub view: View,
    /// It is the newest dash, which edits itself.
    pub live: bool,
    /// All tasks of a private chat are one person's.
    pub private: bool,
}

/// The board.
pub(in crate::telegram) fn dash(page: &Page, frame: Frame, now: SystemTime) -> Content {
    let mut html = match page.total {
        0 => sentences::empty_board(),
        total => boards::board(total, page.running, page.queued),
    };
    if frame.live {
        let _ = write!(html, " · {}", boards::live());
    }
    if let Some(hold) = page.held {
        let _ = write!(html, "\n{}", sentences::fleet::all_held(hold));
    }
    if page.total == 0 {
        return Content { html, ..Content::default() };
    }
    if page.jobs.is_empty() {
        let _ = write!(html, "\n{}", boards::nothing_shown(frame.view.shows));
    } else {
        let _ = write!(html, "\n<pre>{}</pre>", escape(&table(page, now)));
    }
    Content { html, keyboard: Some(keyboard(page, frame)), ..Content::default() }
}

fn table(page: &Page, now: SystemTime) -> String {
    let ids = page.jobs.iter().map(|snapshot| snapshot.job.id.0.to_string().len()).max().unwrap_or(1).max(2);
    let states = page.jobs.iter().map(|snapshot| units(&sentences::state(snapshot.job.state.word())));
    let states = states.max().unwrap_or_default();
    let commands = DASH_COLUMNS.saturating_sub(ids + states + 2).clamp(MIN_DASH_COMMAND, MAX_DASH_COMMAND);
    let [id, command, state, _] = sentences::columns();
    let mut table = format!("{id:>ids$} {command:<commands$} {state}");
    for snapshot in &page.jobs {
        let job = &snapshot.job;
        let command = cut_command(&job.spec.to_string(), commands);
        let state = sentences::state(job.state.word());
        let _ = write!(table, "\n{:>ids$} {command:<commands$} {state}", job.id.0);
        let note = note(snapshot, now);
        if !note.is_empty() {
            let _ = write!(table, "\n{:ids$} {}", "", cut(&note, DASH_COLUMNS - ids - 1));
        }
    }
    table
}

/// The first characters of a command: 16 of them in any case, with `…` after them where it fits.
pub(super) fn cut_command(command: &str, columns: usize) -> String {
    if columns > MIN_DASH_COMMAND { cut(command, columns) } else { command.chars().take(columns).collect() }
}

/// A job's second line on the board.
pub(super) fn note(snapshot: &Snapshot, now: SystemTime) -> String {
    let job = &snapshot.job;
    match job.state.outcome() {
        None if snapshot.held == Some(Hold::TooLarge) => sentences::fleet::too_large(),
        None if snapshot.held == Some(Hold::NotOffered) => sentences::fleet::not_offered(),
        None if snapshot.held.is_some() => String::new(),
        None if job.state == State::Queued && snapshot.waits_for_memory => sentences::waits_for_memory(),
        None if job.state == State::Queued => {
            waits_for_others(snapshot).or_else(|| waiting(snapshot)).unwrap_or_default()
        }
        None => match (progress(snapshot, now), job.ran_for(now)) {
            (Some(progress), Some(ran)) => progress.short(ran),
            (None, Some(ran)) if ran.as_secs() > 0 => duration(ran),
            _ => String::new(),
        },
        Some(Outcome::Succeeded(Output::Numbers(numbers))) => {
            let digits: Vec<_> =
                numbers.iter().map(|number| number.digits.head(DASH_COLUMNS).to_owned()).collect();
            format!("= {}", digits.join(", "))
        }
        Some(Outcome::Succeeded(Output::Pokemon(members))) => {
            let names = members.iter().map(|member| match &member.result {
                Ok(pokemon) => format!("{} {}", pokemon.id, pokemon.name),
                Err(_) => sentences::no_pokemon(&member.key),
            });
            format!("= {}", names.collect::<Vec<_>>().join(", "))
        }
        Some(Outcome::Succeeded(Output::Printed(printed))) => {
            printed.tail.lines().last().map(|line| format!("= {line}")).unwrap_or_default()
        }
        Some(Outcome::Failed(failure)) => sentences::failure(failure).replace('\n', "; "),
        Some(Outcome::Cancelled(reason)) => sentences::cancelled(reason),
    }
}

/// Pages in a row, what is shown in another, with the current one marked.
fn keyboard(page: &Page, frame: Frame) -> Keyboard {
    let view = frame.view;
    let to = |number: usize| Button::Page(view.page(number));
    let mut pages = Vec::new();
    if page.number > 0 {
        pages.push(to(page.number - 1).labelled(labels::newer()));
    }
    pages.push(to(page.number).labelled(labels::refresh(page.number + 1, page.pages)));
    if page.number + 1 < page.pages {
        pages.push(to(page.number + 1).labelled(labels::older()));
    }
    let shows = Shows::ALL.into_iter().filter(|shows| !frame.private || *shows != Shows::Mine);
    let filters = shows.map(|shows| {
        let label = boards::filter(shows);
        let label = if shows == view.shows { format!("• {label}") } else { label };
        Button::Page(view.showing(shows)).labelled(label)
    });
    rows(vec![pages, filters.collect()])
}
