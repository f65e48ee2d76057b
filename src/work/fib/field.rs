//! Arithmetic modulo the Goldilocks prime p = 2^64 − 2^32 + 1.
//!
//! Between operations every residue is canonical: smaller than p. The prime is made for 64-bit machines: 2^64 ≡ 2^32 − 1
//! and 2^96 ≡ −1, so a 128-bit product is reduced by shifts and additions, and 2^48 is a square root of −1.

use std::hint::select_unpredictable;

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
        roots[k - 1] = mul_const(roots[k], roots[k]);
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
pub(super) fn add(a: u64, b: u64) -> u64 {
    let (sum, borrow) = a.overflowing_sub(P - b);
    sum.wrapping_sub(epsilon_if(borrow))
}

#[inline]
pub(super) fn sub(a: u64, b: u64) -> u64 {
    let (difference, borrow) = a.overflowing_sub(b);
    difference.wrapping_sub(epsilon_if(borrow))
}

#[inline]
pub(super) fn mul(a: u64, b: u64) -> u64 {
    reduce(u128::from(a) * u128::from(b))
}

/// a · 2^48, which is a times the square root of −1.
#[inline]
pub(super) fn mul_by_i(a: u64) -> u64 {
    reduce(u128::from(a) << 48)
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

/// The product for constants and single values: by division, which is slow.
#[expect(clippy::cast_possible_truncation, reason = "smaller than p")]
const fn mul_const(a: u64, b: u64) -> u64 {
    (a as u128 * b as u128 % P as u128) as u64
}

/// A power, at a microsecond or so.
pub(super) const fn pow(base: u64, mut exponent: u64) -> u64 {
    let (mut result, mut square) = (1, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul_const(result, square);
        }
        square = mul_const(square, square);
        exponent >>= 1;
    }
    result
}

/// 1/a; 0 for a = 0.
pub(super) const fn inverse(a: u64) -> u64 {
    pow(a, P - 2)
}

/// [`EPSILON`] or 0. The compiler makes a branch of an `if` here, and half of those would be predicted wrong.
#[inline]
fn epsilon_if(condition: bool) -> u64 {
    select_unpredictable(condition, EPSILON, 0)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves of the product are taken apart")]
fn reduce(product: u128) -> u64 {
    let (low, high) = (product as u64, (product >> 64) as u64);
    // product = low + 2^64·(high mod 2^32) + 2^96·(high / 2^32) ≡ low + EPSILON·(high mod 2^32) − high / 2^32.
    let (rest, borrow) = low.overflowing_sub(high >> 32);
    let rest = rest.wrapping_sub(epsilon_if(borrow));
    let (sum, carry) = rest.overflowing_add((high & EPSILON) * EPSILON);
    let sum = sum.wrapping_add(epsilon_if(carry));
    // Adding EPSILON is taking p away, if it overflows.
    sum.wrapping_add(epsilon_if(sum >= P))
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
