//! How a store is opened: looked at first, and written to only when all of it could be read.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig, ffi};

use super::{
    Keep, Loaded, Store, WriteError,
    replica::{self, Replica},
    results,
    rows::{self, LoadError},
    schema,
    writer::Writer,
};
use crate::metrics::Metrics;

/// Why a store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Somebody else holds the folder's lock.
    #[error("another bot uses the data folder")]
    Taken,
    /// A newer version of the bot has been here.
    #[error(
        "jobboard.db is of a newer Jobboard: its version is {version}, this one knows {}",
        schema::VERSION
    )]
    Newer {
        /// Of the tables.
        version: u32,
    },
    /// It cannot be read, or what it holds contradicts itself.
    #[error("jobboard.db is damaged: {0}")]
    Damaged(String),
    /// The file is somebody else's.
    #[error("jobboard.db is no store of Jobboard")]
    NotAStore,
    /// The folder or a file in it cannot be used.
    #[error("the data folder cannot be used: {0}")]
    Io(String),
}

/// Whoever has locked it has the folder. It is never removed: two bots could have a lock each then.
pub(super) const LOCK: &str = "jobboard.lock";
/// A new database until it is complete.
pub(super) const NEW: &str = "jobboard.db.new";
/// What SQLite puts beside a database; the first two may hold what was committed.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];
/// Somebody who looks at the file with SQLite's own tools may hold it for a moment.
const BUSY: Duration = Duration::from_secs(5);
/// More than there are different statements.
const STATEMENTS: usize = 64;
/// SQLite's own header.
const HEADER: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// See [`Store::open`].
pub(super) fn open(folder: &Path, keep: Keep, metrics: Arc<Metrics>) -> Result<(Store, Loaded), OpenError> {
    prepare(folder)?;
    let lock = lock(folder)?;
    open_locked(folder, keep, metrics, (lock, None))
}

/// See [`Store::lead`].
pub(super) fn open_locked(
    folder: &Path,
    keep: Keep,
    metrics: Arc<Metrics>,
    (lock, mut replica): (File, Option<Replica>),
) -> Result<(Store, Loaded), OpenError> {
    if !look(folder, Store::FILE)? {
        create(folder)?;
    }
    let mut connection = open_file(folder)?;
    // Not even the end of a connection moves what is in the log into the file, until all of it was read.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check(&connection)?;
    let (loaded, migrated, named) = take_over(&mut connection, folder, replica.as_mut())?;
    set_up(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    if migrated {
        checkpoint(&connection)?;
    }
    results::clean(folder, &named)?;
    if let Some(replica) = &mut replica {
        replica.have_snapshot(folder).map_err(|error| OpenError::Io(error.to_string()))?;
    }
    let writer = Writer::start(folder, keep, (connection, replica), lock, metrics)?;
    Ok((Store(Some(Arc::new(writer))), loaded))
}

/// Makes the folder.
pub(super) fn prepare(folder: &Path) -> Result<(), OpenError> {
    Ok(fs::create_dir_all(folder.join(results::FOLDER))?)
}

/// Opens a file that was open before.
pub(super) fn connect(folder: &Path) -> rusqlite::Result<Connection> {
    let connection = open_file(folder)?;
    set_up(&connection)?;
    Ok(connection)
}

fn open_file(folder: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(folder.join(Store::FILE), flags())?;
    // What is noted of a transaction lives no longer than that: a disk, which may be full, has nothing to do with it. It cannot be
    // said any more when a transaction has begun.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Bytes of the database, what SQLite has beside it, and the results. What cannot be looked at counts for nothing.
pub(super) fn size(folder: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let files = ["", BESIDE[0], BESIDE[1], BESIDE[2]];
    let database = files.iter().map(|end| length(&folder.join(format!("{}{end}", Store::FILE)))).sum::<u64>();
    let results = fs::read_dir(folder.join(results::FOLDER)).into_iter().flatten().flatten();
    database + results.map(|file| length(&file.path())).sum::<u64>()
}

/// Moves the log into the file, and the version with it: it stands in the header where [`look`] sees it.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    // Where somebody looks at the file this very moment, it is done another time.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Opens a database that is only looked at, perhaps beside a bot.
pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

pub(super) fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // For each row that is written, SQLite makes a table of the words that a state may be: a sixth of the writer's time.
    // The writer has these words from a type; who reads the file looks at them again.
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Taken),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Whether there is a store, as its first bytes say. SQLite sees nothing that is not ours, or is newer than this
/// program.
pub(super) fn look(folder: &Path, name: &str) -> Result<bool, OpenError> {
    let mut header = Vec::with_capacity(HEADER);
    match File::open(folder.join(name)) {
        Ok(file) => file.take(HEADER as u64).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    if header.is_empty() {
        // SQLite would throw the log away.
        let beside = [BESIDE[0], BESIDE[1]].map(|end| folder.join(format!("{name}{end}")));
        return match beside.iter().find(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0)) {
            Some(log) => Err(OpenError::Damaged(format!("it is empty, but {} is not", log.display()))),
            None => Ok(false),
        };
    }
    if !header.starts_with(&MAGIC[..MAGIC.len().min(header.len())]) {
        return Err(OpenError::NotAStore);
    }
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_be_bytes).ok_or_else(|| OpenError::Damaged("it is cut short".to_owned()))
    };
    if number(68)? != schema::APPLICATION_ID {
        return Err(OpenError::NotAStore);
    }
    match number(60)? {
        0 => Err(OpenError::Damaged("it has no version".to_owned())),
        version if version > schema::VERSION => Err(OpenError::Newer { version }),
        _ => Ok(true),
    }
}

/// Makes an empty store. It gets its name when it is complete: there is never half of one.
fn create(folder: &Path) -> Result<(), OpenError> {
    let path = folder.join(NEW);
    remove(folder, NEW)?;
    let mut connection = Connection::open_with_flags(&path, flags() | OpenFlags::SQLITE_OPEN_CREATE)?;
    set_up(&connection)?;
    schema::create(&mut connection)?;
    checkpoint(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    File::open(&path)?.sync_all()?;
    fs::rename(&path, folder.join(Store::FILE))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Removes a database that nobody has open, if it is there.
pub(super) fn remove(folder: &Path, name: &str) -> Result<(), OpenError> {
    for path in ["", BESIDE[0], BESIDE[1], BESIDE[2]].map(|end| folder.join(format!("{name}{end}"))) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Gives another name to a database that nobody has open.
pub(super) fn rename(folder: &Path, from: &str, to: &str) -> Result<(), OpenError> {
    for end in ["", BESIDE[0], BESIDE[1]] {
        let (from, to) = (folder.join(format!("{from}{end}")), folder.join(format!("{to}{end}")));
        match fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Only reads.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // The version in the log may be newer than the header's: a newer bot was stopped before it moved it there.
    let version = schema::version(connection)?;
    if version > schema::VERSION {
        return Err(OpenError::Newer { version });
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // People read it in one line.
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged(found.replace('\n', " "))) }
}

/// Brings the tables up to date, counts crashes, and reads everything; all of it or, where something cannot be read,
/// nothing. Says whether the tables are others now, and which files of results a job names.
fn take_over(
    connection: &mut Connection,
    folder: &Path,
    replica: Option<&mut Replica>,
) -> Result<(Loaded, bool, HashSet<String>), OpenError> {
    // Nothing gets into the log before the commit, however much it is.
    connection.pragma_update(None, "cache_spill", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let migrated = schema::bring_up_to_date(&transaction)?;
    match replica {
        Some(_) => Replica::watch(&transaction)?,
        None => replica::forget_place(&transaction)?,
    }
    count_crashes(&transaction)?;
    // Where others lead, too, they may have a file that is not here.
    let may_come = replica.is_some();
    let (loaded, lost) = rows::load(&transaction, folder, may_come).map_err(refuse)?;
    let named = named(&transaction)?;
    let unwritable = |error: WriteError| OpenError::Io(error.to_string());
    match replica {
        Some(replica) if migrated || replica.is_new() => replica.begin(transaction).map_err(unwritable)?,
        Some(replica) => replica.claim(transaction).map_err(unwritable)?,
        None => transaction.commit()?,
    }
    for (chat, id) in lost {
        if may_come {
            tracing::warn!(
                chat = chat.0,
                task = id.0,
                "a task is left out: the file of its result is not here"
            );
        } else {
            tracing::warn!(chat = chat.0, task = id.0, "a task is dropped: the file of its result is gone");
        }
    }
    connection.pragma_update(None, "cache_spill", true)?;
    Ok((loaded, migrated, named))
}

fn count_crashes(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .execute(
            "UPDATE job SET state = 'queued', started = NULL, crashes = crashes + 1 WHERE state = 'running'",
            [],
        )
        .map(drop)
}

/// The results' files that a job names.
fn named(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let sql = "
        SELECT digits_file FROM job WHERE digits_file IS NOT NULL
        UNION ALL SELECT outcome_file FROM job WHERE outcome_file IS NOT NULL";
    Ok(rows::list(connection, sql, |row| row.get(0))?.into_iter().collect())
}

fn refuse(error: LoadError) -> OpenError {
    match error {
        LoadError::Sql(error) => error.into(),
        LoadError::Job { .. } | LoadError::Other(_) => OpenError::Damaged(error.to_string()),
    }
}

/// Bytes of the file and its log.
pub(super) fn database_size(folder: &Path) -> u64 {
    let size =
        |end: &str| fs::metadata(folder.join(format!("{}{end}", Store::FILE))).map_or(0, |file| file.len());
    size("") + size(BESIDE[0])
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OutOfMemory,
            PermissionDenied, ReadOnly, SystemIoFailure,
        };
        let short =
            error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHORT_READ);
        match error.sqlite_error_code() {
            Some(
                CannotOpen
                | DatabaseBusy
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | OutOfMemory
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure,
            ) if !short => Self::Io(error.to_string()),
            // The header says that it is ours: that it does not look like it can only be damage.
            _ => Self::Damaged(error.to_string()),
        }
    }
}
