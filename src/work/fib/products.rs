//! The two products that fast doubling needs, and what they cost.
//!
//! How long an operand may be: a coefficient of a product of two numbers of L balanced limbs is a sum of at most L products,
//! each at most (10^6/2)^2 in magnitude, and the transform keeps it only while it is smaller than p/2 ≈ 9.22·10^18.
//! - a² + 2ab, three such products, holds up to 12.2 million limbs: 8.8 million come into the last doubling
//!   before F(10^9);
//! - a² + b², two products, up to 18.4 million: the last step to F(10^9) has 17.5 million;
//! - a single product up to 36.8 million.

use super::{
    field::{add, from_signed, mul, to_signed},
    limbs::{HALF_BASE, Limbs, carry_cost, carry_into},
    tiles::{TILE, Tiles},
    transform::Transform,
};
use crate::work::control::Cancelled;

/// Operands up to this many limbs are multiplied limb by limb: a transform would be slower.
const SCHOOLBOOK: usize = 32;

/// The longest operand, in limbs, for a coefficient that is the sum of `products` products of limbs.
///
/// A millionth of the range is left for the carries.
pub(super) const fn max_operand(products: u64) -> u64 {
    let range = super::field::P / 2;
    (range - range / 500_000) / (products * (HALF_BASE * HALF_BASE).unsigned_abs())
}

/// The memory in which products are computed, kept between the steps so that it is asked for once.
pub(super) struct Products<'a, 'c> {
    pub(super) tiles: &'a Tiles<'c>,
    /// The transforms of the two operands, then of the results.
    a: Vec<u64>,
    b: Vec<u64>,
}

impl<'a, 'c> Products<'a, 'c> {
    /// Takes memory for operands of up to `limbs` limbs.
    pub(super) fn new(limbs: usize, tiles: &'a Tiles<'c>) -> Result<Self, Cancelled> {
        let len = Transform::for_len(2 * limbs).len();
        let mut products = Self { tiles, a: Vec::new(), b: Vec::new() };
        tiles.grow(&mut products.a, len)?;
        tiles.grow(&mut products.b, len)?;
        Ok(products)
    }

    /// Sets (a, b) to (a² + 2ab, a² + b²); `b` must not be longer than `a`.
    pub(super) fn double(&mut self, a: &mut Limbs, b: &mut Limbs) -> Result<(), Cancelled> {
        if a.len() <= SCHOOLBOOK {
            let mixed = schoolbook(&[(a, a, 1), (a, b, 2)]);
            let squares = schoolbook(&[(a, a, 1), (b, b, 1)]);
            carry_into(a, &mixed, |coefficient| coefficient, self.tiles)?;
            return carry_into(b, &squares, |coefficient| coefficient, self.tiles);
        }
        let transform = self.forward(a, b)?;
        let scale = transform.scale();
        self.pointwise(&transform, |a, b| {
            let (scaled_a, scaled_b) = (mul(*a, scale), mul(*b, scale));
            let mixed = mul(scaled_a, add(*a, add(*b, *b)));
            (*a, *b) = (mixed, add(mul(scaled_a, *a), mul(scaled_b, *b)));
        })?;
        let coefficients = 2 * a.len() - 1;
        transform.inverse(&mut self.a[..transform.len()], self.tiles)?;
        carry_into(a, &self.a[..coefficients], to_signed, self.tiles)?;
        transform.inverse(&mut self.b[..transform.len()], self.tiles)?;
        carry_into(b, &self.b[..coefficients], to_signed, self.tiles)
    }

    /// Sets `a` to ab; `b` is left as it was.
    pub(super) fn product(&mut self, a: &mut Limbs, b: &Limbs) -> Result<(), Cancelled> {
        self.combine(a, b, |a, b, scale| mul(mul(a, b), scale))
    }

    /// Sets `a` to a² + b²; `b` is left as it was.
    pub(super) fn sum_of_squares(&mut self, a: &mut Limbs, b: &Limbs) -> Result<(), Cancelled> {
        self.combine(a, b, |a, b, scale| mul(add(mul(a, a), mul(b, b)), scale))
    }

    fn combine(
        &mut self,
        a: &mut Limbs,
        b: &Limbs,
        value: impl Fn(u64, u64, u64) -> u64 + Sync,
    ) -> Result<(), Cancelled> {
        let transform = self.forward(a, b)?;
        let scale = transform.scale();
        self.pointwise(&transform, |a, b| *a = value(*a, *b, scale))?;
        let coefficients = 2 * a.len().max(b.len()) - 1;
        transform.inverse(&mut self.a[..transform.len()], self.tiles)?;
        carry_into(a, &self.a[..coefficients], to_signed, self.tiles)
    }

    /// Transforms both operands, at a length that their products fit in.
    fn forward(&mut self, a: &Limbs, b: &Limbs) -> Result<Transform, Cancelled> {
        let transform = Transform::for_len((2 * a.len().max(b.len())).saturating_sub(1));
        for (limbs, buffer) in [(a, &mut self.a), (b, &mut self.b)] {
            // More than was taken in the beginning only if an estimate was short.
            if buffer.len() < transform.len() {
                self.tiles.grow(buffer, transform.len())?;
            }
            let buffer = &mut buffer[..transform.len()];
            let (used, rest) = buffer.split_at_mut(limbs.len());
            let work = limbs.chunks(TILE).zip(used.chunks_mut(TILE)).collect();
            self.tiles.run(work, load_cost(limbs.len()), |(limbs, out): (&[i32], &mut [u64])| {
                limbs.iter().zip(out).for_each(|(&limb, out)| *out = from_signed(limb));
            })?;
            let zeros = load_cost(rest.len());
            self.tiles.run(rest.chunks_mut(TILE).collect(), zeros, |rest: &mut [u64]| rest.fill(0))?;
            transform.forward(buffer, self.tiles)?;
        }
        Ok(transform)
    }

    fn pointwise(
        &mut self,
        transform: &Transform,
        combine: impl Fn(&mut u64, &mut u64) + Sync,
    ) -> Result<(), Cancelled> {
        let (a, b) = (&mut self.a[..transform.len()], &mut self.b[..transform.len()]);
        let work = a.chunks_mut(TILE).zip(b.chunks_mut(TILE)).collect();
        self.tiles.run(work, pointwise_cost(transform.len()), |(a, b): (&mut [u64], &mut [u64])| {
            a.iter_mut().zip(b).for_each(|(a, b)| combine(a, b));
        })
    }
}

/// What [`Products::double`] costs for operands of `limbs` limbs.
pub(super) fn double_cost(limbs: usize) -> u64 {
    if limbs <= SCHOOLBOOK {
        return (4 * limbs * limbs) as u64;
    }
    let transform = Transform::for_len(2 * limbs);
    4 * transform.cost()
        + 2 * load_cost(transform.len())
        + pointwise_cost(transform.len())
        + 2 * carry_cost(2 * limbs)
}

/// What [`Products::product`] and [`Products::sum_of_squares`] cost for operands of `limbs` limbs.
pub(super) fn combine_cost(limbs: usize) -> u64 {
    let transform = Transform::for_len(2 * limbs);
    3 * transform.cost()
        + 2 * load_cost(transform.len())
        + pointwise_cost(transform.len())
        + carry_cost(2 * limbs)
}

fn load_cost(len: usize) -> u64 {
    len as u64
}

fn pointwise_cost(len: usize) -> u64 {
    5 * len as u64
}

/// The coefficients of a sum of products, each with a small factor. They fit: operands are short.
fn schoolbook(terms: &[(&Limbs, &Limbs, i64)]) -> Vec<i64> {
    let len = terms.iter().map(|(a, b, _)| a.len() + b.len()).max().unwrap_or_default();
    let mut sums = vec![0; len];
    for &(a, b, factor) in terms {
        for (i, &limb) in a.iter().enumerate() {
            let limb = factor * i64::from(limb);
            sums[i..].iter_mut().zip(b).for_each(|(sum, &other)| *sum += limb * i64::from(other));
        }
    }
    sums
}
