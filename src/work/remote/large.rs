//! What is large, out of the store of large results. The store may know of something whose pieces are lost: nothing comes of it then,
//! and nothing says so.

use std::{
    fmt, io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use async_nats::jetstream::object_store::{GetErrorKind, Object};

use super::Remote;
use crate::nats::NatsError;

/// How often something of which nothing comes is asked for before it is given up.
const TRIES: u32 = 6;

/// Why something was not fetched.
pub(super) enum Unfetched {
    /// Nothing comes.
    Idle,
    /// What comes is not what was put there.
    Damaged,
    /// NATS has a problem.
    Read(io::Error),
    /// The bot's disk has one.
    Write(io::Error),
}

impl Remote {
    /// What `take` makes of an object, which is asked for as long as NATS is away; `None` where it is lost or cannot be kept. Whoever
    /// asks has one of the permits for that.
    pub(super) async fn fetch<T, F: Future<Output = Result<T, Unfetched>>>(
        &self,
        object: &str,
        what: (&str, &(dyn fmt::Display + Sync)),
        take: impl Fn(Object) -> F,
    ) -> Option<T> {
        let tried = AtomicU32::new(0);
        let fetch = || async {
            let (refused, connects) = (NatsError::refused("an object"), self.nats.connects());
            let found = match self.stored().await.large.get(object).await {
                Ok(found) => found,
                Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(refused(&error)),
            };
            match take(found).await {
                Ok(taken) => Ok(Some(taken)),
                Err(Unfetched::Damaged) => Ok(None),
                Err(Unfetched::Idle) => {
                    // Nothing comes over a connection that is lost, either.
                    let count = u32::from(self.nats.is_still(connects));
                    if tried.fetch_add(count, Ordering::Relaxed) + count >= TRIES {
                        return Ok(None);
                    }
                    Err(NatsError::Message("nothing comes of it".to_owned()))
                }
                Err(Unfetched::Read(error)) => Err(refused(&error)),
                // A full disk has no room for it a moment later either.
                Err(Unfetched::Write(error)) => {
                    tracing::warn!(object, %error, "what was fetched cannot be kept");
                    Ok(None)
                }
            }
        };
        self.nats.insist(self.timings.again, what, fetch).await
    }
}

/// How many bytes came; 0 at the end.
pub(super) async fn next(
    idle: Duration,
    read: impl Future<Output = io::Result<usize>>,
) -> Result<usize, Unfetched> {
    match tokio::time::timeout(idle, read).await {
        Err(_) => Err(Unfetched::Idle),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Unfetched::Damaged),
        Ok(Err(error)) => Err(Unfetched::Read(error)),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}
