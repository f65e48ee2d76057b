//! The time axis. What is between two bursts of work is left out, so that a burst of yesterday can be seen beside one of
//! today; all bursts have the same scale.

use super::scene::time;
use crate::telegram::sentences::{duration, timeline as words};

/// Bursts of a picture; the oldest are left out.
const MAX_STRETCHES: usize = 10;
/// A pause that is shorter is drawn as it is, in microseconds.
const SHORT_PAUSE: i64 = 1_000_000;
/// A pause is left out if it is longer than this share of all work.
const PAUSE_SHARE: i64 = 4;
/// Pixels between two bursts.
pub(super) const BREAK: f64 = 26.0;
/// Pixels at each end of a burst, so that nothing touches its edge and none is too narrow to be seen.
const MARGIN: f64 = 12.0;
/// Pixels after all bursts together, for the name of what ends each; none is needed after the only one.
const TAILS: f64 = 240.0;
const MAX_TAIL: f64 = 60.0;

/// A time in which something was under way, without long pauses. In microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The last bursts of work, in order; empty where there is no work.
pub(super) fn stretches(mut busy: Vec<(i64, i64)>) -> Vec<Stretch> {
    busy.sort_unstable();
    let work: i64 = merged(&busy, 0).iter().map(|stretch| stretch.to - stretch.from).sum();
    let mut stretches = merged(&busy, SHORT_PAUSE.max(work / PAUSE_SHARE));
    stretches.drain(..stretches.len().saturating_sub(MAX_STRETCHES));
    stretches
}

/// Sorted intervals as few, where pauses of up to `pause` count as work.
fn merged(busy: &[(i64, i64)], pause: i64) -> Vec<Stretch> {
    let mut merged: Vec<Stretch> = Vec::new();
    for &(from, to) in busy {
        match merged.last_mut() {
            Some(last) if from.saturating_sub(last.to) <= pause => last.to = last.to.max(to),
            _ => merged.push(Stretch { from, to: to.max(from) }),
        }
    }
    merged
}

/// Where each time is.
pub(super) struct Axis {
    pub(super) parts: Vec<Part>,
    /// Pixels a microsecond.
    scale: f64,
}

/// A stretch with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) time: Stretch,
    /// Its edges, with margins.
    pub(super) left: f32,
    pub(super) right: f32,
}

/// A mark on the axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) x: f32,
    pub(super) label: String,
    /// It begins a stretch, and tells the time of day.
    pub(super) is_start: bool,
}

impl Axis {
    /// The stretches beside each other between two edges; `tail` pixels are left free after the last.
    pub(super) fn new(stretches: &[Stretch], left: f32, right: f32, tail: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let count = stretches.len() as f64;
        let breaks = BREAK * (count - 1.0).max(0.0);
        let margins = 2.0 * MARGIN + if count > 1.0 { MAX_TAIL.min(TAILS / count) } else { 0.0 };
        let room = f64::from(right - left) - tail - breaks - margins * count;
        let work: f64 = stretches.iter().map(|stretch| pixels(stretch.to - stretch.from, 1.0)).sum();
        let scale = room.max(1.0) / work.max(1.0);
        let mut at = f64::from(left);
        let part = |time: &Stretch| {
            let left = at;
            let right = left + margins + pixels(time.to - time.from, scale);
            at = right + BREAK;
            Part { time: *time, left: narrow(left), right: narrow(right) }
        };
        let mut parts: Vec<_> = stretches.iter().map(part).collect();
        if let Some(last) = parts.last_mut() {
            last.right += narrow(tail);
        }
        Self { parts, scale }
    }

    /// Where a time is; one that is left out is at the edge that is next to it.
    pub(super) fn x(&self, at: i64) -> f32 {
        let after = self.parts.iter().rev().find(|part| part.time.from <= at).or(self.parts.first());
        let Some(part) = after else { return 0.0 };
        let at = at.clamp(part.time.from, part.time.to);
        narrow(f64::from(part.left) + MARGIN + pixels(at - part.time.from, self.scale))
    }

    /// Marks at least `room` pixels apart: the beginning of each stretch, and round distances from it.
    pub(super) fn ticks(&self, room: f64) -> Vec<Tick> {
        let step = step(room / self.scale);
        let mut ticks = Vec::new();
        for Part { time: stretch, .. } in &self.parts {
            let start = words::clock(time(stretch.from));
            ticks.push(Tick { x: self.x(stretch.from), label: start, is_start: true });
            let mut after = step;
            while after <= stretch.to - stretch.from {
                let label = format!("+{}", distance(after));
                ticks.push(Tick { x: self.x(stretch.from + after), label, is_start: false });
                after += step;
            }
        }
        ticks
    }
}

/// The smallest round number of microseconds that is no less.
fn step(least: f64) -> i64 {
    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let enough = |step: &i64| pixels(*step, 1.0) >= least;
    let decimal = (0..7).map(|exponent| 10_i64.pow(exponent)).flat_map(|one| [one, 2 * one, 5 * one]);
    let seconds = [10, 15, 30].map(|count| count * SECOND);
    let minutes = [1, 2, 5, 10, 15, 30].map(|count| count * MINUTE);
    let hours = [1, 2, 3, 6, 12].map(|count| count * HOUR);
    let mut rounds = decimal.chain(seconds).chain(minutes).chain(hours);
    rounds.find(enough).unwrap_or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "days")]
        let days = (least / pixels(DAY, 1.0)).ceil() as i64;
        days.max(1) * DAY
    })
}

/// `500 µs`, `20 ms`, `1.5 s`, `90 s`, `2 min`.
fn distance(micros: i64) -> String {
    let micros = micros.unsigned_abs();
    if (60_000_000..120_000_000).contains(&micros) && !micros.is_multiple_of(60_000_000) {
        return format!("{} s", micros / 1_000_000);
    }
    if (1_000..10_000).contains(&micros) && !micros.is_multiple_of(1_000) {
        return format!("{}.{} ms", micros / 1_000, micros / 100 % 10);
    }
    let words = duration(std::time::Duration::from_micros(micros));
    words.replace(".0 s", " s").replace(" h 0 min", " h")
}

#[expect(clippy::cast_precision_loss, reason = "pixels need no more")]
fn pixels(micros: i64, scale: f64) -> f64 {
    micros as f64 * scale
}

#[expect(clippy::cast_possible_truncation, reason = "pixels need no more")]
fn narrow(pixels: f64) -> f32 {
    pixels as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bursts with anything from microseconds to weeks in them and between them.
    fn any_busy() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let time = || (0..45_u32).prop_flat_map(|bits| 0..1_i64 << bits);
        prop::collection::vec((time(), time()), 1..60).prop_map(|all| {
            let mut at = 1_700_000_000_000_000;
            let interval = |(pause, work): (i64, i64)| {
                at += pause;
                (at, at + work)
            };
            all.into_iter().map(interval).collect()
        })
    }

    proptest! {
        #[test]
        fn later_is_to_the_right_and_nothing_is_outside(busy in any_busy()) {
            let stretches = stretches(busy.clone());
            prop_assert!((1..=MAX_STRETCHES).contains(&stretches.len()));
            prop_assert!(stretches.windows(2).all(|two| two[0].to < two[1].from));
            let axis = Axis::new(&stretches, 100.0, 1_200.0, 0.0);
            let first = stretches[0].from;
            let mut times: Vec<_> =
                busy.iter().flat_map(|(from, to)| [*from, *to]).filter(|at| *at >= first).collect();
            times.sort_unstable();
            for two in times.windows(2) {
                prop_assert!(axis.x(two[0]) <= axis.x(two[1]) + 0.01);
            }
            for at in times {
                let x = axis.x(at);
                prop_assert!((100.0..=1_200.1).contains(&x), "{x}");
            }
        }

        #[test]
        fn marks_are_apart_in_order_and_round(busy in any_busy(), room in 60.0..200.0_f64) {
            let axis = Axis::new(&stretches(busy), 100.0, 1_200.0, 0.0);
            let ticks = axis.ticks(room);
            prop_assert!(ticks.len() <= 12 + 1_100 / 60, "{}", ticks.len());
            prop_assert_eq!(ticks.iter().filter(|tick| tick.is_start).count(), axis.parts.len());
            for two in ticks.windows(2) {
                let apart = f64::from(two[1].x - two[0].x);
                let least = if two[1].is_start { 0.0 } else { room };
                prop_assert!(apart >= least - 0.1, "{two:?}");
            }
        }
    }

    #[test]
    fn long_pauses_are_left_out_and_short_ones_are_not() {
        let second = 1_000_000;
        let bursts = stretches(vec![(0, 2 * second), (3 * second, 4 * second), (100 * second, 101 * second)]);
        assert_eq!(
            bursts,
            [Stretch { from: 0, to: 4 * second }, Stretch { from: 100 * second, to: 101 * second }]
        );
        let axis = Axis::new(&bursts, 0.0, 1_000.0, 0.0);
        // The same scale in both.
        let wide = axis.x(4 * second) - axis.x(0);
        let short = axis.x(101 * second) - axis.x(100 * second);
        assert!((wide / short - 4.0).abs() < 0.01, "{wide} {short}");
    }

    #[test]
    fn distances_are_round_and_short() {
        let labels = [500, 20_000, 500_000, 1_000_000, 30_000_000, 90_000_000, 120_000_000, 7_200_000_000];
        assert_eq!(
            labels.map(distance),
            ["500 µs", "20 ms", "500 ms", "1 s", "30 s", "90 s", "2 min", "2 h"]
        );
        assert_eq!(
            [0.5, 3.0, 1.1e6, 6e6, 11e6, 31e6, 3.7e9, 9e10].map(step),
            [1, 5, 2_000_000, 10_000_000, 15_000_000, 60_000_000, 7_200_000_000, 172_800_000_000]
        );
    }
}
