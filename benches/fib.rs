//! How fast the Fibonacci engine is, how soon it stops, and how honest its progress is.
//!
//! `cargo bench --bench fib` prints, for n = 10^5 to 10^8, the seconds on one thread and on two, the time from a cancel at a
//! random moment to the return of the call, and how far the progress it tells strays from the share of its time.
//! `cargo bench --bench fib -- 1000000000` measures the given n alone. Beside other libraries: `benches/peers`.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's terminal")]

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jobboard::work::{
    Team,
    control::Control,
    fib::{cost, fib, memory},
};
use rand::RngExt;
use tokio_util::sync::CancellationToken;

/// Cancels and runs that are measured for each n.
const TRIES: usize = 200;

fn main() {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let numbers = if given.is_empty() { vec![100_000, 1_000_000, 10_000_000, 100_000_000] } else { given };
    for n in numbers {
        let teams = [1, 2].map(|threads| Arc::new(Team::new(threads).expect("threads")));
        let [one, two] = teams.each_ref().map(|team| seconds(n, team));
        println!(
            "{n:>10}: {one:.6} s, on two threads {two:.6} s ({:.2} times), {} MB",
            one / two,
            memory(n) / 1_000_000
        );
        if n >= 10_000_000 {
            stop(n, one, &teams[0], "one thread");
            stop(n, two, &teams[1], "two threads");
            honesty(n, &teams[0]);
            honesty(n, &teams[1]);
        }
    }
}

fn helped(control: Control, team: &Arc<Team>) -> Control {
    control.helped_by(team);
    control.expect(1);
    control
}

/// The best of some runs.
fn seconds(n: u64, team: &Arc<Team>) -> f64 {
    let _seat = team.sit_down();
    let run = || {
        let control = helped(Control::default(), team);
        let start = Instant::now();
        let digits = fib(n, &control).expect("nobody cancels");
        let seconds = start.elapsed().as_secs_f64();
        assert!(digits.len() > 1);
        seconds
    };
    let first = run();
    let more = if first > 2.0 { 1 } else { 9 };
    (0..more).map(|_| run()).fold(first, f64::min)
}

/// Prints how long a call runs on after its cancel.
fn stop(n: u64, whole: f64, team: &Arc<Team>, threads: &str) {
    let _seat = team.sit_down();
    let mut gaps = Vec::new();
    while gaps.len() < TRIES {
        let token = CancellationToken::new();
        let control = helped(Control::new(token.clone(), CancellationToken::new()), team);
        let moment = Duration::from_secs_f64(whole * rand::rng().random_range(0.0..1.0));
        let canceller = thread::spawn(move || {
            thread::sleep(moment);
            let cancelled = Instant::now();
            token.cancel();
            cancelled
        });
        let result = fib(n, &control);
        let returned = Instant::now();
        let cancelled = canceller.join().expect("the canceller ends");
        if result.is_err() {
            gaps.push(returned.saturating_duration_since(cancelled));
        }
    }
    gaps.sort();
    let at = |share: usize| gaps[(gaps.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "{n:>10}: stops within {:.3} ms (median), {:.3} ms (p99), {:.3} ms (longest), {threads}",
        at(50),
        at(99),
        at(100)
    );
}

/// Prints how far the progress strays from the share of the time, in points of a hundred.
fn honesty(n: u64, team: &Arc<Team>) {
    let _seat = team.sit_down();
    let control = Control::default();
    control.helped_by(team);
    control.expect(cost(n));
    let mut seen = Vec::new();
    let whole = thread::scope(|scope| {
        let (start, control) = (Instant::now(), &control);
        let run = scope.spawn(move || {
            let digits = fib(n, control).expect("nobody cancels");
            (start.elapsed().as_secs_f64(), digits)
        });
        while !run.is_finished() {
            seen.push((start.elapsed().as_secs_f64(), control.progress().unwrap_or_default()));
            thread::sleep(Duration::from_millis(1));
        }
        run.join().expect("it ends").0
    });
    let strays =
        seen.iter().filter(|(at, _)| *at < whole).map(|(at, progress)| (progress - at / whole) * 100.0);
    let (ahead, behind) =
        strays.fold((0.0_f64, 0.0_f64), |(most, least), stray| (most.max(stray), least.min(stray)));
    println!("{n:>10}: progress {ahead:+.1} to {behind:+.1} points beside the time, {} cores", team.cores());
}
