//! Files for Telegram.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use reqwest::{Body, multipart::Part};

/// Bytes of a file that are in memory at once, more or less.
const CHUNK: usize = 256 * 1024;

/// A file for Telegram.
pub struct Upload {
    /// The part of the form, which another field names as `attach://part`.
    pub part: &'static str,
    /// The name people see.
    pub name: String,
    /// Its content.
    pub content: Content,
}

/// What is in a file.
pub enum Content {
    /// All of it; shared, not copied.
    Bytes(Bytes),
    /// So many bytes of what is read, piece by piece, while it is sent.
    Reader(Box<dyn Read + Send>, u64),
}

impl Upload {
    /// The part of a form, and what says whether reading it has failed.
    pub(super) fn part(self) -> (Part, Arc<AtomicBool>) {
        let broken = Arc::new(AtomicBool::new(false));
        let (body, length) = match self.content {
            Content::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (Body::from(bytes), length)
            }
            Content::Reader(reader, length) => {
                (Body::wrap_stream(chunks(reader, length, broken.clone())), length)
            }
        };
        (Part::stream_with_length(body, length).file_name(self.name), broken)
    }
}

/// What a reader reads, away from tokio's threads.
fn chunks(
    reader: Box<dyn Read + Send>,
    length: u64,
    broken: Arc<AtomicBool>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((reader, length), move |(reader, left)| {
        let broken = broken.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || chunk(reader, left)).await;
            let read = read.map_err(io::Error::other).flatten();
            read.map(Some).inspect_err(|error| {
                tracing::error!(%error, "a file cannot be read while it is sent");
                broken.store(true, Relaxed);
            })
        }
    })
}

type Chunk = (Bytes, (Box<dyn Read + Send>, u64));

/// The next bytes of at most `left`, and what is left after them.
fn chunk(mut reader: Box<dyn Read + Send>, left: u64) -> io::Result<Chunk> {
    let mut bytes = Vec::with_capacity(CHUNK);
    let read = reader.by_ref().take(left.min(CHUNK as u64)).read_to_end(&mut bytes)?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((bytes.into(), (reader, left - read as u64)))
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    async fn read(content: &'static [u8], length: u64) -> (io::Result<Vec<Bytes>>, bool) {
        let broken = Arc::new(AtomicBool::new(false));
        let read = chunks(Box::new(content), length, broken.clone()).try_collect().await;
        (read, broken.load(Relaxed))
    }

    #[tokio::test]
    async fn a_file_is_read_in_pieces() {
        let content = vec![7; 3 * CHUNK + 1].leak();
        let (read, broken) = read(content, content.len() as u64).await;
        let read = read.unwrap();
        assert_eq!((read.concat(), read.len(), broken), (content.to_vec(), 4, false));
    }

    #[tokio::test]
    async fn a_file_that_is_cut_short_is_an_error_and_no_end() {
        let (read, broken) = read(b"12", 3).await;
        assert_eq!((read.unwrap_err().kind(), broken), (io::ErrorKind::UnexpectedEof, true));
    }
}
