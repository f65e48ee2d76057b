//! What is removed from NATS: messages of jobs that have ended, and results that nobody wants.

use std::{sync::PoisonError, time::Duration};

use futures_util::StreamExt;

use super::{Remote, state::Handed, stored::purge};
use crate::nats::{JobKey, Key, NatsError};

/// Jobs that are tidied up after at the same time.
const AT_ONCE: usize = 16;
/// How often it is tried while NATS is there: others wait for their turn.
const TRIES: u32 = 5;
/// How long a stop takes for it.
const REST: Duration = Duration::from_secs(1);

/// A job whose end is stored, or a result that nobody wants.
pub(super) struct Ended {
    job: JobKey,
    /// The subjects of results that are to be removed.
    results: String,
    /// What else is.
    handed: Handed,
}

impl Remote {
    /// The job's end is stored: nothing of it is needed any more.
    pub fn forget(&self, job: JobKey) {
        let Some(handed) = self.state().forget(job) else { return };
        self.remove(Ended { job, results: self.nats.names().results_of(job), handed });
    }

    pub(super) fn drop_result(&self, key: Key, object: Option<String>) {
        let handed = Handed { objects: object.into_iter().collect(), ..Handed::default() };
        self.remove(Ended { job: key.job, results: self.nats.names().result(key), handed });
    }

    /// What is not removed now is found again: an order by the next look (`inspect`), a result over the next connection. The rest
    /// goes with its age.
    fn remove(&self, ended: Ended) {
        let job = ended.job;
        if self.ended.try_send(ended).is_err() {
            tracing::debug!(%job, "messages of an ended job stay for a while");
        }
    }

    pub(super) async fn tidy(&self) {
        let Some(ended) = self.to_tidy.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
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
        for _ in 0..TRIES {
            self.nats.up().await;
            match self.tidy_once(&ended).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(job = %ended.job, %error, "messages of an ended job are not removed");
                }
            }
            tokio::time::sleep(self.timings.again).await;
        }
    }

    async fn tidy_once(&self, ended: &Ended) -> Result<(), NatsError> {
        let stored = self.stored().await;
        // Also of those whose result was taken: a worker may have died before it let go of the order, and somebody would do it again.
        if ended.handed.left {
            purge(&stored.jobs, &self.nats.names().orders_of(ended.job)).await?;
        }
        purge(&stored.results, &ended.results).await?;
        // A cancel stays for a day: a worker may have an order of the job in hand still, and looks for it before it begins.
        for object in &ended.handed.objects {
            // It may be gone already.
            let _ = stored.large.delete(object).await;
        }
        Ok(())
    }

    pub(super) async fn forget_cancel(&self, job: JobKey) -> Result<(), NatsError> {
        let purged = self.stored().await.cancels.purge(job.to_string()).await;
        purged.map_err(|error| NatsError::refused("a removal")(&error))
    }
}
