//! Fibonacci numbers in decimal.
//!
//! Computed in decimal from the start, because converting a binary number of that size costs several times the number itself.
//! The way from n to the digits:
//! - here: fast doubling, which takes (F(k), F(k−1)) to (F(2k), F(2k−1)) by products;
//! - `products`: those products, through the transform where operands are long;
//! - `transform`: the number-theoretic transform; `field`: its arithmetic;
//! - `limbs`: carries, sums and the digits at the end;
//! - `tiles`: everything above runs in short tiles, which is how it stops and tells its progress;

mod field;
mod limbs;
mod products;
mod tiles;
mod transform;

use crate::job::Digits;
use limbs::{LIMB_DIGITS, Limbs, add_multiple, carry_cost, digits_cost, from_u128, to_digits};
use products::{Products, combine_cost, double_cost, max_operand};
use tiles::{Tiles, grow_cost};

use super::control::{Cancelled, Control};

/// The greatest number that [`fib`] computes: beyond it, the products would no longer fit in the transform.
pub const MAX_N: u64 = 1_000_000_000;

/// F(186) is the greatest that a u128 holds.
const MAX_U128: u64 = 186;

const _: () = {
    // The last step and the doubling before it, at MAX_N: see `products` for the bounds.
    assert!(limbs_of(MAX_N / 2 + 1) as u64 <= max_operand(2));
    assert!(limbs_of(MAX_N / 4 + 1) as u64 <= max_operand(3));
};

/// The `n`-th Fibonacci number, where the 1st is 0 and the 2nd is 1; `n` = 0 is taken for 1.
///
/// Memory at its peak: about 1 GB for the 10^9-th, in proportion for others.
///
/// Who calls it announces its [`cost`] to the control.
///
/// # Errors
/// [`Cancelled`] some milliseconds after `control` says so, and at once for an `n` above [`MAX_N`].
pub fn fib(n: u64, control: &Control) -> Result<Digits, Cancelled> {
    control.check()?;
    if n > MAX_N {
        return Err(Cancelled);
    }
    let index = n.saturating_sub(1);
    if index <= MAX_U128 {
        control.advance(cost(n));
        return Ok(small(index).0.into());
    }
    let tiles = Tiles::new(control, cost(n));
    let limbs = compute(index, &tiles)?;
    let digits = to_digits(&limbs, &tiles)?;
    tiles.finish();
    Ok(digits)
}

/// F(index), for an index above [`MAX_U128`].
fn compute(index: u64, tiles: &Tiles<'_>) -> Result<Limbs, Cancelled> {
    let last = index.div_ceil(2);
    let mut products = Products::new(limbs_of(last), tiles)?;
    let (mut k, steps) = doublings(last);
    let (f_k, before) = small(k);
    let (mut a, mut b) = (from_u128(f_k), from_u128(before));
    for step in (0..steps).rev() {
        // F(2k) = F(k)² + 2·F(k)·F(k−1) and F(2k−1) = F(k)² + F(k−1)².
        products.double(&mut a, &mut b)?;
        k *= 2;
        if last >> step & 1 == 1 {
            add_multiple(&a, &mut b, 1, tiles)?;
            (a, b) = (b, a);
            k += 1;
        }
    }
    debug_assert_eq!(k, last);
    if index.is_multiple_of(2) {
        // F(2k) as the product of two numbers: the sum of the doubling steps would not fit in the transform here.
        add_multiple(&a, &mut b, 2, tiles)?;
        products.product(&mut a, &b)?;
    } else {
        products.sum_of_squares(&mut a, &b)?;
    }
    Ok(a)
}

/// The memory that [`fib`] takes at its peak with the digits that it returns, in bytes.
pub fn memory(n: u64) -> u64 {
    // Measured: 0.86 GB for the 10^9-th.
    n.saturating_mul(9) / 10
}

/// Where doubling begins for F(last), and how many steps it takes: the first 7 bits of `last`, then one bit each.
fn doublings(last: u64) -> (u64, u32) {
    let steps = (u64::BITS - last.leading_zeros()).saturating_sub(7);
    (last >> steps, steps)
}

/// (F(index), F(index − 1)) for an index up to [`MAX_U128`].
fn small(index: u64) -> (u128, u128) {
    (0..index).fold((0, 1), |(f, before), _| (f + before, f))
}

/// How many limbs F(k) has, at most two too many.
const fn limbs_of(k: u64) -> usize {
    // A number grows by log10((1 + √5) / 2) = 0.20898764… digits each time.
    (k * 208_987_641 / 1_000_000_000) as usize / LIMB_DIGITS + 2
}

/// The cost of [`fib`], which it reports to its control piece by piece: about nanoseconds of one thread.
pub fn cost(n: u64) -> u64 {
    let index = n.saturating_sub(1);
    if index <= MAX_U128 {
        return 1;
    }
    let last = index.div_ceil(2);
    let (begin, steps) = doublings(last);
    let mut cost =
        2 * grow_cost(4 * limbs_of(last)) + combine_cost(limbs_of(last)) + digits_cost(limbs_of(index));
    for step in (0..steps).rev() {
        let k = last >> (step + 1);
        debug_assert!(k >= begin);
        cost += double_cost(limbs_of(k)) + (last >> step & 1) * carry_cost(limbs_of(2 * k));
    }
    cost
}

#[cfg(test)]
mod tests;
