//! Real programs, run as the bot runs them.

mod bad;
mod folder;
mod gone;
mod kill;
mod output;
mod security;
mod together;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use jobboard::{
    declared::{Bounds, Declared, Files},
    job::{ChatId, Failure, JobId, Kept, Printed, ProgramEnd, ProgramFailure},
    nats::JobKey,
    work::{
        Control, Shown, Unfinished,
        programs::{Invocation, Programs, Settings},
    },
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing here takes so long.
const LONG: Duration = Duration::from_mins(1);

/// A data folder, and a folder with programs.
pub(super) struct Place {
    pub(super) root: tempfile::TempDir,
    programs: Arc<Programs>,
}

/// A program that runs.
pub(super) struct Running {
    pub(super) control: Arc<Control>,
    pub(super) cancel: CancellationToken,
    pub(super) exit: CancellationToken,
    task: JoinHandle<Result<Printed, Unfinished>>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(root.path().join("data"));
        settings.binary = Some(env!("CARGO_BIN_EXE_jobboard").into());
        change(&mut settings);
        let programs = Programs::new(Arc::new(Declared::default()), settings);
        Self { root, programs }
    }

    pub(super) fn programs(&self) -> Arc<Programs> {
        self.programs.clone()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A program of this name, which is a script for `/bin/sh`.
    pub(super) fn script(&self, text: &str) -> Invocation {
        let path = self.path(&format!("program-{}", rand::random::<u64>()));
        write_program(&path, format!("#!/bin/sh\n{text}\n"), 0o755);
        invocation(&path)
    }

    pub(super) fn start(&self, invocation: Invocation) -> Running {
        let (cancel, exit) = (CancellationToken::new(), CancellationToken::new());
        let control = Arc::new(Control::new(cancel.clone(), exit.clone()));
        let (programs, its) = (self.programs(), control.clone());
        let task = tokio::spawn(async move { programs.run_invocation(place(), invocation, &its).await });
        Running { control, cancel, exit, task }
    }

    pub(super) async fn run(&self, invocation: Invocation) -> Result<Printed, Unfinished> {
        self.start(invocation).end().await
    }

    /// A script that succeeds.
    pub(super) async fn succeeds(&self, text: &str) -> Printed {
        self.run(self.script(text)).await.unwrap()
    }

    /// A script that does not.
    pub(super) async fn fails(&self, text: &str) -> ProgramFailure {
        failed(self.run(self.script(text)).await)
    }

    /// What was kept.
    pub(super) fn read(&self, kept: &Kept) -> Vec<u8> {
        let file = fs::read(self.path("data/results").join(&kept.file)).unwrap();
        let (from, length) = (usize::try_from(kept.offset).unwrap(), usize::try_from(kept.bytes).unwrap());
        file[from..from + length].to_vec()
    }

    /// Names of the files in a folder of the data folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("data").join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

impl Running {
    pub(super) async fn end(self) -> Result<Printed, Unfinished> {
        tokio::time::timeout(LONG, self.task).await.expect("it does not end").unwrap()
    }

    /// Waits until it shows such a thing.
    pub(super) async fn shows(&self, wanted: impl Fn(&Shown) -> bool) -> Arc<Shown> {
        until(|| self.control.shown().filter(|shown| wanted(shown))).await
    }
}

pub(super) fn place() -> (JobKey, usize) {
    (JobKey { chat: ChatId(-7), job: JobId(3) }, 0)
}

pub(super) fn invocation(program: &Path) -> Invocation {
    Invocation {
        program: program.to_owned(),
        arguments: Vec::new(),
        folder: None,
        environment: Vec::new(),
        timeout: None,
        grace: Duration::from_secs(5),
        bounds: Bounds::default(),
        files: None,
    }
}

pub(super) fn write_program(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
pub(super) fn failed(end: Result<Printed, Unfinished>) -> ProgramFailure {
    match end {
        Err(Unfinished::Failed(Failure::Program(failure))) => *failure,
        other => panic!("{other:?}"),
    }
}

pub(super) fn files(patterns: &[&str], max_size: u64) -> Files {
    Files { patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(), max_size }
}

/// Waits for something that has to be looked for.
pub(super) async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LONG, "it does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Processes whose command line holds this.
pub(super) fn processes(of: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holds = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(of)
    };
    pids.filter(holds).collect()
}

/// A sleep that nobody else has: it is found by its time.
pub(super) fn sleep() -> String {
    format!("sleep 3{:09}", rand::random::<u32>() % 1_000_000_000)
}

/// Kills it, to its end.
pub(super) async fn stopped(running: Running) {
    running.cancel.cancel();
    let end = running.end().await;
    assert!(matches!(end, Err(Unfinished::Cancelled)), "{end:?}");
}

#[tokio::test]
async fn a_program_prints_and_succeeds() {
    let place = Place::new();
    let printed = place.succeeds("echo one; echo two >&2; echo three").await;
    assert_eq!(printed.bytes, 14);
    assert!(printed.tail.contains("one") && printed.tail.contains("two"), "{printed:?}");
    assert_eq!(printed.file, None, "the last lines are all of it");
    assert!(place.names("runs").is_empty() && place.names("results").is_empty());
}

#[tokio::test]
async fn arguments_are_no_shell_s_business() {
    let place = Place::new();
    let mut invocation = place.script(r#"for one in "$@"; do printf '<%s>\n' "$one"; done"#);
    let arguments = ["a b", "$(id)", "`id`", "; echo no", "*", "", "\"quoted\" 'too'", "-n", "ä\n", "\\"];
    invocation.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let printed = place.run(invocation).await.unwrap();
    assert_eq!(printed.tail, arguments.map(|argument| format!("<{argument}>")).join("\n"));
}

#[tokio::test]
async fn a_failure_tells_status_and_the_last_errors() {
    let place = Place::new();
    let failure = place.fails("echo result; echo first >&2; echo second >&2; exit 3").await;
    assert_eq!(failure.end, ProgramEnd::Exited(3));
    assert_eq!(failure.printed.tail, "first\nsecond");
    let kept = failure.printed.file.expect("the results are not among the last lines");
    assert!(String::from_utf8(place.read(&kept)).unwrap().contains("result"));
    // Where there are no errors, the results are what is left to say.
    let failure = place.fails("echo result; exit 1").await;
    assert_eq!((failure.end, failure.printed.tail.as_str()), (ProgramEnd::Exited(1), "result"));
}

#[tokio::test]
async fn a_failure_keeps_the_first_of_its_errors_however_much_it_printed() {
    let failure = Place::new().fails("head -c 100000 /dev/zero; echo why >&2; exit 1").await;
    assert_eq!(failure.printed.tail, "why");
    // And where there were more than are kept, none is shown that begins in its middle.
    let failure = Place::new().fails("yes 'a line of errors' | head -c 50001 >&2; exit 1").await;
    assert!(failure.printed.tail.lines().rev().skip(1).all(|line| line == "a line of errors"));
}

#[tokio::test]
async fn a_signal_is_told() {
    let failure = Place::new().fails("kill -SEGV $$").await;
    assert_eq!(failure.end, ProgramEnd::Signalled(11));
}
