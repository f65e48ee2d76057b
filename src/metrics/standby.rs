//! A bot that follows another one: how far it is behind.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{
    metrics::gauge::Gauge,
    registry::{Registry, Unit},
};

use super::signed;

/// What is known of that. Of a bot that follows nobody it is 0.
pub(super) struct Standby {
    entries: Gauge,
    behind: Gauge,
    /// When it last had all; `None` where it does not follow.
    // A std lock, held for a look.
    had_all: Mutex<Option<Instant>>,
}

impl Standby {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (entries, behind) = (Gauge::default(), Gauge::default());
        let help =
            "Commits and parts of them that this standby had not put into its store when it last looked";
        registry.register("standby_behind_entries", help, entries.clone());
        let help = "Since this standby last had all that was committed; 0 where it does not follow";
        registry.register_with_unit("standby_behind", help, Unit::Seconds, behind.clone());
        Self { entries, behind, had_all: Mutex::default() }
    }

    /// It follows, and lacks so many entries of those it knows of; `has_all` where there are no more.
    pub(super) fn follows(&self, lacks: u64, has_all: bool) {
        self.entries.set(signed(lacks));
        let mut had_all = self.had_all.lock().unwrap_or_else(PoisonError::into_inner);
        if has_all || had_all.is_none() {
            *had_all = Some(Instant::now());
        }
    }

    /// It follows nobody any more.
    pub(super) fn leads(&self) {
        self.entries.set(0);
        *self.had_all.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn look(&self) {
        let had_all = *self.had_all.lock().unwrap_or_else(PoisonError::into_inner);
        self.behind.set(signed(had_all.map_or(Duration::ZERO, |at| at.elapsed()).as_secs()));
    }
}
