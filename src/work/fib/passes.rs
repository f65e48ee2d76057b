//! The passes over the columns, forward and back; between them comes that over the `rows`.
//!
//! Each tile reads what all share and writes a piece of its own, which lies in one place:
//! - after the columns, tile t holds R/4 blocks of 8 columns by 4 rows;
//! - after the rows, tile g holds C columns of 4 rows;
//! - after the columns back, tile t holds R rows of 8 columns.
//!
//! So a tile reads pieces of at least 256 bytes, and no two tiles write near each other.

use bytemuck::{cast_slice, cast_slice_mut};

use super::{
    blocks::{all, join_2, join_3, join_4, join_5, loaded, split_2, split_3, split_4, split_5},
    butterflies::{Constants, forward_4, inverse_4},
    lanes::{Factor, Lanes, Modulus, map},
    plan::{Plan, TILE_COLUMNS, TILE_ROWS},
};

/// Elements of four rows by eight columns: of what tiles of columns and of rows have in common.
pub(super) const BLOCK: usize = TILE_COLUMNS * TILE_ROWS;
/// Results of the splits stay below this many tenths of p, so that the next one can take them.
const MAX_BOUND: usize = 90;

/// Columns `8·tile` and on of a number: from its limbs to the rings of the rows.
#[inline(always)]
pub(super) fn forward_columns<L: Lanes>(l: L, plan: &Plan, limbs: &[u64], tile: usize, out: &mut [f64]) {
    let m = l.modulus(plan.prime);
    load(l, m, plan, limbs, tile, out);
    let out: &mut [L::Group] = cast_slice_mut(out);
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
    let parts = TILE_COLUMNS / 4 / L::QUADS;
    for (block, roots) in out.chunks_exact_mut(4 * parts).zip(roots.as_chunks::<3>().0) {
        let factors = all(l, *roots);
        let mut columns = [[l.splat(0.0); 4]; TILE_COLUMNS / 4];
        for (part, columns) in columns.iter_mut().enumerate().take(parts) {
            let rows = map(
                [0, 1, 2, 3],
                #[inline(always)]
                |row: usize| l.load(block[row * parts + part]),
            );
            *columns = l.columns_of(forward_4::<L, true, true>(l, m, rows, factors, constants.i));
        }
        for (group, columns) in block.iter_mut().zip(columns.as_flattened()) {
            *group = l.store(*columns);
        }
    }
}

#[inline(always)]
fn load<L: Lanes>(l: L, m: Modulus<L::V>, plan: &Plan, limbs: &[u64], tile: usize, out: &mut [f64]) {
    let shift = l.factor(plan.prime.with_quotient(plan.prime.residue(1 << 32)));
    let rows = out.as_chunks_mut::<TILE_COLUMNS>().0.iter_mut();
    for (row, at) in rows.zip((tile * TILE_COLUMNS..).step_by(plan.shape.columns)) {
        let limbs = limbs.get(at..).unwrap_or_default();
        if let Some(limbs) = limbs.first_chunk() {
            residues(l, m, shift, limbs, row);
        } else if limbs.is_empty() {
            *row = [0.0; TILE_COLUMNS];
        } else {
            let mut padded = [0; TILE_COLUMNS];
            padded.iter_mut().zip(limbs).for_each(|(to, from)| *to = *from);
            residues(l, m, shift, &padded, row);
        }
    }
}

/// Limbs modulo the prime, where `shift` is 2^32.
#[inline(always)]
fn residues<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    shift: Factor<L::V>,
    limbs: &[u64; TILE_COLUMNS],
    out: &mut [f64; TILE_COLUMNS],
) {
    let limbs: &[L::Group] = cast_slice(limbs);
    let out: &mut [L::Group] = cast_slice_mut(out);
    for (limbs, out) in limbs.iter().zip(out) {
        let [low, high] = l.halves(*limbs);
        *out = l.store(l.add(low, l.scale(m, high, shift)));
    }
}

/// Back from the rows' rings to coefficients.
#[inline(always)]
pub(super) fn inverse_columns<L: Lanes>(l: L, plan: &Plan, rows: &[f64], tile: usize, out: &mut [f64]) {
    let out: &mut [L::Group] = cast_slice_mut(out);
    let m = l.modulus(plan.prime);
    let constants = Constants::of(l, plan.prime);
    let (_, splits) = plan.splits.split_last().unwrap_or((&4, &[]));
    let mut roots = plan.inverse.as_slice();
    let mut blocks = plan.shape.rows / TILE_ROWS;
    let (rest, here) = roots.split_at(roots.len() - 3 * blocks);
    roots = rest;
    let parts = TILE_COLUMNS / 4 / L::QUADS;
    let pieces = rows.chunks_exact(TILE_ROWS * plan.shape.columns);
    for ((piece, out), roots) in pieces.zip(out.chunks_exact_mut(4 * parts)).zip(here.as_chunks::<3>().0) {
        let factors = all(l, *roots);
        let Some(piece) = piece.as_chunks::<BLOCK>().0.get(tile) else { continue };
        let (piece, _): (&[[L::Group; 4]], _) = cast_slice::<_, L::Group>(piece).as_chunks();
        for (part, columns) in piece.iter().enumerate() {
            let rows = l.rows_of(loaded(l, *columns));
            let rows = inverse_4::<L, true>(l, m, rows, factors, constants.i);
            for (row, values) in rows.into_iter().enumerate() {
                out[row * parts + part] = l.store(values);
            }
        }
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
    for group in out {
        *group = l.store(l.scale(m, l.load(*group), scale));
    }
}
