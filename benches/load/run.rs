//! One run: people speak at random for some time, and then everything is waited for.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jobboard::sandbox::{Options, Sandbox};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    Args,
    bot::{Bot, Usage},
    mix::KINDS,
    server::Telegram,
    soak::Series,
    telegram::State,
};

/// How long the bot may take to start.
const START: Duration = Duration::from_secs(20);
/// Who says nothing for so long says nothing any more: no task of the mix runs as long.
const SILENCE: Duration = Duration::from_secs(40);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// A rate is one that the bot keeps up with if all is answered and done so soon after the last command,
const KEPT_UP: Duration = Duration::from_secs(3);
/// and half of the answers came within this, in ms.
const PROMPT: f64 = 250.0;

/// What came of a run.
pub(crate) struct Report {
    pub(crate) telegram: Telegram,
    pub(crate) took: Duration,
    /// From the last command until all was answered and done; `None` where the patience was over first.
    pub(crate) drained: Option<Duration>,
    pub(crate) before: Usage,
    pub(crate) after: Usage,
    pub(crate) log: String,
}

/// Starts a bot and has people speak `rate` times a second.
pub(crate) async fn run(
    args: &Args,
    rate: f64,
    time: Duration,
    mut series: Option<&mut Series>,
) -> Result<Report> {
    // Its PokeAPI is what is used of it.
    let sandbox = Sandbox::start(Options { call_log: false, ..Options::default() }).await?;
    let state = State::new(args.chats, args.people, args.seed, args.faults.is_on(), args.limits.is_on());
    let telegram = Telegram::start(state).await?;
    let url = format!("http://{}", telegram.addr);
    let bot = Bot::start(&url, &sandbox.pokeapi_url(), args.paces.is_on(), &args.bot)?;
    started(&telegram, &bot).await?;
    let before = bot.usage()?;
    let mut rng = StdRng::seed_from_u64(args.seed.wrapping_add(1));
    let start = Instant::now();
    let mut next = start;
    while next < start + time {
        tokio::time::sleep_until(next.into()).await;
        if let Some(series) = &mut series {
            series.sample(&bot, &telegram, start).await?;
        }
        let now = Instant::now();
        {
            let mut state = telegram.state();
            while next <= now {
                state.somebody_speaks(&args.mix);
                // The pauses of a Poisson process.
                let uniform: f64 = rng.random_range(0.0..1.0);
                next += Duration::from_secs_f64(-(1.0 - uniform).ln() / rate);
            }
        }
        telegram.wake();
    }
    let took = start.elapsed();
    let drained = drain(args, &telegram, &bot).await?;
    let after = bot.usage()?;
    if let Some(series) = series {
        series.end(&bot, &telegram, start).await?;
    }
    let log = bot.log();
    Ok(Report { telegram, took, drained, before, after, log })
}

async fn started(telegram: &Telegram, bot: &Bot) -> Result<()> {
    let since = Instant::now();
    while !telegram.state().calls.keys().any(|method| method.eq_ignore_ascii_case("getUpdates")) {
        if since.elapsed() > START {
            bail!("the bot does not start: {}", bot.log());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn drain(args: &Args, telegram: &Telegram, bot: &Bot) -> Result<Option<Duration>> {
    let since = Instant::now();
    let (mut last, mut said) = (since, 0);
    while since.elapsed() < Duration::from_secs(args.grace) && last.elapsed() < SILENCE {
        {
            let state = telegram.state();
            if state.ledger.unanswered == 0 && state.ledger.running == 0 {
                return Ok(Some(since.elapsed()));
            }
            let calls: usize = state.calls.values().sum();
            let now = calls - state.calls.get("GetUpdates").copied().unwrap_or_default();
            if now != said || !state.updates.is_empty() {
                (last, said) = (Instant::now(), now);
            }
        }
        bot.usage()?;
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

/// The highest rate that the bot keeps up with, found in short runs.
pub(crate) async fn capacity(args: &Args) -> Result<f64> {
    let (mut low, mut high) = (0.0, None::<f64>);
    let mut rate = args.from;
    let step = Duration::from_secs(args.step);
    println!("Capacity: runs of {} s", args.step);
    for _ in 0..12 {
        let report = run(args, rate, step, None).await?;
        let kept_up = report.kept_up();
        let drained = report.drained.map_or("not".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
        println!(
            "  {rate:6.0}/s: {}; half answered within {:.1} ms, all done after {drained}",
            if kept_up { "kept up" } else { "too much" },
            report.middle()
        );
        if kept_up {
            low = rate;
        } else {
            high = Some(rate);
        }
        rate = match high {
            None => rate * 2.0,
            Some(high) if high / low < 1.15 => break,
            Some(high) => f64::midpoint(low, high),
        };
        if rate < 1.0 {
            break;
        }
    }
    println!("Capacity: {low:.0} commands a second");
    Ok(low)
}

impl Report {
    fn kept_up(&self) -> bool {
        let refused = self.telegram.state().ledger.times.values().any(|times| !times.busy.is_empty());
        self.drained.is_some_and(|time| time <= KEPT_UP) && self.middle() <= PROMPT && !refused
    }

    /// In ms, over all commands.
    fn middle(&self) -> f64 {
        let state = self.telegram.state();
        let mut all: Vec<u32> = state.ledger.times.values().flat_map(|times| times.answers.clone()).collect();
        all.sort_unstable();
        at(&all, 500)
    }

    /// All figures.
    pub(crate) fn print(&self) {
        let mut state = self.telegram.state();
        let ledger = &mut state.ledger;
        let seconds = self.took.as_secs_f64();
        println!(
            "kind          sent | answered in ms: p50      p99     p999 | ended in ms: p50      p99 | busy  p99 ms"
        );
        let mut sent = 0;
        for (kind, times) in &mut ledger.times {
            sent += times.sent;
            for list in [&mut times.answers, &mut times.ends, &mut times.busy] {
                list.sort_unstable();
            }
            let (answers, ends, busy) = (&times.answers, &times.ends, &times.busy);
            let end = |share| if ends.is_empty() { String::new() } else { format!("{:.1}", at(ends, share)) };
            println!(
                "{:11} {:6} | {:6} {:12.1} {:8.1} {:8.1} | {:6} {:>10} {:>8} | {:5} {:6.1}",
                KINDS[*kind].0,
                times.sent,
                answers.len(),
                at(answers, 500),
                at(answers, 990),
                at(answers, 999),
                ends.len(),
                end(500),
                end(990),
                busy.len(),
                at(busy, 990)
            );
        }
        let unanswered = ledger.unanswered();
        println!(
            "{:.1} commands a second, {:.1} answers a second",
            float(sent) / seconds,
            float(ledger.answered) / seconds
        );
        println!(
            "lost {}, doubled {}, repeated after a lost answer of Telegram's {}, not answered while busy {} (their chat was told) and {} (it was not), tasks that did not end {}",
            unanswered.lost.len(),
            ledger.doubled.len(),
            ledger.repeated,
            unanswered.told,
            unanswered.silent,
            ledger.running
        );
        for what in unanswered.lost.iter().take(10).chain(ledger.doubled.iter().take(10)) {
            println!("  {what}");
        }
        for what in ledger.open().take(10) {
            println!("  no end: {what}");
        }
        let Usage { cpu, peak, memory, .. } = self.after;
        let calls: usize = state.calls.values().sum();
        println!(
            "bot: {:.1} s of CPU ({:.0} µs a command), memory {} MB, at its peak {} MB; {calls} calls, {} 429s, other refusals {:?}, {} answers of Telegram's lost",
            cpu - self.before.cpu,
            (cpu - self.before.cpu) * 1e6 / float(sent.max(1)),
            memory >> 10,
            peak >> 10,
            state.refused.get(&429).copied().unwrap_or_default(),
            state.refused.iter().filter(|(status, _)| **status != 429).collect::<Vec<_>>(),
            state.lost
        );
        let drained = self.drained.map_or("was not waited for to the end".to_owned(), |time| {
            format!("took {:.1} s", time.as_secs_f64())
        });
        println!(
            "what was left after the last command {drained}; {} updates still wait",
            state.updates.len()
        );
        println!("calls: {:?}", state.calls);
        if !state.wrong.is_empty() {
            println!("WRONG: what no Telegram would take: {:?}\n{}", state.wrong, self.log);
        }
    }
}

/// The time, in ms, that so many of a thousand are not above (nearest rank).
fn at(sorted: &[u32], share: usize) -> f64 {
    let rank = (sorted.len() * share).div_ceil(1000).max(1);
    sorted.get(rank - 1).map_or(0.0, |micros| f64::from(*micros) / 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn float(number: usize) -> f64 {
    number as f64
}
