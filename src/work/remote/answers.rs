//! Whether NATS does what it is asked. A connection says little of that: a cluster of which too many servers are gone, or one server
//! that is to keep everything three times, lets everybody in and keeps nothing.

use std::time::Instant;

use bytes::Bytes;

use super::Remote;
use crate::nats::{Failing, NatsError};

/// Beside the workers: what the bot says there has to be kept by as many servers as an order.
pub(super) const BOT: &str = "bot";

impl Remote {
    /// Asks now and then, so that it is known also where nobody wants anything.
    pub(super) async fn watch_answers(&self) {
        let (mut failing, mut since) = (Failing::default(), None);
        loop {
            self.nats.connected().await;
            let (asked, connects) = (Instant::now(), self.nats.connects());
            let Err(error) = self.say_something().await else {
                self.nats.answers();
                (failing, since) = (Failing::default(), None);
                tokio::time::sleep(self.timings.announce).await;
                continue;
            };
            if !self.nats.is_connected(connects) {
                // What was asked over a connection that is lost is not answered.
                since = None;
                continue;
            }
            let since = *since.get_or_insert(asked);
            if let Some(failures) = failing.again() {
                tracing::warn!(failures, %error, "NATS does not do what it is asked; trying again");
            }
            if since.elapsed() >= self.timings.silent {
                self.nats.is_silent(since);
            }
            tokio::time::sleep(failing.pause(self.timings.again)).await;
        }
    }

    async fn say_something(&self) -> Result<(), NatsError> {
        let known = self.stored.borrow().clone();
        let stored = match known {
            Some(stored) => stored,
            // It takes as long as it takes, where servers have much to agree on.
            None => Box::pin(self.ensure_stored()).await?,
        };
        let said = tokio::time::timeout(self.timings.silent, stored.workers.put(BOT, Bytes::new())).await;
        let said = said.map_err(|late| NatsError::refused("a word")(&late))?;
        said.map(drop).map_err(|error| NatsError::refused("a word")(&error))
    }
}
