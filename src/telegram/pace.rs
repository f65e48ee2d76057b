//! How fast messages may leave, and who goes first.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Whose turn it is. The first may use all of a pace; the others leave some of it to those before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    /// Answers to kills.
    Kills,
    /// Dashes, and that the bot is busy.
    Quick,
    /// Answers to who asked for anything else.
    Answers,
    /// What somebody waits for: new cards, the ends of jobs, other answers.
    News,
    /// What is shown again soon if it is not shown now.
    Progress,
}

/// Times that are kept, at most: where the number is larger, one stands for several.
const MAX_TIMES: u32 = 100;

/// A token bucket, kept as the time at which it will be full (the generic cell rate algorithm, ITU-T I.371), and never more than
/// a number of messages in any period: the bucket alone would let through a burst more.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    number: u32,
    period: Duration,
    /// The time one message costs; zero: no limit.
    cost: Duration,
    /// How many may leave at once, at least one.
    burst: u32,
    full_at: Option<Instant>,
    /// When the last ones left that count, oldest first: of each [`group`](Self::group), the last one.
    left: VecDeque<Instant>,
    /// How many have left since the last of these.
    since: u32,
}

impl Pace {
    /// At most `number` messages in any `period`, of which `burst` may leave at once; 0 turns the pace off.
    pub(super) fn new(number: u32, period: Duration, burst: u32) -> Self {
        // What leaves in this order arrives sooner or later: whoever counts on the other side must not see one more.
        let period = period + period / 10;
        let cost = period.checked_div(number).unwrap_or_default();
        let burst = burst.clamp(1, number.max(1));
        Self { number, period, cost, burst, full_at: None, left: VecDeque::new(), since: 0 }
    }

    /// A pace that never waits.
    pub(super) fn unlimited() -> Self {
        Self::new(0, Duration::ZERO, 1)
    }

    /// The time that one message costs in the long run.
    pub(super) fn cost(&self) -> Duration {
        self.cost
    }

    /// When the next message of this share may leave, if not at once.
    pub(super) fn wait_until(&self, now: Instant, share: Share) -> Option<Instant> {
        let full_at = self.full_at?;
        let steady = full_at.checked_sub(self.slack(share));
        // The oldest that has to be out of the period first.
        let room = self.room(share);
        let too_many = (self.counted() + 1).saturating_sub(room);
        let within = (too_many > 0).then(|| self.left.get(too_many.div_ceil(self.group()) as usize - 1));
        let within = within.flatten().map(|left| *left + self.period);
        steady.into_iter().chain(within).max().filter(|earliest| *earliest > now)
    }

    /// How many messages of this share may leave at once.
    pub(super) fn free(&self, now: Instant, share: Share) -> u32 {
        if self.cost.is_zero() {
            return u32::MAX;
        }
        let ahead = self.full_at.map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        let Some(left) = self.slack(share).checked_sub(ahead) else { return 0 };
        let steady =
            u32::try_from(left.as_nanos() / self.cost.as_nanos()).map_or(u32::MAX, |n| n.saturating_add(1));
        let gone = self.left.iter().take_while(|left| **left + self.period <= now).count();
        let counted = self.counted() - u32::try_from(gone).unwrap_or(u32::MAX) * self.group();
        steady.min(self.room(share).saturating_sub(counted))
    }

    /// How many messages may leave in this time, from a full pace on.
    pub(super) fn within(&self, time: Duration) -> usize {
        if self.cost.is_zero() {
            return usize::MAX;
        }
        let steady = usize::try_from(time.as_nanos() / self.cost.as_nanos()).unwrap_or(usize::MAX);
        steady.saturating_add(self.burst as usize)
    }

    /// Whether nothing that left counts any more.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|full| full <= now)
            && self.left.back().is_none_or(|left| *left + self.period <= now)
    }

    /// A message leaves at `now`.
    pub(super) fn spend(&mut self, now: Instant) {
        if self.cost.is_zero() {
            return;
        }
        self.full_at = Some(self.full_at.map_or(now, |full| full.max(now)) + self.cost);
        while self.left.front().is_some_and(|left| *left + self.period <= now) {
            self.left.pop_front();
        }
        self.since += 1;
        if self.since == self.group() {
            self.left.push_back(now);
            self.since = 0;
        }
    }

    /// Nothing may leave before `until`, and then no burst: whoever counts on the other side counted more than this.
    pub(super) fn drain(&mut self, until: Instant) {
        let full = until + self.slack(Share::Kills);
        self.full_at = Some(self.full_at.map_or(full, |known| known.max(full)));
    }

    /// How far ahead of the steady pace a share may run.
    fn slack(&self, share: Share) -> Duration {
        self.cost * (self.burst - 1).saturating_sub(self.kept(share))
    }

    /// How many each kept time stands for.
    fn group(&self) -> u32 {
        self.number.div_ceil(MAX_TIMES).max(1)
    }

    /// How many have left in the last period, or some more.
    fn counted(&self) -> u32 {
        u32::try_from(self.left.len()).unwrap_or(u32::MAX).saturating_mul(self.group()) + self.since
    }

    /// How many of a share may leave in a period, at least one. The last one is a kill's, also where a burst is anybody's.
    fn room(&self, share: Share) -> u32 {
        let last = u32::from(share != Share::Kills && self.number >= 10);
        self.number.saturating_sub(self.kept(share).max(last)).max(1)
    }

    /// How many a share leaves to those before it.
    fn kept(&self, share: Share) -> u32 {
        match share {
            Share::Kills => 0,
            // A chat that asks for everything at once has one place left to stop it.
            Share::Quick | Share::Answers => self.burst / 6,
            Share::News => self.burst.div_ceil(4),
            Share::Progress => self.burst.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Takes the next free place.
    fn reserve(pace: &mut Pace, now: Instant) -> Instant {
        let at = pace.wait_until(now, Share::Kills).unwrap_or(now);
        pace.spend(at);
        at
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_the_steady_pace() {
        let start = Instant::now();
        let mut pace = Pace::new(65, MINUTE, 5);
        let times: Vec<_> = (0..8).map(|_| (reserve(&mut pace, start) - start).as_secs()).collect();
        assert_eq!(times, [0, 0, 0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn who_always_has_something_to_say_says_nearly_the_number() {
        for number in [3, 20, 30, 60, 1000] {
            let start = Instant::now();
            let mut pace = Pace::new(number, MINUTE, number.div_ceil(3));
            let last = (0..10 * number).map(|_| reserve(&mut pace, start)).max().unwrap();
            let minutes = (last - start).as_secs_f64() / 60.0;
            assert!((10.0..12.0).contains(&minutes), "{number}: {minutes}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let start = Instant::now();
        let mut pace = Pace::new(0, MINUTE, 5);
        assert!((0..1000).all(|_| reserve(&mut pace, start) == start));
        assert_eq!(pace.free(start, Share::Progress), u32::MAX);
    }

    #[test]
    fn each_leaves_some_to_those_before_it() {
        let start = Instant::now();
        let mut pace = Pace::new(20, MINUTE, 8);
        let shares = [Share::Kills, Share::Answers, Share::News, Share::Progress];
        let free = |pace: &Pace, now| shares.map(|share| pace.free(now, share));
        assert_eq!(free(&pace, start), [8, 7, 6, 4]);
        for _ in 0..4 {
            pace.spend(start);
        }
        assert_eq!(free(&pace, start), [4, 3, 2, 0]);
        assert!(pace.wait_until(start, Share::News).is_none());
        assert_eq!(pace.wait_until(start, Share::Progress), Some(start + pace.cost()));
        pace.drain(start + MINUTE);
        assert_eq!(pace.wait_until(start, Share::Kills), Some(start + MINUTE));
        assert_eq!(free(&pace, start + MINUTE), [1, 0, 0, 0]);
    }

    #[test]
    fn a_small_pace_lets_everybody_through() {
        let start = Instant::now();
        for number in 1..4 {
            let mut pace = Pace::new(number, MINUTE, 1);
            assert_eq!(pace.free(start, Share::Progress), 1);
            pace.spend(start);
            assert_eq!(pace.wait_until(start, Share::Answers), Some(start + pace.cost()));
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_number_in_any_period(
            number in 1u32..1000,
            burst in 1u32..20,
            gaps in prop::collection::vec(0u64..3000, 1..200),
        ) {
            let start = Instant::now();
            let mut pace = Pace::new(number, MINUTE, burst);
            let mut now = start;
            let mut left = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                left.push(reserve(&mut pace, now));
            }
            for (i, first) in left.iter().enumerate() {
                let within = left[i..].iter().filter(|at| **at < *first + MINUTE).count();
                prop_assert!(within <= number as usize, "{within} of {number}");
            }
        }
    }
}
