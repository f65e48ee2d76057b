//! Rings taken apart and put together, column by column.
//!
//! A polynomial modulo x^rM − d^r is known by its remainders modulo x^M − d·ζ^k, where ζ is an r-th root of unity: of its r
//! chunks of M coefficients, chunk number m is multiplied by d^m, and then the r numbers at the same place of the chunks are
//! transformed. That is one butterfly. `d` is one for all places, or one a lane; where it is 1, `TWIST` is false.
//!
//! Magnitudes, with B for what a multiplication leaves, 3/4·p at most (see [`Lanes::scale`]): forward, chunk 0 is added as it is, at
//! most A, to the others, which are multiplied: the results are at most A + (r − 1)·B, and with `REDUCE` at most r·B. Inverse,
//! everything is multiplied or reduced, but where `TWIST` is false; there the last multiplication, by 1/N, follows at once.

use super::{
    lanes::{Factor, Lanes, Modulus, map},
    prime::{Prime, Way},
};

/// Splits or joins four chunks; the factors are d, d² and d³.
#[inline(always)]
pub(super) fn forward_4<L: Lanes, const TWIST: bool, const REDUCE: bool>(
    l: L,
    m: Modulus<L::V>,
    [a, b, c, d]: [L::V; 4],
    factors: [Factor<L::V>; 3],
    i: Factor<L::V>,
) -> [L::V; 4] {
    let a = if REDUCE { l.reduce(m, a) } else { a };
    let [b, c, d] = twisted::<L, TWIST, 3>(l, m, [b, c, d], factors);
    let (sum_ac, difference_ac) = (l.add(a, c), l.sub(a, c));
    let (sum_bd, difference_bd) = (l.add(b, d), l.scale(m, l.sub(b, d), i));
    [
        l.add(sum_ac, sum_bd),
        l.sub(sum_ac, sum_bd),
        l.add(difference_ac, difference_bd),
        l.sub(difference_ac, difference_bd),
    ]
}

/// Four times the inverse; the factors are those of 1/d, `i` is that of the forward direction.
#[inline(always)]
pub(super) fn inverse_4<L: Lanes, const TWIST: bool>(
    l: L,
    m: Modulus<L::V>,
    [a, b, c, d]: [L::V; 4],
    factors: [Factor<L::V>; 3],
    i: Factor<L::V>,
) -> [L::V; 4] {
    let (sum_ab, difference_ab) = (l.add(a, b), l.sub(a, b));
    // Divided by i: (c − d)/i is i·(d − c).
    let (sum_cd, difference_cd) = (l.add(c, d), l.scale(m, l.sub(d, c), i));
    let chunks =
        [l.add(difference_ab, difference_cd), l.sub(sum_ab, sum_cd), l.sub(difference_ab, difference_cd)];
    let [b, c, d] = twisted::<L, TWIST, 3>(l, m, chunks, factors);
    let a = l.add(sum_ab, sum_cd);
    [if TWIST { l.reduce(m, a) } else { a }, b, c, d]
}

#[inline(always)]
pub(super) fn twisted<L: Lanes, const TWIST: bool, const N: usize>(
    l: L,
    m: Modulus<L::V>,
    mut chunks: [L::V; N],
    factors: [Factor<L::V>; N],
) -> [L::V; N] {
    if TWIST {
        for (chunk, factor) in chunks.iter_mut().zip(factors) {
            *chunk = l.scale(m, *chunk, factor);
        }
    }
    chunks
}

/// What the transforms of 3, 4 and 5 numbers multiply by.
#[derive(Clone, Copy)]
pub(super) struct Constants<V> {
    /// A square root of −1.
    pub(super) i: Factor<V>,
    /// A third root of unity.
    pub(super) third: Factor<V>,
    /// Of a fifth root ζ: (ζ + 1/ζ)/2 and (ζ² + 1/ζ²)/2, then the halves of the differences.
    pub(super) fifth: [Factor<V>; 4],
}

impl<V: Copy> Constants<V> {
    #[inline(always)]
    pub(super) fn of<L: Lanes<V = V>>(l: L, prime: &Prime) -> Self {
        Self {
            i: l.constant(prime, prime.root(2, Way::Forward)),
            third: l.constant(prime, prime.odd_root(3, 1, Way::Forward)),
            fifth: map(
                prime.fifth,
                #[inline(always)]
                |value| l.constant(prime, value),
            ),
        }
    }
}

/// The sums of three numbers with the powers of a third root of unity: forward with ζ, inverse with 1/ζ, by exchanging two.
#[inline(always)]
pub(super) fn sums_3<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    [a, b, c]: [L::V; 3],
    third: Factor<L::V>,
) -> [L::V; 3] {
    // ζ² = −1 − ζ.
    let turned = l.scale(m, l.sub(b, c), third);
    [l.add(a, l.add(b, c)), l.add(l.sub(a, c), turned), l.sub(l.sub(a, b), turned)]
}

#[inline(always)]
pub(super) fn sums_5<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    [a, b, c, d, e]: [L::V; 5],
    [cos_1, cos_2, sin_1, sin_2]: [Factor<L::V>; 4],
) -> [L::V; 5] {
    let (sum_1, difference_1) = (l.add(b, e), l.sub(b, e));
    let (sum_2, difference_2) = (l.add(c, d), l.sub(c, d));
    let even_1 = l.add(a, l.add(l.scale(m, sum_1, cos_1), l.scale(m, sum_2, cos_2)));
    let even_2 = l.add(a, l.add(l.scale(m, sum_1, cos_2), l.scale(m, sum_2, cos_1)));
    let odd_1 = l.add(l.scale(m, difference_1, sin_1), l.scale(m, difference_2, sin_2));
    let odd_2 = l.sub(l.scale(m, difference_1, sin_2), l.scale(m, difference_2, sin_1));
    [
        l.add(a, l.add(sum_1, sum_2)),
        l.add(even_1, odd_1),
        l.add(even_2, odd_2),
        l.sub(even_2, odd_2),
        l.sub(even_1, odd_1),
    ]
}
