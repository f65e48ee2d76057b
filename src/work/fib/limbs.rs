//! Natural numbers as limbs of six decimal digits, the lowest first.
//!
//! Limbs are balanced, −500000 to 499999: sums of their products stay four times smaller than those of limbs from 0 to
//! 999999, which is what lets the transform of [`super::products`] hold numbers of 10^8 digits.

use std::array;

use super::tiles::{TILE, Tiles};
use crate::{job::Digits, work::control::Cancelled};

/// One limb counts to this.
pub(super) const BASE: i64 = 1_000_000;

/// Digits of a limb.
pub(super) const LIMB_DIGITS: usize = 6;

/// The largest magnitude of a balanced limb.
pub(super) const HALF_BASE: i64 = BASE / 2;

/// A natural number; its highest limb is positive, zero has none.
pub(super) type Limbs = Vec<i32>;

pub(super) fn from_u128(mut value: u128) -> Limbs {
    let mut carry = 0;
    let mut limbs = Limbs::new();
    while value > 0 || carry > 0 {
        // Below the base, so it fits.
        let low = i64::try_from(value % u128::from(BASE.unsigned_abs())).unwrap_or_default();
        let (limb, high) = split(low + carry);
        limbs.push(limb);
        (value, carry) = (value / u128::from(BASE.unsigned_abs()), high);
    }
    limbs
}

/// Cuts a value into a limb and what is carried to the next one. The value must keep half a base of room to the ends of i64.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the remainder is a limb")]
fn split(value: i64) -> (i32, i64) {
    let shifted = value + HALF_BASE;
    ((shifted.rem_euclid(BASE) - HALF_BASE) as i32, shifted.div_euclid(BASE))
}

/// Sets `out` to the number whose coefficients (to the base 10^6) `coefficient` reads from `source`.
///
/// Tiles are carried through on their own; what leaves one at its upper end usually settles in the next one's first limbs.
/// The number must be natural, and no coefficient's magnitude greater than i64's end less a 10^6-th part of it.
pub(super) fn carry_into<T: Copy + Sync>(
    out: &mut Limbs,
    source: &[T],
    coefficient: impl Fn(T) -> i64 + Sync,
    tiles: &Tiles<'_>,
) -> Result<(), Cancelled> {
    tiles.grow(out, source.len())?;
    let mut carries = vec![0; source.len().div_ceil(TILE)];
    let work = source.chunks(TILE).zip(out.chunks_mut(TILE)).zip(&mut carries).collect();
    tiles.run(work, carry_cost(source.len()), |((source, out), carry): ((&[T], &mut [i32]), &mut i64)| {
        for (&value, limb) in source.iter().zip(out) {
            (*limb, *carry) = split(coefficient(value) + *carry);
        }
    })?;
    settle(out, &carries, tiles)
}

/// Sets `b` to a + factor·b, where `a` has at least as many limbs as `b`, and the factor is small.
pub(super) fn add_multiple(
    a: &Limbs,
    b: &mut Limbs,
    factor: i64,
    tiles: &Tiles<'_>,
) -> Result<(), Cancelled> {
    tiles.grow(b, a.len())?;
    let mut carries = vec![0; a.len().div_ceil(TILE)];
    let work = a.chunks(TILE).zip(b.chunks_mut(TILE)).zip(&mut carries).collect();
    tiles.run(work, carry_cost(a.len()), |((a, b), carry): ((&[i32], &mut [i32]), &mut i64)| {
        for (&a, b) in a.iter().zip(b) {
            (*b, *carry) = split(i64::from(a) + factor * i64::from(*b) + *carry);
        }
    })?;
    settle(b, &carries, tiles)
}

/// Adds to each tile of `limbs` what the tile below it carries, and removes the zeros at the upper end.
fn settle(limbs: &mut Limbs, carries: &[i64], tiles: &Tiles<'_>) -> Result<(), Cancelled> {
    let mut carry = 0;
    for (tile, out) in limbs.chunks_mut(TILE).zip(carries) {
        tiles.step(0)?;
        for limb in tile {
            if carry == 0 {
                break;
            }
            (*limb, carry) = split(i64::from(*limb) + carry);
        }
        carry += out;
    }
    while carry != 0 {
        let (limb, high) = split(carry);
        limbs.push(limb);
        carry = high;
    }
    // Every zero was computed in a tile; here is at most the difference between the estimated length and the real one.
    let significant = limbs.iter().rposition(|&limb| limb != 0).map_or(0, |highest| highest + 1);
    limbs.truncate(significant);
    Ok(())
}

/// What [`carry_into`] and [`add_multiple`] cost for `len` limbs.
pub(super) fn carry_cost(len: usize) -> u64 {
    5 * len as u64
}

/// What [`to_digits`] costs for `len` limbs.
pub(super) fn digits_cost(len: usize) -> u64 {
    9 * len as u64
}

/// Writes a number in decimal.
pub(super) fn to_digits(limbs: &[i32], tiles: &Tiles<'_>) -> Result<Digits, Cancelled> {
    /// Tiles that are written into one buffer before it is added to the text.
    const SECTION: usize = 32;
    let mut borrows = borrows(limbs, tiles)?;
    let mut text = String::with_capacity(limbs.len() * LIMB_DIGITS);
    let mut buffer = vec![0; limbs.len().min(SECTION * TILE) * LIMB_DIGITS];
    let sections: Vec<_> = limbs.chunks(SECTION * TILE).collect();
    for section in sections.into_iter().rev() {
        let bytes = &mut buffer[..section.len() * LIMB_DIGITS];
        let section_borrows = borrows.split_off(borrows.len() - section.len().div_ceil(TILE));
        let outs = bytes.rchunks_mut(TILE * LIMB_DIGITS);
        let work = section.chunks(TILE).zip(outs).zip(section_borrows).collect();
        tiles
            .run(work, digits_cost(section.len()), |((limbs, out), borrow)| write_tile(limbs, borrow, out))?;
        for piece in bytes.chunks(TILE * LIMB_DIGITS) {
            tiles.step(0)?;
            // ASCII by construction, so nothing is ever lost here.
            let piece = str::from_utf8(piece).unwrap_or_default();
            text.push_str(if text.is_empty() { piece.trim_start_matches('0') } else { piece });
        }
    }
    if text.is_empty() {
        text.push('0');
    }
    Ok(Digits::from_canonical(text))
}

/// For each tile 1 if the number below it is negative, so that it has to lend one; otherwise 0.
fn borrows(limbs: &[i32], tiles: &Tiles<'_>) -> Result<Vec<i32>, Cancelled> {
    let mut borrows = Vec::with_capacity(limbs.len().div_ceil(TILE));
    let mut borrow = 0;
    for tile in limbs.chunks(TILE) {
        tiles.step(0)?;
        borrows.push(borrow);
        if let Some(&highest) = tile.iter().rfind(|&&limb| limb != 0) {
            borrow = i32::from(highest < 0);
        }
    }
    Ok(borrows)
}

/// Writes balanced limbs, the lowest first, as digits into `out`, the lowest last.
fn write_tile(limbs: &[i32], mut borrow: i32, out: &mut [u8]) {
    for (&limb, out) in limbs.iter().zip(out.as_rchunks_mut::<LIMB_DIGITS>().1.iter_mut().rev()) {
        let lent = limb - borrow;
        borrow = i32::from(lent < 0);
        let value = if lent < 0 { lent + 1_000_000 } else { lent };
        let (high, low) = (value / 1000, value % 1000);
        *out = array::from_fn(|i| {
            let three = if i < 3 { high } else { low };
            let digit = [three / 100, three / 10 % 10, three % 10][i % 3];
            b'0'.wrapping_add(digit.to_le_bytes()[0])
        });
    }
}
