//! What is told of declared programs.

use super::duration;
use crate::{
    job::{ProgramEnd, ProgramFailure},
    telegram::language::say,
};

/// Why a program did not succeed, and the last lines that it printed.
pub(in crate::telegram) fn failure(failure: &ProgramFailure) -> String {
    let end = end(&failure.end);
    match failure.printed.tail.trim_end() {
        "" => end,
        tail => format!("{end}\n{tail}"),
    }
}

fn end(end: &ProgramEnd) -> String {
    match end {
        ProgramEnd::Exited(status) => say!("program-exited", status = status.to_string()),
        ProgramEnd::Signalled(signal) => say!("program-signalled", signal = signal.to_string()),
        ProgramEnd::TookTooLong(limit) => say!("program-took-too-long", limit = duration(*limit)),
        ProgramEnd::Missing => say!("program-missing"),
        ProgramEnd::NotExecutable => say!("program-not-executable"),
        ProgramEnd::NotStarted(why) => say!("program-not-started", why = why),
        ProgramEnd::NotDeclared => say!("program-not-declared"),
        ProgramEnd::PathOutside(path) => say!("program-path-outside", path = path),
    }
}
