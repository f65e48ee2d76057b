//! Fibonacci numbers for libraries that have no function for them, in the way that GMP goes: two squares a step, and
//! one product at the end.

use std::ops::{Add, Shl, Sub};

use dashu_int::UBig;
use num_bigint::BigUint;

/// F(93) is the greatest that a u64 holds.
const MAX_U64: u64 = 93;

/// What fast doubling needs of a library's numbers.
pub(crate) trait Number:
    From<u64>
    + Clone
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + Shl<usize, Output = Self>
{
    /// `self²`, by the library's own way to square where it has one.
    fn square(&self) -> Self;
    /// `self · other`.
    fn times(&self, other: &Self) -> Self;
}

impl Number for UBig {
    fn square(&self) -> Self {
        self.sqr()
    }

    fn times(&self, other: &Self) -> Self {
        self * other
    }
}

impl Number for BigUint {
    fn square(&self) -> Self {
        self * self
    }

    fn times(&self, other: &Self) -> Self {
        self * other
    }
}

/// F(index), where F(0) = 0.
pub(crate) fn fibonacci<N: Number>(index: u64) -> N {
    if index <= MAX_U64 {
        return N::from(small(index).0);
    }
    let k = index / 2;
    let (f, before) = pair::<N>(k);
    let double = f.clone() << 1;
    if index.is_multiple_of(2) {
        // F(2k) = F(k)·(F(k) + 2·F(k−1))
        f.times(&((before << 1) + &f))
    } else {
        // F(2k+1) = (2·F(k) + F(k−1))·(2·F(k) − F(k−1)) + 2·(−1)^k
        with_sign((double.clone() + &before).times(&(double - &before)), k)
    }
}

/// (F(k), F(k−1)).
fn pair<N: Number>(k: u64) -> (N, N) {
    let steps = (u64::BITS - k.leading_zeros()).saturating_sub(6);
    let mut at = k >> steps;
    let (f, before) = small(at);
    let (mut f, mut before) = (N::from(f), N::from(before));
    for step in (0..steps).rev() {
        // F(2k+1) = 4·F(k)² − F(k−1)² + 2·(−1)^k, F(2k−1) = F(k)² + F(k−1)², and F(2k) is their difference.
        let (f_squared, before_squared) = (f.square(), before.square());
        let below = before_squared.clone() + &f_squared;
        let above = with_sign((f_squared << 2) - &before_squared, at);
        let middle = above.clone() - &below;
        let odd = k >> step & 1;
        at = 2 * at + odd;
        (f, before) = if odd == 1 { (above, middle) } else { (middle, below) };
    }
    debug_assert_eq!(at, k);
    (f, before)
}

/// `value + 2·(−1)^k`.
fn with_sign<N: Number>(value: N, k: u64) -> N {
    let two = N::from(2_u64);
    if k.is_multiple_of(2) { value + &two } else { value - &two }
}

/// (F(index), F(index − 1)) for an index up to [`MAX_U64`].
fn small(index: u64) -> (u64, u64) {
    // The number before F(0) is 1; beside F(93) stands nothing greater than itself.
    (0..index).fold((0, 1), |(f, before), _| (f + before, f))
}
