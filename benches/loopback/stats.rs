//! Figures from samples, and the machine they are from.

use std::{fs, time::Duration};

/// The machine's name and how busy it is.
pub(crate) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("unknown CPU", |(_, name)| name);
    format!("Machine: {model}, {cores} cores, Linux {}; {}", system.trim(), load())
}

/// What else the machine does.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load of the last minute {}", load.split(' ').next().unwrap_or("unknown"))
}

/// The middle one; 0 of none.
pub(crate) fn median(samples: impl IntoIterator<Item = f64>) -> f64 {
    let mut samples: Vec<f64> = samples.into_iter().collect();
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// Times in order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time, in ms, that `share` per cent are not above (nearest rank).
    pub(crate) fn at(&self, share: usize) -> f64 {
        let rank = (self.0.len() * share).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0.0, Duration::as_secs_f64) * 1e3
    }

    /// All figures in a line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{:5} times: median {:7.2} ms, p99 {:7.2} ms, longest {:7.2} ms",
            self.0.len(),
            self.at(50),
            self.at(99),
            self.at(100)
        )
    }
}
