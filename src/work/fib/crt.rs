//! From residues modulo three primes to the coefficient, and from coefficients to limbs.
//!
//! By the Chinese remainder theorem a coefficient is v = r₁ + p₁·u + p₁·p₂·w, with u known modulo p₂ and w modulo p₃. To the base
//! B = 10^18 it has three digits, each centred: v = x + y·B + z·B². With p₁·p₂ = Q·B + S the quotients by B are estimated in
//! doubles, where they have at most 47 bits, and the digits follow modulo 2^64. No coefficient waits for the carry of its
//! neighbour, until the digits of three of them are added up.
//!
//! Bounds: |v| ≤ 4·L·B² for operands of L limbs, and L ≤ 6·10^6 at F(10^9): so |w| < 2^48, z < 2^25. An estimate is wrong by less
//! than 0.1, so |x| and |y| are below 0.6·B, and a limb's sum below 1.3·B: two of the three comparisons in `limb` decide it.

use bytemuck::cast_slice;

use super::{
    lanes::{Factor, Lanes, Modulus, map},
    limbs::BASE,
    passes::BLOCK,
    plan::{Shape, TILE_COLUMNS, TILE_ROWS},
    prime::PRIMES,
};

#[expect(clippy::cast_possible_wrap, reason = "below 2^63")]
pub(super) const B: i64 = BASE as i64;

/// p₁·p₂ = Q·B + S, |S| ≤ B/2.
#[expect(clippy::cast_possible_truncation, reason = "as it says")]
const QS: (i64, i64) = {
    let product = PRIMES[0].p as i128 * PRIMES[1].p as i128;
    let q = (product + B as i128 / 2) / B as i128;
    (q as i64, (product - q * B as i128) as i64)
};

/// 1/p₁ modulo p₂; 1/p₁ and 1/p₂ modulo p₃.
const INVERSES: [f64; 3] = [
    PRIMES[1].inverse_of_prime(&PRIMES[0]),
    PRIMES[2].inverse_of_prime(&PRIMES[0]),
    PRIMES[2].inverse_of_prime(&PRIMES[1]),
];

/// The constants in lanes.
#[derive(Clone, Copy)]
struct Constants<V> {
    second: Modulus<V>,
    third: Modulus<V>,
    /// See [`INVERSES`].
    first_in_second: Factor<V>,
    first_in_third: Factor<V>,
    second_in_third: Factor<V>,
    /// p₁/B, S/B, Q/B, 1/B.
    shares: [V; 4],
}

impl<V: Copy> Constants<V> {
    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "for estimates")]
    fn of<L: Lanes<V = V>>(l: L) -> Self {
        let [first, second, third] = &PRIMES;
        let base = B as f64;
        Self {
            second: l.modulus(second),
            third: l.modulus(third),
            first_in_second: l.constant(second, INVERSES[0]),
            first_in_third: l.constant(third, INVERSES[1]),
            second_in_third: l.constant(third, INVERSES[2]),
            shares: map(
                [first.p / base, QS.1 as f64 / base, QS.0 as f64 / base, 1.0 / base],
                #[inline(always)]
                |share| l.splat(share),
            ),
        }
    }

    /// The three digits of coefficients.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^49")]
    fn digits<L: Lanes<V = V>>(&self, l: L, residues: [V; 3]) -> [L::Ints; 3] {
        let [first, second, third] = residues;
        let [p1, s, q, inverse] = self.shares;
        let u = l.scale(self.second, l.sub(second, first), self.first_in_second);
        let w = l.scale(self.third, l.sub(third, first), self.first_in_third);
        let w = l.scale(self.third, l.sub(w, u), self.second_in_third);
        let low = l.round(l.about(u, p1, l.times(w, s)));
        let high = l.about(low, inverse, l.times(w, q));
        let (r, u, w, low, z) =
            (l.to_ints(first), l.to_ints(u), l.to_ints(w), l.to_ints(low), l.to_ints(high));
        let base = l.int(B);
        let x = l.add_ints(r, l.times_ints(u, l.int(PRIMES[0].p as i64)));
        let x = l.add_ints(x, l.times_ints(w, l.int(QS.1)));
        let y = l.add_ints(low, l.times_ints(w, l.int(QS.0)));
        [l.sub_ints(x, l.times_ints(low, base)), l.sub_ints(y, l.times_ints(z, base)), z]
    }
}

/// What goes from one limb to the next, where limbs are made one by one.
#[derive(Clone, Copy, Default)]
pub(super) struct Chain {
    /// The second digit of the last coefficient and the third of the one before it.
    next: i64,
    /// The third digit of the last coefficient.
    after: i64,
    carry: i64,
}

impl Chain {
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "brought into 0 to B − 1")]
    pub(super) fn limb(&mut self, x: i64, y: i64, z: i64) -> u64 {
        let sum = x + self.next + self.carry;
        (self.next, self.after) = (y + self.after, z);
        self.carry = i64::from(sum >= B) - i64::from(sum < 0) - i64::from(sum < -B);
        (sum - self.carry * B) as u64
    }

    pub(super) fn rest(self) -> i128 {
        i128::from(self.next) + i128::from(self.carry) + i128::from(self.after) * i128::from(B)
    }
}

/// The limbs of a tile of rows, each row for itself; returns what each carries to the next one.
///
/// `residues` are what the columns left, modulo each prime; `out` has four rows.
#[inline(always)]
pub(super) fn limbs_of_tile<L: Lanes>(
    l: L,
    shape: &Shape,
    residues: [&[f64]; 3],
    tile: usize,
    out: &mut [u64],
) -> [i128; TILE_ROWS] {
    let constants = Constants::of(l);
    let mut chains = [l.start(); TILE_ROWS];
    let (low, high) = out.split_at_mut(2 * shape.columns);
    let ((a, b), (c, d)) = (low.split_at_mut(shape.columns), high.split_at_mut(shape.columns));
    let [a, b, c, d] = [a, b, c, d].map(|row| row.as_chunks_mut::<TILE_COLUMNS>().0.iter_mut());
    let column_tile = shape.rows * TILE_COLUMNS;
    let [first, second, third] = residues.map(|residues| residues.chunks_exact(column_tile));
    let parts = TILE_COLUMNS / 4 / L::QUADS;
    for (((first, second), third), (((a, b), c), d)) in
        first.zip(second).zip(third).zip(a.zip(b).zip(c).zip(d))
    {
        let [first, second, third] =
            [block::<L>(first, tile), block::<L>(second, tile), block::<L>(third, tile)];
        let out = [a, b, c, d];
        for part in 0..parts {
            let digits = map(
                [0, 1, 2, 3],
                #[inline(always)]
                |row: usize| {
                    let at = row * parts + part;
                    constants.digits(l, [l.load(first[at]), l.load(second[at]), l.load(third[at])])
                },
            );
            for (row, digits) in digits.into_iter().enumerate() {
                l.limbs(&mut chains[row], digits, &mut out[row][4 * L::QUADS * part..]);
            }
        }
    }
    map(
        chains,
        #[inline(always)]
        |chain| l.rest_of(chain),
    )
}

/// Four rows of eight columns.
#[inline(always)]
fn block<L: Lanes>(column_tile: &[f64], tile: usize) -> &[L::Group] {
    column_tile.as_chunks::<BLOCK>().0.get(tile).map_or(&[], |block| cast_slice(block))
}

/// Adds what each row carries to the row after it, and `addend` to the whole number; returns how many limbs it has.
///
/// What leaves a row settles in the next one's first limbs, unless these are all 9s or all 0s.
#[expect(clippy::cast_possible_truncation, reason = "a remainder is a limb")]
pub(super) fn settle(out: &mut [u64], columns: usize, carries: &[i128], addend: i64) -> usize {
    let mut add = |at: usize, mut carry: i128| {
        for limb in out.iter_mut().skip(at) {
            if carry == 0 {
                return;
            }
            let sum = i128::from(*limb) + carry;
            (*limb, carry) = (sum.rem_euclid(B.into()) as u64, sum.div_euclid(B.into()));
        }
        debug_assert_eq!(carry, 0, "the number is too long for its limbs");
    };
    for (row, &carry) in carries.iter().enumerate() {
        add((row + 1) * columns, carry);
    }
    add(0, addend.into());
    out.iter().rposition(|&limb| limb != 0).map_or(0, |highest| highest + 1)
}

#[cfg(test)]
mod tests {
    use bytemuck::cast_slice;
    use proptest::prelude::*;

    use super::{
        super::lanes::{Lanes, Portable},
        B,
    };

    /// The digits of a coefficient, the lowest first.
    type Coefficient = [i64; 3];

    /// What a row's limbs and the rest must be, one limb after the other.
    fn reference(row: &[Coefficient]) -> (Vec<u64>, i128) {
        let (mut limbs, mut carry) = (Vec::new(), [0; 3]);
        for coefficient in row {
            for (carry, &digit) in carry.iter_mut().zip(coefficient) {
                *carry += i128::from(digit);
            }
            let [sum, next, after] = carry;
            limbs.push(sum.rem_euclid(B.into()).try_into().unwrap());
            carry = [next + sum.div_euclid(B.into()), after, 0];
        }
        (limbs, carry[0] + carry[1] * i128::from(B))
    }

    /// By doubles, which hold half of each.
    fn ints<L: Lanes>(l: L, digits: &[i64]) -> L::Ints {
        const HALF: i64 = 1 << 30;
        let part = |part: fn(i64) -> i64| {
            #[expect(clippy::cast_precision_loss, reason = "30 bits")]
            let part: Vec<_> = digits.iter().map(|&digit| part(digit) as f64).collect();
            l.to_ints(l.load(cast_slice(&part)[0]))
        };
        l.add_ints(
            l.times_ints(part(|digit| digit.div_euclid(HALF)), l.int(HALF)),
            part(|digit| digit.rem_euclid(HALF)),
        )
    }

    fn check(l: impl Lanes, row: &[Coefficient]) {
        let (mut chain, mut limbs) = (l.start(), Vec::new());
        for some in row.chunks_exact(limbs_at_once(l)) {
            let mut out = [0; 8];
            let digits = [0, 1, 2].map(|k: usize| ints(l, &some.iter().map(|c| c[k]).collect::<Vec<_>>()));
            l.limbs(&mut chain, digits, &mut out);
            limbs.extend_from_slice(&out[..some.len()]);
        }
        assert_eq!((limbs, l.rest_of(chain)), reference(row));
    }

    fn limbs_at_once<L: Lanes>(_: L) -> usize {
        4 * L::QUADS
    }

    fn check_on_every_path(row: &[Coefficient]) {
        check(Portable, row);
        #[cfg(target_arch = "x86_64")]
        {
            use super::super::lanes::{Avx2, Avx512};
            let _ = (Avx2::detect().map(|l| check(l, row)), Avx512::detect().map(|l| check(l, row)));
        }
    }

    /// One limb more than the base allows, or one less than nothing, or two, and then limbs that pass on what they get.
    #[test]
    fn what_is_carried_runs_through_all_lanes() {
        for (first, then) in [(B, B - 1), (-1, 0), (-B, 0), (-B - 1, 0)] {
            for place in 0..16 {
                let mut row = [[then, 0, 0]; 16];
                row[..place].fill([0; 3]);
                row[place] = [first, 0, 0];
                check_on_every_path(&row);
            }
        }
    }

    proptest! {
        /// First and second digits as far from nothing as they get, and such that sums are a little beside the base.
        #[test]
        fn digits_become_the_limbs_of_their_sum(row in prop::collection::vec(
            (first_or_second(), first_or_second(), -(1_i64 << 25)..1 << 25).prop_map(|(x, y, z)| [x, y, z]),
            1..8,
        )) {
            // Whole vectors of each path: the same digits again and again, from another place on.
            let row: Vec<_> = row.iter().copied().cycle().take(8 * row.len()).collect();
            check_on_every_path(&row);
        }
    }

    fn first_or_second() -> impl Strategy<Value = i64> {
        const MOST: i64 = B / 10 * 6;
        prop_oneof![
            -MOST..=MOST,
            Just(MOST),
            Just(-MOST),
            B / 2 - 2..B / 2 + 2,
            -B / 2 - 2..-B / 2 + 2,
            -2_i64..2
        ]
    }
}
