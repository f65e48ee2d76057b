//! Boards whose work is done elsewhere: how much the fleet can do at the same time, and what people are told while it can do
//! nothing. What waits is not touched by any of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Boards, Change, Limits};
use crate::{
    metrics::Line,
    work::fleet::{Capacity, Fleet, Link},
};

/// Why nothing that waits begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The bot's owner wants that.
    Owner,
    /// NATS is away, and so whoever might do it.
    Away,
    /// NATS keeps nothing of the bot's work: whoever runs the bot has to look.
    Refused,
    /// Nobody is there to do it.
    NoWorkers,
    /// Nobody is there who has the memory for this job.
    TooLarge,
    /// Nobody is there who runs this command.
    NotOffered,
}

impl Boards {
    /// What can run at the same time.
    pub fn capacity(&self) -> Capacity {
        match &self.fleet {
            Some(fleet) => fleet.borrow().capacity(),
            None => of_this_process(&self.limits),
        }
    }

    /// Those who do the work, where others do.
    pub fn fleet(&self) -> Option<Fleet> {
        self.fleet.as_ref().map(|fleet| fleet.borrow().clone())
    }

    /// Why nothing begins on any board.
    pub fn hold(&self) -> Option<Hold> {
        if self.is_paused() { Some(Hold::Owner) } else { *self.unmanned.borrow() }
    }

    /// Gives out as much as the fleet can take, and tells who waits when nobody can take anything; until `stop`.
    pub async fn follow_fleet(&self, stop: CancellationToken) {
        let Some(mut fleet) = self.fleet.clone() else { return };
        let (mut given, mut hold, mut since) = (Capacity::default(), None, Instant::now());
        let mut offered = BTreeMap::new();
        loop {
            let (capacity, commands, now) = look(&mut fleet);
            if commands != offered {
                self.queue.offer(&commands);
                self.mark_queued();
                offered = commands;
            }
            if capacity != given {
                self.give(capacity);
                given = capacity;
            }
            if now != hold {
                (hold, since) = (now, Instant::now());
            }
            // A link that is back in a moment, or a worker that is started again, is no news for hundreds of cards.
            let wait =
                hold.map_or(Duration::ZERO, |_| self.limits.fleet_told.saturating_sub(since.elapsed()));
            if wait.is_zero() {
                self.tell_hold(hold);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait), if !wait.is_zero() => {}
                changed = fleet.changed() => if changed.is_err() { return },
            }
        }
    }

    fn give(&self, capacity: Capacity) {
        let Capacity { cpu, io, memory, .. } = capacity;
        tracing::info!(cpu, io, memory_mb = memory / 1_000_000, "what the fleet can take");
        self.metrics.set_slots(Line::Cpu, cpu);
        self.metrics.set_slots(Line::Io, io);
        if self.queue.set_capacity(capacity) {
            self.mark_queued();
        }
    }

    fn tell_hold(&self, hold: Option<Hold>) {
        if self.unmanned.send_replace(hold) != hold {
            tracing::warn!(?hold, "what keeps tasks from beginning");
            self.mark_queued();
        }
    }

    /// Cards and dashes of what waits are to be rendered again.
    pub(super) fn mark_queued(&self) {
        for table in &self.tables {
            for id in table.queued() {
                self.changes.mark(Change::Job(*table.key(), id));
            }
        }
    }
}

/// What this process can do itself.
pub(super) fn of_this_process(limits: &Limits) -> Capacity {
    let Limits { cpu_slots: cpu, io_slots: io, memory, .. } = *limits;
    Capacity { cpu, io, memory, largest: memory }
}

/// What the fleet can take now, and why that is nothing.
fn look(fleet: &mut watch::Receiver<Fleet>) -> (Capacity, BTreeMap<String, usize>, Option<Hold>) {
    let fleet = fleet.borrow_and_update();
    let capacity = fleet.capacity();
    let hold = match fleet.link {
        Link::Away { .. } => Some(Hold::Away),
        Link::Refuses { .. } => Some(Hold::Refused),
        Link::Up if capacity == Capacity::default() => Some(Hold::NoWorkers),
        Link::Up => None,
    };
    (capacity, fleet.offered(), hold)
}
