//! The bot as a process of its own, and what Linux and its own metrics say of it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// How often a second Linux counts a process's CPU time, on every architecture (`USER_HZ`).
const TICKS: f64 = 100.0;
/// Where the bot tells its metrics, if it does.
const METRICS: &str = "127.0.0.1:19187";

/// Dropping it kills the bot.
pub(crate) struct Bot {
    process: Child,
    /// Its data and its log.
    folder: TempDir,
    client: reqwest::Client,
}

/// What the bot has and has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Of all its threads, in seconds.
    pub(crate) cpu: f64,
    /// Resident, in kB; now, and the most it ever was.
    pub(crate) memory: u64,
    pub(crate) peak: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: u64,
}

impl Bot {
    pub(crate) fn start(telegram: &str, pokeapi: &str, paced: bool, flags: &[String]) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_jobboard"));
        // A developer's settings must not change what is measured.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JOBBOARD_")) {
            command.env_remove(name);
        }
        command.args(["--api-url", telegram, "--pokeapi-url", pokeapi]);
        if !paced {
            command.args(["--rate-all", "0", "--rate-private", "0", "--rate-group", "0"]);
        }
        command.args(flags).env("TELOXIDE_TOKEN", "4242:a-bot-under-load").env("JOBBOARD_HTTP_ADDR", METRICS);
        // Somebody who sends as much as a machine can is no person: what one may send is tested elsewhere.
        command.env("JOBBOARD_RATE_PERSON", "0");
        let log = File::create(log_of(folder.path()))?;
        let process = command
            .current_dir(folder.path())
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the bot does not start")?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        Ok(Self { process, folder, client })
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        let proc = Path::new("/proc").join(self.process.id().to_string());
        let stat = fs::read_to_string(proc.join("stat"))
            .with_context(|| format!("the bot is gone: {}", self.log()))?;
        let status = fs::read_to_string(proc.join("status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        // The second field, the program's name, may hold blanks.
        let fields: Vec<_> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks =
            |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        Ok(Usage {
            cpu: (ticks(11) + ticks(12)) / TICKS,
            memory: field("VmRSS:").unwrap_or_default(),
            peak: field("VmHWM:").unwrap_or_default(),
            descriptors: fs::read_dir(proc.join("fd"))?.count(),
            threads: field("Threads:").unwrap_or_default(),
        })
    }

    /// Tasks of the bot's async runtime, where it tells.
    pub(crate) async fn tasks(&self) -> Option<u64> {
        let url = format!("http://{METRICS}/metrics");
        let text = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let line = text.lines().find(|line| !line.starts_with('#') && line.contains("alive_tasks"))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// The last lines of its log.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(log_of(self.folder.path())).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("log")
}
