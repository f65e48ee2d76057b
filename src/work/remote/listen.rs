//! What workers say: results, which are kept until they are taken, and signs, which are not.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    consumer::{DeliverPolicy, pull::OrderedConfig},
    message::Message,
};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::Remote;
use crate::nats::{Failing, JobKey, NatsError, Report, Sign, message};

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
                self.watch_answers(),
                self.watch_fleet(),
                self.inspect(&is_current),
                self.tidy()
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
        let mut failing = Failing::default();
        loop {
            self.nats.up().await;
            if let Err(error) = self.hear_until_lost(is_current).await {
                if let Some(failures) = failing.again() {
                    tracing::warn!(failures, %error, "results are not heard; trying again");
                }
                tokio::time::sleep(failing.pause(self.timings.again)).await;
            }
        }
    }

    /// Hears all results that are there and all that come, until the connection is another one, or something was not heard.
    async fn hear_until_lost(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) -> Result<(), NatsError> {
        let refused = NatsError::refused("results");
        let connects = self.nats.connects();
        let stored = Box::pin(self.ensure_stored()).await?;
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::LastPerSubject,
            filter_subject: self.nats.names().subject("results.>"),
            max_expires: ASKED,
            ..OrderedConfig::default()
        };
        let consumer = stored.results.create_consumer(config).await.map_err(|error| refused(&error))?;
        // Counted, too: where new ones come all the time, some are always left.
        let mut left = consumer.cached_info().num_pending;
        let mut messages = consumer.messages().await.map_err(|error| refused(&error))?;
        loop {
            if left == 0 {
                self.caught_up.send_if_modified(|known| std::mem::replace(known, connects) != connects);
            }
            let message = tokio::select! {
                message = messages.next() => message,
                _ = self.nats.another_than(connects) => return Ok(()),
                () = self.hear_again.notified() => return Ok(()),
                // Those that were left may have been removed.
                () = tokio::time::sleep(ASKED), if left > 0 => return Ok(()),
            };
            let Some(message) = message else { return Ok(()) };
            let message = message.map_err(|error| refused(&error))?;
            let pending = message.info().map_or(0, |info| info.pending);
            left = left.saturating_sub(1).min(pending);
            self.hear(&message, is_current);
        }
    }

    fn hear(&self, message: &Message, is_current: &(impl Fn(JobKey) -> bool + Sync)) {
        let Some(key) = self.nats.names().key(&message.subject) else { return };
        let told = Report::read(&message.payload);
        // Not under the lock: the board has its own.
        let is_current = is_current(key.job);
        let mut state = self.state();
        if is_current || state.waiting.contains_key(&key) {
            state.hear(key, told);
            return;
        }
        let object = told.ok().and_then(|(report, _)| report.object);
        if let Some(handed) = state.handed.get_mut(&key.job) {
            // It goes with what else there is of the job.
            handed.objects.extend(object);
        } else {
            state.unclaimed.remove(&key.job);
            drop(state);
            tracing::debug!(%key, "a result that nobody wants");
            self.drop_result(key, object);
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
            if let Some(shown) = sign.shown {
                waiting.control.show(shown);
            }
        }
    }
}
