//! What is removed from NATS: of jobs that have ended, and of those that the bot does not have.

use std::{sync::PoisonError, time::Duration};

use futures_util::StreamExt;

use super::{Ended, Handed, Remote};
use crate::nats::{JobKey, Key, NatsError};

/// Jobs that are tidied up after at the same time.
const AT_ONCE: usize = 16;
/// How long a stop takes for it.
const REST: Duration = Duration::from_secs(1);

impl Remote {
    /// The job's end is stored: nothing of it is needed any more.
    pub fn forget(&self, job: JobKey) {
        let handed = {
            let mut state = self.state();
            state.unclaimed.retain(|key, _| key.job != job);
            state.handed.remove(&job)
        };
        let Some(handed) = handed else { return };
        let ended = Ended { job, results: self.nats.names().results_of(job), handed };
        if self.ended.try_send(ended).is_err() {
            tracing::debug!(%job, "messages of an ended job stay until the next start");
        }
    }

    pub(super) fn drop_result(&self, key: Key, object: Option<String>) {
        let handed = Handed { objects: object.into_iter().collect(), ..Handed::default() };
        let results = self.nats.names().result(key);
        let _ = self.ended.try_send(Ended { job: key.job, results, handed });
    }

    pub(super) async fn tidy(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) {
        let Some(ended) = self.to_tidy.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut caught_up = self.caught_up.subscribe();
        let _ = caught_up.wait_for(|connection| *connection > 0).await;
        let what = ("orders that nobody wants are not removed", &"the board" as _);
        self.nats.insist(self.timings.again, what, || self.sweep(is_current)).await;
        let ended =
            futures_util::stream::unfold(ended, async |mut ended| ended.recv().await.map(|job| (job, ended)));
        ended.for_each_concurrent(AT_ONCE, |ended| self.tidy_up(ended)).await;
    }

    /// What was still waiting to be removed when the bot stops stays for the next start.
    pub(super) async fn tidy_rest(&self) {
        let flushed = tokio::time::timeout(REST, self.nats.client().flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::debug!("NATS has not heard the last words");
        }
    }

    async fn tidy_up(&self, ended: Ended) {
        let what = ("messages of an ended job are not removed", &ended.job as _);
        self.nats.insist(self.timings.again, what, || self.tidy_once(&ended)).await;
    }

    async fn tidy_once(&self, ended: &Ended) -> Result<(), NatsError> {
        let refused = NatsError::refused("a removal");
        // Also of those whose result was taken: a worker may have died before it let go of the order, and somebody would do it again.
        if ended.handed.left {
            self.purge_orders(ended.job).await?;
        }
        let results = self.nats.results().await?;
        results.purge().filter(ended.results.as_str()).await.map_err(|error| refused(&error))?;
        if ended.handed.cancelled {
            self.forget_cancel(ended.job).await?;
        }
        for object in &ended.handed.objects {
            // It may be gone already.
            let _ = self.nats.large().await?.delete(object).await;
        }
        Ok(())
    }

    pub(super) async fn purge_orders(&self, job: JobKey) -> Result<(), NatsError> {
        let refused = NatsError::refused("a removal");
        let jobs = self.nats.jobs().await?;
        let of_job = self.nats.names().orders_of(job);
        jobs.purge().filter(of_job).await.map(drop).map_err(|error| refused(&error))
    }

    /// Orders of jobs that the board does not have: they ended while the bot was away from NATS, or its store was set back. Who has one
    /// is told to stop; it is not put down, where a job of the same number would find it later. Who does not hear it works for nobody.
    async fn sweep(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) -> Result<(), NatsError> {
        let refused = NatsError::refused("orders");
        let jobs = self.nats.jobs().await?;
        let all = self.nats.names().subject("jobs.>");
        let subjects = jobs.info_builder().subjects(all).fetch().await.map_err(|error| refused(&error))?;
        let subjects: Vec<_> = subjects.collect().await;
        let mut done = std::collections::HashSet::new();
        for subject in subjects {
            let (subject, _) = subject.map_err(|error| refused(&error))?;
            let Some(key) = self.nats.names().key(&subject) else { continue };
            if is_current(key.job) || !done.insert(key.job) {
                continue;
            }
            tracing::info!(job = %key.job, "an order of a job that has ended is removed");
            self.say_cancel(key.job).await?;
            self.purge_orders(key.job).await?;
        }
        Ok(())
    }

    pub(super) async fn forget_cancel(&self, job: JobKey) -> Result<(), NatsError> {
        let cancels = self.nats.cancels().await?;
        cancels.purge(job.to_string()).await.map_err(|error| NatsError::refused("a removal")(&error))
    }
}
