//! What can be said of a number that is too long to be sent.

use std::{
    fmt::Write,
    io::{self, Read},
};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::NoDocument;

/// Digits of each end.
pub(in crate::telegram) const ENDS: usize = 1_000;
/// Between two looks at whether somebody still wants it: a millisecond.
const CHUNK: usize = 256 * 1024;

/// The ends of a number's digits, and a checksum of them all.
pub(in crate::telegram) struct Ends {
    /// The first [`ENDS`], or all.
    pub(in crate::telegram) head: String,
    /// The last [`ENDS`], or all.
    pub(in crate::telegram) tail: String,
    /// SHA-256 in hexadecimal, of the digits alone.
    pub(in crate::telegram) sha256: String,
}

/// Reads all digits and keeps little of them.
pub(super) fn ends(mut digits: impl Read, stop: &CancellationToken) -> Result<Ends, NoDocument> {
    let (mut head, mut tail) = (Vec::with_capacity(ENDS), Vec::with_capacity(2 * ENDS));
    let mut sha256 = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        if stop.is_cancelled() {
            return Err(NoDocument::Stopped);
        }
        let read = match digits.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => &chunk[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::error!(%error, "a result cannot be read");
                return Err(NoDocument::Dropped);
            }
        };
        sha256.update(read);
        head.extend_from_slice(&read[..read.len().min(ENDS - head.len())]);
        tail.extend_from_slice(&read[read.len().saturating_sub(ENDS)..]);
        tail.drain(..tail.len().saturating_sub(ENDS));
    }
    let mut hex = String::with_capacity(64);
    for byte in sha256.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ends { head: text(head), tail: text(tail), sha256: hex })
}
