//! What is told of declared programs.

use super::{cut, duration};
use crate::{
    job::{Excess, JobId, Printed, ProgramEnd, ProgramFailure},
    telegram::language::say,
};

/// Units of the last line beside the reason of a failure.
const LINE: usize = 120;

/// What came of a program that succeeded, beside its last lines.
pub(in crate::telegram) fn succeeded(printed: &Printed) -> String {
    let mut lines = Vec::new();
    if printed.bytes == 0 {
        lines.push(say!("program-printed-nothing"));
    }
    if !printed.made.is_empty() {
        lines.push(say!("program-made", count = printed.made.len()));
    }
    if printed.left_out > 0 {
        lines.push(say!("program-left-out", count = printed.left_out));
    }
    lines.extend(lost(printed));
    lines.join("\n")
}

/// Why a program did not succeed, in one line, with the last one that it printed.
pub(in crate::telegram) fn failure(failure: &ProgramFailure) -> String {
    let end = ended(failure);
    match failure.printed.tail.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{end} {}", cut(line.trim(), LINE)),
        None => end,
    }
}

/// How a program ended that did not succeed, and what could not be kept of its output.
pub(in crate::telegram) fn ended(failure: &ProgramFailure) -> String {
    [Some(end(&failure.end)), lost(&failure.printed)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn lost(printed: &Printed) -> Option<String> {
    (printed.lost > 0).then(|| say!("program-lost", size = size(printed.lost)))
}

/// How a program ended that did not succeed.
pub(in crate::telegram) fn end(end: &ProgramEnd) -> String {
    match end {
        ProgramEnd::Exited(status) => say!("program-exited", status = status.to_string()),
        ProgramEnd::Signalled(signal) => say!("program-signalled", signal = signal_name(*signal)),
        ProgramEnd::TookTooLong(limit) => say!("program-took-too-long", limit = duration(*limit)),
        ProgramEnd::TookTooMuch(Excess::Memory(limit)) => say!("program-took-memory", limit = size(*limit)),
        ProgramEnd::TookTooMuch(Excess::CpuTime(limit)) => say!("program-took-cpu", limit = duration(*limit)),
        ProgramEnd::TookTooMuch(Excess::Processes(limit)) => say!("program-took-processes", limit = *limit),
        ProgramEnd::Missing => say!("program-missing"),
        ProgramEnd::NotExecutable => say!("program-not-executable"),
        ProgramEnd::NotStarted(why) => say!("program-not-started", why = why),
        ProgramEnd::NotDeclared => say!("program-not-declared"),
        ProgramEnd::Unwatched => say!("program-unwatched"),
        ProgramEnd::PathOutside(path) => say!("program-path-outside", path = path),
        ProgramEnd::NoSuchPath(path) => say!("program-no-such-path", path = path),
    }
}

/// `SIGKILL (9)`; the numbers are Linux's of all processors but MIPS and SPARC, see signal(7).
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return signal.to_string(),
    };
    format!("{name} ({signal})")
}

/// Beside the output of a program as a document; where it is not all that was printed, that is said.
pub(in crate::telegram) fn output_caption(task: JobId, printed: &Printed, sent: u64) -> String {
    if sent < printed.bytes {
        return say!("program-output-cut", id = task.0, printed = size(printed.bytes), sent = size(sent));
    }
    say!("program-output", id = task.0)
}

/// Beside a file that a program made.
pub(in crate::telegram) fn file_caption(task: JobId, at: usize, of: usize) -> String {
    if of == 1 {
        say!("program-file", id = task.0)
    } else {
        say!("program-file-of", id = task.0, at = at, of = of)
    }
}

fn size(bytes: u64) -> String {
    super::documents::size(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_told() {
        let whole = Printed { bytes: 9, tail: "why".to_owned(), ..Printed::default() };
        let cut = Printed { lost: 2_000_000, left_out: 2, ..whole.clone() };
        assert_eq!(succeeded(&whole), "");
        let text = succeeded(&cut);
        assert!(
            text.contains("2 more files could not be sent: too large, empty, too many, or lost."),
            "{text}"
        );
        assert!(text.ends_with("of its output could not be kept."), "{text}");
        let failure = |printed| failure(&ProgramFailure { end: ProgramEnd::Exited(3), printed });
        assert_eq!(failure(whole), "It ended with status 3. why");
        let text = failure(cut);
        assert!(
            text.starts_with("It ended with status 3. ") && text.ends_with("could not be kept. why"),
            "{text}"
        );
    }
}
