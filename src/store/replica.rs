//! A store that others follow: what each commit has changed is in a log on NATS before anybody is told that it is done.
//!
//! The log is the one truth, and each database knows how far it is in it (`Place`). Whoever leads appends to the log and then
//! commits; whoever follows reads from it and puts the same rows into its own database. A new version of the tables, or a database
//! that the log does not know, begins a new *history*, which is a snapshot and what follows it.

pub(super) mod changes;
mod database;
mod files;
mod follower;
mod keeper;
mod log;
mod objects;
mod snapshots;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use tokio::{runtime::Handle, sync::Notify};

pub(super) use self::files::Files;
use self::{
    changes::Changes,
    log::{Head, Kind, Log},
    objects::Objects,
    snapshots::{Snapshot, Snapshots},
};
pub use self::{
    follower::{Follower, Step},
    keeper::Keeper,
};
use super::{OpenError, WriteError, schema};
use crate::{
    lease::Term,
    nats::{MIN_PAYLOAD, Nats, NatsError},
};

/// The row of `meta` in which a database keeps its place; and its rowid, which no other row of any database has.
const PLACE: &str = "replica";
const PLACE_ROW: i64 = -1;

/// Why a store cannot be followed or be led now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicaError {
    /// NATS does not do what it should; it may, the next time.
    #[error("NATS: {0}")]
    Away(String),
    /// Somebody else leads.
    #[error("another bot leads now")]
    Deposed,
    /// NATS has lost entries that were in the log.
    #[error("NATS has lost the end of the log")]
    Shorter,
    /// What follows is not in the log any more: a snapshot is needed.
    #[error("the log has a gap")]
    Gap,
    /// What the log changes does not fit what is in the folder.
    #[error("the store that follows is not as the log has it: {0}")]
    Diverged(String),
    /// There is a snapshot, and it is of no use.
    #[error(
        "the snapshot of the store on NATS is damaged: when it is deleted from the bucket `snapshots`, the bot that leads makes \
         another one, at its next start or within an hour"
    )]
    Damaged,
    /// The server takes messages of so many bytes at most.
    #[error("NATS: max_payload is {0} bytes, and has to be {MIN_PAYLOAD} or more")]
    Payload(usize),
    /// Something in the log is not what it should be.
    #[error("the log of the store cannot be read: {0}")]
    Unreadable(String),
    /// The bot that leads is newer than this program.
    #[error(
        "the bot that leads has tables of version {0}, which this program does not know: it has to be brought up to date"
    )]
    Newer(u32),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] OpenError),
}

impl From<NatsError> for ReplicaError {
    fn from(error: NatsError) -> Self {
        Self::Away(error.to_string())
    }
}

impl From<rusqlite::Error> for ReplicaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Folder(error.into())
    }
}

impl From<std::io::Error> for ReplicaError {
    fn from(error: std::io::Error) -> Self {
        Self::Folder(error.into())
    }
}

/// How far a database is: it has all entries of this history up to this one, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    history: String,
    sequence: u64,
    /// Who wrote that entry: where NATS has lost the end of the log, another one may have this number.
    #[serde(default)]
    writer: String,
    /// It has led: where the log is lost, nobody has more.
    #[serde(default)]
    led: bool,
}

/// What is shared on NATS.
pub(crate) struct Shared {
    log: Log,
    snapshots: Snapshots,
    files: Files,
}

impl Shared {
    /// Makes what is not there yet.
    pub(crate) async fn open(nats: &Nats) -> Result<Arc<Self>, ReplicaError> {
        let (snapshots, files) =
            (Objects::open(nats, "snapshots").await?, Objects::open(nats, "files").await?);
        let (snapshots, files) = (Snapshots::new(snapshots), Files::new(files));
        Ok(Arc::new(Self { log: Log::open(nats).await?, snapshots, files }))
    }

    /// Those of what the log has now.
    async fn snapshots(&self) -> Result<Vec<Snapshot>, ReplicaError> {
        let end = self.log.end().await?;
        self.snapshots.list(end.last).await
    }
}

/// The leader's side: commits transactions, each of which is in the log before.
pub struct Replica {
    shared: Arc<Shared>,
    runtime: Handle,
    /// `None` until this database has a place in the log.
    history: Option<String>,
    /// The last entry of the log.
    last: u64,
    /// This process, and how much it has appended.
    writer: (String, u64),
    /// How long this bot leads.
    term: Term,
    grown: Arc<Grown>,
}

/// How much was appended since the last snapshot.
pub(crate) struct Grown {
    entries: AtomicU64,
    /// From so many on, there is to be another one.
    long: u64,
    is_long: Notify,
}

impl Replica {
    /// From here on the connection's transactions can be committed by [`commit`](Self::commit).
    pub(crate) fn watch(connection: &Connection) -> rusqlite::Result<()> {
        changes::watch(connection)
    }

    pub(crate) fn files(&self) -> (Files, Term) {
        (self.shared.files.clone(), self.term.clone())
    }

    /// Commits a transaction of a connection that is [watched](Self::watch). Blocks, for as long as NATS is away.
    ///
    /// # Errors
    /// [`WriteError`]; this bot cannot lead any more then, and says so.
    pub(crate) fn commit(&mut self, transaction: Transaction<'_>) -> Result<(), WriteError> {
        let changes = changes::collect(&transaction)?;
        changes::forget(&transaction)?;
        if changes.is_empty() { Ok(transaction.commit()?) } else { self.publish(&changes, transaction) }
    }

    /// The same, and whoever led before is refused from here on, also where nothing has changed.
    pub(crate) fn claim(&mut self, transaction: Transaction<'_>) -> Result<(), WriteError> {
        let changes = changes::collect(&transaction)?;
        changes::forget(&transaction)?;
        self.publish(&changes, transaction)
    }

    fn publish(&mut self, changes: &Changes, transaction: Transaction<'_>) -> Result<(), WriteError> {
        let payload = Bytes::from(serde_json::to_vec(changes)?);
        let committed = log::parts(&payload)
            .try_for_each(|(kind, piece)| self.append(kind, piece))
            .and_then(|()| self.finish(transaction));
        self.or_lost(committed)
    }

    /// Commits a transaction after which nothing that was in the log is of use: with it, a new history begins. There has to
    /// be a snapshot of it before anything else is committed.
    pub(crate) fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), WriteError> {
        changes::forget(&transaction)?;
        self.history = Some(unique());
        let committed = self.append(Kind::Snapshot, Bytes::new()).and_then(|()| self.finish(transaction));
        self.or_lost(committed)
    }

    /// Whether this bot does not lead any more: nothing can be committed again.
    pub(crate) fn is_lost(&self) -> bool {
        self.term.lost().is_cancelled()
    }

    /// Whether the database has no place in the log, so that a history has to begin with it.
    pub(crate) fn is_new(&self) -> bool {
        self.history.is_none()
    }

    /// Sees to it that there is a snapshot of this history. Blocks.
    pub(crate) fn have_snapshot(&mut self, folder: &Path) -> Result<(), WriteError> {
        let keeper = self.keeper(folder);
        let done = self.runtime.block_on(async {
            tokio::select! {
                () = self.term.lost().cancelled() => Err(ReplicaError::Deposed),
                done = keeper.first_snapshot() => done,
            }
        });
        self.or_lost(done.map_err(|error| WriteError::Io(error.to_string())))
    }

    /// Who keeps the log short, for this folder.
    pub(crate) fn keeper(&self, folder: &Path) -> Keeper {
        Keeper::new(folder, self.shared.clone(), self.grown.clone(), self.term.clone())
    }

    fn append(&mut self, kind: Kind, payload: Bytes) -> Result<(), WriteError> {
        self.writer.1 += 1;
        let head = Head {
            history: self.history.clone().unwrap_or_default(),
            schema: schema::VERSION,
            writer: self.entry_writer(),
            kind,
        };
        let appended = self.shared.log.append(self.last, &head, payload, self.term.lost());
        self.last = self.runtime.block_on(appended).map_err(|error| WriteError::Io(error.to_string()))?;
        if self.grown.entries.fetch_add(1, Ordering::Relaxed) >= self.grown.long {
            self.grown.is_long.notify_one();
        }
        Ok(())
    }

    /// Of the entry that was appended last.
    fn entry_writer(&self) -> String {
        format!("{}.{}", self.writer.0, self.writer.1)
    }

    fn finish(&self, transaction: Transaction<'_>) -> Result<(), WriteError> {
        let history = self.history.clone().unwrap_or_default();
        let writer = self.entry_writer();
        put_place(&transaction, &Place { history, sequence: self.last, writer, led: true })?;
        changes::forget(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// What is in the log and not in the database can only be had by reading the log, which a leader does not.
    fn or_lost<T>(&self, done: Result<T, WriteError>) -> Result<T, WriteError> {
        if let Err(error) = &done
            && !self.is_lost()
        {
            tracing::error!(%error, "this bot cannot lead any more");
            self.term.lost().cancel();
        }
        done
    }
}

/// A word that nobody else has.
fn unique() -> String {
    format!("{:016x}", rand::random::<u64>())
}

fn place(connection: &Connection) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let words: Option<String> = statement.query_row([PLACE], |row| row.get(0)).optional()?;
    Ok(words.and_then(|words| serde_json::from_str(&words).ok()))
}

fn put_place(connection: &Connection, place: &Place) -> Result<(), WriteError> {
    let sql = "INSERT OR REPLACE INTO meta (rowid, key, value) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute((PLACE_ROW, PLACE, serde_json::to_string(place)?))?;
    Ok(())
}

/// A database that is written to without a log has no place in it any more.
pub(super) fn forget_place(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM meta WHERE key = ?1", [PLACE]).map(drop)
}
