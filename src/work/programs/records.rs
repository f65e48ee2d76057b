//! Runs of programs as records in the data folder: a bot that finds one knows what to look for, and to end.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::supervise::processes::{Process, below, kill_all};

/// The variable by which a program's processes are known, unless they clear it away.
const MARK: &str = "JOBBOARD_RUN";
/// Between two rounds of killing.
const AGAIN: Duration = Duration::from_millis(20);
/// What cannot be killed in that time hangs in the kernel, and goes when it can.
const ROUNDS: usize = 250;

/// What is known of a run whose bot may die.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Of this start of the machine, and of this container: elsewhere, numbers are of others.
    machine: String,
    /// The supervisor, which leads a session.
    pid: i32,
    /// Its start.
    start: u64,
    /// The run's own name, made at random.
    mark: String,
}

/// A record that is on the disk for as long as this is there.
#[derive(Debug)]
pub(super) struct Recorded {
    path: PathBuf,
    record: Record,
    /// It stays on the disk: somebody is left, whom the next start has to end.
    stays: bool,
}

/// What came of killing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Killed {
    /// How many were killed.
    pub(super) killed: usize,
    /// How many are there all the same: they hang in the kernel.
    pub(super) left: usize,
}

impl Record {
    /// Of a supervisor that runs; `None` where it does not any more.
    pub(super) fn of(supervisor: u32, mark: String) -> Option<Self> {
        let process = Process::of(supervisor.cast_signed())?;
        Some(Self { machine: machine(), pid: process.pid, start: process.start, mark })
    }

    /// The variable of its program's environment.
    pub(super) fn variable(mark: &str) -> (String, String) {
        (MARK.to_owned(), mark.to_owned())
    }

    /// Writes it down. Blocks.
    pub(super) fn write(self, folder: &Path) -> io::Result<Recorded> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.json", self.mark));
        fs::write(&path, serde_json::to_vec(&self)?)?;
        Ok(Recorded { path, record: self, stays: false })
    }

    /// Kills all that there is of it: the supervisor and everybody below it, those that carry its mark, and, where the supervisor
    /// is known to have been there a moment ago, its session. Blocks, until nobody is left or that takes too long.
    fn kill(&self, with_session: bool) -> Killed {
        let mut killed = 0;
        for _ in 0..ROUNDS {
            if self.processes(with_session).is_empty() {
                return Killed { killed, left: 0 };
            }
            killed += kill_all(|| self.processes(with_session));
            std::thread::sleep(AGAIN);
        }
        Killed { killed, left: self.processes(with_session).len() }
    }

    fn processes(&self, with_session: bool) -> Vec<Process> {
        if self.machine != machine() {
            return Vec::new();
        }
        let (all, me) = (Process::all(), std::process::id().cast_signed());
        let variable = format!("{MARK}={}", self.mark);
        let is_ours = |process: &&Process| {
            let is_supervisor = process.pid == self.pid && process.start == self.start;
            // A number of a session that is in use is nobody else's.
            let is_in_session = with_session && process.session == self.pid && process.start >= self.start;
            is_supervisor || is_in_session || process.has_variable(&variable)
        };
        let roots: Vec<i32> = all.iter().filter(is_ours).map(|process| process.pid).collect();
        let mut found = below(&all, roots);
        found.retain(|process| process.pid != me);
        found
    }
}

impl Recorded {
    /// Kills all that there is of a run whose supervisor was there a moment ago. Where somebody is left, so is the record. Blocks.
    pub(super) fn kill(mut self) -> Killed {
        let killed = self.record.kill(true);
        self.stays = killed.left > 0;
        killed
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        // Who finds it at the next start finds nobody.
        fs::remove_file(&self.path).ok();
    }
}

/// Ends what runs of an earlier bot have left. How many processes there were. What cannot be looked at, or ended, stays for the
/// next start. Blocks.
pub(super) fn sweep(folder: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut killed = 0;
    for entry in entries {
        match entry.and_then(|entry| end(&entry.path())) {
            Ok(more) => killed += more,
            Err(error) => tracing::error!(%error, "what an earlier run has left could not be ended"),
        }
    }
    Ok(killed)
}

/// Ends what a record is of.
fn end(path: &Path) -> io::Result<usize> {
    // One that makes no sense was never written as a whole, so its program had not begun.
    let ended = serde_json::from_slice::<Record>(&fs::read(path)?).map(|record| record.kill(false));
    let Killed { killed, left } = ended.unwrap_or(Killed { killed: 0, left: 0 });
    if left > 0 {
        tracing::error!(left, "an earlier run has left processes that cannot be killed");
    } else {
        fs::remove_file(path)?;
    }
    Ok(killed)
}

/// What the numbers of processes are of.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{} {}", boot.trim(), space.display())
}
