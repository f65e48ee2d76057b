//! What the bot has on NATS: looked for once for each connection and made where it is missing.

use std::sync::Arc;

use async_nats::jetstream::{kv, object_store::ObjectStore, stream::Stream};
use futures_util::TryStreamExt;

use super::Remote;
use crate::nats::{Key, NatsError, current};

/// Handles of streams and buckets. They are good as long as there is something of that name.
pub(super) struct Stored {
    pub(super) jobs: Stream,
    pub(super) results: Stream,
    pub(super) large: ObjectStore,
    pub(super) cancels: kv::Store,
    begun: kv::Store,
    pub(super) workers: kv::Store,
}

impl Remote {
    /// Makes what is missing: also what is the workers' alone, who may not be allowed to.
    pub(super) async fn ensure_stored(&self) -> Result<Arc<Stored>, NatsError> {
        let offered = self.fleet.borrow().offered();
        self.nats.ensure_fleet(self.timings.ack_wait, offered.into_keys()).await?;
        let stored = Arc::new(Stored {
            jobs: self.nats.jobs().await?,
            results: self.nats.results().await?,
            large: self.nats.large().await?,
            cancels: self.nats.cancels().await?,
            begun: self.nats.begun().await?,
            workers: self.nats.ensure_workers(self.timings.gone).await?,
        });
        self.stored.send_replace(Some(stored.clone()));
        Ok(stored)
    }

    /// As it was found last. Before the first time it is waited for.
    pub(super) async fn stored(&self) -> Arc<Stored> {
        let mut stored = self.stored.subscribe();
        let found = stored.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        match found {
            Some(found) => found,
            // The sender is ours.
            None => std::future::pending().await,
        }
    }
}

impl Stored {
    /// Whether somebody has begun the order, and has not let go of it or died since.
    pub(super) async fn is_begun(&self, key: Key) -> Result<bool, NatsError> {
        let found = current(&self.begun, key).await;
        found.map(|times| times.is_some()).map_err(|error| NatsError::refused("a beginning")(&error))
    }
}

/// The subjects of what the stream holds, among those of this form.
pub(super) async fn subjects(stream: &Stream, form: &str) -> Result<Vec<String>, NatsError> {
    let refused = NatsError::refused("subjects");
    let found = stream.info_builder().subjects(form).fetch().await.map_err(|error| refused(&error))?;
    found.map_ok(|(subject, _)| subject).try_collect().await.map_err(|error| refused(&error))
}

/// Removes what the stream holds of the subjects of this form.
pub(super) async fn purge(stream: &Stream, form: &str) -> Result<(), NatsError> {
    stream.purge().filter(form).await.map(drop).map_err(|error| NatsError::refused("a removal")(&error))
}
