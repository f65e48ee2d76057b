//! Whether what there should be on NATS is there, and nothing else: looked at now and then. A stream that somebody has removed, or the
//! end of one that a cluster has lost, is no other connection, so nobody hears of it.

use std::collections::HashSet;

use super::{
    Remote,
    stored::{Stored, purge, subjects},
};
use crate::nats::{Failing, JobKey, Key, NatsError};

/// What the last look found, and only what the next one finds again is acted on.
#[derive(Default)]
struct Found {
    /// Results that were not heard: they may be on their way.
    unheard: HashSet<Key>,
    /// Jobs that have orders and are not on the board; `None` before the first look, which need not wait. A bot that stood still
    /// while another one began to lead does not know of that one's jobs, and ends before its next look.
    unwanted: Option<HashSet<JobKey>>,
}

impl Remote {
    /// Looks at once and then after each pause; one look costs some requests, and one for each order that is not where it was.
    pub(super) async fn inspect(&self, is_current: &(impl Fn(JobKey) -> bool + Sync)) {
        let mut caught_up = self.caught_up.subscribe();
        let _ = caught_up.wait_for(|connection| *connection > 0).await;
        let (mut found, mut failing) = (Found::default(), Failing::default());
        loop {
            self.nats.up().await;
            let pause = match self.inspect_once(is_current, &mut found).await {
                Ok(()) => self.timings.inspect,
                Err(error) => {
                    if let Some(failures) = failing.again() {
                        tracing::warn!(failures, %error, "what is on NATS is not looked at; trying again");
                    }
                    failing.pause(self.timings.again)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn inspect_once(
        &self,
        is_current: &(impl Fn(JobKey) -> bool + Sync),
        found: &mut Found,
    ) -> Result<(), NatsError> {
        let stored = Box::pin(self.ensure_stored()).await?;
        // First: what is handed out later is not looked for.
        let handed_out: Vec<Key> = {
            let state = self.state();
            state.waiting.iter().filter(|(_, waiting)| waiting.handed_out).map(|(key, _)| *key).collect()
        };
        let names = self.nats.names();
        let orders = subjects(&stored.jobs, &names.subject("jobs.>")).await?;
        let orders: HashSet<Key> = orders.iter().filter_map(|order| names.key(order)).collect();
        self.sweep(&stored, &orders, is_current, found).await?;
        self.repair(&stored, handed_out.into_iter().filter(|key| !orders.contains(key)), found).await
    }

    /// Orders that the stream does not have.
    async fn repair(
        &self,
        stored: &Stored,
        missing: impl Iterator<Item = Key>,
        found: &mut Found,
    ) -> Result<(), NatsError> {
        let mut told = HashSet::new();
        for key in missing {
            // A worker lets go of an order only when its result is in the stream.
            if !subjects(&stored.results, &self.nats.names().result(key)).await?.is_empty() {
                told.insert(key);
            } else if let Some(waiting) = self.state().waiting.get(&key) {
                tracing::warn!(%key, "NATS has lost an order; it is handed out again");
                waiting.lost.notify_one();
            }
        }
        if told.iter().any(|key| found.unheard.contains(key) && self.state().waiting.contains_key(key)) {
            tracing::warn!("NATS has results that were not heard; all are heard again");
            self.hear_again.notify_one();
        }
        found.unheard = told;
        Ok(())
    }

    /// Orders of jobs that the board does not have: they ended while the bot was away from NATS, or its store was set back. Who has one
    /// is told to stop; it is not put down, where a job of the same number would find it later. Who does not hear it works for nobody.
    async fn sweep(
        &self,
        stored: &Stored,
        orders: &HashSet<Key>,
        is_current: &(impl Fn(JobKey) -> bool + Sync),
        found: &mut Found,
    ) -> Result<(), NatsError> {
        // A job of this process is called as it was when it was handed out, also where its chat has moved since.
        let is_ours = |job: &JobKey| is_current(*job) || self.state().handed.contains_key(job);
        let unwanted: HashSet<_> = orders.iter().map(|key| key.job).filter(|job| !is_ours(job)).collect();
        let last = found.unwanted.replace(unwanted.clone());
        for job in unwanted {
            if last.as_ref().is_some_and(|last| !last.contains(&job)) {
                continue;
            }
            tracing::info!(%job, "an order of a job that has ended is removed");
            self.say_cancel(job).await?;
            purge(&stored.jobs, &self.nats.names().orders_of(job)).await?;
        }
        Ok(())
    }
}
