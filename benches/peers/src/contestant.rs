//! Who is compared, and how each makes the digits.

use std::{fmt, hint::black_box, time::Instant};

use dashu_int::UBig;
use jobboard::work::{Control, fib::fib};
use malachite_base::num::arithmetic::traits::Fibonacci;
use malachite_nz::natural::Natural;
use num_bigint::BigUint;
use rug::Integer;

use crate::doubling;

/// An implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Library {
    /// The engine of this repository.
    Jobboard,
    /// GMP through rug: its own `mpz_fib_ui` and `mpz_get_str`.
    Gmp,
    /// FLINT's `fmpz_fib_ui` and `fmpz_get_str`, in a program of its own: see [`crate::flint`].
    Flint,
    /// Malachite's own Fibonacci function.
    Malachite,
    /// dashu has none: fast doubling.
    Dashu,
    /// num-bigint has none: fast doubling.
    NumBigint,
}

impl Library {
    /// All of them, in the order of the tables.
    pub(crate) const ALL: [Self; 6] =
        [Self::Jobboard, Self::Gmp, Self::Flint, Self::Malachite, Self::Dashu, Self::NumBigint];

    /// The `n`-th number, counted from the 1st = 0; `None` for FLINT, which is not in this process.
    pub(crate) fn digits(self, n: u64) -> Option<String> {
        match self {
            Self::Jobboard => fib(n, &Control::default()).ok()?.here().map(str::to_owned),
            Self::Gmp => Some(gmp(n)),
            Self::Flint => None,
            Self::Malachite => Some(malachite(n)),
            Self::Dashu => Some(dashu(n)),
            Self::NumBigint => Some(num_bigint(n)),
        }
    }

    /// Seconds that a call takes, on average over `times` calls; `None` for FLINT.
    pub(crate) fn seconds(self, n: u64, times: u32) -> Option<f64> {
        match self {
            Self::Jobboard => Some(seconds(times, || fib(black_box(n), &Control::default()))),
            Self::Gmp => Some(seconds(times, || gmp(black_box(n)))),
            Self::Flint => None,
            Self::Malachite => Some(seconds(times, || malachite(black_box(n)))),
            Self::Dashu => Some(seconds(times, || dashu(black_box(n)))),
            Self::NumBigint => Some(seconds(times, || num_bigint(black_box(n)))),
        }
    }
}

impl Library {
    /// How this program calls it on its command line.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::Jobboard => "jobboard",
            Self::Gmp => "gmp",
            Self::Flint => "flint",
            Self::Malachite => "malachite",
            Self::Dashu => "dashu",
            Self::NumBigint => "num-bigint",
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jobboard => "Jobboard",
            Self::Gmp => "GMP",
            Self::Flint => "FLINT",
            Self::Malachite => "malachite",
            Self::Dashu => "dashu",
            Self::NumBigint => "num-bigint",
        })
    }
}

/// A library with its threads: only ours knows how to use more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contestant {
    pub(crate) library: Library,
    pub(crate) threads: u16,
}

fn seconds<T>(times: u32, mut call: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(call());
    }
    start.elapsed().as_secs_f64() / f64::from(times)
}

/// What the libraries count from F(0) = 0 is the 1st number here.
fn index(n: u64) -> u64 {
    n.saturating_sub(1)
}

fn gmp(n: u64) -> String {
    // GMP itself takes an unsigned long; beyond 4·10^9 this asks for another number, and the comparison says so.
    let index = u32::try_from(index(n)).unwrap_or(u32::MAX);
    Integer::from(Integer::fibonacci(index)).to_string_radix(10)
}

fn malachite(n: u64) -> String {
    Natural::fibonacci(index(n)).to_string()
}

fn dashu(n: u64) -> String {
    doubling::fibonacci::<UBig>(index(n)).to_string()
}

fn num_bigint(n: u64) -> String {
    doubling::fibonacci::<BigUint>(index(n)).to_str_radix(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_counts_from_the_first_and_agrees() {
        for n in [1, 2, 3, 100, 187, 188, 189, 1_000, 4_321] {
            let expected = gmp(n);
            for library in Library::ALL {
                assert_eq!(library.digits(n).unwrap_or_else(|| expected.clone()), expected, "{library} {n}");
            }
        }
        assert_eq!((gmp(1), gmp(2), gmp(100)), ("0".into(), "1".into(), "218922995834555169026".into()));
    }
}
