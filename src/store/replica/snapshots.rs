//! Snapshots: whole databases beside the log, each of them with all entries of its history up to one of these.

use std::{cmp::Reverse, path::Path, time::Duration};

use async_nats::jetstream::object_store::ObjectStore;
use futures_util::{StreamExt, TryStreamExt};
use rusqlite::{Connection, backup::Backup};
use tokio::fs::{self, File};

use super::{Place, ReplicaError, log::away, objects, place};
use crate::store::{Store, open};

/// A copy on its way there.
const COPY: &str = "jobboard.db.copy";
/// Between two tries while somebody has the file for a moment.
const BUSY: Duration = Duration::from_millis(50);
/// All pages in one go, so that it is one moment.
const ALL: i32 = i32::MAX;

/// Where they are. Cheap to clone.
#[derive(Clone)]
pub(super) struct Snapshots(ObjectStore);

impl Snapshots {
    pub(super) fn new(bucket: ObjectStore) -> Self {
        Self(bucket)
    }

    /// All that are there up to this entry of the log. Beyond its end, they are of entries that NATS has lost.
    pub(super) async fn list(&self, last: u64) -> Result<Vec<Place>, ReplicaError> {
        let objects = self.0.list().await.map_err(away)?;
        let names = objects.map_ok(|object| object.name).map_err(away);
        let place = |name: String| of_name(&name).filter(|place| place.sequence <= last);
        let places = names.try_filter_map(|name| async move { Ok(place(name)) });
        places.try_collect().await
    }

    /// Copies the database in `folder` and puts it there.
    pub(super) async fn put(&self, folder: &Path) -> Result<Place, ReplicaError> {
        let (from, to) = (folder.join(Store::FILE), folder.join(COPY));
        let copied = to.clone();
        let copying = tokio::task::spawn_blocking(move || copy(&from, &to));
        let place = copying.await.map_err(away)??;
        let mut file = File::open(&copied).await?;
        self.0.put(name(&place).as_str(), &mut file).await.map_err(away)?;
        fs::remove_file(&copied).await?;
        Ok(place)
    }

    /// Writes one to a file, synced.
    pub(super) async fn get(&self, place: &Place, to: &Path) -> Result<(), ReplicaError> {
        let object = self.0.get(name(place)).await.map_err(away)?;
        let mut file = File::create(to).await?;
        if objects::copy(object, &mut file).await? { Ok(()) } else { Err(away("a snapshot is damaged")) }
    }

    /// Drops those before this one but the last of them, which somebody may be reading.
    pub(super) async fn drop_before(&self, place: &Place) -> Result<(), ReplicaError> {
        let mut older = self.list(place.sequence.saturating_sub(1)).await?;
        older.sort_by_key(|other| Reverse(other.sequence));
        self.drop_all(older.into_iter().skip(1)).await
    }

    pub(super) async fn drop_all(&self, places: impl IntoIterator<Item = Place>) -> Result<(), ReplicaError> {
        futures_util::stream::iter(places)
            .map(Ok)
            .try_for_each(|other| async move { self.0.delete(name(&other)).await.map_err(away) })
            .await
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
        && error.kind() != std::io::ErrorKind::NotFound
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
