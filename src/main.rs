//! The `jobboard` program: flags and `.env` → [`Config`], signals, and which part to run.

use std::{
    io::{IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use anyhow::{Context, Result};
use jobboard::{
    RunError,
    config::{Cli, CliError, Config, LogFormat, Mode},
    sandbox::{Options, Sandbox},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The settings, or the token, are wrong: starting again does not help.
const EXIT_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return refuse(&format!(".env: {error}"));
    }
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(CliError::Shown(text)) => {
            // A closed pipe is no error: `jobboard --help | head`.
            let _ = write!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(CliError::Bad(line)) => return refuse(&line),
    };
    log(cli.config.log_format);
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(RunError::Token(_) | RunError::Setting(_)) = error.downcast_ref() {
                return refuse(&error.to_string());
            }
            let _ = writeln!(std::io::stderr(), "jobboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One clear line, and the status for wrong settings.
fn refuse(line: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "jobboard: {line}");
    ExitCode::from(EXIT_SETTINGS)
}

fn start(cli: Cli) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no async runtime")?;
    let result = runtime.block_on(async {
        let signals = Signals::new().context("no signals")?;
        match cli.mode {
            None => {
                jobboard::prepare(&cli.config)?;
                Ok(jobboard::run(cli.config, signals.wait()).await?)
            }
            Some(Mode::Sandbox { port }) => sandbox(cli.config, port, signals).await,
        }
    });
    // A job that does not look at its flag must not keep the process: its thread ends with it.
    runtime.shutdown_background();
    result
}

/// The bot against a Telegram of its own.
async fn sandbox(config: Config, port: u16, signals: Signals) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = Options { addr: address, demo: true, call_log: false, ..Options::default() };
    let token = options.token.clone();
    let sandbox =
        Sandbox::start(options).await.with_context(|| format!("port {port} cannot be used, try --port 0"))?;
    // Said on stdout, alone on its line, also where the log goes elsewhere.
    writeln!(std::io::stdout(), "Open {} in your browser", sandbox.url())?;
    let config = config.for_sandbox(&token, &sandbox.url(), &sandbox.pokeapi_url());
    let result = jobboard::run(config, signals.wait()).await;
    sandbox.stop().await;
    Ok(result?)
}

/// What asks the process to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ends at the first signal; the second ends the process.
    async fn wait(mut self) {
        self.next().await;
        tracing::info!("stopping in good order; a second signal stops at once");
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Logs go to stderr, and so do panics: one that reaches a thread's top is a bug, and must be found in the log.
fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
}
