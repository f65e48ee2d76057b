//! The Fibonacci engine beside GMP, FLINT, malachite, dashu and num-bigint: the number and its decimal string together.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [--quick] [--csv FILE] [--jobboard FILE]
//! ```
//!
//! Up to 10^5 in this process ([`within`]), above that as whole processes ([`processes`]): ours is then `jobboard fib`,
//! a library is this program as `peers run LIBRARY N`. Before anything is timed, everybody's digits are compared.
//! Within a round each contestant has its turn once, and a ratio is the median of the rounds' own ratios, so that a
//! machine that is slower for a while is slower for all. `README.md` beside this crate says what it takes to build it.

mod contestant;
mod doubling;
mod flint;
mod machine;
mod processes;
mod report;
mod series;
mod within;

use std::{fs::File, io::Write, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::{contestant::Library, flint::Flint, processes::Programs};

#[derive(Debug, Parser)]
#[command(
    about = "Jobboard's Fibonacci engine beside other libraries",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// The program that is measured as `jobboard fib NUM` [default: built from this checkout]
    #[arg(long, value_name = "FILE")]
    jobboard: Option<PathBuf>,
    /// Up to 10^7 only, and fewer rounds
    #[arg(long)]
    quick: bool,
    /// Writes the figures here as well, for `plot.py`
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Print one number as a library computes it: what is measured as a whole process
    Run {
        library: Library,
        /// Which one, counted from the 1st = 0
        #[arg(value_name = "NUM")]
        n: u64,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.mode {
        Some(Mode::Run { library, n }) => print(library, n),
        None => compare(&arguments),
    }
}

/// As `jobboard fib` does: the digits and a line's end.
fn print(library: Library, n: u64) -> Result<()> {
    let text = library.digits(n).with_context(|| format!("{library} is not a library of this program"))?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

fn compare(arguments: &Arguments) -> Result<()> {
    // What is wrong with a file's name is better known before the minutes than after them.
    let csv = arguments
        .csv
        .as_ref()
        .map(|path| File::create(path).with_context(|| format!("{} cannot be written", path.display())));
    let csv = csv.transpose()?;
    let jobboard = arguments.jobboard.clone().map_or_else(build, Ok)?;
    let flint = Flint::build()?;
    let notes = machine::notes(flint.as_ref());
    report::notes(&notes);
    let programs = Programs::new(jobboard, flint.as_ref())?;

    // The processes come first: what this one has in memory by then is the least that a child is seen to have.
    let mut series = processes::measure(&programs, arguments.quick)?;
    series.splice(0..0, within::measure(flint.as_ref(), arguments.quick)?);
    report::table(&series);
    if let Some(file) = csv {
        report::csv(file, &notes, &series)?;
    }
    Ok(())
}

/// The program as it is in this checkout: a program that was built some time ago would be measured unnoticed.
fn build() -> Result<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    eprintln!("building jobboard");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--quiet", "--bin", "jobboard"])
        .current_dir(&root)
        .status()
        .context("no cargo")?;
    ensure!(built.success(), "jobboard could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(root.join(target).join("release/jobboard"))
}
