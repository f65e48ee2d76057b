//! The pass over the rows: from rings to values, products of the values, and back to rings.

use bytemuck::cast_slice_mut;

use super::{
    blocks::{join_with, loaded, split_with, stored},
    butterflies::{forward_4, inverse_4},
    lanes::{Factor, Lanes, Modulus, map},
    passes::BLOCK,
    plan::{Plan, TILE_COLUMNS},
    prime::Way,
};

/// What is computed from the values of two numbers a and b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combine {
    /// x·a² + y·b².
    Squares([i8; 2]),
    /// a² + 2ab.
    Product,
}

impl Combine {
    #[inline(always)]
    fn value<L: Lanes>(
        self,
        l: L,
        m: Modulus<L::V>,
        [a, b]: [L::V; 2],
        [square_a, square_b]: [L::V; 2],
    ) -> L::V {
        match self {
            Self::Squares([x, y]) => {
                let (x, y) = (l.splat(f64::from(x)), l.splat(f64::from(y)));
                l.reduce(m, l.add(l.times(square_a, x), l.times(square_b, y)))
            }
            Self::Product => {
                let product = l.mul(m, a, b);
                l.reduce(m, l.add(square_a, l.add(product, product)))
            }
        }
    }
}

/// Rows `4·tile` and on of two numbers: from rings to values, to the values of `first` and `second`, and back to rings.
///
/// `a` and `b` are what [`super::passes::forward_columns`] made, all tiles; `out` takes the results, the second only if it is wanted.
#[inline(always)]
pub(super) fn rows<L: Lanes>(
    l: L,
    plan: &Plan,
    [a, b]: [&[f64]; 2],
    tile: usize,
    [out_a, out_b]: [&mut [f64]; 2],
    [first, second]: [Option<Combine>; 2],
) {
    let m = l.modulus(plan.prime);
    let i = l.factor(plan.prime.with_quotient(plan.prime.root(2, Way::Forward)));
    gather(plan, a, tile, out_a);
    gather(plan, b, tile, out_b);
    let (out_a, out_b): (&mut [L::Group], &mut [L::Group]) = (cast_slice_mut(out_a), cast_slice_mut(out_b));
    let last = plan.shape.columns.trailing_zeros() as usize / 2 - 1;
    for split in 0..last {
        split_rows(l, plan, (tile, split), [out_a, out_b], i);
    }
    split_last(l, plan, (tile, last), [out_a, out_b], i);
    for (to_a, to_b) in out_a.iter_mut().zip(out_b.iter_mut()) {
        // The splits leave up to 7 p.
        let (a, b) = (l.reduce(m, l.load(*to_a)), l.reduce(m, l.load(*to_b)));
        let squares = [l.mul(m, a, a), l.mul(m, b, b)];
        if let Some(first) = first {
            *to_a = l.store(first.value(l, m, [a, b], squares));
        }
        if let Some(second) = second {
            *to_b = l.store(second.value(l, m, [a, b], squares));
        }
    }
    let out_b: &mut [L::Group] = if second.is_some() { out_b } else { &mut [] };
    join_last(l, plan, (tile, last), [out_a, out_b], i);
    for split in (0..last).rev() {
        join_rows(l, plan, (tile, split), [out_a, out_b], i);
    }
}

/// The last split, of four columns for each quad of the lanes; it leaves the quads in an order of its own.
#[inline(always)]
fn split_last<L: Lanes>(
    l: L,
    plan: &Plan,
    (tile, split): (usize, usize),
    [out_a, out_b]: [&mut [L::Group]; 2],
    i: Factor<L::V>,
) {
    let m = l.modulus(plan.prime);
    let root = last_root(l, m, plan, (tile, split), Way::Forward);
    let blocks = out_a.as_chunks_mut::<4>().0.iter_mut().zip(out_b.as_chunks_mut::<4>().0);
    for ((a, b), &even) in blocks.zip(plan.even(Way::Forward).iter().step_by(L::QUADS)) {
        let factors = powers(l, m, l.scale(m, root, l.factor(even)));
        if split.is_multiple_of(3) {
            *a = stored(l, forward_4::<L, true, true>(l, m, l.dealt(loaded(l, *a)), factors, i));
            *b = stored(l, forward_4::<L, true, true>(l, m, l.dealt(loaded(l, *b)), factors, i));
        } else {
            *a = stored(l, forward_4::<L, true, false>(l, m, l.dealt(loaded(l, *a)), factors, i));
            *b = stored(l, forward_4::<L, true, false>(l, m, l.dealt(loaded(l, *b)), factors, i));
        }
    }
}

/// Undoes [`split_last`], up to the factor 4; the second number may be empty.
#[inline(always)]
fn join_last<L: Lanes>(
    l: L,
    plan: &Plan,
    (tile, split): (usize, usize),
    [out_a, out_b]: [&mut [L::Group]; 2],
    i: Factor<L::V>,
) {
    let m = l.modulus(plan.prime);
    let root = last_root(l, m, plan, (tile, split), Way::Inverse);
    let mut b = out_b.as_chunks_mut::<4>().0.iter_mut();
    let evens = plan.even(Way::Inverse).iter().step_by(L::QUADS);
    for (a, &even) in out_a.as_chunks_mut::<4>().0.iter_mut().zip(evens) {
        let factors = powers(l, m, l.scale(m, root, l.factor(even)));
        *a = stored(l, l.gathered(inverse_4::<L, true>(l, m, loaded(l, *a), factors, i)));
        if let Some(b) = b.next() {
            *b = stored(l, l.gathered(inverse_4::<L, true>(l, m, loaded(l, *b), factors, i)));
        }
    }
}

/// The roots of each lane's first ring at the last split, where each quad has a ring of its own.
#[inline(always)]
fn last_root<L: Lanes>(l: L, m: Modulus<L::V>, plan: &Plan, at: (usize, usize), way: Way) -> L::V {
    // The root of ring 2t + 2, for an even t, is that of ring 2t times that of ring 2.
    l.mul(m, row_root(l, m, plan, at, way), l.by_quads([1.0, plan.even(way)[1][0]]))
}

/// One split by four of a tile's rows, each lane by roots of its own.
#[inline(always)]
fn split_rows<L: Lanes>(
    l: L,
    plan: &Plan,
    (tile, split): (usize, usize),
    [out_a, out_b]: [&mut [L::Group]; 2],
    i: Factor<L::V>,
) {
    let m = l.modulus(plan.prime);
    let size = (plan.shape.columns >> (2 * split)) / L::QUADS;
    let root = row_root(l, m, plan, (tile, split), Way::Forward);
    let blocks = out_a.chunks_exact_mut(size).zip(out_b.chunks_exact_mut(size));
    for ((a, b), &even) in blocks.zip(plan.even(Way::Forward)) {
        let factors = powers(l, m, l.scale(m, root, l.factor(even)));
        // The first takes what the columns left; two more do not reach 9 p.
        if split.is_multiple_of(3) {
            split_with::<L, true, true>(l, m, a, factors, i);
            split_with::<L, true, true>(l, m, b, factors, i);
        } else {
            split_with::<L, true, false>(l, m, a, factors, i);
            split_with::<L, true, false>(l, m, b, factors, i);
        }
    }
}

/// Undoes [`split_rows`], up to the factor 4; the second number may be empty.
#[inline(always)]
fn join_rows<L: Lanes>(
    l: L,
    plan: &Plan,
    (tile, split): (usize, usize),
    [out_a, out_b]: [&mut [L::Group]; 2],
    i: Factor<L::V>,
) {
    let m = l.modulus(plan.prime);
    let size = (plan.shape.columns >> (2 * split)) / L::QUADS;
    let root = row_root(l, m, plan, (tile, split), Way::Inverse);
    let mut b = out_b.chunks_exact_mut(size);
    for (a, &even) in out_a.chunks_exact_mut(size).zip(plan.even(Way::Inverse)) {
        let factors = powers(l, m, l.scale(m, root, l.factor(even)));
        join_with::<L, true>(l, m, a, factors, i);
        if let Some(b) = b.next() {
            join_with::<L, true>(l, m, b, factors, i);
        }
    }
}

/// The root of each lane's first ring at a split.
#[inline(always)]
fn row_root<L: Lanes>(l: L, m: Modulus<L::V>, plan: &Plan, (tile, split): (usize, usize), way: Way) -> L::V {
    let lanes = l.factors(m, l.repeat(plan.lane_roots(split, way)));
    l.scale(m, l.splat(plan.row_root(tile, split, way)), lanes)
}

/// Collects the blocks of a row tile.
#[inline(always)]
fn gather(plan: &Plan, from: &[f64], tile: usize, out: &mut [f64]) {
    let column_tiles = from.chunks_exact(plan.shape.rows * TILE_COLUMNS);
    for (columns, out) in column_tiles.zip(out.as_chunks_mut::<BLOCK>().0) {
        if let Some(block) = columns.as_chunks::<BLOCK>().0.get(tile) {
            *out = *block;
        }
    }
}

#[inline(always)]
fn powers<L: Lanes>(l: L, m: Modulus<L::V>, d: L::V) -> [Factor<L::V>; 3] {
    let square = l.mul(m, d, d);
    map(
        [d, square, l.mul(m, square, d)],
        #[inline(always)]
        |power| l.factors(m, power),
    )
}
