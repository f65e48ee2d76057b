//! Natural numbers as limbs of eighteen decimal digits, the lowest first.

/// A limb is smaller than this, the largest power of ten of which several still fit in 64 bits.
pub(super) const BASE: u64 = 1_000_000_000_000_000_000;

/// Digits of a limb.
pub(super) const LIMB_DIGITS: usize = 18;

/// A natural number; its highest limb is not zero, zero has none.
pub(super) type Limbs = Vec<u64>;

/// Operands up to this many limbs are multiplied limb by limb: a transform would be slower.
pub(super) const SCHOOLBOOK: usize = 90;

/// A column of as many products of limbs, with what is carried into it, fits in a `u128`.
const _: () = assert!((SCHOOLBOOK as u128 + 1) < u128::MAX / (WIDE_BASE * WIDE_BASE));

const WIDE_BASE: u128 = BASE as u128;

pub(super) fn from_u128(mut value: u128) -> Limbs {
    let mut limbs = Limbs::with_capacity(3);
    while value > 0 {
        limbs.push((value % WIDE_BASE) as u64);
        value /= WIDE_BASE;
    }
    limbs
}

/// a·b, limb by limb; the shorter one has at most [`SCHOOLBOOK`] limbs.
pub(super) fn product(a: &[u64], b: &[u64]) -> Limbs {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return Limbs::new();
    }
    let mut out = Limbs::with_capacity(long.len() + short.len());
    let mut carry = 0;
    for k in 0..long.len() + short.len() - 1 {
        // long[i]·short[k − i] for all i that there are.
        let first = k.saturating_sub(short.len() - 1);
        let last = k.min(long.len() - 1);
        let pairs = long[first..=last].iter().zip(short[k - last..=k - first].iter().rev());
        let column: u128 = pairs.map(|(&x, &y)| u128::from(x) * u128::from(y)).sum();
        carry = push_column(&mut out, column, carry);
    }
    finish(&mut out, carry);
    out
}

/// a², at half the cost of a product; as long as there.
pub(super) fn square(a: &[u64]) -> Limbs {
    let mut out = Limbs::with_capacity(2 * a.len());
    let mut carry = 0;
    for k in 0..(2 * a.len()).saturating_sub(1) {
        let first = k.saturating_sub(a.len() - 1);
        // Pairs of different limbs come twice.
        let (low, high) = (&a[first..k.div_ceil(2)], &a[k / 2 + 1..=k - first]);
        let twice: u128 =
            low.iter().zip(high.iter().rev()).map(|(&x, &y)| u128::from(x) * u128::from(y)).sum();
        let middle = if k % 2 == 0 { u128::from(a[k / 2]).pow(2) } else { 0 };
        carry = push_column(&mut out, 2 * twice + middle, carry);
    }
    finish(&mut out, carry);
    out
}

/// Appends the limb of a column; returns what it carries.
#[inline]
fn push_column(out: &mut Limbs, column: u128, carry: u128) -> u128 {
    let (quotient, limb) = divide(column + carry);
    out.push(limb);
    quotient
}

/// Quotient and remainder by [`BASE`], without a division.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "smaller than the base")]
fn divide(value: u128) -> (u128, u64) {
    /// ⌊2^122 / 10^18⌋ and ⌊2^96 / 10^18⌋.
    const COARSE: u128 = (1 << 122) / WIDE_BASE;
    const FINE: u128 = (1 << 96) / WIDE_BASE;
    // The upper half alone: what the lower one counts, and what the reciprocal lacks, are less than 27 together.
    let coarse = ((value >> 64) * COARSE) >> 58;
    let rest = value - coarse * WIDE_BASE;
    // At most one too little.
    let fine = ((rest >> 32) * FINE) >> 64;
    let rest = (rest - fine * WIDE_BASE) as u64;
    let more = rest >= BASE;
    (coarse + fine + u128::from(more), if more { rest - BASE } else { rest })
}

#[expect(clippy::cast_possible_truncation, reason = "the product of two numbers has no further limb")]
fn finish(out: &mut Limbs, carry: u128) {
    out.push(carry as u64);
    trim(out);
}

fn trim(out: &mut Limbs) {
    while out.last() == Some(&0) {
        out.pop();
    }
}

/// x·a + y·b + addend for small factors, |x| + |y| ≤ 7, where the result is natural.
#[expect(clippy::cast_possible_wrap, reason = "sums of up to seven limbs fit in 63 bits")]
pub(super) fn combine([x, y]: [i8; 2], a: &[u64], b: &[u64], addend: i64) -> Limbs {
    let len = a.len().max(b.len());
    let mut out = Limbs::with_capacity(len + 1);
    let mut carry = addend;
    let limb = |number: &[u64], k: usize| number.get(k).map_or(0, |&limb| limb as i64);
    for k in 0..=len {
        let sum = i64::from(x) * limb(a, k) + i64::from(y) * limb(b, k) + carry;
        carry = sum.div_euclid(BASE as i64);
        out.push(sum.rem_euclid(BASE as i64) as u64);
    }
    debug_assert_eq!(carry, 0);
    trim(&mut out);
    out
}

/// The digits of a limb, all eighteen.
#[inline]
pub(super) fn write_limb(limb: u64, out: &mut [u8; LIMB_DIGITS]) {
    let (high, low) = (limb / 1_000_000_000, limb % 1_000_000_000);
    let (left, right) = out.split_at_mut(LIMB_DIGITS / 2);
    for (nine, out) in [(high, left), (low, right)] {
        let (first, eight) = (nine / 100_000_000, nine % 100_000_000);
        out[0] = b'0' + first.to_le_bytes()[0];
        out[1..].copy_from_slice(&eight_digits(eight));
    }
}

/// The digits of a number below 10^8, by halves, quarters and eighths at once, each in its own part of a word.
#[inline]
fn eight_digits(value: u64) -> [u8; 8] {
    let fours = value / 10_000 + ((value % 10_000) << 32);
    // 10486/2^20 is 1/100 and 103/2^10 is 1/10, near enough for four and for two digits.
    let hundreds = ((fours * 10_486) >> 20) & 0x7F_0000_007F;
    let twos = hundreds + ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    let ones = tens + ((twos - 10 * tens) << 8);
    (ones + 0x3030_3030_3030_3030).to_le_bytes()
}
