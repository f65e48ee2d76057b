//! The fleet: who does the work of a bot that does none itself, as far as the bot has heard. Plain data.

use std::{collections::BTreeMap, time::Instant};

use crate::metrics::FleetLook;

/// The version of the messages between bot and workers that this program writes. It reads newer ones, without what it does
/// not know of them.
pub const PROTOCOL: u32 = 1;
/// The version of an order. A worker that knows an older one only gets none, and is not counted.
pub const ORDERS: u32 = 1;

/// What is known of the fleet at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// Whether NATS is there.
    pub link: Link,
    /// Who announced itself and was heard of since, in the order of their ids.
    pub workers: Vec<Worker>,
}

/// Whether NATS is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is.
    Up,
    /// It is not, or does nothing, since then.
    Away {
        /// When it went, or when it was first looked for.
        since: Instant,
    },
    /// It is, and has kept nothing of this bot's yet: whoever runs the bot has to look.
    Refuses {
        /// When it was first asked.
        since: Instant,
    },
}

/// A worker as it announced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its own; another one after a restart.
    pub id: String,
    /// The name of its machine.
    pub host: String,
    /// Of the program.
    pub version: String,
    /// The newest version of messages that it knows.
    pub protocol: u32,
    /// CPU members that it runs side by side.
    pub cpu: usize,
    /// IO members that it runs side by side.
    pub io: usize,
    /// Bytes that its members may take together.
    pub memory: u64,
    /// Declared commands that it offers, and how many of each it runs side by side.
    pub commands: BTreeMap<String, usize>,
    /// Whether it takes more.
    pub state: WorkerState,
    /// Members that it has.
    pub in_hand: usize,
    /// When it was last heard of.
    pub seen: Instant,
}

/// Whether a worker takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// It does.
    Working,
    /// It ends what it has, and then itself.
    Draining,
}

/// What a fleet can do at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// CPU members.
    pub cpu: usize,
    /// IO members.
    pub io: usize,
    /// Bytes that all running members may take together.
    pub memory: u64,
    /// Bytes of the worker that has the most.
    pub largest: u64,
}

impl Fleet {
    /// Before anything is known.
    pub fn unknown() -> Self {
        Self { link: Link::Away { since: Instant::now() }, workers: Vec::new() }
    }

    /// How many there are of which kind.
    pub fn look(&self) -> FleetLook {
        let mut look = FleetLook::default();
        for worker in &self.workers {
            look.in_hand += worker.in_hand;
            match worker.state {
                WorkerState::Draining => look.draining += 1,
                WorkerState::Working if worker.takes_orders() => look.working += 1,
                WorkerState::Working => look.too_old += 1,
            }
        }
        if let Link::Away { since } | Link::Refuses { since } = self.link {
            look.away = Some(since.elapsed());
        }
        look
    }

    /// Declared commands that somebody offers, and how many of each can run side by side. While NATS is away nobody can be given
    /// anything.
    pub fn offered(&self) -> BTreeMap<String, usize> {
        let mut offered = BTreeMap::new();
        let up = self.working().filter(|_| self.link == Link::Up);
        for (name, count) in up.flat_map(|worker| &worker.commands) {
            *offered.entry(name.clone()).or_default() += count;
        }
        offered
    }

    fn working(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.takes_orders())
    }

    /// What it can take: of all workers that take more and know our orders. While NATS is away nobody can be given
    /// anything.
    pub fn capacity(&self) -> Capacity {
        if self.link != Link::Up {
            return Capacity::default();
        }
        self.working().fold(Capacity::default(), |sum, worker| Capacity {
            cpu: sum.cpu + worker.cpu,
            io: sum.io + worker.io,
            memory: sum.memory.saturating_add(worker.memory),
            largest: sum.largest.max(worker.memory),
        })
    }
}

impl Worker {
    /// Whether it can be given something.
    pub fn takes_orders(&self) -> bool {
        self.state == WorkerState::Working && self.protocol >= ORDERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(id: &str, cpu: usize, memory: u64) -> Worker {
        let (host, version) = ("host".to_owned(), "0.1.0".to_owned());
        let state = WorkerState::Working;
        let (io, in_hand, seen) = (0, 0, Instant::now());
        let commands = BTreeMap::from([(id.to_owned(), 1), ("backup".to_owned(), 2)]);
        let (id, protocol) = (id.to_owned(), PROTOCOL);
        Worker { id, host, version, protocol, cpu, io, memory, commands, state, in_hand, seen }
    }

    #[test]
    fn a_command_is_offered_by_whoever_takes_orders() {
        let draining = Worker { state: WorkerState::Draining, ..worker("c", 8, 800) };
        let mut fleet =
            Fleet { link: Link::Up, workers: vec![worker("a", 4, 1), worker("b", 4, 1), draining] };
        let offered = [("a", 1), ("b", 1), ("backup", 4)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(fleet.offered(), BTreeMap::from(offered));
        fleet.link = Link::Away { since: Instant::now() };
        assert!(fleet.offered().is_empty());
    }

    #[test]
    fn who_drains_or_is_too_old_is_not_counted() {
        let draining = Worker { state: WorkerState::Draining, ..worker("c", 8, 800) };
        let old = Worker { protocol: ORDERS - 1, ..worker("d", 8, 800) };
        let newer = Worker { protocol: PROTOCOL + 1, io: 5, ..worker("b", 2, 50) };
        let mut fleet = Fleet { link: Link::Up, workers: vec![worker("a", 4, 100), newer, draining, old] };
        assert_eq!(fleet.capacity(), Capacity { cpu: 4 + 2, io: 5, memory: 150, largest: 100 });
        let look = fleet.look();
        assert_eq!((look.working, look.draining, look.too_old, look.away), (2, 1, 1, None));
        fleet.link = Link::Away { since: Instant::now() };
        assert_eq!(fleet.capacity(), Capacity::default());
        assert!(fleet.look().away.is_some());
    }
}
