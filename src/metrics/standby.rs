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

    /// It follows, and lacks so many entries; `None`: it does not follow any more.
    pub(super) fn lacks(&self, entries: Option<u64>) {
        self.entries.set(signed(entries.unwrap_or_default()));
        let mut had_all = self.had_all.lock().unwrap_or_else(PoisonError::into_inner);
        *had_all = match entries {
            None => None,
            Some(0) => Some(Instant::now()),
            Some(_) => had_all.or_else(|| Some(Instant::now())),
        };
    }

    pub(super) fn look(&self) {
        let had_all = *self.had_all.lock().unwrap_or_else(PoisonError::into_inner);
        self.behind.set(signed(had_all.map_or(Duration::ZERO, |at| at.elapsed()).as_secs()));
    }
}
