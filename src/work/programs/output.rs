//! What a program prints, on its way into a file: its beginning and its end, however much it is.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::room::{Room, is_full};

/// Bytes of the end of an output that are kept where all of it is too long.
const END: usize = 64 * 1024;
/// Bytes that are written at once.
const WRITE: usize = 64 * 1024;
/// Bytes of each stream's end that its last lines are made of.
const LAST: usize = 8 * 1024;

/// Which of its two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Results.
    Out,
    /// Errors.
    Err,
}

/// Everything that was printed so far; both streams, in the order in which they came.
#[derive(Debug)]
pub(super) struct Output {
    /// Bytes of its beginning that are kept.
    beginning: u64,
    /// Of the beginning, what is not written yet.
    unwritten: Vec<u8>,
    /// Bytes of the beginning so far.
    begun: u64,
    /// What came after the beginning.
    end: Last,
    /// The last of both streams, and of the errors alone.
    both: Last,
    errors: Last,
    bytes: u64,
    file: Spool,
}

impl Output {
    /// Of at most so many bytes, in a file at this path that is made when it is needed.
    pub(super) fn new(path: PathBuf, most: u64) -> Self {
        let end = END.min(usize::try_from(most / 2).unwrap_or(END));
        Self {
            beginning: most - end as u64,
            unwritten: Vec::new(),
            begun: 0,
            end: Last::new(end),
            both: Last::new(LAST),
            errors: Last::new(LAST),
            bytes: 0,
            file: Spool::at(path),
        }
    }

    /// Takes what was printed.
    pub(super) fn take(&mut self, stream: Stream, printed: &[u8]) {
        self.bytes += printed.len() as u64;
        self.both.push(printed);
        if stream == Stream::Err {
            self.errors.push(printed);
        }
        let room = usize::try_from(self.beginning - self.begun).unwrap_or(usize::MAX).min(printed.len());
        let (beginning, end) = printed.split_at(room);
        self.begun += room as u64;
        self.unwritten.extend_from_slice(beginning);
        self.end.push(end);
    }

    /// Bytes that were printed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The last of both streams, and whether that is all.
    pub(super) fn last(&self) -> (&[u8], bool) {
        (&self.both.bytes, self.both.left_out == 0)
    }

    /// The last of its errors, and whether that is all of them.
    pub(super) fn last_errors(&self) -> (&[u8], bool) {
        (&self.errors.bytes, self.errors.left_out == 0)
    }

    /// Writes what waits, where it is enough to be worth it. Never fails: what cannot be written is lost, and counted.
    pub(super) async fn spill(&mut self) {
        if self.unwritten.len() < WRITE {
            return;
        }
        let unwritten = std::mem::take(&mut self.unwritten);
        let nothing = Spool::at(PathBuf::new());
        let mut file = std::mem::replace(&mut self.file, nothing);
        let written = tokio::task::spawn_blocking(move || {
            file.write(&unwritten);
            (file, unwritten)
        });
        // It does not panic; and where it is cancelled, so is all else.
        if let Ok((file, mut written)) = written.await {
            self.file = file;
            // Its room is used again.
            written.clear();
            self.unwritten = written;
        }
    }

    /// Writes no more; what was written is not wanted. Blocks.
    pub(super) fn discard(self) -> Spool {
        let Spool { path, .. } = self.file;
        Spool::at(path)
    }

    /// Nobody wants any of it.
    pub(super) async fn remove(self) {
        let (path, file, _) = self.file.into_parts();
        if file.is_some()
            && let Err(error) = tokio::fs::remove_file(&path).await
        {
            tracing::warn!(%error, "an output that nobody wants cannot be removed");
        }
    }

    /// Writes all that is kept. Blocks.
    pub(super) fn finish(mut self) -> Spool {
        self.file.write(&self.unwritten);
        self.end.shrink();
        if self.end.left_out > 0 {
            self.file.write(format!("\n[… {} B …]\n", self.end.left_out).as_bytes());
        }
        self.file.write(&self.end.bytes);
        self.file
    }
}

/// A file that grows, as far as there is room for it.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    lost: u64,
}

impl Spool {
    /// There is no file until something is written.
    fn at(path: PathBuf) -> Self {
        Self { path, file: None, written: 0, lost: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let room = Room::at(self.path.parent().unwrap_or(Path::new("")));
        // What comes after a gap would be taken for what came next.
        if self.lost > 0 {
            self.lost += bytes.len() as u64;
        } else if room.takes(bytes.len() as u64) {
            let before = self.written;
            if let Err(error) = self.try_write(bytes) {
                tracing::warn!(%error, "what a program prints cannot be kept any more");
                self.lost = bytes.len() as u64 - (self.written - before);
                if is_full(&error) {
                    self.give_back();
                }
            }
        } else {
            tracing::warn!("what a program prints is not kept any more: the disk is nearly full");
            self.lost = bytes.len() as u64;
        }
        // Whoever takes the rest, without it the store can store no end.
        if room.is_nearly_gone() {
            self.give_back();
        }
    }

    /// Nothing of it is kept: the store needs the room. To be called where something is lost, so that nothing more is written.
    fn give_back(&mut self) {
        let Some(file) = self.file.as_ref().filter(|_| self.written > 0) else { return };
        match file.set_len(0) {
            Ok(()) => {
                tracing::warn!(bytes = self.written, "what a program printed is dropped: the disk is full");
                self.lost += self.written;
                self.written = 0;
            }
            Err(error) => tracing::error!(%error, "an output cannot be dropped"),
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::create(&self.path)?),
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.written += written as u64;
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Bytes that could not be written.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Where it is, the file, and how many bytes of it count.
    pub(super) fn into_parts(self) -> (PathBuf, Option<File>, u64) {
        (self.path, self.file, self.written)
    }
}

/// The last bytes of many: of its `most`, up to twice as many while they are collected.
#[derive(Debug)]
struct Last {
    most: usize,
    bytes: Vec<u8>,
    /// Bytes that came before them.
    left_out: u64,
}

impl Last {
    fn new(most: usize) -> Self {
        Self { most, bytes: Vec::new(), left_out: 0 }
    }

    fn push(&mut self, more: &[u8]) {
        let skipped = more.len().saturating_sub(self.most);
        if skipped > 0 {
            self.left_out += (self.bytes.len() + skipped) as u64;
            self.bytes.clear();
        }
        self.bytes.extend_from_slice(&more[skipped..]);
        // Not each time: that would move all of them for each byte.
        if self.bytes.len() > 2 * self.most {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        let over = self.bytes.len().saturating_sub(self.most);
        self.bytes.drain(..over);
        self.left_out += over as u64;
    }
}
