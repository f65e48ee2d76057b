//! How a transform of one length is laid out, and the roots of its columns.
//!
//! The N = R·C coefficients are a matrix of R rows: coefficient i·C + j stands in row i, column j. Splitting rings works
//! on chunks, so the first splits combine whole rows, each column by itself; after R-fold splitting every row is a ring of
//! its own. So there are two passes that each work in the cache: columns, then rows. Nothing is multiplied between them.
//!
//! R is an odd factor (a divisor of 45) times a power of two, C a power of four. The rings after the odd splits are
//! x^M − ω^E, with ω an odd root of unity; ω^E has a square root among its own powers, so each later root is a power of ω times
//! one from the splitting of x^M − 1.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::prime::{PRIMES, Prime, Way};

/// Columns that are transformed together: a line of the cache.
pub(super) const TILE_COLUMNS: usize = 8;
/// Rows that are transformed together, one in each lane of a quad.
pub(super) const TILE_ROWS: usize = 4;
/// Bounds of C.
const MIN_COLUMNS: usize = 16;
const MAX_COLUMNS: usize = 4096;

/// A transform's shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The odd part of the number of rows.
    odd: usize,
}

impl Shape {
    /// The shortest transform for at least `len` coefficients.
    pub(super) fn for_len(len: usize) -> Self {
        let candidate = |odd: usize| {
            let power = len.div_ceil(odd).next_power_of_two().max(TILE_ROWS * MIN_COLUMNS);
            (odd * power, odd)
        };
        let (n, odd) = [3, 5, 9, 15, 45].map(candidate).into_iter().fold(candidate(1), Ord::min);
        let mut columns = MIN_COLUMNS;
        while columns < MAX_COLUMNS && n / columns > 3 * columns && (n / columns / odd) >= 4 * TILE_ROWS {
            columns *= 4;
        }
        Self { rows: n / columns, columns, odd }
    }

    /// One of the tests' choice: `power` is a power of two, at least four.
    #[cfg(test)]
    pub(super) fn with(odd: usize, power: usize, columns: usize) -> Self {
        Self { rows: odd * power, columns, odd }
    }

    /// How many coefficients it transforms.
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// The splits of the columns, in the order of the forward direction; the last is a 4.
    pub(super) fn splits(&self) -> Vec<usize> {
        let mut splits = Vec::new();
        let mut odd = self.odd;
        for radix in [5, 3] {
            while odd.is_multiple_of(radix) {
                splits.push(radix);
                odd /= radix;
            }
        }
        let power = self.levels();
        splits.extend((power % 2 == 1).then_some(2));
        splits.extend(std::iter::repeat_n(4, power / 2));
        splits
    }

    /// The number of doublings among the column splits.
    fn levels(&self) -> usize {
        self.rows.trailing_zeros() as usize
    }

    /// The rings after the odd splits: each is x^M − ω^E, here are the E.
    fn odd_rings(&self) -> Vec<usize> {
        // All are x^(M·left) − ω^E, where `left` divides E.
        let (mut rings, mut left) = (vec![0], self.odd);
        for radix in [5, 3] {
            while left.is_multiple_of(radix) {
                left /= radix;
                let step = self.odd / radix;
                rings =
                    rings.iter().flat_map(|ring| (0..radix).map(move |k| ring / radix + k * step)).collect();
            }
        }
        rings
    }
}

/// A transform of one length modulo one prime.
pub(super) struct Plan {
    pub(super) shape: Shape,
    pub(super) prime: &'static Prime,
    pub(super) splits: Vec<usize>,
    /// For each split and each ring that it splits, d, d² … of [`super::butterflies`], with their quotients.
    pub(super) forward: Vec<[f64; 2]>,
    /// The same of 1/d, in the same order.
    pub(super) inverse: Vec<[f64; 2]>,
    /// 1/N.
    pub(super) scale: [f64; 2],
    rings: Vec<usize>,
    /// How often ω must be multiplied by itself for a 2^k-th root of it, by k.
    halvings: Vec<usize>,
    /// `even[way][t]` is the root of ring 2t: for the rows.
    even: [Vec<[f64; 2]>; 2],
    /// `first[way][split][t]` is what [`Self::row_root`] takes for the t-th tile of rows after an odd ring's first.
    first: [Vec<Vec<f64>>; 2],
}

/// Lengths up to which plans are kept: there it takes longer to make one than to use it. They are some 30, of some KB.
const MAX_KEPT: usize = 1 << 13;

impl Plan {
    /// The plans of a shape modulo each prime.
    pub(super) fn of(shape: &Shape) -> Arc<[Self; 3]> {
        static KEPT: LazyLock<Mutex<HashMap<Shape, Arc<[Plan; 3]>>>> = LazyLock::new(Mutex::default);
        let new = || Arc::new([0, 1, 2].map(|prime| Self::new(shape, prime)));
        if shape.len() > MAX_KEPT {
            return new();
        }
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(shape.clone()).or_insert_with(new).clone()
    }

    fn new(shape: &Shape, prime: usize) -> Self {
        let prime = &PRIMES[prime];
        let ways = [Way::Forward, Way::Inverse];
        let even = ways.map(|way| {
            split_roots(prime, 1, shape.columns / 4, way)
                .iter()
                .map(|&root| prime.with_quotient(root))
                .collect()
        });
        let tiles = (1 << shape.levels()) / TILE_ROWS;
        let first = ways.map(|way| {
            let row_splits = 0..shape.columns.ilog2() as usize / 2;
            row_splits.map(|split| split_roots(prime, 2 * split + 3, tiles, way)).collect()
        });
        let scale = prime.with_quotient(prime.inverse_of_order(shape.len() as u64));
        let (splits, rings) = (shape.splits(), shape.odd_rings());
        let (shape, half) = (shape.clone(), shape.odd.div_ceil(2));
        let halvings = std::iter::successors(Some(1), |power| Some(power * half % shape.odd));
        // As many as there are levels in all, of columns and rows.
        let halvings = halvings.take(shape.len().ilog2() as usize + 1).collect();
        let mut plan = Self {
            shape,
            prime,
            splits,
            forward: Vec::new(),
            inverse: Vec::new(),
            scale,
            rings,
            halvings,
            even,
            first,
        };
        plan.forward = plan.column_roots(Way::Forward);
        plan.inverse = plan.column_roots(Way::Inverse);
        plan
    }

    fn column_roots(&self, way: Way) -> Vec<[f64; 2]> {
        let mut roots = Vec::with_capacity(self.shape.rows * 3 / 2);
        let mut push = |d: f64, radix: usize| {
            let mut power = d;
            for _ in 1..radix {
                roots.push(self.prime.with_quotient(power));
                power = self.prime.mul(power, d);
            }
        };
        let (mut rings, mut level) = (vec![0], 0);
        // Those of the last split begin with those of the others by four; by two is at most one, after the odd ones.
        let even = split_roots(self.prime, 1, (1 << self.shape.levels()) / 4, way);
        for &radix in &self.splits {
            if radix % 2 == 1 {
                let step = self.shape.odd / radix;
                for ring in &rings {
                    push(self.prime.odd_root(self.shape.odd, ring / radix, way), radix);
                }
                let split = |ring: &usize| {
                    let low = ring / radix;
                    (0..radix).map(move |k| low + k * step)
                };
                rings = rings.iter().flat_map(split).collect();
                continue;
            }
            let levels = radix.trailing_zeros() as usize;
            for &ring in &rings {
                let odd = self.odd_root(ring, level + levels, way);
                for &root in &even[..1 << level] {
                    push(self.prime.mul(odd, root), radix);
                }
            }
            level += levels;
        }
        roots
    }

    /// The power of ω that belongs to the ring after so many doublings.
    fn odd_root(&self, ring: usize, levels: usize, way: Way) -> f64 {
        self.prime.odd_root(self.shape.odd, ring * self.halvings[levels], way)
    }

    /// For the rows of tile `tile`, at each split by four of a row: the root of its first ring, but for what the lanes differ by.
    pub(super) fn row_root(&self, tile: usize, split: usize, way: Way) -> f64 {
        let levels = self.shape.levels();
        let first = &self.first[usize::from(way == Way::Inverse)][split];
        let odd = self.odd_root(self.rings[tile / first.len()], levels + 2 * split + 2, way);
        self.prime.mul(odd, first[tile % first.len()])
    }

    /// What the lanes differ by, for the split number `split` of a row.
    pub(super) fn lane_roots(&self, split: usize, way: Way) -> [f64; 4] {
        [0, 1, 2, 3].map(|lane: usize| split_root(self.prime, lane << (2 * split + 1), way))
    }

    /// The roots of the rings 0, 2, 4 … of a row of x^C − 1.
    pub(super) fn even(&self, way: Way) -> &[[f64; 2]] {
        &self.even[usize::from(way == Way::Inverse)]
    }
}

/// The root r of ring number s of its level, x^2M − r², when x^N − 1 is split by twos: its halves are the rings 2s, x^M − r, and
/// 2s + 1, x^M + r. So r of 2s is a square root of r of s, and r of 2s + 1 is i times that: bit j of s contributes a root of the order
/// 2^(j+2).
fn split_root(prime: &Prime, s: usize, way: Way) -> f64 {
    let mut root = 1.0;
    let mut bits = s;
    while bits > 0 {
        root = prime.mul(root, prime.root(bits.trailing_zeros() as usize + 2, way));
        bits &= bits - 1;
    }
    root
}

/// The roots of the rings 0, 2^shift, 2·2^shift … of one level, `count` of them, a power of two: each doubling of their number adds a
/// generator.
fn split_roots(prime: &Prime, shift: usize, count: usize, way: Way) -> Vec<f64> {
    let mut roots = Vec::with_capacity(count);
    roots.push(1.0);
    let mut order = shift + 2;
    while roots.len() < count {
        let generator = prime.root(order, way);
        for k in 0..roots.len() {
            roots.push(prime.mul(roots[k], generator));
        }
        order += 1;
    }
    roots
}
