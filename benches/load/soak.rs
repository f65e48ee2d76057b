//! What the bot has, over time.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{bot::Bot, run::float, server::Telegram};

const EVERY: Duration = Duration::from_secs(5);

/// A file of samples, and the samples.
pub(crate) struct Series {
    file: BufWriter<File>,
    due: Duration,
    /// Seconds, and each of [`COLUMNS`].
    samples: Vec<(f64, [Option<f64>; COLUMNS.len()])>,
}

/// What is to be flat, with its unit.
const COLUMNS: [(&str, &str); 4] =
    [("memory", "kB"), ("descriptors", ""), ("threads", ""), ("tasks of the runtime", "")];

impl Series {
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let mut file = BufWriter::new(File::create(path).with_context(|| path.display().to_string())?);
        writeln!(file, "seconds,rss_kb,descriptors,threads,tasks,cpu_seconds,sent,answered,running")?;
        Ok(Self { file, due: Duration::ZERO, samples: Vec::new() })
    }

    /// Takes one, if it is time.
    pub(crate) async fn sample(&mut self, bot: &Bot, telegram: &Telegram, start: Instant) -> Result<()> {
        if start.elapsed() < self.due {
            return Ok(());
        }
        self.due += EVERY;
        self.take(bot, telegram, start).await
    }

    async fn take(&mut self, bot: &Bot, telegram: &Telegram, start: Instant) -> Result<()> {
        let (usage, tasks) = (bot.usage()?, bot.tasks().await);
        let seconds = start.elapsed().as_secs_f64();
        let (sent, answered, running) = {
            let ledger = &telegram.state().ledger;
            (ledger.answered + ledger.unanswered, ledger.answered, ledger.running)
        };
        writeln!(
            self.file,
            "{seconds:.1},{},{},{},{},{:.2},{sent},{answered},{running}",
            usage.memory,
            usage.descriptors,
            usage.threads,
            tasks.map_or(String::new(), |tasks| tasks.to_string()),
            usage.cpu
        )?;
        self.file.flush()?;
        let number = |number: u64| usize::try_from(number).ok().map(float);
        let columns = [
            number(usage.memory),
            Some(float(usage.descriptors)),
            number(usage.threads),
            tasks.and_then(number),
        ];
        self.samples.push((seconds, columns));
        Ok(())
    }

    /// The last one.
    pub(crate) async fn end(&mut self, bot: &Bot, telegram: &Telegram, start: Instant) -> Result<()> {
        self.take(bot, telegram, start).await
    }

    /// Prints how each column moved in the second half, while people spoke: the first fills what is bounded.
    pub(crate) fn print(&self) {
        // The last sample is of when all was quiet again.
        let spoken = &self.samples[..self.samples.len().saturating_sub(1)];
        let half = &spoken[spoken.len() / 2..];
        for (index, (name, unit)) in COLUMNS.iter().enumerate() {
            let points: Vec<_> = half.iter().filter_map(|(at, all)| Some((*at, all[index]?))).collect();
            let Some((_, last)) = points.last() else { continue };
            let mean = points.iter().map(|(_, value)| value).sum::<f64>() / float(points.len());
            println!(
                "{name}: mean {mean:.0} {unit}, last {last:.0} {unit}, slope {:+.1} {unit} an hour ({:+.2} % of the mean)",
                slope(&points) * 3600.0,
                slope(&points) * 3600.0 / mean.max(1.0) * 100.0
            );
        }
    }
}

/// By least squares, a second.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = float(points.len()).max(1.0);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if below == 0.0 { 0.0 } else { above / below }
}
