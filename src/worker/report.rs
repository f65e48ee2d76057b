//! What is said of an order, until it is known to be heard.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
    time::Duration,
};

use async_nats::{
    client::PublishError,
    jetstream::{AckKind, object_store::DeleteErrorKind, stream::DirectGetErrorKind},
};
use bytes::Bytes;
use tokio::{
    fs::File,
    io::{AsyncRead, ReadBuf},
};
use tokio_util::sync::CancellationToken;

use super::{Worker, assignment::Assignment};
use crate::{
    job::{Member, Printed},
    nats::{
        Blob, JobKey, Key, NatsError, Report, Sign, current,
        message::{self, LARGE, WorkEnd},
    },
    work::fleet::PROTOCOL,
};

/// How often the acknowledgement of an order is tried: after that it goes to another worker, who finds its result.
const ACKS: u32 = 20;

/// What is read until it is cancelled: there it ends.
struct Until<'a, R> {
    from: R,
    cancel: &'a CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for Until<'_, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cancel.is_cancelled() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.from).poll_read(cx, to)
    }
}

impl Worker {
    /// Puts the result into the stream, for as long as it takes, and only then lets the order go. Where it is killed while something
    /// large is on its way there, that goes no further.
    pub(super) async fn report(&self, assignment: &Assignment, member: Member, end: WorkEnd, blob: Blob) {
        let left = end.printed().and_then(|printed| self.left(printed));
        let mut report = Report::new(&self.id, member, end);
        if blob.len() > LARGE || left.is_some() {
            report.object = Some(format!("{}.{}", assignment.key, self.id));
        }
        let (left, what) = (left.as_deref(), ("a result is not stored", &assignment.key as _));
        self.nats.insist(self.timings.again, what, || self.publish(assignment, &report, &blob, left)).await;
        self.acknowledge(assignment).await;
        if let Some(file) = left
            && let Err(error) = tokio::fs::remove_file(file).await
        {
            tracing::warn!(%error, "what a program left here is not removed");
        }
    }

    /// The file that a program left.
    fn left(&self, printed: &Printed) -> Option<PathBuf> {
        printed.kept().map(|(name, _)| self.folder.path().join("results").join(name))
    }

    async fn publish(
        &self,
        assignment: &Assignment,
        report: &Report,
        blob: &Blob,
        left: Option<&Path>,
    ) -> Result<(), NatsError> {
        let (key, cancel) = (assignment.key, &assignment.cancel);
        let Some(object) = &report.object else { return self.publish_report(key, report, blob).await };
        match left.map(File::open) {
            _ if cancel.is_cancelled() => {}
            None => self.put(object, &blob[..], cancel).await?,
            Some(file) => match file.await {
                Ok(file) => self.put(object, file, cancel).await?,
                // The bot finds that it is not there, and says so.
                Err(error) => tracing::error!(%key, %error, "what a program left cannot be read"),
            },
        }
        if !cancel.is_cancelled() {
            return self.publish_report(key, report, blob).await;
        }
        let stopped = Report::new(&self.id, report.member.clone(), WorkEnd::Cancelled);
        self.publish_report(key, &stopped, &[]).await?;
        // Also what an earlier try has put there, of which nobody was told.
        match self.stored.large.delete(object).await {
            Err(error) if error.kind() != DeleteErrorKind::NotFound => {
                tracing::warn!(%key, %error, "a part of a result that nobody wants stays for some days");
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts something large beside the messages; a part of it, where it is cancelled.
    async fn put(
        &self,
        object: &str,
        from: impl AsyncRead + Unpin,
        cancel: &CancellationToken,
    ) -> Result<(), NatsError> {
        // Given up in the middle, it would have no name by which it could be removed.
        let put = self.stored.large.put(object, &mut Until { from, cancel }).await;
        put.map(drop).map_err(|error| NatsError::refused("a result")(&error))
    }

    async fn publish_report(&self, key: Key, report: &Report, blob: &[u8]) -> Result<(), NatsError> {
        let refused = NatsError::refused("a result");
        let (subject, payload) = (self.nats.names().result(key), report.write(blob)?);
        let sent = self.nats.jetstream().publish(subject, payload).await.map_err(|error| refused(&error))?;
        sent.await.map(drop).map_err(|error| refused(&error))
    }

    /// Lets go of an order that is done with.
    pub(super) async fn acknowledge(&self, assignment: &Assignment) {
        for _ in 0..ACKS {
            // A request of our own: the client's takes it for an answer that nobody is there to answer, as while the servers
            // choose who leads.
            let acknowledged = self.nats.client().request(assignment.reply(), AckKind::Ack.into()).await;
            match acknowledged {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(key = %assignment.key, %error, "an order is not let go of; trying again");
                }
            }
            tokio::time::sleep(self.timings.again).await;
            self.nats.up().await;
        }
    }

    /// Gives it to anybody, after the pause.
    pub(super) async fn give_back(&self, assignment: &Assignment, pause: Option<Duration>) {
        if let Err(error) = self.say(assignment, AckKind::Nak(pause)).await {
            tracing::warn!(key = %assignment.key, %error, "an order is not given back; others get it later");
        }
    }

    /// Says something of the newest delivery, without an answer.
    pub(super) async fn say(&self, assignment: &Assignment, what: AckKind) -> Result<(), PublishError> {
        self.nats.client().publish(assignment.reply(), what.into()).await
    }

    /// Notes that the order is begun, for as long as it takes: the next one has to know it.
    pub(super) async fn note_begun(&self, key: Key, times: u32) {
        let times = Bytes::from(format!("{times} {}", self.id));
        let note = || async {
            let noted = self.stored.begun.put(key.to_string(), times.clone()).await;
            noted.map_err(|error| NatsError::refused("a beginning")(&error))
        };
        self.nats.insist(self.timings.again, ("a beginning is not noted", &key), note).await;
    }

    /// How often the order was begun by somebody who has not said what came of it, and by whom the last time. It is asked for as long
    /// as it takes.
    pub(super) async fn begun(&self, key: Key) -> (u32, String) {
        let ask = || async {
            let found = current(&self.stored.begun, key).await;
            found.map_err(|error| NatsError::refused("a beginning")(&error))
        };
        let what = ("the beginnings of an order are not known", &key as _);
        let found = self.nats.insist(self.timings.again, what, ask).await;
        let noted = found.and_then(|noted| {
            let mut words = std::str::from_utf8(&noted).ok()?.split(' ');
            Some((words.next()?.parse().ok()?, words.next().unwrap_or_default().to_owned()))
        });
        noted.unwrap_or_default()
    }

    /// Whether another worker of this id is there, as far as NATS knows; not this one: what it has, it would know.
    pub(super) async fn is_there(&self, id: &str) -> bool {
        if id.is_empty() || id == self.id {
            return false;
        }
        let ask = || async {
            let found = current(&self.stored.workers, id).await;
            found.map_err(|error| NatsError::refused("a worker")(&error))
        };
        let what = ("whether a worker is there is not known", &id as _);
        self.nats.insist(self.timings.again, what, ask).await.is_some()
    }

    /// It has ended in good order.
    pub(super) async fn take_back_begun(&self, key: Key) {
        for _ in 0..ACKS {
            match self.stored.begun.purge(key.to_string()).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%key, %error, "a beginning is not taken back; trying again");
                }
            }
            tokio::time::sleep(self.timings.again).await;
            self.nats.up().await;
        }
    }

    /// Whether the job is cancelled, as far as NATS knows: it is asked for as long as it takes.
    pub(super) async fn is_cancelled(&self, job: JobKey) -> bool {
        let ask = || async {
            let found = current(&self.stored.cancels, job).await;
            found.map_err(|error| NatsError::refused("a cancel")(&error))
        };
        let what = ("whether a job is cancelled is not known", &job as _);
        self.nats.insist(self.timings.again, what, ask).await.is_some()
    }

    /// Whether somebody has told what came of it: it is asked for as long as it takes.
    pub(super) async fn has_result(&self, key: Key) -> bool {
        let subject = self.nats.names().result(key);
        let ask = || async {
            match self.stored.results.direct_get_last_for_subject(subject.as_str()).await {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(false),
                Err(error) => Err(NatsError::refused("a result")(&error)),
            }
        };
        let what = ("whether an order is done is not known", &key as _);
        self.nats.insist(self.timings.again, what, ask).await
    }

    /// Says how far it is. Who is to hear it hears the next one, too.
    pub(super) async fn sign(&self, assignment: &Assignment) {
        if !assignment.runs.load(Ordering::Relaxed) {
            return;
        }
        let (worker, delivery) = (self.id.clone(), assignment.delivery);
        let shown = assignment.control.shown().as_deref().cloned();
        let sign = Sign { protocol: PROTOCOL, worker, delivery, done: assignment.control.done(), shown };
        if let Ok(payload) = message::write(&sign) {
            let _ = self.nats.client().publish(self.nats.names().event(assignment.key), payload).await;
        }
    }
}
