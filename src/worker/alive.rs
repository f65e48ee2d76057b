//! What a worker says while it has something, or nothing, to do; and that others say that a job is cancelled.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::AckKind;
use futures_util::{StreamExt, future::join_all};
use tokio_util::sync::CancellationToken;

use super::{Worker, assignment::Assignment};
use crate::{
    nats::{
        Failing, JobKey, NatsError,
        message::{self, Announcement},
    },
    work::fleet::PROTOCOL,
};

/// How long one word may take: one that does not get out must not keep others waiting.
const WORD: Duration = Duration::from_secs(1);
/// Between two announcements, however much changes.
const DISTANCE: Duration = Duration::from_millis(200);

impl Worker {
    /// Speaks of all orders that are here, so that nobody else gets them; and says how far they are.
    pub(super) async fn stay_alive(self: Arc<Self>, stop: CancellationToken) {
        let mut alive = tokio::time::interval(self.timings.alive);
        let mut sign = tokio::time::interval(self.timings.sign);
        let mut connects = self.nats.connects();
        for interval in [&mut alive, &mut sign] {
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = alive.tick() => self.speak_of_all().await,
                _ = sign.tick() => {
                    let all = self.all();
                    join_all(all.iter().map(|one| tokio::time::timeout(WORD, self.sign(one)))).await;
                }
                again = self.nats.another_than(connects) => {
                    connects = again;
                    // At once: a part of their time is over.
                    self.speak_of_all().await;
                    self.changed.notify_one();
                }
            }
        }
    }

    /// After each reconnection: what was said meanwhile was not heard. Beside those who speak of orders: it may take long.
    pub(super) async fn look_again(self: Arc<Self>, stop: CancellationToken) {
        let mut connects = self.nats.connects();
        loop {
            connects = tokio::select! {
                () = stop.cancelled() => return,
                again = self.nats.another_than(connects) => again,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // All of it anew.
                _ = self.nats.another_than(connects) => {}
                () = self.look_for_cancels() => {}
            }
        }
    }

    async fn speak_of_all(&self) {
        let all = self.all();
        let words = all.iter().map(|one| tokio::time::timeout(WORD, self.say(one, AckKind::Progress)));
        for spoken in join_all(words).await {
            if !matches!(spoken, Ok(Ok(()))) {
                tracing::debug!("an order could not be spoken of");
            }
        }
    }

    /// Cancels of jobs that are here, which this worker may not have heard.
    async fn look_for_cancels(&self) {
        let look = |assignment: Arc<Assignment>| async move {
            if self.is_cancelled(assignment.key.job).await {
                assignment.cancel.cancel();
            }
        };
        join_all(self.all().into_iter().map(look)).await;
    }

    /// Begins to hear cancels, before the first order is taken; the future goes on with it until `stop`.
    pub(super) async fn hear_cancels(self: Arc<Self>, stop: CancellationToken) -> impl Future<Output = ()> {
        let subject = self.nats.names().subject("cancel.>");
        let mut said = loop {
            match self.nats.client().subscribe(subject.clone()).await {
                Ok(said) => break said,
                Err(error) => tracing::warn!(%error, "cancels are not heard; trying again"),
            }
            tokio::time::sleep(self.timings.again).await;
        };
        async move {
            loop {
                let message = tokio::select! {
                    () = stop.cancelled() => return,
                    message = said.next() => message,
                };
                let Some(message) = message else { return };
                if let Some(job) = self.nats.names().job(&message.subject) {
                    self.cancel(job);
                }
            }
        }
    }

    fn cancel(&self, job: JobKey) {
        for assignment in self.assigned().values().filter(|assignment| assignment.key.job == job) {
            assignment.cancel.cancel();
        }
    }

    fn all(&self) -> Vec<Arc<Assignment>> {
        self.assigned().values().cloned().collect()
    }

    /// Says who is here, every few seconds and when it changes; and at `stop` that it goes.
    pub(super) async fn announce(self: Arc<Self>, stop: CancellationToken) {
        let mut failing = Failing::default();
        loop {
            if let Err(error) = self.announce_once().await
                && let Some(failures) = failing.again()
            {
                tracing::warn!(failures, %error, "this worker could not be announced");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(DISTANCE) => {}
            }
            let wait = self.timings.announce.saturating_sub(DISTANCE);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        if let Err(error) = self.stored.workers.purge(&self.id).await {
            tracing::warn!(%error, "that this worker goes could not be told");
        }
    }

    async fn announce_once(&self) -> Result<(), NatsError> {
        let announcement = Announcement {
            protocol: PROTOCOL,
            id: self.id.clone(),
            host: self.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cpu: self.cpu.count,
            io: self.io.count,
            memory: self.bytes,
            commands: self.commands.iter().map(|(name, slots)| (name.clone(), slots.count)).collect(),
            draining: self.draining.is_cancelled(),
            in_hand: self.assigned().len(),
        };
        let put = self.stored.workers.put(&self.id, message::write(&announcement)?).await;
        put.map(drop).map_err(|error| NatsError::refused("an announcement")(&error))
    }
}
