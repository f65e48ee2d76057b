//! How work elsewhere is stopped, and when it is true that it has stopped.
//!
//! 1. The cancel is put into a bucket. A worker that takes an order looks there before it begins: from now on nobody begins one of
//!    the job but who has taken it before.
//! 2. It is said to all who listen. Who has taken an order stops, and its answer, a result, is the end of the order.
//! 3. The bot looks whether the order was begun, which a worker notes before it begins, and before it looks at the bucket. If nobody
//!    has, the order is taken out of the stream, and it is looked again. If still nobody has, nobody will, whoever may have it in
//!    hand, cannot read it or has no room for it: the cancel stays in the bucket for a day, and is found there.
//! 4. Who began it between the two looks took it before 1, so it is told once more, and 2 holds. What was begun is looked at again
//!    and again: it has stopped, too, when it is not begun any more, or when nobody can have it: no worker was heard of for as
//!    long as it takes for an order to go to the next one, or the order is not in the stream and nobody has answered for longer.

use std::{collections::HashMap, time::Instant};

use bytes::Bytes;

use super::{
    Control, Remote, Turn, Unfinished,
    state::Waiter,
    stored::{purge, subjects},
};
use crate::{
    nats::{Failing, JobKey, Key, NatsError},
    work::fleet::Link,
};

impl Remote {
    /// Waits until the order is nobody's any more, nor one of another turn that another process has handed out.
    pub(super) async fn cancelled(&self, key: Key, control: &Control, mut waiter: Waiter<'_>) -> Turn {
        if control.exits() {
            return Turn::Ended(Err(Unfinished::Left));
        }
        if let Some(waiting) = self.state().waiting.get_mut(&key) {
            // It may go, so it is not lost then.
            waiting.handed_out = false;
        }
        let why = tokio::select! {
            biased;
            () = control.exited() => Unfinished::Left,
            // Whatever it is: it was too late for the cancel, or it is the answer to it. It is the board that decides.
            _ = waiter.told() => Unfinished::Cancelled,
            why = self.stopped(key, control) => why,
        };
        Turn::Ended(Err(why))
    }

    /// Waits until no order of the member is anybody's any more, of whatever turn: what ended one may have been the word of
    /// another job's order of the same name, and then its own is still there.
    pub(super) async fn stopped(&self, key: Key, control: &Control) -> Unfinished {
        let orders = self.nats.names().orders_of_member(key);
        tokio::select! {
            biased;
            () = control.exited() => Unfinished::Left,
            () = self.stop(key.job, &orders) => Unfinished::Cancelled,
        }
    }

    /// Cancels a job, whoever handed it out, and waits until nothing of it is on its way or in anybody's hands.
    pub async fn recall(&self, job: JobKey) {
        self.stop(job, &self.nats.names().orders_of(job)).await;
    }

    /// Cancels a job, and waits for the end of its orders whose subjects are of this form.
    async fn stop(&self, job: JobKey, orders: &str) {
        {
            let mut state = self.state();
            state.handed.entry(job).or_default().left = true;
        }
        let (mut taken_out, mut failing) = (HashMap::new(), Failing::default());
        loop {
            self.tell(job).await;
            match self.withdraw(job, orders, &mut taken_out).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    if let Some(failures) = failing.again() {
                        tracing::warn!(%job, failures, %error, "a cancel is not answered; looking again");
                    }
                }
            }
            tokio::time::sleep(self.timings.look).await;
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
        let put = self.stored().await.cancels.put(job.to_string(), Bytes::new()).await;
        put.map_err(|error| NatsError::refused("a cancel")(&error))?;
        self.say_cancel(job).await
    }

    /// To those who listen now.
    pub(super) async fn say_cancel(&self, job: JobKey) -> Result<(), NatsError> {
        let subject = self.nats.names().cancel(job);
        let said = self.nats.client().publish(subject, Bytes::new()).await;
        said.map_err(|error| NatsError::refused("a cancel")(&error))
    }

    /// Takes the orders that nobody has begun out of the stream. Whether all have stopped, also those that were `taken_out` before
    /// and that somebody began meanwhile.
    async fn withdraw(
        &self,
        job: JobKey,
        orders: &str,
        taken_out: &mut HashMap<Key, Instant>,
    ) -> Result<bool, NatsError> {
        let (stored, nobody_works) = (self.stored().await, self.nobody_works());
        let mut all = true;
        for order in subjects(&stored.jobs, orders).await? {
            let Some(key) = self.nats.names().key(&order) else { continue };
            if !nobody_works && stored.is_begun(key).await? {
                all = false;
                continue;
            }
            // First: if it is not known whether it was taken out, it is looked at again.
            taken_out.entry(key).or_insert_with(Instant::now);
            purge(&stored.jobs, &order).await?;
        }
        let longest = self.timings.ack_wait + self.timings.gone;
        for (key, since) in taken_out.iter() {
            if !nobody_works && since.elapsed() < longest && stored.is_begun(*key).await? {
                all = false;
                self.say_cancel(job).await?;
            }
        }
        Ok(all)
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

    /// Whether nobody can have an order in hand: no worker was heard of for as long as it takes for an order to be
    /// given to the next one.
    fn nobody_works(&self) -> bool {
        let fleet = self.fleet.borrow();
        let idle = fleet.workers.iter().all(|worker| worker.in_hand == 0 && !worker.takes_orders());
        let silent = self.state().heard.is_some_and(|since| since + self.timings.ack_wait < Instant::now());
        fleet.link == Link::Up && idle && silent
    }
}
