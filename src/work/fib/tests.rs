//! Fibonacci numbers against references that were computed in other ways, on every path.

use std::{sync::mpsc, thread};

use num_bigint::BigUint;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{limbs::BASE, plan::Shape, *};
use crate::work::team::Team;

/// All ways to compute on this machine: with each kind of vectors that it has, and without.
macro_rules! on_every_path {
    ($check:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some(lanes) = lanes::Avx512::detect() {
            $check(lanes);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(lanes) = lanes::Avx2::detect() {
            $check(lanes);
        }
        $check(Portable);
    }};
}

fn compute_freely(lanes: impl Lanes, n: u64) -> Digits {
    fib_with(lanes, n, &Control::default()).unwrap()
}

fn text(digits: &Digits) -> &str {
    digits.here().unwrap()
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

/// By residues: the digits would take the reference minutes.
fn check_residues(n: u64, digits: &Digits) {
    for modulus in [(1 << 59) - 55, 1_000_000_007, 999_983] {
        let residue =
            text(digits).bytes().fold(0, |sum, byte| (10 * sum + u128::from(byte - b'0')) % modulus);
        assert_eq!(residue, reference_mod(n - 1, modulus), "number {n} modulo {modulus}");
    }
}

/// FNV-1a, as good as any to tell digits by.
fn hash(digits: &Digits) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text(digits).bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn the_first_numbers_by_addition() {
    on_every_path!(|lanes| {
        let (mut f, mut next) = (BigUint::ZERO, BigUint::from(1_u32));
        for n in 1..=5_000 {
            assert_eq!(text(&compute_freely(lanes, n)), f.to_string(), "number {n}");
            (f, next) = (next.clone(), f + next);
        }
    });
}

#[test]
fn the_numbers_that_people_know() {
    for (n, expected) in [(0, "0"), (1, "0"), (2, "1"), (10, "34"), (100, "218922995834555169026")] {
        assert_eq!(text(&fib(n, &Control::default()).unwrap()), expected, "number {n}");
    }
}

#[test]
fn some_numbers_by_binary_doubling() {
    on_every_path!(|lanes| {
        // Of both parities and on both sides of powers of two, where operands change their length.
        for n in [4_097, 20_000, 65_536, 65_537, 65_538, 99_999, 131_074, 199_990] {
            assert_eq!(text(&compute_freely(lanes, n)), reference(n - 1).to_string(), "number {n}");
        }
    });
}

/// Where the last operand, or that of the last pair, gets its limb too many for schoolbook or for a length of transforms.
#[test]
fn numbers_where_the_way_changes_are_right() {
    let is_last = |&len: &usize| {
        len == SCHOOLBOOK || len > SCHOOLBOOK && Shape::for_len(2 * len + 1) != Shape::for_len(2 * len + 3)
    };
    let lens: Vec<_> = (1..1_500).filter(is_last).collect();
    assert!(lens.len() > 15, "{lens:?}");
    on_every_path!(|lanes| {
        for &len in &lens {
            // The first k for which F(k) has more limbs.
            let k = (len as u64 * 18_000_000_000 + 349_485_003).div_ceil(208_987_641);
            for n in [2 * k - 1, 2 * k, 2 * k + 1, 2 * k + 2, 4 * k, 4 * k + 1] {
                check_residues(n, &compute_freely(lanes, n));
            }
        }
    });
}

/// The digits of these were compared with GMP's when the hashes were written down.
#[test]
fn great_numbers_by_their_hashes() {
    on_every_path!(|lanes| {
        let digits = compute_freely(lanes, 10_000_001);
        assert_eq!((digits.len(), hash(&digits)), (2_089_877, 0xb9fe_e2fa_eca7_f81b));
    });
}

#[test]
#[ignore = "seconds in a debug build: `cargo test --release -- --ignored the_hundred`"]
fn the_hundred_millionth_by_its_hash() {
    let digits = fib(100_000_001, &Control::default()).unwrap();
    assert_eq!((digits.len(), hash(&digits)), (20_898_764, 0x6a81_02a6_10b4_f707));
}

#[test]
fn a_number_beyond_the_greatest_is_refused() {
    let control = Control::default();
    assert_eq!(fib(MAX_N + 1, &control), Err(Cancelled.into()));
    assert_eq!(fib(u64::MAX, &control), Err(Cancelled.into()));
}

#[test]
fn a_cancelled_control_stops_before_the_start() {
    let token = CancellationToken::new();
    token.cancel();
    for n in [1, 1000, MAX_N] {
        assert_eq!(fib(n, &Control::new(token.clone(), CancellationToken::new())), Err(Cancelled.into()));
        assert_eq!(fib(n, &Control::new(CancellationToken::new(), token.clone())), Err(Cancelled.into()));
    }
}

/// Would run for minutes if it did not stop; with helpers and without.
#[test]
fn a_cancel_from_another_thread_stops_it() {
    for cores in [1, 4] {
        let token = CancellationToken::new();
        let control = Control::new(token.clone(), CancellationToken::new());
        control.helped_by(&std::sync::Arc::new(Team::new(cores).unwrap()));
        control.expect(cost(MAX_N));
        thread::scope(|scope| {
            let (ended, end) = mpsc::channel();
            let shared = &control;
            scope.spawn(move || ended.send(fib(MAX_N, shared)).unwrap());
            while control.progress() == Some(0.0) {
                thread::yield_now();
            }
            token.cancel();
            assert_eq!(end.recv().unwrap(), Err(Cancelled.into()));
        });
        assert!(control.progress().unwrap() < 1.0);
    }
}

/// A stop at one look at the control after the other, in growing steps.
#[test]
fn a_cancel_at_any_tile_is_obeyed_there() {
    for n in [3_000, 20_000, 70_000] {
        let mut looks = 0;
        loop {
            let control = Control::stopping_after(looks);
            match fib(n, &control) {
                Ok(digits) => break assert_eq!(text(&digits), reference(n - 1).to_string()),
                Err(error) => assert_eq!(error, Cancelled.into()),
            }
            looks += 1 + looks / 10;
        }
        assert!(looks > 4, "number {n}: {looks} looks at the control");
    }
}

#[test]
fn helpers_change_nothing() {
    let team = std::sync::Arc::new(Team::new(4).unwrap());
    let _seat = team.sit_down();
    for n in [50_000, 300_000, 1_000_000] {
        let control = Control::default();
        control.helped_by(&team);
        assert_eq!(fib(n, &control), fib(n, &Control::default()), "number {n}");
    }
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
        let number = compute(Portable, index, &tiles, &control).unwrap();
        give_out(index, number.numbers()[0], &tiles, &control).unwrap();
        let counted = control.progress().unwrap() * 4.0;
        assert!((0.8..1.2).contains(&counted), "F({index}): {counted} of the announced cost was counted");
    }
}

#[test]
fn one_wrong_limb_is_seen() {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    for index in [500, 30_000, 200_000] {
        let right = compute(Portable, index, &tiles, &control).unwrap().numbers()[0].to_vec();
        assert!(give_out(index, &right, &tiles, &control).is_ok());
        for place in [0, right.len() / 2, right.len() - 1] {
            let mut wrong = right.clone();
            wrong[place] ^= 1 << (place % 50);
            assert_eq!(
                give_out(index, &wrong, &tiles, &control),
                Err(FibError::Wrong),
                "F({index}) at {place}"
            );
        }
        assert_eq!(give_out(index + 1, &right, &tiles, &control), Err(FibError::Wrong));
    }
}

#[test]
fn memory_is_about_what_the_digits_and_the_transforms_take() {
    // It never falls by more than a jump from one length to the next.
    assert!((50_000_000..80_000_000).contains(&memory(100_000_000)), "{}", memory(100_000_000));
    assert!((500_000_000..650_000_000).contains(&memory(MAX_N)), "{}", memory(MAX_N));
    let mut before = 0;
    for n in (0..300).map(|k| 20_000.0 * 1.07_f64.powi(k)).take_while(|&n| n < 1e9) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 10^9")]
        let now = memory(n as u64);
        assert!(now + now / 2 >= before, "{n}: {now} after {before}");
        before = now;
    }
}

fn to_big(limbs: &[u64]) -> BigUint {
    limbs.iter().rev().fold(BigUint::ZERO, |number, &limb| number * BASE + limb)
}

fn from_big(number: &BigUint) -> Limbs {
    let text = number.to_string();
    let limbs: Limbs = text
        .as_bytes()
        .rchunks(LIMB_DIGITS)
        .map(|limb| str::from_utf8(limb).unwrap().parse().unwrap())
        .collect();
    if limbs == [0] { Limbs::new() } else { limbs }
}

/// All values that are made of two numbers by transforms, of the shortest shape; 4a² ≥ b² and 3a² ≥ 2b² must hold.
fn check_products(lanes: impl Lanes, a: &[u64], b: &[u64]) {
    check_products_in(lanes, a, b, None);
}

fn check_products_in(lanes: impl Lanes, a: &[u64], b: &[u64], shape: Option<&Shape>) {
    let control = Control::default();
    let tiles = Tiles::new(&control, 1);
    let (big_a, big_b) = (to_big(a), to_big(b));
    let (square_a, square_b) = (&big_a * &big_a, &big_b * &big_b);
    let new = || {
        let mut transforms = Transforms::new(lanes, &tiles, [a, b], (0, 0));
        transforms.forced = shape.cloned();
        transforms
    };
    let squares = |x, y, addend| (Combine::Squares([x, y]), addend);
    let lengths = (a.len(), b.len());

    let mut both = new();
    both.both([squares(4, -1, 2), squares(3, -2, 2)]).unwrap();
    assert!(
        both.numbers.numbers()[0] == from_big(&(4_u32 * &square_a - &square_b + 2_u32)),
        "4a² − b² + 2 {lengths:?}"
    );
    assert!(
        both.numbers.numbers()[1] == from_big(&(3_u32 * &square_a - 2_u32 * &square_b + 2_u32)),
        "3a² − 2b² + 2 {lengths:?}"
    );
    let mut both = new();
    both.both([squares(3, -2, 0), squares(1, 1, 0)]).unwrap();
    assert!(both.numbers.numbers()[1] == from_big(&(&square_a + &square_b)), "a² + b² {lengths:?}");
    let mut product = new();
    product.one((Combine::Product, 0)).unwrap();
    assert!(
        product.numbers.numbers()[0] == from_big(&(&square_a + 2_u32 * &big_a * &big_b)),
        "a(a + 2b) {lengths:?}"
    );
    let mut single = new();
    single.one(squares(4, -1, -2)).unwrap();
    assert!(
        single.numbers.numbers()[0] == from_big(&(4_u32 * &square_a - &square_b - 2_u32)),
        "4a² − b² − 2 {lengths:?}"
    );
}

/// The greatest limbs make the greatest coefficients; every length of transform that there is up to 6,000.
#[test]
fn products_of_the_greatest_limbs_are_exact_at_every_length() {
    on_every_path!(|lanes| {
        let mut shapes = Vec::new();
        for len in 1..3_000 {
            let shape = Shape::for_len(2 * len + 1);
            let next = Shape::for_len(2 * len + 3);
            // The longest operand of each length.
            if shape != next {
                check_products(lanes, &vec![BASE - 1; len], &vec![BASE - 1; len]);
                shapes.push(shape);
            }
        }
        assert!(shapes.len() > 20, "{shapes:?}");
    });
}

/// Every odd factor with every length of rows, and columns of both parities; the longest are those of the largest numbers.
#[test]
fn products_are_exact_in_every_shape() {
    let random = |seed: u64| move |k: u64| (k + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) % BASE;
    let a: Limbs = (1..100).map(random(1)).collect();
    let b: Limbs = (1..99).map(random(7)).collect();
    on_every_path!(|lanes| {
        for odd in [1, 3, 5, 9, 15, 45] {
            for (columns, power) in
                [(16, 32), (64, 8), (64, 16), (256, 4), (256, 8), (1024, 4), (4096, 4), (4096, 8)]
            {
                check_products_in(lanes, &a, &b, Some(&Shape::with(odd, power, columns)));
            }
        }
    });
}

/// The same for lengths of the largest numbers, whose rows have other lengths; and where the primes take turns.
#[test]
fn long_products_of_the_greatest_limbs_are_exact() {
    on_every_path!(|lanes| {
        let control = Control::default();
        let tiles = Tiles::new(&control, 1);
        for len in [18_000, 70_000, 140_000] {
            // The square of B^k − 1 is 99…9800…01; three of them: 299…9400…03.
            let number = vec![BASE - 1; len];
            let mut product = Transforms::new(lanes, &tiles, [&number, &number], (0, 0));
            product.one((Combine::Product, 0)).unwrap();
            let mut expected = vec![0; 2 * len];
            expected[0] = 3;
            expected[len] = BASE - 6;
            expected[len + 1..].fill(BASE - 1);
            expected.push(2);
            assert!(product.numbers.numbers()[0] == expected, "{len} limbs");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Runs of 0s and 9s, so that carries and borrows run through many limbs and over the rows' ends.
    #[test]
    fn carries_run_as_far_as_they_must(
        limbs in prop::collection::vec(prop_oneof![Just(0), Just(BASE - 1), Just(1), 0..BASE], 61..700),
        shorter in 0_usize..3,
    ) {
        let mut a = limbs;
        a.push(BASE - 1);
        let b = &a[..a.len() - shorter - 1];
        let b = &b[..b.iter().rposition(|&limb| limb != 0).map_or(0, |highest| highest + 1)];
        on_every_path!(|lanes| check_products(lanes, &a, b));
    }

    #[test]
    fn products_by_hand_are_exact(
        a in prop::collection::vec(prop_oneof![Just(BASE - 1), 0..BASE], 1..80),
        b in prop::collection::vec(prop_oneof![Just(BASE - 1), 0..BASE], 1..80),
    ) {
        let (big_a, big_b) = (to_big(&a), to_big(&b));
        prop_assert_eq!(product(&a, &b), from_big(&(&big_a * &big_b)));
        prop_assert_eq!(square(&a), from_big(&(&big_a * &big_a)));
    }

    #[test]
    fn limbs_are_written_with_all_their_digits(limb in 0..BASE) {
        let mut out = [0; LIMB_DIGITS];
        write_limb(limb, &mut out);
        prop_assert_eq!(str::from_utf8(&out).unwrap(), format!("{limb:018}"));
    }

    #[test]
    fn random_great_numbers_are_right(n in 100_000_u64..1_000_000) {
        check_residues(n, &fib(n, &Control::default()).unwrap());
    }

    #[test]
    fn random_numbers_are_right(n in 1_u64..100_000) {
        let digits = fib(n, &Control::default()).unwrap();
        prop_assert_eq!(text(&digits), reference(n - 1).to_string());
    }
}
