//! Whether the bot can do its work: the store can be written, and Telegram is there.

use std::{
    fmt,
    sync::{
        OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::{Mutex, watch};

use crate::{
    config::Timings,
    metrics::Metrics,
    store::{Committed, Store, Write, WriteError},
    work::fleet::{Capacity, Fleet, Link},
};

/// How long a tiny write may take: a disk that needs longer is not one to wait for.
const WRITE: Duration = Duration::from_secs(2);

/// What is asked by `/readyz`.
pub struct Ready {
    /// Known when it is open.
    store: OnceLock<Store>,
    /// Those who do the work, where others do.
    fleet: OnceLock<watch::Receiver<Fleet>>,
    /// Looks at the disk are apart by this, however many ask.
    kept: Duration,
    telegram_away: Duration,
    /// Where updates come by webhook: whether one is set.
    hooked: Option<AtomicBool>,
    stopping: AtomicBool,
    // A std lock, held for a look.
    following: std::sync::Mutex<Option<Following>>,
    // An async lock: one look at a time, the others wait for it.
    disk: Mutex<Disk>,
}

/// How a bot stands that does not lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// Another one leads.
    Leader,
    /// The same, and nobody can follow it.
    Nothing,
    /// NATS does not say who leads.
    Unknown,
}

/// The last look at the disk.
#[derive(Default)]
struct Disk {
    looked: Option<(Instant, Result<(), Failure>)>,
    /// A write whose end was not waited for: there is no other before it has ended.
    under_way: Option<Committed>,
}

/// Why the bot is not ready.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// It has not opened its store yet.
    Starting,
    /// It does not lead, and is there for when another one is gone.
    Following(Following),
    /// It is about to exit.
    Stopping,
    /// The store cannot be written.
    Store(WriteError),
    /// The disk takes too long.
    Slow,
    /// Telegram did not answer yet.
    NoTelegram,
    /// It does not answer any more.
    Silence(Duration),
    /// No webhook is set, so no updates come.
    NoWebhook,
    /// NATS is away, and the workers with it.
    NoNats(Duration),
    /// NATS keeps nothing of the bot's work.
    NatsRefuses(Duration),
    /// Nobody does the work.
    NoWorkers,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("the bot is starting"),
            Self::Following(Following::Leader) => f.write_str("another bot leads, and this one follows it"),
            Self::Following(Following::Nothing) => {
                f.write_str("the bot that leads is to be started with JOBBOARD_STANDBY: nobody can follow it")
            }
            Self::Following(Following::Unknown) => f.write_str("NATS: it does not say who leads"),
            Self::Stopping => f.write_str("the bot is stopping"),
            Self::Store(error) => write!(f, "store: {error}"),
            Self::Slow => write!(f, "store: a write takes more than {} s", WRITE.as_secs()),
            Self::NoTelegram => f.write_str("Telegram: it was not reached yet"),
            Self::Silence(time) => write!(f, "Telegram: not reached for {} s", time.as_secs()),
            Self::NoWebhook => f.write_str("Telegram: the webhook is not set"),
            Self::NoNats(time) => write!(f, "NATS: not there for {} s", time.as_secs()),
            Self::NatsRefuses(time) => {
                write!(
                    f,
                    "NATS: it takes nothing of the bot's work for {} s; `jobboard check` says why",
                    time.as_secs()
                )
            }
            Self::NoWorkers => f.write_str("workers: none is there that takes tasks"),
        }
    }
}

impl Ready {
    /// A bot that starts; `by_webhook`: its updates come that way.
    pub fn new(timings: &Timings, by_webhook: bool) -> Self {
        Self {
            store: OnceLock::new(),
            fleet: OnceLock::new(),
            kept: timings.ready_kept,
            telegram_away: timings.telegram_away,
            hooked: by_webhook.then(AtomicBool::default),
            stopping: AtomicBool::new(false),
            following: std::sync::Mutex::default(),
            disk: Mutex::default(),
        }
    }

    /// The store is open.
    pub fn opened(&self, store: Store) {
        let _ = self.store.set(store);
    }

    /// Others do the work.
    pub fn works_by(&self, fleet: watch::Receiver<Fleet>) {
        let _ = self.fleet.set(fleet);
    }

    /// The webhook is set, or is not any more.
    pub fn hooked(&self, is_set: bool) {
        if let Some(hooked) = &self.hooked {
            hooked.store(is_set, Ordering::Relaxed);
        }
    }

    /// The bot does not lead, or is about to.
    pub fn follows(&self, following: Option<Following>) {
        *self.following.lock().unwrap_or_else(PoisonError::into_inner) = following;
    }

    /// The bot is about to exit.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// What is wrong.
    pub(super) async fn look(&self, metrics: &Metrics) -> Result<(), Failure> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Failure::Stopping);
        }
        let following = *self.following.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(following) = following {
            return Err(Failure::Following(following));
        }
        let store = self.store.get().ok_or(Failure::Starting)?;
        self.disk.lock().await.look(store, self.kept).await?;
        match metrics.silence() {
            None => Err(Failure::NoTelegram),
            Some(silence) if silence > self.telegram_away => Err(Failure::Silence(silence)),
            Some(_) if self.hooked.as_ref().is_some_and(|set| !set.load(Ordering::Relaxed)) => {
                Err(Failure::NoWebhook)
            }
            Some(_) => self.manned(),
        }
    }

    fn manned(&self) -> Result<(), Failure> {
        let Some(fleet) = self.fleet.get() else { return Ok(()) };
        let fleet = fleet.borrow();
        match fleet.link {
            Link::Away { since } => Err(Failure::NoNats(since.elapsed())),
            Link::Refuses { since } => Err(Failure::NatsRefuses(since.elapsed())),
            Link::Up if fleet.capacity() == Capacity::default() => Err(Failure::NoWorkers),
            Link::Up => Ok(()),
        }
    }
}

impl Disk {
    async fn look(&mut self, store: &Store, kept: Duration) -> Result<(), Failure> {
        if let Some((at, found)) = &self.looked
            && at.elapsed() < kept
        {
            return found.clone();
        }
        let write = self.under_way.get_or_insert_with(|| store.write(Write::Alive(SystemTime::now())));
        let found = match tokio::time::timeout(WRITE, write).await {
            Ok(written) => {
                self.under_way = None;
                written.map_err(Failure::Store)
            }
            Err(_) => Err(Failure::Slow),
        };
        self.looked = Some((Instant::now(), found.clone()));
        found
    }
}
