//! How far a job is, for people: a bar, a percentage and the time left.

use std::time::Duration;

use super::sentences::{duration, time_left, time_left_short};

/// Cells of a bar: with what stands beside it, as wide as a line of a card on a small phone.
const CELLS: usize = 10;
/// Cells of a bar on the board.
const FEW_CELLS: usize = 5;
/// From which share on, and how long after the start, the time left is more than a guess.
const MIN_SHARE: f64 = 0.03;
const MIN_RAN: Duration = Duration::from_secs(1);
/// No job takes longer: what a few per cent of a slow job would promise beyond it means nothing.
const MAX_LEFT: f64 = 100.0 * 86_400.0;

/// How far a running job is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Progress {
    /// 0 to 99: what is done has another state.
    percent: u8,
    left: Option<Duration>,
}

impl Progress {
    /// Of a job that has done this `share` of its work (0 to 1) in the time that it `ran`.
    pub(super) fn new(share: f64, ran: Duration) -> Self {
        let share = share.clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 99")]
        // 0.29 · 100 is a little less than 29.
        let percent = (share * 100.0 + 1e-9).floor().min(99.0) as u8;
        let known = share >= MIN_SHARE && ran >= MIN_RAN;
        let left = known.then(|| (ran.as_secs_f64() * (1.0 - share) / share).min(MAX_LEFT));
        Self { percent, left: left.map(Duration::from_secs_f64) }
    }

    /// `▰▰▰▰▱▱▱▱▱▱ 42 % · about 5 s left`.
    pub(super) fn line(self) -> String {
        let bar = self.bar(CELLS);
        match self.left {
            Some(left) => format!("{bar} {} % · {}", self.percent, time_left(left)),
            None => format!("{bar} {} %", self.percent),
        }
    }

    /// `▰▰▱▱▱ 42 %, ~5 s left`, or how long it `ran` where nothing can be said of the rest.
    pub(super) fn short(self, ran: Duration) -> String {
        let bar = self.bar(FEW_CELLS);
        match self.left {
            Some(left) => format!("{bar} {} %, {}", self.percent, time_left_short(left)),
            None if ran.as_secs() > 0 => format!("{bar} {} %, {}", self.percent, duration(ran)),
            None => format!("{bar} {} %", self.percent),
        }
    }

    fn bar(self, cells: usize) -> String {
        let full = usize::from(self.percent) * cells / 100;
        "▰".repeat(full) + &"▱".repeat(cells - full)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(share: f64, seconds: f64) -> String {
        Progress::new(share, Duration::from_secs_f64(seconds)).line()
    }

    #[test]
    fn a_bar_a_percentage_and_the_time_left() {
        assert_eq!(line(0.42, 3.6), "▰▰▰▰▱▱▱▱▱▱ 42 % · about 5 s left");
        assert_eq!(line(0.1, 60.0), "▰▱▱▱▱▱▱▱▱▱ 10 % · about 9 min left");
        assert_eq!(line(0.29, 0.5), "▰▰▱▱▱▱▱▱▱▱ 29 %", "too early to tell");
        assert_eq!(line(0.02, 60.0), "▱▱▱▱▱▱▱▱▱▱ 2 %", "too little to tell");
        assert_eq!(line(0.0, 60.0), "▱▱▱▱▱▱▱▱▱▱ 0 %");
    }

    #[test]
    fn a_running_job_is_never_done() {
        for share in [0.999_999, 1.0, 1.5] {
            assert_eq!(line(share, 5.0), "▰▰▰▰▰▰▰▰▰▱ 99 % · about 1 s left");
        }
    }

    #[test]
    fn the_narrow_form() {
        let short = |share, seconds| {
            Progress::new(share, Duration::from_secs(seconds)).short(Duration::from_secs(seconds))
        };
        assert_eq!(short(0.5, 12), "▰▰▱▱▱ 50 %, ~10 s left");
        assert_eq!(short(0.01, 12), "▱▱▱▱▱ 1 %, 12 s");
        assert_eq!(short(0.01, 0), "▱▱▱▱▱ 1 %");
    }

    proptest! {
        #[test]
        fn the_narrow_form_fits_the_board(share in any::<f64>(), seconds in 0..100_000_u64) {
            let ran = Duration::from_secs(seconds);
            // 31 columns, less a number of four digits and a blank.
            prop_assert!(Progress::new(share, ran).short(ran).chars().count() <= 26);
        }
    }
}
