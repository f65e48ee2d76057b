//! The fleet: who works for the bot, and whether they can be reached.

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{
    FleetLook,
    labels::{OfWorker, Standing},
    signed,
};

/// What is known of the fleet. All of it is looked at when somebody asks; of a bot that has none it is 0.
pub(super) struct Fleet {
    workers: Family<OfWorker, Gauge>,
    in_hand: Gauge,
    away: Gauge,
}

impl Fleet {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let fleet = Self { workers: Family::default(), in_hand: Gauge::default(), away: Gauge::default() };
        for &state in Standing::ALL {
            drop(fleet.workers.get_or_create(&OfWorker { state }));
        }
        let Self { workers, in_hand, away } = &fleet;
        registry.register("fleet_workers", "Workers that were heard of", workers.clone());
        registry.register("fleet_in_hand", "Members that workers have in hand", in_hand.clone());
        let help = "Since NATS went away; 0 while it is there, or is not used";
        registry.register_with_unit("nats_away", help, Unit::Seconds, away.clone());
        fleet
    }

    pub(super) fn set(&self, look: &FleetLook) {
        for (state, count) in [
            (Standing::Working, look.working),
            (Standing::Draining, look.draining),
            (Standing::TooOld, look.too_old),
        ] {
            self.workers.get_or_create(&OfWorker { state }).set(signed(count));
        }
        self.in_hand.set(signed(look.in_hand));
        // One that just went is away.
        self.away.set(look.away.map_or(0, |away| signed(away.as_secs().max(1))));
    }
}
