//! What can be wrong with a command.

use std::{borrow::Cow, sync::Arc};

use super::{ScheduleError, Slip};
use crate::declared::Declaration;

/// A mistake in a command that was for us. The sentence a person reads is made in `telegram::sentences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The first word is no command, or the argument of `help` is none.
    UnknownCommand {
        /// As it was written.
        word: String,
        /// The nearest command, if one is near.
        suggestion: Option<Cow<'static, str>>,
    },
    /// What stands behind a declared command is not what it takes.
    Declared {
        /// The command.
        command: Arc<Declaration>,
        /// What is wrong.
        slip: Slip,
    },
    /// A declared command is for others.
    NotAllowed {
        /// The command.
        command: Arc<Declaration>,
        /// In a private chat, where nobody is an admin.
        private: bool,
    },
    /// An argument is missing.
    Missing {
        /// The command's name.
        command: &'static str,
        /// What is missing.
        what: Wanted,
    },
    /// There is a word more than the command takes.
    TooMany {
        /// The command's name.
        command: &'static str,
        /// The first word too many.
        word: String,
        /// All arguments, separated by blanks.
        words: String,
    },
    /// More than the command takes.
    TooManyNamed {
        /// The command's name.
        command: &'static str,
        /// How many it takes.
        most: usize,
        /// How many there were.
        count: usize,
    },
    /// It is for the bot's owners, in their private chats.
    OwnersOnly {
        /// The command's name.
        command: &'static str,
    },
    /// Not a chat's id.
    NotAChat {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
    /// Not a whole number in the digits 0 to 9.
    NotANumber {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
    /// Counting starts at 1.
    Zero {
        /// The command's name.
        command: &'static str,
    },
    /// Beyond 64 bits, and so beyond every limit.
    TooLarge {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
    /// A task's number beyond 64 bits: no board has it.
    NoSuchTask {
        /// As it was written.
        word: String,
    },
    /// Not a task's number.
    NotATask {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
    /// A chat has no such setting.
    NoSuchSetting {
        /// As it was written.
        word: String,
        /// The nearest setting, if one is near.
        suggestion: Option<&'static str>,
    },
    /// The setting has no such value.
    NotAValue {
        /// The setting.
        key: &'static str,
        /// As it was written; empty where nothing was.
        word: String,
        /// What it may be.
        values: &'static [&'static str],
    },
    /// There is no such time zone.
    NotAZone {
        /// As it was written; empty where nothing was.
        word: String,
        /// The nearest one, if one is near.
        suggestion: Option<&'static str>,
    },
    /// It is about when something is run.
    Schedule(ScheduleError),
    /// Neither `light` nor `dark`.
    NotATheme {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
    /// Neither a number nor a name in PokeAPI's spelling.
    NotAPokemon {
        /// The command's name.
        command: &'static str,
        /// As it was written.
        word: String,
    },
}

/// What a command wants and did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A Pokémon's number or name.
    Pokemon,
    /// Several of these.
    ManyPokemon,
    /// A counting number.
    Number,
    /// Several of these.
    Numbers,
    /// A task's number.
    Task,
    /// Tasks' numbers, or `all`.
    Tasks,
    /// A setting's name.
    Setting,
    /// A command's name.
    Command,
    /// Light or dark.
    Theme,
    /// A chat's id.
    Chat,
    /// When something is to be run.
    When,
    /// What is to be run then.
    Scheduled,
    /// Schedules' numbers.
    Schedules,
}
