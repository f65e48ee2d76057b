//! All that a job's program leaves goes into one file of the store's results: its output, then what it made. So a job has one
//! file, which is there as a whole before its end is recorded.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{
    made::Found,
    output::{Output, Spool},
    room::Room,
};
use crate::job::{Kept, Made};

/// What is in the file.
#[derive(Debug, Default)]
pub(super) struct Filed {
    /// The output.
    pub(super) output: Option<Kept>,
    /// What was made.
    pub(super) made: Vec<Made>,
    /// Files that were found and could not be kept.
    pub(super) left_out: usize,
    /// Bytes of the output that could not be written.
    pub(super) lost: u64,
}

/// Keeps what is to be kept, as `results/name`, synced. Never fails: what cannot be kept is counted. Blocks.
pub(super) fn keep(output: Output, with_output: bool, found: Found, results: &Path, name: &str) -> Filed {
    let printed = output.bytes();
    let spool = if with_output { output.finish() } else { output.discard() };
    let mut filed = Filed { left_out: found.left_out, lost: spool.lost(), ..Filed::default() };
    let (made, left_out) = (found.files.len(), found.left_out);
    if let Err(error) = file(spool, found, results, name, &mut filed) {
        tracing::warn!(file = name, %error, "what a program left cannot be kept");
        let lost = if with_output { printed } else { 0 };
        return Filed { left_out: left_out + made, lost, ..Filed::default() };
    }
    filed
}

fn file(spool: Spool, found: Found, results: &Path, name: &str, filed: &mut Filed) -> io::Result<()> {
    let (part, file, written) = spool.into_parts();
    let whole = (|| {
        if file.is_none() && found.files.is_empty() {
            return Ok(());
        }
        let mut file = match file {
            Some(file) => file,
            None => File::create(&part)?,
        };
        let kept = |offset, bytes| Kept { file: name.to_owned(), offset, bytes };
        filed.output = Some(kept(0, written)).filter(|kept| kept.bytes > 0);
        let mut at = written;
        for (made, from, size) in found.files {
            let appended = if Room::at(results).takes(size) {
                append(&mut file, at, &from, size)
            } else {
                Err(io::ErrorKind::StorageFull.into())
            };
            match appended {
                Ok(bytes) => {
                    filed.made.push(Made { name: made, kept: kept(at, bytes) });
                    at += bytes;
                }
                Err(error) => {
                    tracing::warn!(file = made, %error, "what a program made cannot be kept");
                    filed.left_out += 1;
                    // Half of it would only take room.
                    file.set_len(at)?;
                }
            }
        }
        file.set_len(at)?;
        if at == 0 {
            return Ok(());
        }
        file.sync_all()?;
        fs::rename(&part, results.join(name))?;
        // The name, too, has to be on the disk.
        File::open(results)?.sync_all()
    })();
    // Where it is not there under its name, nobody wants it.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "what is left of an output cannot be removed");
        }
        _ => {}
    }
    whole
}

/// Copies a file to a place in another one; bytes that it has, which may be less than it had.
fn append(to: &mut File, at: u64, from: &File, size: u64) -> io::Result<u64> {
    to.seek(SeekFrom::Start(at))?;
    io::copy(&mut from.take(size), to)
}
