//! The proof of a result: its residue modulo 2^61 − 1 is compared with that of F(n), computed on its own.
//!
//! One wrong limb changes the residue for certain: a power of ten times a difference below 10^18 is no multiple of the prime. Any
//! other mistake goes unseen once in 2·10^18 times. The limbs are what is checked, while they are written as digits; numbers
//! up to F(186), which are sums of integers, are not.

/// A Mersenne prime: 2^61 ≡ 1.
const M61: u64 = (1 << 61) - 1;

/// What [`residue`] keeps of each piece: the residue and the factor that belongs to the piece's length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    residue: u64,
    weight: u64,
}

#[inline]
fn mul(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the product has 122 bits, taken apart at 61")]
    let (low, high) = (product as u64 & M61, (product >> 61) as u64);
    reduce(low + high)
}

#[inline]
fn reduce(value: u64) -> u64 {
    if value >= M61 { value - M61 } else { value }
}

/// The residue of some limbs. Four sums run side by side, since each has to wait for its multiplications.
pub(super) fn residue(limbs: &[u64]) -> Piece {
    const BASE: u64 = super::limbs::BASE % M61;
    let square = mul(BASE, BASE);
    let fourth = mul(square, square);
    let (fours, rest) = limbs.as_chunks::<4>();
    let sums = fours.iter().rev().fold([0; 4], |sums, four| {
        let mut next = sums;
        next.iter_mut().zip(four).for_each(|(sum, &limb)| *sum = reduce(mul(*sum, fourth) + limb));
        next
    });
    let weights = [1, BASE, square, mul(square, BASE)];
    let low = sums.into_iter().zip(weights).fold(0, |low, (sum, weight)| reduce(low + mul(sum, weight)));
    let high = rest.iter().rev().fold(0, |sum, &limb| reduce(mul(sum, BASE) + limb));
    let weight = (0..fours.len()).fold(1, |weight, _| mul(weight, fourth));
    Piece {
        residue: reduce(low + mul(high, weight)),
        weight: rest.iter().fold(weight, |weight, _| mul(weight, BASE)),
    }
}

/// Whether the number whose pieces these are, the lowest first, may be F(index).
pub(super) fn is_fibonacci(index: u64, pieces: &[Piece]) -> bool {
    let whole = pieces.iter().rev().fold(0, |sum, piece| reduce(mul(sum, piece.weight) + piece.residue));
    // Both 0 and 2^61 − 1 stand for 0 here.
    whole % M61 == fibonacci(index) % M61
}

/// F(index) modulo 2^61 − 1.
fn fibonacci(index: u64) -> u64 {
    let (mut f, mut next) = (0, 1);
    for bit in (0..u64::BITS - index.leading_zeros()).rev() {
        // F(2k) = F(k)·(2F(k+1) − F(k)), F(2k+1) = F(k)² + F(k+1)².
        let doubled = mul(f, reduce(reduce(2 * next) + M61 - f));
        let after = reduce(mul(f, f) + mul(next, next));
        (f, next) = if index >> bit & 1 == 1 { (after, reduce(doubled + after)) } else { (doubled, after) };
    }
    f
}
