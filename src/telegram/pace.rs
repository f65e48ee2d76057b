//! How fast messages may leave.

use std::time::{Duration, Instant};

/// A token bucket, kept as the time at which it will be full (the generic cell rate algorithm, ITU-T I.371).
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// The time one message costs; zero: no limit.
    cost: Duration,
    /// How far ahead of the steady pace a burst may run.
    slack: Duration,
    full_at: Option<Instant>,
}

impl Pace {
    /// `number` messages in `period`, of which `burst` may leave at once; 0 turns the pace off.
    pub(super) fn new(number: u32, period: Duration, burst: u32) -> Self {
        let cost = period.checked_div(number).unwrap_or_default();
        Self { cost, slack: cost * burst.saturating_sub(1), full_at: None }
    }

    /// A pace that never waits.
    pub(super) fn unlimited() -> Self {
        Self { cost: Duration::ZERO, slack: Duration::ZERO, full_at: None }
    }

    /// When half of the burst is free again; `now` or before it, if it is.
    pub(super) fn relaxed_at(&self, now: Instant) -> Instant {
        self.full_at.and_then(|full| full.checked_sub(self.slack / 2)).unwrap_or(now)
    }

    /// When the next message may leave, if not at once.
    pub(super) fn wait_until(&self, now: Instant) -> Option<Instant> {
        let earliest = self.full_at?.checked_sub(self.slack)?;
        (earliest > now).then_some(earliest)
    }

    /// A message leaves at `now`.
    pub(super) fn spend(&mut self, now: Instant) {
        self.full_at = Some(self.full_at.map_or(now, |full| full.max(now)) + self.cost);
    }

    /// Takes the next free place: the time at which the message may leave.
    pub(super) fn reserve(&mut self, now: Instant) -> Instant {
        let at = self.wait_until(now).unwrap_or(now);
        self.spend(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_the_steady_pace() {
        let start = Instant::now();
        let mut pace = Pace::new(60, MINUTE, 5);
        let times: Vec<_> = (0..8).map(|_| (pace.reserve(start) - start).as_secs()).collect();
        assert_eq!(times, [0, 0, 0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn zero_is_no_limit() {
        let start = Instant::now();
        let mut pace = Pace::new(0, MINUTE, 5);
        assert!((0..1000).all(|_| pace.reserve(start) == start));
    }

    proptest! {
        #[test]
        fn never_more_than_a_burst_over_the_steady_pace(gaps in prop::collection::vec(0u64..3000, 1..100)) {
            let start = Instant::now();
            let mut pace = Pace::new(60, MINUTE, 5);
            let mut now = start;
            let mut left = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                left.push(pace.reserve(now));
            }
            for (i, first) in left.iter().enumerate() {
                let within = left[i..].iter().filter(|at| **at < *first + MINUTE).count();
                prop_assert!(within <= 60 + 5);
            }
        }
    }
}
