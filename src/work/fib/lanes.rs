//! Several residues at a time: eight by AVX-512, four by AVX2 and FMA where the processor has only these, four by plain
//! arithmetic elsewhere.
//!
//! A residue is a whole number in an `f64`, centred: about −p/2 to p/2, for a prime p below 2^48.7. How far it may stray is
//! said where it is used; here is what each operation can take. The product of two residues needs 98 bits and a double
//! holds 53, so its quotient by p is estimated, and the rest is computed exactly:
//! - with FMA, h = a·b rounded and l = a·b − h are both doubles, and so are h − q·p and its sum with l;
//! - without, both a·b and q·p are wrong in the same way modulo 2^64, and their difference is small.

use bytemuck::Pod;

use super::{crt::Chain, prime::Prime};

/// 1.5 · 2^52: adding it rounds a number below 2^51 to a whole one, whose two's complement is in the lowest bits then.
pub(super) const MAGIC: f64 = 6_755_399_441_055_744.0;

/// A prime and its reciprocal, in all lanes.
#[derive(Clone, Copy)]
pub(super) struct Modulus<V> {
    p: V,
    inverse: V,
}

/// A constant to multiply by, and its quotient by the prime.
#[derive(Clone, Copy)]
pub(super) struct Factor<V> {
    pub(super) value: V,
    pub(super) quotient: V,
}

/// What the transforms need of a processor. Everything is `inline(always)`: it becomes AVX2 or more within [`run`](Self::run).
///
/// There are four or eight lanes: one or two quads.
pub(super) trait Lanes: Copy + Send + Sync + 'static {
    /// A double for each lane.
    type V: Copy;
    /// The same as it lies in memory.
    type Group: Pod;
    /// A whole number of 64 bits for each lane; sums and products are modulo 2^64.
    type Ints: Copy;
    /// What goes from the limbs of a row to the next ones.
    type Chain: Copy;

    /// How many quads there are: what lies together in memory is four rows of eight columns, a row or two columns to a vector
    /// of eight lanes.
    const QUADS: usize;

    /// Runs `work` compiled for these lanes.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    fn splat(self, value: f64) -> Self::V;
    /// The same in each quad.
    fn repeat(self, quad: [f64; 4]) -> Self::V;
    /// The first in the lanes of the first quad, the second in those of the second, if there is one.
    fn by_quads(self, values: [f64; 2]) -> Self::V;
    fn load(self, values: Self::Group) -> Self::V;
    fn store(self, values: Self::V) -> Self::Group;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn times(self, a: Self::V, b: Self::V) -> Self::V;
    /// a·b + c, rounded once or twice: for estimates.
    fn about(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a·b − q·p, where the result is a whole number below 2^52 and the operands are whole numbers up to 2^52.
    fn rest(self, a: Self::V, b: Self::V, q: Self::V, p: Self::V) -> Self::V;

    /// Four rows of as many columns as there are lanes become these columns, one a quad.
    fn columns_of(self, rows: [Self::V; 4]) -> [Self::V; 4];
    /// And back.
    fn rows_of(self, columns: [Self::V; 4]) -> [Self::V; 4];
    /// Of neighbouring quads, four for each quad of a vector, the first of each four, the second ones and so on.
    fn dealt(self, neighbours: [Self::V; 4]) -> [Self::V; 4];
    /// And back.
    fn gathered(self, dealt: [Self::V; 4]) -> [Self::V; 4];

    /// The lower and the upper 32 bits of a limb for each lane; limbs in memory are bits of doubles as good as any.
    fn halves(self, limbs: Self::Group) -> [Self::V; 2];
    fn int(self, value: i64) -> Self::Ints;
    /// The nearest whole numbers, of magnitudes below 2^51.
    fn to_ints(self, values: Self::V) -> Self::Ints;
    fn add_ints(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn sub_ints(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn times_ints(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// What goes to the first limbs of a row: nothing.
    fn start(self) -> Self::Chain;
    /// The next limbs of a row: the digits of their coefficients added up, see [`super::crt`].
    fn limbs(self, chain: &mut Self::Chain, digits: [Self::Ints; 3], out: &mut [u64]);
    /// What goes to the limb after the last.
    fn rest_of(self, chain: Self::Chain) -> i128;

    #[inline(always)]
    fn modulus(self, prime: &Prime) -> Modulus<Self::V> {
        Modulus { p: self.splat(prime.p), inverse: self.splat(prime.inverse) }
    }

    #[inline(always)]
    fn factor(self, [value, quotient]: [f64; 2]) -> Factor<Self::V> {
        Factor { value: self.splat(value), quotient: self.splat(quotient) }
    }

    /// A residue to multiply by.
    #[inline(always)]
    fn constant(self, prime: &Prime, value: f64) -> Factor<Self::V> {
        self.factor(prime.with_quotient(value))
    }

    /// A factor for each lane.
    #[inline(always)]
    fn factors(self, m: Modulus<Self::V>, value: Self::V) -> Factor<Self::V> {
        Factor { value, quotient: self.times(value, m.inverse) }
    }

    /// The nearest whole number, of a magnitude below 2^51.
    #[inline(always)]
    fn round(self, value: Self::V) -> Self::V {
        let magic = self.splat(MAGIC);
        self.sub(self.add(value, magic), magic)
    }

    /// a modulo p to a little beyond ±p/2, for |a| ≤ 9.5p.
    #[inline(always)]
    fn reduce(self, m: Modulus<Self::V>, a: Self::V) -> Self::V {
        let magic = self.splat(MAGIC);
        let q = self.sub(self.about(a, m.inverse, magic), magic);
        self.rest(a, self.splat(1.0), q, m.p)
    }

    /// a·b modulo p to ±p, for |a·b| ≤ 4.8p².
    #[inline(always)]
    fn mul(self, m: Modulus<Self::V>, a: Self::V, b: Self::V) -> Self::V {
        let magic = self.splat(MAGIC);
        let q = self.sub(self.about(self.times(a, b), m.inverse, magic), magic);
        self.rest(a, b, q, m.p)
    }

    /// a times a constant modulo p, for |a| ≤ 9.5p: to ±3p/4, and to little beyond ±p/2 for small ones. The quotient is wrong
    /// by the rounding of the factor's quotient times a, a quarter at most; where `about` rounds twice or the factor is no
    /// constant, by as much again at most.
    #[inline(always)]
    fn scale(self, m: Modulus<Self::V>, a: Self::V, factor: Factor<Self::V>) -> Self::V {
        let magic = self.splat(MAGIC);
        let q = self.sub(self.about(a, factor.quotient, magic), magic);
        self.rest(a, factor.value, q, m.p)
    }
}

/// Whole numbers of four lanes: no vector instruction multiplies them before AVX-512.
macro_rules! four_ints {
    () => {
        #[inline(always)]
        fn int(self, value: i64) -> [i64; 4] {
            [value; 4]
        }

        #[inline(always)]
        fn add_ints(self, a: [i64; 4], b: [i64; 4]) -> [i64; 4] {
            each(
                #[inline(always)]
                |k| a[k].wrapping_add(b[k]),
            )
        }

        #[inline(always)]
        fn sub_ints(self, a: [i64; 4], b: [i64; 4]) -> [i64; 4] {
            each(
                #[inline(always)]
                |k| a[k].wrapping_sub(b[k]),
            )
        }

        #[inline(always)]
        fn times_ints(self, a: [i64; 4], b: [i64; 4]) -> [i64; 4] {
            each(
                #[inline(always)]
                |k| a[k].wrapping_mul(b[k]),
            )
        }

        #[inline(always)]
        fn start(self) -> Chain {
            Chain::default()
        }

        #[inline(always)]
        fn limbs(self, chain: &mut Chain, [x, y, z]: [[i64; 4]; 3], out: &mut [u64]) {
            for (k, out) in out.iter_mut().enumerate().take(4) {
                *out = chain.limb(x[k], y[k], z[k]);
            }
        }

        #[inline(always)]
        fn rest_of(self, chain: Chain) -> i128 {
            chain.rest()
        }
    };
}

/// Any processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Lanes for Portable {
    type V = [f64; 4];
    type Group = [f64; 4];
    type Ints = [i64; 4];
    type Chain = Chain;

    const QUADS: usize = 1;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline(always)]
    fn splat(self, value: f64) -> [f64; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn repeat(self, quad: [f64; 4]) -> [f64; 4] {
        quad
    }

    #[inline(always)]
    fn by_quads(self, [value, _]: [f64; 2]) -> [f64; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(self, values: [f64; 4]) -> [f64; 4] {
        values
    }

    #[inline(always)]
    fn store(self, values: [f64; 4]) -> [f64; 4] {
        values
    }

    #[inline(always)]
    fn add(self, a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        each(|k| a[k] + b[k])
    }

    #[inline(always)]
    fn sub(self, a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        each(|k| a[k] - b[k])
    }

    #[inline(always)]
    fn times(self, a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        each(|k| a[k] * b[k])
    }

    #[inline(always)]
    fn about(self, a: [f64; 4], b: [f64; 4], c: [f64; 4]) -> [f64; 4] {
        each(|k| a[k] * b[k] + c[k])
    }

    #[inline(always)]
    fn rest(self, a: [f64; 4], b: [f64; 4], q: [f64; 4], p: [f64; 4]) -> [f64; 4] {
        each(|k| rest(a[k], b[k], q[k], p[k]))
    }

    #[inline(always)]
    fn columns_of(self, rows: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        [0, 1, 2, 3].map(|column| each(|row| rows[row][column]))
    }

    #[inline(always)]
    fn rows_of(self, columns: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        self.columns_of(columns)
    }

    #[inline(always)]
    fn dealt(self, neighbours: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        neighbours
    }

    #[inline(always)]
    fn gathered(self, dealt: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        dealt
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "32 bits each")]
    fn halves(self, limbs: [f64; 4]) -> [[f64; 4]; 2] {
        let limbs = limbs.map(f64::to_bits);
        [limbs.map(|limb| (limb & 0xFFFF_FFFF) as f64), limbs.map(|limb| (limb >> 32) as f64)]
    }

    #[inline(always)]
    fn to_ints(self, values: [f64; 4]) -> [i64; 4] {
        values.map(|value| ((value + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits())).cast_signed())
    }

    four_ints!();
}

/// As the arrays' own `map`, which is not always inlined: what stays outside of [`Lanes::run`] is not compiled for the lanes.
#[inline(always)]
pub(super) fn map<A: Copy, B: Copy, const N: usize>(items: [A; N], value: impl Fn(A) -> B) -> [B; N] {
    let mut values = [value(items[0]); N];
    for k in 1..N {
        values[k] = value(items[k]);
    }
    values
}

#[inline(always)]
fn each<T>(value: impl Fn(usize) -> T) -> [T; 4] {
    [value(0), value(1), value(2), value(3)]
}

/// a·b − q·p for whole numbers, where the result is a double.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "whole numbers below 2^53")]
pub(super) fn rest(a: f64, b: f64, q: f64, p: f64) -> f64 {
    (a as i64).wrapping_mul(b as i64).wrapping_sub((q as i64).wrapping_mul(p as i64)) as f64
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
pub(super) use {avx2::Avx2, avx512::Avx512};
