//! Streams and buckets. The bot makes what is missing, and decides with that how many servers keep it; a worker waits until it is there.
//! What is there stays as somebody has set it.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, PullConsumer, pull},
    context::KeyValueErrorKind,
    kv,
    object_store::{self, ObjectStore},
    stream::{Config, DiscardPolicy, RetentionPolicy, Stream},
};

use super::{Kind, Nats, NatsError};
use crate::job::Resource;

/// A cancel that nobody took is forgotten after that.
const KEPT: Duration = Duration::from_hours(24);
/// A beginning that nobody ended is, after that: until then the order is not begun again that may be begun once, however long its
/// worker is away, or its program runs.
const BEGUN_KEPT: Duration = Duration::from_hours(366 * 24);
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
    pub async fn ensure_stream(&self, config: Config) -> Result<Stream, NatsError> {
        let config = Config { num_replicas: self.replicas, ..config };
        let refused = NatsError::refused("a stream");
        self.jetstream.get_or_create_stream(config).await.map_err(|error| refused(&error))
    }

    /// Makes a stream that is kept by as many servers as all others, and removes it: whether that can be done only this tells.
    ///
    /// # Errors
    /// [`NatsError::Refused`].
    pub(crate) async fn try_stream(&self) -> Result<(), NatsError> {
        let (name, subjects) = (self.names.stored("check"), vec![self.names.subject("check")]);
        self.ensure_stream(Config { name: name.clone(), subjects, ..Config::default() }).await?;
        let removed = self.jetstream.delete_stream(name).await;
        removed.map(drop).map_err(|error| NatsError::refused("a removal")(&error))
    }

    /// A bucket of keys and values, made with this configuration where it is missing. `config.bucket` is the name within the
    /// bot's: `workers`, `lease` …
    ///
    /// # Errors
    /// [`NatsError::Refused`].
    pub async fn ensure_bucket(&self, config: kv::Config) -> Result<kv::Store, NatsError> {
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
    pub async fn ensure_objects(&self, name: &str) -> Result<ObjectStore, NatsError> {
        self.ensure_objects_kept(name, Duration::ZERO).await
    }

    /// The same, where what is there goes after `max_age`; zero: never.
    async fn ensure_objects_kept(&self, name: &str, max_age: Duration) -> Result<ObjectStore, NatsError> {
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

    /// All that a fleet needs but the bucket of workers; `commands` are those that workers offer. An order that no worker speaks of
    /// for `ack_wait` is given to the next one.
    pub(crate) async fn ensure_fleet(
        &self,
        ack_wait: Duration,
        commands: impl Iterator<Item = String>,
    ) -> Result<(), NatsError> {
        let jobs = self.ensure_jobs().await?;
        let slots = [Resource::Cpu, Resource::Io].map(Kind::Slot);
        for kind in slots.into_iter().chain(commands.map(Kind::Command)) {
            self.ensure_orders(&jobs, &kind, ack_wait).await?;
        }
        self.ensure_results().await?;
        self.ensure_objects_kept("results", LARGE_KEPT).await?;
        self.ensure_bucket(kept_for("cancels", KEPT)).await?;
        self.ensure_bucket(kept_for("begun", BEGUN_KEPT)).await?;
        Ok(())
    }

    async fn ensure_jobs(&self) -> Result<Stream, NatsError> {
        self.ensure_stream(Config {
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

    /// As often as it takes: it is the workers who say that it was too often.
    async fn ensure_orders(&self, jobs: &Stream, kind: &Kind, ack_wait: Duration) -> Result<(), NatsError> {
        let name = consumer(jobs, kind);
        let refused = NatsError::refused("a consumer");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: self.names.orders(kind),
            ack_policy: AckPolicy::Explicit,
            ack_wait,
            max_deliver: -1,
            max_ack_pending: MAX_PENDING,
            inactive_threshold: unused(kind),
            ..pull::Config::default()
        };
        let made = jobs.get_or_create_consumer(&name, config).await;
        made.map(drop).map_err(|error| refused(&error))
    }

    async fn ensure_results(&self) -> Result<Stream, NatsError> {
        self.ensure_stream(Config {
            name: self.names.stored("results"),
            subjects: vec![self.names.subject("results.>")],
            max_messages_per_subject: 1,
            allow_direct: true,
            ..Config::default()
        })
        .await
    }

    /// Who works, made where it is missing; who was not heard of for `kept` is not in it any more.
    pub(crate) async fn ensure_workers(&self, kept: Duration) -> Result<kv::Store, NatsError> {
        let bucket = "workers".to_owned();
        self.ensure_bucket(kv::Config { bucket, history: 1, max_age: kept, ..kv::Config::default() }).await
    }

    /// Orders on their way: each is there once, until it is acknowledged.
    pub(crate) async fn jobs(&self) -> Result<Stream, NatsError> {
        self.stream("jobs").await
    }

    /// The consumer of one kind of orders.
    pub(crate) async fn orders(&self, kind: &Kind) -> Result<PullConsumer, NatsError> {
        let refused = NatsError::refused("a consumer");
        let jobs = self.jobs().await?;
        jobs.get_consumer(&consumer(&jobs, kind)).await.map_err(|error| refused(error.as_ref()))
    }

    /// Results until the bot has them in its store: the newest one of each order.
    pub(crate) async fn results(&self) -> Result<Stream, NatsError> {
        self.stream("results").await
    }

    /// Digits and pictures that are too large for a message.
    pub(crate) async fn large(&self) -> Result<ObjectStore, NatsError> {
        let refused = NatsError::refused("an object store");
        let found = self.jetstream.get_object_store(self.names.stored("results")).await;
        found.map_err(|error| refused(&error))
    }

    /// Jobs that are cancelled.
    pub(crate) async fn cancels(&self) -> Result<kv::Store, NatsError> {
        self.bucket("cancels").await
    }

    /// How often orders were begun and have not ended. NATS counts deliveries, which is another thing: an order is delivered
    /// again, too, when NATS was away for a while, when it only waited where its worker died, and each time that it is given back.
    /// Whoever is delivered so often must not be taken for one that crashes its workers.
    pub(crate) async fn begun(&self) -> Result<kv::Store, NatsError> {
        self.bucket("begun").await
    }

    /// Who works.
    pub(crate) async fn workers(&self) -> Result<kv::Store, NatsError> {
        self.bucket("workers").await
    }

    async fn stream(&self, name: &str) -> Result<Stream, NatsError> {
        let refused = NatsError::refused("a stream");
        self.jetstream.get_stream(self.names.stored(name)).await.map_err(|error| refused(&error))
    }

    async fn bucket(&self, name: &str) -> Result<kv::Store, NatsError> {
        let refused = NatsError::refused("a bucket");
        self.jetstream.get_key_value(self.names.stored(name)).await.map_err(|error| refused(&error))
    }
}

/// The consumer of a kind of orders has its stream's age in its name. An acknowledgement names no message but its number in the
/// stream, and a stream that was made anew, as after a loss of all that NATS had, begins again with 1: what is said of a delivery
/// from before must reach nobody, or another order would go with it. (The end of a stream alone, with numbers given twice,
/// is lost where NATS does not sync its disk: contrib/nats.conf.)
fn consumer(jobs: &Stream, kind: &Kind) -> String {
    format!("{kind}-{}", jobs.cached_info().created.unix_timestamp_nanos())
}

/// When a consumer goes that nobody asks any more; zero: never. Commands come and go.
fn unused(kind: &Kind) -> Duration {
    match kind {
        Kind::Slot(_) => Duration::ZERO,
        Kind::Command(_) => KEPT,
    }
}

fn kept_for(bucket: &str, max_age: Duration) -> kv::Config {
    kv::Config { bucket: bucket.to_owned(), history: 1, max_age, ..kv::Config::default() }
}
