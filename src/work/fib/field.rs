//! Arithmetic modulo the Goldilocks prime p = 2^64 − 2^32 + 1.
//!
//! Between operations every residue is canonical: smaller than p. The prime is made for 64-bit machines: 2^64 ≡ 2^32 − 1
//! and 2^96 ≡ −1, so a 128-bit product is reduced by shifts and additions, and 2^48 is a square root of −1.

/// The prime.
pub(super) const P: u64 = 0xFFFF_FFFF_0000_0001;

/// 2^64 mod p.
const EPSILON: u64 = 0xFFFF_FFFF;

/// `ROOTS[k]` has the order 2^k, and each is the square of the next; `ROOTS[2]` is 2^48.
pub(super) const ROOTS: [u64; 33] = {
    let mut roots = [1; 33];
    // 7 generates the whole group, whose order is 2^32 · 3 · 5 · 17 · 257 · 65537.
    roots[32] = pow(7, (P - 1) >> 32);
    let mut k = 32;
    while k > 0 {
        roots[k - 1] = mul(roots[k], roots[k]);
        k -= 1;
    }
    roots
};

/// The inverses of [`ROOTS`].
pub(super) const INVERSE_ROOTS: [u64; 33] = {
    let mut roots = ROOTS;
    let mut k = 0;
    while k < roots.len() {
        roots[k] = inverse(roots[k]);
        k += 1;
    }
    roots
};

#[inline]
pub(super) const fn add(a: u64, b: u64) -> u64 {
    let (sum, borrow) = a.overflowing_sub(P - b);
    sum.wrapping_sub(if borrow { EPSILON } else { 0 })
}

#[inline]
pub(super) const fn sub(a: u64, b: u64) -> u64 {
    let (difference, borrow) = a.overflowing_sub(b);
    difference.wrapping_sub(if borrow { EPSILON } else { 0 })
}

#[inline]
pub(super) const fn mul(a: u64, b: u64) -> u64 {
    reduce(a as u128 * b as u128)
}

/// a · 2^48, which is a times the square root of −1.
#[inline]
pub(super) const fn mul_by_i(a: u64) -> u64 {
    reduce((a as u128) << 48)
}

/// The residue of a number of any sign.
#[inline]
pub(super) const fn from_signed(value: i32) -> u64 {
    let magnitude = value.unsigned_abs() as u64;
    if value < 0 { P - magnitude } else { magnitude }
}

/// The number of the smallest magnitude, at most p/2, with this residue.
#[inline]
pub(super) const fn to_signed(residue: u64) -> i64 {
    let value = if residue > P / 2 { residue.wrapping_sub(P) } else { residue };
    value.cast_signed()
}

pub(super) const fn pow(base: u64, mut exponent: u64) -> u64 {
    let (mut result, mut square) = (1, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, square);
        }
        square = mul(square, square);
        exponent >>= 1;
    }
    result
}

/// 1/a; 0 for a = 0.
pub(super) const fn inverse(a: u64) -> u64 {
    pow(a, P - 2)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves of the product are taken apart")]
const fn reduce(product: u128) -> u64 {
    let (low, high) = (product as u64, (product >> 64) as u64);
    // product = low + 2^64·(high mod 2^32) + 2^96·(high / 2^32) ≡ low + EPSILON·(high mod 2^32) − high / 2^32.
    let (rest, borrow) = low.overflowing_sub(high >> 32);
    let rest = rest.wrapping_sub(if borrow { EPSILON } else { 0 });
    let (sum, carry) = rest.overflowing_add((high & EPSILON) * EPSILON);
    let sum = sum.wrapping_add(if carry { EPSILON } else { 0 });
    if sum >= P { sum - P } else { sum }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn residue() -> impl Strategy<Value = u64> {
        prop_oneof![0..P, 0..4_u64, P - 4..P, (1_u64 << 32) - 2..(1 << 32) + 2]
    }

    fn slow(value: u128) -> u64 {
        u64::try_from(value % u128::from(P)).unwrap()
    }

    proptest! {
        #[test]
        fn agrees_with_division(a in residue(), b in residue()) {
            let (wide_a, wide_b) = (u128::from(a), u128::from(b));
            prop_assert_eq!(add(a, b), slow(wide_a + wide_b));
            prop_assert_eq!(sub(a, b), slow(wide_a + u128::from(P) - wide_b));
            prop_assert_eq!(mul(a, b), slow(wide_a * wide_b));
            prop_assert_eq!(mul_by_i(a), slow(wide_a << 48));
        }

        #[test]
        fn signs_survive(value: i32) {
            prop_assert_eq!(to_signed(from_signed(value)), i64::from(value));
        }
    }

    #[test]
    fn roots_have_their_orders() {
        assert_eq!(ROOTS[2], 1 << 48);
        assert_eq!(ROOTS[1], P - 1);
        assert_eq!(mul(ROOTS[32], INVERSE_ROOTS[32]), 1);
        assert_eq!(to_signed(P / 2), 0x7FFF_FFFF_8000_0000);
        assert_eq!(to_signed(P / 2 + 1), -0x7FFF_FFFF_8000_0000);
    }
}
