//! Backups: one tar of the database and the files of long results, made beside a running bot; and back.
//!
//! The database is copied first and packed last. What is gone of its files by then was dropped meanwhile, and the copy
//! says so; a backup that was cut short has no database, and is refused.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, params};
use tar::{Archive, Builder, EntryType, Header};

use super::{
    OpenError, Store, open, replica, results,
    retain::DROP_DIGITS,
    rows::{self, signed, unsigned},
    schema,
};
use crate::job::{ChatId, JobId};

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Tasks of all boards.
    pub tasks: u64,
    /// Files of long results.
    pub files: usize,
    /// Bytes of all files together.
    pub bytes: u64,
}

/// Why there is no backup, or nothing was restored from it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no bot's data yet.
    #[error("there is no store in the data folder")]
    Nothing,
    /// It would be overwritten.
    #[error("there is a store in the data folder already: choose another folder, or move it away")]
    NotEmpty,
    /// The store, or the backup's, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Not what [`Store::backup`] writes.
    #[error("this is no backup of Jobboard: {0}")]
    NotABackup(String),
    /// A file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Open(error.into())
    }
}

/// A job with files: chat, id, the file of its outcome, that of its digits.
type Filed = (ChatId, JobId, Option<String>, Option<String>);

const FILED: &str = "
SELECT chat, id, outcome_file, digits_file FROM job
WHERE outcome_file IS NOT NULL OR digits_file IS NOT NULL ORDER BY seq";

/// See [`Store::backup`].
pub(super) fn backup(folder: &Path, scratch: &Path, to: impl Write) -> Result<Copied, BackupError> {
    let copy = scratch.join(Store::FILE);
    copy_database(folder, &copy)?;
    let connection = Connection::open_with_flags(&copy, open::flags())?;
    let mut tar = Builder::new(to);
    let mut copied = Copied::default();
    let mut gone = Vec::new();
    for job in rows::list(&connection, FILED, filed)? {
        for (name, is_outcome) in [(&job.2, true), (&job.3, false)] {
            let Some(name) = name else { continue };
            let path = results::path_of(folder, name)?;
            match append(&mut tar, &path, &Path::new(results::FOLDER).join(name)) {
                Ok(bytes) => {
                    copied.files += 1;
                    copied.bytes += bytes;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    gone.push((job.0, job.1, is_outcome));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    forget(connection, &gone)?;
    copied.tasks = count(&copy)?;
    copied.bytes += append(&mut tar, &copy, Path::new(Store::FILE))?;
    tar.into_inner()?.flush()?;
    Ok(copied)
}

/// One moment of the database, as a file of its own. Neither the bot nor its lock is disturbed.
fn copy_database(folder: &Path, copy: &Path) -> Result<(), BackupError> {
    if !open::look(folder, Store::FILE)? {
        return Err(BackupError::Nothing);
    }
    let connection = open::read_only(&folder.join(Store::FILE))?;
    let version = schema::version(&connection)?;
    if version > schema::VERSION {
        return Err(OpenError::Newer { version }.into());
    }
    let to =
        copy.to_str().ok_or_else(|| io::Error::other("the backup's folder has a name that is no text"))?;
    connection.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}

fn filed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Filed> {
    Ok((ChatId(row.get(0)?), JobId(unsigned(row, 1)?), row.get(2)?, row.get(3)?))
}

/// Appends a file and gives its bytes. Where it cannot be opened, nothing was appended.
fn append(tar: &mut Builder<impl Write>, path: &Path, name: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(length);
    tar.append_data(&mut header, name, file.take(length))?;
    Ok(length)
}

/// What was dropped while its backup was made is dropped in the backup, too, and so is its place among those that follow.
fn forget(mut connection: Connection, gone: &[(ChatId, JobId, bool)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (chat, id, is_outcome) in gone {
        if *is_outcome {
            rows::forget(&transaction, *chat, *id)?;
        } else {
            transaction.execute(DROP_DIGITS, params![chat.0, signed(id.0)])?;
        }
    }
    replica::forget_place(&transaction)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)
}

fn count(path: &Path) -> rusqlite::Result<u64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.query_row("SELECT count(*) FROM job", [], |row| unsigned(row, 0))
}

/// See [`Store::restore`].
pub(super) fn restore(folder: &Path, from: impl Read) -> Result<Copied, BackupError> {
    fs::create_dir_all(folder.join(results::FOLDER))?;
    // No bot starts here meanwhile.
    let _lock = open::lock(folder)?;
    if open::look(folder, Store::FILE)? {
        return Err(BackupError::NotEmpty);
    }
    let mut unpacked = Unpacked { folder, written: Vec::new(), copied: Copied::default() };
    unpacked.all(from)?;
    let new = folder.join(open::NEW);
    if !open::look(folder, open::NEW)? {
        return Err(BackupError::NotABackup("its database is empty".to_owned()));
    }
    // In a backup there is no log beside the database: to look at it leaves it as it is.
    let connection = open::read_only(&new)?;
    open::check(&connection)?;
    drop(connection);
    unpacked.copied.tasks = count(&new)?;
    sync(&folder.join(results::FOLDER))?;
    fs::rename(&new, folder.join(Store::FILE))?;
    sync(folder)?;
    unpacked.written.clear();
    Ok(unpacked.copied)
}

/// Files that were written; removed again unless the whole backup gets there.
struct Unpacked<'a> {
    folder: &'a Path,
    written: Vec<PathBuf>,
    copied: Copied,
}

impl Unpacked<'_> {
    fn all(&mut self, from: impl Read) -> Result<(), BackupError> {
        let damaged = |error: io::Error| BackupError::NotABackup(error.to_string());
        let mut database = false;
        for entry in Archive::new(from).entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let name = entry.path().map_err(damaged)?.into_owned();
            let foreign = || BackupError::NotABackup(format!("{:?} does not belong there", name.display()));
            if entry.header().entry_type() != EntryType::Regular || database {
                return Err(foreign());
            }
            database = name == Path::new(Store::FILE);
            let to = if database {
                self.folder.join(open::NEW)
            } else {
                let name = name.strip_prefix(results::FOLDER).ok().and_then(Path::to_str);
                let name = name.filter(|name| results::is_ours(name)).ok_or_else(foreign)?;
                self.copied.files += 1;
                results::path_of(self.folder, name).map_err(|_| foreign())?
            };
            self.copied.bytes += self.file(to, &mut entry)?;
        }
        if database { Ok(()) } else { Err(BackupError::NotABackup("it holds no jobboard.db".to_owned())) }
    }

    fn file(&mut self, to: PathBuf, from: &mut impl Read) -> io::Result<u64> {
        let mut file = File::create(&to)?;
        self.written.push(to);
        let bytes = io::copy(from, &mut file)?;
        file.sync_all()?;
        Ok(bytes)
    }
}

impl Drop for Unpacked<'_> {
    fn drop(&mut self) {
        for path in &self.written {
            // What stays is removed at the next start: nothing names it.
            fs::remove_file(path).ok();
        }
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
