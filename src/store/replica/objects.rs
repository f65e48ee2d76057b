//! Large things on NATS: each in pieces, with a word that tells of them when all are there. What does not come any more must not be
//! waited for for ever, and what came in part must not stay.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
    time::Duration,
};

use async_nats::jetstream::{
    consumer::{DeliverPolicy, pull},
    object_store::{GetErrorKind, InfoErrorKind, ObjectInfo, ObjectStore},
    stream::Stream,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    sync::RwLock,
    time::timeout,
};

use super::{ReplicaError, log::away};
use crate::{lease::Term, nats::Nats};

/// How long the next bytes may take. Those of an object that was dropped meanwhile never come.
const IDLE: Duration = Duration::from_secs(10);
const BUFFER: usize = 128 * 1024;

/// A bucket of them, into which whoever leads puts something, and nobody else. Cheap to clone.
#[derive(Clone)]
pub(super) struct Objects {
    store: ObjectStore,
    /// What the bucket is made of.
    stream: Stream,
    /// The bucket's subjects begin with it.
    prefix: String,
    /// Held by each upload; whoever has it alone knows that pieces nobody tells of are left over.
    // An async lock, held for as long as NATS takes.
    uploads: Arc<RwLock<()>>,
}

/// What there is under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Whole,
    /// Its bytes are not those that were put there, which no second look changes.
    Damaged,
    Nothing,
}

/// The word that tells of an object, or that it is gone.
struct Told {
    sequence: u64,
    subject: String,
    object: ObjectInfo,
}

impl Objects {
    /// Makes the bucket where it is not there.
    pub(super) async fn open(nats: &Nats, name: &str) -> Result<Self, ReplicaError> {
        let (store, bucket) = (nats.ensure_objects(name).await?, nats.names().stored(name));
        let stream = nats.jetstream().get_stream(format!("OBJ_{bucket}")).await.map_err(away)?;
        Ok(Self { store, stream, prefix: format!("$O.{bucket}"), uploads: Arc::default() })
    }

    /// Puts a file there. What NATS did not take whole is removed again.
    pub(super) async fn put(&self, name: &str, file: &mut File, term: &Term) -> Result<(), ReplicaError> {
        while_leading(term)?;
        let failed = {
            let _upload = self.uploads.read().await;
            let before = self.id(name).await?;
            let Err(failed) = self.store.put(name, file).await else { return Ok(()) };
            // That it was taken was perhaps not heard.
            if self.id(name).await.is_ok_and(|now| now.is_some() && now != before) {
                return Ok(());
            }
            away(failed)
        };
        if let Err(error) = self.sweep(term).await {
            tracing::debug!(%error, "what was left of an upload is removed later");
        }
        Err(failed)
    }

    /// Which upload a name means.
    async fn id(&self, name: &str) -> Result<Option<String>, ReplicaError> {
        match self.store.info(name).await {
            Ok(object) => Ok(Some(object.nuid).filter(|_| !object.deleted)),
            Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(None),
            Err(error) => Err(away(error)),
        }
    }

    /// Writes one to a file, synced.
    pub(super) async fn get(&self, name: &str, to: &mut File) -> Result<Found, ReplicaError> {
        match self.store.get(name).await {
            Ok(object) => Ok(if copy(object, to).await? { Found::Whole } else { Found::Damaged }),
            Err(error) if error.kind() == GetErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(away(error)),
        }
    }

    /// Drops one, if it is there.
    pub(super) async fn delete(&self, name: &str, term: &Term) -> Result<(), ReplicaError> {
        while_leading(term)?;
        self.store.delete(name).await.map_err(away)
    }

    /// All that are there with all their pieces.
    pub(super) async fn list(&self) -> Result<Vec<ObjectInfo>, ReplicaError> {
        let (told, pieces) = (self.told().await?, self.pieces().await?);
        let is_whole = |object: &ObjectInfo| {
            let there = pieces.get(&self.subject_of(&object.nuid)).copied().unwrap_or_default();
            !object.deleted && there >= object.chunks
        };
        Ok(told.into_iter().map(|told| told.object).filter(is_whole).collect())
    }

    /// Drops what is of no use: pieces of uploads that did not come to their end, and words on objects that are gone.
    pub(super) async fn sweep(&self, term: &Term) -> Result<(), ReplicaError> {
        let _nobody_uploads = self.uploads.write().await;
        // Before what tells of them, where a bot that has just been deposed comes to the end of one.
        let pieces = self.pieces().await?;
        let (gone, told): (Vec<_>, Vec<_>) =
            self.told().await?.into_iter().partition(|told| told.object.deleted);
        let known: HashSet<_> = told.iter().map(|told| self.subject_of(&told.object.nuid)).collect();
        for subject in pieces.into_keys().filter(|subject| !known.contains(subject)) {
            while_leading(term)?;
            self.stream.purge().filter(subject).await.map_err(away)?;
        }
        for Told { sequence, subject, .. } in gone {
            while_leading(term)?;
            // And not what is put there under the same name this very moment.
            self.stream.purge().filter(subject).sequence(sequence + 1).await.map_err(away)?;
        }
        Ok(())
    }

    fn subject_of(&self, upload: &str) -> String {
        format!("{}.C.{upload}", self.prefix)
    }

    /// How many pieces there are of each upload, by their subject.
    async fn pieces(&self) -> Result<HashMap<String, usize>, ReplicaError> {
        let counted = self.stream.info_with_subjects(self.subject_of("*")).await.map_err(away)?;
        counted.map_err(away).try_collect().await
    }

    async fn told(&self) -> Result<Vec<Told>, ReplicaError> {
        let config = pull::OrderedConfig {
            deliver_policy: DeliverPolicy::LastPerSubject,
            filter_subject: format!("{}.M.*", self.prefix),
            ..pull::OrderedConfig::default()
        };
        let mut consumer = self.stream.create_consumer(config).await.map_err(away)?;
        let mut pending = consumer.info().await.map_err(away)?.num_pending;
        let mut messages = consumer.messages().await.map_err(away)?;
        let mut told = Vec::new();
        while pending > 0 {
            let message = timeout(IDLE, messages.next()).await.map_err(away)?;
            let message = message.ok_or_else(|| away("a list ends"))?.map_err(away)?;
            let info = message.info().map_err(away)?;
            pending = info.pending;
            let object = serde_json::from_slice(&message.payload);
            let object = object.map_err(|error| ReplicaError::Unreadable(error.to_string()))?;
            told.push(Told { sequence: info.stream_sequence, subject: message.subject.to_string(), object });
        }
        Ok(told)
    }
}

/// To be looked at before each thing that changes something. A bot that stood still does not know what the one that leads meanwhile has
/// put there, or is about to: it would take that away as left over.
fn while_leading(term: &Term) -> Result<(), ReplicaError> {
    if term.is_over() { Err(ReplicaError::Deposed) } else { Ok(()) }
}

/// Copies an object to a file. `false` where its bytes are not those that were put there.
///
/// # Errors
/// [`ReplicaError::Away`], also where nothing came for a while; or what is wrong with the file.
async fn copy(object: impl AsyncRead + Unpin, to: &mut File) -> Result<bool, ReplicaError> {
    copy_within(IDLE, object, to).await
}

async fn copy_within(
    idle: Duration,
    mut object: impl AsyncRead + Unpin,
    to: &mut File,
) -> Result<bool, ReplicaError> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = timeout(idle, object.read(&mut buffer)).await;
        match read.map_err(|_| away("an object does not come to its end"))? {
            Ok(0) => break,
            Ok(count) => to.write_all(&buffer[..count]).await?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(away(error)),
        }
    }
    to.sync_all().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File::from_std(tempfile::tempfile().unwrap())
    }

    #[tokio::test]
    async fn an_object_whose_end_never_comes_is_given_up() {
        let (mut from, object) = tokio::io::duplex(64);
        from.write_all(b"its beginning").await.unwrap();
        let copied = copy_within(Duration::from_millis(20), object, &mut file()).await;
        assert!(matches!(copied, Err(ReplicaError::Away(_))), "{copied:?}");
        drop(from);
    }

    #[tokio::test]
    async fn bytes_that_are_others_are_told_from_those_that_do_not_come() {
        struct Wrong(io::ErrorKind);
        impl AsyncRead for Wrong {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                _: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                std::task::Poll::Ready(Err(self.0.into()))
            }
        }
        assert_eq!(copy(Wrong(io::ErrorKind::InvalidData), &mut file()).await, Ok(false));
        let away = copy(Wrong(io::ErrorKind::TimedOut), &mut file()).await;
        assert!(matches!(away, Err(ReplicaError::Away(_))), "{away:?}");
    }
}
