//! Bots as processes of their own, and what Linux says of them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use jobboard::sandbox::{Options, Sandbox};
use tempfile::TempDir;

use crate::echo;

/// How often a second Linux counts a process's CPU time, on every architecture (`USER_HZ`).
const TICKS: u64 = 100;

/// Which bot answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Jobboard,
    /// A bare echo bot made with teloxide.
    Echo,
    /// A bare echo bot made with grammY, on node.
    GrammY,
    /// A bare echo bot made with aiogram, on Python.
    Aiogram,
}

/// Which cores a bot may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    All,
    /// The last one; its Telegram has the others, and shares none where there are two.
    One,
}

/// A sandbox and a bot that polls it; dropping it kills the bot.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    bot: Child,
    /// Its data and its log.
    folder: TempDir,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Of all its threads, in user and system mode.
    pub(crate) cpu: Duration,
    /// The most memory it ever had resident, in bytes.
    pub(crate) peak: u64,
}

impl World {
    /// Starts both. Nothing is limited: neither the bot's paces nor the sandbox's.
    pub(crate) async fn start(kind: Kind, cores: Cores) -> Result<Self> {
        let options = Options { call_log: false, ..Options::default() };
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.context("the sandbox does not start")?;
        let folder = TempDir::new()?;
        let mut command = match kind {
            Kind::Jobboard => jobboard(&sandbox, &token),
            Kind::Echo => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([echo::ARGUMENT, &sandbox.url(), &token]);
                command
            }
            Kind::GrammY | Kind::Aiogram => {
                let [program, script] =
                    kind.installed().with_context(|| format!("{kind:?} is not installed"))?;
                let mut command = Command::new(program);
                command.arg(script).args([&sandbox.url(), &token]);
                command
            }
        };
        if cores == Cores::One {
            command = pinned(&command);
        }
        // The log goes where an operator would have it: a file. It is part of the work.
        let log = File::create(log_of(folder.path()))?;
        let bot = command
            .current_dir(folder.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{kind:?} does not start"))?;
        Ok(Self { sandbox, bot, folder })
    }

    /// What the bot has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let proc = Path::new("/proc").join(self.bot.id().to_string());
        let stat = fs::read_to_string(proc.join("stat")).context("the bot is gone")?;
        let status = fs::read_to_string(proc.join("status"))?;
        let (Some(cpu), Some(peak)) = (cpu(&stat), peak(&status)) else { bail!("/proc is not Linux's") };
        Ok(Usage { cpu, peak })
    }

    /// Waits for something that the bot does, for `limit` at most.
    pub(crate) async fn bounded<T>(&self, limit: Duration, wait: impl Future<Output = T>) -> Result<T> {
        if let Ok(done) = tokio::time::timeout(limit, wait).await {
            return Ok(done);
        }
        let log = fs::read_to_string(log_of(self.folder.path())).unwrap_or_default();
        let last: Vec<_> = log.lines().rev().take(5).collect();
        bail!("the bot did not answer within {limit:?}; its last words, latest first: {last:#?}")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.bot.kill();
        let _ = self.bot.wait();
    }
}

impl Kind {
    /// Interpreter and script of a bot in another language, where `scripts/echo-bots` has put what they need.
    pub(crate) fn installed(self) -> Option<[PathBuf; 2]> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/echo-bots");
        let found = match self {
            Self::GrammY => [PathBuf::from("node"), folder.join("grammy.mjs")],
            Self::Aiogram => [folder.join("venv/bin/python"), folder.join("aiogram_echo.py")],
            Self::Jobboard | Self::Echo => return None,
        };
        found[1].exists().then_some(found)
    }
}

/// The same command on the machine's last core.
fn pinned(command: &Command) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &(cores - 1).to_string()]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    pinned
}

fn jobboard(sandbox: &Sandbox, token: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobboard"));
    command.args(["--api-url", &sandbox.url(), "--pokeapi-url", &sandbox.pokeapi_url()]);
    command.args(["--rate-all", "0", "--rate-private", "0", "--rate-group", "0", "--rate-person", "0"]);
    command.args(["--max-live-jobs-person", "1000000"]);
    command.env("TELOXIDE_TOKEN", token);
    // A developer's settings must not change what is measured.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JOBBOARD_")) {
        command.env_remove(name);
    }
    command
}

fn log_of(folder: &Path) -> std::path::PathBuf {
    folder.join("log")
}

/// Fields 14 and 15 of `/proc/PID/stat`; the second field, the program's name, may hold blanks.
fn cpu(stat: &str) -> Option<Duration> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS))
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
