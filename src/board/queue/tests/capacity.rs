//! Slots and memory that come and go, as workers do.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    simulator::{MS, SECOND, Simulator},
    *,
};

fn capacity(cpu: usize, memory: u64, largest: u64) -> Capacity {
    Capacity { cpu, io: 1, memory, largest }
}

#[tokio::test]
async fn slots_that_are_gone_are_not_given_again_and_new_ones_are_at_once() {
    let queue = queue(3);
    let mut held = [(); 3].map(|()| slot(one(&queue, Resource::Cpu)));
    assert!(held.iter().all(Option::is_some), "who has one goes on");
    queue.set_capacity(capacity(1, 10, 10));
    let [fourth, fifth] = [(); 2].map(|()| one(&queue, Resource::Cpu));
    drop((held[0].take(), held[1].take()));
    assert!(queue.cpu.state().calls.len() == 2, "two slots retire");
    held[2] = None;
    let fourth = slot(fourth);
    assert!(fourth.is_some(), "the last one stays");
    queue.set_capacity(capacity(2, 10, 10));
    assert!(slot(fifth).is_some(), "a new one is given when it comes");
}

#[tokio::test]
async fn nothing_begins_while_there_is_nobody_and_all_in_their_order_when_somebody_comes() {
    let queue = Queue::new(0, 0, 0);
    let [first, second] = [7, 3].map(|need| places(&queue, Resource::Cpu, need).tickets.remove(0).unwrap());
    let request = one(&queue, Resource::Io);
    assert_eq!(queue.cpu.state().calls.len(), 2);
    queue.set_capacity(capacity(1, 10, 10));
    assert!(slot(request).is_some());
    let held = slot(first);
    assert!(held.is_some() && queue.cpu.state().calls.len() == 1);
    drop(held);
    assert!(slot(second).is_some());
}

fn sized(queue: &Queue, member: u64) -> Places {
    let claim = Claim { need: member, member, ..NOBODY };
    queue.line_up(claim, &[Some(Demand { resource: Resource::Cpu, cost: 0 })])
}

/// It would wait at the head for memory that no worker has, and everybody else with it.
#[tokio::test]
async fn what_no_worker_can_take_is_in_nobodys_way_and_comes_back_with_a_larger_one() {
    let queue = queue(0);
    let [mut large, mut small, mut killed] = [8, 5, 9].map(|member| sized(&queue, member));
    queue.set_capacity(capacity(2, 12, 6));
    let large_spot = large.spot().unwrap();
    assert!(large_spot.is_too_large() && !small.spot().unwrap().is_too_large());
    assert!(slot(small.tickets.remove(0).unwrap()).is_some(), "it passes");
    drop(small);
    let mut other = sized(&queue, 6);
    assert!(slot(other.tickets.remove(0).unwrap()).is_some(), "the memory is not kept for the large one");
    drop(other);
    killed.tickets.clear();
    drop(killed);
    // While nobody is there, nobody is too small.
    queue.set_capacity(capacity(0, 0, 0));
    assert_eq!(queue.cpu.state().calls.len(), 1);
    queue.set_capacity(capacity(2, 12, 8));
    assert!(!large_spot.is_too_large());
    assert!(slot(large.tickets.remove(0).unwrap()).is_some());
    drop(large);
    let state = queue.cpu.state();
    assert!(state.line.fair.is_empty() && state.line.working.is_empty() && state.calls.is_empty());
    assert_eq!(state.line.memory.used(), 0);
}

/// The one that ends first gives its slot back for good.
#[test]
fn a_forecast_knows_that_slots_retire() {
    let mut sim = Simulator::new(2, 0);
    sim.one(1, 1, SECOND);
    sim.one(1, 1, 5 * SECOND);
    let waits = sim.one(2, 1, SECOND);
    let wait = |sim: &Simulator| sim.place(waits).unwrap().wait.unwrap();
    assert_eq!(wait(&sim), Duration::from_secs(1));
    sim.set_capacity(1, 0, 0);
    assert_eq!(wait(&sim), Duration::from_secs(5));
    sim.run_to_the_end();
    assert!((sim.waited(waits) - 5.0).abs() < 1e-9);
    sim.set_capacity(0, 0, 0);
    let never = sim.one(2, 1, SECOND);
    assert_eq!(sim.place(never), None, "nobody knows who will come");
}

#[derive(Clone, Debug)]
enum Step {
    Submit { chat: i64, need: u64, member: u64, costs: Vec<u64> },
    Capacity(usize, u64, u64),
    Wait(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let costs = prop::collection::vec(1..10 * SECOND, 1..4);
    prop_oneof![
        4 => (0..4_i64, 0..100_u64, 0..60_u64, costs)
            .prop_map(|(chat, need, member, costs)| Step::Submit { chat, need: need.max(member), member, costs }),
        2 => (0..4_usize, 1..100_u64, 1..60_u64).prop_map(|(slots, memory, largest)| Step::Capacity(slots, memory, largest)),
        3 => (0..5 * SECOND).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_and_goes_nobody_begins_without_room_and_all_begin_at_last(
        steps in prop::collection::vec(any_step(), 0..120),
    ) {
        let mut sim = Simulator::new(0, 0);
        sim.takes = |cost| cost.max(MS);
        for step in steps {
            let (before, begun) = (sim.line.working.len(), sim.begun.len());
            match step {
                Step::Submit { chat, need, member, costs } => {
                    sim.submit_sized((chat, 1), (need, member), &costs);
                }
                Step::Capacity(slots, memory, largest) => sim.set_capacity(slots, memory, largest),
                Step::Wait(nanos) => sim.run(nanos),
            }
            let (working, slots) = (sim.line.working.len(), sim.line.slots);
            prop_assert!(working <= slots.max(before), "{working} work on {slots} slots");
            prop_assert!(sim.begun.len() == begun || slots > 0);
            prop_assert!(sim.line.memory.is_sound());
        }
        sim.set_capacity(2, 100, 60);
        sim.run_to_the_end();
        prop_assert!(sim.jobs.values().all(|job| job.began.is_some()));
        prop_assert_eq!(sim.line.memory.used(), 0);
    }
}
