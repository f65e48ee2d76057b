//! Limits that stop nothing.

use std::time::Duration;

use jobboard::board::Limits;

/// One CPU slot, one IO slot, and room for everything.
pub(crate) fn unlimited() -> Limits {
    Limits {
        max_fib: 1_000_000_000,
        max_live_jobs_all: usize::MAX,
        max_unsaid: Duration::MAX,
        max_live_person: usize::MAX,
        max_members: usize::MAX,
        max_live_jobs: usize::MAX,
        job_timeout: Duration::from_mins(10),
        cpu_slots: 1,
        memory: u64::MAX,
        io_slots: 1,
        keep_jobs: usize::MAX,
        max_attempts: 3,
        store_again: Duration::from_secs(1),
        fleet_told: Duration::from_secs(1),
    }
}
