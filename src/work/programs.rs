//! Declared programs, run as processes of their own.
//!
//! No shell has a part in it: a program gets its arguments as they are, an environment that holds nothing of the bot's, and an
//! empty stdin. Between it and the bot stands a [supervisor](crate::supervise), so that nothing of it is left, however it ends.

mod filing;
mod made;
mod output;
mod progress;
mod records;
mod room;
mod run;
mod screen;
mod supervised;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use self::{
    filing::Filed,
    made::Found,
    output::Output,
    records::Record,
    run::{End, Run, Stopped, Times},
    supervised::Supervised,
};
use super::{Control, Unfinished};
pub use crate::declared::Invocation;
use crate::{
    declared::{Bounds, Declared, Files, PATH},
    job::{Call, Failure, Printed, ProgramEnd},
    nats::JobKey,
    supervise::protocol::{Ended, Limits, Order, Refusal},
};

/// Bytes of an output that are kept unless a setting says otherwise.
pub const MAX_OUTPUT: u64 = 10_000_000;

/// How programs are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder: programs run in its `work` where nothing else is declared, `runs` tells a next bot what to end, and
    /// `results` gets what they leave.
    pub data: PathBuf,
    /// Bytes of an output that are kept: its beginning and its end.
    pub max_output: u64,
    /// How long a program may run that has no limit of its own.
    pub timeout: Duration,
    /// Between SIGTERM and SIGKILL where the bot itself ends, at most.
    pub exit_grace: Duration,
    /// The bot's binary, where it is not what this process runs: in tests.
    pub binary: Option<PathBuf>,
}

impl Settings {
    /// What holds for a data folder unless something else is said.
    pub fn new(data: PathBuf) -> Self {
        let (timeout, exit_grace) = (Duration::from_mins(10), Duration::from_secs(1));
        Self { data, max_output: MAX_OUTPUT, timeout, exit_grace, binary: None }
    }
}

/// Runs programs.
#[derive(Debug)]
pub struct Programs {
    declared: Arc<Declared>,
    settings: Settings,
}

impl Programs {
    /// Runs what is declared.
    pub fn new(declared: Arc<Declared>, settings: Settings) -> Arc<Self> {
        // Programs run elsewhere: a folder that is named from here would be another one there.
        let data = std::path::absolute(&settings.data).unwrap_or_else(|_| settings.data.clone());
        Arc::new(Self { declared, settings: Settings { data, ..settings } })
    }

    /// Hides this process's memory and environment, the token above all, from programs, which are of the same user: for a bot
    /// before its first program. Who is root, and may trace any process, is not held off by it.
    ///
    /// # Errors
    /// Where the system cannot.
    pub fn hide_this_process() -> io::Result<()> {
        Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }

    /// Ends what an earlier bot on the same data folder has left running. Gives the number of processes. Blocks.
    ///
    /// # Errors
    /// Where its records cannot be read.
    pub fn sweep(&self) -> io::Result<usize> {
        records::sweep(&self.runs())
    }

    /// Whether a command is run again when it was interrupted.
    pub fn runs_again(&self, name: &str) -> bool {
        self.declared.current().get(name).is_some_and(|declaration| declaration.rerun)
    }

    /// What it runs.
    pub fn declared(&self) -> &Arc<Declared> {
        &self.declared
    }

    /// Runs a program to its end. It returns only when the last of its processes is gone.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn run(
        &self,
        place: (JobKey, usize),
        call: &Call,
        control: &Arc<Control>,
    ) -> Result<Printed, Unfinished> {
        let catalog = self.declared.current();
        let declaration = catalog.get(&call.name).cloned();
        let declaration = declaration.ok_or_else(|| Unfinished::Failed(Failure::not_declared()))?;
        let call = call.clone();
        // It looks at folders.
        let invocation = tokio::task::spawn_blocking(move || declaration.invocation(&call)).await;
        let invocation = invocation.map_err(|_| Unfinished::Failed(Failure::Panicked))?;
        let failed = |end| Unfinished::Failed(Failure::program(end, Printed::default()));
        self.run_invocation(place, invocation.map_err(failed)?, control).await
    }

    /// The same, of what was looked up.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn run_invocation(
        &self,
        place: (JobKey, usize),
        invocation: Invocation,
        control: &Arc<Control>,
    ) -> Result<Printed, Unfinished> {
        let limit = invocation.timeout.unwrap_or(self.settings.timeout);
        let began = SystemTime::now();
        let (end, stopped, output) = match self.start(place.0, &invocation).await {
            Ok((supervised, output)) => {
                let times = Times { limit, grace: invocation.grace, exit_grace: self.settings.exit_grace };
                Run::new(control, supervised, output, times).run().await
            }
            Err(error) => {
                tracing::error!(%error, "a program could not be started");
                return Err(Unfinished::Failed(Failure::program(
                    ProgramEnd::NotStarted(error.to_string()),
                    Printed::default(),
                )));
            }
        };
        if let End::Refused(why) = &end {
            // Where things are is the operator's to know, not the chat's.
            tracing::warn!(program = %invocation.program.display(), ?why, "a program could not be started");
        }
        let end = match (stopped, end) {
            (Some(Stopped::Cancelled), _) => {
                output.remove().await;
                return Err(Unfinished::Cancelled);
            }
            (Some(Stopped::TookTooLong), _) => Some(ProgramEnd::TookTooLong(limit)),
            (None, end) => failure(end),
        };
        let files = invocation.files.filter(|_| end.is_none()).map(|files| (files, invocation.folder, began));
        let printed = self.printed(place.0, output, end.is_some(), files).await;
        match end {
            None => Ok(printed),
            Some(end) => Err(Unfinished::Failed(Failure::program(end, printed))),
        }
    }

    /// Starts the supervisor, and through it the program.
    async fn start(
        &self,
        job: JobKey,
        invocation: &Invocation,
    ) -> io::Result<((Supervised, supervised::Streams), Output)> {
        let (results, work) = (self.results(), self.folder(invocation.folder.as_deref()));
        let own = invocation.folder.is_none().then(|| work.clone());
        let folders =
            move || [Some(results), own].into_iter().flatten().try_for_each(std::fs::create_dir_all);
        tokio::task::spawn_blocking(folders).await.map_err(io::Error::other)??;
        let mark = format!("{:032x}", rand::random::<u128>());
        let order = Order {
            program: invocation.program.clone(),
            arguments: invocation.arguments.clone(),
            folder: work,
            environment: environment(job, &mark, &invocation.environment),
            limits: limits(&invocation.bounds),
        };
        let binary = self.settings.binary.clone().unwrap_or_else(|| "/proc/self/exe".into());
        let supervised = Supervised::start(binary, self.runs(), mark, &order).await?;
        let output =
            Output::new(self.results().join(format!("{}.part", file_name(job))), self.settings.max_output);
        Ok((supervised, output))
    }

    /// What it printed, and made, is kept.
    async fn printed(
        &self,
        job: JobKey,
        output: Output,
        failed: bool,
        files: Option<(Files, Option<PathBuf>, SystemTime)>,
    ) -> Printed {
        let (results, name) = (self.results(), file_name(job));
        let files = files.map(|(files, folder, since)| (files, self.folder(folder.as_deref()), since));
        let file = move || {
            let bytes = output.bytes();
            let tail = tail(&output, failed);
            let with_output = !(is_all(&output, &tail) && Printed::is_shown_whole(&tail));
            let found = files
                .map_or_else(Found::default, |(files, folder, since)| made::find(&folder, &files, since));
            let Filed { output: file, made, left_out, lost } =
                filing::keep(output, with_output, found, &results, &name);
            Printed { tail, bytes, file, made, left_out, lost }
        };
        // It does not panic.
        tokio::task::spawn_blocking(file).await.unwrap_or_default()
    }

    fn folder(&self, declared: Option<&Path>) -> PathBuf {
        declared.map_or_else(|| self.settings.data.join("work"), Path::to_owned)
    }

    fn results(&self) -> PathBuf {
        self.settings.data.join("results")
    }

    fn runs(&self) -> PathBuf {
        self.settings.data.join("runs")
    }
}

/// The file of the results that holds what a job's program left.
pub(super) fn file_name(job: JobKey) -> String {
    format!("{}-{}.out", job.chat.0, job.job.0)
}

/// All that a program knows of where it runs. What is declared comes last: it may say otherwise.
fn environment(job: JobKey, mark: &str, declared: &[(String, String)]) -> Vec<(String, String)> {
    let own = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    let given = |name: &str, value: String| Some((name.to_owned(), value));
    let mut all: Vec<(String, String)> = [
        given("PATH", PATH.to_owned()),
        given("LANG", "C.UTF-8".to_owned()),
        own("HOME"),
        own("TZ"),
        given("JOBBOARD_CHAT", job.chat.0.to_string()),
        given("JOBBOARD_TASK", job.job.0.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.extend_from_slice(declared);
    all.push(Record::variable(mark));
    all
}

fn limits(bounds: &Bounds) -> Limits {
    let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    Limits {
        memory: bounds.memory,
        cpu_seconds: bounds.cpu_time.map(seconds),
        open_files: bounds.open_files,
        processes: bounds.processes,
        file_size: bounds.file_size,
    }
}

/// Why it did not succeed; `None` where it did.
fn failure(end: End) -> Option<ProgramEnd> {
    Some(match end {
        End::Ended(Ended::Exited(0)) => return None,
        End::Ended(Ended::Exited(status)) => ProgramEnd::Exited(status),
        End::Ended(Ended::Signalled(signal)) => ProgramEnd::Signalled(signal),
        End::Ended(Ended::TookTooMuch(excess)) => ProgramEnd::TookTooMuch(excess),
        End::Refused(Refusal::Missing) => ProgramEnd::Missing,
        End::Refused(Refusal::NotExecutable) => ProgramEnd::NotExecutable,
        End::Refused(Refusal::Other(why) | Refusal::At(why, _)) => ProgramEnd::NotStarted(why),
        End::Unwatched => ProgramEnd::Unwatched,
    })
}

/// The last lines: of a failure those of its errors, where it printed any.
fn tail(output: &Output, failed: bool) -> String {
    let last = |(printed, is_all)| screen::last_lines(printed, is_all, Printed::TAIL);
    let errors = if failed { last(output.last_errors()) } else { String::new() };
    if errors.is_empty() { last(output.last()) } else { errors }
}

/// Whether the last lines are all that was printed.
fn is_all(output: &Output, tail: &str) -> bool {
    let (both, is_all) = output.last();
    is_all && std::str::from_utf8(both).is_ok_and(|printed| printed.trim_end() == tail)
}
