//! Files of long results, for those who follow: each is there before the record that names it.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use tokio::fs::{self, File};

use super::{
    ReplicaError,
    objects::{Found, Objects},
};
use crate::{
    lease::Term,
    store::{WriteError, results, rows},
};

/// What no job names is kept for so long, since its job's end may be about to be stored.
const UNNAMED: Duration = Duration::from_hours(1);
/// Between two tries to put a file there while NATS is away.
const AGAIN: Duration = Duration::from_secs(1);

const NAMED: &str = "
SELECT digits_file, digits_bytes FROM job WHERE digits_bytes + outcome_bytes > 0 AND digits_file IS NOT NULL
UNION SELECT outcome_file, outcome_bytes FROM job
      WHERE digits_bytes + outcome_bytes > 0 AND outcome_file IS NOT NULL";

/// Names and bytes.
type Named = HashMap<String, u64>;

/// Where they are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Files(Objects);

impl Files {
    pub(super) fn new(bucket: Objects) -> Self {
        Self(bucket)
    }

    /// Puts files there, however long it takes.
    ///
    /// # Errors
    /// [`WriteError`] where a file cannot be read, or `term` is over, so that nobody wants them any more.
    pub(crate) async fn keep(
        &self,
        folder: &Path,
        names: impl IntoIterator<Item = String>,
        term: &Term,
    ) -> Result<(), WriteError> {
        for name in names {
            while let Err(error) = self.put(folder, &name, term).await {
                let ReplicaError::Away(_) = error else { return Err(WriteError::Io(error.to_string())) };
                tracing::warn!(file = name, %error, "a result cannot be sent to NATS");
                tokio::select! {
                    () = term.lost().cancelled() => return Err(WriteError::Io(ReplicaError::Deposed.to_string())),
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        }
        Ok(())
    }

    async fn put(&self, folder: &Path, name: &str, term: &Term) -> Result<(), ReplicaError> {
        let mut file = File::open(results::path_of(folder, name)?).await?;
        self.0.put(name, &mut file, term).await
    }

    /// Gets files. Gives the names of those that are not there, or not whole.
    pub(super) async fn get_all(
        &self,
        folder: &Path,
        names: Vec<String>,
    ) -> Result<HashSet<String>, ReplicaError> {
        let mut missing = HashSet::new();
        for name in names {
            if !self.get(folder, &name).await? {
                missing.insert(name);
            }
        }
        Ok(missing)
    }

    async fn get(&self, folder: &Path, name: &str) -> Result<bool, ReplicaError> {
        let to = results::path_of(folder, name)?;
        let part = part_of(&to);
        let mut file = File::create(&part).await?;
        let is_whole = self.0.get(name, &mut file).await? == Found::Whole;
        if is_whole {
            fs::rename(&part, &to).await?;
        } else {
            fs::remove_file(&part).await?;
        }
        Ok(is_whole)
    }

    /// Puts there what jobs name and is missing, and drops what no job has named for a while.
    pub(super) async fn tidy(
        &self,
        folder: &Path,
        mut named: Named,
        term: &Term,
    ) -> Result<(), ReplicaError> {
        let old = SystemTime::now() - UNNAMED;
        let mut unnamed = Vec::new();
        for object in self.0.list().await? {
            let is_old = object.modified.is_some_and(|time| time.unix_timestamp() < seconds(old));
            if named.remove(&object.name).is_none() && is_old {
                unnamed.push(object.name);
            }
        }
        for name in unnamed {
            self.0.delete(&name, term).await?;
        }
        self.0.sweep(term).await?;
        for name in named.into_keys() {
            match self.put(folder, &name, term).await {
                Err(ReplicaError::Folder(error)) => unreadable(&name, &error),
                done => done?,
            }
        }
        Ok(())
    }
}

/// Of the files that jobs name, those that are not in the folder. What is of no job's is removed from it.
pub(super) fn missing(folder: &Path, connection: &Connection) -> Result<Vec<String>, ReplicaError> {
    let named = named(connection)?;
    // Nothing here is on its way to be named.
    results::clean(folder, &named.keys().cloned().collect())?;
    let is_missing = |(name, bytes): &(String, u64)| results::size(folder, name) != Some(*bytes);
    Ok(named.into_iter().filter(is_missing).map(|(name, _)| name).collect())
}

/// The files that jobs name.
pub(super) fn named(connection: &Connection) -> rusqlite::Result<Named> {
    Ok(rows::list(connection, NAMED, |row| Ok((row.get(0)?, rows::unsigned(row, 1)?)))?.into_iter().collect())
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Since 1970.
fn seconds(time: SystemTime) -> i64 {
    rows::nanos(time) / 1_000_000_000
}

fn unreadable(name: &str, error: &dyn Display) {
    tracing::warn!(file = name, %error, "a result cannot be read");
}
