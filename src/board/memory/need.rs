//! What a job needs, and what would fit.

use crate::job::NeverFits;

/// Bytes that a job of these numbers takes at its peak, where `memory` tells that of one number with its digits (0 for one
/// that is computed at once) and up to `workers` are computed side by side. The digits of each are held until the job
/// ends; what else a computation takes is free again when the next one begins.
pub(super) fn need(numbers: &[u64], workers: usize, memory: impl Fn(u64) -> u64) -> u64 {
    let (mut kept, mut beside, mut members) = (0_u64, 0, 0_usize);
    for &n in numbers {
        let peak = memory(n);
        let digits = digits(n).min(peak);
        kept = kept.saturating_add(digits);
        beside = beside.max(peak - digits);
        members += usize::from(peak > 0);
    }
    let side_by_side = u64::try_from(members.min(workers)).unwrap_or(u64::MAX);
    kept.saturating_add(beside.saturating_mul(side_by_side))
}

/// What to tell about a job that needs more than the `budget`; `None` where it fits.
pub(super) fn never_fits(
    numbers: &[u64],
    workers: usize,
    budget: u64,
    memory: impl Fn(u64) -> u64,
) -> Option<NeverFits> {
    let need_of = |numbers: &[u64]| need(numbers, workers, &memory);
    let need = need_of(numbers);
    if need <= budget {
        return None;
    }
    let (members, n) = (numbers.len(), numbers.iter().copied().max().unwrap_or_default());
    let fits = |n| need_of(&vec![n; members]) <= budget;
    // `n` would not fit in place of them all: it is the largest of some that do not.
    Some(NeverFits { n, members, need, budget, largest: largest(n, fits) })
}

/// The largest number below `limit` that fits, in three digits and zeros; 0 where none fits.
fn largest(limit: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, limit);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    let mut largest = rounded_down(low);
    // What is needed may have steps in which it falls: what is said must hold.
    while largest > 0 && !fits(largest) {
        largest = rounded_down(largest - 1);
    }
    largest
}

fn rounded_down(n: u64) -> u64 {
    let unit = 10_u64.pow(n.checked_ilog10().unwrap_or_default().saturating_sub(2));
    n / unit * unit
}

/// Bytes of the n-th number's digits, a few too many.
fn digits(n: u64) -> u64 {
    // A number grows by log10((1 + √5) / 2) = 0.20898764… digits each time.
    n / 100_000 * 20_899 + n % 100_000 * 20_899 / 100_000 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As if it took five times its digits.
    fn memory(n: u64) -> u64 {
        if n <= 2_000 { 0 } else { n }
    }

    #[test]
    fn the_digits_of_all_stay_and_the_rest_is_taken_by_each_worker() {
        let million = 1_000_000;
        assert_eq!(need(&[million], 2, memory), million);
        let (digits, rest) = (digits(million), million - digits(million));
        assert_eq!(need(&[million; 2], 2, memory), 2 * million);
        assert_eq!(need(&[million; 100], 2, memory), 100 * digits + 2 * rest);
        assert_eq!(need(&[million, 5, 2_000], 2, memory), million, "small ones take no worker");
        assert_eq!(need(&[5, 2_000], 2, memory), 0);
        assert_eq!(need(&[], 2, memory), 0);
        assert_eq!(need(&[million; 100], 2, |_| 0), 0);
    }

    #[test]
    fn what_would_fit_is_said_in_round_numbers() {
        let tell =
            |numbers: &[u64], budget| never_fits(numbers, 2, budget, memory).map(|never| never.largest);
        assert_eq!(tell(&[256_789_012], 256_789_012), None);
        assert_eq!(tell(&[256_789_013], 256_789_012), Some(256_000_000));
        assert_eq!(tell(&[1_000_000_000], 5_000), Some(5_000));
        assert_eq!(tell(&[1_000_000_000], 1), Some(2_000), "what is computed at once always fits");
        assert_eq!(tell(&[1_000_000; 2], 1_000_000), Some(500_000));
        assert_eq!(tell(&[1_000_000, 5], 999_999), Some(499_000));
    }

    proptest! {
        #[test]
        fn what_is_said_to_fit_fits_also_where_the_need_has_steps(
            numbers in prop::collection::vec(1..2_000_000_000_u64, 1..10),
            budget in 1..4_000_000_000_u64,
            step in 1..30_u32,
            workers in 1..5_usize,
        ) {
            // The larger half of each step takes less.
            let memory = |n: u64| if n >> step & 1 == 1 { n } else { n + n / 3 };
            if let Some(never) = never_fits(&numbers, workers, budget, memory) {
                prop_assert!(never.need > budget && never.largest < 2_000_000_000);
                prop_assert!(need(&vec![never.largest; numbers.len()], workers, memory) <= budget || never.largest == 0);
            }
        }
    }
}
