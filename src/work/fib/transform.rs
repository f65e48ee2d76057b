//! Products of long numbers by transforms modulo three primes.
//!
//! Four kinds of tiles run one after the other: columns forward, rows, columns back, and the limbs of the result. One prime after
//! the other passes through the first three, so that much of its memory stays in the cache. Where somebody helps, the tiles of a
//! kind are shared; but while numbers are short, a core takes a whole prime: what one core has written costs the other more to
//! read than most tiles cost to compute.

use super::{
    arena::{Arena, Pair},
    crt::{limbs_of_tile, settle},
    lanes::Lanes,
    passes::{forward_columns, inverse_columns},
    plan::{Plan, Shape, TILE_COLUMNS, TILE_ROWS},
    rows::{Combine, rows},
    tiles::Tiles,
};
use crate::work::control::Cancelled;

/// Up to this length cores take whole primes, two at once. A helper is away for that long, about a millisecond at most.
const APART: usize = 1 << 16;

/// Below this length there is memory for all three primes at once.
const ALL_AT_ONCE: usize = 1 << 13;

/// What a prime must cost to be taken by another core.
const WORTH_APART: u64 = 8_000;

/// What is wanted of two numbers: a value, and a small number to be added to it.
pub(super) type Wanted = (Combine, i64);

/// A pair of numbers, and the memory in which they are multiplied.
pub(super) struct Transforms<'a, 'c, L> {
    lanes: L,
    tiles: &'a Tiles<'c>,
    /// a and b.
    pub(super) numbers: Pair,
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
        numbers: [&[u64]; 2],
        operands: (usize, usize),
    ) -> Self {
        Self {
            lanes,
            tiles,
            numbers: Pair::new(numbers, results_len(operands)),
            arena: Arena::new(arena_len(operands)),
            #[cfg(test)]
            forced: None,
        }
    }

    /// Replaces a and b by two values of them.
    pub(super) fn both(&mut self, [first, second]: [Wanted; 2]) -> Result<(), Cancelled> {
        let shape = self.transform([Some(first.0), Some(second.0)])?;
        self.limbs(&shape, &[first.1, second.1])
    }

    /// Replaces a by one value of both, and b by nothing.
    pub(super) fn one(&mut self, wanted: Wanted) -> Result<(), Cancelled> {
        let shape = self.transform([Some(wanted.0), None])?;
        self.limbs(&shape, &[wanted.1])
    }

    /// The numbers, and what else takes memory.
    pub(super) fn into_parts(self) -> (Pair, impl Send + 'static) {
        (self.numbers, self.arena)
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
        let [a, b] = self.numbers.lens();
        2 * a.max(b) + 1
    }

    /// Leaves the coefficients of the wanted values in the arena, modulo each prime: n of each, the second value after the first.
    fn transform(&mut self, wanted: [Option<Combine>; 2]) -> Result<Shape, Cancelled> {
        let shape = self.shape();
        let n = shape.len();
        let numbers = self.numbers.numbers();
        let plans = Plan::of(&shape);
        let at_once = primes_at_once(n);
        let values = if wanted[1].is_some() { 2 } else { 1 };
        let len = arena_of(n, values);
        // Only tests do not say in the beginning what they will need.
        debug_assert!(cfg!(test) || self.arena.doubles().len() >= len, "memory is known before the start");
        if self.arena.doubles().len() < len {
            self.arena = Arena::new(len);
        }
        // Where only one value is wanted, what is not its coefficients can be used again by the next prime.
        let (x_a, rest) = self.arena.doubles()[..len].split_at_mut(3 * n);
        let (x_b, y) = rest.split_at_mut(if values == 2 { 3 * n } else { at_once * n });
        let (y_a, y_b) = y.split_at_mut(at_once * n);
        for (round, plans) in plans.chunks(at_once).enumerate() {
            let x_a = x_a[round * at_once * n..].chunks_exact_mut(n);
            let x_b = x_b[if values == 2 { round * at_once * n } else { 0 }..].chunks_exact_mut(n);
            let (y_a, mut y_b) = (y_a.chunks_exact_mut(n), y_b.chunks_exact_mut(n));
            let fields = plans.iter().zip(x_a.zip(x_b).zip(y_a)).map(|(plan, ((x_a, x_b), y_a))| Field {
                plan,
                x: [x_a, x_b],
                y: [y_a, y_b.next().unwrap_or_default()],
            });
            let way = Way { lanes: self.lanes, tiles: self.tiles, numbers, wanted };
            way.all(fields.collect(), prime_cost(&shape, values as u64))?;
        }
        Ok(shape)
    }

    /// Makes numbers of the coefficients in the arena, one or two, and adds to each its addend.
    fn limbs(&mut self, shape: &Shape, addends: &[i64]) -> Result<(), Cancelled> {
        let (n, tile) = (shape.len(), TILE_ROWS * shape.columns);
        let room = result_room(shape, self.result_len());
        self.numbers.clear([room, if addends.len() > 1 { room } else { 0 }]);
        let arena = &*self.arena.doubles();
        let mut places = self.numbers.places();
        let mut carries = addends.iter().map(|_| vec![[0; TILE_ROWS]; room / tile]).collect::<Vec<_>>();
        let mut tasks = Vec::with_capacity(addends.len() * room / tile);
        for ((out, carries), values) in places.iter_mut().zip(&mut carries).zip(arena.chunks_exact(3 * n)) {
            let [first, second, third] = [0, 1, 2].map(|prime| &values[prime * n..(prime + 1) * n]);
            let tiles = out[..room].chunks_exact_mut(tile).zip(carries).enumerate();
            tasks.extend(tiles.map(|(g, (out, carries))| ([first, second, third], g, out, carries)));
        }
        let lanes = self.lanes;
        self.tiles.run(tasks, limbs_cost(shape), true, |(residues, g, out, carries): LimbsTask<'_>| {
            *carries = lanes.run(
                #[inline(always)]
                || limbs_of_tile(lanes, shape, residues, g, out),
            );
        })?;
        let ended = places.into_iter().zip(&carries).zip(addends);
        let lens: Vec<_> = ended
            .map(|((out, carries), &addend)| {
                settle(&mut out[..room], shape.columns, carries.as_flattened(), addend)
            })
            .collect();
        self.numbers.set_lens(&lens);
        Ok(())
    }
}

/// A tile of limbs: residues modulo each prime, its number, and what it writes.
type LimbsTask<'t> = ([&'t [f64]; 3], usize, &'t mut [u64], &'t mut [i128; TILE_ROWS]);

/// The way of the primes' fields from numbers to coefficients.
#[derive(Clone, Copy)]
struct Way<'a, 'c, L> {
    lanes: L,
    tiles: &'a Tiles<'c>,
    numbers: [&'a [u64]; 2],
    wanted: [Option<Combine>; 2],
}

/// A tile of rows: its number, and what it writes.
type RowTask<'t> = (usize, (&'t mut [f64], Option<&'t mut [f64]>));

impl<L: Lanes> Way<'_, '_, L> {
    /// All fields of one length, which cost so much each.
    fn all(self, mut fields: Vec<Field<'_>>, cost: u64) -> Result<(), Cancelled> {
        let cores = 1 + if cost < WORTH_APART { 0 } else { self.tiles.helpers(fields.len() - 1) };
        // As many as divide evenly; on more cores than fields, tiles are all that does.
        let apart = if cores > fields.len() { 0 } else { fields.len() / cores * cores };
        if cores > 1 && apart > 0 {
            let shared = fields.split_off(apart);
            self.tiles.apart(fields, |mut field| self.one(&mut field, false))?;
            fields = shared;
        }
        fields.iter_mut().try_for_each(|field| self.one(field, true))
    }

    fn one(self, field: &mut Field<'_>, shared: bool) -> Result<(), Cancelled> {
        self.columns_forward(field, shared)?;
        self.rows_there_and_back(field, shared)?;
        self.columns_back(field, shared)
    }

    fn columns_forward(self, Field { plan, x, .. }: &mut Field<'_>, shared: bool) -> Result<(), Cancelled> {
        let (lanes, size) = (self.lanes, plan.shape.rows * TILE_COLUMNS);
        let tasks = x.iter_mut().zip(self.numbers);
        let tasks = tasks
            .flat_map(|(x, limbs)| x.chunks_exact_mut(size).enumerate().map(move |(t, out)| (limbs, t, out)));
        let work = |(limbs, t, out): (&[u64], usize, &mut [f64])| {
            lanes.run(
                #[inline(always)]
                || forward_columns(lanes, plan, limbs, t, out),
            );
        };
        self.tiles.run(tasks.collect(), column_cost(&plan.shape), shared, work)
    }

    fn rows_there_and_back(
        self,
        Field { plan, x, y }: &mut Field<'_>,
        shared: bool,
    ) -> Result<(), Cancelled> {
        let (lanes, size) = (self.lanes, TILE_ROWS * plan.shape.columns);
        let x = x.each_ref().map(|x| &**x);
        let [a, b] = y.each_mut().map(|y| y.chunks_exact_mut(size));
        let mut b = b;
        let tasks = a.map(|a| (a, b.next())).enumerate().collect();
        let work = |(g, (a, b)): RowTask<'_>| {
            let mut scratch = None;
            let b = if let Some(b) = b { b } else { &mut scratch.insert(Arena::new(size)).doubles()[..size] };
            lanes.run(
                #[inline(always)]
                || rows(lanes, plan, x, g, [a, b], self.wanted),
            );
        };
        self.tiles.run(tasks, row_cost(&plan.shape), shared, work)
    }

    fn columns_back(self, Field { plan, x, y }: &mut Field<'_>, shared: bool) -> Result<(), Cancelled> {
        let (lanes, size) = (self.lanes, plan.shape.rows * TILE_COLUMNS);
        let wanted = x.iter_mut().zip(y).filter(|(_, y)| !y.is_empty());
        let tasks = wanted.flat_map(|(x, y)| {
            let y = &**y;
            x.chunks_exact_mut(size).enumerate().map(move |(t, out)| (y, t, out))
        });
        let work = |(y, t, out): (&[f64], usize, &mut [f64])| {
            lanes.run(
                #[inline(always)]
                || inverse_columns(lanes, plan, y, t, out),
            );
        };
        self.tiles.run(tasks.collect(), column_cost(&plan.shape), shared, work)
    }
}

fn primes_at_once(n: usize) -> usize {
    match n {
        0..ALL_AT_ONCE => 3,
        ALL_AT_ONCE..=APART => 2,
        _ => 1,
    }
}

/// Doubles that a transform of n coefficients wants for so many values.
fn arena_of(n: usize, values: usize) -> usize {
    let at_once = primes_at_once(n);
    if values == 2 { 6 * n + 2 * at_once * n } else { 3 * n + 2 * at_once * n }
}

/// Limbs that a result of up to `len` limbs takes while it is made: whole tiles.
fn result_room(shape: &Shape, len: usize) -> usize {
    len.next_multiple_of(TILE_ROWS * shape.columns).min(shape.len())
}

/// Doubles for all products up to those of operands of so many limbs: of the last pair, and of the last one.
fn arena_len((pair, last): (usize, usize)) -> usize {
    let len = |limbs: usize, values| arena_of(Shape::for_len(2 * limbs + 1).len(), values);
    len(pair, 2).max(len(last, 1))
}

/// Limbs for the results of the same. No shorter result takes more: whole tiles of a shorter transform are shorter than what
/// wants a longer one.
fn results_len((pair, last): (usize, usize)) -> usize {
    let room = |limbs: usize| result_room(&Shape::for_len(2 * limbs + 1), 2 * limbs + 1);
    (2 * room(pair)).max(room(last))
}

/// Bytes of memory for all products up to those of operands of so many limbs, see [`Transforms::new`].
pub(super) fn memory(operands: (usize, usize)) -> usize {
    Arena::bytes(arena_len(operands)) + Arena::bytes(results_len(operands))
}

/// What a product of operands of `limbs` limbs costs, for so many values of it.
pub(super) fn cost(limbs: usize, values: u64) -> u64 {
    let shape = Shape::for_len(2 * limbs + 1);
    3 * prime_cost(&shape, values) + values * row_tiles(&shape) * limbs_cost(&shape)
}

/// What the transforms modulo one prime cost.
fn prime_cost(shape: &Shape, values: u64) -> u64 {
    let column_tiles = (shape.columns / TILE_COLUMNS) as u64;
    (2 + values) * column_tiles * column_cost(shape) + row_tiles(shape) * row_cost(shape)
}

fn row_tiles(shape: &Shape) -> u64 {
    (shape.rows / TILE_ROWS) as u64
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

#[cfg(test)]
mod tests {
    use super::{
        super::{MAX_N, SCHOOLBOOK, doublings, limbs_of, operands_of},
        *,
    };

    /// The last products are not always those that take most: where a length is passed, the way to work changes, too.
    #[test]
    fn no_step_takes_more_than_was_announced() {
        for index in std::iter::successors(Some(15_500), |&index| Some(index + index / 999 + 1))
            .take_while(|&n| n < MAX_N)
        {
            let operands = operands_of(index);
            let steps =
                (1..=doublings(index)).map(|left| (limbs_of(index >> left), if left > 1 { 2 } else { 1 }));
            for (limbs, values) in steps.filter(|&(limbs, _)| limbs > SCHOOLBOOK) {
                let shape = Shape::for_len(2 * limbs + 1);
                let (arena, results) =
                    (arena_of(shape.len(), values), values * result_room(&shape, 2 * limbs + 1));
                assert!(arena <= arena_len(operands), "F({index}): {limbs} limbs");
                assert!(results <= results_len(operands), "F({index}): {limbs} limbs");
            }
        }
    }
}
