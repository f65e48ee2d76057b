//! A look at a store that changes nothing, also while a bot runs on it.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::{OpenError, Store, open, rows::unsigned, schema};

/// What is in a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// A bot runs on it.
    pub in_use: bool,
    /// The store, if there is one yet.
    pub store: Option<Found>,
}

/// A store that this program can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of its tables; an older one is brought up to date at the start.
    pub version: u32,
    /// Of the tables of this program.
    pub current: u32,
    /// Tasks of all boards.
    pub tasks: u64,
    /// Bytes of the database.
    pub bytes: u64,
}

/// See [`Store::inspect`].
pub(super) fn inspect(folder: &Path) -> Result<Inspected, OpenError> {
    let in_use = in_use(folder)?;
    if !open::look(folder, Store::FILE)? {
        return Ok(Inspected { in_use, store: None });
    }
    let path = folder.join(Store::FILE);
    let connection = open::read_only(&path)?;
    open::check(&connection)?;
    let version = schema::version(&connection)?;
    let tasks = connection.query_row("SELECT count(*) FROM job", [], |row| unsigned(row, 0))?;
    let bytes = fs::metadata(&path)?.len();
    Ok(Inspected { in_use, store: Some(Found { version, current: schema::VERSION, tasks, bytes }) })
}

/// Whether a bot holds the folder's lock. It is shared for a moment where nobody has it; a bot that starts just then
/// waits for longer.
fn in_use(folder: &Path) -> Result<bool, OpenError> {
    let file = match File::open(folder.join(open::LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
