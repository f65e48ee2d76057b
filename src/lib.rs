//! Jobboard: a Telegram bot that gives every chat a shared job board.
//!
//! The way of a message: [`telegram::poll`] gets it, [`command`] reads it, [`board`] takes it and sees to it that
//! [`mod@work`] runs it, and [`telegram::Outbox`] says what came of it. `ARCHITECTURE.md` walks along it.

pub mod board;
pub mod command;
pub mod config;
pub mod job;
pub mod sandbox;
pub mod store;
pub mod telegram;
pub mod work;

use std::{future::Future, sync::Arc};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    board::{Boards, Limits},
    config::Config,
    job::ChatId,
    store::{Loaded, OpenError, Store},
    telegram::{
        Bot, Handlers, Inline, Outbox, Settings,
        api::{Api, ApiError},
    },
    work::{CpuPool, Engine, PokeApi, Work},
};

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
    /// A bug: a task ended by itself.
    #[error("a part of the bot is gone: {0}")]
    Task(tokio::task::JoinError),
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The CPU pool could not be made.
    #[error("no threads for CPU jobs: {0}")]
    Pool(std::io::Error),
}

/// Runs the bot until `shutdown` or an owner's `quit`, with the real engine.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    run_with(config, Engine::new(), shutdown).await
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
    let (store, mut loaded) = open(&config).await?;
    let api = Api::new(&config, &loaded.secret)?;
    let limits = limits(&config);
    let work = Arc::new(work(&config, engine)?);
    let boards = Boards::new(work.clone(), store.clone(), limits);
    let settings = Arc::new(Settings::new(store.clone(), &loaded));
    let outbox = Outbox::new(api.clone(), boards.clone(), store.clone(), settings.clone(), &config);
    let bot = tokio::select! {
        () = &mut shutdown => return Ok(()),
        bot = hello(&api, &config) => bot?,
    };
    let memory_mb = limits.memory / 1_000_000;
    tracing::info!(bot = bot.username, tasks = loaded.jobs.len(), memory_mb, "started");
    boards.restore(&loaded);
    outbox.restore(&loaded);
    let handled = std::mem::take(&mut loaded.handled);
    let questions = std::mem::take(&mut loaded.questions);
    // The boards have it now.
    drop(loaded);

    let inline = Inline::new(api.clone(), work, &bot.username, &config);
    let parts = Parts { api, store, boards, outbox, settings, inline, config };
    parts.serve(bot, handled, questions, shutdown).await
}

/// Opens the store; reading a large one takes a while.
async fn open(config: &Config) -> Result<(Store, Loaded), RunError> {
    let (folder, keep) = (config.data_dir.clone(), config.keep());
    let opened = tokio::task::spawn_blocking(move || {
        Store::open(&folder, keep).map_err(|why| RunError::Store { why, folder })
    });
    opened.await.map_err(RunError::Task)?
}

/// Everything that runs.
struct Parts {
    api: Api,
    store: Store,
    boards: Arc<Boards>,
    outbox: Arc<Outbox>,
    settings: Arc<Settings>,
    inline: Arc<Inline>,
    config: Config,
}

impl Parts {
    /// Reads updates until it is told to stop, and stops.
    async fn serve(
        self,
        bot: Bot,
        handled: Vec<(i64, u64)>,
        questions: Vec<(ChatId, u64, String)>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        let quit = CancellationToken::new();
        let (stop_updates, stop_listening) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        self.spawn_helpers(&tasks, &stop_updates, &stop_listening);
        let handlers = Handlers::new(
            &self.api,
            self.boards.clone(),
            self.outbox.clone(),
            (self.store.clone(), self.settings.clone(), self.inline.clone()),
            bot,
            &self.config,
            quit.clone(),
        );
        handlers.restore(questions);
        let polling = {
            let (api, store, stop) = (self.api.clone(), self.store.clone(), stop_updates.clone());
            let handlers = handlers.clone();
            let timings = self.config.timings;
            tasks
                .spawn(async move { telegram::poll(&api, &handlers, &store, handled, &timings, &stop).await })
        };
        tokio::pin!(polling);
        let polled = tokio::select! {
            () = shutdown => None,
            () = quit.cancelled() => None,
            ended = &mut polling => Some(ended),
        };

        tracing::info!("stopping");
        stop_updates.cancel();
        let polled = match polled {
            Some(ended) => ended,
            None => polling.await,
        };
        self.inline.stop().await;
        handlers.stop().await;
        self.boards.stop(self.config.timings.stop_jobs).await;
        stop_listening.cancel();
        tasks.close();
        tasks.wait().await;
        self.outbox.drain(self.config.timings.stop_outbox).await;
        let store = self.store;
        // Closing waits for the disk.
        tokio::task::spawn_blocking(move || store.close()).await.map_err(RunError::Task)?;
        tracing::info!("stopped");
        match polled {
            Ok(Err(_)) => {
                Err(RunError::Token("Telegram does not accept the token any more: check TELOXIDE_TOKEN"))
            }
            Ok(Ok(())) => Ok(()),
            Err(error) => Err(RunError::Task(error)),
        }
    }

    /// What runs beside the reading of updates.
    fn spawn_helpers(
        &self,
        tasks: &TaskTracker,
        stop_updates: &CancellationToken,
        stop_listening: &CancellationToken,
    ) {
        tasks.spawn({
            let (outbox, stop) = (self.outbox.clone(), stop_listening.clone());
            async move { outbox.listen(stop).await }
        });
        tasks.spawn({
            let (boards, stop) = (self.boards.clone(), stop_listening.clone());
            async move { boards.retain(stop).await }
        });
        tasks.spawn({
            let (api, stop, timings) = (self.api.clone(), stop_updates.clone(), self.config.timings);
            async move { telegram::register_commands(&api, &timings, &stop).await }
        });
    }
}

fn work(config: &Config, engine: Engine) -> Result<Work, RunError> {
    let pokeapi = PokeApi::new(&config.pokeapi_url, config.timings.pokeapi)?;
    Ok(Work::new(CpuPool::new(config.cpu_workers()).map_err(RunError::Pool)?, engine, pokeapi))
}

fn limits(config: &Config) -> Limits {
    Limits {
        max_fib: config.max_fib,
        max_live_jobs: config.max_live_jobs.get(),
        max_live_jobs_all: config.max_live_jobs_all.get(),
        max_unsaid: config.timings.unsaid,
        job_timeout: config.job_timeout,
        cpu_slots: config.cpu_workers(),
        io_slots: config.io_concurrency.get(),
        memory: config.memory(),
        keep_jobs: config.keep_jobs.get(),
        max_attempts: config.max_attempts.get(),
        store_again: config.timings.store_again,
    }
}

/// Asks Telegram who the bot is, for as long as it takes: only a wrong token ends it.
async fn hello(api: &Api, config: &Config) -> Result<Bot, RunError> {
    let mut failures = 0;
    loop {
        match telegram::hello(api).await {
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
