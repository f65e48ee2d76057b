//! Eight lanes by AVX-512.

use std::arch::x86_64::{__m512d, __m512i};

use pulp::{cast, x86::V4};

use super::{Lanes, MAGIC, Modulus};
use crate::work::fib::{crt::B, lanes::map};

/// A processor with AVX-512 (F, BW, CD, DQ and VL); `V4` is the proof that this one is.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Avx512(V4);

impl Avx512 {
    pub(in super::super) fn detect() -> Option<Self> {
        V4::try_new().map(Self)
    }

    /// Of two vectors, the lanes that the indices choose: below eight of the first, from there on of the second.
    #[inline(always)]
    fn choose(self, a: __m512d, b: __m512d, indices: [i64; 8]) -> __m512d {
        self.0.avx512f._mm512_permutex2var_pd(a, cast(indices), b)
    }
}

/// What [`super::super::crt`] says of a chain, for the last lanes of these: the second digits, the third ones, and what the limbs
/// carry.
#[derive(Clone, Copy)]
pub(in super::super) struct Chain {
    y: __m512i,
    z: __m512i,
    carry: __m512i,
}

impl Lanes for Avx512 {
    type V = __m512d;
    type Group = [f64; 8];
    type Ints = __m512i;
    type Chain = Chain;

    const QUADS: usize = 2;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.vectorize(work)
    }

    #[inline(always)]
    fn splat(self, value: f64) -> __m512d {
        self.0.avx512f._mm512_set1_pd(value)
    }

    #[inline(always)]
    fn repeat(self, quad: [f64; 4]) -> __m512d {
        self.0.avx512f._mm512_broadcast_f64x4(cast(quad))
    }

    #[inline(always)]
    fn by_quads(self, [low, high]: [f64; 2]) -> __m512d {
        self.0.avx512f._mm512_mask_mov_pd(self.splat(low), 0xF0, self.splat(high))
    }

    #[inline(always)]
    fn load(self, values: [f64; 8]) -> __m512d {
        cast(values)
    }

    #[inline(always)]
    fn store(self, values: __m512d) -> [f64; 8] {
        cast(values)
    }

    #[inline(always)]
    fn add(self, a: __m512d, b: __m512d) -> __m512d {
        self.0.avx512f._mm512_add_pd(a, b)
    }

    #[inline(always)]
    fn sub(self, a: __m512d, b: __m512d) -> __m512d {
        self.0.avx512f._mm512_sub_pd(a, b)
    }

    #[inline(always)]
    fn times(self, a: __m512d, b: __m512d) -> __m512d {
        self.0.avx512f._mm512_mul_pd(a, b)
    }

    #[inline(always)]
    fn about(self, a: __m512d, b: __m512d, c: __m512d) -> __m512d {
        self.0.avx512f._mm512_fmadd_pd(a, b, c)
    }

    #[inline(always)]
    fn rest(self, a: __m512d, b: __m512d, q: __m512d, p: __m512d) -> __m512d {
        let high = self.times(a, b);
        let low = self.0.avx512f._mm512_fmsub_pd(a, b, high);
        self.add(self.0.avx512f._mm512_fnmadd_pd(q, p, high), low)
    }

    // A product with 1 is exact: its low part is nothing.
    #[inline(always)]
    fn reduce(self, m: Modulus<__m512d>, a: __m512d) -> __m512d {
        let magic = self.splat(MAGIC);
        let q = self.sub(self.about(a, m.inverse, magic), magic);
        self.0.avx512f._mm512_fnmadd_pd(q, m.p, a)
    }

    #[inline(always)]
    fn columns_of(self, [a, b, c, d]: [__m512d; 4]) -> [__m512d; 4] {
        let (low, high) = ([0, 8, 1, 9, 2, 10, 3, 11], [4, 12, 5, 13, 6, 14, 7, 15]);
        let (ab, cd) = (self.choose(a, b, low), self.choose(c, d, low));
        let (ab_high, cd_high) = (self.choose(a, b, high), self.choose(c, d, high));
        let (low, high) = ([0, 1, 8, 9, 2, 3, 10, 11], [4, 5, 12, 13, 6, 7, 14, 15]);
        [
            self.choose(ab, cd, low),
            self.choose(ab, cd, high),
            self.choose(ab_high, cd_high, low),
            self.choose(ab_high, cd_high, high),
        ]
    }

    #[inline(always)]
    fn rows_of(self, [a, b, c, d]: [__m512d; 4]) -> [__m512d; 4] {
        let (low, high) = ([0, 4, 8, 12, 1, 5, 9, 13], [2, 6, 10, 14, 3, 7, 11, 15]);
        let (ab, cd) = (self.choose(a, b, low), self.choose(c, d, low));
        let (ab_high, cd_high) = (self.choose(a, b, high), self.choose(c, d, high));
        let (low, high) = ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]);
        [
            self.choose(ab, cd, low),
            self.choose(ab, cd, high),
            self.choose(ab_high, cd_high, low),
            self.choose(ab_high, cd_high, high),
        ]
    }

    #[inline(always)]
    fn dealt(self, [a, b, c, d]: [__m512d; 4]) -> [__m512d; 4] {
        let avx512 = self.0.avx512f;
        [
            avx512._mm512_shuffle_f64x2::<0x44>(a, c),
            avx512._mm512_shuffle_f64x2::<0xEE>(a, c),
            avx512._mm512_shuffle_f64x2::<0x44>(b, d),
            avx512._mm512_shuffle_f64x2::<0xEE>(b, d),
        ]
    }

    #[inline(always)]
    fn gathered(self, [a, b, c, d]: [__m512d; 4]) -> [__m512d; 4] {
        let avx512 = self.0.avx512f;
        [
            avx512._mm512_shuffle_f64x2::<0x44>(a, b),
            avx512._mm512_shuffle_f64x2::<0x44>(c, d),
            avx512._mm512_shuffle_f64x2::<0xEE>(a, b),
            avx512._mm512_shuffle_f64x2::<0xEE>(c, d),
        ]
    }

    #[inline(always)]
    fn halves(self, limbs: [f64; 8]) -> [__m512d; 2] {
        let (avx512, limbs) = (self.0.avx512f, cast(limbs));
        let low = avx512._mm512_and_si512(limbs, self.int(0xFFFF_FFFF));
        let high = avx512._mm512_srli_epi64::<32>(limbs);
        map(
            [low, high],
            #[inline(always)]
            |half| self.0.avx512dq._mm512_cvtepi64_pd(half),
        )
    }

    #[inline(always)]
    fn int(self, value: i64) -> __m512i {
        self.0.avx512f._mm512_set1_epi64(value)
    }

    #[inline(always)]
    fn to_ints(self, values: __m512d) -> __m512i {
        self.0.avx512dq._mm512_cvtpd_epi64(values)
    }

    #[inline(always)]
    fn add_ints(self, a: __m512i, b: __m512i) -> __m512i {
        self.0.avx512f._mm512_add_epi64(a, b)
    }

    #[inline(always)]
    fn sub_ints(self, a: __m512i, b: __m512i) -> __m512i {
        self.0.avx512f._mm512_sub_epi64(a, b)
    }

    #[inline(always)]
    fn times_ints(self, a: __m512i, b: __m512i) -> __m512i {
        self.0.avx512dq._mm512_mullo_epi64(a, b)
    }

    #[inline(always)]
    fn start(self) -> Chain {
        let nothing = self.int(0);
        Chain { y: nothing, z: nothing, carry: nothing }
    }

    /// Each limb is brought into 0 to B − 1 by itself, and what it carries is added to the next; that again too much or too little
    /// comes of it is rare.
    #[inline(always)]
    fn limbs(self, chain: &mut Chain, [x, y, z]: [__m512i; 3], out: &mut [u64]) {
        let (avx512, base, one) = (self.0.avx512f, self.int(B), self.int(1));
        let next = avx512._mm512_alignr_epi64::<7>(y, chain.y);
        let after = avx512._mm512_alignr_epi64::<6>(z, chain.z);
        let mut sum = self.add_ints(x, self.add_ints(next, after));
        let above = avx512._mm512_cmpge_epi64_mask(sum, base);
        let below = avx512._mm512_cmplt_epi64_mask(sum, self.int(0));
        let far_below = avx512._mm512_cmplt_epi64_mask(sum, self.int(-B));
        sum = avx512._mm512_mask_sub_epi64(sum, above, sum, base);
        sum = avx512._mm512_mask_add_epi64(sum, below, sum, base);
        sum = avx512._mm512_mask_add_epi64(sum, far_below, sum, base);
        let mut carry = avx512._mm512_maskz_set1_epi64(above, 1);
        carry = avx512._mm512_mask_sub_epi64(carry, below, carry, one);
        carry = avx512._mm512_mask_sub_epi64(carry, far_below, carry, one);
        sum = self.add_ints(sum, avx512._mm512_alignr_epi64::<7>(carry, chain.carry));
        loop {
            let above = avx512._mm512_cmpge_epi64_mask(sum, base);
            let below = avx512._mm512_cmplt_epi64_mask(sum, self.int(0));
            if above | below == 0 {
                break;
            }
            sum = avx512._mm512_mask_sub_epi64(sum, above, sum, base);
            sum = avx512._mm512_mask_add_epi64(sum, below, sum, base);
            sum = avx512._mm512_mask_add_epi64(sum, above << 1, sum, one);
            sum = avx512._mm512_mask_sub_epi64(sum, below << 1, sum, one);
            carry = avx512._mm512_mask_add_epi64(carry, above, carry, one);
            carry = avx512._mm512_mask_sub_epi64(carry, below, carry, one);
        }
        *chain = Chain { y, z, carry };
        if let Some(out) = out.first_chunk_mut() {
            *out = cast::<_, [u64; 8]>(sum);
        }
    }

    #[inline(always)]
    fn rest_of(self, chain: Chain) -> i128 {
        let [y, z, carry] = [chain.y, chain.z, chain.carry].map(cast::<_, [i64; 8]>);
        i128::from(y[7]) + i128::from(z[6]) + i128::from(carry[7]) + i128::from(z[7]) * i128::from(B)
    }
}
