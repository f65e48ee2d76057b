//! Four residues at a time: by AVX2 and FMA where the processor has them, by plain arithmetic elsewhere.
//!
//! A residue is a whole number in an `f64`, centred: about −p/2 to p/2, for a prime p below 2^48.7. How far it may stray is
//! said where it is used; here is what each operation can take. The product of two residues needs 98 bits and a double
//! holds 53, so its quotient by p is estimated, and the rest is computed exactly:
//! - with FMA, h = a·b rounded and l = a·b − h are both doubles, and so are h − q·p and its sum with l;
//! - without, both a·b and q·p are wrong in the same way modulo 2^64, and their difference is small.

use super::prime::Prime;

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

/// What the transforms need of a processor. Everything is `inline(always)`: it becomes AVX2 within [`run`](Self::run).
pub(super) trait Lanes: Copy + Send + Sync + 'static {
    /// Four doubles.
    type V: Copy;

    /// Runs `work` compiled for these lanes.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    fn splat(self, value: f64) -> Self::V;
    fn load(self, values: [f64; 4]) -> Self::V;
    fn store(self, values: Self::V) -> [f64; 4];
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn times(self, a: Self::V, b: Self::V) -> Self::V;
    /// a·b + c, rounded once or twice: for estimates.
    fn about(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a·b − q·p, where the result is a whole number below 2^52 and the operands are whole numbers up to 2^52.
    fn rest(self, a: Self::V, b: Self::V, q: Self::V, p: Self::V) -> Self::V;
    /// Rows to columns.
    fn transpose(self, rows: [Self::V; 4]) -> [Self::V; 4];
    /// The nearest whole numbers, of magnitudes below 2^51.
    fn to_ints(self, values: Self::V) -> [i64; 4];
    /// The lower and the upper 32 bits.
    fn halves(self, limbs: [u64; 4]) -> [Self::V; 2];

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

/// Any processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Lanes for Portable {
    type V = [f64; 4];

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline(always)]
    fn splat(self, value: f64) -> [f64; 4] {
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
    fn transpose(self, rows: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        [0, 1, 2, 3].map(|column| each(|row| rows[row][column]))
    }

    #[inline(always)]
    fn to_ints(self, values: [f64; 4]) -> [i64; 4] {
        values.map(|value| ((value + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits())).cast_signed())
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "32 bits each")]
    fn halves(self, limbs: [u64; 4]) -> [[f64; 4]; 2] {
        [limbs.map(|limb| (limb & 0xFFFF_FFFF) as f64), limbs.map(|limb| (limb >> 32) as f64)]
    }
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
fn each(value: impl Fn(usize) -> f64) -> [f64; 4] {
    [value(0), value(1), value(2), value(3)]
}

/// a·b − q·p for whole numbers, where the result is a double.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "whole numbers below 2^53")]
pub(super) fn rest(a: f64, b: f64, q: f64, p: f64) -> f64 {
    (a as i64).wrapping_mul(b as i64).wrapping_sub((q as i64).wrapping_mul(p as i64)) as f64
}

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{__m256d, __m256i};

    use pulp::{cast, x86::V3};

    use super::{Lanes, MAGIC};

    /// A processor with AVX2 and FMA; `V3` is the proof that this one is.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx2(V3);

    impl Avx2 {
        pub(in super::super) fn detect() -> Option<Self> {
            V3::try_new().map(Self)
        }
    }

    impl Lanes for Avx2 {
        type V = __m256d;

        #[inline(always)]
        fn run<R>(self, work: impl FnOnce() -> R) -> R {
            self.0.vectorize(work)
        }

        #[inline(always)]
        fn splat(self, value: f64) -> __m256d {
            self.0.avx._mm256_set1_pd(value)
        }

        #[inline(always)]
        fn load(self, values: [f64; 4]) -> __m256d {
            cast(values)
        }

        #[inline(always)]
        fn store(self, values: __m256d) -> [f64; 4] {
            cast(values)
        }

        #[inline(always)]
        fn add(self, a: __m256d, b: __m256d) -> __m256d {
            self.0.avx._mm256_add_pd(a, b)
        }

        #[inline(always)]
        fn sub(self, a: __m256d, b: __m256d) -> __m256d {
            self.0.avx._mm256_sub_pd(a, b)
        }

        #[inline(always)]
        fn times(self, a: __m256d, b: __m256d) -> __m256d {
            self.0.avx._mm256_mul_pd(a, b)
        }

        #[inline(always)]
        fn about(self, a: __m256d, b: __m256d, c: __m256d) -> __m256d {
            self.0.fma._mm256_fmadd_pd(a, b, c)
        }

        #[inline(always)]
        fn rest(self, a: __m256d, b: __m256d, q: __m256d, p: __m256d) -> __m256d {
            let high = self.times(a, b);
            let low = self.0.fma._mm256_fmsub_pd(a, b, high);
            self.add(self.0.fma._mm256_fnmadd_pd(q, p, high), low)
        }

        // A product with 1 is exact: its low part is nothing.
        #[inline(always)]
        fn reduce(self, m: super::Modulus<__m256d>, a: __m256d) -> __m256d {
            let magic = self.splat(MAGIC);
            let q = self.sub(self.about(a, m.inverse, magic), magic);
            self.0.fma._mm256_fnmadd_pd(q, m.p, a)
        }

        #[inline(always)]
        fn transpose(self, [a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
            let avx = self.0.avx;
            let (ab_even, ab_odd) = (avx._mm256_unpacklo_pd(a, b), avx._mm256_unpackhi_pd(a, b));
            let (cd_even, cd_odd) = (avx._mm256_unpacklo_pd(c, d), avx._mm256_unpackhi_pd(c, d));
            [
                avx._mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
                avx._mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
                avx._mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
                avx._mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
            ]
        }

        #[inline(always)]
        fn to_ints(self, values: __m256d) -> [i64; 4] {
            let (avx, magic) = (self.0.avx, self.splat(MAGIC));
            let shifted = avx._mm256_castpd_si256(self.add(values, magic));
            cast(self.0.avx2._mm256_sub_epi64(shifted, avx._mm256_castpd_si256(magic)))
        }

        /// The bits of 2^52 + x for an x of 32 bits are those of 2^52 with x in the lowest.
        #[inline(always)]
        fn halves(self, limbs: [u64; 4]) -> [__m256d; 2] {
            let (avx, avx2) = (self.0.avx, self.0.avx2);
            let limbs: __m256i = cast(limbs);
            let shift = self.splat(4_503_599_627_370_496.0);
            let low = avx2._mm256_and_si256(limbs, avx._mm256_set1_epi64x(0xFFFF_FFFF));
            let high = avx2._mm256_srli_epi64::<32>(limbs);
            super::map(
                [low, high],
                #[inline(always)]
                |half| self.sub(avx._mm256_or_pd(avx._mm256_castsi256_pd(half), shift), shift),
            )
        }
    }
}
