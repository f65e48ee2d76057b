//! Jobboard: a Telegram bot that gives every chat a shared job board.
//!
//! The way of a message: [`telegram::poll`] gets it, [`command`] reads it, [`board`] takes it and sees to it that
//! [`mod@work`] runs it, and [`telegram::Outbox`] says what came of it. `ARCHITECTURE.md` walks along it.

pub mod board;
pub mod command;
pub mod config;
pub mod job;
pub mod sandbox;
pub mod telegram;
pub mod work;

use std::future::Future;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    board::{Boards, Limits},
    config::Config,
    telegram::{
        Bot, Handlers, Outbox,
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
    /// A setting that this machine cannot follow.
    #[error("{0}")]
    Setting(String),
    /// A bug: the task that reads updates ended by itself.
    #[error("updates are not read any more: {0}")]
    Polling(#[from] tokio::task::JoinError),
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The CPU pool could not be made.
    #[error("no threads for CPU jobs: {0}")]
    Pool(#[from] rayon::ThreadPoolBuildError),
}

/// Makes the folder for what survives the process, so that a wrong mount shows at the start and not at the first loss.
///
/// # Errors
/// [`RunError::Setting`] where it cannot be made.
pub fn prepare(config: &Config) -> Result<(), RunError> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        RunError::Setting(format!("JOBBOARD_DATA_DIR: {} cannot be made: {error}", config.data_dir.display()))
    })
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
/// It starts from the inside out (work, boards, outbox, then updates) and stops the other way round: no more updates,
/// no more jobs, then what is still to be said.
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
    let api = Api::new(&config)?;
    let boards = Boards::new(work(&config, engine)?, limits(&config));
    let outbox = Outbox::new(api.clone(), boards.clone(), &config);
    let bot = tokio::select! {
        () = &mut shutdown => return Ok(()),
        bot = hello(&api, &config) => bot?,
    };
    tracing::info!(bot = bot.username, "started");

    let quit = CancellationToken::new();
    let handlers = Handlers::new(boards.clone(), outbox.clone(), bot, &config, quit.clone());
    let (stop_updates, stop_listening) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    tasks.spawn({
        let (outbox, stop) = (outbox.clone(), stop_listening.clone());
        async move { outbox.listen(stop).await }
    });
    tasks.spawn({
        let (api, stop, timings) = (api.clone(), stop_updates.clone(), config.timings);
        async move { telegram::register_commands(&api, &timings, &stop).await }
    });
    let polling = {
        let (stop, timings) = (stop_updates.clone(), config.timings);
        tasks.spawn(async move { telegram::poll(&api, &handlers, &timings, &stop).await })
    };
    tokio::pin!(polling);
    let polled = tokio::select! {
        () = &mut shutdown => None,
        () = quit.cancelled() => None,
        ended = &mut polling => Some(ended),
    };

    tracing::info!("stopping");
    stop_updates.cancel();
    let polled = match polled {
        Some(ended) => ended,
        None => polling.await,
    };
    // Not for ever: work that does not look at its flag must not keep the process.
    if tokio::time::timeout(config.timings.stop_jobs, boards.stop()).await.is_err() {
        tracing::warn!("some jobs did not stop in time");
    }
    stop_listening.cancel();
    tasks.close();
    tasks.wait().await;
    outbox.drain(config.timings.stop_outbox).await;
    tracing::info!("stopped");
    match polled {
        Ok(Err(_)) => {
            Err(RunError::Token("Telegram does not accept the token any more: check TELOXIDE_TOKEN"))
        }
        Ok(Ok(())) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn work(config: &Config, engine: Engine) -> Result<Work, RunError> {
    let pokeapi = PokeApi::new(&config.pokeapi_url, config.timings.pokeapi)?;
    Ok(Work::new(CpuPool::new(config.cpu_workers())?, engine, pokeapi))
}

fn limits(config: &Config) -> Limits {
    Limits {
        max_fib: config.max_fib,
        max_live_jobs: config.max_live_jobs.get(),
        job_timeout: config.job_timeout,
        cpu_slots: config.cpu_workers(),
        io_slots: config.io_concurrency.get(),
    }
}

/// Asks Telegram who the bot is, for as long as it takes: only a wrong token ends it.
async fn hello(api: &Api, config: &Config) -> Result<Bot, RunError> {
    let mut failures = 0;
    loop {
        match telegram::hello(api).await {
            Ok(bot) => return Ok(bot),
            Err(ApiError::Unauthorized) => {
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
