//! The `jobboard` program: flags and `.env` → [`Config`], signals, and which part to run.

use std::{
    io::{ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result};
use jobboard::{
    RunError,
    config::{self, Cli, CliError, Config, Mode, OneFib},
    log,
    operate::{self, OperateError},
    sandbox::{Options, Sandbox},
    store::OpenError,
    work::{Control, Team, fib},
    worker::WorkerError,
};
use mimalloc::MiMalloc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// An answer makes a few hundred short-lived allocations on one thread that others free: a tenth of its CPU time less than
/// with glibc's allocator, for 2 MB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A second signal: what a shell says of an interrupted program.
const EXIT_INTERRUPTED: i32 = 130;
/// The settings, the token or what the data folder holds are wrong: starting again does not help.
const EXIT_SETTINGS: u8 = 2;

/// The number that Linux and the BSDs give to "file size limit exceeded".
const SIGXFSZ: i32 = 25;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(ended) = jobboard::supervise::hidden_mode(&args) {
        return ended;
    }
    if let Some(one) = OneFib::read(&args) {
        return exit_status(&fib(one));
    }
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return refuse(&env_file_error(&error));
    }
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(CliError::Shown(text)) => {
            // A closed pipe is no error: `jobboard --help | head`.
            let _ = write!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(CliError::Bad(line)) => return refuse(&line),
    };
    if let Err(line) = log::start(cli.config.log_format, &cli.config.token) {
        return refuse(&line);
    }
    cli.config.machines.nats_url.secrets().for_each(|secret| log::hide(&secret));
    exit_status(&start(cli))
}

fn exit_status(ended: &Result<()>) -> ExitCode {
    let Err(error) = ended else { return ExitCode::SUCCESS };
    let of_operator = error.downcast_ref().is_some_and(OperateError::is_about_settings);
    let hopeless = of_operator
        || error.downcast_ref().is_some_and(WorkerError::is_about_settings)
        || match error.downcast_ref() {
            Some(RunError::Token(_) | RunError::Jobs(_)) => true,
            Some(RunError::Nats(why)) => why.is_about_settings(),
            // Another bot may end, and a disk may get room; a file stays what it is.
            Some(RunError::Store { why, .. }) => !matches!(why, OpenError::Taken | OpenError::Io(_)),
            _ => false,
        };
    if hopeless {
        return refuse(&error.to_string());
    }
    say(&format!("jobboard: {error:#}"));
    ExitCode::FAILURE
}

/// A line on stderr, in one piece. Where nobody can read it, nothing is to be done.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(log::without_secrets(&format!("{line}\n")).as_bytes());
}

/// dotenvy quotes the line that it cannot read, and the token may stand there.
fn env_file_error(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::LineParse(..) => ".env: a line cannot be read; NAME=value is wanted".to_owned(),
        other => format!(".env: {other}"),
    }
}

/// One clear line, and the status for wrong settings.
fn refuse(line: &str) -> ExitCode {
    say(&format!("jobboard: {line}"));
    ExitCode::from(EXIT_SETTINGS)
}

fn start(cli: Cli) -> Result<()> {
    match cli.mode {
        None => serve(async |shutdown| Ok(jobboard::run(cli.config, shutdown).await?)),
        Some(Mode::Sandbox { port }) => serve(async |shutdown| sandbox(cli.config, port, shutdown).await),
        Some(Mode::Worker) => serve(async |shutdown| Ok(jobboard::worker::run(cli.config, shutdown).await?)),
        Some(Mode::Fib(one)) => fib(one),
        Some(Mode::Operate(ref operation)) => Ok(operate::run(operation.clone(), &cli)?),
    }
}

/// Runs what runs until a signal.
fn serve(run: impl AsyncFnOnce(WaitForCancellationFutureOwned) -> Result<()>) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no async runtime")?;
    let result = runtime.block_on(async {
        // A limit on the size of files is an error of that write, like a full disk; not the end of the process.
        let _too_large = signal(SignalKind::from_raw(SIGXFSZ)).context("no signals")?;
        let shutdown = CancellationToken::new();
        tokio::spawn(Signals::new().context("no signals")?.watch(shutdown.clone()));
        run(shutdown.cancelled_owned()).await
    });
    // A job that does not look at its flag must not keep the process: its thread ends with it.
    runtime.shutdown_background();
    result
}

/// Prints one number, for scripts and to measure.
fn fib(one: OneFib) -> Result<()> {
    let start = Instant::now();
    let threads = one.threads.map_or_else(config::cores, usize::from);
    let team = Arc::new(Team::new(threads).context("no threads")?);
    let _seat = team.sit_down();
    let control = Control::default();
    control.helped_by(&team);
    let digits = fib::fib(one.n, &control)?;
    let seconds = start.elapsed().as_secs_f64();
    let text = digits.here().context("the digits are not at hand")?;
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n"));
    // Who reads only the beginning has what they wanted: `jobboard fib 1000000 | head -c 100`.
    if let Err(error) = printed.and_then(|()| stdout.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        return Err(error).context("the digits cannot be written");
    }
    say(&format!("seconds {seconds:.6} threads {threads} digits {}", text.len()));
    Ok(())
}

/// The bot against a Telegram of its own.
async fn sandbox(config: Config, port: u16, shutdown: impl Future<Output = ()>) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = Options { addr: address, demo: true, call_log: false, ..Options::default() };
    let token = options.token.clone();
    let sandbox =
        Sandbox::start(options).await.with_context(|| format!("port {port} cannot be used, try --port 0"))?;
    // Said on stdout, alone on its line, also where the log goes elsewhere.
    writeln!(std::io::stdout(), "Open {} in your browser", sandbox.url())?;
    // Its Telegram forgets everything at the end, so boards that outlive it would be of nowhere.
    let folder = tempfile::tempdir().context("no folder for the sandbox's data")?;
    let mut config = config.for_sandbox(&token, &sandbox.url(), &sandbox.pokeapi_url());
    config.data_dir = folder.path().to_owned();
    config.machines.standby = false;
    let result = jobboard::run(config, shutdown).await;
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

    /// The first signal stops the bot in good order; the second, or one during another stop, ends the process.
    async fn watch(mut self, shutdown: CancellationToken) {
        self.next().await;
        tracing::info!("stopping in good order; a second signal stops at once");
        shutdown.cancel();
        self.next().await;
        std::process::exit(EXIT_INTERRUPTED);
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
