//! Fibonacci numbers against references that were computed in other ways.

use std::{sync::mpsc, thread};

use num_bigint::BigUint;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{
    limbs::{BASE, HALF_BASE, carry_into},
    *,
};

fn compute_freely(n: u64) -> Digits {
    fib(n, &Control::default()).unwrap()
}

/// F(index) by binary doubling, as in any textbook.
fn reference(index: u64) -> BigUint {
    let (mut f, mut next) = (BigUint::ZERO, BigUint::from(1_u32));
    for bit in (0..u64::BITS - index.leading_zeros()).rev() {
        let doubled = &f * (&next * 2_u32 - &f);
        let after = &f * &f + &next * &next;
        (f, next) = if index >> bit & 1 == 1 { (after.clone(), doubled + after) } else { (doubled, after) };
    }
    f
}

/// F(index) mod `modulus` by doubling of residues.
fn reference_mod(index: u64, modulus: u128) -> u128 {
    let (mut f, mut next) = (0, 1);
    for bit in (0..u64::BITS - index.leading_zeros()).rev() {
        let doubled = f * (2 * next + modulus - f) % modulus;
        let after = (f * f + next * next) % modulus;
        (f, next) =
            if index >> bit & 1 == 1 { (after, (doubled + after) % modulus) } else { (doubled, after) };
    }
    f
}

fn digits_mod(digits: &Digits, modulus: u128) -> u128 {
    digits.here().unwrap().bytes().fold(0, |value, byte| (value * 10 + u128::from(byte - b'0')) % modulus)
}

#[test]
fn the_first_numbers_by_addition() {
    let (mut f, mut next) = (BigUint::ZERO, BigUint::from(1_u32));
    for n in 1..=3000 {
        assert_eq!(compute_freely(n).here().unwrap(), f.to_string(), "number {n}");
        (f, next) = (next.clone(), f + next);
    }
}

#[test]
fn the_numbers_that_people_know() {
    for (n, expected) in [(0, "0"), (1, "0"), (2, "1"), (10, "34"), (100, "218922995834555169026")] {
        assert_eq!(compute_freely(n).here().unwrap(), expected, "number {n}");
    }
}

#[test]
fn some_numbers_by_binary_doubling() {
    // Of both parities and on both sides of powers of two, where operands change their length.
    for n in [4_097, 20_000, 65_536, 65_537, 65_538, 99_999, 131_074, 199_990] {
        assert_eq!(compute_freely(n).here().unwrap(), reference(n - 1).to_string(), "number {n}");
    }
}

#[test]
fn great_numbers_by_residues() {
    for (n, len) in [(1_000_000, 208_988), (1_300_001, 271_684), (3_000_000, 626_963)] {
        let digits = compute_freely(n);
        assert_eq!(digits.len(), len, "number {n}");
        for modulus in [(1 << 61) - 1, 1_000_000_007, 999_983] {
            assert_eq!(
                digits_mod(&digits, modulus),
                reference_mod(n - 1, modulus),
                "number {n} mod {modulus}"
            );
        }
    }
}

#[test]
fn a_number_beyond_the_greatest_is_refused() {
    let control = Control::default();
    assert_eq!(fib(MAX_N + 1, &control), Err(Cancelled));
    assert_eq!(fib(u64::MAX, &control), Err(Cancelled));
}

#[test]
fn a_cancelled_control_stops_before_the_start() {
    let token = CancellationToken::new();
    token.cancel();
    for n in [1, 1000, MAX_N] {
        assert_eq!(fib(n, &Control::new(token.clone(), CancellationToken::new())), Err(Cancelled));
        assert_eq!(fib(n, &Control::new(CancellationToken::new(), token.clone())), Err(Cancelled));
    }
}

/// Would run for minutes if it did not stop.
#[test]
fn a_cancel_from_another_thread_stops_it() {
    let token = CancellationToken::new();
    let control = Control::new(token.clone(), CancellationToken::new());
    control.expect(cost(MAX_N));
    thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        let (shared, begun) = (&control, CancellationToken::new());
        let begin = begun.clone();
        scope.spawn(move || {
            begin.cancel();
            ended.send(fib(MAX_N, shared)).unwrap();
        });
        while !begun.is_cancelled() || control.progress() == Some(0.0) {
            thread::yield_now();
        }
        token.cancel();
        assert_eq!(end.recv().unwrap(), Err(Cancelled));
    });
    assert!(control.progress().unwrap() < 1.0);
}

#[test]
fn progress_ends_at_one_also_when_shared() {
    let control = Control::default();
    for n in [1, 100, 186, 187, 188, 3_000, 40_000, 300_000, 1_000_000] {
        control.expect(cost(n));
        fib(n, &control).unwrap();
        assert_eq!(control.progress(), Some(1.0), "number {n}");
    }
}

/// What `finish` adds at the end must be little, or the progress would jump; and nothing may run after it reads 1.
#[test]
fn the_announced_cost_is_close_to_the_counted_one() {
    for index in [5_000, 77_777, 400_000, 1_000_001] {
        let announced = cost(index + 1);
        let control = Control::default();
        control.expect(4 * announced);
        let tiles = Tiles::new(&control, 4 * announced);
        let limbs = compute(index, &tiles).unwrap();
        to_digits(&limbs, &tiles).unwrap();
        let counted = control.progress().unwrap() * 4.0;
        assert!((0.8..1.2).contains(&counted), "F({index}): {counted} of the announced cost was counted");
    }
}

fn limbs_from(text: &str) -> Limbs {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    let mut limbs = Limbs::new();
    let plain: Vec<i64> = text
        .as_bytes()
        .rchunks(LIMB_DIGITS)
        .map(|limb| str::from_utf8(limb).unwrap().parse().unwrap())
        .collect();
    carry_into(&mut limbs, &plain, |limb| limb, &tiles).unwrap();
    limbs
}

fn text(limbs: &Limbs) -> String {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    to_digits(limbs, &tiles).unwrap().here().unwrap().to_owned()
}

/// All products of two decimal numbers against the reference; `a` must not be shorter than `b`.
fn check_products(a: &str, b: &str) {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    let (limbs_a, limbs_b) = (limbs_from(a), limbs_from(b));
    let (big_a, big_b): (BigUint, BigUint) = (a.parse().unwrap(), b.parse().unwrap());
    let mut products = Products::new(limbs_a.len(), &tiles).unwrap();
    let (mut first, mut second) = (limbs_a.clone(), limbs_b.clone());
    products.double(&mut first, &mut second).unwrap();
    assert!(text(&first) == (&big_a * (&big_a + 2_u32 * &big_b)).to_string(), "a² + 2ab");
    assert!(text(&second) == (&big_a * &big_a + &big_b * &big_b).to_string(), "a² + b²");
    let mut product = limbs_a.clone();
    products.product(&mut product, &limbs_b).unwrap();
    assert!(text(&product) == (&big_a * &big_b).to_string(), "ab");
    let mut squares = limbs_a.clone();
    products.sum_of_squares(&mut squares, &limbs_b).unwrap();
    assert!(text(&squares) == (&big_a * &big_a + &big_b * &big_b).to_string(), "a² + b² alone");
}

#[test]
fn products_of_the_greatest_limbs_are_exact() {
    // Balanced, 999999 is −1 and a carry; 499999 and 500000 are the limbs of the greatest magnitude.
    for limb in ["999999", "499999", "500000", "000001"] {
        for len in [1, 7, 31, 32, 33, 60, 64, 100, 1_000, 5_000] {
            let a = format!("1{}", limb.repeat(len));
            check_products(&a, &a);
            check_products(&a, &"999999".repeat(len));
        }
    }
}

/// One length for each kind of transform, long enough for passes over several blocks and for the odd factors.
#[test]
fn long_products_of_the_greatest_limbs_are_exact() {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    for len in [30_000, 37_000, 45_000, 60_000] {
        // The square of 10^k − 1 is 99…9800…01; sums of squares are doubled: 199…9600…02.
        let digits = LIMB_DIGITS * len;
        let mut a = limbs_from(&"9".repeat(digits));
        let b = a.clone();
        Products::new(a.len(), &tiles).unwrap().sum_of_squares(&mut a, &b).unwrap();
        let expected = format!("1{}6{}2", "9".repeat(digits - 1), "0".repeat(digits - 1));
        assert!(text(&a) == expected, "{len} limbs of 999999");
        // The square of 55…5 (in halves of the base) stays at the ends of the balanced range: checked by its residue.
        let mut a = limbs_from(&"500000".repeat(len));
        let b = a.clone();
        Products::new(a.len(), &tiles).unwrap().product(&mut a, &b).unwrap();
        let modulus = (1 << 61) - 1;
        let root = (0..len).fold(0, |value: u128, _| (value * 1_000_000 + 500_000) % modulus);
        let square = Digits::from_canonical(text(&a));
        assert_eq!(digits_mod(&square, modulus), root * root % modulus, "{len} limbs of 500000");
    }
}

/// The bounds of `products`, against the sums that they bound.
#[test]
fn bounds_leave_room_for_the_carries() {
    for products in 1..=3 {
        let greatest =
            i128::from(max_operand(products)) * i128::from(products) * i128::from(HALF_BASE).pow(2);
        let carried = greatest + 2 * greatest / i128::from(BASE) + i128::from(BASE);
        assert!(carried < i128::from(i64::MAX) && greatest < i128::from(field::P / 2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_products_are_exact(a in "[1-9][0-9]{0,900}", b in "[1-9][0-9]{0,900}") {
        let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
        check_products(&long, &short);
    }

    /// Runs of 0s and 9s, so that carries and borrows run through many limbs and over the tiles' ends.
    #[test]
    fn text_survives_balancing(
        pieces in prop::collection::vec(("[0-9]{1,9}", prop::sample::select(vec!["0", "9", "499999", "500000"]), 0..60_000_usize), 1..5),
    ) {
        let number: String = pieces.iter().flat_map(|(digits, run, times)| [digits.clone(), run.repeat(*times / run.len())]).collect();
        let significant = number.trim_start_matches('0');
        let expected = if significant.is_empty() { "0" } else { significant };
        prop_assert!(text(&limbs_from(&number)) == expected);
    }

    /// A number from coefficients of any size is the sum that they stand for.
    #[test]
    fn carries_are_exact(
        coefficients in prop::collection::vec(-9_000_000_000_000_000_000..=9_000_000_000_000_000_000_i64, 0..50),
        times in 1..1000_usize,
    ) {
        let mut values = coefficients.repeat(times);
        // The highest makes the number natural, whatever the others are.
        values.push(9_100_000_000_000_000_000);
        let control = Control::default();
        let mut limbs = Limbs::new();
        carry_into(&mut limbs, &values, |value| value, &Tiles::new(&control, 1)).unwrap();
        prop_assert!(limbs.iter().all(|&limb| (-HALF_BASE..HALF_BASE).contains(&i64::from(limb))));
        prop_assert!(*limbs.last().unwrap() > 0);
        for modulus in [(1_i128 << 61) - 1, 999_983] {
            let base = i128::from(BASE);
            let value = values.iter().rev().fold(0, |sum, &value| (sum * base + i128::from(value)).rem_euclid(modulus));
            let sum = limbs.iter().rev().fold(0, |sum, &limb| (sum * base + i128::from(limb)).rem_euclid(modulus));
            prop_assert_eq!(value, sum);
        }
    }

    #[test]
    fn sums_are_exact(a in "[1-9][0-9]{300,9000}", b in "[1-9][0-9]{0,300}", factor in 1..=2_u32) {
        let control = Control::default();
        let mut sum = limbs_from(&b);
        add_multiple(&limbs_from(&a), &mut sum, factor.into(), &Tiles::new(&control, 1)).unwrap();
        let expected = a.parse::<BigUint>().unwrap() + b.parse::<BigUint>().unwrap() * factor;
        prop_assert_eq!(text(&sum), expected.to_string());
    }
}
