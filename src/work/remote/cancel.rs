//! How work elsewhere is stopped: it is said in a bucket first, where a worker looks before it begins, and then to all.

use std::time::Instant;

use bytes::Bytes;

use super::{Control, Remote, Turn, Unfinished, Waiter};
use crate::{
    nats::{JobKey, Key, NatsError},
    work::fleet::Link,
};

impl Remote {
    /// Waits until the order is nobody's any more. It is a worker that says so, or that there is no worker.
    pub(super) async fn cancelled(&self, key: Key, control: &Control, mut waiter: Waiter<'_>) -> Turn {
        if control.exits() {
            return Turn::Ended(Err(Unfinished::Left));
        }
        let why = tokio::select! {
            biased;
            () = control.exited() => Unfinished::Left,
            // Whatever it is: it was too late for the cancel, or it is the answer to it. It is the board that decides.
            _ = waiter.report() => Unfinished::Cancelled,
            () = self.recall(key.job) => Unfinished::Cancelled,
        };
        Turn::Ended(Err(why))
    }

    /// Cancels a job, whoever handed it out, and waits until nothing of it is on its way or in anybody's hands.
    pub async fn recall(&self, job: JobKey) {
        {
            let mut state = self.state();
            let handed = state.handed.entry(job).or_default();
            (handed.left, handed.cancelled) = (true, true);
        }
        loop {
            self.tell(job).await;
            tokio::time::sleep(self.timings.look).await;
            match self.is_left(job).await {
                Ok(false) => return,
                Ok(true) if self.nobody_works() => {
                    if self.purge_orders(job).await.is_ok() {
                        return;
                    }
                }
                Ok(true) => {}
                Err(error) => tracing::warn!(%job, %error, "a cancel is not answered; looking again"),
            }
        }
    }

    /// Says it, unless it was just said: a job has many members. That it was is noted afterwards: who says it may be stopped in
    /// between, and then another one has to.
    async fn tell(&self, job: JobKey) {
        let told = self.state().handed.get(&job).and_then(|handed| handed.told);
        if told.is_some_and(|told| told.elapsed() < self.timings.look) {
            return;
        }
        self.nats.insist(self.timings.again, ("a cancel is not told", &job), || self.tell_once(job)).await;
        if let Some(handed) = self.state().handed.get_mut(&job) {
            handed.told = Some(Instant::now());
        }
    }

    async fn tell_once(&self, job: JobKey) -> Result<(), NatsError> {
        let refused = NatsError::refused("a cancel");
        let cancels = self.nats.cancels().await?;
        cancels.put(job.to_string(), Bytes::new()).await.map_err(|error| refused(&error))?;
        self.say_cancel(job).await
    }

    /// To those who listen now.
    pub(super) async fn say_cancel(&self, job: JobKey) -> Result<(), NatsError> {
        let subject = self.nats.names().cancel(job);
        let said = self.nats.client().publish(subject, Bytes::new()).await;
        said.map_err(|error| NatsError::refused("a cancel")(&error))
    }

    /// Where nobody has cancelled it here, it was another job of the same number, before the bot's store was set back: its cancel
    /// goes, so that the next turn does not hear it.
    pub(super) async fn cancelled_by_nobody(&self, key: Key, control: &Control) {
        let forget = async {
            tracing::warn!(%key, "an order was stopped that nobody has cancelled; it is done again");
            let what = ("a cancel is not removed", &key as _);
            self.nats.insist(self.timings.again, what, || self.forget_cancel(key.job)).await;
        };
        tokio::select! {
            biased;
            () = control.cancelled() => {}
            () = forget => {}
        }
    }

    /// Whether an order of the job is there.
    async fn is_left(&self, job: JobKey) -> Result<bool, NatsError> {
        let jobs = self.nats.jobs().await?;
        let subject = self.nats.names().orders_of(job);
        let info = jobs.info_builder().subjects(subject).fetch().await;
        let mut subjects = info.map_err(|error| NatsError::refused("orders")(&error))?;
        Ok(futures_util::StreamExt::next(&mut subjects).await.is_some())
    }

    /// Whether nobody can have an order in hand: no worker was heard of for as long as it takes for an order to be
    /// given to the next one.
    fn nobody_works(&self) -> bool {
        let fleet = self.fleet.borrow();
        let idle = fleet.workers.iter().all(|worker| worker.in_hand == 0 && !worker.takes_orders());
        let silent = self.state().heard.is_some_and(|since| since + self.timings.ack_wait < Instant::now());
        fleet.link == Link::Up && idle && silent
    }
}
