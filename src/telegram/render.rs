//! Jobs and boards as Telegram's HTML.

mod dash;
mod fit;
mod merged;
mod programs;
pub(super) mod rich;

use std::{fmt::Write, sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};
use teloxide::utils::html::escape;

pub(super) use self::{
    dash::{Frame, dash},
    fit::fitted,
    merged::merged,
};
use super::{
    buttons::{Button, Keyboard, row},
    progress::Progress,
    sentences::{self, boards, buttons as labels, cut, duration, timeline, units},
};
use crate::{
    board::{KillReport, Snapshot},
    job::{Ended, Failure, Job, MemberResult, MemberTimes, Outcome, Output, Spec, State},
};

/// Characters of a result in a message: Telegram takes 4096 UTF-16 units after its entities, and the lines around
/// the result want some.
const MAX_RESULT: usize = 3_400;
/// Characters of the sentence around a number, at most about.
const SENTENCE: usize = 60;
/// Characters of a message: Telegram takes 4096 UTF-16 units, and a sentence may be put in front.
const MAX_MESSAGE: usize = 4_000;
/// Characters of the results of a `-multi` beside the ways of its members, where not all are shown anyway.
const BESIDE_MEMBERS: usize = 1_800;
/// Characters that tell how many members are left out, and blank lines.
const MEMBERS_LEFT_OUT: usize = 60;
/// Characters of a picture's caption: Telegram takes 1024.
const MAX_CAPTION: usize = 1_024;
/// Characters of a result in an announcement; its button sends all of it.
const MAX_NEWS: usize = 600;
/// Characters of a command in a card.
const MAX_COMMAND: usize = 200;

/// A message's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Telegram's HTML.
    pub html: String,
    /// The same as rich HTML, where the chat wants that: sent in place of the other to a server that knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich: Option<String>,
    /// Buttons below it.
    pub keyboard: Option<Keyboard>,
    /// A PNG above it; the text is its caption then. Only cards have one, and they are rendered anew.
    #[serde(skip)]
    pub photo: Option<Arc<[u8]>>,
}

impl Content {
    /// Plain text, escaped.
    pub fn text(text: &str) -> Self {
        Self { html: escape(text), ..Self::default() }
    }

    /// Puts a sentence in front of it.
    pub(super) fn tell_first(&mut self, sentence: &str) {
        let sentence = format!("<i>{}</i>", escape(sentence));
        self.html.insert_str(0, &format!("{sentence}\n"));
        if let Some(rich) = &mut self.rich {
            rich.insert_str(0, &format!("<p>{sentence}</p>"));
        }
        // With it, the words may be too long for a caption.
        self.photo = self.photo.take().filter(|_| units(&self.html) <= MAX_CAPTION);
    }
}

/// The card of a job: what was asked, where it is, what came of it.
pub(super) fn card(snapshot: &Snapshot, now: SystemTime) -> Content {
    let job = &snapshot.job;
    let told = told(job);
    let mut html = format!(
        "{}{}\n<code>{}</code> · {}",
        sentences::submitted(job.id),
        by_schedule(job),
        command(job),
        status(snapshot, now)
    );
    if let Some(told) = &told {
        let _ = write!(html, "\n\n{}", told.html());
    }
    html.push_str(&programs::live(snapshot));
    if snapshot.paused {
        let _ = write!(html, "\n\n{}", sentences::paused());
    } else if let Some(hold) = snapshot.held {
        let _ = write!(html, "\n\n{}", sentences::fleet::held(hold));
    }
    let photo = told.as_ref().and_then(|told| told.photo.clone()).filter(|_| units(&html) <= MAX_CAPTION);
    Content { html, keyboard: keyboard(snapshot, told.as_ref()), photo, rich: None }
}

/// The answer to `job NUM`.
pub(super) fn result(snapshot: &Snapshot, now: SystemTime) -> Content {
    let job = &snapshot.job;
    let task = sentences::task(job.id);
    let line = format!("{task} · <code>{}</code> · {}", command(job), status(snapshot, now));
    let told = told(job);
    let words = match &told {
        // A document has it all.
        Some(told) if !told.complete && snapshot.times.len() > 1 => {
            escape(&lines_within(&told.text, BESIDE_MEMBERS))
        }
        Some(told) => told.html(),
        None => sentences::still_waiting() + &programs::live(snapshot),
    };
    let mut html = format!("{words}\n\n{line}{}", by_schedule(job));
    if snapshot.dropped {
        let _ = write!(html, "\n{}", sentences::digits_dropped(job.id));
    }
    let members = members(snapshot, now, MAX_MESSAGE.saturating_sub(units(&html)));
    html.push_str(&members);
    Content { html, keyboard: keyboard(snapshot, told.as_ref()), ..Content::default() }
}

/// The ways of a `-multi`'s members, a line each, in as many units as there is room for; first of all those that did not
/// end well.
fn members(snapshot: &Snapshot, now: SystemTime, room: usize) -> String {
    let Some(mut room) = room.checked_sub(MEMBERS_LEFT_OUT).filter(|_| snapshot.times.len() > 1) else {
        return String::new();
    };
    let members = snapshot.job.spec.members();
    let mut lines: Vec<_> = members.iter().zip(snapshot.times.iter()).collect();
    let is_well = |times: &MemberTimes| times.ended.is_none_or(|(_, how)| how == Ended::Succeeded);
    lines.sort_by_key(|(_, times)| is_well(times));
    let mut html = "\n".to_owned();
    for (index, (member, times)) in lines.iter().enumerate() {
        let line = escape(&timeline::member(&member.to_string(), times, now));
        let Some(left) = room.checked_sub(units(&line) + 1) else {
            let _ = write!(html, "\n{}", timeline::members_left_out(lines.len() - index));
            break;
        };
        room = left;
        html.push('\n');
        html.push_str(&line);
    }
    html
}

/// As many whole lines as there is room for.
fn lines_within(text: &str, limit: usize) -> String {
    let mut left = limit;
    let fits = |line: &&str| {
        let room = left.checked_sub(units(line) + 1);
        left = room.unwrap_or(0);
        room.is_some()
    };
    let mut kept = text.lines().take_while(fits).collect::<Vec<_>>().join("\n");
    if kept.len() < text.len() {
        kept.push_str("\n…");
    }
    kept
}

/// The message of its own about the end of a job that took long.
pub(super) fn announcement(job: &Job, now: SystemTime) -> Content {
    let ran = job.ran_for(now).map(duration);
    let ended = sentences::announced(job.state.word(), ran.as_deref());
    let mut html = format!("{} · <code>{}</code> {ended}", sentences::task(job.id), command(job));
    let mut keyboard = None;
    if let Some(told) = told(job) {
        let _ = write!(html, "\n\n{}", told.within(&cut(&told.text, MAX_NEWS), programs::FEW));
        let is_cut =
            !told.complete || units(&told.text) > MAX_NEWS || !programs::is_whole(&told.tail, programs::FEW);
        keyboard = is_cut.then(|| row(vec![Button::Result(job.id).labelled(labels::result())]));
    }
    Content { html, keyboard, ..Content::default() }
}

/// A kill's confirmation.
pub(super) fn kill_report(report: &KillReport) -> Content {
    let lines: Vec<_> =
        report.verdicts.iter().map(|(id, verdict)| sentences::verdict(*id, verdict)).collect();
    Content::text(&joined(&lines).0)
}

/// Whether a message holds less than the whole result.
pub(super) fn needs_whole(job: &Job) -> bool {
    match job.state.outcome() {
        Some(Outcome::Succeeded(Output::Printed(printed))) => printed.file.is_some(),
        Some(Outcome::Failed(Failure::Program(program))) => program.printed.file.is_some(),
        Some(Outcome::Succeeded(output)) => !tell(output).complete,
        _ => false,
    }
}

/// An end in words, as far as a message holds them.
#[derive(Default)]
struct Told {
    text: String,
    /// The last lines that a program printed.
    tail: String,
    /// Nothing was left out.
    complete: bool,
    photo: Option<Arc<[u8]>>,
}

impl Told {
    /// These of its words, and as many of the last lines.
    fn within(&self, words: &str, lines: (usize, usize)) -> String {
        let html = escape(words) + &programs::tail(&self.tail, lines);
        // There may be no words.
        html.trim_start().to_owned()
    }

    fn html(&self) -> String {
        self.within(&self.text, programs::MANY)
    }
}

fn told(job: &Job) -> Option<Told> {
    let words = |text| Told { text, complete: true, ..Told::default() };
    Some(match job.state.outcome()? {
        Outcome::Succeeded(Output::Printed(printed)) => programs::succeeded(printed),
        Outcome::Failed(Failure::Program(program)) => programs::failed(program),
        Outcome::Succeeded(output) => tell(output),
        Outcome::Failed(failure) => words(cut(&sentences::failure(failure), MAX_RESULT)),
        Outcome::Cancelled(reason) => words(sentences::cancelled(reason)),
    })
}

fn tell(output: &Output) -> Told {
    if let Output::Pokemon(members) = output
        && let [member] = members.as_slice()
        && let Ok(pokemon) = &member.result
    {
        let text = format!("{}\n{}", sentences::pokemon(pokemon), sentences::pokemon_details(pokemon));
        let (text, photo) = (cut(&text, MAX_RESULT), pokemon.sprite.clone());
        return Told { text, complete: true, photo, ..Told::default() };
    }
    // An equal share of the message for each number, less its sentence.
    let digits = match output {
        Output::Numbers(numbers) => {
            (MAX_RESULT / numbers.len().max(1)).saturating_sub(SENTENCE).max(SENTENCE)
        }
        Output::Pokemon(_) | Output::Printed(_) => 0,
    };
    let cut_digits =
        matches!(output, Output::Numbers(numbers) if numbers.iter().any(|n| n.digits.len() > digits));
    let (text, all) = joined(&lines(output, digits));
    Told { text, complete: all && !cut_digits, ..Told::default() }
}

/// As many lines as a message holds, and whether these are all.
fn joined(lines: &[String]) -> (String, bool) {
    let mut text = String::new();
    let mut left = MAX_RESULT;
    for (index, line) in lines.iter().enumerate() {
        let units = units(line) + 1;
        if units > left {
            let _ = write!(text, "{}", sentences::and_more(lines.len() - index));
            return (text, false);
        }
        left -= units;
        text.push_str(line);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    (text, true)
}

/// A sentence a member, numbers of more than `digits` cut.
pub(super) fn lines(output: &Output, digits: usize) -> Vec<String> {
    match output {
        Output::Numbers(numbers) => numbers.iter().map(|number| sentences::number(number, digits)).collect(),
        Output::Pokemon(members) => {
            let line = |member: &MemberResult| match &member.result {
                Ok(pokemon) => sentences::pokemon(pokemon),
                Err(failure) => sentences::member_failure(&member.key, failure),
            };
            members.iter().map(line).collect()
        }
        Output::Printed(printed) => printed.tail.lines().map(str::to_owned).collect(),
    }
}

/// Behind a task, where a schedule has made it: ` · schedule 3`.
fn by_schedule(job: &Job) -> String {
    let by = |number| format!(" · {}", sentences::schedules::by_schedule(number));
    job.origin.schedule().map(by).unwrap_or_default()
}

fn command(job: &Job) -> String {
    escape(&cut(&job.spec.to_string(), MAX_COMMAND))
}

/// `queued, waits for memory`, `succeeded in 0.2 s`; for a running job its progress on a line of its own, where a phone
/// has room for it.
fn status(snapshot: &Snapshot, now: SystemTime) -> String {
    let job = &snapshot.job;
    // A job that ran before is told from one that was never interrupted.
    let again = !job.state.is_finished() && job.attempt > 1;
    let word = if again {
        sentences::state_again(job.state.word(), job.attempt)
    } else {
        sentences::state(job.state.word())
    };
    if snapshot.held.is_some() {
        return word;
    }
    let word = if snapshot.waits_for_memory { sentences::waits_for_memory_in(&word) } else { word };
    if let Some(why) = waits_for_others(snapshot) {
        return sentences::waits_in(&word, &why);
    }
    if let Some(place) = waiting(snapshot) {
        return format!("{word}, {place}");
    }
    let Some(ran) = job.ran_for(now) else { return word };
    let mut status = match &job.state {
        State::Finished { outcome, .. } if matches!(**outcome, Outcome::Succeeded(_)) => {
            return sentences::succeeded_in(&word, &duration(ran));
        }
        State::Finished { .. } => return sentences::ended_after(&word, &duration(ran)),
        // The first second of a running job is no news, and a card may show it for some seconds.
        _ if ran.as_secs() == 0 => word,
        _ => sentences::since(&word, &duration(ran)),
    };
    if let Some(progress) = progress(snapshot, now) {
        let _ = write!(status, "\n{}", progress.line());
    }
    if let Some(words) = programs::words(snapshot) {
        let _ = write!(status, "\n{words}");
    }
    status
}

/// That a queued job waits for others of its command.
fn waits_for_others(snapshot: &Snapshot) -> Option<String> {
    let waits = snapshot.waits_for_others && snapshot.job.state == State::Queued && !snapshot.paused;
    let Spec::Declared(call) = &snapshot.job.spec else { return None };
    waits.then(|| sentences::allowed::waits_for_others(&call.name))
}

/// Where a queued job stands in the line: `4th, about 2 min`.
fn waiting(snapshot: &Snapshot) -> Option<String> {
    let is_queued = snapshot.job.state == State::Queued && !snapshot.paused;
    snapshot.place.filter(|_| is_queued).map(boards::place)
}

/// How far a running job is; nothing where it does not tell, or is about to stop.
fn progress(snapshot: &Snapshot, now: SystemTime) -> Option<Progress> {
    let State::Running { started } = snapshot.job.state else { return None };
    Some(Progress::new(snapshot.progress?, now.duration_since(started).unwrap_or_default()))
}

fn keyboard(snapshot: &Snapshot, told: Option<&Told>) -> Option<Keyboard> {
    let job = &snapshot.job;
    let (retry, whole) = (Button::Retry(job.id), Button::Whole(job.id));
    let retry = || retry.labelled(labels::retry());
    let buttons = match (&job.state, told) {
        (State::Queued | State::Running { .. }, _) => vec![Button::Kill(job.id).labelled(labels::kill())],
        (State::Finished { .. }, _) if snapshot.dropped => vec![retry()],
        (State::Finished { outcome, .. }, Some(told)) => match **outcome {
            Outcome::Succeeded(_) if told.complete => return None,
            Outcome::Succeeded(Output::Numbers(ref numbers)) if numbers.len() == 1 => {
                vec![whole.labelled(labels::whole_number())]
            }
            Outcome::Succeeded(Output::Printed(_)) => vec![whole.labelled(labels::whole_output())],
            Outcome::Succeeded(_) => vec![whole.labelled(labels::whole_result())],
            Outcome::Failed(Failure::Program(_)) if !told.complete => {
                vec![whole.labelled(labels::whole_output()), retry()]
            }
            Outcome::Failed(_) | Outcome::Cancelled(_) => vec![retry()],
        },
        _ => return None,
    };
    Some(row(buttons))
}

#[cfg(test)]
mod tests;
