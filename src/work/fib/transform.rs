//! Products of long numbers by transforms modulo three primes.
//!
//! Four kinds of tiles run one after the other, each kind on all cores: columns forward, rows, columns back, and the limbs of the
//! result. While numbers are long, one prime after the other passes through the first three, so that less memory is needed and
//! more of it stays in the cache; while they are short, all three at once, so that there are fewer pauses.

use super::{
    arena::Arena,
    butterflies::Quad,
    crt::{limbs_of_tile, settle},
    lanes::Lanes,
    limbs::Limbs,
    passes::{forward_columns, inverse_columns},
    plan::{Plan, Shape, TILE_COLUMNS, TILE_ROWS},
    rows::{Combine, rows},
    tiles::Tiles,
};
use crate::work::control::Cancelled;

/// Lengths from which on the primes take turns.
const LONG: usize = 1 << 13;

/// What is wanted of two numbers: a value, and a small number to be added to it.
pub(super) type Wanted = (Combine, i64);

/// A pair of numbers, and the memory in which they are multiplied.
pub(super) struct Transforms<'a, 'c, L> {
    lanes: L,
    tiles: &'a Tiles<'c>,
    /// a and b.
    pub(super) numbers: [Limbs; 2],
    results: [Limbs; 2],
    arena: Arena,
    /// A test's choice of a longer transform.
    #[cfg(test)]
    pub(super) forced: Option<Shape>,
}

/// One prime's share of the arena, of both numbers; the second `y` is empty where only one value is wanted.
struct Field<'m> {
    plan: &'m Plan,
    x: [&'m mut [f64]; 2],
    y: [&'m mut [f64]; 2],
}

impl<'a, 'c, L: Lanes> Transforms<'a, 'c, L> {
    /// Takes memory for all products up to those of operands of so many limbs: of the last pair, and of the last one.
    /// Until it is touched, it costs nothing.
    pub(super) fn new(
        lanes: L,
        tiles: &'a Tiles<'c>,
        numbers: [Limbs; 2],
        (pair, last): (usize, usize),
    ) -> Self {
        let arena = Arena::new(arena_len(pair, 2).max(arena_len(last, 1)));
        Self {
            lanes,
            tiles,
            numbers,
            results: Default::default(),
            arena,
            #[cfg(test)]
            forced: None,
        }
    }

    /// Replaces a and b by two values of them.
    pub(super) fn both(&mut self, [first, second]: [Wanted; 2]) -> Result<(), Cancelled> {
        let shape = self.transform([Some(first.0), Some(second.0)])?;
        self.limbs(&shape, 0, (0, first.1))?;
        self.limbs(&shape, 1, (3 * shape.len(), second.1))?;
        self.numbers = std::mem::take(&mut self.results);
        Ok(())
    }

    /// One value of a and b.
    pub(super) fn one(&mut self, wanted: Wanted) -> Result<Limbs, Cancelled> {
        let shape = self.transform([Some(wanted.0), None])?;
        self.limbs(&shape, 0, (0, wanted.1))?;
        Ok(std::mem::take(&mut self.results[0]))
    }

    /// Everything that takes memory.
    pub(super) fn into_memory(self) -> impl Send + 'static {
        (self.arena, self.numbers, self.results)
    }

    fn shape(&self) -> Shape {
        #[cfg(test)]
        if let Some(shape) = &self.forced {
            return shape.clone();
        }
        Shape::for_len(self.result_len())
    }

    /// Limbs that a value of a and b may have.
    fn result_len(&self) -> usize {
        2 * self.numbers[0].len().max(self.numbers[1].len()) + 1
    }

    /// Leaves the coefficients of the wanted values in the arena, modulo each prime: n of each, the second value after the first.
    fn transform(&mut self, wanted: [Option<Combine>; 2]) -> Result<Shape, Cancelled> {
        let shape = self.shape();
        let n = shape.len();
        let numbers = self.numbers.each_ref().map(Vec::as_slice);
        let plans = Plan::of(&shape);
        let at_once = primes_at_once(n);
        let both = wanted[1].is_some();
        let len = arena_of(n, if both { 2 } else { 1 });
        // Only tests do not say in the beginning what they will need.
        debug_assert!(cfg!(test) || self.arena.doubles().len() >= len, "memory is known before the start");
        if self.arena.doubles().len() < len {
            self.arena = Arena::new(len);
        }
        let (x_a, rest) = self.arena.doubles()[..len].split_at_mut(3 * n);
        let (x_b, y) = rest.split_at_mut(if both { 3 * n } else { at_once * n });
        let (y_a, y_b) = y.split_at_mut(at_once * n);
        for (round, plans) in plans.chunks(at_once).enumerate() {
            let x_a = x_a[round * at_once * n..].chunks_exact_mut(n);
            let x_b = x_b[if both { round * at_once * n } else { 0 }..].chunks_exact_mut(n);
            let y_a = y_a.chunks_exact_mut(n);
            let mut y_b = y_b.chunks_exact_mut(n);
            let mut fields: Vec<_> = plans
                .iter()
                .zip(x_a.zip(x_b).zip(y_a))
                .map(|(plan, ((x_a, x_b), y_a))| Field {
                    plan,
                    x: [x_a, x_b],
                    y: [y_a, y_b.next().unwrap_or_default()],
                })
                .collect();
            columns_forward(self.lanes, self.tiles, &shape, &mut fields, numbers)?;
            rows_there_and_back(self.lanes, self.tiles, &shape, &mut fields, wanted)?;
            columns_back(self.lanes, self.tiles, &shape, &mut fields)?;
        }
        Ok(shape)
    }

    /// Makes limbs of the value whose coefficients stand at `at` in the arena: the result of that number.
    fn limbs(&mut self, shape: &Shape, result: usize, (at, addend): (usize, i64)) -> Result<(), Cancelled> {
        let (n, tile, len) = (shape.len(), TILE_ROWS * shape.columns, self.result_len());
        let arena = &*self.arena.doubles();
        let residues = [0, 1, 2].map(|prime| &arena[at + prime * n..at + (prime + 1) * n]);
        let out = &mut self.results[result];
        *out = vec![0; len.next_multiple_of(tile).min(n)];
        let mut carries = vec![[0; TILE_ROWS]; out.len() / tile];
        let tasks = out.chunks_exact_mut(tile).zip(&mut carries).enumerate().collect();
        let lanes = self.lanes;
        self.tiles.run(
            tasks,
            limbs_cost(shape),
            |(g, (out, carries)): (usize, (&mut [u64], &mut [i128; 4]))| {
                *carries = lanes.run(
                    #[inline(always)]
                    || limbs_of_tile(lanes, shape, residues, g, out),
                );
            },
        )?;
        settle(out, shape.columns, carries.as_flattened(), addend);
        Ok(())
    }
}

fn columns_forward<L: Lanes>(
    lanes: L,
    tiles: &Tiles<'_>,
    shape: &Shape,
    fields: &mut [Field<'_>],
    numbers: [&[u64]; 2],
) -> Result<(), Cancelled> {
    let mut tasks = Vec::new();
    for field in fields {
        for (x, limbs) in field.x.iter_mut().zip(numbers) {
            tasks.extend(
                x.chunks_exact_mut(shape.rows * TILE_COLUMNS)
                    .enumerate()
                    .map(|(t, out)| (field.plan, limbs, t, out)),
            );
        }
    }
    tiles.run(tasks, column_cost(shape), |(plan, limbs, t, out): (&Plan, &[u64], usize, &mut [f64])| {
        lanes.run(
            #[inline(always)]
            || forward_columns(lanes, plan, limbs, t, out.as_chunks_mut().0),
        );
    })
}

/// A tile of rows: what it reads, its number, and what it writes.
type RowTask<'t> = (&'t Plan, [&'t [f64]; 2], usize, &'t mut [f64], Option<&'t mut [f64]>);

fn rows_there_and_back<L: Lanes>(
    lanes: L,
    tiles: &Tiles<'_>,
    shape: &Shape,
    fields: &mut [Field<'_>],
    wanted: [Option<Combine>; 2],
) -> Result<(), Cancelled> {
    let size = TILE_ROWS * shape.columns;
    let mut tasks = Vec::new();
    for field in fields {
        let x = field.x.each_ref().map(|x| &**x);
        let [a, b] = field.y.each_mut().map(|y| y.chunks_exact_mut(size));
        let mut b = b;
        tasks.extend(a.enumerate().map(|(g, a)| (field.plan, x, g, a, b.next())));
    }
    tiles.run(tasks, row_cost(shape), |(plan, x, g, a, b): RowTask<'_>| {
        let mut scratch = Vec::new();
        let b = if let Some(b) = b {
            b.as_chunks_mut().0
        } else {
            scratch.resize(shape.columns, [0.0; 4]);
            &mut scratch[..]
        };
        let a: &mut [Quad] = a.as_chunks_mut().0;
        lanes.run(
            #[inline(always)]
            || rows(lanes, plan, x, g, [a, b], wanted),
        );
    })
}

fn columns_back<L: Lanes>(
    lanes: L,
    tiles: &Tiles<'_>,
    shape: &Shape,
    fields: &mut [Field<'_>],
) -> Result<(), Cancelled> {
    let mut tasks = Vec::new();
    for field in fields {
        for (x, y) in field.x.iter_mut().zip(&field.y) {
            if y.is_empty() {
                continue;
            }
            let y = &**y;
            tasks.extend(
                x.chunks_exact_mut(shape.rows * TILE_COLUMNS)
                    .enumerate()
                    .map(|(t, out)| (field.plan, y, t, out)),
            );
        }
    }
    tiles.run(tasks, column_cost(shape), |(plan, y, t, out): (&Plan, &[f64], usize, &mut [f64])| {
        lanes.run(
            #[inline(always)]
            || inverse_columns(lanes, plan, y, t, out.as_chunks_mut().0),
        );
    })
}

fn primes_at_once(n: usize) -> usize {
    if n < LONG { 3 } else { 1 }
}

/// Doubles that a transform of n coefficients wants for so many values.
fn arena_of(n: usize, values: usize) -> usize {
    let at_once = primes_at_once(n);
    if values == 2 { 6 * n + 2 * at_once * n } else { 3 * n + 2 * at_once * n }
}

/// The same for operands of so many limbs.
fn arena_len(limbs: usize, values: usize) -> usize {
    arena_of(Shape::for_len(2 * limbs + 1).len(), values)
}

/// Bytes of memory for all products up to those of operands of so many limbs, see [`Transforms::new`].
pub(super) fn memory((pair, last): (usize, usize)) -> usize {
    8 * arena_len(pair, 2).max(arena_len(last, 1))
}

/// What a product of operands of `limbs` limbs costs, for so many values of it.
pub(super) fn cost(limbs: usize, values: u64) -> u64 {
    let shape = Shape::for_len(2 * limbs + 1);
    let (column_tiles, row_tiles) = ((shape.columns / TILE_COLUMNS) as u64, (shape.rows / TILE_ROWS) as u64);
    let row = row_cost(&shape);
    3 * ((2 + values) * column_tiles * column_cost(&shape) + row_tiles * row)
        + values * row_tiles * limbs_cost(&shape)
}

/// Measured, as the next two, in tenths of nanoseconds for each element: what there is to do once, and for each doubling.
fn column_cost(shape: &Shape) -> u64 {
    (shape.rows * TILE_COLUMNS) as u64 * (8 + 4 * u64::from(shape.rows.ilog2())) / 10
}

fn row_cost(shape: &Shape) -> u64 {
    (shape.columns * TILE_ROWS) as u64 * (30 + 14 * u64::from(shape.columns.ilog2())) / 10
}

fn limbs_cost(shape: &Shape) -> u64 {
    (shape.columns * TILE_ROWS) as u64 * 40 / 10
}
