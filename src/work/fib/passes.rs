//! The passes of a transform: columns forward, rows there and back with the products between, columns back.
//!
//! Each tile reads what all share and writes a piece of its own, which lies in one place:
//! - after the columns, tile t holds R/4 blocks of 8 columns by 4 rows;
//! - after the rows, tile g holds C columns of 4 rows;
//! - after the columns back, tile t holds R rows of 8 columns.
//!
//! So a tile reads pieces of at least 256 bytes, and no two tiles write near each other.

use super::{
    butterflies::{Constants, Quad, forward_4, inverse_4, sums_3, sums_5, twisted},
    lanes::{Factor, Lanes, Modulus, map},
    plan::{Plan, TILE_COLUMNS, TILE_ROWS},
    prime::Way,
};

/// Quads of a tile's row of columns.
const TILE_QUADS: usize = TILE_COLUMNS / 4;
/// Results of the splits stay below this many tenths of p, so that the next one can take them.
const MAX_BOUND: usize = 90;

/// Columns `8·tile` and on of a number: from its limbs to the rings of the rows.
#[inline(always)]
pub(super) fn forward_columns<L: Lanes>(l: L, plan: &Plan, limbs: &[u64], tile: usize, out: &mut [Quad]) {
    let m = l.modulus(plan.prime);
    load(l, m, plan, limbs, tile, out);
    let constants = Constants::of(l, plan.prime);
    let mut roots = plan.forward.as_slice();
    let (mut blocks, mut bound) = (1, 6);
    let (last, splits) = plan.splits.split_last().unwrap_or((&4, &[]));
    debug_assert_eq!(*last, 4);
    for &radix in splits {
        let others = 7 * (radix - 1);
        let reduce = bound + others > MAX_BOUND;
        bound = if reduce { 5 } else { bound } + others;
        let (here, rest) = roots.split_at(blocks * (radix - 1));
        let size = out.len() / blocks;
        for (block, roots) in out.chunks_exact_mut(size).zip(here.chunks_exact(radix - 1)) {
            match (radix, blocks, reduce) {
                (5, ..) => split_5(l, m, block, roots, constants.fifth),
                (3, ..) => split_3(l, m, block, roots, constants.third),
                (2, ..) => split_2(l, m, block, roots),
                (_, 1, _) => split_4::<L, false, false>(l, m, block, roots, constants.i),
                (_, _, false) => split_4::<L, true, false>(l, m, block, roots, constants.i),
                (_, _, true) => split_4::<L, true, true>(l, m, block, roots, constants.i),
            }
        }
        (roots, blocks) = (rest, blocks * radix);
    }
    // The last split is of four neighbours; rows become lanes on the way.
    for (block, roots) in
        out.as_chunks_mut::<{ TILE_ROWS * TILE_QUADS }>().0.iter_mut().zip(roots.as_chunks::<3>().0)
    {
        let factors = all(l, *roots);
        let [a0, a1, b0, b1, c0, c1, d0, d1] = loaded(l, *block);
        let left = l.transpose(forward_4::<L, true, true>(l, m, [a0, b0, c0, d0], factors, constants.i));
        let right = l.transpose(forward_4::<L, true, true>(l, m, [a1, b1, c1, d1], factors, constants.i));
        let [a, b, c, d] = left;
        let [e, f, g, h] = right;
        *block = stored(l, [a, b, c, d, e, f, g, h]);
    }
}

#[inline(always)]
fn load<L: Lanes>(l: L, m: Modulus<L::V>, plan: &Plan, limbs: &[u64], tile: usize, out: &mut [Quad]) {
    let shift = l.factor(plan.prime.with_quotient(plan.prime.residue(1 << 32)));
    let rows = out.as_chunks_mut::<TILE_QUADS>().0.iter_mut();
    for (row, at) in rows.zip((tile * TILE_COLUMNS..).step_by(plan.shape.columns)) {
        *row = match limbs.get(at..at + TILE_COLUMNS).map(|limbs| limbs.as_chunks::<4>().0) {
            Some(&[left, right]) => [residues(l, m, shift, left), residues(l, m, shift, right)],
            _ if at >= limbs.len() => [[0.0; 4]; 2],
            _ => {
                let mut padded = [[0; 4]; TILE_QUADS];
                padded.as_flattened_mut().iter_mut().zip(&limbs[at..]).for_each(|(to, from)| *to = *from);
                [residues(l, m, shift, padded[0]), residues(l, m, shift, padded[1])]
            }
        };
    }
}

/// Limbs modulo the prime, where `shift` is 2^32.
#[inline(always)]
fn residues<L: Lanes>(l: L, m: Modulus<L::V>, shift: Factor<L::V>, limbs: [u64; 4]) -> Quad {
    let [low, high] = l.halves(limbs);
    l.store(l.add(low, l.scale(m, high, shift)))
}

/// Back from the rows' rings to coefficients.
#[inline(always)]
pub(super) fn inverse_columns<L: Lanes>(l: L, plan: &Plan, rows: &[f64], tile: usize, out: &mut [Quad]) {
    let m = l.modulus(plan.prime);
    let constants = Constants::of(l, plan.prime);
    let (_, splits) = plan.splits.split_last().unwrap_or((&4, &[]));
    let mut roots = plan.inverse.as_slice();
    let mut blocks = plan.shape.rows / TILE_ROWS;
    let (rest, here) = roots.split_at(roots.len() - 3 * blocks);
    roots = rest;
    let pieces = rows.as_chunks::<4>().0.chunks_exact(plan.shape.columns);
    let outs = out.as_chunks_mut::<{ TILE_ROWS * TILE_QUADS }>().0.iter_mut();
    for ((piece, out), roots) in pieces.zip(outs).zip(here.as_chunks::<3>().0) {
        let factors = all(l, *roots);
        let at = tile * TILE_COLUMNS;
        let Some(&[a, b, c, d, e, f, g, h]) = piece.get(at..at + TILE_COLUMNS) else { continue };
        let left = l.transpose(loaded(l, [a, b, c, d]));
        let right = l.transpose(loaded(l, [e, f, g, h]));
        let left = inverse_4::<L, true>(l, m, left, factors, constants.i);
        let right = inverse_4::<L, true>(l, m, right, factors, constants.i);
        let ([a0, b0, c0, d0], [a1, b1, c1, d1]) = (left, right);
        *out = stored(l, [a0, a1, b0, b1, c0, c1, d0, d1]);
    }
    for &radix in splits.iter().rev() {
        blocks /= radix;
        let (rest, here) = roots.split_at(roots.len() - blocks * (radix - 1));
        roots = rest;
        let size = out.len() / blocks;
        for (block, roots) in out.chunks_exact_mut(size).zip(here.chunks_exact(radix - 1)) {
            match (radix, blocks) {
                (5, _) => join_5(l, m, block, roots, constants.fifth),
                (3, _) => join_3(l, m, block, roots, constants.third),
                (2, _) => join_2(l, m, block, roots),
                (_, 1) => join_4::<L, false>(l, m, block, roots, constants.i),
                _ => join_4::<L, true>(l, m, block, roots, constants.i),
            }
        }
    }
    let scale = l.factor(plan.scale);
    for quad in out {
        *quad = l.store(l.scale(m, l.load(*quad), scale));
    }
}

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
/// `a` and `b` are what [`forward_columns`] made, all tiles; `out` takes the results, the second only if it is wanted.
#[inline(always)]
pub(super) fn rows<L: Lanes>(
    l: L,
    plan: &Plan,
    [a, b]: [&[f64]; 2],
    tile: usize,
    [out_a, out_b]: [&mut [Quad]; 2],
    [first, second]: [Option<Combine>; 2],
) {
    let m = l.modulus(plan.prime);
    let i = l.factor(plan.prime.with_quotient(plan.prime.root(2, Way::Forward)));
    gather(plan, a, tile, out_a);
    gather(plan, b, tile, out_b);
    let splits = plan.shape.columns.trailing_zeros() as usize / 2;
    for split in 0..splits {
        let size = plan.shape.columns >> (2 * split);
        let lanes = l.factors(m, l.load(plan.lane_roots(split, Way::Forward)));
        let root = l.scale(m, l.splat(plan.row_root(tile, split, Way::Forward)), lanes);
        let blocks = out_a.chunks_exact_mut(size).zip(out_b.chunks_exact_mut(size));
        for ((a, b), &even) in blocks.zip(plan.even(Way::Forward)) {
            let factors = powers(l, m, l.scale(m, root, l.factor(even)));
            // See the magnitudes: the first takes what the columns left, and the last two bring it down to what `mul` takes.
            if split == 0 || split + 2 >= splits {
                split_with::<L, true, true>(l, m, a, factors, i);
                split_with::<L, true, true>(l, m, b, factors, i);
            } else {
                split_with::<L, true, false>(l, m, a, factors, i);
                split_with::<L, true, false>(l, m, b, factors, i);
            }
        }
    }
    for (to_a, to_b) in out_a.iter_mut().zip(out_b.iter_mut()) {
        let (a, b) = (l.load(*to_a), l.load(*to_b));
        let squares = [l.mul(m, a, a), l.mul(m, b, b)];
        if let Some(first) = first {
            *to_a = l.store(first.value(l, m, [a, b], squares));
        }
        if let Some(second) = second {
            *to_b = l.store(second.value(l, m, [a, b], squares));
        }
    }
    for split in (0..splits).rev() {
        let size = plan.shape.columns >> (2 * split);
        let lanes = l.factors(m, l.load(plan.lane_roots(split, Way::Inverse)));
        let root = l.scale(m, l.splat(plan.row_root(tile, split, Way::Inverse)), lanes);
        let blocks = out_a.chunks_exact_mut(size).zip(out_b.chunks_exact_mut(size));
        for ((a, b), &even) in blocks.zip(plan.even(Way::Inverse)) {
            let factors = powers(l, m, l.scale(m, root, l.factor(even)));
            join_with::<L, true>(l, m, a, factors, i);
            if second.is_some() {
                join_with::<L, true>(l, m, b, factors, i);
            }
        }
    }
}

#[inline(always)]
fn loaded<L: Lanes, const N: usize>(l: L, quads: [Quad; N]) -> [L::V; N] {
    map(
        quads,
        #[inline(always)]
        |quad| l.load(quad),
    )
}

#[inline(always)]
fn stored<L: Lanes, const N: usize>(l: L, values: [L::V; N]) -> [Quad; N] {
    map(
        values,
        #[inline(always)]
        |value| l.store(value),
    )
}

#[inline(always)]
fn all<L: Lanes, const N: usize>(l: L, roots: [[f64; 2]; N]) -> [Factor<L::V>; N] {
    map(
        roots,
        #[inline(always)]
        |root| l.factor(root),
    )
}

/// Collects the blocks of a row tile.
#[inline(always)]
fn gather(plan: &Plan, from: &[f64], tile: usize, out: &mut [Quad]) {
    let column_tiles = from.as_chunks::<4>().0.chunks_exact(plan.shape.rows * TILE_QUADS);
    for (columns, out) in column_tiles.zip(out.as_chunks_mut::<TILE_COLUMNS>().0) {
        if let Some(block) = columns.as_chunks::<TILE_COLUMNS>().0.get(tile) {
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

#[inline(always)]
fn split_4<L: Lanes, const TWIST: bool, const REDUCE: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    roots: &[[f64; 2]],
    i: Factor<L::V>,
) {
    if let &[d, d2, d3] = roots {
        split_with::<L, TWIST, REDUCE>(l, m, block, all(l, [d, d2, d3]), i);
    }
}

#[inline(always)]
fn split_with<L: Lanes, const TWIST: bool, const REDUCE: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    factors: [Factor<L::V>; 3],
    i: Factor<L::V>,
) {
    each_4(
        l,
        block,
        #[inline(always)]
        |chunks| forward_4::<L, TWIST, REDUCE>(l, m, chunks, factors, i),
    );
}

#[inline(always)]
fn join_4<L: Lanes, const TWIST: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    roots: &[[f64; 2]],
    i: Factor<L::V>,
) {
    if let &[d, d2, d3] = roots {
        join_with::<L, TWIST>(l, m, block, all(l, [d, d2, d3]), i);
    }
}

#[inline(always)]
fn join_with<L: Lanes, const TWIST: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    factors: [Factor<L::V>; 3],
    i: Factor<L::V>,
) {
    each_4(
        l,
        block,
        #[inline(always)]
        |chunks| inverse_4::<L, TWIST>(l, m, chunks, factors, i),
    );
}

/// Replaces the numbers at each place of the four chunks of a block.
#[inline(always)]
fn each_4<L: Lanes>(l: L, block: &mut [Quad], butterfly: impl Fn([L::V; 4]) -> [L::V; 4]) {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let (a, b) = low.split_at_mut(low.len() / 2);
    let (c, d) = high.split_at_mut(high.len() / 2);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        let chunks = butterfly(loaded(l, [*a, *b, *c, *d]));
        [*a, *b, *c, *d] = map(
            chunks,
            #[inline(always)]
            |chunk| l.store(chunk),
        );
    }
}

#[inline(always)]
fn split_2<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [Quad], roots: &[[f64; 2]]) {
    let Some(&d) = roots.first() else { return };
    let d = l.factor(d);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (a, b) in low.iter_mut().zip(high) {
        let (low, high) = (l.load(*a), l.scale(m, l.load(*b), d));
        (*a, *b) = (l.store(l.add(low, high)), l.store(l.sub(low, high)));
    }
}

#[inline(always)]
fn join_2<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [Quad], roots: &[[f64; 2]]) {
    let Some(&d) = roots.first() else { return };
    let d = l.factor(d);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (a, b) in low.iter_mut().zip(high) {
        let (low, high) = (l.load(*a), l.load(*b));
        (*a, *b) = (l.store(l.reduce(m, l.add(low, high))), l.store(l.scale(m, l.sub(low, high), d)));
    }
}

#[inline(always)]
fn split_3<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [Quad], roots: &[[f64; 2]], third: Factor<L::V>) {
    let &[d, d2] = roots else { return };
    let factors = all(l, [d, d2]);
    each(
        l,
        block,
        #[inline(always)]
        |[a, b, c]| {
            let [b, c] = twisted::<L, true, 2>(l, m, [b, c], factors);
            sums_3(l, m, [a, b, c], third)
        },
    );
}

#[inline(always)]
fn join_3<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [Quad], roots: &[[f64; 2]], third: Factor<L::V>) {
    let &[d, d2] = roots else { return };
    let factors = all(l, [d, d2]);
    each(
        l,
        block,
        #[inline(always)]
        |[a, b, c]| {
            let [a, b, c] = sums_3(l, m, [a, c, b], third);
            let [b, c] = twisted::<L, true, 2>(l, m, [b, c], factors);
            [l.reduce(m, a), b, c]
        },
    );
}

#[inline(always)]
fn split_5<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    roots: &[[f64; 2]],
    fifth: [Factor<L::V>; 4],
) {
    let &[d, d2, d3, d4] = roots else { return };
    let factors = all(l, [d, d2, d3, d4]);
    each(
        l,
        block,
        #[inline(always)]
        |[a, b, c, d, e]| {
            let [b, c, d, e] = twisted::<L, true, 4>(l, m, [b, c, d, e], factors);
            sums_5(l, m, [a, b, c, d, e], fifth)
        },
    );
}

#[inline(always)]
fn join_5<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [Quad],
    roots: &[[f64; 2]],
    fifth: [Factor<L::V>; 4],
) {
    let &[d, d2, d3, d4] = roots else { return };
    let factors = all(l, [d, d2, d3, d4]);
    each(
        l,
        block,
        #[inline(always)]
        |[a, b, c, d, e]| {
            let [a, b, c, d, e] = sums_5(l, m, [a, e, d, c, b], fifth);
            let [b, c, d, e] = twisted::<L, true, 4>(l, m, [b, c, d, e], factors);
            [l.reduce(m, a), b, c, d, e]
        },
    );
}

/// As [`each_4`], for N chunks.
#[inline(always)]
fn each<L: Lanes, const N: usize>(l: L, block: &mut [Quad], butterfly: impl Fn([L::V; N]) -> [L::V; N]) {
    let size = block.len() / N;
    for place in 0..size {
        let mut quads = [block[place]; N];
        for (k, quad) in quads.iter_mut().enumerate() {
            *quad = block[k * size + place];
        }
        let chunks = butterfly(loaded(l, quads));
        for (k, chunk) in chunks.into_iter().enumerate() {
            block[k * size + place] = l.store(chunk);
        }
    }
}
