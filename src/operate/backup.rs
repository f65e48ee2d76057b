//! `jobboard backup` and `jobboard restore`.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

use super::{OperateError, size};
use crate::store::{Copied, Store};

const BUFFER: usize = 1 << 20;
/// Of the folder for what is not complete; gone at the end, unless the process is killed.
const SCRATCH: &str = ".jobboard-backup-";
/// Stdin, or stdout.
const STREAM: &str = "-";

/// Writes a backup under another name, and gives it its name when it is on the disk as a whole.
pub(super) fn backup(folder: &Path, file: &Path, force: bool) -> Result<(), OperateError> {
    let failed = |error: io::Error| OperateError::File { file: file.to_owned(), error };
    if file == Path::new(STREAM) {
        // The data folder is where there is room, also in a container that can write nothing else.
        let scratch =
            Builder::new().prefix(SCRATCH).tempdir_in(folder).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => OperateError::from(crate::store::BackupError::Nothing),
                _ => OperateError::File { file: folder.to_owned(), error },
            })?;
        let copied =
            Store::backup(folder, scratch.path(), BufWriter::with_capacity(BUFFER, io::stdout().lock()))?;
        return say("backed up", &copied);
    }
    if !force && fs::symlink_metadata(file).is_ok() {
        return Err(OperateError::Exists(file.to_owned()));
    }
    let beside = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let scratch = Builder::new().prefix(SCRATCH).tempdir_in(beside).map_err(failed)?;
    // Readable by its owner alone: it holds what people wrote, and the key of the bot's buttons.
    let mut part = NamedTempFile::new_in(scratch.path()).map_err(failed)?;
    let copied = Store::backup(folder, scratch.path(), BufWriter::with_capacity(BUFFER, part.as_file_mut()))?;
    part.as_file().sync_all().map_err(failed)?;
    let named = if force { part.persist(file) } else { part.persist_noclobber(file) };
    named.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => OperateError::Exists(file.to_owned()),
        _ => failed(error.error),
    })?;
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(failed)?;
    say("backed up", &copied)
}

/// Fills the data folder from a backup.
pub(super) fn restore(folder: &Path, file: &Path) -> Result<(), OperateError> {
    let copied = if file == Path::new(STREAM) {
        Store::restore(folder, io::stdin().lock())?
    } else {
        let opened = File::open(file).map_err(|error| OperateError::File { file: file.to_owned(), error })?;
        Store::restore(folder, BufReader::with_capacity(BUFFER, opened))?
    };
    say("restored", &copied)
}

/// On stderr: stdout may be the backup.
#[expect(clippy::unnecessary_wraps, reason = "it ends what may fail")]
fn say(what: &str, Copied { tasks, files, bytes }: &Copied) -> Result<(), OperateError> {
    let (tasks_word, files_word) =
        (if *tasks == 1 { "task" } else { "tasks" }, if *files == 1 { "file" } else { "files" });
    let line =
        format!("{what}: {tasks} {tasks_word}, {files} {files_word} of long results, {}\n", size(*bytes));
    // Where nobody can read it, nothing is to be done.
    drop(io::stderr().write_all(line.as_bytes()));
    Ok(())
}
