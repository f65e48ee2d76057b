//! The process: its memory, descriptors and threads, and tokio's own numbers.

use std::{fs, sync::atomic::AtomicU64, time::Instant};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

use super::{labels::OfBuild, signed};

/// Of the times in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

/// What is known of the process. All of it is looked at when somebody asks.
pub(super) struct Machine {
    began: Instant,
    uptime: Gauge,
    resident: Gauge,
    threads: Gauge,
    descriptors: Gauge,
    cpu: Counter<f64, AtomicU64>,
    tasks: Gauge,
    workers: Gauge,
    depth: Gauge,
}

impl Machine {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let machine = Self {
            began: Instant::now(),
            uptime: Gauge::default(),
            resident: Gauge::default(),
            threads: Gauge::default(),
            descriptors: Gauge::default(),
            cpu: Counter::default(),
            tasks: Gauge::default(),
            workers: Gauge::default(),
            depth: Gauge::default(),
        };
        let Self { uptime, resident, threads, descriptors, cpu, tasks, workers, depth, .. } = &machine;
        let build = Info::new(OfBuild { version: env!("CARGO_PKG_VERSION") });
        registry.register("build", "The version that runs", build);
        registry.register_with_unit("uptime", "Since the bot started", Unit::Seconds, uptime.clone());
        let help = "Memory of the process that is not swapped out";
        registry.register_with_unit("process_resident_memory", help, Unit::Bytes, resident.clone());
        registry.register("process_threads", "Threads of the process", threads.clone());
        registry.register("process_open_descriptors", "Open file descriptors", descriptors.clone());
        let help = "CPU time of the process, the kernel's for it included";
        registry.register_with_unit("process_cpu", help, Unit::Seconds, cpu.clone());
        registry.register("tokio_alive_tasks", "Tasks of the async runtime", tasks.clone());
        registry.register("tokio_workers", "Threads of the async runtime", workers.clone());
        registry.register("tokio_global_queue_depth", "Tasks that wait for any of them", depth.clone());
        machine
    }

    /// Reads a few small files of the kernel's; where they are not, nothing is known. To be called in the runtime.
    pub(super) fn look(&self) {
        self.uptime.set(signed(self.began.elapsed().as_secs()));
        let status = status();
        if let Some(bytes) = resident_of(&status) {
            self.resident.set(signed(bytes));
        }
        if let Some(threads) = field(&status, "Threads:") {
            self.threads.set(signed(threads));
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // The one that reads the folder is not counted.
            self.descriptors.set(signed(open.count().saturating_sub(1)));
        }
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let Some(seconds) = cpu_seconds(&stat) {
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let metrics = runtime.metrics();
            self.tasks.set(signed(metrics.num_alive_tasks()));
            self.workers.set(signed(metrics.num_workers()));
            self.depth.set(signed(metrics.global_queue_depth()));
        }
    }
}

/// Bytes of memory that the process has, where the system tells.
pub fn resident() -> Option<u64> {
    resident_of(&status())
}

fn resident_of(status: &str) -> Option<u64> {
    field(status, "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

fn status() -> String {
    fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// The number behind a name of `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time. The program's name, in brackets, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        assert_eq!(field("Name:\tx\nVmRSS:\t  1234 kB\nThreads:\t7\n", "VmRSS:"), Some(1234));
        assert_eq!(field("Name:\tx\n", "VmRSS:"), None);
        let stat = "1 (a) b) S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds(""), None);
    }
}
