//! How orders are taken: never more than there is room for.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{consumer::PullConsumer, consumer::pull::Batch};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::Worker;
use crate::nats::{Failing, Kind, NatsError};

/// How long NATS keeps a question for orders. One that got lost is asked again after that.
const ASKED: Duration = Duration::from_secs(5);

impl Worker {
    /// Takes orders of one kind until the worker drains.
    pub(super) async fn pull(self: Arc<Self>, kind: Kind) {
        let mut failing = Failing::default();
        loop {
            let what = ("orders cannot be asked for", &self.id as _);
            let found = self.nats.insist(self.timings.again, what, || self.nats.orders(&kind));
            let consumer = tokio::select! {
                biased;
                () = self.draining.cancelled() => return,
                consumer = found => consumer,
            };
            if let Err(error) = self.pull_from(&consumer, &kind).await
                && let Some(failures) = failing.again()
            {
                tracing::warn!(failures, %error, "orders cannot be taken; trying again");
            }
            tokio::select! {
                biased;
                () = self.draining.cancelled() => return,
                () = tokio::time::sleep(failing.pause(self.timings.again)) => {}
            }
        }
    }

    /// Until the worker drains or the connection is another one: the stream may have been made anew, and its consumers with it.
    async fn pull_from(self: &Arc<Self>, consumer: &PullConsumer, kind: &Kind) -> Result<(), NatsError> {
        let connects = self.nats.connects();
        loop {
            let free = async {
                let slots = self.free_slots(kind).await;
                self.nats.up().await;
                slots
            };
            let slots = tokio::select! {
                biased;
                () = self.draining.cancelled() => return Ok(()),
                slots = free => slots,
            };
            if self.nats.connects() != connects {
                return Ok(());
            }
            self.pull_once(consumer, slots).await?;
        }
    }

    /// Waits for a slot, and takes what else is free.
    async fn free_slots(&self, kind: &Kind) -> Vec<OwnedSemaphorePermit> {
        let Some(slots) = self.slots(kind).map(|slots| &slots.free) else {
            return std::future::pending().await;
        };
        let mut free = Vec::new();
        // Nothing closes it.
        free.extend(slots.clone().acquire_owned().await.ok());
        while let Ok(slot) = slots.clone().try_acquire_owned() {
            free.push(slot);
        }
        free
    }

    /// Asks for an order for each slot, and waits until all have come or the question is too old.
    async fn pull_once(
        self: &Arc<Self>,
        consumer: &PullConsumer,
        mut slots: Vec<OwnedSemaphorePermit>,
    ) -> Result<(), NatsError> {
        let refused = NatsError::refused("orders");
        let connects = self.nats.connects();
        let asked = consumer.batch().max_messages(slots.len()).expires(ASKED).messages().await;
        let mut orders = asked.map_err(|error| refused(&error))?;
        loop {
            let order = tokio::select! {
                biased;
                order = orders.next() => order,
                () = self.draining.cancelled() => break,
                // What was asked over the old connection is not answered.
                _ = self.nats.another_than(connects) => break,
            };
            match order {
                Some(Ok(order)) => self.give(order, slots.pop()),
                Some(Err(error)) => return Err(refused(error.as_ref())),
                None => return Ok(()),
            }
        }
        self.take_rest(&mut orders, &mut slots);
        Ok(())
    }

    /// What has come already: nobody else would get it before it is found lost.
    fn take_rest(self: &Arc<Self>, orders: &mut Batch, slots: &mut Vec<OwnedSemaphorePermit>) {
        while let Some(Some(Ok(order))) = orders.next().now_or_never() {
            self.give(order, slots.pop());
        }
    }

    fn give(self: &Arc<Self>, order: async_nats::jetstream::Message, slot: Option<OwnedSemaphorePermit>) {
        let worker = self.clone();
        self.tasks.spawn(async move {
            worker.take(order).await;
            drop(slot);
        });
    }
}
