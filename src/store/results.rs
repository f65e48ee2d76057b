//! Long results, each in a file of its own.
//!
//! Numbers stand in `<chat>-<id>.txt`, one a line; what a program left in `<chat>-<id>.out`, where it puts it itself; what else is
//! long of an outcome in `<chat>-<id>.json`. A file is there as a whole or not at all, and before the record that names it.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom, Take, Write},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::WriteError;
use crate::job::{ChatId, Digits, Failure, Filed, JobId, Number, Outcome, Output};

/// The folder's name in the store's.
pub(super) const FOLDER: &str = "results";
/// Bytes of an outcome, as JSON, that its row takes.
pub(super) const ROW: usize = 4096;
/// Digits of a number that stay in its outcome though others of it are moved into a file.
const SHORT: usize = 512;
const BUFFER: usize = 64 * 1024;
/// Files that are ours end in one of these; `part` is one that is being written.
const ENDINGS: [&str; 4] = ["txt", "out", "json", "part"];

/// See [`Store::keep`](super::Store::keep).
pub(super) async fn keep(
    folder: &Path,
    chat: ChatId,
    id: JobId,
    outcome: Outcome,
) -> Result<Outcome, WriteError> {
    if !is_long(&outcome)? {
        return Ok(outcome);
    }
    let results = folder.join(FOLDER);
    let filed = tokio::task::spawn_blocking(move || file(&results, chat, id, outcome)).await;
    filed.map_err(|error| WriteError::Io(error.to_string()))?
}

/// See [`Store::digits`](super::Store::digits).
pub(super) fn open(folder: &Path, filed: &Filed) -> io::Result<Option<Take<File>>> {
    open_at(folder, &filed.file, filed.offset, u64::try_from(filed.len).unwrap_or(u64::MAX))
}

/// So many bytes of a file, from a place on; `None` where there is no such file.
pub(super) fn open_at(folder: &Path, name: &str, offset: u64, wanted: u64) -> io::Result<Option<Take<File>>> {
    let mut file = match File::open(path_of(folder, name)?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if file.metadata()?.len() < offset.saturating_add(wanted) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{name} is cut short")));
    }
    file.seek(SeekFrom::Start(offset))?;
    Ok(Some(file.take(wanted)))
}

/// The file in which an outcome's JSON stands where it is too long for its row.
pub(super) fn outcome_file(chat: ChatId, id: JobId) -> String {
    format!("{}-{}.json", chat.0, id.0)
}

/// The bytes of a file; `None` where there is none.
pub(super) fn size(folder: &Path, name: &str) -> Option<u64> {
    Some(fs::metadata(path_of(folder, name).ok()?).ok()?.len())
}

/// An outcome that stands in a file, as JSON; `None` where there is none.
pub(super) fn read_outcome(folder: &Path, name: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(path_of(folder, name)?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        json => json.map(Some),
    }
}

/// The file that an outcome's numbers stand in, or what a program left, and its bytes. Without it, there is still something to say
/// of the job.
pub(super) fn large_file(outcome: &Outcome) -> Option<(&str, u64)> {
    let numbers = match outcome {
        Outcome::Succeeded(Output::Numbers(numbers)) => numbers,
        Outcome::Succeeded(Output::Printed(printed)) => return printed.kept(),
        Outcome::Failed(Failure::Program(program)) => return program.printed.kept(),
        Outcome::Succeeded(Output::Pokemon(_)) | Outcome::Failed(_) | Outcome::Cancelled(_) => return None,
    };
    let filed = numbers.iter().rev().find_map(|number| match &number.digits {
        Digits::Filed(filed) => Some(filed),
        Digits::Here(_) => None,
    })?;
    // It is the last of its file, with the end of its line.
    Some((&filed.file, filed.offset.saturating_add(filed.len as u64).saturating_add(1)))
}

/// The files of an outcome that was kept.
pub(super) async fn files(folder: &Path, chat: ChatId, id: JobId, outcome: &Outcome) -> Vec<String> {
    let large = large_file(outcome).map(|(name, _)| name.to_owned());
    let outcome = outcome_file(chat, id);
    let is_there = tokio::fs::try_exists(folder.join(FOLDER).join(&outcome)).await.unwrap_or_default();
    let outcome = Some(outcome).filter(|_| is_there);
    large.into_iter().chain(outcome).collect()
}

/// Removes files. One that cannot be removed is left to [`clean`] at the next start.
pub(super) fn remove<'a>(folder: &Path, names: impl IntoIterator<Item = &'a String>) {
    for name in names {
        let removed = path_of(folder, name).and_then(fs::remove_file);
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = name, %error, "a result cannot be removed");
        }
    }
}

/// Removes files of ours that no job names: the bot ended between a file and its record.
pub(super) fn clean(folder: &Path, named: &HashSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(FOLDER))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_ours(&name) && !named.contains(&name) {
            remove(folder, [&name]);
        }
    }
    Ok(())
}

/// Whether a file of this name may be one of ours.
pub(super) fn is_ours(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known))
}

/// A name comes out of the database, which somebody may have changed: it must not lead out of the folder.
pub(super) fn path_of(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => Ok(folder.join(FOLDER).join(name)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} is no result's file"))),
    }
}

fn is_long(outcome: &Outcome) -> Result<bool, WriteError> {
    if let Outcome::Succeeded(Output::Numbers(numbers)) = outcome {
        let digits = numbers.iter().filter_map(|number| number.digits.here());
        // Not made JSON of: it may be hundreds of megabytes.
        if digits.map(str::len).sum::<usize>() > ROW {
            return Ok(true);
        }
    }
    Ok(serde_json::to_string(outcome)?.len() > ROW)
}

fn file(results: &Path, chat: ChatId, id: JobId, mut outcome: Outcome) -> Result<Outcome, WriteError> {
    let mut written = Written { results, names: Vec::new() };
    if let Outcome::Succeeded(Output::Numbers(numbers)) = &mut outcome
        && numbers.iter().any(is_moved)
    {
        let name = format!("{}-{}.txt", chat.0, id.0);
        *numbers = written.file(&name, |file| write_numbers(file, &name, numbers))?;
    }
    let json = serde_json::to_string(&outcome)?;
    if json.len() > ROW {
        written.file(&outcome_file(chat, id), |file| file.write_all(json.as_bytes()))?;
    }
    // The names, too, have to be on the disk.
    if !written.names.is_empty() {
        File::open(results)?.sync_all()?;
    }
    written.names.clear();
    Ok(outcome)
}

fn is_moved(number: &Number) -> bool {
    number.digits.here().is_some_and(|digits| digits.len() > SHORT)
}

/// The numbers as they are to be recorded, once their digits are in the file.
fn write_numbers(file: &mut impl Write, name: &str, numbers: &[Number]) -> io::Result<Vec<Number>> {
    let mut offset = 0;
    let mut recorded = Vec::with_capacity(numbers.len());
    for number in numbers {
        let digits = match number.digits.here().filter(|_| is_moved(number)) {
            Some(digits) => {
                file.write_all(digits.as_bytes())?;
                file.write_all(b"\n")?;
                let (head, tail) = (number.digits.head(Filed::ENDS), number.digits.tail(Filed::ENDS));
                let (head, tail) = (head.to_owned(), tail.to_owned());
                let filed = Filed { file: name.to_owned(), offset, len: digits.len(), head, tail };
                offset += digits.len() as u64 + 1;
                Digits::Filed(Arc::new(filed))
            }
            None => number.digits.clone(),
        };
        recorded.push(Number { n: number.n, digits });
    }
    Ok(recorded)
}

/// Files of one result; removed again unless all of it gets there.
struct Written<'a> {
    results: &'a Path,
    names: Vec<String>,
}

impl Written<'_> {
    /// Writes a file under another name first, so that it is never there in part.
    fn file<T>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    ) -> io::Result<T> {
        let part = format!("{name}.part");
        self.names.push(part.clone());
        let mut file = BufWriter::with_capacity(BUFFER, File::create(self.results.join(&part))?);
        let value = write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(self.results.join(&part), self.results.join(name))?;
        self.names.pop();
        self.names.push(name.to_owned());
        Ok(value)
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            // It may not be there; and what stays is removed at the next start.
            fs::remove_file(self.results.join(name)).ok();
        }
    }
}
