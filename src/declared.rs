//! Commands that the operator declares: any program, with typed arguments, gets everything that the board gives.
//!
//! A [`Catalog`] is what one file declares; it never changes. [`Declared`] is the one that holds now, which a reload replaces.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use crate::job::ChatId;

/// All commands of one file, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    declarations: Vec<Arc<Declaration>>,
}

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
    /// Admins of the chat, and the bot's owners.
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
    /// Bytes of memory, a process.
    pub memory: Option<u64>,
    /// CPU time, a process.
    pub cpu_time: Option<Duration>,
    /// Files that a process has open at once.
    pub open_files: Option<u64>,
    /// Processes of the user that it runs as.
    pub processes: Option<u64>,
    /// Bytes of one file that it writes.
    pub file_size: Option<u64>,
}

impl FromIterator<Declaration> for Catalog {
    fn from_iter<T: IntoIterator<Item = Declaration>>(declarations: T) -> Self {
        Self { declarations: declarations.into_iter().map(Arc::new).collect() }
    }
}

impl Catalog {
    /// The command of this name: lower case, with underscores.
    pub fn get(&self, name: &str) -> Option<&Arc<Declaration>> {
        self.declarations.iter().find(|declaration| declaration.name == name)
    }

    /// All commands, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Declaration>> {
        self.declarations.iter()
    }
}

/// The catalog that holds now.
#[derive(Debug, Default)]
pub struct Declared {
    // A std lock: it is held to clone or to replace one pointer.
    current: RwLock<Arc<Catalog>>,
}

impl Declared {
    /// Begins with this one.
    pub fn new(catalog: Catalog) -> Arc<Self> {
        Arc::new(Self { current: RwLock::new(Arc::new(catalog)) })
    }

    /// What is declared now.
    pub fn current(&self) -> Arc<Catalog> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on, this is what is declared.
    pub fn replace(&self, catalog: Catalog) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}
