//! Why what waits does not begin, and who does the work.

use std::time::Instant;

use super::{and_more, cut, duration, megabytes};
use crate::{
    board::Hold,
    telegram::language::say,
    work::fleet::{Fleet, Link, Worker, WorkerState},
};

/// Workers that `workers` names.
const MAX_WORKERS: usize = 30;
/// Characters of a machine's name.
const MAX_HOST: usize = 40;
/// Characters of what a worker offers.
const MAX_OFFERS: usize = 120;

/// On the cards of queued tasks that cannot begin.
pub(in crate::telegram) fn held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("held"),
        Hold::Away => say!("held-away"),
        Hold::Refused => say!("held-refused"),
        Hold::NoWorkers => say!("held-no-workers"),
        Hold::TooLarge => say!("held-too-large"),
        Hold::NotOffered => say!("held-not-offered"),
    }
}

/// On dashes and messages about several tasks meanwhile.
pub(in crate::telegram) fn all_held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("all-held"),
        Hold::Away => say!("all-held-away"),
        Hold::Refused => say!("all-held-refused"),
        Hold::NoWorkers => say!("all-held-no-workers"),
        Hold::TooLarge => say!("all-held-too-large"),
        Hold::NotOffered => say!("all-held-not-offered"),
    }
}

/// Beside a task on a dash that no worker has the memory for.
pub(in crate::telegram) fn too_large() -> String {
    say!("larger-than-workers")
}

/// Beside a task on a dash whose command no worker runs.
pub(in crate::telegram) fn not_offered() -> String {
    say!("not-offered")
}

/// There is more than the bot can do, and nobody knows how long it will be so.
pub(in crate::telegram) fn busy_and_held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("refusal-busy-held"),
        Hold::Away | Hold::Refused | Hold::NoWorkers | Hold::TooLarge | Hold::NotOffered => {
            say!("refusal-busy-no-workers")
        }
    }
}

/// The answer to `workers`; `None` is a bot that does its work itself, on so many slots of CPU and IO.
pub(in crate::telegram) fn workers(fleet: Option<&Fleet>, slots: (usize, usize), now: Instant) -> String {
    let Some(fleet) = fleet else { return say!("workers-none-wanted", cpu = slots.0, io = slots.1) };
    let mut lines = vec![summary(fleet, now)];
    lines.extend(fleet.workers.iter().take(MAX_WORKERS).map(|one| worker(one, now)));
    if fleet.workers.len() > MAX_WORKERS {
        lines.push(and_more(fleet.workers.len() - MAX_WORKERS));
    }
    lines.join("\n")
}

/// All of them in one line.
pub(in crate::telegram) fn summary(fleet: &Fleet, now: Instant) -> String {
    let time = |since: Instant| duration(now.saturating_duration_since(since));
    let known = fleet.workers.len();
    let working: Vec<_> = fleet.workers.iter().filter(|worker| worker.takes_orders()).collect();
    match fleet.link {
        Link::Away { since } => say!("workers-away", time = time(since), workers = known),
        Link::Refuses { since } => say!("workers-refused", time = time(since)),
        Link::Up if working.is_empty() => say!("workers-none", others = known),
        Link::Up => {
            let cpu: usize = working.iter().map(|worker| worker.cpu).sum();
            let io: usize = working.iter().map(|worker| worker.io).sum();
            let memory = working.iter().fold(0_u64, |sum, worker| sum.saturating_add(worker.memory));
            say!(
                "workers-head",
                workers = working.len(),
                cpu = cpu,
                io = io,
                memory = megabytes(memory, |bytes, unit| bytes / unit)
            )
        }
    }
}

fn worker(worker: &Worker, now: Instant) -> String {
    let line = say!(
        "worker",
        host = cut(&worker.host, MAX_HOST),
        version = cut(&worker.version, MAX_HOST),
        cpu = worker.cpu,
        io = worker.io,
        memory = megabytes(worker.memory, |bytes, unit| bytes / unit),
        members = worker.in_hand,
        time = duration(now.saturating_duration_since(worker.seen))
    );
    let line = match offers(worker) {
        offers if offers.is_empty() => line,
        offers => format!("{line} {}", say!("worker-offers", commands = offers)),
    };
    match worker.state {
        WorkerState::Draining => format!("{line} {}", say!("worker-drains")),
        WorkerState::Working if !worker.takes_orders() => format!("{line} {}", say!("worker-too-old")),
        WorkerState::Working => line,
    }
}

/// Declared commands, as many as a line holds.
fn offers(worker: &Worker) -> String {
    let names: Vec<_> = worker.commands.keys().map(String::as_str).collect();
    cut(&names.join(", "), MAX_OFFERS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::work::fleet::ORDERS;

    #[test]
    fn workers_are_told_one_by_one_and_together() {
        let now = Instant::now();
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let first = Worker {
            id: "a".to_owned(),
            host: "ant".to_owned(),
            version: "0.1.0".to_owned(),
            protocol: ORDERS,
            cpu: 4,
            io: 32,
            memory: 8_000_000_000,
            commands: std::collections::BTreeMap::new(),
            state: WorkerState::Working,
            in_hand: 3,
            seen: ago(1),
        };
        let second =
            Worker { state: WorkerState::Draining, host: "bee".to_owned(), in_hand: 1, ..first.clone() };
        let commands = [("backup", 1), ("render", 2)].map(|(name, count)| (name.to_owned(), count)).into();
        let second = Worker { commands, ..second };
        let third = Worker { protocol: ORDERS - 1, version: "0.0.9".to_owned(), ..first.clone() };
        let mut fleet = Fleet { link: Link::Up, workers: vec![first, second, third] };
        assert_eq!(
            workers(Some(&fleet), (0, 0), now),
            "Workers: 1, with 4 CPU slots, 32 IO slots and 8 GB of memory.\n\
             ant (0.1.0): 4 CPU, 32 IO, 8 GB; has 3; heard of 1.0 s ago.\n\
             bee (0.1.0): 4 CPU, 32 IO, 8 GB; has 1; heard of 1.0 s ago. Runs backup, render. It is ending and takes nothing more.\n\
             ant (0.0.9): 4 CPU, 32 IO, 8 GB; has 3; heard of 1.0 s ago. It is too old for this bot and gets nothing."
        );
        fleet.link = Link::Away { since: ago(75) };
        assert_eq!(
            summary(&fleet, now),
            "NATS is away for 1 min 15 s: tasks wait, nothing is lost. Workers before: 3."
        );
        fleet.link = Link::Refuses { since: ago(75) };
        assert_eq!(
            summary(&fleet, now),
            "NATS takes nothing of the bot's work for 1 min 15 s: tasks wait. Its operator has to look: `jobboard check` says why."
        );
        fleet.link = Link::Up;
        fleet.workers.remove(0);
        assert_eq!(summary(&fleet, now), "No worker is there that takes tasks: they wait. Others: 2.");
        fleet.workers = vec![fleet.workers[0].clone(); 31];
        assert!(workers(Some(&fleet), (0, 0), now).ends_with("… and 1 more"));
        assert_eq!(
            workers(None, (2, 32), now),
            "This bot does its work itself, on 2 CPU slots and 32 IO slots."
        );
    }
}
