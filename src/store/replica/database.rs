//! The database of whoever follows: entries of the log are put into it, or it is replaced by a snapshot.

use std::{fs::File, path::Path, time::SystemTime};

use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};

use super::{
    Place, ReplicaError,
    changes::{self, Changes},
    log::{Entry, Kind},
    place, put_place,
};
use crate::store::{OpenError, Store, open, rows};

pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) place: Option<Place>,
    /// The last entry that was looked at.
    pub(super) at: u64,
    /// Of changes that came in part.
    pieces: Vec<Bytes>,
}

/// Where a chunk of entries ended.
pub(super) enum Applied {
    All,
    /// This entry is of another history.
    Foreign(Entry),
}

impl Database {
    /// The folder's, if there is one.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, OpenError> {
        if !open::look(folder, Store::FILE)? {
            return Ok(None);
        }
        let connection = open::connect(folder)?;
        open::check(&connection)?;
        changes::follow(&connection)?;
        let place = place(&connection)?;
        let at = place.as_ref().map_or(0, |place| place.sequence);
        Ok(Some(Self { connection, place, at, pieces: Vec::new() }))
    }

    /// Whether it holds more than the log.
    pub(super) fn is_beyond(&mut self, last: u64) -> bool {
        let sequence = self.place.as_ref().map_or(0, |place| place.sequence);
        if sequence <= last && last < self.at {
            // What is lost is not in it yet.
            self.at = sequence;
            self.pieces.clear();
        }
        sequence > last
    }

    /// All in one transaction: the place, too.
    pub(super) fn apply(&mut self, chunk: Vec<Entry>) -> Result<Applied, ReplicaError> {
        let Some(mut place) = self.place.clone() else { return Err(ReplicaError::Gap) };
        let (mut at, mut pieces, mut applied) = (self.at, self.pieces.clone(), Applied::All);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for entry in chunk {
            if entry.head.history != place.history {
                applied = Applied::Foreign(entry);
                break;
            }
            at = entry.sequence;
            let Kind::Part(number, count) = entry.head.kind else { continue };
            if number == 1 {
                // Whoever began the others did not get to their end.
                pieces.clear();
            }
            pieces.push(entry.payload);
            if number == count {
                read(&pieces.concat())?.apply(&transaction).map_err(unfit)?;
                pieces.clear();
                (place.sequence, place.writer, place.led) = (at, entry.head.writer, false);
            }
        }
        put_place(&transaction, &place).map_err(|error| ReplicaError::Unreadable(error.to_string()))?;
        transaction.commit()?;
        (self.place, self.at, self.pieces) = (Some(place), at, pieces);
        Ok(applied)
    }
}

/// What the disk does is nothing to do with the log; everything else is.
fn unfit(error: rusqlite::Error) -> ReplicaError {
    match OpenError::from(error) {
        OpenError::Damaged(why) => ReplicaError::Diverged(why),
        other => other.into(),
    }
}

fn read(payload: &[u8]) -> Result<Changes, ReplicaError> {
    serde_json::from_slice(payload).map_err(|error| ReplicaError::Unreadable(error.to_string()))
}

/// Whether the copied database is one.
pub(super) fn is_whole(folder: &Path) -> Result<bool, OpenError> {
    let looked = open::look(folder, open::NEW).and_then(|is_there| {
        if is_there {
            open::check(&open::read_only(&folder.join(open::NEW))?)?;
        }
        Ok(is_there)
    });
    match looked {
        Err(OpenError::Damaged(_) | OpenError::NotAStore) => Ok(false),
        looked => looked,
    }
}

/// Puts a copied database into the place of the old one; the old one is put aside where it may hold what is nowhere else.
pub(super) fn replace(folder: &Path, aside: bool) -> Result<(), OpenError> {
    if aside && open::look(folder, Store::FILE)? {
        let name = format!("{}.aside-{}", Store::FILE, rows::nanos(SystemTime::now()));
        open::rename(folder, Store::FILE, &name)?;
        tracing::warn!(
            file = name,
            "the store that was here is not the one of the bot that leads: it is put aside"
        );
    } else {
        open::remove(folder, Store::FILE)?;
    }
    open::rename(folder, open::NEW, Store::FILE)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}
