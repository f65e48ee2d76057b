//! The log: a stream of what each commit has changed. Whoever appends says which entry it thinks is the last one, and is
//! refused where that is wrong: of two bots that both think they lead, one can write.

use std::{fmt::Display, time::Duration};

use async_nats::{
    HeaderMap, HeaderValue,
    jetstream::{
        Context,
        consumer::{DeliverPolicy, pull},
        context::PublishErrorKind,
        message::PublishMessage,
        stream::{Compression, Config, RawMessageErrorKind, Stream},
    },
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::ReplicaError;
use crate::nats::{MIN_PAYLOAD, Nats};

/// Bytes of one entry, without its head.
const PART: usize = 512 * 1024;
/// In which header an entry's head stands.
const HEAD: &str = "Jobboard-Head";
/// Between two tries to append while NATS is away.
const AGAIN: Duration = Duration::from_millis(300);
/// How long an entry that is in the stream may take to come.
const COMES: Duration = Duration::from_secs(5);
/// So many entries are asked for one by one: NATS has to agree on each consumer that is made for more of them.
const FEW: u64 = 64;
/// That many of them at the same time.
const ASKED: usize = 8;

const _: () = assert!(PART + 16 * 1024 <= MIN_PAYLOAD, "an entry does not fit");

/// The stream. Cheap to clone.
#[derive(Clone)]
pub(super) struct Log {
    context: Context,
    stream: Stream,
    subject: String,
}

/// What an entry is, beside its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Which database this is about: of another one, no number of this log means anything.
    pub(super) history: String,
    /// Of the tables.
    pub(super) schema: u32,
    /// Whose it is; no two entries have the same.
    pub(super) writer: String,
    /// What it means.
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A piece of a commit's changes, from 1, and of how many. Those of one commit follow each other, or do not count.
    Part(u32, u32),
    /// Nothing before it is of use: there is a snapshot from here on.
    Snapshot,
}

/// What was read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) sequence: u64,
    pub(super) head: Head,
    pub(super) payload: Bytes,
}

/// How far the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The first entry that is there, or would be the next.
    pub(super) first: u64,
    /// The last one that ever was.
    pub(super) last: u64,
    /// What the last one is, if it is there.
    pub(super) head: Option<Head>,
}

impl Log {
    /// Makes the stream where it is not there.
    pub(super) async fn open(nats: &Nats) -> Result<Self, ReplicaError> {
        if nats.max_payload() < MIN_PAYLOAD {
            return Err(ReplicaError::Payload(nats.max_payload()));
        }
        let subject = nats.names().subject("store");
        let config = Config {
            name: nats.names().stored("store"),
            subjects: vec![subject.clone()],
            deny_delete: true,
            compression: Some(Compression::S2),
            ..Config::default()
        };
        let stream = nats.ensure_stream(config).await.map_err(away)?;
        Ok(Self { context: nats.jetstream().clone(), stream, subject })
    }

    /// As the stream's own leader knows it.
    pub(super) async fn end(&self) -> Result<End, ReplicaError> {
        let state = self.stream.get_info().await.map_err(away)?.state;
        let head = match state.messages {
            0 => None,
            _ => Some(self.entry(state.last_sequence).await?.head),
        };
        Ok(End { first: state.first_sequence, last: state.last_sequence, head })
    }

    /// # Errors
    /// [`ReplicaError::Gap`] where it is not there.
    pub(super) async fn entry(&self, sequence: u64) -> Result<Entry, ReplicaError> {
        let message = self.stream.get_raw_message(sequence).await.map_err(|error| match error.kind() {
            RawMessageErrorKind::NoMessageFound => ReplicaError::Gap,
            _ => away(error),
        })?;
        read(message.sequence, Some(&message.headers), message.payload)
    }

    /// Appends an entry after `last` and gives its sequence, however long it takes, unless `lost` says that nobody wants
    /// it any more.
    ///
    /// # Errors
    /// [`ReplicaError::Deposed`] where something else follows `last`, or `lost` was cancelled: it may then be in the log
    /// all the same. [`ReplicaError::Shorter`] where not even `last` is there any more.
    pub(super) async fn append(
        &self,
        last: u64,
        head: &Head,
        payload: Bytes,
        lost: &CancellationToken,
    ) -> Result<u64, ReplicaError> {
        let attempt = async {
            let mut told = false;
            loop {
                let error = match self.try_append(last, head, payload.clone()).await {
                    Ok(sequence) => return Ok(sequence),
                    Err(error @ (ReplicaError::Deposed | ReplicaError::Shorter)) => return Err(error),
                    Err(error) => error,
                };
                if !told {
                    tracing::warn!(%error, "what is stored cannot be sent to NATS: all that is stored waits");
                    told = true;
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::select! {
            biased;
            () = lost.cancelled() => Err(ReplicaError::Deposed),
            appended = attempt => appended,
        }
    }

    async fn try_append(&self, last: u64, head: &Head, payload: Bytes) -> Result<u64, ReplicaError> {
        let words =
            serde_json::to_string(head).map_err(|error| ReplicaError::Unreadable(error.to_string()))?;
        let publish = PublishMessage::build().payload(payload).header(HEAD, words.as_str());
        let publish = publish.expected_last_sequence(last);
        let acked = async { self.context.send_publish(self.subject.clone(), publish).await?.await };
        match acked.await {
            Ok(ack) => Ok(ack.sequence),
            // It may be ours, of which we did not hear that it had arrived.
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                let found = match self.entry(last + 1).await {
                    Ok(found) => found,
                    Err(error) if self.end().await?.last >= last => return Err(error),
                    Err(_) => return Err(ReplicaError::Shorter),
                };
                if found.head.writer == head.writer { Ok(found.sequence) } else { Err(ReplicaError::Deposed) }
            }
            Err(error) => Err(away(error)),
        }
    }

    /// All entries after `place` up to `last`, in order. One that is not there any more is an error.
    pub(super) async fn read(
        &self,
        place: u64,
        last: u64,
    ) -> Result<impl futures_util::Stream<Item = Result<Entry, ReplicaError>> + Unpin + use<>, ReplicaError>
    {
        if last.saturating_sub(place) <= FEW {
            return Ok(self.read_few(place, last).left_stream());
        }
        Ok(self.read_many(place, last).await?.right_stream())
    }

    fn read_few(
        &self,
        place: u64,
        last: u64,
    ) -> impl futures_util::Stream<Item = Result<Entry, ReplicaError>> + Unpin + use<> {
        let log = self.clone();
        let entry = move |sequence| {
            let log = log.clone();
            async move { log.entry(sequence).await }
        };
        Box::pin(futures_util::stream::iter(place + 1..=last).map(entry).buffered(ASKED))
    }

    async fn read_many(
        &self,
        place: u64,
        last: u64,
    ) -> Result<impl futures_util::Stream<Item = Result<Entry, ReplicaError>> + Unpin + use<>, ReplicaError>
    {
        let config = pull::OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: place + 1 },
            ..pull::OrderedConfig::default()
        };
        let consumer = self.stream.create_consumer(config).await.map_err(away)?;
        let messages = Box::pin(consumer.messages().await.map_err(away)?);
        let entries =
            futures_util::stream::try_unfold((messages, place), move |(mut messages, at)| async move {
                if at >= last {
                    return Ok(None);
                }
                let message = tokio::time::timeout(COMES, messages.next()).await.map_err(away)?;
                let message = message.ok_or_else(|| away("the log ends"))?.map_err(away)?;
                let sequence = message.info().map_err(away)?.stream_sequence;
                if sequence != at + 1 {
                    return Err(ReplicaError::Gap);
                }
                let entry = read(sequence, message.headers.as_ref(), message.payload.clone())?;
                Ok(Some((entry, (messages, sequence))))
            });
        Ok(Box::pin(entries))
    }

    /// Drops all that is before this entry.
    pub(super) async fn drop_before(&self, sequence: u64) -> Result<(), ReplicaError> {
        self.stream.purge().sequence(sequence).await.map_err(away).map(drop)
    }
}

/// The process that has written an entry.
pub(super) fn process(writer: &str) -> &str {
    writer.split_once('.').map_or(writer, |(process, _)| process)
}

/// The pieces that a commit's changes are appended in.
pub(super) fn parts(payload: &Bytes) -> impl ExactSizeIterator<Item = (Kind, Bytes)> + '_ {
    let count = payload.len().div_ceil(PART).max(1);
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    (0..count).map(move |index| {
        let piece = payload.slice(index * PART..payload.len().min((index + 1) * PART));
        (Kind::Part(number(index + 1), number(count)), piece)
    })
}

fn read(sequence: u64, headers: Option<&HeaderMap>, payload: Bytes) -> Result<Entry, ReplicaError> {
    let words = headers.and_then(|headers| headers.get(HEAD)).map(HeaderValue::as_str);
    let head = words.map(serde_json::from_str).transpose().ok().flatten();
    let head = head.ok_or_else(|| ReplicaError::Unreadable(format!("entry {sequence} has no head")))?;
    Ok(Entry { sequence, head, payload })
}

/// What is wrong with NATS today may be right tomorrow.
pub(super) fn away(error: impl Display) -> ReplicaError {
    ReplicaError::Away(error.to_string())
}
