//! Commands that the operator declares: any program, with typed arguments, gets everything that the board gives.
//!
//! A [`Catalog`] is what one file declares; it never changes. [`Declared`] is the one that holds now, which a reload replaces.

mod catalog;
mod file;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod invocation;
mod item;
mod pattern;
mod program;
mod read;
mod template;
#[cfg(test)]
mod tests;
mod twice;
mod value;

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, time::Duration};

pub use self::{
    catalog::{Catalog, Declared},
    file::{FileError, Mistake},
    invocation::Invocation,
    value::{MAX_REST, MAX_VALUE, Unfit},
};
pub(crate) use self::{
    pattern::{Part as PatternPart, parts},
    program::PATH,
};
use crate::job::ChatId;

/// A command as its operator declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What people type: `[a-z0-9_]`, 1 to 32, and none of the bot's own.
    pub name: String,
    /// One line for people.
    pub help: String,
    /// What may be said after the name, in this order.
    pub parameters: Vec<Parameter>,
    /// The program's file.
    pub program: PathBuf,
    /// What it gets, an argument each.
    pub args: Vec<Template>,
    /// Where it runs; the data folder's `work` unless it is set.
    pub folder: Option<PathBuf>,
    /// Beside the few variables that every program gets.
    pub environment: BTreeMap<String, String>,
    /// How long it may run; as any job unless it is set.
    pub timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// How many of it run at once, in all chats together.
    pub at_once: Option<NonZeroUsize>,
    /// How many of it run at once in one chat.
    pub at_once_per_chat: Option<NonZeroUsize>,
    /// CPU slots that it takes; 0: a slot of IO.
    pub weight: u16,
    /// Who may run it.
    pub allow: Allow,
    /// Whether who asks for it is asked again before it runs.
    pub confirm: bool,
    /// Whether it runs again after a crash of the bot.
    pub rerun: bool,
    /// Files that it makes and that are sent when it succeeded.
    pub files: Option<Files>,
    /// What it may take of the machine.
    pub bounds: Bounds,
}

/// One thing that may be said after a command's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As it stands in `{name}`.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// Whether it may be left out: then the arguments that name it are left out, too.
    pub optional: bool,
    /// Whether it may start with a hyphen, and be taken for an option by the program.
    pub allow_hyphen: bool,
}

/// What an argument may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One word.
    Word,
    /// A whole number within bounds, which are in it.
    Int {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// One of these.
    Choice(Vec<String>),
    /// One word, or several in quotes; the last parameter takes the rest of the line as it is.
    Text,
    /// A day, `2026-11-29`.
    Date,
    /// A path below this folder.
    Path(PathBuf),
    /// All words that are left, each an argument of its own.
    Rest,
}

/// One of a program's arguments, with places for what was said: `--db={db}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The value of the parameter of this name.
    Value(String),
}

/// Who may run a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allow {
    /// Everybody.
    #[default]
    Everyone,
    /// Admins of the group, and the bot's owners. A private chat has no admins: anybody could open one.
    Admins,
    /// The bot's owners.
    Owners,
    /// These people, and everybody in these chats; and the bot's owners.
    Listed {
        /// Telegram's ids of users.
        people: Vec<i64>,
        /// Ids of chats.
        chats: Vec<ChatId>,
    },
}

/// Files that a program makes below its folder, and that are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Glob patterns, relative to the folder.
    pub patterns: Vec<String>,
    /// Bytes of one file, at most.
    pub max_size: u64,
}

/// What a program may take of the machine; what is not set is not bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory: of address space of each process, and of what is resident of all together.
    pub memory: Option<u64>,
    /// CPU time, of each process and of all together.
    pub cpu_time: Option<Duration>,
    /// Files that a process has open at once.
    pub open_files: Option<u64>,
    /// Processes at once, with all that it starts.
    pub processes: Option<u64>,
    /// Bytes of one file that it writes.
    pub file_size: Option<u64>,
}

/// Who looks at commands, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Telegram's id of the user; 0 where it is not known, as of an anonymous admin.
    pub person: i64,
    /// The chat.
    pub chat: ChatId,
    /// One of the bot's owners.
    pub owner: bool,
    /// Whether they are an admin of the group; `None` where only Telegram knows.
    pub admin: Option<bool>,
}

impl Viewer {
    /// Somebody who may only do what everybody may.
    pub const NOBODY: Self = Self { person: 0, chat: ChatId(0), owner: false, admin: Some(false) };
}

impl Allow {
    /// Whether they may run it; `None` where that depends on what only Telegram knows.
    pub fn permits(&self, viewer: &Viewer) -> Option<bool> {
        match self {
            Self::Everyone => Some(true),
            _ if viewer.owner => Some(true),
            Self::Admins => viewer.admin,
            Self::Owners => Some(false),
            Self::Listed { people, chats } => {
                let is_listed = viewer.person > 0 && people.contains(&viewer.person);
                Some(is_listed || chats.contains(&viewer.chat))
            }
        }
    }
}

impl Declaration {
    /// Whether they are shown it: it is known that they may run it.
    pub fn is_shown_to(&self, viewer: &Viewer) -> bool {
        self.allow.permits(viewer) == Some(true)
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// What is said after the name, as people read it: `shop|wiki [FRAMES] [TEXT …]`.
    pub fn usage(&self) -> String {
        self.parameters.iter().map(Parameter::usage).collect::<Vec<_>>().join(" ")
    }

    /// A line that can be said as it is.
    pub fn example(&self) -> String {
        let examples = self.parameters.iter().map(Parameter::example);
        std::iter::once(self.name.clone()).chain(examples).collect::<Vec<_>>().join(" ")
    }
}

/// A choice that is longer is shown by its parameter's name.
const MAX_SHOWN_CHOICE: usize = 40;

impl Parameter {
    /// `NAME`, `a|b`, `NAME …`; in brackets where it may be left out.
    pub fn usage(&self) -> String {
        let name = self.name.to_uppercase();
        let shown = match &self.kind {
            Kind::Choice(values) => Some(values.join("|")).filter(|all| all.len() <= MAX_SHOWN_CHOICE),
            Kind::Rest => Some(format!("{name} …")),
            _ => None,
        };
        let shown = shown.unwrap_or(name);
        if self.optional { format!("[{shown}]") } else { shown }
    }

    /// A value that it takes.
    pub fn example(&self) -> String {
        match &self.kind {
            Kind::Int { min, max } => 10.clamp(*min, *max).to_string(),
            Kind::Choice(values) => values.first().cloned().unwrap_or_default(),
            Kind::Date => "2026-11-29".to_owned(),
            Kind::Word | Kind::Text | Kind::Path(_) | Kind::Rest => self.name.clone(),
        }
    }
}
