//! The store.

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{SHORT, histogram, signed};

/// Writes in one commit.
const GROUPS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// What is known of the store.
pub(super) struct Disk {
    commits: Histogram,
    groups: Histogram,
    failures: Counter,
    waiting: Gauge,
    size: Gauge,
}

impl Disk {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let disk = Self {
            commits: histogram(&SHORT),
            groups: Histogram::new(GROUPS),
            failures: Counter::default(),
            waiting: Gauge::default(),
            size: Gauge::default(),
        };
        let Self { commits, groups, failures, waiting, size } = &disk;
        registry.register_with_unit("store_commit", "How long a commit took", Unit::Seconds, commits.clone());
        registry.register("store_group_writes", "Writes in one commit", groups.clone());
        registry.register("store_failures", "Commits that failed", failures.clone());
        registry.register("store_waiting_writes", "Writes that wait for the disk", waiting.clone());
        let help = "The store's file and its log, without the files of long results";
        registry.register_with_unit("store_size", help, Unit::Bytes, size.clone());
        disk
    }

    pub(super) fn committed(&self, writes: usize, took: Duration, is_done: bool) {
        self.commits.observe(took.as_secs_f64());
        self.groups.observe(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
        if !is_done {
            self.failures.inc();
        }
    }

    pub(super) fn set(&self, waiting: usize, size: u64) {
        self.waiting.set(signed(waiting));
        self.size.set(signed(size));
    }
}
