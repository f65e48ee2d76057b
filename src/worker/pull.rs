//! How orders are taken: never more than there is room for.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{consumer::PullConsumer, consumer::pull::Batch};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::Worker;
use crate::{job::Resource, nats::NatsError};

/// How long NATS keeps a question for orders. One that got lost is asked again after that.
const ASKED: Duration = Duration::from_secs(5);

impl Worker {
    /// Takes orders of one kind until the worker drains.
    pub(super) async fn pull(self: Arc<Self>, resource: Resource) {
        let consumer = match resource {
            Resource::Cpu => &self.stored.cpu,
            Resource::Io => &self.stored.io,
        };
        loop {
            let round = async {
                let places = self.free_places(resource).await;
                self.nats.up().await;
                places
            };
            let places = tokio::select! {
                biased;
                () = self.draining.cancelled() => return,
                places = round => places,
            };
            if let Err(error) = self.pull_once(consumer, places).await {
                tracing::warn!(%error, "orders cannot be taken; trying again");
                tokio::select! {
                    () = self.draining.cancelled() => return,
                    () = tokio::time::sleep(self.timings.again) => {}
                }
            }
        }
    }

    /// Waits for a place, and takes what else is free.
    async fn free_places(&self, resource: Resource) -> Vec<OwnedSemaphorePermit> {
        let places = &self.room(resource).places;
        let mut free = Vec::new();
        // Nothing closes it.
        free.extend(places.clone().acquire_owned().await.ok());
        while let Ok(place) = places.clone().try_acquire_owned() {
            free.push(place);
        }
        free
    }

    /// Asks for an order for each place, and waits until all have come or the question is too old.
    async fn pull_once(
        self: &Arc<Self>,
        consumer: &PullConsumer,
        mut places: Vec<OwnedSemaphorePermit>,
    ) -> Result<(), NatsError> {
        let refused = NatsError::refused("orders");
        let connects = self.nats.connects();
        let asked = consumer.batch().max_messages(places.len()).expires(ASKED).messages().await;
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
                Some(Ok(order)) => self.give(order, places.pop()),
                Some(Err(error)) => return Err(refused(error.as_ref())),
                None => return Ok(()),
            }
        }
        self.take_rest(&mut orders, &mut places);
        Ok(())
    }

    /// What has come already: nobody else would get it before it is found lost.
    fn take_rest(self: &Arc<Self>, orders: &mut Batch, places: &mut Vec<OwnedSemaphorePermit>) {
        while let Some(Some(Ok(order))) = orders.next().now_or_never() {
            self.give(order, places.pop());
        }
    }

    fn give(self: &Arc<Self>, order: async_nats::jetstream::Message, place: Option<OwnedSemaphorePermit>) {
        let worker = self.clone();
        self.tasks.spawn(async move {
            worker.take(order).await;
            drop(place);
        });
    }
}
