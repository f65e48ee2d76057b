//! Fibonacci numbers in decimal.
//!
//! Computed in decimal from the start, because converting a binary number of that size costs several times the number itself.
//! The way from n to the digits:
//! - here: fast doubling of (F(k), F(k−1)), from the greatest pair that a u128 holds; the digits at the end;
//! - `limbs`: numbers to the base 10^18, and short products; `transform`: long ones;
//! - `plan`: a transform's length as rows and columns, and its roots; `passes` and `rows`: tiles of columns and of rows;
//!   `blocks` and `butterflies`: one step of them; `lanes`: four or eight residues at a time; `prime`: single ones;
//! - `crt`: residues become limbs; `check`: no result is given out that is wrong;
//! - `tiles`: everything runs in short tiles, which is how it stops, tells its progress and is helped; `arena`: memory.
//!
//! What was tried, and what it gave (an AMD Zen 3, one thread unless it says otherwise):
//! - limbs of six digits and one prime of 64 bits in integers: six times as long at 10^7 and 10^8;
//! - splitting rings, with a root for each ring, instead of a transform whose rows are multiplied by roots on the way: by count, a
//!   tenth fewer operations in the rows, and no table of roots as long as a row;
//! - passes that write pieces of their own instead of working in place: by count, a third more memory traffic; but the last
//!   product, a prime after the other, needs five arrays instead of six, and safe code can divide the work;
//! - the primes one after the other from 2^16 coefficients on instead of 2^18: 10^7 on two threads in 10 ms instead of 15;
//! - a core for a whole prime, up to 2^16 coefficients, and tiles in batches: 10^6 on two threads in 1.05 ms instead of 1.30 (an Intel
//!   Xeon with AVX-512, one thread 1.38 ms), since less of what one core writes is read by the other, and fewer locks are taken;
//! - the program with packed relocations (`DT_RELR`, 5 kB of them instead of 450): a process takes as long to start, since the
//!   pages that are written are the same;
//! - results in the memory of their operands: 60 MB at 10^8 instead of 73; pages that are all asked for at the start: a fifth less
//!   time for the first 10^6 of a process;
//! - pages of 2 MB: a fifth less time at 10^8, and in a fresh process at 10^7;
//! - short numbers from a pair that a u128 holds instead of from F(1): 10^3 takes three doublings instead of nine. A larger
//!   table, fewer passes by steps of eight or sixteen, and lengths with a factor 7 or 27 (10^7 uses 6 % more than it needs) were
//!   not tried;
//! - eight lanes by AVX-512 instead of four by AVX2 (an Intel Xeon of the Sapphire Rapids generation): 10^4 the same, since
//!   it needs no transform, 10^5 in 0.107 ms instead of 0.131, 10^6 in 1.00 instead of 1.29, 10^7 in 11.5 instead of 16.2.
//!   Processors on which such vectors are no faster (with one unit for them, or two halves) were not at hand;
//! - the code for four lanes with the registers of AVX-512: 2 to 5 % faster (there, as the next three);
//! - the last split of rows, the products and the first join in one, in registers: 10 % more time, also with 32 registers;
//! - the first split of rows while their blocks are collected: half a percent to one less, for as many lines as two splits have;
//! - roots of tiles of rows and of columns from tables that take a multiplication an entry, instead of one for each bit of their
//!   number: 2 % less at 10^6. Tables of the rows' last roots, one for each lane, would save some 2 % of short numbers by count.

mod arena;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod blocks;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod butterflies;
mod check;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod crt;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod lanes;
mod limbs;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod passes;
mod plan;
mod prime;
#[expect(clippy::inline_always, reason = "what is not inlined is not compiled for the lanes")]
mod rows;
mod tiles;
mod transform;

use crate::job::Digits;
use arena::Pair;
use check::{Piece, residue};
use lanes::{Lanes, Portable};
use limbs::{LIMB_DIGITS, Limbs, SCHOOLBOOK, combine, from_u128, product, square, write_limb};
use rows::Combine;
use tiles::Tiles;
use transform::Transforms;

use super::control::{Cancelled, Control};

/// The greatest number that [`fib`] computes: beyond it, coefficients would no longer fit (see `crt`).
pub const MAX_N: u64 = 1_000_000_000;

/// F(186) is the greatest that a u128 holds.
const MAX_U128: u64 = 186;

/// Limbs in one tile of a linear pass.
const TILE: usize = 1 << 9;

/// Bytes up to which the transforms' memory is kept while the digits are written.
const KEPT: usize = 16 << 20;

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FibError {
    /// It was told to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The result is wrong: a fault of the machine or of this program.
    #[error("the result failed its check")]
    Wrong,
}

/// The `n`-th Fibonacci number, where the 1st is 0 and the 2nd is 1; `n` = 0 is taken for 1.
///
/// Who calls it announces its [`cost`] to the control, and sees to it that its [`memory`] is there.
///
/// # Errors
/// [`FibError::Cancelled`] about a millisecond after `control` says so, and at once for an `n` above [`MAX_N`];
/// [`FibError::Wrong`] where the result does not pass its check.
pub fn fib(n: u64, control: &Control) -> Result<Digits, FibError> {
    #[cfg(target_arch = "x86_64")]
    if let Some(lanes) = lanes::Avx512::detect() {
        return fib_with(lanes, n, control);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(lanes) = lanes::Avx2::detect() {
        return fib_with(lanes, n, control);
    }
    fib_with(Portable, n, control)
}

fn fib_with<L: Lanes>(lanes: L, n: u64, control: &Control) -> Result<Digits, FibError> {
    control.check()?;
    if n > MAX_N {
        return Err(Cancelled.into());
    }
    let index = n.saturating_sub(1);
    if index <= MAX_U128 {
        control.advance(cost(n));
        return Ok(small(index).0.into());
    }
    let tiles = Tiles::new(control, cost(n));
    let number = compute(lanes, index, &tiles, control)?;
    let digits = give_out(index, number.numbers()[0], &tiles, control);
    control.leave_behind(number);
    tiles.finish();
    digits
}

/// F(index), for an index above [`MAX_U128`], by doubling: with a = F(k) and b = F(k−1),
/// F(2k+1) = 4a² − b² + 2(−1)^k, F(2k−1) = a² + b², and F(2k) is their difference or a(a + 2b).
fn compute<L: Lanes>(lanes: L, index: u64, tiles: &Tiles<'_>, control: &Control) -> Result<Pair, Cancelled> {
    let mut left = doublings(index);
    let (f_k, before) = small(index >> left);
    let mut numbers = [from_u128(f_k), from_u128(before)];
    while left > 1 && numbers[0].len() <= SCHOOLBOOK {
        tiles.step(by_hand_cost(numbers[0].len(), 2))?;
        let squares = numbers.map(|number| square(&number));
        numbers =
            doubled(index, left).map(|(factors, addend)| combine(factors, &squares[0], &squares[1], addend));
        left -= 1;
    }
    if numbers[0].len() <= SCHOOLBOOK {
        tiles.step(by_hand_cost(numbers[0].len(), 1))?;
        return Ok(last_by_hand(index, &numbers).into());
    }
    let numbers = numbers.each_ref().map(Vec::as_slice);
    let mut transforms = Transforms::new(lanes, tiles, numbers, operands_of(index));
    let done = last_by_transforms(&mut transforms, index, left);
    let (result, memory) = transforms.into_parts();
    // Where somebody waits for the stop, the memory is given back after it; otherwise before more is asked for, unless it is
    // little: to give it back takes as long as the digits do.
    match done {
        Ok(()) if transform::memory(operands_of(index)) > KEPT => Ok(result),
        Ok(()) => {
            control.leave_behind(memory);
            Ok(result)
        }
        Err(cancelled) => {
            control.leave_behind((result, memory));
            Err(cancelled)
        }
    }
}

/// How often (F(k), F(k−1)) is doubled on the way to F(index); it begins with the greatest k that a u128 holds.
fn doublings(index: u64) -> u32 {
    let bits = (u64::BITS - index.leading_zeros()).saturating_sub(8);
    if index >> bits <= MAX_U128 { bits } else { bits + 1 }
}

/// What the next pair is made of, as factors of a² and b² and a number to be added, where `left` doublings are left.
fn doubled(index: u64, left: u32) -> [([i8; 2], i64); 2] {
    let sign = sign(index >> left);
    let even = ([3, -2], sign);
    if index >> (left - 1) & 1 == 1 { [([4, -1], sign), even] } else { [even, ([1, 1], 0)] }
}

/// 2(−1)^k.
fn sign(k: u64) -> i64 {
    if k.is_multiple_of(2) { 2 } else { -2 }
}

fn last_by_hand(index: u64, [a, b]: &[Limbs; 2]) -> Limbs {
    if index.is_multiple_of(2) {
        product(a, &combine([1, 2], a, b, 0))
    } else {
        combine([4, -1], &square(a), &square(b), sign(index / 2))
    }
}

fn last_by_transforms<L: Lanes>(
    transforms: &mut Transforms<'_, '_, L>,
    index: u64,
    mut left: u32,
) -> Result<(), Cancelled> {
    while left > 1 {
        transforms.both(doubled(index, left).map(|(factors, addend)| (Combine::Squares(factors), addend)))?;
        left -= 1;
    }
    let even = index.is_multiple_of(2);
    let last = (Combine::Squares([4, -1]), sign(index / 2));
    transforms.one(if even { (Combine::Product, 0) } else { last })
}

/// The digits of F(index), once the number has passed its check.
fn give_out(index: u64, limbs: &[u64], tiles: &Tiles<'_>, control: &Control) -> Result<Digits, FibError> {
    let (&top, low) = limbs.split_last().ok_or(FibError::Wrong)?;
    let head = top.to_string();
    let mut text = vec![0; head.len() + low.len() * LIMB_DIGITS];
    let mut pieces: Vec<Piece> = vec![residue(&[]); low.len().div_ceil(TILE)];
    let (start, body) = text.split_at_mut(head.len());
    start.copy_from_slice(head.as_bytes());
    let tasks = low.chunks(TILE).zip(body.rchunks_mut(TILE * LIMB_DIGITS)).zip(&mut pieces).collect();
    let written = tiles.run(
        tasks,
        low.len().min(TILE) as u64 * DIGITS_COST,
        true,
        |((limbs, out), piece): ((&[u64], &mut [u8]), &mut Piece)| {
            *piece = residue(limbs);
            let outs = out.as_chunks_mut::<LIMB_DIGITS>().0.iter_mut().rev();
            limbs.iter().zip(outs).for_each(|(&limb, out)| write_limb(limb, out));
        },
    );
    if let Err(cancelled) = written {
        control.leave_behind(text);
        return Err(cancelled.into());
    }
    pieces.push(residue(&[top]));
    if !check::is_fibonacci(index, &pieces) {
        return Err(FibError::Wrong);
    }
    Ok(Digits::from_canonical(String::from_utf8(text).map_err(|_| FibError::Wrong)?))
}

/// (F(index), F(index − 1)) for an index up to [`MAX_U128`].
fn small(index: u64) -> (u128, u128) {
    (0..index).fold((0, 1), |(f, before), _| (f + before, f))
}

/// How many limbs F(k) has, at most one too many.
const fn limbs_of(k: u64) -> usize {
    // A number grows by log10((1 + √5) / 2) = 0.20898764… digits each time.
    (k * 208_987_641 / 1_000_000_000) as usize / LIMB_DIGITS + 1
}

/// Limbs of the operands from which the last pair and F(index) itself are made.
fn operands_of(index: u64) -> (usize, usize) {
    (limbs_of(index / 4), limbs_of(index / 2))
}

/// What a limb costs to be written and checked; most of it is the text's new memory.
const DIGITS_COST: u64 = 30;

/// What the squares or the product of operands of `limbs` limbs cost.
fn by_hand_cost(limbs: usize, values: u64) -> u64 {
    values * (limbs * limbs) as u64 + 100
}

/// The cost of [`fib`], which it reports to its control piece by piece: about nanoseconds of one thread.
pub fn cost(n: u64) -> u64 {
    let index = n.min(MAX_N).saturating_sub(1);
    if index <= MAX_U128 {
        return 1;
    }
    let product = |limbs: usize, values: u64| {
        if limbs <= SCHOOLBOOK { by_hand_cost(limbs, values) } else { transform::cost(limbs, values) }
    };
    let doublings: u64 = (1..doublings(index)).map(|left| product(limbs_of(index >> (left + 1)), 2)).sum();
    doublings + product(limbs_of(index / 2), 1) + limbs_of(index) as u64 * DIGITS_COST
}

/// The memory that [`fib`] takes at its peak with the digits that it returns, in bytes.
pub fn memory(n: u64) -> u64 {
    let index = n.min(MAX_N).saturating_sub(1);
    let limbs = limbs_of(index);
    if limbs <= 2 * SCHOOLBOOK {
        return ((8 * 8 + LIMB_DIGITS) * limbs) as u64;
    }
    let digits = LIMB_DIGITS * limbs;
    let computing = transform::memory(operands_of(index));
    let memory = if computing > KEPT { computing.max(8 * limbs + digits) } else { computing + digits };
    memory as u64
}

#[cfg(test)]
mod tests;
