//! Snapshots: whole databases beside the log, each of them with all entries of its history up to one of these.

use std::{cmp::Reverse, io, path::Path, time::Duration};

use rusqlite::{Connection, backup::Backup};
use tokio::fs::{self, File};

use super::{
    Place, ReplicaError,
    log::away,
    objects::{Found, Objects},
    place,
};
use crate::{
    lease::Term,
    store::{Store, open},
};

/// A copy on its way there.
const COPY: &str = "jobboard.db.copy";
/// Between two tries while somebody has the file for a moment.
const BUSY: Duration = Duration::from_millis(50);
/// All pages in one go, so that it is one moment.
const ALL: i32 = i32::MAX;

/// Where they are. Cheap to clone.
#[derive(Clone)]
pub(super) struct Snapshots(Objects);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) place: Place,
    /// Of no other one, though it may have the same place.
    pub(super) id: String,
}

impl Snapshots {
    pub(super) fn new(bucket: Objects) -> Self {
        Self(bucket)
    }

    /// All that are there up to this entry of the log. Beyond its end, they are of entries that NATS has lost.
    pub(super) async fn list(&self, last: u64) -> Result<Vec<Snapshot>, ReplicaError> {
        let objects = self.0.list().await?.into_iter();
        let snapshots = objects.filter_map(|object| Some((of_name(&object.name)?, object.nuid)));
        let snapshots = snapshots.filter(|(place, _)| place.sequence <= last);
        Ok(snapshots.map(|(place, id)| Snapshot { place, id }).collect())
    }

    /// Copies the database in `folder` and puts it there.
    pub(super) async fn put(&self, folder: &Path, term: &Term) -> Result<Place, ReplicaError> {
        let put = self.try_put(folder, term).await;
        // Where it could not be put there, the disk may be full of it.
        match fs::remove_file(folder.join(COPY)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => put,
        }
    }

    async fn try_put(&self, folder: &Path, term: &Term) -> Result<Place, ReplicaError> {
        let (from, to) = (folder.join(Store::FILE), folder.join(COPY));
        let copying = tokio::task::spawn_blocking(move || copy(&from, &to));
        let place = copying.await.map_err(away)??;
        let mut file = File::open(folder.join(COPY)).await?;
        self.0.put(&name(&place), &mut file, term).await?;
        Ok(place)
    }

    /// Writes one to a file, synced; `false` where it is not what was put there.
    pub(super) async fn get(&self, snapshot: &Snapshot, to: &Path) -> Result<bool, ReplicaError> {
        let mut file = File::create(to).await?;
        match self.0.get(&name(&snapshot.place), &mut file).await? {
            Found::Whole => Ok(true),
            Found::Damaged => Ok(false),
            Found::Nothing => Err(away("a snapshot was dropped meanwhile")),
        }
    }

    /// Drops those before this one but the last of them, which somebody may be reading.
    pub(super) async fn drop_before(&self, place: &Place, term: &Term) -> Result<(), ReplicaError> {
        let mut older = self.list(place.sequence.saturating_sub(1)).await?;
        older.sort_by_key(|other| Reverse(other.place.sequence));
        self.drop_all(older.into_iter().skip(1), term).await
    }

    pub(super) async fn drop_all(
        &self,
        snapshots: impl IntoIterator<Item = Snapshot>,
        term: &Term,
    ) -> Result<(), ReplicaError> {
        for snapshot in snapshots {
            self.0.delete(&name(&snapshot.place), term).await?;
        }
        Ok(())
    }

    /// Drops what is left of uploads and of snapshots that were dropped.
    pub(super) async fn sweep(&self, term: &Term) -> Result<(), ReplicaError> {
        self.0.sweep(term).await
    }
}

fn name(place: &Place) -> String {
    format!("{}.{}", place.history, place.sequence)
}

fn of_name(name: &str) -> Option<Place> {
    let (history, sequence) = name.split_once('.')?;
    let (history, writer) = (history.to_owned(), String::new());
    Some(Place { history, sequence: sequence.parse().ok()?, writer, led: false })
}

/// One moment of a database beside which somebody writes, with the rowids that it has there, and its place.
fn copy(from: &Path, to: &Path) -> Result<Place, ReplicaError> {
    // One that was not finished may be there.
    if let Err(error) = std::fs::remove_file(to)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    let from = open::read_only(from)?;
    let mut copy = Connection::open(to)?;
    let backup = Backup::new(&from, &mut copy)?;
    backup.run_to_completion(ALL, BUSY, None)?;
    drop(backup);
    // It has to be one file.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let place = place(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    place.ok_or_else(|| ReplicaError::Unreadable("the database has no place in the log".to_owned()))
}
