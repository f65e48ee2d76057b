//! How fast the Fibonacci engine is, and how soon it stops.
//!
//! `cargo bench --bench fib` prints seconds for n = 10^5 to 10^8 on one thread and on all, then the time from a cancel at a
//! random moment to the return of the call. `cargo bench --bench fib -- 1000000000` measures the given n alone.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's terminal")]

use std::{
    thread,
    time::{Duration, Instant},
};

use jobboard::work::{control::Control, fib::fib};
use rand::RngExt;
use tokio_util::sync::CancellationToken;

fn main() {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (speed, stops) = if given.is_empty() {
        (vec![100_000, 1_000_000, 10_000_000, 100_000_000], vec![(10_000_000, 200), (100_000_000, 60)])
    } else {
        (given.clone(), given.into_iter().map(|n| (n, 50)).collect())
    };
    for threads in [1, 0] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        println!("{} thread(s)", pool.current_num_threads());
        for &n in &speed {
            println!("  {n:>10}: {:8.4} s", pool.install(|| seconds(n)));
        }
        for &(n, tries) in &stops {
            stop(&pool, n, tries);
        }
    }
}

/// The best of some runs.
fn seconds(n: u64) -> f64 {
    let run = || {
        let start = Instant::now();
        let digits = fib(n, &Control::default()).expect("nobody cancels");
        let seconds = start.elapsed().as_secs_f64();
        assert!(digits.len() > 1);
        seconds
    };
    let first = run();
    let more = if first > 2.0 { 0 } else { 4 };
    (0..more).map(|_| run()).fold(first, f64::min)
}

/// Prints how long a call runs on after its cancel.
fn stop(pool: &rayon::ThreadPool, n: u64, tries: usize) {
    let whole = pool.install(|| seconds(n));
    let mut gaps = Vec::new();
    while gaps.len() < tries {
        let token = CancellationToken::new();
        let control = Control::new(token.clone(), CancellationToken::new());
        let moment = Duration::from_secs_f64(whole * rand::rng().random_range(0.0..1.0));
        let canceller = thread::spawn(move || {
            thread::sleep(moment);
            let cancelled = Instant::now();
            token.cancel();
            cancelled
        });
        let result = pool.install(|| fib(n, &control));
        let returned = Instant::now();
        let cancelled = canceller.join().expect("the canceller ends");
        if result.is_err() {
            gaps.push(returned.saturating_duration_since(cancelled));
        }
    }
    gaps.sort();
    let at = |share: usize| gaps[(gaps.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "  {n:>10}: stops within {:.3} ms (median), {:.3} ms (p99), {:.3} ms (longest)",
        at(50),
        at(99),
        at(100)
    );
}
