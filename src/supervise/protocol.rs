//! What bot, supervisor and launcher say to each other: JSON, a line each.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::job::Excess;

/// The supervisor's mode.
pub(crate) const SUPERVISE: &str = "supervise-program";
/// The launcher's.
pub(crate) const LAUNCH: &str = "launch-program";

/// What is to be run, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program's file.
    pub(crate) program: PathBuf,
    /// What it gets after its name.
    pub(crate) arguments: Vec<String>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// All of its environment.
    pub(crate) environment: Vec<(String, String)>,
    /// What it may take.
    pub(crate) limits: Limits,
}

/// What is not set is not bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Bytes of address space of a process, and of memory of all together.
    pub(crate) memory: Option<u64>,
    /// Seconds of CPU time of a process, and of all together.
    pub(crate) cpu_seconds: Option<u64>,
    /// Open files of a process.
    pub(crate) open_files: Option<u64>,
    /// Processes at once.
    pub(crate) processes: Option<u64>,
    /// Bytes of one file.
    pub(crate) file_size: Option<u64>,
}

/// What the bot says after the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Word {
    /// It is to end: SIGTERM now, SIGKILL after the grace. A later word may shorten the grace.
    Stop {
        /// In milliseconds.
        grace: u64,
    },
}

impl Word {
    /// To end within that time.
    pub(crate) fn stop(grace: Duration) -> Self {
        Self::Stop { grace: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What the supervisor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// It runs.
    Started {
        /// Its process, which leads its group.
        pid: u32,
    },
    /// It does not; nothing is left.
    Refused(Refusal),
    /// It has ended, and the last of its processes is gone.
    Gone(Ended),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It was killed, since it and what it started took too much together.
    TookTooMuch(Excess),
}

/// Why a program did not begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// It is not there.
    Missing,
    /// It must not be executed, or is nothing that can be.
    NotExecutable,
    /// Anything else; for people, who need not know where things are on the machine.
    Other(String),
    /// The same, of something at this path, which is for the operator alone.
    At(String, PathBuf),
}

/// Writes a line.
pub(crate) fn say(mut to: impl Write, what: &impl Serialize) -> io::Result<()> {
    to.write_all(&line(what)?)
}

/// Something as a line.
pub(crate) fn line(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a line; `None` where the other side is gone.
pub(crate) fn hear<T: DeserializeOwned>(mut from: impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
