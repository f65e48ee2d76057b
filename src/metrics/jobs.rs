//! Jobs: what comes in, waits, runs and ends.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{
    LONG, SHORT, histogram,
    labels::{Ended, Kind, Line, Live, OfEnded, OfKind, OfLine, OfLive, OfRefused, Refused},
};
use crate::job::{ChatId, JobId, Spec};

/// Kills under way whose time is taken; beyond it, nobody looks at the clock.
const MAX_KILLS: usize = 10_000;

/// What is known of jobs.
pub(super) struct Jobs {
    submitted: Family<OfKind, Counter>,
    refused: Family<OfRefused, Counter>,
    live: Family<OfLive, Gauge>,
    finished: Family<OfEnded, Counter>,
    running: Family<OfKind, Histogram>,
    kills: Histogram,
    /// Kills whose jobs have not stopped yet.
    // A std lock: held for an insertion. Whoever ends a job looks at the number first.
    killed: Mutex<HashMap<(ChatId, JobId), Instant>>,
    kills_open: AtomicUsize,
    waiting: Family<OfLine, Gauge>,
    waits: Family<OfLine, Histogram>,
    busy: Family<OfLine, Gauge>,
    slots: Family<OfLine, Gauge>,
}

impl Jobs {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let jobs = Self {
            submitted: Family::default(),
            refused: Family::default(),
            live: Family::default(),
            finished: Family::default(),
            running: Family::new_with_constructor(|| histogram(&LONG)),
            kills: histogram(&SHORT),
            killed: Mutex::default(),
            kills_open: AtomicUsize::new(0),
            waiting: Family::default(),
            waits: Family::new_with_constructor(|| histogram(&LONG)),
            busy: Family::default(),
            slots: Family::default(),
        };
        jobs.begin();
        let Self { submitted, refused, live, finished, running, kills, waiting, waits, busy, slots, .. } =
            &jobs;
        registry.register("jobs_submitted", "Jobs that were accepted", submitted.clone());
        registry.register("jobs_refused", "Jobs that were not accepted, by reason", refused.clone());
        registry.register("jobs", "Unfinished jobs", live.clone());
        registry.register("jobs_finished", "Jobs that ended", finished.clone());
        let name = "job_run";
        let help = "From the start of a job's first member to the end of its last";
        registry.register_with_unit(name, help, Unit::Seconds, running.clone());
        let help = "From a kill to the moment when the work has stopped";
        registry.register_with_unit("kill", help, Unit::Seconds, kills.clone());
        let help = "Members that wait for a slot, and jobs among these that wait for memory";
        registry.register("queue_waiting", help, waiting.clone());
        let help = "How long members waited for the slot that they got";
        registry.register_with_unit("queue_wait", help, Unit::Seconds, waits.clone());
        registry.register("slots_busy", "Slots in use", busy.clone());
        registry.register("slots", "Slots that there are", slots.clone());
        jobs
    }

    /// Everything that can be counted is there from the beginning: what never happened is 0, not unknown.
    fn begin(&self) {
        for &kind in Kind::ALL {
            drop(self.submitted.get_or_create(&OfKind { kind }));
            drop(self.running.get_or_create(&OfKind { kind }));
            for &state in Live::ALL {
                drop(self.live.get_or_create(&OfLive { kind, state }));
            }
            for &state in Ended::ALL {
                drop(self.finished.get_or_create(&OfEnded { kind, state }));
            }
        }
        for &reason in Refused::ALL {
            drop(self.refused.get_or_create(&OfRefused { reason }));
        }
        for &resource in Line::ALL {
            drop(self.waiting.get_or_create(&OfLine { resource }));
        }
        for resource in [Line::Cpu, Line::Io] {
            drop(self.waits.get_or_create(&OfLine { resource }));
            drop(self.busy.get_or_create(&OfLine { resource }));
            drop(self.slots.get_or_create(&OfLine { resource }));
        }
    }

    pub(super) fn submitted(&self, spec: &Spec) {
        self.submitted.get_or_create(&OfKind { kind: spec.into() }).inc();
    }

    pub(super) fn refused(&self, reason: Refused) {
        self.refused.get_or_create(&OfRefused { reason }).inc();
    }

    pub(super) fn finished(&self, kind: Kind, state: Ended) {
        self.finished.get_or_create(&OfEnded { kind, state }).inc();
    }

    pub(super) fn ran(&self, spec: &Spec, took: Duration) {
        self.running.get_or_create(&OfKind { kind: spec.into() }).observe(took.as_secs_f64());
    }

    pub(super) fn killed(&self, chat: ChatId, id: JobId) {
        let mut killed = self.killed.lock().unwrap_or_else(PoisonError::into_inner);
        if killed.len() < MAX_KILLS {
            // The first kill is the one that is waited for longest.
            killed.entry((chat, id)).or_insert_with(Instant::now);
        }
        self.kills_open.store(killed.len(), Ordering::Release);
    }

    pub(super) fn stopped(&self, chat: ChatId, id: JobId) {
        if self.kills_open.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut killed = self.killed.lock().unwrap_or_else(PoisonError::into_inner);
        let since = killed.remove(&(chat, id));
        self.kills_open.store(killed.len(), Ordering::Release);
        drop(killed);
        if let Some(since) = since {
            self.kills.observe(since.elapsed().as_secs_f64());
        }
    }

    pub(super) fn waits(&self, resource: Line) -> Waiting {
        let labels = OfLine { resource };
        let (waiting, waits) =
            (self.waiting.get_or_create_owned(&labels), self.waits.get_or_create_owned(&labels));
        waiting.inc();
        Waiting { now: waiting, waits, since: Instant::now() }
    }

    pub(super) fn works(&self, resource: Line) -> Busy {
        let busy = self.busy.get_or_create_owned(&OfLine { resource });
        busy.inc();
        Busy(busy)
    }

    pub(super) fn set_slots(&self, resource: Line, slots: usize) {
        self.slots.get_or_create(&OfLine { resource }).set(super::signed(slots));
    }

    pub(super) fn set_waits_for_memory(&self, jobs: usize) {
        self.waiting.get_or_create(&OfLine { resource: Line::Memory }).set(super::signed(jobs));
    }

    pub(super) fn set_live(&self, count: impl Fn(Kind, Live) -> usize) {
        for &kind in Kind::ALL {
            for &state in Live::ALL {
                self.live.get_or_create(&OfLive { kind, state }).set(super::signed(count(kind, state)));
            }
        }
    }
}

/// Somebody waits. Who drops it waits no more.
pub struct Waiting {
    now: Gauge,
    waits: Histogram,
    since: Instant,
}

impl Waiting {
    /// It was not in vain.
    pub fn came(self) {
        self.waits.observe(self.since.elapsed().as_secs_f64());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.now.dec();
    }
}

/// A slot is in use. Who drops it uses it no more.
pub struct Busy(Gauge);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.dec();
    }
}
