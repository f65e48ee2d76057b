//! The passes over the columns, forward and back; between them comes that over the `rows`.
//!
//! Each tile reads what all share and writes a piece of its own, which lies in one place:
//! - after the columns, tile t holds R/4 blocks of 8 columns by 4 rows;
//! - after the rows, tile g holds C columns of 4 rows;
//! - after the columns back, tile t holds R rows of 8 columns.
//!
//! So a tile reads pieces of at least 256 bytes, and no two tiles write near each other.

use super::{
    blocks::{all, join_2, join_3, join_4, join_5, loaded, split_2, split_3, split_4, split_5, stored},
    butterflies::{Constants, Quad, forward_4, inverse_4},
    lanes::{Factor, Lanes, Modulus},
    plan::{Plan, TILE_COLUMNS, TILE_ROWS},
};

/// Quads of a tile's row of columns.
pub(super) const TILE_QUADS: usize = TILE_COLUMNS / 4;
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
        let others = 8 * (radix - 1);
        let reduce = bound + others > MAX_BOUND;
        debug_assert!(!reduce || radix == 4, "only these reduce");
        bound = if reduce { 6 } else { bound } + others;
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
