//! What a program and all that it has started take together: the system bounds each process, and a job may be of many.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{launch::CPU_GRACE, processes::Process, protocol::Limits};
use crate::job::Excess;

/// Between two looks, at least.
const LOOK: Duration = Duration::from_millis(100);
/// Looks take at most one part in so many of a core's time: they read about every process of the machine.
const SHARE: u32 = 50;

/// Looks from time to time.
pub(super) struct Meter {
    limits: Limits,
    next: Instant,
}

/// What a process takes, as `/proc/PID/stat` tells it, see proc(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    /// Its own CPU time, in ticks.
    own: u64,
    /// That of its children that have ended and were waited for, in ticks.
    children: u64,
    /// Resident memory, in pages.
    resident: u64,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, next: Instant::now() }
    }

    /// How long until the next look; `None` where nothing is bounded.
    pub(super) fn pause(&self) -> Option<Duration> {
        let Limits { memory, cpu_seconds, processes, .. } = &self.limits;
        let is_bounded = memory.is_some() || cpu_seconds.is_some() || processes.is_some();
        is_bounded.then(|| self.next.saturating_duration_since(Instant::now()))
    }

    /// What all below process `me` take too much of, where it is time to look.
    pub(super) fn look(&mut self, me: i32, everybody: impl Fn() -> Vec<Process>) -> Option<Excess> {
        if self.pause() != Some(Duration::ZERO) {
            return None;
        }
        let begin = Instant::now();
        let excess = self.excess(me, &everybody());
        self.next = Instant::now() + (begin.elapsed() * SHARE).max(LOOK);
        excess
    }

    fn excess(&self, me: i32, all: &[Process]) -> Option<Excess> {
        let Limits { memory, cpu_seconds, processes, .. } = self.limits;
        if let Some(limit) = processes.filter(|limit| all.len() as u64 > *limit) {
            return Some(Excess::Processes(limit));
        }
        let used: Vec<_> = all.iter().filter_map(|process| Usage::of(process.pid)).collect();
        let bytes = pages(used.iter().map(|usage| usage.resident).sum());
        // What several share counts for each of them in the first sum; the second one, which costs more, divides it.
        let is_too_large = |limit: &u64| bytes > *limit && all.iter().map(proportional).sum::<u64>() > *limit;
        if let Some(limit) = memory.filter(is_too_large) {
            return Some(Excess::Memory(limit));
        }
        let ended = Usage::of(me).unwrap_or_default().children;
        let ticks: u64 = used.iter().map(|usage| usage.own + usage.children).sum();
        // A single process is told by a signal first, and has until then to end.
        let is_too_long = |limit: &u64| {
            (ended + ticks) / rustix::param::clock_ticks_per_second() >= limit.saturating_add(CPU_GRACE)
        };
        cpu_seconds.filter(is_too_long).map(|limit| Excess::CpuTime(Duration::from_secs(limit)))
    }
}

impl Usage {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name, which stands in brackets, may hold anything, brackets included.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The state, which comes next, is the third field.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self { own: field(14)? + field(15)?, children: field(16)? + field(17)?, resident: field(24)? })
    }
}

/// Bytes of a process's memory, of what it shares with others its part; all that is resident where the system does not tell.
fn proportional(process: &Process) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid)).unwrap_or_default();
    let resident = || Usage::of(process.pid).map_or(0, |usage| pages(usage.resident));
    share(&rollup).unwrap_or_else(resident)
}

/// The bytes that `smaps_rollup` names as `Pss`.
fn share(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn pages(count: u64) -> u64 {
    count.saturating_mul(rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_takes_is_read_whatever_its_name_is() {
        let rest = "S 7 42 41 0 -1 4194560 1 0 0 0 5 6 70 80 20 0 1 0 98765 1000 33 3";
        for name in ["sh", "a b", ") Z 1 1 1", "((", ""] {
            let usage = Usage::parse(&format!("42 ({name}) {rest}"));
            assert_eq!(usage, Some(Usage { own: 11, children: 150, resident: 33 }), "{name}");
        }
        assert_eq!(Usage::parse("42 (sh) S 7"), None);
        assert_eq!(
            share("55-ff ---p 00 00:00 0 [rollup]\nRss:   900 kB\nPss:    12 kB\nPss_Dirty: 7 kB\n"),
            Some(12_288)
        );
        assert_eq!(share(""), None);
    }

    #[test]
    fn where_nothing_is_bounded_nobody_looks() {
        let mut meter = Meter::new(Limits { open_files: Some(1), ..Limits::default() });
        assert_eq!(meter.pause(), None);
        assert_eq!(meter.look(1, || panic!("it looks")), None);
    }

    #[test]
    fn looks_are_far_apart_where_they_cost_much() {
        let mut meter = Meter::new(Limits { processes: Some(1), ..Limits::default() });
        let slow = || {
            std::thread::sleep(Duration::from_millis(20));
            Vec::new()
        };
        assert_eq!(meter.look(1, slow), None);
        assert!(meter.pause().unwrap() > Duration::from_millis(500));
        assert_eq!(meter.look(1, || panic!("it is not time")), None);
    }
}
