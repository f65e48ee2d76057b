//! Whatever comes: nobody waits for ever, and no more is used than there is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::simulator::{MS, SECOND, Simulator};
use crate::board::queue::shares::MAX_PRICE;

#[derive(Clone, Debug)]
enum Step {
    Submit {
        chat: i64,
        person: i64,
        need: u64,
        costs: Vec<u64>,
    },
    /// A chat that never was there before.
    Newcomer(u64),
    Wait(u64),
}

const LONGEST: u64 = 20 * SECOND;

fn any_cost() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..100 * MS, MS..SECOND, SECOND..LONGEST]
}

fn any_step(memory: u64) -> impl Strategy<Value = Step> {
    let costs = prop_oneof![4 => prop::collection::vec(any_cost(), 1..2), 1 => prop::collection::vec(any_cost(), 1..8)];
    prop_oneof![
        4 => (0..4_i64, 0..3_i64, 0..=memory, costs)
            .prop_map(|(chat, person, need, costs)| Step::Submit { chat, person, need, costs }),
        2 => any_cost().prop_map(Step::Newcomer),
        3 => (0..5 * SECOND).prop_map(Step::Wait),
    ]
}

fn carry_out(sim: &mut Simulator, step: Step, newcomers: &mut i64) {
    match step {
        Step::Submit { chat, person, need, costs } => {
            sim.submit((chat, person), need, &costs);
        }
        Step::Newcomer(cost) => {
            *newcomers += 1;
            sim.one(1_000 + *newcomers, 1, cost);
        }
        Step::Wait(nanos) => sim.run(nanos),
    }
}

fn takes(cost: u64) -> u64 {
    cost.max(MS)
}

proptest! {
    #[test]
    fn slots_and_memory_are_never_more_than_there_are_and_all_begin(
        steps in prop::collection::vec(any_step(100), 0..120),
        slots in 1..5_usize,
    ) {
        let mut sim = Simulator::new(slots, 100);
        sim.takes = takes;
        let mut newcomers = 0;
        for step in steps {
            carry_out(&mut sim, step, &mut newcomers);
            prop_assert!(sim.line.working.len() <= slots);
            prop_assert!(sim.line.memory.free() <= 100 && sim.line.memory.is_sound() && sim.line.memory.leaves_room());
            let waits = sim.line.fair.first(|_| true).is_some();
            let free = sim.line.working.len() < slots && sim.line.claims.is_empty();
            prop_assert!(!(waits && free), "somebody waits for no reason");
        }
        sim.run_to_the_end();
        prop_assert!(sim.jobs.values().all(|job| job.began.is_some()));
        prop_assert_eq!(sim.line.memory.free(), 100);
    }

    /// A chat with jobs of one second against others that do what they want, newcomers without end among them: what these
    /// have begun before each of its jobs is bounded by how many of them wait at once.
    #[test]
    fn who_waits_is_passed_by_a_bounded_amount_of_work(
        steps in prop::collection::vec(any_step(0), 20..160),
        flood in 0..4_u64,
        slots in 1..4_usize,
    ) {
        let mut sim = Simulator::new(slots, 0);
        sim.takes = takes;
        let mut newcomers = 0;
        let mut ours = Vec::new();
        let mut most_waiting = 1;
        for (index, step) in steps.into_iter().enumerate() {
            carry_out(&mut sim, step, &mut newcomers);
            for _ in 0..flood {
                newcomers += 1;
                sim.one(1_000 + newcomers, 1, SECOND);
            }
            if index == 10 {
                ours = (0..3).map(|_| sim.one(99, 1, SECOND)).collect();
            }
            let mut chats: Vec<_> =
                sim.jobs.values().filter(|job| job.began.is_none()).map(|job| job.chat).collect();
            chats.sort_unstable();
            chats.dedup();
            most_waiting = most_waiting.max(chats.len() as u64);
        }
        sim.run_to_the_end();
        let mut before = BTreeMap::new();
        for (at, our) in ours.iter().enumerate() {
            let job = &sim.jobs[our];
            let began = job.began.unwrap();
            let others = sim.begun.iter().filter(|(id, when)| {
                (job.arrived..began).contains(when) && sim.jobs[id].chat != 99
            });
            let work: u64 = others.map(|(id, _)| takes(sim.jobs[id].costs.iter().copied().max().unwrap())).sum();
            // Each chat that waits gets as much as we paid, and one job more, for each of our jobs.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
            let price = MAX_PRICE as u64;
            let bound = (at as u64 + 1) * price * (most_waiting + slots as u64) * (LONGEST + SECOND);
            before.insert(*our, work);
            prop_assert!(work <= bound, "{work} of others' before {our}, {bound} at most");
        }
    }
}
