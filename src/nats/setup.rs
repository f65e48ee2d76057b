//! Streams and buckets: made where they are missing. What is there stays as somebody has set it.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, PullConsumer, pull},
    context::KeyValueErrorKind,
    kv,
    object_store::{self, ObjectStore},
    stream::{Config, DiscardPolicy, RetentionPolicy, Stream},
};

use super::{Nats, NatsError, names::kind};
use crate::job::Resource;

/// A cancel that nobody took is forgotten after that.
const CANCEL_KEPT: Duration = Duration::from_hours(24);
/// What a worker left that died before it could say so, and what NATS keeps of things that were removed, goes after that. A bot that
/// is away for longer has the work done again.
const LARGE_KEPT: Duration = Duration::from_hours(7 * 24);
/// Messages under way to workers and not acknowledged: more than any fleet has slots.
const MAX_PENDING: i64 = 100_000;
/// A second try to publish the same is found out for so long.
const FOUND: Duration = Duration::from_mins(2);

impl Nats {
    /// A stream, made with this configuration where it is missing.
    ///
    /// # Errors
    /// [`NatsError::Refused`].
    pub async fn stream(&self, config: Config) -> Result<Stream, NatsError> {
        let config = Config { num_replicas: self.replicas, ..config };
        let refused = NatsError::refused("a stream");
        self.jetstream.get_or_create_stream(config).await.map_err(|error| refused(&error))
    }

    /// A bucket of keys and values, made with this configuration where it is missing. `config.bucket` is the name within the
    /// bot's: `workers`, `lease` …
    ///
    /// # Errors
    /// [`NatsError::Refused`].
    pub async fn bucket(&self, config: kv::Config) -> Result<kv::Store, NatsError> {
        let refused = NatsError::refused("a bucket");
        let bucket = self.names.stored(&config.bucket);
        match self.jetstream.get_key_value(&bucket).await {
            Err(error) if error.kind() == KeyValueErrorKind::GetBucket => {}
            found => return found.map_err(|error| refused(&error)),
        }
        let config = kv::Config { bucket, num_replicas: self.replicas, ..config };
        self.jetstream.create_key_value(config).await.map_err(|error| refused(&error))
    }

    /// A bucket of large things, made where it is missing.
    ///
    /// # Errors
    /// [`NatsError::Refused`].
    pub async fn objects(&self, name: &str) -> Result<ObjectStore, NatsError> {
        self.objects_kept(name, Duration::ZERO).await
    }

    /// The same, where what is there goes after `max_age`; zero: never.
    async fn objects_kept(&self, name: &str, max_age: Duration) -> Result<ObjectStore, NatsError> {
        let refused = NatsError::refused("an object store");
        let bucket = self.names.stored(name);
        if let Ok(found) = self.jetstream.get_object_store(&bucket).await {
            return Ok(found);
        }
        let num_replicas = self.replicas;
        let config =
            object_store::Config { bucket, max_age, num_replicas, ..object_store::Config::default() };
        self.jetstream.create_object_store(config).await.map_err(|error| refused(&error))
    }

    /// Orders on their way: each is there once, until it is acknowledged.
    pub(crate) async fn jobs(&self) -> Result<Stream, NatsError> {
        self.stream(Config {
            name: self.names.stored("jobs"),
            subjects: vec![self.names.subject("jobs.>")],
            retention: RetentionPolicy::WorkQueue,
            max_messages_per_subject: 1,
            discard: DiscardPolicy::New,
            discard_new_per_subject: true,
            duplicate_window: FOUND,
            ..Config::default()
        })
        .await
    }

    /// The consumer of one kind of orders. An order that is not heard of for `ack_wait` is given to the next worker, as often as it
    /// takes: it is the workers who say that it was too often.
    pub(crate) async fn orders(
        &self,
        jobs: &Stream,
        resource: Resource,
        ack_wait: Duration,
    ) -> Result<PullConsumer, NatsError> {
        let config = pull::Config {
            durable_name: Some(kind(resource).to_owned()),
            filter_subject: self.names.orders(resource),
            ack_policy: AckPolicy::Explicit,
            ack_wait,
            max_deliver: -1,
            max_ack_pending: MAX_PENDING,
            ..pull::Config::default()
        };
        let refused = NatsError::refused("a consumer");
        jobs.get_or_create_consumer(kind(resource), config).await.map_err(|error| refused(&error))
    }

    /// Results until the bot has them in its store: the newest one of each order.
    pub(crate) async fn results(&self) -> Result<Stream, NatsError> {
        self.stream(Config {
            name: self.names.stored("results"),
            subjects: vec![self.names.subject("results.>")],
            max_messages_per_subject: 1,
            allow_direct: true,
            ..Config::default()
        })
        .await
    }

    /// Digits and pictures that are too large for a message.
    pub(crate) async fn large(&self) -> Result<ObjectStore, NatsError> {
        self.objects_kept("results", LARGE_KEPT).await
    }

    /// Jobs that are cancelled.
    pub(crate) async fn cancels(&self) -> Result<kv::Store, NatsError> {
        let bucket = "cancels".to_owned();
        self.bucket(kv::Config { bucket, history: 1, max_age: CANCEL_KEPT, ..kv::Config::default() }).await
    }

    /// How often orders were begun and have not ended: who dies counts, and not every delivery.
    pub(crate) async fn begun(&self) -> Result<kv::Store, NatsError> {
        let bucket = "begun".to_owned();
        self.bucket(kv::Config { bucket, history: 1, max_age: CANCEL_KEPT, ..kv::Config::default() }).await
    }

    /// Who works.
    pub(crate) async fn workers(&self, kept: Duration) -> Result<kv::Store, NatsError> {
        let bucket = "workers".to_owned();
        self.bucket(kv::Config { bucket, history: 1, max_age: kept, ..kv::Config::default() }).await
    }
}
