//! Calls inside this process: how the libraries do where a process's start would be most of the time.

use anyhow::{Context, Result, ensure};

use crate::{
    contestant::{Contestant, Library},
    flint::Flint,
    series::{Kind, Sample, Series},
};

const NUMBERS: [u64; 3] = [1_000, 10_000, 100_000];

/// A sample takes at least this long, in seconds: several turns of the system's scheduler, where others are on the
/// machine.
const SAMPLE: f64 = 0.02;

/// Compares all libraries at each number, in rounds.
pub(crate) fn measure(flint: Option<&Flint>, quick: bool) -> Result<Vec<Series>> {
    // One thread: a global pool of more would help the engine out of turn.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let rounds = if quick { 15 } else { 31 };
    NUMBERS.into_iter().map(|n| series(n, rounds, flint)).collect()
}

fn series(n: u64, rounds: usize, flint: Option<&Flint>) -> Result<Series> {
    agree(n, flint)?;
    eprintln!("in process: {n}, {rounds} rounds");
    let libraries = Library::ALL.into_iter().filter(|&library| library != Library::Flint || flint.is_some());
    let contestants = libraries.map(|library| Contestant { library, threads: 1 });
    let mut series = Series::new(Kind::Within, n, contestants);
    let times = series
        .turns
        .iter()
        .map(|turns| times(turns.contestant.library, n, flint))
        .collect::<Result<Vec<_>>>()?;
    for round in 0..rounds {
        // Another one begins each time: nobody always runs after the same neighbour's heat.
        for turn in (0..times.len()).map(|turn| (turn + round) % times.len()) {
            let turns = &mut series.turns[turn];
            let seconds = seconds(turns.contestant.library, n, times[turn], flint)?;
            turns.rounds.push(Some(Sample { seconds, process: None }));
        }
    }
    Ok(series)
}

/// Everybody has to have computed the same.
fn agree(n: u64, flint: Option<&Flint>) -> Result<()> {
    let expected = Library::Gmp.digits(n);
    for library in Library::ALL {
        let digits = match (library, flint) {
            (Library::Flint, Some(flint)) => Some(flint.digits(n)?),
            (Library::Flint, None) => continue,
            _ => library.digits(n),
        };
        ensure!(digits == expected, "{library} does not agree with GMP on number {n}");
    }
    Ok(())
}

/// How many calls make a sample; what they warm up is as warm later.
fn times(library: Library, n: u64, flint: Option<&Flint>) -> Result<u32> {
    let mut times = 1_u32;
    loop {
        // The best of some: one that was interrupted would pass for a long call.
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            best = best.min(seconds(library, n, times, flint)? * f64::from(times));
        }
        if best >= SAMPLE {
            return Ok(times.saturating_add(times / 4));
        }
        times = times.checked_mul(2).context("a call takes no time")?;
    }
}

fn seconds(library: Library, n: u64, times: u32, flint: Option<&Flint>) -> Result<f64> {
    match (library, flint) {
        (Library::Flint, Some(flint)) => flint.seconds(n, times),
        _ => library.seconds(n, times).with_context(|| format!("{library} is not in this process")),
    }
}
