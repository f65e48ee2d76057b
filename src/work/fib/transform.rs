//! The number-theoretic transform over the Goldilocks prime.
//!
//! It takes a polynomial modulo x^N − 1 apart into its values at the N-th roots of unity, by splitting rings:
//! modulo x^2M − r² is modulo x^M − r and modulo x^M + r, and the coefficients are a + r·b and a − r·b. So one root serves
//! a whole block, nothing is ever reordered, and the values come out in an order that only the inverse needs to know.
//! Two such levels are done at once. N is 2^e, 3·2^e or 5·2^e; the odd factor is split off first.

use std::sync::LazyLock;

use super::{
    field::{INVERSE_ROOTS, P, ROOTS, add, inverse, mul, mul_by_i, pow, sub},
    tiles::{TILE, Tiles},
};
use crate::work::control::Cancelled;

/// Blocks up to this length are transformed in one go, as one tile: 256 KiB, half of a common second-level cache.
const BLOCK: usize = 1 << 15;

/// A transform of one length.
pub(super) struct Transform {
    /// 1, 3 or 5.
    odd: usize,
    /// The power of two.
    power: usize,
}

impl Transform {
    /// The shortest transform for at least `len` coefficients.
    pub(super) fn for_len(len: usize) -> Self {
        let candidate = |odd: usize| Self { odd, power: len.div_ceil(odd).next_power_of_two().max(16) };
        let (one, three, five) = (candidate(1), candidate(3), candidate(5));
        let shorter = if three.len() < one.len() { three } else { one };
        if five.len() < shorter.len() { five } else { shorter }
    }

    /// How many coefficients it transforms.
    pub(super) fn len(&self) -> usize {
        self.odd * self.power
    }

    /// Length of the blocks that are transformed as one tile.
    fn block(&self) -> usize {
        let mut block = self.power;
        while block > BLOCK {
            block /= 4;
        }
        block
    }

    /// The cost of one transform in either direction, in the unit of [`Tiles`].
    pub(super) fn cost(&self) -> u64 {
        let mut cost = self.blocks_cost();
        let mut size = self.power;
        while size > BLOCK {
            cost += pass_cost(self.len());
            size /= 4;
        }
        if self.odd > 1 { cost + odd_cost(self.len()) } else { cost }
    }

    /// The cost of all blocks: each level of a transform costs about the same.
    fn blocks_cost(&self) -> u64 {
        self.len() as u64 * u64::from(self.block().trailing_zeros() + 2)
    }

    /// Coefficients to values. `data` holds [`len`](Self::len) residues.
    pub(super) fn forward(&self, data: &mut [u64], tiles: &Tiles<'_>) -> Result<(), Cancelled> {
        self.split_odd(data, self.root(), tiles, forward_3, forward_5)?;
        let mut size = self.power;
        while size > BLOCK {
            self.pass(data, size, tiles, &FORWARD, forward_4)?;
            size /= 4;
        }
        let nodes = self.power / size;
        let blocks = data.chunks_exact_mut(size).enumerate().collect();
        tiles.run(blocks, self.blocks_cost(), |(i, block)| forward_block(block, i % nodes, &FORWARD))
    }

    /// Values to coefficients, times N: the caller multiplies by [`scale`](Self::scale) where it is cheapest.
    pub(super) fn inverse(&self, data: &mut [u64], tiles: &Tiles<'_>) -> Result<(), Cancelled> {
        let mut size = self.block();
        let nodes = self.power / size;
        let blocks = data.chunks_exact_mut(size).enumerate().collect();
        tiles.run(blocks, self.blocks_cost(), |(i, block)| inverse_block(block, i % nodes, &INVERSE))?;
        while size < self.power {
            size *= 4;
            self.pass(data, size, tiles, &INVERSE, inverse_4)?;
        }
        self.split_odd(data, inverse(self.root()), tiles, inverse_3, inverse_5)
    }

    /// A root of unity of order N.
    fn root(&self) -> u64 {
        pow(7, (P - 1) / self.len() as u64)
    }

    /// 1/N.
    pub(super) fn scale(&self) -> u64 {
        inverse(self.len() as u64)
    }

    /// One pass over all blocks of `size`, which `butterflies` splits into four or joins from four.
    fn pass(
        &self,
        data: &mut [u64],
        size: usize,
        tiles: &Tiles<'_>,
        roots: &Roots,
        butterflies: fn([&mut [u64]; 4], u64),
    ) -> Result<(), Cancelled> {
        let nodes = self.power / size;
        let mut work = Vec::new();
        for (i, block) in data.chunks_exact_mut(size).enumerate() {
            let root = roots.of(2 * (i % nodes));
            let [a, b, c, d] = quarters(block).map(|quarter| quarter.chunks_mut(TILE / 4));
            work.extend(a.zip(b).zip(c).zip(d).map(|(((a, b), c), d)| ([a, b, c, d], root)));
        }
        tiles.run(work, pass_cost(self.len()), |(columns, root)| butterflies(columns, root))
    }

    /// The pass that splits x^N − 1 into `odd` rings x^M − 1, or joins them.
    fn split_odd(
        &self,
        data: &mut [u64],
        root: u64,
        tiles: &Tiles<'_>,
        three: fn([&mut [u64]; 3], [u64; 2]),
        five: fn([&mut [u64]; 5], [u64; 2]),
    ) -> Result<(), Cancelled> {
        let width = self.power.min(TILE / 4);
        // The root of each tile's first column.
        let starts = (0..).map(|tile: u64| [root, pow(root, tile * width as u64)]);
        let cost = odd_cost(self.len());
        let mut rings = data.chunks_exact_mut(self.power).map(|ring| ring.chunks_mut(width));
        match (self.odd, rings.next(), rings.next(), rings.next(), rings.next(), rings.next()) {
            (3, Some(a), Some(b), Some(c), ..) => {
                let work = a.zip(b).zip(c).map(|((a, b), c)| [a, b, c]).zip(starts).collect();
                tiles.run(work, cost, |(columns, root)| three(columns, root))
            }
            (5, Some(a), Some(b), Some(c), Some(d), Some(e)) => {
                let columns = a.zip(b).zip(c).zip(d).zip(e).map(|((((a, b), c), d), e)| [a, b, c, d, e]);
                tiles.run(columns.zip(starts).collect(), cost, |(columns, root)| five(columns, root))
            }
            _ => Ok(()),
        }
    }
}

/// Measured, in nanoseconds: a pass of two levels over `len` elements.
fn pass_cost(len: usize) -> u64 {
    3 * len as u64
}

fn odd_cost(len: usize) -> u64 {
    6 * len as u64
}

/// The roots by which rings are split.
///
/// The ring number s of a level, x^2M − r², has r = `of(s)`; its halves are the rings 2s and 2s + 1 of the next level. So
/// `of(2s)`² = `of(s)` and `of(2s + 1)` = i · `of(2s)`: bit j of s contributes a root of order 2^(j+2).
struct Roots {
    generators: &'static [u64; 33],
    /// `of(2t)` for all t that a block needs.
    even: Vec<u64>,
}

static FORWARD: LazyLock<Roots> = LazyLock::new(|| Roots::new(&ROOTS));
static INVERSE: LazyLock<Roots> = LazyLock::new(|| Roots::new(&INVERSE_ROOTS));

impl Roots {
    fn new(generators: &'static [u64; 33]) -> Self {
        let mut even = vec![1];
        for &generator in &generators[3..] {
            if even.len() < BLOCK / 4 {
                even.extend_from_within(..);
                let half = even.len() / 2;
                even[half..].iter_mut().for_each(|root| *root = mul(*root, generator));
            }
        }
        Self { generators, even }
    }

    fn of(&self, s: usize) -> u64 {
        let generators = self.generators[2..].iter().enumerate();
        generators.filter(|(bit, _)| s >> bit & 1 == 1).fold(1, |root, (_, &generator)| mul(root, generator))
    }

    /// `of(2·(s·nodes + t))` for t = 0, 1 … `nodes` − 1, where `nodes` is a power of two: the bits of s and t do not meet.
    fn of_level(&self, s: usize, nodes: usize) -> impl Iterator<Item = u64> {
        let common = self.of(2 * s * nodes);
        self.even[..nodes].iter().map(move |&root| mul(root, common))
    }
}

/// Transforms the ring number `s` of its level, a power of two of at least 4 coefficients.
fn forward_block(data: &mut [u64], s: usize, roots: &Roots) {
    let (mut size, mut nodes) = (data.len(), 1);
    if size.trailing_zeros() % 2 == 1 {
        let root = roots.of(s);
        let (low, high) = data.split_at_mut(size / 2);
        for (a, b) in low.iter_mut().zip(high) {
            let product = mul(*b, root);
            (*a, *b) = (add(*a, product), sub(*a, product));
        }
        (size, nodes) = (size / 2, 2);
    }
    while size > 4 {
        for (block, root) in data.chunks_exact_mut(size).zip(roots.of_level(s, nodes)) {
            forward_4(quarters(block), root);
        }
        (size, nodes) = (size / 4, nodes * 4);
    }
    for (block, root) in data.as_chunks_mut::<4>().0.iter_mut().zip(roots.of_level(s, nodes)) {
        *block = forward_butterfly(*block, powers(root));
    }
}

/// Undoes [`forward_block`], up to the factor of its length.
fn inverse_block(data: &mut [u64], s: usize, roots: &Roots) {
    let (mut size, mut nodes) = (4, data.len() / 4);
    for (block, root) in data.as_chunks_mut::<4>().0.iter_mut().zip(roots.of_level(s, nodes)) {
        *block = inverse_butterfly(*block, powers(root));
    }
    while nodes >= 4 {
        (size, nodes) = (size * 4, nodes / 4);
        for (block, root) in data.chunks_exact_mut(size).zip(roots.of_level(s, nodes)) {
            inverse_4(quarters(block), root);
        }
    }
    if nodes == 2 {
        let root = roots.of(s);
        let (low, high) = data.split_at_mut(size);
        for (a, b) in low.iter_mut().zip(high) {
            (*a, *b) = (add(*a, *b), mul(sub(*a, *b), root));
        }
    }
}

fn quarters(block: &mut [u64]) -> [&mut [u64]; 4] {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let (a, b) = low.split_at_mut(low.len() / 2);
    let (c, d) = high.split_at_mut(high.len() / 2);
    [a, b, c, d]
}

fn powers(root: u64) -> [u64; 3] {
    let square = mul(root, root);
    [root, square, mul(square, root)]
}

/// Splits x^4M − q^4 into x^M − q, x^M + q, x^M − iq and x^M + iq, column by column; `q` is the root.
fn forward_4([a, b, c, d]: [&mut [u64]; 4], root: u64) {
    let powers = powers(root);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        [*a, *b, *c, *d] = forward_butterfly([*a, *b, *c, *d], powers);
    }
}

fn inverse_4([a, b, c, d]: [&mut [u64]; 4], root: u64) {
    let powers = powers(root);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        [*a, *b, *c, *d] = inverse_butterfly([*a, *b, *c, *d], powers);
    }
}

#[inline]
fn forward_butterfly([a, b, c, d]: [u64; 4], [q1, q2, q3]: [u64; 3]) -> [u64; 4] {
    let (b, c, d) = (mul(b, q1), mul(c, q2), mul(d, q3));
    let (sum_ac, difference_ac) = (add(a, c), sub(a, c));
    let (sum_bd, difference_bd) = (add(b, d), mul_by_i(sub(b, d)));
    [
        add(sum_ac, sum_bd),
        sub(sum_ac, sum_bd),
        add(difference_ac, difference_bd),
        sub(difference_ac, difference_bd),
    ]
}

/// Four times the inverse of [`forward_butterfly`]; the powers are those of 1/q.
#[inline]
fn inverse_butterfly([a, b, c, d]: [u64; 4], [q1, q2, q3]: [u64; 3]) -> [u64; 4] {
    let (sum_ab, difference_ab) = (add(a, b), sub(a, b));
    // Divided by i: (c − d)/i is i·(d − c).
    let (sum_cd, difference_cd) = (add(c, d), mul_by_i(sub(d, c)));
    [
        add(sum_ab, sum_cd),
        mul(add(difference_ab, difference_cd), q1),
        mul(sub(sum_ab, sum_cd), q2),
        mul(sub(difference_ab, difference_cd), q3),
    ]
}

/// A third root of unity, and the two products that a transform of length 3 needs: (ζ + ζ²)/2 and (ζ − ζ²)/2.
const ZETA_3: u64 = pow(7, (P - 1) / 3);
const COS_3: u64 = half_sum(ZETA_3, pow(ZETA_3, 2));
const SIN_3: u64 = half_sum(ZETA_3, P - pow(ZETA_3, 2));

/// The same for length 5: (ζ^k + ζ^−k)/2 and (ζ^k − ζ^−k)/2 for k = 1 and 2.
const ZETA_5: u64 = pow(7, (P - 1) / 5);
const COS_5: [u64; 2] = [half_sum(ZETA_5, pow(ZETA_5, 4)), half_sum(pow(ZETA_5, 2), pow(ZETA_5, 3))];
const SIN_5: [u64; 2] = [half_sum(ZETA_5, P - pow(ZETA_5, 4)), half_sum(pow(ZETA_5, 2), P - pow(ZETA_5, 3))];

/// (a + b)/2 mod p.
#[expect(clippy::cast_possible_truncation, reason = "smaller than p")]
const fn half_sum(a: u64, b: u64) -> u64 {
    ((a as u128 + b as u128) * (P / 2 + 1) as u128 % P as u128) as u64
}

#[inline]
fn transform_3([a, b, c]: [u64; 3], sin: u64) -> [u64; 3] {
    let sum = add(b, c);
    let even = add(a, mul(sum, COS_3));
    let odd = mul(sub(b, c), sin);
    [add(a, sum), add(even, odd), sub(even, odd)]
}

#[inline]
fn transform_5([a, b, c, d, e]: [u64; 5], [sin_1, sin_2]: [u64; 2]) -> [u64; 5] {
    let [cos_1, cos_2] = COS_5;
    let (sum_1, difference_1) = (add(b, e), sub(b, e));
    let (sum_2, difference_2) = (add(c, d), sub(c, d));
    let even_1 = add(a, add(mul(sum_1, cos_1), mul(sum_2, cos_2)));
    let even_2 = add(a, add(mul(sum_1, cos_2), mul(sum_2, cos_1)));
    let odd_1 = add(mul(difference_1, sin_1), mul(difference_2, sin_2));
    let odd_2 = sub(mul(difference_1, sin_2), mul(difference_2, sin_1));
    [
        add(a, add(sum_1, sum_2)),
        add(even_1, odd_1),
        add(even_2, odd_2),
        sub(even_2, odd_2),
        sub(even_1, odd_1),
    ]
}

/// Splits x^3M − 1 into three rings x^M − ζ^j, each then twisted into x^M − 1: the coefficient of x^i is multiplied by
/// θ^(i·j), where θ^M = ζ. `theta` and `twist`, θ to the number of the first column, are the pair that comes with a tile.
fn forward_3([a, b, c]: [&mut [u64]; 3], [theta, mut twist]: [u64; 2]) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        let [x, y, z] = transform_3([*a, *b, *c], SIN_3);
        let square = mul(twist, twist);
        [*a, *b, *c] = [x, mul(y, twist), mul(z, square)];
        twist = mul(twist, theta);
    }
}

/// Three times the inverse of [`forward_3`].
fn inverse_3([a, b, c]: [&mut [u64]; 3], [theta, mut twist]: [u64; 2]) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        let square = mul(twist, twist);
        [*a, *b, *c] = transform_3([*a, mul(*b, twist), mul(*c, square)], P - SIN_3);
        twist = mul(twist, theta);
    }
}

/// As [`forward_3`], with five rings.
fn forward_5([a, b, c, d, e]: [&mut [u64]; 5], [theta, mut twist]: [u64; 2]) {
    for ((((a, b), c), d), e) in a.iter_mut().zip(b).zip(c).zip(d).zip(e) {
        let [v, w, x, y, z] = transform_5([*a, *b, *c, *d, *e], SIN_5);
        let square = mul(twist, twist);
        [*a, *b, *c] = [v, mul(w, twist), mul(x, square)];
        [*d, *e] = [mul(y, mul(square, twist)), mul(z, mul(square, square))];
        twist = mul(twist, theta);
    }
}

/// Five times the inverse of [`forward_5`].
fn inverse_5([a, b, c, d, e]: [&mut [u64]; 5], [theta, mut twist]: [u64; 2]) {
    for ((((a, b), c), d), e) in a.iter_mut().zip(b).zip(c).zip(d).zip(e) {
        let square = mul(twist, twist);
        let (y, z) = (mul(*d, mul(square, twist)), mul(*e, mul(square, square)));
        [*a, *b, *c, *d, *e] =
            transform_5([*a, mul(*b, twist), mul(*c, square), y, z], SIN_5.map(|sin| P - sin));
        twist = mul(twist, theta);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::control::Control;

    fn pseudo_random(len: usize) -> Vec<u64> {
        (1..=len as u64).map(|i| pow(i, 1_000_003)).collect()
    }

    #[test]
    fn the_shortest_length_is_taken() {
        for (len, expected) in
            [(1, 16), (17, 32), (33, 48), (49, 64), (65, 80), (81, 96), (34_831_273, 5 << 23)]
        {
            assert_eq!(Transform::for_len(len).len(), expected, "{len}");
        }
    }

    /// Multiplying by x^k modulo x^N − 1 turns the coefficients round by k.
    #[test]
    fn products_are_cyclic_at_every_kind_of_length() {
        let control = Control::default();
        let tiles = Tiles::new(&control, 1);
        for len in [16, 32, 48, 80, 512, 3 << 10, BLOCK, 2 * BLOCK, 3 * BLOCK, 5 * BLOCK, 20 * BLOCK] {
            let transform = Transform::for_len(len);
            assert_eq!(transform.len(), len);
            let coefficients = pseudo_random(len);
            let turn = len / 3 + 1;
            let (mut a, mut b) = (coefficients.clone(), vec![0; len]);
            b[turn] = 1;
            transform.forward(&mut a, &tiles).unwrap();
            transform.forward(&mut b, &tiles).unwrap();
            let scale = transform.scale();
            a.iter_mut().zip(&b).for_each(|(a, b)| *a = mul(mul(*a, *b), scale));
            transform.inverse(&mut a, &tiles).unwrap();
            a.rotate_left(turn);
            assert!(a == coefficients, "length {len}");
        }
    }
}
