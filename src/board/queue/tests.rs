//! The lines as others see them, and (`simulator`) lines in a time of their own.

mod capacity;
mod forecasts;
mod order;
mod programs;
mod property;
mod simulator;

use futures_util::FutureExt;

use super::*;
use crate::job::ChatId;

const NOBODY: Claim =
    Claim { chat: ChatId(1), person: 1, need: 0, member: 0, command: Command::NONE, weight: 1 };

fn queue(cpu_slots: usize) -> Queue {
    Queue::new(cpu_slots, 1, 10)
}

fn places(queue: &Queue, resource: Resource, need: u64) -> Places {
    queue.line_up(Claim { need, ..NOBODY }, &[Some(Demand { resource, cost: 0 })])
}

fn one(queue: &Queue, resource: Resource) -> Ticket {
    places(queue, resource, 0).tickets.remove(0).unwrap()
}

/// The slot, if it was given.
fn slot(ticket: Ticket) -> Option<Slot> {
    ticket.slot().now_or_never().flatten()
}

#[tokio::test]
async fn slots_are_passed_on_when_nobody_takes_them() {
    let queue = queue(1);
    let [first, second, third, fourth] = [(); 4].map(|()| one(&queue, Resource::Cpu));
    assert!(slot(one(&queue, Resource::Io)).is_some(), "the other line has a slot of its own");
    let held = slot(first);
    assert!(held.is_some());
    // The second was killed while it waited, the third when the slot was its own already.
    drop(second);
    drop(held);
    drop(third);
    assert!(slot(fourth).is_some());
}

#[tokio::test]
async fn the_lowest_free_slot_is_used_first() {
    let queue = queue(3);
    let next = || slot(one(&queue, Resource::Cpu));
    let (first, second, third) = (next().unwrap(), next().unwrap(), next().unwrap());
    assert_eq!([first.number(), second.number(), third.number()], [0, 1, 2]);
    assert!(next().is_none());
    drop(third);
    drop(first);
    let (first, third) = (next().unwrap(), next().unwrap());
    assert_eq!([first.number(), third.number()], [0, 2]);
    // A slot that was given to somebody who did not take it is free again.
    let waiting = one(&queue, Resource::Cpu);
    drop(second);
    drop(waiting);
    assert_eq!(next().unwrap().number(), 1);
}

#[tokio::test]
async fn who_leaves_is_not_remembered() {
    let queue = queue(0);
    for need in 0..100 {
        drop(places(&queue, Resource::Cpu, need));
    }
    let state = queue.cpu.state();
    assert!(state.line.fair.is_empty() && state.line.working.is_empty() && state.line.claims.is_empty());
    assert!(state.calls.is_empty());
}

#[tokio::test]
async fn memory_comes_with_the_first_slot_and_goes_with_the_grant() {
    let queue = queue(3);
    let jobs = [6, 6, 3, 2].map(|need| places(&queue, Resource::Cpu, need));
    let [(first, a), (second, b), (third, c), (fourth, d)] =
        jobs.map(|mut places| (places.grant, places.tickets.remove(0).unwrap()));
    let held = slot(a);
    assert!(held.is_some());
    // The second does not fit, the third fits beside it, and the fourth would not.
    let spots = [&second, &third, &fourth].map(|grant| grant.of.clone().unwrap());
    assert_eq!(spots.each_ref().map(|spot| spot.place().1), [true, false, true]);
    let passed = slot(c);
    assert!(passed.is_some());
    drop(held);
    queue.cpu.state().line.forecast = None;
    assert_eq!(spots[0].place(), (Some(Place { position: 1, wait: None }), true), "the job has not ended");
    drop(first);
    assert!(slot(b).is_some());
    drop(fourth);
    drop(d);
    drop((second, third));
    assert_eq!(queue.cpu.state().line.memory.free(), 10);
}

#[tokio::test]
async fn who_is_killed_at_the_head_makes_way() {
    let queue = queue(2);
    let [mut running, mut giant, mut small] = [5, 10, 5].map(|need| places(&queue, Resource::Cpu, need));
    let _held = slot(running.tickets.remove(0).unwrap()).unwrap();
    assert!(queue.cpu.state().line.memory.head().is_some());
    giant.tickets.clear();
    drop(giant);
    assert!(slot(small.tickets.remove(0).unwrap()).is_some());
    assert_eq!(queue.cpu.state().line.memory.head(), None);
}

#[tokio::test]
async fn a_need_beyond_the_budget_is_all_of_it() {
    let queue = queue(2);
    let mut all = places(&queue, Resource::Cpu, u64::MAX);
    let held = slot(all.tickets.remove(0).unwrap());
    assert!(held.is_some());
    assert_eq!(queue.cpu.state().line.memory.free(), 0);
    // Who needs nothing waits for nobody.
    assert!(slot(one(&queue, Resource::Cpu)).is_some());
}

#[tokio::test]
async fn while_paused_nobody_is_called_and_then_all_are() {
    let queue = queue(2);
    queue.set_paused(true);
    let tickets = [Resource::Cpu, Resource::Io, Resource::Cpu].map(|resource| one(&queue, resource));
    assert!(queue.cpu.state().line.working.is_empty() && queue.io.state().line.working.is_empty());
    queue.set_paused(false);
    assert!(tickets.into_iter().all(|ticket| slot(ticket).is_some()));
}

#[tokio::test]
async fn a_slot_that_was_held_by_a_pause_was_not_used() {
    let queue = queue(1);
    let held = slot(one(&queue, Resource::Io)).unwrap();
    let paused = Duration::from_hours(1);
    let mut state = queue.io.state();
    let working = state.line.working.values_mut().next().unwrap();
    working.since = working.since.checked_sub(paused).unwrap();
    drop(state);
    held.begins();
    held.done();
    let unknown = queue.io.state().line.unknown.unwrap();
    assert!(unknown < 60e9, "{unknown}");
}

#[tokio::test]
async fn what_a_member_took_tells_how_long_others_will_take() {
    let queue = queue(1);
    let mut first = places(&queue, Resource::Io, 0);
    let mut second = places(&queue, Resource::Io, 0);
    let spot = second.spot().unwrap();
    assert_eq!(spot.place().0, Some(Place { position: 1, wait: None }), "nothing is known yet");
    let held = slot(first.tickets.remove(0).unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    held.done();
    let _held = slot(second.tickets.remove(0).unwrap()).unwrap();
    let third = places(&queue, Resource::Io, 0);
    queue.io.state().line.forecast = None;
    let wait = third.spot().unwrap().place().0.unwrap().wait.unwrap();
    let unknown = queue.io.state().line.unknown.unwrap();
    assert!(wait.as_secs_f64() * 1e9 <= unknown && unknown >= 2e6);
}
