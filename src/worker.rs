//! `jobboard worker`: does members of jobs for a bot that runs elsewhere. It keeps nothing: what it has in hand when it dies
//! goes to another worker.
//!
//! `pull` takes as many orders as there are free slots, `assignment` has each of them until its end, `report` says what came of it,
//! and `alive` says every few seconds what is there.

mod alive;
mod assignment;
mod pull;
mod report;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_nats::jetstream::{kv, object_store::ObjectStore, stream::Stream};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::assignment::Assignment;
use crate::{
    command,
    config::Config,
    declared::{Catalog, Declaration, Declared, FileError},
    job::Resource,
    nats::{Key, Kind, Nats, NatsError, Options, Side},
    work::{CpuPool, Engine, FleetTimings, PokeApi, Programs, Work, programs},
};

/// Orders of a worker's memory are counted in pieces of this many bytes.
const PIECE: u64 = 1 << 20;
/// How long a stop takes for what is to be said of orders that are given back, after the grace time.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It does not know for whom to work.
    #[error("JOBBOARD_BOT_ID: a worker needs it: the number before the colon of its bot's token")]
    NoBot,
    /// The settings of NATS cannot be used.
    #[error("{0}")]
    Nats(#[from] NatsError),
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The CPU pool could not be made.
    #[error("no threads for CPU jobs: {0}")]
    Pool(std::io::Error),
    /// What the operator declares cannot be read.
    #[error("{0}")]
    Jobs(FileError),
    /// There is no place for what programs leave.
    #[error("no folder for what programs leave: {0}")]
    Folder(std::io::Error),
}

impl WorkerError {
    /// Whether only other settings help.
    pub fn is_about_settings(&self) -> bool {
        match self {
            Self::NoBot | Self::Jobs(_) => true,
            Self::Nats(why) => why.is_about_settings(),
            Self::Client(_) | Self::Pool(_) | Self::Folder(_) => false,
        }
    }
}

/// Works until `shutdown`, and then ends what it has begun, or gives it back.
///
/// # Errors
/// [`WorkerError`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
    run_with(config, Engine::new(), shutdown).await
}

/// As [`run`], with another engine behind `fib`.
///
/// # Errors
/// [`WorkerError`].
pub async fn run_with(
    config: Config,
    engine: Engine,
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    tokio::pin!(shutdown);
    let id = format!("{:016x}", rand::random::<u64>());
    let bot = config.bot_id().ok_or(WorkerError::NoBot)?;
    let nats = Nats::connect(&Options::of(&config, bot, Side::Worker, format!("worker {id}"))).await?;
    let pokeapi = PokeApi::new(&config.pokeapi_url, config.timings.pokeapi)?;
    let declared = Declared::new(catalog(&config).await?);
    let folder =
        tempfile::Builder::new().prefix("jobboard-worker-").tempdir().map_err(WorkerError::Folder)?;
    let programs = programs::Settings {
        timeout: config.job_timeout,
        max_output: config.max_output,
        binary: config.binary.clone(),
        ..programs::Settings::new(folder.path().to_owned())
    };
    if config.jobs_file.is_some()
        && let Err(error) = Programs::hide_this_process()
    {
        tracing::warn!(%error, "programs that run as this user can read this process's memory");
    }
    let work = Work::new(CpuPool::new(config.cpu_workers()).map_err(WorkerError::Pool)?, engine, pokeapi)
        .with_programs(Programs::new(declared.clone(), programs));
    tracing::info!(worker = id, bot, "started");
    let stored = tokio::select! {
        () = &mut shutdown => return Ok(()),
        stored = Stored::find(&nats, config.timings.fleet) => stored,
    };
    let worker = Arc::new(Worker {
        id,
        host: host(),
        cpu: Slots::new(config.cpu_workers()),
        io: Slots::new(config.io_concurrency.get()),
        commands: offered(&declared.current(), &config),
        memory: Semaphore::new(pieces(config.memory()) as usize),
        bytes: config.memory(),
        nats,
        stored,
        work,
        folder,
        timings: config.timings.fleet,
        assigned: Mutex::default(),
        changed: Notify::new(),
        draining: CancellationToken::new(),
        exit: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    worker.serve(shutdown).await;
    Ok(())
}

/// A worker and all that it has.
struct Worker {
    id: String,
    host: String,
    cpu: Slots,
    io: Slots,
    /// Of each declared command that is offered: the bot, which knows all slots of all workers, sees to it that programs and the rest
    /// together are no more than these.
    commands: BTreeMap<String, Slots>,
    /// In [`PIECE`]s.
    memory: Semaphore,
    bytes: u64,
    nats: Nats,
    stored: Stored,
    work: Work,
    /// Where programs leave what they print and make, until it is the bot's. It goes with the worker.
    folder: TempDir,
    timings: FleetTimings,
    // A std lock, held for an insertion or a look.
    assigned: Mutex<HashMap<Key, Arc<Assignment>>>,
    /// What it would announce is another.
    changed: Notify,
    /// Nothing more is begun.
    draining: CancellationToken,
    /// What runs is to stop.
    exit: CancellationToken,
    tasks: TaskTracker,
}

/// Slots for one kind of orders.
struct Slots {
    count: usize,
    /// An order that is here waits for no other one's, which somebody else might have a slot for.
    free: Arc<Semaphore>,
}

impl Slots {
    fn new(count: usize) -> Self {
        Self { count, free: Arc::new(Semaphore::new(count)) }
    }
}

/// What a worker uses of NATS, by name: it may be made anew meanwhile.
struct Stored {
    results: Stream,
    large: ObjectStore,
    cancels: kv::Store,
    begun: kv::Store,
    workers: kv::Store,
}

impl Stored {
    /// Waits until the bot has made it.
    async fn find(nats: &Nats, timings: FleetTimings) -> Self {
        let what = ("streams and buckets are not there", &"NATS" as _);
        nats.insist(timings.again, what, || Box::pin(Self::find_once(nats))).await
    }

    async fn find_once(nats: &Nats) -> Result<Self, NatsError> {
        Ok(Self {
            results: nats.results().await?,
            large: nats.large().await?,
            cancels: nats.cancels().await?,
            begun: nats.begun().await?,
            workers: nats.workers().await?,
        })
    }
}

impl Worker {
    async fn serve(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let listening = self.clone().hear_cancels(stop.clone()).await;
        self.tasks.spawn(listening);
        self.tasks.spawn(self.clone().stay_alive(stop.clone()));
        self.tasks.spawn(self.clone().look_again(stop.clone()));
        self.tasks.spawn(self.clone().announce(stop.clone()));
        let slots = [Resource::Cpu, Resource::Io].map(Kind::Slot);
        for kind in slots.into_iter().chain(self.commands.keys().cloned().map(Kind::Command)) {
            self.tasks.spawn(self.clone().pull(kind));
        }
        shutdown.await;
        self.drain().await;
        stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(LAST_WORDS, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some orders could not be given back: they go to others when nobody speaks of them"
            );
        }
        tracing::info!("stopped");
    }

    /// Begins nothing more, and waits for what has begun; what takes longer than the grace time is given back.
    async fn drain(&self) {
        tracing::info!(in_hand = self.assigned().len(), grace = ?self.timings.grace, "draining");
        self.draining.cancel();
        self.changed.notify_one();
        if !self.empty_within(self.timings.grace).await {
            tracing::info!(in_hand = self.assigned().len(), "giving back what has not ended");
            self.exit.cancel();
            self.empty_within(LAST_WORDS).await;
        }
    }

    async fn empty_within(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !self.assigned().is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            // Looked at again, too: others wait for the same word.
            let pause = left.min(Duration::from_millis(50));
            let _ = tokio::time::timeout(pause, self.changed.notified()).await;
        }
        true
    }

    /// `None` of a command that this worker does not offer.
    fn slots(&self, kind: &Kind) -> Option<&Slots> {
        match kind {
            Kind::Slot(Resource::Cpu) => Some(&self.cpu),
            Kind::Slot(Resource::Io) => Some(&self.io),
            Kind::Command(name) => self.commands.get(name),
        }
    }

    fn assigned(&self) -> MutexGuard<'_, HashMap<Key, Arc<Assignment>>> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What this machine declares: its programs and folders may be others than the bot's.
async fn catalog(config: &Config) -> Result<Catalog, WorkerError> {
    let Some(file) = config.jobs_file.clone() else { return Ok(Catalog::default()) };
    Catalog::read_soon(file, true, command::names(), ()).await.map_err(WorkerError::Jobs)
}

/// How many of each command run here side by side: as many as it says, or as there are slots for.
fn offered(catalog: &Catalog, config: &Config) -> BTreeMap<String, Slots> {
    let count = |declaration: &Declaration| {
        let slots = match usize::from(declaration.weight) {
            0 => config.io_concurrency.get(),
            weight => (config.cpu_workers() / weight).max(1),
        };
        declaration.at_once.map_or(slots, |most| slots.min(most.get()))
    };
    let slots = |declaration: &Arc<Declaration>| (declaration.name.clone(), Slots::new(count(declaration)));
    catalog.iter().map(slots).collect()
}

/// How many pieces so many bytes are.
fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

/// The name of this machine, for people.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
