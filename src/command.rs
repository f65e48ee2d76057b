//! The grammar: text → a command, an error to be answered, or nothing for us. Pure.
//!
//! [`COMMANDS`] is the one table that parsing, `help`, the command menu and did-you-mean are read from.

mod arguments;
mod error;
mod language;
mod quoted;
mod schedule;
mod setting;
mod table;
mod words;

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{
    arguments::Slip,
    error::{ParseError, Wanted},
    language::Language,
    quoted::Misquoted,
    schedule::ScheduleError,
    setting::{SETTINGS, Setting},
    table::{COMMANDS, Entry, MAX_NAMED},
};
use self::{
    table::known,
    words::{Args, first_word, normalise},
};
use crate::{
    declared::{Catalog, Declaration, Viewer},
    job::{ChatId, JobId, Spec, write_list},
    schedule::{ScheduleId, When},
};

/// Something a person wants from the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A new job.
    Submit(Spec),
    /// A new job, later or again and again.
    Schedule(When, Spec),
    /// What is scheduled.
    Schedules,
    /// Run these no more; never empty.
    Unschedule(Vec<ScheduleId>),
    /// A task's result; the chat's newest task where none is named.
    Job(Option<JobId>),
    /// Cancel these tasks; never empty.
    Kill(Vec<JobId>),
    /// Cancel every unfinished task of the chat.
    KillAll,
    /// Run a failed or cancelled task again.
    Retry(JobId),
    /// The board.
    Dash,
    /// The chat's settings, or another value for one of them.
    Settings(Option<Setting>),
    /// A picture of the last tasks.
    Timeline(Theme),
    /// What can be said, or one command's lines.
    Help(Option<Topic>),
    /// Telegram's first command.
    Start,
    /// Stop the bot in good order.
    Quit,
    /// Let this chat in; none: who is let in.
    Allow(Option<ChatId>),
    /// Let this chat out; none: who is let in.
    Deny(Option<ChatId>),
    /// How the bot is doing.
    Stats,
    /// Who does the work.
    Workers,
    /// Start no more tasks.
    Pause,
    /// Start tasks again.
    Resume,
    /// Read the operator's file again.
    Reload,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(spec) => spec.fmt(f),
            Self::Schedule(when, spec) => write!(f, "{when} {spec}"),
            Self::Schedules => f.write_str("schedules"),
            Self::Unschedule(ids) => {
                write_list(f, "unschedule", &ids.iter().map(|id| id.0).collect::<Vec<_>>())
            }
            Self::Job(Some(id)) => write!(f, "job {}", id.0),
            Self::Job(None) => f.write_str("job"),
            Self::Kill(ids) => write_list(f, "kill", &ids.iter().map(|id| id.0).collect::<Vec<_>>()),
            Self::KillAll => f.write_str("kill all"),
            Self::Retry(id) => write!(f, "retry {}", id.0),
            Self::Dash => f.write_str("dash"),
            Self::Settings(None) => f.write_str("settings"),
            Self::Settings(Some(setting)) => write!(f, "settings {} {}", setting.key(), setting.value()),
            Self::Timeline(theme) => write!(f, "timeline {}", theme.word()),
            Self::Help(Some(topic)) => write!(f, "help {}", topic.name()),
            Self::Help(None) => f.write_str("help"),
            Self::Start => f.write_str("start"),
            Self::Quit => f.write_str("quit"),
            Self::Allow(None) => f.write_str("allow"),
            Self::Allow(Some(chat)) => write!(f, "allow {}", chat.0),
            Self::Deny(None) => f.write_str("deny"),
            Self::Deny(Some(chat)) => write!(f, "deny {}", chat.0),
            Self::Stats => f.write_str("stats"),
            Self::Workers => f.write_str("workers"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Reload => f.write_str("reload"),
        }
    }
}

/// A command that `help` is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// One of the bot's own.
    Own(&'static Entry),
    /// One that the operator has declared.
    Declared(Arc<Declaration>),
}

impl Topic {
    /// The command's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(entry) => entry.name,
            Self::Declared(declaration) => &declaration.name,
        }
    }
}

/// The colours of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// As people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What the grammar must know of the message beside its text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// A private chat: everything is for us.
    pub private: bool,
    /// One of the bot's owners in their private chat.
    pub owner: bool,
    /// The bot's username, without `@`.
    pub bot: &'a str,
    /// The message replies to one of the bot's own.
    pub reply_to_bot: bool,
    /// The task that message is about, where it is about one.
    pub card: Option<JobId>,
    /// What the operator declares.
    pub catalog: &'a Catalog,
    /// Who says it, as far as that decides what is declared for them.
    pub viewer: Viewer,
}

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// To be done.
    Command(Command),
    /// To be answered.
    Error(ParseError),
    /// Chatter, or another bot's command: no answer.
    NotForUs,
}

/// Reads one message. Never panics, whatever the text.
pub fn parse(text: &str, context: Context<'_>) -> Parsed {
    let Some(first) = first_word(text, context.bot) else { return Parsed::NotForUs };
    let for_us = match first.mention {
        Some(mention) => mention.eq_ignore_ascii_case(context.bot),
        None => context.private || first.slash || context.reply_to_bot,
    };
    if !for_us {
        return Parsed::NotForUs;
    }
    // In a group an unknown command may be another bot's, a reply may be thanks.
    let surely_ours = context.private || first.mention.is_some();
    let name = normalise(first.name);
    if !surely_ours && known(&name).is_none() && context.catalog.get(&name).is_none() {
        return Parsed::NotForUs;
    }
    match read(first.name, first.rest, context) {
        Ok(command) => Parsed::Command(command),
        Err(error) => Parsed::Error(error),
    }
}

/// The command of this name with what is behind it, whether it is said now or scheduled.
fn read(name: &str, rest: &str, context: Context<'_>) -> Result<Command, ParseError> {
    let normal = normalise(name);
    let Some(entry) = known(&normal) else {
        let declaration = context.catalog.get(&normal).ok_or_else(|| unknown(name, context))?;
        return declared(declaration, rest, context);
    };
    if entry.owners && !context.owner {
        return Err(ParseError::OwnersOnly { command: entry.name });
    }
    (entry.build)(&mut Args::new(entry.name, rest, context))
}

/// Reads a declared command. Whatever stands behind it, the others hear that it is not theirs; where only Telegram knows whether it
/// is, that is asked for what could be done.
fn declared(declaration: &Arc<Declaration>, rest: &str, context: Context<'_>) -> Result<Command, ParseError> {
    if declaration.allow.permits(&context.viewer) == Some(false) {
        let (command, private) = (declaration.clone(), context.private);
        return Err(ParseError::NotAllowed { command, private });
    }
    arguments::call(declaration, rest).map(Spec::Declared).map(Command::Submit)
}

/// What is meant by a word after `help`: a command that they may say.
fn topic(word: &str, context: Context<'_>) -> Option<Topic> {
    let name = normalise(word);
    let own = known(&name).filter(|entry| context.owner || !entry.owners).map(Topic::Own);
    let declared = || context.catalog.get(&name).filter(|declared| declared.is_shown_to(&context.viewer));
    own.or_else(|| declared().cloned().map(Topic::Declared))
}

/// The error for a word that is no command, with the nearest one that this person may say, if it is near.
fn unknown(word: &str, context: Context<'_>) -> ParseError {
    let name = normalise(word);
    let own = COMMANDS.iter().filter(|entry| context.owner || !entry.owners).map(|entry| entry.name);
    let shown = context.catalog.iter().filter(|declared| declared.is_shown_to(&context.viewer));
    let all = own.map(Cow::Borrowed).chain(shown.map(|declared| Cow::Owned(declared.name.clone())));
    let distance = |known: &str| strsim::damerau_levenshtein(&known.replace('_', "-"), &name);
    // Half of a short word may be wrong by chance: one letter in three.
    let is_near = |known: &Cow<'_, str>| distance(known) <= (known.len().max(name.len()) / 3).max(1);
    let near = all.min_by_key(|known| distance(known)).filter(|known| is_near(known) && name.len() > 1);
    ParseError::UnknownCommand { word: word.to_owned(), suggestion: near }
}

/// The names of all commands of the bot's own.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|entry| entry.name)
}

#[cfg(test)]
mod tests;
