//! The three primes, and single residues of them.
//!
//! Each is k·45·2^24 + 1, so that it has roots of unity of the orders 2^e, 3·2^e … 45·2^e up to 45·2^24, and a little below 2^48.7:
//! as large as [`super::lanes`] can take, since their product (2^146.1) bounds the products that can be computed.

use super::lanes::{MAGIC, rest};

/// A prime and its roots of unity. Residues are centred: −p/2 to p/2.
pub(super) struct Prime {
    /// The prime, below 2^48.7.
    pub(super) p: f64,
    /// 1/p, rounded.
    pub(super) inverse: f64,
    /// `roots[e]` has the order 2^e, and each is the square of the next.
    roots: [f64; MAX_POWER + 1],
    /// Their inverses.
    inverse_roots: [f64; MAX_POWER + 1],
    /// The powers of a root of the order 45.
    odd_powers: [f64; ODD],
    /// What a transform of five numbers multiplies by, for a fifth root ζ: the halves of ζ + 1/ζ, ζ² + 1/ζ², ζ − 1/ζ and ζ² − 1/ζ².
    pub(super) fifth: [f64; 4],
}

/// The direction of a transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From coefficients to values.
    Forward,
    /// Back.
    Inverse,
}

/// The odd part of the longest transforms' lengths.
pub(super) const ODD: usize = 45;
/// Roots of unity have orders up to 45 · 2^this.
const MAX_POWER: usize = 24;

pub(super) static PRIMES: [Prime; 3] = [
    Prime::new(457_235_339_673_601, 7),
    Prime::new(457_231_564_800_001, 7),
    Prime::new(457_230_054_850_561, 14),
];

impl Prime {
    /// The prime and a number that is no square, cube or fifth power modulo it.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    const fn new(p: u64, generator: u64) -> Self {
        let whole = pow(generator, (p - 1) / ((ODD as u64) << MAX_POWER), p);
        let odd_root = pow(whole, 1 << MAX_POWER, p);
        let fifth = pow(odd_root, ODD as u64 / 5, p);
        let (square, inverse) = (mul(fifth, fifth, p), pow(fifth, 4, p));
        let (inverse_square, half) = (mul(inverse, inverse, p), p.div_ceil(2));
        let mut prime = Self {
            p: p as f64,
            inverse: 1.0 / p as f64,
            roots: [1.0; MAX_POWER + 1],
            inverse_roots: [1.0; MAX_POWER + 1],
            odd_powers: [1.0; ODD],
            fifth: [
                centred(mul(fifth + inverse, half, p), p),
                centred(mul(square + inverse_square, half, p), p),
                centred(mul(fifth + p - inverse, half, p), p),
                centred(mul(square + p - inverse_square, half, p), p),
            ],
        };
        let mut k = 1;
        while k < ODD {
            prime.odd_powers[k] = centred(pow(odd_root, k as u64, p), p);
            k += 1;
        }
        let mut root = pow(whole, ODD as u64, p);
        let mut e = MAX_POWER;
        while e > 0 {
            prime.roots[e] = centred(root, p);
            prime.inverse_roots[e] = centred(pow(root, p - 2, p), p);
            root = mul(root, root, p);
            e -= 1;
        }
        prime
    }

    /// A root of unity of the order 2^e, e ≤ 24, or its inverse.
    pub(super) const fn root(&self, e: usize, way: Way) -> f64 {
        match way {
            Way::Forward => self.roots[e],
            Way::Inverse => self.inverse_roots[e],
        }
    }

    /// A root of unity of an order that divides 45, to a power; or its inverse.
    pub(super) fn odd_root(&self, order: usize, power: usize, way: Way) -> f64 {
        let power = match way {
            Way::Forward => power,
            Way::Inverse => order - power % order,
        };
        self.odd_powers[ODD / order * (power % order)]
    }

    /// a·b, for |a·b| ≤ 4p².
    #[inline]
    pub(super) fn mul(&self, a: f64, b: f64) -> f64 {
        rest(a, b, (a * b * self.inverse + MAGIC) - MAGIC, self.p)
    }

    /// 1/order, where the order divides p − 1: then −(p − 1)/order is it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^49")]
    pub(super) fn inverse_of_order(&self, order: u64) -> f64 {
        let p = self.p as u64;
        centred(p - (p - 1) / order, p)
    }

    /// 1/other modulo this prime, for another of the three.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^49")]
    pub(super) const fn inverse_of_prime(&self, other: &Self) -> f64 {
        let p = self.p as u64;
        centred(pow(other.p as u64 % p, p - 2, p), p)
    }

    /// The residue of a natural number.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^48.7")]
    pub(super) fn residue(&self, value: u64) -> f64 {
        let p = self.p as u64;
        centred(value % p, p)
    }

    /// A factor with its quotient by p, as [`super::lanes`] takes it.
    pub(super) fn with_quotient(&self, factor: f64) -> [f64; 2] {
        [factor, factor / self.p]
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
const fn centred(residue: u64, p: u64) -> f64 {
    if residue > p / 2 { residue as f64 - p as f64 } else { residue as f64 }
}

#[expect(clippy::cast_possible_truncation, reason = "smaller than p")]
const fn mul(a: u64, b: u64, p: u64) -> u64 {
    (a as u128 * b as u128 % p as u128) as u64
}

const fn pow(base: u64, mut exponent: u64, p: u64) -> u64 {
    let (mut result, mut square) = (1, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, square, p);
        }
        square = mul(square, square, p);
        exponent >>= 1;
    }
    result
}
