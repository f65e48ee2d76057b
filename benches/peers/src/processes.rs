//! Whole processes, from their start to their end: what a person with a shell waits for, with CPU and memory.

use std::{
    collections::hash_map::DefaultHasher,
    hash::Hasher,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::{
    contestant::{Contestant, Library},
    flint::Flint,
    series::{Kind, Process, Sample, Series},
};

/// Which number, how many rounds, and how many of those the slowest two take part in.
struct Plan {
    n: u64,
    rounds: usize,
    slowest: usize,
}

const PLANS: [Plan; 3] = [
    Plan { n: 1_000_000, rounds: 15, slowest: 15 },
    Plan { n: 10_000_000, rounds: 9, slowest: 9 },
    // dashu and num-bigint take the longer part of a minute here.
    Plan { n: 100_000_000, rounds: 5, slowest: 1 },
];
const QUICK: [Plan; 2] =
    [Plan { n: 1_000_000, rounds: 7, slowest: 7 }, Plan { n: 10_000_000, rounds: 5, slowest: 2 }];

/// What is run for each contestant.
#[derive(Debug)]
pub(crate) struct Programs {
    jobboard: PathBuf,
    flint: Option<PathBuf>,
    this: PathBuf,
}

impl Programs {
    /// `jobboard` is the program whose `fib` is measured.
    pub(crate) fn new(jobboard: PathBuf, flint: Option<&Flint>) -> Result<Self> {
        ensure!(jobboard.is_file(), "there is no {}", jobboard.display());
        let this = std::env::current_exe()?;
        Ok(Self { jobboard, flint: flint.map(|flint| flint.program.clone()), this })
    }

    fn contestants(&self) -> Vec<Contestant> {
        let two = Contestant { library: Library::Jobboard, threads: 2 };
        let others =
            Library::ALL.into_iter().filter(|&library| library != Library::Flint || self.flint.is_some());
        let mut all: Vec<_> = others.map(|library| Contestant { library, threads: 1 }).collect();
        all.insert(1, two);
        all
    }

    fn command(&self, contestant: Contestant, n: u64) -> Command {
        let number = n.to_string();
        let mut command;
        match (contestant.library, &self.flint) {
            (Library::Jobboard, _) => {
                command = Command::new(&self.jobboard);
                command.args(["fib", &number, "--threads", &contestant.threads.to_string()]);
            }
            (Library::Flint, Some(flint)) => {
                command = Command::new(flint);
                command.args(["run", &number]);
            }
            (library, _) => {
                command = Command::new(&self.this);
                command.args(["run", library.argument(), &number]);
            }
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Compares all contestants at each number, in rounds.
pub(crate) fn measure(programs: &Programs, quick: bool) -> Result<Vec<Series>> {
    let plans: &[Plan] = if quick { &QUICK } else { &PLANS };
    plans.iter().map(|plan| series(programs, plan)).collect()
}

fn series(programs: &Programs, plan: &Plan) -> Result<Series> {
    eprintln!("processes: {}, comparing digits", plan.n);
    agree(programs, plan.n)?;
    let mut series = Series::new(Kind::Process, plan.n, programs.contestants());
    for round in 0..plan.rounds {
        eprintln!("processes: {}, round {} of {}", plan.n, round + 1, plan.rounds);
        let count = series.turns.len();
        // Another one begins each time: nobody always runs after the same neighbour's heat.
        for turn in (0..count).map(|turn| (turn + round) % count) {
            let turns = &mut series.turns[turn];
            let slowest = matches!(turns.contestant.library, Library::Dashu | Library::NumBigint);
            let command = programs.command(turns.contestant, plan.n);
            let takes_part = round < plan.slowest || !slowest;
            turns.rounds.push(takes_part.then(|| sample(command)).transpose()?);
        }
    }
    Ok(series)
}

fn sample(mut command: Command) -> Result<Sample> {
    let start = Instant::now();
    let used = command.stdout(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?.wait4()?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(used.status.success(), "{command:?}: {}", used.status);
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Sample { seconds, process: Some(Process { cpu, memory: used.rusage.maxrss }) })
}

/// Everybody has to print the same.
fn agree(programs: &Programs, n: u64) -> Result<()> {
    let gmp = Contestant { library: Library::Gmp, threads: 1 };
    let expected = digest(programs.command(gmp, n))?;
    for contestant in programs.contestants() {
        let found = if contestant == gmp { expected } else { digest(programs.command(contestant, n))? };
        ensure!(found == expected, "{} does not agree with GMP on number {n}", contestant.library);
    }
    Ok(())
}

/// Length and hash of what a command prints; it is not kept, so that this process stays small.
fn digest(mut command: Command) -> Result<(usize, u64)> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
    let mut stdout = child.stdout.take().context("no pipe")?;
    let (mut hasher, mut length, mut buffer) = (DefaultHasher::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = stdout.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.write(&buffer[..read]);
        length += read;
    }
    let status = child.wait()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok((length, hasher.finish()))
}
