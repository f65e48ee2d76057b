//! What workers say: results, which are kept until they are taken, and signs, which are not.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    consumer::{DeliverPolicy, pull::OrderedConfig},
    message::Message,
};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::Remote;
use crate::nats::{JobKey, NatsError, Report, Sign, message};

/// How long NATS keeps a question for results. Half of it is the pause between two signs of life of the server that keeps them for us:
/// after four of these without one, another server is asked.
const ASKED: Duration = Duration::from_secs(4);

impl Remote {
    /// Hears workers, removes what is done with and keeps an eye on who works, until `stop`. `is_current` says whether a job is
    /// on the board and has not ended: what is there of others is removed.
    pub async fn serve(
        self: Arc<Self>,
        is_current: impl Fn(JobKey) -> bool + Send + Sync,
        stop: CancellationToken,
    ) {
        let serve = async {
            tokio::join!(
                self.hear_results(&is_current),
                self.hear_signs(),
                self.watch_fleet(),
                self.tidy(&is_current)
            )
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = serve => {}
        }
        // Jobs that have just ended: a moment for what is done with.
        self.tidy_rest().await;
    }

    async fn hear_results(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) {
        loop {
            self.nats.up().await;
            if let Err(error) = self.hear_until_lost(is_current).await {
                tracing::warn!(%error, "results are not heard; trying again");
                tokio::time::sleep(self.timings.again).await;
            }
        }
    }

    /// Hears all results that are there and all that come, until the connection is another one.
    async fn hear_until_lost(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) -> Result<(), NatsError> {
        let refused = NatsError::refused("results");
        let connects = self.nats.connects();
        // Also the other parts, so that workers may come first or last.
        self.nats.ensure_fleet(self.timings.ack_wait).await?;
        let stream = self.nats.results().await?;
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::LastPerSubject,
            filter_subject: self.nats.names().subject("results.>"),
            max_expires: ASKED,
            ..OrderedConfig::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(|error| refused(&error))?;
        if consumer.cached_info().num_pending == 0 {
            self.caught_up.send_replace(connects);
        }
        let mut messages = consumer.messages().await.map_err(|error| refused(&error))?;
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                _ = self.nats.another_than(connects) => return Ok(()),
            };
            let Some(message) = message else { return Ok(()) };
            let message = message.map_err(|error| refused(&error))?;
            let last = message.info().map_or(true, |info| info.pending == 0);
            self.hear(&message, is_current);
            if last {
                self.caught_up.send_if_modified(|known| std::mem::replace(known, connects) != connects);
            }
        }
    }

    fn hear(&self, message: &Message, is_current: &(impl Fn(JobKey) -> bool + Sync)) {
        let Some(key) = self.nats.names().key(&message.subject) else { return };
        let report = match Report::read(&message.payload) {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(%key, %error, "a result cannot be read");
                return;
            }
        };
        // Not under the lock: the board has its own.
        let is_current = is_current(key.job);
        let mut state = self.state();
        if let Some(waiting) = state.waiting.remove(&key) {
            let handed = state.handed.entry(key.job).or_default();
            handed.objects.extend(report.0.object.clone());
            drop(state);
            // Who does not wait any more has been stopped; the next process finds it.
            let _ = waiting.report.send(report);
        } else if is_current {
            state.unclaimed.insert(key, report);
        } else if let Some(handed) = state.handed.get_mut(&key.job) {
            // It goes with what else there is of the job.
            handed.objects.extend(report.0.object);
        } else {
            drop(state);
            tracing::debug!(%key, worker = report.0.worker, "a result that nobody wants");
            self.drop_result(key, report.0.object);
        }
    }

    async fn hear_signs(&self) {
        let subject = self.nats.names().subject("events.>");
        loop {
            match self.nats.client().subscribe(subject.clone()).await {
                Ok(mut signs) => {
                    while let Some(sign) = signs.next().await {
                        self.note(&sign);
                    }
                }
                Err(error) => tracing::warn!(%error, "signs are not heard; trying again"),
            }
            tokio::time::sleep(self.timings.again).await;
        }
    }

    fn note(&self, sign: &async_nats::Message) {
        let Some(key) = self.nats.names().key(&sign.subject) else { return };
        let Ok(sign) = message::read::<Sign>(&sign.payload) else { return };
        if let Some(waiting) = self.state().waiting.get_mut(&key) {
            // One that began anew is behind until it has caught up.
            waiting.control.advance(sign.done.saturating_sub(waiting.done));
            waiting.done = waiting.done.max(sign.done);
        }
    }
}
