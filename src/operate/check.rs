//! `jobboard check`: what would keep a bot with these settings from working, said before it starts or while it runs.

use std::{
    fmt, io,
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime},
};

use reqwest::{Client, header::DATE, redirect::Policy};
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;

use super::{OperateError, health, nats, print, size};
use crate::{
    command,
    config::{Cli, Config},
    declared::{Catalog, Declaration},
    log,
    store::{OpenError, Store},
    telegram::{self, WebhookState, api::ApiError},
};

/// How long each of the servers may take.
const LIMIT: Duration = Duration::from_secs(10);
/// A clock that is off by more shows wrong times, and may refuse TLS.
const MAX_SKEW: Duration = Duration::from_secs(5);
/// Calls under way, look-ups, the store and what HTTP needs, twice.
const MIN_FILES: u64 = 512;
/// A disk with less is about full.
const MIN_FREE: u64 = 500_000_000;

/// How one thing stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Ok,
    Warning,
    /// It may pass by itself.
    Wrong,
    /// Only another setting helps.
    Settings,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong | Self::Settings => "wrong",
        })
    }
}

/// Prints a line for each thing, and remembers the worst.
pub(super) struct Report {
    worst: Standing,
}

impl Report {
    pub(super) fn line(&mut self, standing: Standing, what: &str, text: impl fmt::Display) {
        // What others sent, as a bot's name or an error, must not make lines of its own, and may hold the token.
        let text = log::without_secrets(&text.to_string());
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        print(format!("{standing:<8} {what}: {text}\n").as_bytes());
        self.worst = self.worst.max(standing);
    }
}

/// Looks at everything, whatever is wrong with some of it.
pub(super) async fn check(cli: &Cli) -> Result<(), OperateError> {
    let config = &cli.config;
    let mut report = Report { worst: Standing::Ok };
    for setting in &cli.effective {
        report.line(Standing::Ok, &setting.name, format_args!("{} ({})", setting.value, setting.source));
    }
    machine(&mut report, config);
    if config.machines.is_used() {
        nats::check(&mut report, config).await;
    }
    // A worker has no folder, and nothing to do with Telegram.
    let is_bot = !config.token.is_missing() || config.machines.bot_id.is_none();
    if is_bot {
        folder(&mut report, config);
    }
    if let Some(file) = &config.jobs_file {
        declared(&mut report, file, !config.machines.is_bot_alone());
    }
    if let Some(address) = config.http_addr {
        http(&mut report, address).await;
    }
    let client = Client::builder().timeout(LIMIT).redirect(Policy::none()).build();
    let client = client.map_err(|error| OperateError::Machine(error.to_string()))?;
    if is_bot {
        bot(&mut report, config).await;
        clock(&mut report, &client, &config.api_url).await;
    }
    pokeapi(&mut report, &client, &config.pokeapi_url).await;
    match report.worst {
        Standing::Ok | Standing::Warning => Ok(()),
        Standing::Wrong => Err(OperateError::Wrong { settings: false }),
        Standing::Settings => Err(OperateError::Wrong { settings: true }),
    }
}

fn machine(report: &mut Report, config: &Config) {
    let tasks = config.memory();
    match Config::machine_memory() {
        Some(there) if tasks > there / 10 * 9 => {
            let text = format!("tasks may take {}, but there are only {}", size(tasks), size(there));
            report.line(Standing::Warning, "memory", text);
        }
        Some(there) => {
            report.line(Standing::Ok, "memory", format!("tasks may take {} of {}", size(tasks), size(there)));
        }
        None => report.line(Standing::Ok, "memory", format!("tasks may take {}", size(tasks))),
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if files < MIN_FILES {
        report.line(
            Standing::Warning,
            "open files",
            format!("{files} are few; allow {MIN_FILES} (ulimit -n)"),
        );
    } else {
        report.line(Standing::Ok, "open files", format!("up to {files}"));
    }
}

fn folder(report: &mut Report, config: &Config) {
    const WHAT: &str = "data folder";
    let folder = &config.data_dir;
    let shown = folder.display();
    let is_there = folder.is_dir();
    // Where it would be made.
    let Some(nearest) = std::path::absolute(folder)
        .ok()
        .and_then(|path| path.ancestors().find(|path| path.exists()).map(Path::to_owned))
    else {
        return report.line(Standing::Settings, WHAT, format!("{shown}: there is no such place"));
    };
    // A file without a name: nothing is left of it.
    match tempfile::tempfile_in(&nearest) {
        Ok(_) if is_there => report.line(Standing::Ok, WHAT, format!("{shown} can be written")),
        Ok(_) => report.line(Standing::Ok, WHAT, format!("{shown} is not there yet, and can be made")),
        Err(error) => {
            report.line(Standing::Wrong, WHAT, format!("{} cannot be written: {error}", nearest.display()));
        }
    }
    if let Ok(disk) = rustix::fs::statvfs(&nearest) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let standing = if free < MIN_FREE { Standing::Warning } else { Standing::Ok };
        report.line(standing, "disk", format!("{} are free", size(free)));
    }
    if is_there {
        store(report, folder);
    }
}

fn store(report: &mut Report, folder: &Path) {
    const WHAT: &str = "store";
    let inspected = match Store::inspect(folder) {
        Ok(inspected) => inspected,
        Err(error) => {
            let hopeless = !matches!(error, OpenError::Taken | OpenError::Io(_));
            return report.line(if hopeless { Standing::Settings } else { Standing::Wrong }, WHAT, error);
        }
    };
    let used = if inspected.in_use { "in use by a running bot" } else { "no bot runs on it" };
    report.line(
        Standing::Ok,
        WHAT,
        match inspected.store {
            None => format!("not there yet; {used}"),
            Some(found) if found.version < found.current => format!(
                "version {}, brought to {} at the start, {} tasks, {}; {used}",
                found.version,
                found.current,
                found.tasks,
                size(found.bytes)
            ),
            Some(found) => {
                format!("version {}, {} tasks, {}; {used}", found.version, found.tasks, size(found.bytes))
            }
        },
    );
}

/// Each command as a person sees it who asks for help, or all that is wrong with the file.
fn declared(report: &mut Report, file: &Path, is_here: bool) {
    const WHAT: &str = "JOBBOARD_JOBS_FILE";
    match Catalog::read(file, is_here, command::names()) {
        Ok(catalog) => {
            let count = catalog.iter().count();
            let commands = if count == 1 { "command" } else { "commands" };
            report.line(Standing::Ok, WHAT, format!("{} declares {count} {commands}", file.display()));
            for declaration in catalog.iter() {
                for line in telegram::help_of(declaration) {
                    report.line(Standing::Ok, &declaration.name, line);
                }
                report.line(Standing::Ok, &declaration.name, format!("runs {}", runs(declaration)));
            }
        }
        Err(error) => {
            for line in error.lines() {
                report.line(Standing::Settings, WHAT, line);
            }
        }
    }
}

/// What the operator has to know of a command, and people have not.
fn runs(declared: &Declaration) -> String {
    let mut text = declared.program.display().to_string();
    let mut add = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            text = format!("{text}, {what} {value}");
        }
    };
    add("in", declared.folder.as_ref().map(|folder| folder.display().to_string()));
    add("at once", declared.at_once.map(|most| most.to_string()));
    add("at once in a chat", declared.at_once_per_chat.map(|most| most.to_string()));
    add("CPU slots", Some(declared.weight.to_string()));
    add("memory", declared.bounds.memory.map(size));
    add("CPU time", declared.bounds.cpu_time.map(|time| humantime::format_duration(time).to_string()));
    add("open files", declared.bounds.open_files.map(|most| most.to_string()));
    add("processes", declared.bounds.processes.map(|most| most.to_string()));
    add("a file", declared.bounds.file_size.map(size));
    add("sends", declared.files.as_ref().map(|files| files.patterns.join(" ")));
    add("after a crash", declared.rerun.then(|| "again".to_owned()));
    text
}

/// Whether the bot can listen there, or does.
async fn http(report: &mut Report, address: SocketAddr) {
    const WHAT: &str = "HTTP";
    match TcpListener::bind(address).await {
        Ok(_) => report.line(Standing::Ok, WHAT, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            match health::ask(Some(address), false).await {
                Ok(()) => report.line(Standing::Ok, WHAT, format!("a bot answers at {address}")),
                Err(_) => report.line(Standing::Wrong, WHAT, format!("{address} is used by another program")),
            }
        }
        Err(error) => report.line(Standing::Settings, WHAT, format!("{address} cannot be used: {error}")),
    }
}

async fn bot(report: &mut Report, config: &Config) {
    const TOKEN: &str = "token";
    if config.token.is_missing() {
        return report.line(Standing::Settings, TOKEN, "there is none: set TELOXIDE_TOKEN (from @BotFather)");
    }
    let mut config = config.clone();
    config.timings.call = LIMIT;
    match telegram::look(&config).await {
        Ok((bot, webhook)) => {
            report.line(Standing::Ok, TOKEN, format!("of @{} (id {})", bot.username, bot.id));
            match webhook {
                Ok(webhook) => updates(report, &config, &webhook),
                Err(error) => report.line(Standing::Warning, "updates", error),
            }
        }
        Err(ApiError::Unauthorized | ApiError::NotFound) => {
            report.line(Standing::Settings, TOKEN, "Telegram does not know it: check TELOXIDE_TOKEN");
        }
        Err(error) => report.line(Standing::Wrong, "Telegram", error),
    }
}

/// How Telegram hands over what people write, beside how the settings want it.
fn updates(report: &mut Report, config: &Config, webhook: &WebhookState) {
    let wait = format!("{} wait at Telegram", webhook.waiting);
    let wanted = config.webhook_url.as_ref().map(crate::config::WebhookUrl::url);
    let (standing, how) = match (wanted, webhook.is_set()) {
        (None, false) => (Standing::Ok, "by polling".to_owned()),
        (None, true) => {
            let text = "a webhook is set, and removed at the bot's start: does another bot use this token?";
            (Standing::Warning, text.to_owned())
        }
        (Some(_), false) => (Standing::Ok, "by webhook, which is set at the bot's start".to_owned()),
        (Some(wanted), true) if webhook.is_at(wanted) => (Standing::Ok, "by webhook".to_owned()),
        (Some(_), true) => (
            Standing::Warning,
            "a webhook at another address is set, and replaced at the bot's start".to_owned(),
        ),
    };
    report.line(standing, "updates", format!("{how}; {wait}"));
    if let Some(error) = &webhook.last_error {
        report.line(Standing::Warning, "webhook", format!("Telegram could not deliver: {error}"));
    }
}

/// Any answer of the server says what time it is; none is asked for with the token.
async fn clock(report: &mut Report, client: &Client, url: &str) {
    const WHAT: &str = "clock";
    let answer = client.head(url).send().await;
    let date = answer
        .ok()
        .and_then(|answer| httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok());
    let Some(date) = date else {
        return report.line(Standing::Warning, WHAT, "Telegram did not say what time it is");
    };
    let now = SystemTime::now();
    let (off, how) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if off > MAX_SKEW {
        let text = format!("{} s {how} Telegram's: set it, by NTP", off.as_secs());
        report.line(Standing::Warning, WHAT, text);
    } else {
        report.line(Standing::Ok, WHAT, "as Telegram's");
    }
}

/// Without it only `dex` fails, in words.
async fn pokeapi(report: &mut Report, client: &Client, url: &str) {
    const WHAT: &str = "PokeAPI";
    match client.get(format!("{url}/pokemon/1/")).send().await {
        Ok(answer) if answer.status().is_success() => report.line(Standing::Ok, WHAT, "answers"),
        Ok(answer) => {
            let text = format!("status {}: check JOBBOARD_POKEAPI_URL", answer.status().as_u16());
            report.line(Standing::Warning, WHAT, text);
        }
        Err(_) => report.line(Standing::Warning, WHAT, "cannot be reached: dex will say so"),
    }
}
