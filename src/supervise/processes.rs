//! Processes as `/proc` shows them, and how all of a kind are ended, also while they make more.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
};

/// Passes over all processes that stop what was found, until no more is: each leaves less that can fork.
const PASSES: usize = 20;

/// A process. Its number may be another's later; with its start it is the same for ever, until the machine starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: i32,
    /// When it began, in ticks since the machine's start.
    pub(crate) start: u64,
    /// Who began it, or whom it fell to.
    pub(crate) parent: i32,
    /// Its session.
    pub(crate) session: i32,
    /// It has ended, and nobody has looked yet.
    pub(crate) is_dead: bool,
}

impl Process {
    /// As it is now; `None` where it is not there.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// All that can be seen.
    pub(crate) fn all() -> Vec<Self> {
        let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
        let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        folder.flatten().filter_map(pid).filter_map(Self::of).collect()
    }

    /// The name, which stands in brackets, may hold anything, brackets included.
    fn parse(pid: i32, stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            pid,
            is_dead: matches!(*fields.first()?, "Z" | "X" | "x"),
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }

    /// Whether its environment, as it was when it was executed, has this line.
    pub(crate) fn has_variable(&self, line: &str) -> bool {
        let environment =
            fs::read(Path::new("/proc").join(self.pid.to_string()).join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == line.as_bytes())
    }

    /// Sends a signal to this process and to no other one, whatever became of its number. Whether it was there.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        let is_same = || Self::of(self.pid).is_some_and(|now| now.start == self.start);
        match pidfd_open(pid, PidfdFlags::empty()) {
            // From here on the number cannot become another's unseen.
            Ok(fd) => is_same() && pidfd_send_signal(fd, signal).is_ok(),
            Err(Errno::NOSYS | Errno::PERM | Errno::MFILE | Errno::NFILE) => {
                is_same() && kill_process(pid, signal).is_ok()
            }
            Err(_) => false,
        }
    }
}

/// How many threads the user of this process has.
pub(crate) fn threads_of_user() -> u64 {
    let Ok(folder) = fs::read_dir("/proc") else { return 0 };
    let user = rustix::process::geteuid().as_raw();
    let is_own = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|metadata| metadata.uid() == user);
    let threads = |entry: fs::DirEntry| {
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("Threads:"))?;
        line.trim().parse::<u64>().ok()
    };
    folder.flatten().filter(is_own).filter_map(threads).sum()
}

/// All below these, and they themselves where they are in the list, that have not ended.
pub(crate) fn below(all: &[Process], roots: impl IntoIterator<Item = i32>) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<&Process>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process);
    }
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut open: Vec<i32> = roots.into_iter().collect();
    let itself: HashMap<i32, &Process> = all.iter().map(|process| (process.pid, process)).collect();
    while let Some(pid) = open.pop() {
        if !seen.insert(pid) {
            continue;
        }
        found.extend(itself.get(&pid).map(|process| **process));
        open.extend(children.get(&pid).into_iter().flatten().map(|process| process.pid));
    }
    found.retain(|process| !process.is_dead);
    found
}

/// Kills all that `find` finds, now: first nobody of them goes on, so that nobody makes more. How many there were at last.
pub(crate) fn kill_all(find: impl Fn() -> Vec<Process>) -> usize {
    let mut stopped: HashSet<Process> = HashSet::new();
    for _ in 0..PASSES {
        let mut news = false;
        for process in find() {
            // Whom a process falls to changes when another one ends.
            let process = Process { parent: 0, ..process };
            if stopped.insert(process) {
                news = true;
                process.signal(Signal::STOP);
            }
        }
        if !news {
            break;
        }
    }
    stopped.iter().filter(|process| process.signal(Signal::KILL)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let rest = "S 7 42 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 2 3";
        for name in ["sh", "a b", ") Z 1 1 1", "((", ""] {
            let found = Process::parse(42, &format!("42 ({name}) {rest}"));
            let wanted = Process { pid: 42, start: 98765, parent: 7, session: 41, is_dead: false };
            assert_eq!(found, Some(wanted), "{name}");
        }
        assert_eq!(Process::parse(42, "42 (sh) S 7"), None);
        assert_eq!(Process::parse(42, ""), None);
    }

    #[test]
    fn below_is_a_tree_also_where_numbers_go_round() {
        let process = |pid, parent| Process { pid, parent, start: 1, session: 1, is_dead: pid == 5 };
        let all = [
            process(1, 0),
            process(2, 1),
            process(3, 2),
            process(4, 1),
            process(5, 3),
            process(6, 5),
            process(8, 9),
            process(9, 8),
        ];
        let pids = |root| {
            let mut pids: Vec<_> = below(&all, [root]).into_iter().map(|process| process.pid).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(pids(2), [2, 3, 6]);
        assert_eq!(pids(4), [4]);
        assert_eq!(pids(7), [0; 0]);
        assert_eq!(pids(8), [8, 9]);
    }

    #[test]
    fn no_signal_reaches_another_process_of_the_same_number() {
        let me = Process::of(std::process::id().cast_signed()).unwrap();
        assert!(me.signal(Signal::CONT));
        assert!(!Process { start: me.start + 1, ..me }.signal(Signal::KILL));
    }
}
