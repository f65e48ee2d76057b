//! Whoever follows: a database that gets the same rows, until this bot leads.

use std::{
    cmp::Reverse,
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use tokio::{runtime::Handle, sync::Notify};

use super::{
    Grown, Place, Replica, ReplicaError, Shared,
    database::{self, Applied, Database},
    files,
    log::{self, End, Entry, Head, Kind, away},
    put_place,
    snapshots::Snapshot,
    unique,
};
use crate::{
    lease::Term,
    nats::Nats,
    store::{OpenError, open, schema},
};

/// Entries that are put into the database at once, where so many are there.
const AT_ONCE: usize = 64;
/// Between two looks for files that were not on NATS.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A data folder that follows the log. It has the folder's lock.
pub struct Follower {
    folder: PathBuf,
    shared: Arc<Shared>,
    lock: File,
    database: Option<Database>,
    standing: Standing,
    /// It was copied because it did not fit the log, and is not at the log's end since then.
    is_anew: bool,
    /// All files are there that jobs of the database name, but for the missing ones.
    has_files: bool,
    /// Those that were not on NATS either, when they were last looked for.
    missing: HashSet<String>,
    looked: Instant,
    /// Snapshots that are of no use: they are not copied again.
    damaged: HashSet<String>,
    /// The ends of the log as they were last seen.
    first: u64,
    last: u64,
}

/// What a look at the log has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is no store yet.
    Nothing,
    /// The folder has all that was in it.
    Following,
}

/// What the folder's database is to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// They were not compared yet.
    Unseen,
    /// It is a part of the log.
    Known,
    /// It holds what the log does not, or not any more.
    Other,
}

impl Follower {
    /// Takes the folder. What is in it stays as it is until the log says something else.
    ///
    /// # Errors
    /// [`ReplicaError`].
    pub async fn open(folder: &Path, nats: &Nats) -> Result<Self, ReplicaError> {
        let shared = Box::pin(Shared::open(nats)).await?;
        let path = folder.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            open::prepare(&path)?;
            let lock = open::lock(&path)?;
            Ok::<_, OpenError>((lock, Database::open(&path)?))
        });
        let (lock, database) = opening.await.map_err(away)??;
        Ok(Self {
            folder: folder.to_owned(),
            shared,
            lock,
            database,
            standing: Standing::Unseen,
            is_anew: false,
            has_files: false,
            missing: HashSet::new(),
            looked: Instant::now(),
            damaged: HashSet::new(),
            first: 0,
            last: 0,
        })
    }

    /// Brings the folder as far as the log is.
    ///
    /// # Errors
    /// [`ReplicaError`]; the next step goes on from there.
    pub async fn step(&mut self) -> Result<Step, ReplicaError> {
        let step = Box::pin(self.catch_up()).await;
        if step.is_err() && self.standing == Standing::Known {
            // While NATS was away, it may have lost the end of its log.
            self.standing = Standing::Unseen;
        }
        step
    }

    async fn catch_up(&mut self) -> Result<Step, ReplicaError> {
        let end = self.shared.log.end().await?;
        (self.first, self.last) = (end.first, end.last);
        let Some(head) = &end.head else { return Ok(Step::Nothing) };
        if head.schema > schema::VERSION {
            return Err(ReplicaError::Newer(head.schema));
        }
        if self.database.as_mut().is_some_and(|database| database.is_beyond(end.last)) {
            self.standing = Standing::Other;
            if self.is_ahead(&end, head) {
                // NATS has lost the end of its log. Whoever has led until then begins a new one with all of it.
                return Ok(Step::Nothing);
            }
        }
        let follows = self.at().is_some_and(|at| end.first <= at + 1 && at <= end.last);
        if !(follows && self.is_known(&end).await? || self.restore(&head.history).await?) {
            return Ok(Step::Nothing);
        }
        let mut is_new = !self.has_files || self.looks_again();
        while self.at().is_some_and(|at| at < end.last) {
            is_new = true;
            match self.read(end.last).await {
                Err(ReplicaError::Gap) if self.restore(&head.history).await? => {}
                // Where that is of no use, a copy after the other would not be, either.
                Err(ReplicaError::Diverged(why)) if !self.is_anew => {
                    tracing::error!(why, "the store does not fit the log: it is copied anew");
                    self.standing = Standing::Other;
                    if !self.restore(&head.history).await? {
                        return Ok(Step::Nothing);
                    }
                    self.is_anew = true;
                }
                read => read?,
            }
        }
        self.is_anew = false;
        // A snapshot may have been newer than the last look at the log.
        self.last = self.last.max(self.at().unwrap_or_default());
        if is_new {
            self.has_files = false;
            self.get_files().await?;
            self.has_files = true;
        }
        Ok(Step::Following)
    }

    /// Ends following, when [`step`](Self::step) has just found that nothing is missing, or that there is no store yet. With
    /// more entries than `long` since the last snapshot, there is to be a new one. What is led is written for as long as `term` lasts.
    ///
    /// # Errors
    /// [`ReplicaError`].
    pub async fn lead(self, step: Step, term: Term, long: u64) -> Result<(File, Replica), ReplicaError> {
        let place = self.database.as_ref().and_then(|database| database.place.clone());
        let history = place.filter(|_| step == Step::Following).map(|place| place.history);
        if let Some(Database { connection, .. }) = self.database {
            tokio::task::spawn_blocking(|| connection.close().map_err(|(_, error)| error))
                .await
                .map_err(away)??;
        }
        // The log is cut at its snapshots. Counted from here, it would never be long where leaders do not lead for long.
        let entries = AtomicU64::new(self.last.saturating_sub(self.first));
        let grown = Grown { entries, long, is_long: Notify::new() };
        let replica = Replica {
            shared: self.shared,
            runtime: Handle::current(),
            history,
            last: self.last,
            writer: (unique(), 0),
            term,
            grown: Arc::new(grown),
        };
        Ok((self.lock, replica))
    }

    /// Whether what is in the folder is nowhere else: it has led, or was never followed.
    pub fn has_own(&self) -> bool {
        let place = |database: &Database| database.place.clone();
        self.database.as_ref().is_some_and(|database| place(database).is_none_or(|place| place.led))
    }

    /// Entries that were in the log at the last look, and are not in the folder.
    pub fn lacks(&self) -> u64 {
        self.last.saturating_sub(self.at().unwrap_or_default())
    }

    fn at(&self) -> Option<u64> {
        self.database.as_ref().map(|database| database.at)
    }

    /// Whether the folder has all of this log, and more of whoever wrote its end.
    fn is_ahead(&self, end: &End, head: &Head) -> bool {
        let place = self.database.as_ref().and_then(|database| database.place.as_ref());
        place.is_some_and(|place| {
            place.sequence > end.last
                && place.history == head.history
                && log::process(&place.writer) == log::process(&head.writer)
        })
    }

    /// Whether what is in the folder is a part of this log.
    async fn is_known(&mut self, end: &End) -> Result<bool, ReplicaError> {
        if self.standing == Standing::Unseen
            && let Some(place) = self.database.as_ref().and_then(|database| database.place.clone())
        {
            let beside = self.shared.log.entry(place.sequence.max(end.first)).await?;
            let is_beside = beside.sequence == place.sequence && !place.writer.is_empty();
            let is_other = is_beside && beside.head.writer != place.writer;
            let is_known = beside.head.history == place.history && !is_other;
            self.standing = if is_known { Standing::Known } else { Standing::Other };
        }
        Ok(self.standing == Standing::Known)
    }

    /// Reads what is new.
    async fn read(&mut self, last: u64) -> Result<(), ReplicaError> {
        let Some(at) = self.at() else { return Err(ReplicaError::Gap) };
        let mut entries = self.shared.log.read(at, last).await?.ready_chunks(AT_ONCE);
        while let Some(chunk) = entries.next().await {
            let chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
            if let Applied::Foreign(entry) = self.apply(chunk).await? {
                self.turn(entry).await?;
                return Ok(());
            }
        }
        Ok(())
    }

    async fn apply(&mut self, chunk: Vec<Entry>) -> Result<Applied, ReplicaError> {
        let Some(mut database) = self.database.take() else { return Err(ReplicaError::Gap) };
        let applying = tokio::task::spawn_blocking(move || {
            let applied = database.apply(chunk);
            (database, applied)
        });
        let (database, applied) = applying.await.map_err(away)?;
        self.database = Some(database);
        applied
    }

    /// Another history begins. Whoever began it goes on only when there is a snapshot of it.
    async fn turn(&mut self, entry: Entry) -> Result<(), ReplicaError> {
        if entry.head.schema > schema::VERSION {
            return Err(ReplicaError::Newer(entry.head.schema));
        }
        let snapshots = self.shared.snapshots().await?;
        let history = entry.head.history;
        if snapshots.iter().any(|snapshot| snapshot.place.history == history) {
            return self.restore(&history).await.map(drop);
        }
        match (&mut self.database, entry.head.kind) {
            // Nothing came of it, or not yet.
            (Some(database), Kind::Snapshot) => {
                database.at = entry.sequence;
                Ok(())
            }
            _ => Err(ReplicaError::Unreadable(format!("there is no snapshot of {history}"))),
        }
    }

    /// Begins anew, with a snapshot of this history or, where there is none, of the last one. Says whether there was any.
    async fn restore(&mut self, history: &str) -> Result<bool, ReplicaError> {
        let mut snapshots = self.shared.snapshots().await?;
        if snapshots.is_empty() {
            return Ok(false);
        }
        snapshots.sort_by_key(|Snapshot { place, .. }| Reverse((place.history == history, place.sequence)));
        for snapshot in snapshots {
            // After an older one, entries would be missing.
            let is_followed = self.first <= snapshot.place.sequence + 1;
            if !is_followed || self.damaged.contains(&snapshot.id) {
                continue;
            }
            if self.copy(&snapshot).await? {
                self.replace(snapshot.place).await?;
                return Ok(true);
            }
            tracing::error!(entry = snapshot.place.sequence, "a snapshot of the store is damaged");
            self.damaged.insert(snapshot.id);
        }
        Err(ReplicaError::Damaged)
    }

    /// Copies a snapshot beside the database; `false` where it is damaged.
    async fn copy(&mut self, snapshot: &Snapshot) -> Result<bool, ReplicaError> {
        let (folder, new) = (self.folder.clone(), self.folder.join(open::NEW));
        let removing = tokio::task::spawn_blocking(move || open::remove(&folder, open::NEW));
        removing.await.map_err(away)??;
        if !self.shared.snapshots.get(snapshot, &new).await? {
            return Ok(false);
        }
        let folder = self.folder.clone();
        Ok(tokio::task::spawn_blocking(move || database::is_whole(&folder)).await.map_err(away)??)
    }

    /// Puts what was copied into the database's place.
    async fn replace(&mut self, copied: Place) -> Result<(), ReplicaError> {
        let (folder, old) = (self.folder.clone(), self.database.take());
        // What the log had anyway is no loss.
        let of_log = |place: &Place| match self.standing {
            Standing::Known => true,
            Standing::Unseen => place.history == copied.history && !place.led,
            Standing::Other => false,
        };
        let aside = old.as_ref().is_some_and(|old| !old.place.as_ref().is_some_and(of_log));
        let replacing = tokio::task::spawn_blocking(move || {
            drop(old);
            database::replace(&folder, aside)?;
            let mut copy = Database::open(&folder)?;
            if let Some(Database { connection, place: Some(place), .. }) = &mut copy {
                place.led = false;
                put_place(connection, place).map_err(|error| OpenError::Io(error.to_string()))?;
            }
            Ok::<_, OpenError>(copy)
        });
        self.database = replacing.await.map_err(away)??;
        self.standing = Standing::Known;
        tracing::info!(entry = copied.sequence, "the store was copied from the bot that leads");
        Ok(())
    }

    /// Whoever leads may have to send for a while what it had before anybody followed.
    fn looks_again(&self) -> bool {
        !self.missing.is_empty() && self.looked.elapsed() > LOOK_AGAIN
    }

    async fn get_files(&mut self) -> Result<(), ReplicaError> {
        let Some(database) = self.database.take() else { return Ok(()) };
        let folder = self.folder.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let wanted = files::missing(&folder, &database.connection);
            (database, wanted)
        });
        let (database, wanted) = looking.await.map_err(away)?;
        self.database = Some(database);
        let missing = self.shared.files.get_all(&self.folder, wanted?).await?;
        for name in missing.difference(&self.missing) {
            tracing::warn!(file = name, "a result is not on NATS, or damaged there");
        }
        (self.missing, self.looked) = (missing, Instant::now());
        Ok(())
    }
}
