//! Every setting, once: flag, variable, default, help. Durations that people need not set are [`Timings`].

mod clock;
mod effective;
mod http;
mod machines;
mod memory;
mod operation;
mod timings;
mod values;

use std::{
    ffi::OsString,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{
    Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::values::{fib_number, url};
pub use self::{
    clock::Clock,
    effective::Effective,
    http::{WebhookSecret, WebhookUrl},
    machines::{Machines, NatsUrls, Role},
    operation::Operation,
    timings::Timings,
    values::{Ids, KillPolicy, LogFormat, Token},
};
pub(crate) use self::{memory::size, values::time_limit};
use crate::{store::Keep, work::fib::MAX_N};

/// Far above the cores of any machine: a number beyond it is a mistake, and its threads would stop the machine.
const MAX_CPU_WORKERS: i64 = 1024;

/// Where the sandbox's page is unless `--port` says otherwise.
pub const SANDBOX_PORT: u16 = 8787;

/// The Bot API: bots send files of up to 50 MB.
const MAX_DOCUMENT: u64 = 50_000_000;

/// How long the board of a chat that has removed the bot is kept for its return.
const KEEP_AWAY: Duration = Duration::from_hours(30 * 24);

const DEFAULT_POKEAPI: &str = "https://pokeapi.co/api/v2";

/// A Telegram bot that gives every chat a shared job board.
#[derive(Debug, Parser)]
#[command(name = "jobboard", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do; without it, the bot runs against Telegram.
    #[command(subcommand)]
    pub mode: Option<Mode>,
    /// The settings.
    #[command(flatten)]
    pub config: Config,
    /// How each setting came about, for who asks for it.
    #[arg(skip)]
    pub effective: Vec<Effective>,
}

const AFTER_HELP: &str = "Every setting is a flag and a variable of the environment; a file `.env` in the working \
                          folder is read too. RUST_LOG says what is logged (info).";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Mode {
    /// Try the bot in the browser: no token, no internet
    Sandbox {
        /// The page's port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value_t = SANDBOX_PORT)]
        port: u16,
    },
    /// Run tasks for a bot of `--role bot`: needs `JOBBOARD_NATS_URL` and `JOBBOARD_BOT_ID`, and no token
    Worker,
    /// Print one Fibonacci number: its digits on stdout, how long it took on stderr
    Fib(OneFib),
    /// What an operator asks.
    #[command(flatten)]
    Operate(Operation),
}

/// What `jobboard fib` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct OneFib {
    /// Which one, counted from the 1st = 0
    #[arg(value_name = "NUM", value_parser = fib_number)]
    pub n: u64,
    /// Threads to compute it with [default: one for each core]
    #[arg(long, value_name = "NUM", value_parser = clap::value_parser!(u16).range(1..=MAX_CPU_WORKERS))]
    pub threads: Option<u16>,
}

impl OneFib {
    /// Reads `fib NUM` and `fib NUM --threads NUM` by hand. It wants none of the settings, and to look for them takes longer than
    /// a short number: `None` is for [`Cli::read`], which takes all that is right and tells what is wrong.
    pub fn read(args: &[OsString]) -> Option<Self> {
        let words: Vec<_> = args.iter().skip(1).map(|word| word.to_str()).collect::<Option<_>>()?;
        let (n, threads) = match words[..] {
            ["fib", n] => (n, None),
            ["fib", n, "--threads", threads] => (n, Some(threads.parse().ok()?)),
            _ => return None,
        };
        let fits = threads.is_none_or(|threads| (1..=MAX_CPU_WORKERS).contains(&i64::from(threads)));
        fits.then_some(Self { n: fib_number(n).ok()?, threads })
    }
}

/// The settings that people make.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The bot's token, from @BotFather
    #[arg(
        long,
        global = true,
        env = "TELOXIDE_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    pub token: Token,

    /// The Bot API server
    #[arg(long, global = true, env = "TELOXIDE_API_URL", default_value = "https://api.telegram.org", value_parser = url)]
    pub api_url: String,

    /// PokeAPI; in the sandbox a small one of its own unless this is set
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_POKEAPI_URL",
        default_value = DEFAULT_POKEAPI,
        value_parser = url
    )]
    pub pokeapi_url: String,

    /// The folder for what survives the process; made at the start where it is missing
    #[arg(long, global = true, env = "JOBBOARD_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// Ids of the people who own the bot, separated by commas: they may stop it, kill every task, say who may use it, and
    /// pause it
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_OWNERS",
        default_value = "",
        hide_default_value = true,
        value_name = "IDS"
    )]
    pub owners: Ids,

    /// Who may kill a task in a group, or run it again
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_KILL_POLICY",
        default_value = "owner-or-admin",
        value_name = "POLICY"
    )]
    pub kill_policy: KillPolicy,

    /// Ids of the chats that may use the bot, separated by commas; empty: every chat. What owners allow and deny comes
    /// first
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_ALLOWED_CHATS",
        default_value = "",
        hide_default_value = true,
        value_name = "IDS"
    )]
    pub allowed_chats: Ids,

    /// A file that declares more commands: programs of this machine, with what may be said after their names
    #[arg(long, global = true, env = "JOBBOARD_JOBS_FILE", value_name = "FILE")]
    pub jobs_file: Option<PathBuf>,

    /// Threads for CPU jobs [default: one for each core]
    #[arg(long, global = true, env = "JOBBOARD_CPU_WORKERS", value_name = "NUM",
          value_parser = clap::value_parser!(u16).range(1..=MAX_CPU_WORKERS))]
    pub cpu_workers: Option<u16>,

    /// IO jobs that run at once
    #[arg(long, global = true, env = "JOBBOARD_IO_CONCURRENCY", default_value = "32", value_name = "NUM")]
    pub io_concurrency: NonZeroUsize,

    /// Memory that all running tasks may take together, with a unit: 512MB, 1.5GiB [default: half of what the machine
    /// or its container has]
    #[arg(long, global = true, env = "JOBBOARD_MEMORY", value_name = "SIZE", value_parser = memory::size)]
    pub memory: Option<u64>,

    /// The largest number `fib` takes
    #[arg(long, global = true, env = "JOBBOARD_MAX_FIB", default_value_t = MAX_N, value_name = "NUM",
          value_parser = clap::value_parser!(u64).range(1..=MAX_N))]
    pub max_fib: u64,

    /// Unfinished tasks a chat may have
    #[arg(long, global = true, env = "JOBBOARD_MAX_LIVE_JOBS", default_value = "100", value_name = "NUM")]
    pub max_live_jobs: NonZeroUsize,

    /// Unfinished tasks a person may have, in all chats together [default: as many as a chat]
    #[arg(long, global = true, env = "JOBBOARD_MAX_LIVE_JOBS_PERSON", value_name = "NUM")]
    pub max_live_jobs_person: Option<NonZeroUsize>,

    /// Unfinished tasks of all chats together; with more, the bot says when to try again
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_MAX_LIVE_JOBS_ALL",
        default_value = "10000",
        value_name = "NUM"
    )]
    pub max_live_jobs_all: NonZeroUsize,

    /// Numbers, or Pokémon, of one `fib-multi` or `dex-multi`
    #[arg(long, global = true, env = "JOBBOARD_MAX_MEMBERS", default_value = "100", value_name = "NUM")]
    pub max_members: NonZeroUsize,

    /// Schedules a chat may have; 0: none
    #[arg(long, global = true, env = "JOBBOARD_MAX_SCHEDULES", default_value_t = 20, value_name = "NUM")]
    pub max_schedules: usize,

    /// How long a task may run, with a unit: 90s, 10m, 1h
    #[arg(long, global = true, env = "JOBBOARD_JOB_TIMEOUT", default_value = "10m", value_name = "TIME", value_parser = time_limit)]
    pub job_timeout: Duration,

    /// Crashes of the bot at which a task may have been running; after that many it is left alone
    #[arg(long, global = true, env = "JOBBOARD_MAX_ATTEMPTS", default_value = "3", value_name = "NUM")]
    pub max_attempts: NonZeroU32,

    /// Finished tasks that a chat's board keeps
    #[arg(long, global = true, env = "JOBBOARD_KEEP_JOBS", default_value = "1000", value_name = "NUM")]
    pub keep_jobs: NonZeroUsize,

    /// How long a finished task is kept, with a unit: 12h, 30d
    #[arg(long, global = true, env = "JOBBOARD_KEEP_FOR", default_value = "30d", value_name = "TIME", value_parser = time_limit)]
    pub keep_for: Duration,

    /// Megabytes that the files of long results may take together; the oldest are dropped first
    #[arg(long, global = true, env = "JOBBOARD_KEEP_MB", default_value_t = 2_000, value_name = "NUM")]
    pub keep_mb: u64,

    /// How much of what a declared program prints is kept, with a unit: its beginning and its end
    #[arg(long, global = true, env = "JOBBOARD_MAX_OUTPUT", default_value = "10MB", value_name = "SIZE", value_parser = memory::size)]
    pub max_output: u64,

    /// Messages a second in all; 0: no limit
    #[arg(long, global = true, env = "JOBBOARD_RATE_ALL", default_value_t = 30, value_name = "NUM")]
    pub rate_all: u32,

    /// Messages a minute in one private chat, in bursts of up to 5; 0: no limit
    #[arg(long, global = true, env = "JOBBOARD_RATE_PRIVATE", default_value_t = 60, value_name = "NUM")]
    pub rate_private: u32,

    /// Messages a minute in one group; 0: no limit
    #[arg(long, global = true, env = "JOBBOARD_RATE_GROUP", default_value_t = 20, value_name = "NUM")]
    pub rate_group: u32,

    /// Commands a minute that are taken from one person, in all chats together; the bot's owners are free of it; 0: no
    /// limit
    #[arg(long, global = true, env = "JOBBOARD_RATE_PERSON", default_value_t = 60, value_name = "NUM")]
    pub rate_person: u32,

    /// Address for health, metrics and updates by webhook: IP:PORT, or only a port, which is one of 127.0.0.1; off where
    /// nothing is set
    #[arg(long, global = true, env = "JOBBOARD_HTTP_ADDR", value_name = "ADDRESS", value_parser = http::address)]
    pub http_addr: Option<SocketAddr>,

    /// The https:// address at which Telegram reaches that address, for updates by webhook; polling where nothing is set
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_WEBHOOK_URL",
        hide_env_values = true,
        value_name = "URL",
        requires = "http_addr"
    )]
    pub webhook_url: Option<WebhookUrl>,

    /// What Telegram shows with each update by webhook: 1 to 256 of A-Z a-z 0-9 _ - [default: made at random]
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub webhook_secret: Option<WebhookSecret>,

    /// Many machines.
    #[command(flatten)]
    pub machines: Machines,

    /// How log lines look
    #[arg(long, global = true, env = "JOBBOARD_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Bytes of the largest document that Telegram takes. No flag sets it.
    #[arg(skip = MAX_DOCUMENT)]
    pub max_document: u64,

    /// What no flag sets.
    #[arg(skip)]
    pub timings: Timings,

    /// The bot's binary, where it is not what this process runs: tests say it.
    #[arg(skip)]
    pub binary: Option<PathBuf>,
    /// What time it is for schedules. No flag sets it.
    #[arg(skip)]
    pub clock: Clock,
}

impl Config {
    /// The same for a bot in the sandbox. A PokeAPI that somebody set stays.
    #[must_use]
    pub fn for_sandbox(self, token: &str, api_url: &str, pokeapi_url: &str) -> Self {
        let is_default = self.pokeapi_url == DEFAULT_POKEAPI;
        Self {
            token: Token(token.to_owned()),
            api_url: api_url.to_owned(),
            pokeapi_url: if is_default { pokeapi_url.to_owned() } else { self.pokeapi_url },
            // It brings updates to this machine only.
            webhook_url: self.webhook_url.filter(WebhookUrl::is_local),
            ..self
        }
    }

    /// What is kept of finished jobs.
    pub fn keep(&self) -> Keep {
        Keep {
            jobs: self.keep_jobs.get(),
            time: self.keep_for,
            bytes: self.keep_mb.saturating_mul(1_000_000),
            away: KEEP_AWAY,
        }
    }

    /// Bytes that all running jobs may take together. Where it is not set, the machine is asked.
    pub fn memory(&self) -> u64 {
        self.memory.unwrap_or_else(|| memory::default(Path::new("/")))
    }

    /// Bytes of memory that the machine or the process's container has, where that can be read.
    pub fn machine_memory() -> Option<u64> {
        memory::available(Path::new("/"))
    }

    /// The id of the bot that this process is, or works for; `None` where neither it nor a token is set.
    pub fn bot_id(&self) -> Option<u64> {
        self.machines.bot_id.or(self.token.bot_id())
    }

    /// Threads for CPU jobs.
    pub fn cpu_workers(&self) -> usize {
        self.cpu_workers.map_or_else(cores, usize::from)
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Why there are no settings.
#[derive(Debug)]
pub enum CliError {
    /// `--help` or `--version`: the text to print.
    Shown(String),
    /// One line that names the setting.
    Bad(String),
}

impl Cli {
    /// Reads flags and variables.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, CliError> {
        // `NAME=` in a compose file or an env file means "not set".
        let is_empty =
            |arg: &Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        let command = Self::command().mut_args(|arg| if is_empty(&arg) { arg.env(None) } else { arg });
        let read = command
            .clone()
            .try_get_matches_from(args)
            .and_then(|matches| Self::from_arg_matches(&matches).map(|cli| (matches, cli)));
        let read = read.map(|(matches, mut cli)| {
            if matches!(cli.mode, Some(Mode::Operate(Operation::Check))) {
                cli.effective = effective::effective(&matches, &cli.config);
            }
            cli
        });
        let cli = read.map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => CliError::Shown(error.render().to_string()),
            _ => CliError::Bad(one_line(&command, &error)),
        })?;
        cli.check().map_err(|line| CliError::Bad(line.to_owned()))?;
        Ok(cli)
    }
}

/// clap's message in one line, with the variable's name beside the flag's: the value may come from either.
fn one_line(command: &clap::Command, error: &clap::Error) -> String {
    if let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg)
        && missing.iter().any(|flag| flag.starts_with("--http-addr"))
    {
        return "JOBBOARD_WEBHOOK_URL: JOBBOARD_HTTP_ADDR has to be set, too: updates come in there"
            .to_owned();
    }
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    let mut line = line.strip_prefix("error: ").unwrap_or(line).to_owned();
    // What clap has in the lines below.
    let below = [ContextKind::InvalidArg, ContextKind::ValidValue];
    for names in below.into_iter().filter_map(|kind| error.get(kind)) {
        if let ContextValue::Strings(names) = names
            && !names.is_empty()
        {
            line = format!("{}: {}", line.trim_end_matches(':'), names.join(", "));
        }
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return line };
    let name = flag.split(' ').next().unwrap_or_default().trim_start_matches("--");
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(name));
    // clap quotes the value.
    if arg.is_some_and(Arg::is_hide_env_values_set) {
        line =
            std::error::Error::source(error).map_or_else(|| "a wrong value".to_owned(), ToString::to_string);
    }
    match arg.and_then(Arg::get_env) {
        Some(variable) => format!("{}: {line}", variable.to_string_lossy()),
        None => line,
    }
}
