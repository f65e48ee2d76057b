//! Who is next: one queue for each kind of resource, first come first served.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::job::Resource;

/// Slots of CPU and IO. A member waits for one, holds it while it runs, and gives it back by dropping it.
pub(super) struct Queue {
    // tokio's semaphore serves in order of arrival; a waiter that is dropped (a killed job) leaves the line.
    cpu: Arc<Semaphore>,
    io: Arc<Semaphore>,
}

/// The right to use one slot.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Queue {
    pub(super) fn new(cpu_slots: usize, io_slots: usize) -> Self {
        Self { cpu: Arc::new(Semaphore::new(cpu_slots)), io: Arc::new(Semaphore::new(io_slots)) }
    }

    /// Waits for a slot. `None` only where the queue was closed, which nothing does.
    pub(super) async fn slot(&self, resource: Resource) -> Option<Slot> {
        let slots = match resource {
            Resource::Cpu => &self.cpu,
            Resource::Io => &self.io,
        };
        slots.clone().acquire_owned().await.ok().map(|permit| Slot { _permit: permit })
    }
}
