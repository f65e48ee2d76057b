//! Jobboard: a Telegram bot that gives every chat a shared job board.
//!
//! The way of a message: [`telegram::poll`] gets it, [`command`] reads it, [`board`] takes it and sees to it that
//! [`mod@work`] runs it, and [`telegram::Outbox`] says what came of it. `ARCHITECTURE.md` walks along it.

pub mod board;
pub mod command;
pub mod config;
pub mod declared;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hidden;
pub mod http;
pub mod job;
pub mod lease;
pub mod log;
pub mod metrics;
pub mod nats;
pub mod operate;
mod parts;
pub mod sandbox;
pub mod schedule;
mod standby;
pub mod store;
pub mod supervise;
pub mod telegram;
pub mod work;
pub mod worker;

use std::{
    fs::File,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    board::{Boards, Limits},
    config::{Config, WebhookSecret},
    declared::{Catalog, Declared, FileError},
    http::{Hook, Looker, Ready, Server, Site},
    lease::Term,
    metrics::{Look, Metrics},
    nats::{Nats, NatsError, Options, Side},
    parts::{Parts, Web},
    standby::{Alone, Leading},
    store::{Loaded, OpenError, Store, replica::Replica},
    telegram::{
        Access, Bot, Inline, Outbox, Settings, Webhook,
        api::{Api, ApiError},
    },
    work::{CpuPool, Engine, PokeApi, Programs, Remote, Work, programs::Settings as ProgramSettings},
};

/// Between two looks at whether the data folder and the address are free.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why the bot did not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No token, or a wrong one: nothing but another token helps.
    #[error("{0}")]
    Token(&'static str),
    /// What survives cannot be read, or is another bot's.
    #[error("{}: {why}", folder.display())]
    Store {
        /// What is wrong.
        why: OpenError,
        /// The data folder.
        folder: std::path::PathBuf,
    },
    /// What the operator declares cannot be read, or is wrong.
    #[error("JOBBOARD_JOBS_FILE: {0}")]
    Jobs(FileError),
    /// Nothing can be served over HTTP.
    #[error("JOBBOARD_HTTP_ADDR: {addr} cannot be used: {why}")]
    Http {
        /// The address.
        addr: std::net::SocketAddr,
        /// What is wrong.
        why: std::io::Error,
    },
    /// A webhook without an address to serve it.
    #[error("JOBBOARD_WEBHOOK_URL: JOBBOARD_HTTP_ADDR has to be set, too")]
    Webhook,
    /// A bug: a task ended by itself.
    #[error("a part of the bot is gone: {0}")]
    Task(tokio::task::JoinError),
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// Another bot has taken this one's place, or may do so in a moment. Started again, this one follows.
    #[error("this bot does not lead any more")]
    Deposed,
    /// Another bot works beside this one, and neither follows the other.
    #[error("another bot of this token leads: end it, or start both with JOBBOARD_STANDBY")]
    Beside,
    /// The settings of NATS cannot be used.
    #[error("{0}")]
    Nats(#[from] NatsError),
    /// The CPU pool could not be made.
    #[error("no threads for CPU jobs: {0}")]
    Pool(std::io::Error),
}

impl RunError {
    /// Whether another bot has it, which may be about to stop.
    fn is_taken(&self) -> bool {
        match self {
            Self::Store { why, .. } => *why == OpenError::Taken,
            Self::Http { why, .. } => why.kind() == std::io::ErrorKind::AddrInUse,
            _ => false,
        }
    }
}

/// Runs the bot until `shutdown` or an owner's `quit`, with the real engine.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    Box::pin(run_with(config, Engine::new(), shutdown)).await
}

/// As [`run`], with another engine behind `fib`.
///
/// It starts from the inside out (store, work, boards, outbox, then updates) and stops the other way round: no more
/// updates, no more jobs, what is still to be said, and the store last.
///
/// # Errors
/// [`RunError`].
pub async fn run_with(
    config: Config,
    engine: Engine,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    tokio::pin!(shutdown);
    if config.token.is_missing() {
        return Err(RunError::Token(
            "no token: set TELOXIDE_TOKEN (from @BotFather), or try `jobboard sandbox`",
        ));
    }
    let metrics = Metrics::new();
    let declared = Declared::new(catalog(&config).await?);
    let (site, webhook) = site(&config, &metrics)?;
    let until = Instant::now() + config.timings.take_over;
    let wait = patiently(until, shutdown.as_mut(), || listen(&config, &site));
    // From here on, whoever asks is told that the bot starts.
    let Some(server) = wait.await? else { return Ok(()) };
    let nats = nats(&config).await?;
    let leading = Box::pin(lead(&config, nats.as_ref(), &site, shutdown.as_mut()));
    let Some(Leading { lease, store }) = leading.await? else {
        return Ok(());
    };
    let lost = lease.as_ref().map_or_else(CancellationToken::new, |lease| lease.lost().clone());
    let term = lease.as_ref().map(|lease| lease.term().clone());
    let (web, leads) = (Web { site, server, webhook }, Leads { nats, store, lost, term, until });
    let ended = Box::pin(run_leading(config, (engine, declared), metrics, web, leads, shutdown)).await;
    if let Some(lease) = lease {
        // However it ended: nobody has to wait until it is out.
        lease.give_back().await;
    }
    ended
}

/// What a bot has that begins to lead.
struct Leads {
    nats: Option<Nats>,
    store: Option<(File, Replica)>,
    lost: CancellationToken,
    term: Option<Term>,
    /// How long the data folder may still be another bot's.
    until: Instant,
}

async fn run_leading(
    config: Config,
    (engine, declared): (Engine, Arc<Declared>),
    metrics: Arc<Metrics>,
    web: Web,
    leads: Leads,
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), RunError> {
    let Leads { nats, store: leading, lost, term, until } = leads;
    let opened = match leading {
        // The folder is its own already.
        Some(leading) => open(&config, metrics.clone(), Some(leading)).await.map(Some),
        None => patiently(until, shutdown.as_mut(), || open(&config, metrics.clone(), None)).await,
    };
    let opened = match opened {
        // What could not be written is no fault of the folder.
        Err(_) if lost.is_cancelled() => return Err(RunError::Deposed),
        opened => opened?,
    };
    let Some((store, mut loaded)) = opened else { return Ok(()) };
    // Where nobody follows, it is seen to that nobody leads beside it.
    let alone =
        nats.clone().filter(|_| !config.machines.standby).map(|nats| Alone::new(nats, config.timings.lease));
    let site = &web.site;
    site.ready().opened(store.clone());
    let api = Api::new(&config, &loaded.secret)?.measured(metrics.clone()).within(term.clone());
    let limits = limits(&config);
    let programs = programs(&config, &declared).await;
    let work = Arc::new(work(&config, engine, metrics.clone(), nats)?.with_programs(programs));
    if let Some(fleet) = work.fleet() {
        site.ready().works_by(fleet);
    }
    let boards = Boards::measured(work.clone(), store.clone(), limits, metrics);
    let settings = Arc::new(Settings::new(store.clone(), &loaded));
    let outbox = Outbox::new(api.clone(), boards.clone(), store.clone(), settings.clone(), &config);
    let bot = tokio::select! {
        () = &mut shutdown => return Ok(()),
        () = lost.cancelled() => return Err(RunError::Deposed),
        bot = hello(&api, &config) => bot?,
    };
    site.look_with(looker(&boards, &outbox, &store));
    let memory_mb = limits.memory / 1_000_000;
    tracing::info!(bot = bot.username, tasks = loaded.jobs.len(), memory_mb, "started");
    boards.restore(&loaded);
    outbox.restore(&loaded);
    let access = Access::new(store.clone(), boards.clone(), &loaded, &config);
    let handled = std::mem::take(&mut loaded.handled);
    let questions = std::mem::take(&mut loaded.questions);
    let menus = std::mem::take(&mut loaded.menus);
    // The boards have it now.
    drop(loaded);

    let inline = Inline::new(api.clone(), work, &bot.username, &config, access.clone());
    let parts = Parts {
        alone,
        term,
        api,
        store,
        boards,
        outbox: outbox.clone(),
        settings,
        inline,
        access,
        menus,
        config,
    };
    tokio::select! {
        biased;
        // Nothing in good order: whoever leads now says and does what is not said and done yet.
        () = lost.cancelled() => {
            outbox.hush();
            Err(RunError::Deposed)
        }
        ended = parts.serve(bot, handled, questions, web, shutdown) => ended,
    }
}

/// What the operator declares.
async fn catalog(config: &Config) -> Result<Catalog, RunError> {
    let Some(file) = config.jobs_file.clone() else { return Ok(Catalog::default()) };
    let is_here = !config.machines.is_bot_alone();
    Catalog::read_soon(file, is_here, command::names(), ()).await.map_err(RunError::Jobs)
}

/// What runs programs. What an earlier bot has left of them is ended before anything else begins.
async fn programs(config: &Config, declared: &Arc<Declared>) -> Arc<Programs> {
    let binary = config.binary.clone();
    let settings = ProgramSettings {
        timeout: config.job_timeout,
        max_output: config.max_output,
        binary,
        ..ProgramSettings::new(config.data_dir.clone())
    };
    let programs = Programs::new(declared.clone(), settings);
    if config.jobs_file.is_some()
        && let Err(error) = Programs::hide_this_process()
    {
        tracing::warn!(%error, "programs that run as this user can read this process's memory");
    }
    let its = programs.clone();
    match tokio::task::spawn_blocking(move || its.sweep()).await {
        Ok(Ok(0)) => {}
        Ok(Ok(processes)) => tracing::warn!(processes, "what an earlier bot had left running was ended"),
        Ok(Err(error)) => tracing::error!(%error, "it is not known what an earlier bot has left running"),
        Err(error) => tracing::error!(%error, "it is not known what an earlier bot has left running"),
    }
    programs
}

/// The NATS that is shared with others, where there are any.
async fn nats(config: &Config) -> Result<Option<Nats>, RunError> {
    if !config.machines.is_bot_alone() {
        return Ok(None);
    }
    // A token without a number is refused by Telegram in a moment.
    let bot = config.bot_id().unwrap_or_default();
    Ok(Some(Nats::connect(&Options::of(config, bot, Side::Bot, "bot".to_owned())).await?))
}

/// Waits until this bot leads, where others may lead; `None` where it is told to stop meanwhile.
async fn lead(
    config: &Config,
    nats: Option<&Nats>,
    site: &Site,
    shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Leading>, RunError> {
    let Some(nats) = nats.filter(|_| config.machines.standby) else {
        return Ok(Some(Leading { lease: None, store: None }));
    };
    tokio::select! {
        () = shutdown => Ok(None),
        leading = standby::lead(config, nats, site.ready(), site.metrics()) => leading.map(Some),
    }
}

/// Tries again while a bot that stops still has what is wanted, so that a new version can be started before the old one has
/// ended. `None` where this one is told to stop meanwhile.
async fn patiently<T, F: Future<Output = Result<T, RunError>>>(
    until: Instant,
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
    mut attempt: impl FnMut() -> F,
) -> Result<Option<T>, RunError> {
    let mut told = false;
    loop {
        let error = match attempt().await {
            Err(error) if error.is_taken() && Instant::now() < until => error,
            ended => return ended.map(Some),
        };
        if !told {
            tracing::info!(%error, "waiting for the end of the bot before this one");
            told = true;
        }
        tokio::select! {
            () = &mut shutdown => return Ok(None),
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Opens the store; reading a large one takes a while.
async fn open(
    config: &Config,
    metrics: Arc<Metrics>,
    leading: Option<(File, Replica)>,
) -> Result<(Store, Loaded), RunError> {
    let (folder, keep) = (config.data_dir.clone(), config.keep());
    let opened = tokio::task::spawn_blocking(move || {
        let opened = match leading {
            Some(leading) => Store::lead(&folder, keep, metrics, leading),
            None => Store::open_measured(&folder, keep, metrics),
        };
        opened.map_err(|why| RunError::Store { why, folder })
    });
    opened.await.map_err(RunError::Task)?
}

/// Where the bot is asked how it is, and where updates come in, if they come by webhook.
fn site(config: &Config, metrics: &Arc<Metrics>) -> Result<(Arc<Site>, Option<Webhook>), RunError> {
    let webhook = config.webhook_url.clone().map(|url| {
        let secret = config.webhook_secret.clone().unwrap_or_else(WebhookSecret::random);
        log::hide(secret.secret());
        let (hook, deliveries) = Hook::new(&url, &secret);
        (hook, Webhook { url, secret, deliveries })
    });
    if webhook.is_some() && config.http_addr.is_none() {
        return Err(RunError::Webhook);
    }
    let (hook, webhook) = webhook.unzip();
    let ready = Ready::new(&config.timings, webhook.is_some());
    Ok((Site::new(metrics.clone(), ready, hook), webhook))
}

async fn listen(config: &Config, site: &Arc<Site>) -> Result<Option<Server>, RunError> {
    let Some(addr) = config.http_addr else { return Ok(None) };
    Server::start(addr, site.clone()).await.map(Some).map_err(|why| RunError::Http { addr, why })
}

/// What the site asks for at each look.
fn looker(boards: &Arc<Boards>, outbox: &Arc<Outbox>, store: &Store) -> Looker {
    let (boards, outbox, store) = (boards.clone(), outbox.clone(), store.clone());
    Arc::new(move || {
        let (writes, size) = store.load();
        let (lanes, silent, unsaid) = (outbox.lanes(), outbox.silent(), boards.overload().unsaid());
        Look { lanes, writes, size, unsaid, silent, ..boards.look_at_all() }
    })
}

fn work(
    config: &Config,
    engine: Engine,
    metrics: Arc<Metrics>,
    nats: Option<Nats>,
) -> Result<Work, RunError> {
    let pokeapi = PokeApi::new(&config.pokeapi_url, config.timings.pokeapi)?.measured(metrics);
    Ok(match nats {
        Some(nats) => {
            let results = config.data_dir.join("results");
            let fleet = Remote::new(nats, config.timings.fleet, config.max_attempts.get(), results);
            Work::by_fleet(fleet, engine, pokeapi)
        }
        None => Work::new(CpuPool::new(config.cpu_workers()).map_err(RunError::Pool)?, engine, pokeapi),
    })
}

fn limits(config: &Config) -> Limits {
    Limits {
        max_fib: config.max_fib,
        max_live_jobs: config.max_live_jobs.get(),
        max_live_person: config.max_live_jobs_person.unwrap_or(config.max_live_jobs).get(),
        max_members: config.max_members.get(),
        max_live_jobs_all: config.max_live_jobs_all.get(),
        max_unsaid: config.timings.unsaid,
        job_timeout: config.job_timeout,
        cpu_slots: config.cpu_workers(),
        io_slots: config.io_concurrency.get(),
        memory: config.memory(),
        keep_jobs: config.keep_jobs.get(),
        max_attempts: config.max_attempts.get(),
        store_again: config.timings.store_again,
        fleet_told: config.timings.fleet_told,
    }
}

/// Asks Telegram who the bot is, for as long as it takes: only a wrong token ends it.
async fn hello(api: &Api, config: &Config) -> Result<Bot, RunError> {
    let mut failures = 0;
    loop {
        match telegram::hello(api, config.webhook_url.is_none()).await {
            Ok(bot) => return Ok(bot),
            Err(ApiError::Unauthorized | ApiError::NotFound) => {
                return Err(RunError::Token(
                    "Telegram does not know this token: check TELOXIDE_TOKEN (and TELOXIDE_API_URL where it is set)",
                ));
            }
            Err(error) => {
                let pause = telegram::pause_after(&error, &config.timings, failures);
                failures += 1;
                tracing::warn!(%error, ?pause, "Telegram cannot be reached; trying again");
                tokio::time::sleep(pause).await;
            }
        }
    }
}
