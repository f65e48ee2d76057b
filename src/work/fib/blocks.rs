//! Blocks of columns or of rows, split into rings and joined again: butterflies at each place of their chunks.

use super::{
    butterflies::{forward_4, inverse_4, sums_3, sums_5, twisted},
    lanes::{Factor, Lanes, Modulus, map},
};

#[inline(always)]
pub(super) fn split_4<L: Lanes, const TWIST: bool, const REDUCE: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
    roots: &[[f64; 2]],
    i: Factor<L::V>,
) {
    if let &[d, d2, d3] = roots {
        split_with::<L, TWIST, REDUCE>(l, m, block, all(l, [d, d2, d3]), i);
    }
}

#[inline(always)]
pub(super) fn split_with<L: Lanes, const TWIST: bool, const REDUCE: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
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
pub(super) fn join_4<L: Lanes, const TWIST: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
    roots: &[[f64; 2]],
    i: Factor<L::V>,
) {
    if let &[d, d2, d3] = roots {
        join_with::<L, TWIST>(l, m, block, all(l, [d, d2, d3]), i);
    }
}

#[inline(always)]
pub(super) fn join_with<L: Lanes, const TWIST: bool>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
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
fn each_4<L: Lanes>(l: L, block: &mut [L::Group], butterfly: impl Fn([L::V; 4]) -> [L::V; 4]) {
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
pub(super) fn split_2<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [L::Group], roots: &[[f64; 2]]) {
    let Some(&d) = roots.first() else { return };
    let d = l.factor(d);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (a, b) in low.iter_mut().zip(high) {
        let (low, high) = (l.load(*a), l.scale(m, l.load(*b), d));
        (*a, *b) = (l.store(l.add(low, high)), l.store(l.sub(low, high)));
    }
}

#[inline(always)]
pub(super) fn join_2<L: Lanes>(l: L, m: Modulus<L::V>, block: &mut [L::Group], roots: &[[f64; 2]]) {
    let Some(&d) = roots.first() else { return };
    let d = l.factor(d);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (a, b) in low.iter_mut().zip(high) {
        let (low, high) = (l.load(*a), l.load(*b));
        (*a, *b) = (l.store(l.reduce(m, l.add(low, high))), l.store(l.scale(m, l.sub(low, high), d)));
    }
}

#[inline(always)]
pub(super) fn split_3<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
    roots: &[[f64; 2]],
    third: Factor<L::V>,
) {
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
pub(super) fn join_3<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
    roots: &[[f64; 2]],
    third: Factor<L::V>,
) {
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
pub(super) fn split_5<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
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
pub(super) fn join_5<L: Lanes>(
    l: L,
    m: Modulus<L::V>,
    block: &mut [L::Group],
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
fn each<L: Lanes, const N: usize>(l: L, block: &mut [L::Group], butterfly: impl Fn([L::V; N]) -> [L::V; N]) {
    let size = block.len() / N;
    for place in 0..size {
        let mut groups = [block[place]; N];
        for (k, group) in groups.iter_mut().enumerate() {
            *group = block[k * size + place];
        }
        let chunks = butterfly(loaded(l, groups));
        for (k, chunk) in chunks.into_iter().enumerate() {
            block[k * size + place] = l.store(chunk);
        }
    }
}

#[inline(always)]
pub(super) fn loaded<L: Lanes, const N: usize>(l: L, groups: [L::Group; N]) -> [L::V; N] {
    map(
        groups,
        #[inline(always)]
        |group| l.load(group),
    )
}

#[inline(always)]
pub(super) fn stored<L: Lanes, const N: usize>(l: L, values: [L::V; N]) -> [L::Group; N] {
    map(
        values,
        #[inline(always)]
        |value| l.store(value),
    )
}

#[inline(always)]
pub(super) fn all<L: Lanes, const N: usize>(l: L, roots: [[f64; 2]; N]) -> [Factor<L::V>; N] {
    map(
        roots,
        #[inline(always)]
        |root| l.factor(root),
    )
}
