//! More than the bot can do: who is told to try later, and when that is.
//!
//! Two things pile up when people send more than the bot can do: unfinished jobs, and what is still to be said. Both have a
//! bound over all chats, and both let in who has nothing on their board when others wait. A refusal keeps nothing.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::Limits;

/// Up to so many quarters of a bound whoever has more unfinished jobs than the mean is let in,
const NEAR: u32 = 3;
/// up to so many whoever has no more than the mean,
const FULL: u32 = 4;
/// and up to so many whoever has none.
const HARD: u32 = 5;

/// Ends of jobs that are remembered, to tell how fast jobs end.
const MAX_ENDS: usize = 1024;
/// Those before that tell nothing any more.
const LATELY: Duration = Duration::from_mins(1);
/// What is told where nothing has ended lately.
const UNKNOWN: Duration = Duration::from_mins(1);
/// The longest time that is told.
const LONGEST: Duration = Duration::from_mins(10);
/// How long it is taken as true that updates wait: who takes them says it more often as long as it is.
const MOMENT: Duration = Duration::from_secs(1);
/// What is told where too much waits for the disk: that is some seconds of its work.
pub(super) const STORE: u64 = 5;

/// How much there is of everything, over all chats. Numbers only, and each is right by itself: a refusal need not be exact.
#[derive(Debug)]
pub struct Overload {
    max_live: usize,
    max_unsaid: Duration,
    live: AtomicUsize,
    /// Chats with an unfinished job.
    chats: AtomicUsize,
    /// How long it will take to say what waits to be said, in ns.
    unsaid: AtomicI64,
    // Std locks: held for a look.
    /// Until when more has come in than was taken, as far as is known.
    behind: Mutex<Option<Instant>>,
    ends: Mutex<Ends>,
    refused: AtomicU64,
}

impl Overload {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_live: limits.max_live_jobs_all,
            max_unsaid: limits.max_unsaid,
            live: AtomicUsize::new(0),
            chats: AtomicUsize::new(0),
            unsaid: AtomicI64::new(0),
            behind: Mutex::default(),
            ends: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// A chat had `before` unfinished jobs and has `after`. To be called under its table's lock.
    pub(super) fn moved(&self, before: usize, after: usize) {
        if after > before {
            self.live.fetch_add(after - before, Relaxed);
        } else if before > after {
            self.live.fetch_sub(before - after, Relaxed);
        }
        match (before, after) {
            (0, 1..) => drop(self.chats.fetch_add(1, Relaxed)),
            (1.., 0) => drop(self.chats.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }

    /// A job has ended. One that could not be stored has not: that it went tells nothing of how fast others will.
    pub(super) fn ended(&self) {
        self.ends().note(Instant::now());
    }

    /// What waits to be said will take so many ns more, or less, than was thought.
    pub fn unsaid_by(&self, nanos: i64) {
        self.unsaid.fetch_add(nanos, Relaxed);
    }

    /// Whether more has come in than was just taken: taking it goes first for a moment. Among it are kills, and what is refused
    /// costs little.
    pub fn falls_behind(&self, behind: bool) {
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = behind.then(|| Instant::now() + MOMENT);
    }

    /// As it was said last, a moment ago.
    pub fn is_behind(&self) -> bool {
        let until = *self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether a chat with `own` unfinished jobs may have one more; otherwise the seconds after which it may try again.
    pub(super) fn admits(&self, own: usize) -> Result<(), u64> {
        let (live, chats) = (self.live(), self.chats.load(Relaxed));
        let quarters = match own {
            0 => HARD,
            _ if own.saturating_mul(chats) <= live => FULL,
            _ => NEAR,
        };
        let room = self.max_live.saturating_mul(quarters as usize) / 4;
        if live >= room {
            return Err(self.refuse(self.ends().time_for(live - room + 1, Instant::now())));
        }
        self.admits_unsaid(quarters)
    }

    /// Whether words that answer no task may be queued; as `admits`.
    ///
    /// # Errors
    /// The seconds after which it is worth another try.
    pub fn admits_words(&self) -> Result<(), u64> {
        self.admits_unsaid(HARD)
    }

    fn admits_unsaid(&self, quarters: u32) -> Result<(), u64> {
        let unsaid = self.unsaid();
        if unsaid > self.max_unsaid.saturating_mul(quarters) / 4 { Err(self.refuse(unsaid)) } else { Ok(()) }
    }

    fn refuse(&self, time: Duration) -> u64 {
        self.refused.fetch_add(1, Relaxed);
        seconds(time)
    }

    /// Unfinished jobs of all chats.
    pub fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// How long it will take to say what waits to be said.
    pub fn unsaid(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.unsaid.load(Relaxed)).unwrap_or_default())
    }

    /// How often somebody was to be told "busy".
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn ends(&self) -> std::sync::MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole seconds, as people are told: 1 at least.
fn seconds(time: Duration) -> u64 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    whole.clamp(1, LONGEST.as_secs())
}

/// When the last jobs ended.
#[derive(Debug, Default)]
struct Ends(VecDeque<Instant>);

impl Ends {
    fn note(&mut self, now: Instant) {
        if self.0.len() == MAX_ENDS {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// How long `places` jobs will take to end, if jobs go on to end as they did.
    fn time_for(&mut self, places: usize, now: Instant) -> Duration {
        while self.0.front().is_some_and(|end| now.duration_since(*end) > LATELY) {
            self.0.pop_front();
        }
        let Some(first) = self.0.front() else { return UNKNOWN };
        // Over a second at least: of jobs that ended just now nobody knows how long they took.
        let span = now.duration_since(*first).max(Duration::from_secs(1));
        let ends = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        (span / ends).saturating_mul(u32::try_from(places).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overload(max_live: usize) -> Overload {
        Overload {
            max_live,
            max_unsaid: Duration::from_secs(20),
            live: AtomicUsize::new(0),
            chats: AtomicUsize::new(0),
            unsaid: AtomicI64::new(0),
            behind: Mutex::default(),
            ends: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    #[test]
    fn the_time_is_that_of_the_last_ends() {
        let start = Instant::now();
        let mut ends = Ends::default();
        assert_eq!(ends.time_for(5, start), UNKNOWN, "nothing has ended");
        for second in 1..=10 {
            ends.note(start + Duration::from_secs(second));
            ends.note(start + Duration::from_secs(second));
        }
        // Twenty in the nine seconds since the first.
        let now = start + Duration::from_secs(10);
        assert_eq!(seconds(ends.time_for(1, now)), 1);
        assert_eq!(seconds(ends.time_for(40, now)), 18);
        // Nothing more ends: the time grows, and then nobody knows.
        assert_eq!(seconds(ends.time_for(40, start + Duration::from_secs(41))), 80);
        assert_eq!(ends.time_for(40, start + Duration::from_mins(3)), UNKNOWN);
        assert_eq!(seconds(Duration::from_hours(3)), 600);
    }

    #[test]
    fn many_ends_are_remembered_as_many() {
        let start = Instant::now();
        let mut ends = Ends::default();
        for _ in 0..5 * MAX_ENDS {
            ends.note(start);
        }
        assert_eq!(ends.0.len(), MAX_ENDS);
        assert_eq!(seconds(ends.time_for(10, start)), 1);
    }

    #[test]
    fn near_the_bound_who_has_most_waits_first_and_who_has_none_last() {
        let overload = overload(8);
        // One chat has five, another one.
        overload.moved(0, 5);
        assert_eq!(overload.admits(5), Ok(()), "alone, nobody has more than the mean");
        overload.moved(0, 1);
        assert!(overload.admits(5).is_err(), "six of eight, and more than the mean");
        assert_eq!(overload.admits(1), Ok(()));
        assert_eq!(overload.admits(0), Ok(()));
        overload.moved(1, 3);
        assert!(overload.admits(3).is_err(), "eight of eight");
        assert_eq!(overload.admits(0), Ok(()), "one job each, for a while");
        overload.moved(0, 1);
        overload.moved(0, 1);
        assert!(overload.admits(0).is_err(), "ten: nobody any more");
        assert_eq!(overload.refused(), 3);
        for _ in 0..2 {
            overload.moved(1, 0);
        }
        overload.moved(5, 0);
        assert_eq!((overload.live(), overload.chats.load(Relaxed)), (3, 1));
        assert_eq!(overload.admits(3), Ok(()), "there is room again");
    }

    #[test]
    fn what_is_still_to_be_said_is_room_too() {
        let overload = overload(100);
        let second = 1_000_000_000;
        overload.unsaid_by(22 * second);
        assert_eq!(overload.admits(0), Ok(()));
        assert_eq!(overload.admits(1), Err(22));
        assert_eq!(overload.admits_words(), Ok(()));
        overload.unsaid_by(4 * second);
        assert_eq!((overload.admits(0), overload.admits_words()), (Err(26), Err(26)));
        overload.unsaid_by(-16 * second);
        assert_eq!(overload.admits(1), Ok(()));
    }
}
