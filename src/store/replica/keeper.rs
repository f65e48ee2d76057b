//! Who keeps the log short, beside the leader's writes: with a snapshot, what is before it is of no use.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Grown, Place, ReplicaError, Shared, files, log::away, place};
use crate::{
    lease::Term,
    store::{Store, open},
};

/// Between two looks at whether the files on NATS are those that jobs name.
const TIDY: Duration = Duration::from_hours(1);
/// The same for the snapshot without which nobody leads.
const SOON: Duration = Duration::from_secs(1);
/// The first pause after what could not be done.
const AGAIN: Duration = Duration::from_secs(10);

/// Makes snapshots, and drops what is of no use any more.
pub struct Keeper {
    folder: PathBuf,
    shared: Arc<Shared>,
    grown: Arc<Grown>,
    term: Term,
}

impl Keeper {
    pub(super) fn new(folder: &Path, shared: Arc<Shared>, grown: Arc<Grown>, term: Term) -> Self {
        Self { folder: folder.to_owned(), shared, grown, term }
    }

    /// Does so until `stop`, or until this bot leads no more.
    pub async fn tend(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.term.lost().cancelled() => {}
            () = self.tidy() => {}
            () = self.shorten() => {}
        }
    }

    async fn tidy(&self) {
        loop {
            let pause = match self.try_tidy().await {
                Ok(()) => TIDY,
                Err(error) => {
                    tracing::warn!(%error, "the results on NATS could not be compared with the tasks");
                    AGAIN
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn try_tidy(&self) -> Result<(), ReplicaError> {
        let database = self.folder.join(Store::FILE);
        let named = move || files::named(&open::read_only(&database)?);
        let named = tokio::task::spawn_blocking(named).await.map_err(away)??;
        self.shared.files.tidy(&self.folder, named, &self.term).await?;
        self.shared.snapshots.sweep(&self.term).await
    }

    async fn shorten(&self) {
        let mut pause = AGAIN;
        loop {
            let is_long = tokio::time::timeout(TIDY, self.grown.is_long.notified()).await.is_ok();
            let done = match self.grown.entries.load(Ordering::Relaxed) >= self.grown.long {
                true => self.snapshot().await,
                false if is_long => continue,
                // Somebody may have deleted it because it was damaged.
                false => self.try_first_snapshot().await,
            };
            pause = match done {
                Ok(()) => AGAIN,
                Err(error) => {
                    tracing::warn!(%error, ?pause, "no snapshot of the store could be made");
                    tokio::time::sleep(pause).await;
                    // Each try sends a whole database.
                    (pause * 2).min(TIDY)
                }
            };
        }
    }

    /// Sees to it that there is one of the database's history, however long NATS takes.
    pub(super) async fn first_snapshot(&self) -> Result<(), ReplicaError> {
        loop {
            match self.try_first_snapshot().await {
                Err(ReplicaError::Away(error)) => {
                    tracing::warn!(error, "no snapshot of the store could be made; trying again");
                    tokio::time::sleep(SOON).await;
                }
                done => return done,
            }
        }
    }

    async fn try_first_snapshot(&self) -> Result<(), ReplicaError> {
        let database = self.folder.join(Store::FILE);
        let place = move || place(&open::read_only(&database)?);
        let place = tokio::task::spawn_blocking(place).await.map_err(away)??;
        if let Some(place) = place {
            let known = self.shared.snapshots.list(u64::MAX).await?;
            let (known, lost): (Vec<_>, Vec<_>) =
                known.into_iter().partition(|other| other.place.sequence <= place.sequence);
            // Looked at after them: nobody has gone on since then. Later, the log would have other entries of their numbers.
            if !lost.is_empty() && self.shared.log.end().await?.last == place.sequence {
                self.shared.snapshots.drop_all(lost, &self.term).await?;
            }
            if known.iter().any(|other| other.place.history == place.history) {
                return Ok(());
            }
        }
        self.snapshot().await
    }

    async fn snapshot(&self) -> Result<(), ReplicaError> {
        let before = self.grown.entries.load(Ordering::Relaxed);
        let place = self.shared.snapshots.put(&self.folder, &self.term).await?;
        // It is there, and need not be put there again.
        while let Err(error) = self.cut(&place).await {
            tracing::warn!(%error, "what is before a snapshot cannot be dropped");
            tokio::time::sleep(AGAIN).await;
        }
        self.grown.entries.fetch_sub(before, Ordering::Relaxed);
        tracing::debug!(entry = place.sequence, "a snapshot of the store is on NATS");
        Ok(())
    }

    async fn cut(&self, place: &Place) -> Result<(), ReplicaError> {
        self.shared.log.drop_before(place.sequence).await?;
        self.shared.snapshots.drop_before(place, &self.term).await
    }
}
