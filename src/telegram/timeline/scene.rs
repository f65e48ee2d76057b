//! What there is to be drawn: bars with their times, sound whatever the clock did meanwhile.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::axis::{self, Stretch};
use crate::{
    board::{Snapshot, Stay, Timeline},
    job::{Ended, JobId, Place, Resource, micros},
    telegram::sentences::timeline::{self as words, Facts},
};

/// Tasks of a picture, at most: more cannot be told apart.
pub(in crate::telegram) const MAX_TASKS: usize = 40;
/// Their members, at most; the last task is there in any case.
const MAX_BARS: usize = 600;

/// All that a picture shows. Times are in microseconds since 1970.
#[derive(Clone, Debug)]
pub(in crate::telegram) struct Scene {
    pub(super) bars: Vec<Bar>,
    /// When something was under way; a picture leaves out what is between. Never empty.
    pub(super) stretches: Vec<Stretch>,
    /// CPU workers that there are.
    pub(super) workers: usize,
    /// When other chats had which of them; within the stretches.
    pub(super) others: Vec<Other>,
    pub(super) now: i64,
}

/// A time in which another chat had a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) worker: u32,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// One member of a task.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) job: JobId,
    /// How its job stands: `failed`, `running` …
    pub(super) state: &'static str,
    pub(super) label: String,
    pub(super) resource: Resource,
    pub(super) queued: i64,
    /// Not before it was queued.
    pub(super) began: Option<(i64, Place)>,
    /// Not before it began.
    pub(super) ended: Option<(i64, Ended)>,
}

impl Bar {
    /// Until when it waited, so far.
    pub(super) fn waited_until(&self, now: i64) -> i64 {
        self.began.map_or_else(|| self.until(now), |(began, _)| began)
    }

    /// Its end, or the present.
    pub(super) fn until(&self, now: i64) -> i64 {
        let since = self.began.map_or(self.queued, |(began, _)| began);
        self.ended.map_or(now, |(ended, _)| ended).max(since)
    }

    pub(super) fn how(&self) -> Option<Ended> {
        self.ended.map(|(_, how)| how)
    }
}

impl Scene {
    /// What is to be drawn of these jobs; `None` where nothing is known of any.
    pub(in crate::telegram) fn new(board: &Timeline, now: SystemTime) -> Option<Self> {
        let mut bars: Vec<Bar> = Vec::new();
        for snapshot in board.jobs.iter().rev() {
            if !bars.is_empty() && bars.len() + snapshot.times.len() > MAX_BARS {
                break;
            }
            bars.extend(of_job(snapshot));
        }
        let now = micros(now);
        let stretches = axis::stretches(bars.iter().map(|bar| (bar.queued, bar.until(now))).collect());
        let first = stretches.first()?.from;
        // What is older than all that fits.
        bars.retain(|bar| bar.queued >= first);
        bars.sort_by_key(|bar| (bar.queued, bar.job));
        let others = board.others.iter().flat_map(|stay| within(*stay, &stretches, now)).collect();
        Some(Self { bars, stretches, workers: board.workers, others, now })
    }

    /// Whether anything has not ended.
    pub(super) fn goes_on(&self) -> bool {
        self.bars.iter().any(|bar| bar.ended.is_none())
    }

    /// Which tasks are shown.
    pub(super) fn tasks(&self) -> String {
        let ids = || self.bars.iter().map(|bar| bar.job);
        let none = JobId(0);
        words::tasks(ids().min().unwrap_or(none), ids().max().unwrap_or(none))
    }

    /// From when to when.
    pub(super) fn span(&self) -> String {
        let from = self.stretches.first().map_or(self.now, |stretch| stretch.from);
        let to = self.stretches.last().map_or(self.now, |stretch| stretch.to);
        words::span(time(from), time(to))
    }

    pub(super) fn facts(&self) -> Facts {
        let states: BTreeMap<_, _> = self.bars.iter().map(|bar| (bar.job, bar.state)).collect();
        let count = |wanted: &[&str]| states.values().filter(|state| wanted.contains(state)).count();
        Facts {
            parallel: self.peak(|place| matches!(place, Place::Worker(_))),
            workers: self.workers,
            concurrent: self.peak(|place| matches!(place, Place::Request(_))),
            failed: count(&["failed"]),
            cancelled: count(&["cancelled"]),
            unfinished: count(&["queued", "running", "cancelling"]),
        }
    }

    /// How many ran at the same time in such places, at most.
    fn peak(&self, counts: impl Fn(Place) -> bool) -> usize {
        let mut steps: Vec<(i64, i32)> = Vec::new();
        for bar in &self.bars {
            if let Some((began, place)) = bar.began
                && counts(place)
            {
                steps.extend([(began, 1), (bar.until(self.now).max(began + 1), -1)]);
            }
        }
        // Who ends makes room for who begins in the same moment.
        steps.sort_unstable();
        let mut at_once = 0;
        let peak = steps.iter().map(|(_, step)| {
            at_once += step;
            at_once
        });
        peak.max().map_or(0, |peak| usize::try_from(peak).unwrap_or(0))
    }
}

fn of_job(snapshot: &Snapshot) -> impl Iterator<Item = Bar> {
    let job = &snapshot.job;
    job.spec.members().into_iter().zip(snapshot.times.iter()).map(|(member, times)| {
        let queued = micros(times.queued);
        let began = times.began.map(|(at, place)| (micros(at).max(queued), place));
        let since = began.map_or(queued, |(began, _)| began);
        Bar {
            job: job.id,
            state: job.state.word(),
            label: words::bar(job.id, &member.to_string()),
            resource: member.resource(),
            queued,
            began,
            ended: times.ended.map(|(at, how)| (micros(at).max(since), how)),
        }
    })
}

/// The parts of a stay that are shown.
fn within(stay: Stay, stretches: &[Stretch], now: i64) -> Vec<Other> {
    let (from, to) = (micros(stay.from), stay.to.map_or(now, micros));
    let part = |stretch: &Stretch| {
        let (from, to) = (from.max(stretch.from), to.min(stretch.to));
        (from < to).then_some(Other { worker: stay.worker, from, to })
    };
    stretches.iter().filter_map(part).collect()
}

pub(super) fn time(micros: i64) -> SystemTime {
    // The year 9999 ends there, and with it what can be written as a date.
    const END: i64 = 253_402_300_799_000_000;
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros.clamp(0, END).cast_unsigned())
}
