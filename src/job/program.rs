//! What a program leaves behind: its output, files that it made, and how it ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a program printed and made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The last lines, as a terminal would show them, without colours: at most [`Printed::TAIL`] bytes.
    pub tail: String,
    /// Bytes that it printed, those included that nobody kept.
    pub bytes: u64,
    /// The whole output, where a card does not show all of it.
    pub file: Option<Kept>,
    /// Files that it made and that are to be sent.
    pub made: Vec<Made>,
    /// How many files it made beyond what is sent: too many, or too large.
    pub left_out: usize,
    /// Bytes of the output that were to be kept and could not be written: the disk was full.
    #[serde(default)]
    pub lost: u64,
}

impl Printed {
    /// Bytes of the last lines that are kept beside the outcome.
    pub const TAIL: usize = 2_000;
    /// Of the tail, the lines that a card shows, and UTF-16 units of each: what is longer fills the screen of a phone. [`Printed::TAIL`]
    /// bounds them together.
    pub const LINES: usize = 20;
    /// See [`Printed::LINES`].
    pub const LINE: usize = 200;

    /// Whether a card shows all of a tail. What it does not show is kept as a file.
    pub fn is_shown_whole(tail: &str) -> bool {
        let units = |line: &str| line.encode_utf16().count();
        let (lines, all) = (tail.lines().count(), tail.lines().map(|line| units(line) + 1).sum::<usize>());
        lines <= Self::LINES && all <= Self::TAIL && tail.lines().all(|line| units(line) <= Self::LINE)
    }

    /// The file that holds all that is kept of it, and how long that is; `None` where nothing is.
    pub fn kept(&self) -> Option<(&str, u64)> {
        let all = self.file.iter().chain(self.made.iter().map(|made| &made.kept));
        all.map(|kept| (kept.file.as_str(), kept.offset.saturating_add(kept.bytes)))
            .max_by_key(|(_, end)| *end)
    }

    /// Whether all that is kept of it is in this file.
    pub fn is_kept_in(&self, name: &str) -> bool {
        self.file.iter().chain(self.made.iter().map(|made| &made.kept)).all(|kept| kept.file == name)
    }

    /// The same, where that file is lost.
    #[must_use]
    pub fn without_file(self) -> Self {
        let lost = self.file.as_ref().map_or(0, |file| file.bytes);
        let left_out = self.left_out + self.made.len();
        Self { file: None, made: Vec::new(), left_out, lost: self.lost.saturating_add(lost), ..self }
    }
}

/// An output, or a file that was made, in a file of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The file's name in the store's folder of results. All that a job left stands in one.
    pub file: String,
    /// Where it begins there.
    #[serde(default)]
    pub offset: u64,
    /// Its length. Of an output that is longer than one may be, the beginning and the end are kept.
    pub bytes: u64,
}

/// A file that a program made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its own name, without folders.
    pub name: String,
    /// Where it is in the store's folder of results.
    pub kept: Kept,
}

/// A program that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFailure {
    /// How it ended.
    pub end: ProgramEnd,
    /// What it printed; of its two streams the errors are last.
    pub printed: Printed,
}

/// How a program ended that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramEnd {
    /// With this status, which is not 0.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It took longer than it may, and was stopped.
    TookTooLong(Duration),
    /// It and all that it started took too much together, and were killed.
    TookTooMuch(Excess),
    /// There is no such program.
    Missing,
    /// It must not be executed, or is nothing that can be.
    NotExecutable,
    /// It could not be started; the reason is for people.
    NotStarted(String),
    /// No command of this name is declared any more, or it takes other arguments now.
    NotDeclared,
    /// What watches over it was killed, so nobody knows how it would have ended; all of it that was left was killed, too.
    Unwatched,
    /// This path leads out of the folder that it has to be below.
    PathOutside(String),
    /// Nothing can be at this path.
    NoSuchPath(String),
}

/// What a program may have so much of and no more, together with all that it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Excess {
    /// Bytes of memory.
    Memory(u64),
    /// CPU time.
    CpuTime(Duration),
    /// Processes at once.
    Processes(u64),
}
