//! Several cards in one message.

use teloxide::utils::html::escape;

use super::{
    Content, MAX_RESULT,
    dash::{DASH_COLUMNS, cut_command},
};
use crate::{
    board::Snapshot,
    job::{JobId, Outcome, Output},
    telegram::sentences::{self, boards, cut, units},
};

/// Columns of a command: its first 16 characters at most.
const COMMAND: usize = 16;

/// "Tasks 12–31 are submitted", and a line for each of them.
pub(in crate::telegram) fn merged(snapshots: &[Snapshot]) -> Content {
    let ids: Vec<JobId> = snapshots.iter().map(|snapshot| snapshot.job.id).collect();
    let is_over = |snapshot: &&Snapshot| snapshot.job.state.is_finished();
    let over = snapshots.iter().filter(is_over).count();
    let head = format!("{}\n{}", boards::all_submitted(&ids), boards::of_these(over, ids.len()));
    let paused = snapshots.iter().any(|snapshot| snapshot.paused);
    let last = match snapshots.iter().find_map(|snapshot| snapshot.held) {
        _ if paused => boards::all_paused(),
        Some(hold) => sentences::fleet::all_held(hold),
        None => boards::job_tells_more(),
    };
    let html = format!("{}\n<pre>{}</pre>\n{}", escape(&head), escape(&table(snapshots)), escape(&last));
    Content { html, ..Content::default() }
}

fn table(snapshots: &[Snapshot]) -> String {
    let ids = snapshots.iter().map(|snapshot| snapshot.job.id.0.to_string().len()).max().unwrap_or(1);
    let commands = snapshots.iter().map(|snapshot| snapshot.job.spec.to_string().chars().count());
    let commands = commands.max().unwrap_or(1).min(COMMAND);
    let room = DASH_COLUMNS.saturating_sub(ids + commands + 2).max(10);
    let mut table = String::new();
    let mut left = MAX_RESULT;
    for (index, snapshot) in snapshots.iter().enumerate() {
        let job = &snapshot.job;
        let command = cut_command(&job.spec.to_string(), commands);
        let line = format!("{:>ids$} {command:<commands$} {}\n", job.id.0, end(snapshot, room));
        let Some(less) = left.checked_sub(units(&line)) else {
            table.push_str(&sentences::and_more(snapshots.len() - index));
            return table;
        };
        left = less;
        table.push_str(&line);
    }
    table.truncate(table.trim_end().len());
    table
}

/// The result as far as there is room for it, or the state.
fn end(snapshot: &Snapshot, room: usize) -> String {
    let result = match snapshot.job.state.outcome() {
        Some(Outcome::Succeeded(Output::Numbers(numbers))) if numbers.len() == 1 => {
            numbers.first().map(|number| format!("= {}", number.digits.head(room)))
        }
        Some(Outcome::Succeeded(Output::Pokemon(members))) if members.len() == 1 => {
            members.first().and_then(|member| member.result.as_ref().ok()).map(|pokemon| pokemon.name.clone())
        }
        _ => None,
    };
    result.map_or_else(|| sentences::state(snapshot.job.state.word()), |result| cut(&result, room))
}
