//! Four lanes by AVX2 and FMA.

use std::arch::x86_64::{__m256d, __m256i};

use pulp::{cast, x86::V3};

use super::{Chain, Lanes, MAGIC, Modulus, each, map};

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
    type Group = [f64; 4];
    type Ints = [i64; 4];
    type Chain = Chain;

    const QUADS: usize = 1;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.vectorize(work)
    }

    #[inline(always)]
    fn splat(self, value: f64) -> __m256d {
        self.0.avx._mm256_set1_pd(value)
    }

    #[inline(always)]
    fn repeat(self, quad: [f64; 4]) -> __m256d {
        cast(quad)
    }

    #[inline(always)]
    fn by_quads(self, [value, _]: [f64; 2]) -> __m256d {
        self.splat(value)
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
    fn reduce(self, m: Modulus<__m256d>, a: __m256d) -> __m256d {
        let magic = self.splat(MAGIC);
        let q = self.sub(self.about(a, m.inverse, magic), magic);
        self.0.fma._mm256_fnmadd_pd(q, m.p, a)
    }

    #[inline(always)]
    fn columns_of(self, [a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
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
    fn rows_of(self, columns: [__m256d; 4]) -> [__m256d; 4] {
        self.columns_of(columns)
    }

    #[inline(always)]
    fn dealt(self, neighbours: [__m256d; 4]) -> [__m256d; 4] {
        neighbours
    }

    #[inline(always)]
    fn gathered(self, dealt: [__m256d; 4]) -> [__m256d; 4] {
        dealt
    }

    #[inline(always)]
    fn to_ints(self, values: __m256d) -> [i64; 4] {
        let (avx, magic) = (self.0.avx, self.splat(MAGIC));
        let shifted = avx._mm256_castpd_si256(self.add(values, magic));
        cast(self.0.avx2._mm256_sub_epi64(shifted, avx._mm256_castpd_si256(magic)))
    }

    /// The bits of 2^52 + x for an x of 32 bits are those of 2^52 with x in the lowest.
    #[inline(always)]
    fn halves(self, limbs: [f64; 4]) -> [__m256d; 2] {
        let (avx, avx2) = (self.0.avx, self.0.avx2);
        let limbs: __m256i = cast(limbs);
        let shift = self.splat(4_503_599_627_370_496.0);
        let low = avx2._mm256_and_si256(limbs, avx._mm256_set1_epi64x(0xFFFF_FFFF));
        let high = avx2._mm256_srli_epi64::<32>(limbs);
        map(
            [low, high],
            #[inline(always)]
            |half| self.sub(avx._mm256_or_pd(avx._mm256_castsi256_pd(half), shift), shift),
        )
    }

    four_ints!();
}
