//! Many chats at once: what the bot answers, how soon, and what it costs. `benches/load/README.md` says how to use it.
#![expect(clippy::print_stdout, reason = "a program for a developer's terminal")]

#[path = "load/bot.rs"]
mod bot;
#[path = "load/faults.rs"]
mod faults;
#[path = "load/html.rs"]
mod html;
#[path = "load/ledger.rs"]
mod ledger;
#[path = "load/mix.rs"]
mod mix;
#[path = "load/run.rs"]
mod run;
#[path = "load/server.rs"]
mod server;
#[path = "load/soak.rs"]
mod soak;
#[path = "loopback/stats.rs"]
#[expect(dead_code, reason = "the machine is named as in the other benchmark; the times are of another kind")]
mod stats;
#[path = "load/telegram.rs"]
mod telegram;

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};

use crate::{mix::Mix, soak::Series};

/// Speaks to the bot as many chats do.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Args {
    /// Groups
    #[arg(long, default_value_t = 1_000)]
    chats: usize,
    /// People in each of them
    #[arg(long, default_value_t = 20)]
    people: usize,
    /// Commands a second in all; where it is not given, the capacity is found first
    #[arg(long)]
    rate: Option<f64>,
    /// The rate as a share of the capacity
    #[arg(long, default_value_t = 0.5)]
    load: f64,
    /// How long people speak [default: 30, of a soak 1800]
    #[arg(long)]
    seconds: Option<u64>,
    /// How long is waited for what is left, in seconds
    #[arg(long, default_value_t = 60)]
    grace: u64,
    /// Of all that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is said, as fib-small=40,dash=7; what is not named is not said
    #[arg(long, default_value_t)]
    mix: Mix,
    /// 429s, 5xx, lost connections, slow answers
    #[arg(long, default_value = "on")]
    faults: Switch,
    /// Whether the bot keeps Telegram's paces
    #[arg(long, default_value = "off")]
    paces: Switch,
    /// Whether this Telegram enforces its limits
    #[arg(long, default_value = "off")]
    limits: Switch,
    /// Only find the highest rate that the bot keeps up with
    #[arg(long)]
    capacity: bool,
    /// The first rate that is tried for it
    #[arg(long, default_value_t = 100.0)]
    from: f64,
    /// Seconds of one try
    #[arg(long, default_value_t = 8)]
    step: u64,
    /// Watch memory, descriptors, threads and tasks for long
    #[arg(long)]
    soak: bool,
    /// Where a soak's samples go
    #[arg(long, default_value = "benches/soak.csv")]
    csv: PathBuf,
    /// Cargo's own
    #[arg(long, hide = true)]
    bench: bool,
    /// Flags for the bot
    #[arg(last = true)]
    bot: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Switch {
    fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// What a soak's bot keeps: so little that it is full long before the half of the time.
const SOAK: [&str; 2] = ["--keep-jobs", "20"];

fn main() -> Result<()> {
    let mut args = Args::parse();
    ensure!(args.chats > 0 && args.people > 0, "somebody has to speak");
    ensure!(args.rate.is_none_or(|rate| rate > 0.0) && args.load > 0.0, "the rate is above 0");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{}", stats::machine());
    if args.soak {
        let own = std::mem::take(&mut args.bot);
        args.bot = SOAK.iter().map(|flag| (*flag).to_owned()).chain(own).collect();
    }
    runtime.block_on(measure(&args))
}

async fn measure(args: &Args) -> Result<()> {
    let rate = match args.rate {
        Some(rate) if !args.capacity => rate,
        _ => run::capacity(args).await? * args.load,
    };
    if args.capacity {
        return Ok(());
    }
    let seconds = args.seconds.unwrap_or(if args.soak { 1_800 } else { 30 });
    println!(
        "\n{} chats x {} people, {rate:.0} commands a second for {seconds} s, seed {}, faults {:?}, paces {:?}; {}",
        args.chats,
        args.people,
        args.seed,
        args.faults,
        args.paces,
        stats::load()
    );
    let mut series = if args.soak { Some(Series::new(&args.csv)?) } else { None };
    let report = run::run(args, rate, Duration::from_secs(seconds), series.as_mut()).await?;
    report.print();
    if let Some(series) = series {
        series.print();
        println!("samples: {}", args.csv.display());
    }
    Ok(())
}
