//! Commands that are declared: so many of them at once, and several slots for one.
#![expect(clippy::float_cmp, reason = "what is waited for ends at whole seconds")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    simulator::{SECOND, Simulator},
    *,
};
use crate::{
    declared::{Allow, Bounds, Catalog, Declaration},
    job::ChatId,
};

const ANN: i64 = 1;
const BEN: i64 = 2;

fn declared(name: &str, all: Option<usize>, per_chat: Option<usize>) -> Declaration {
    let count = |count: Option<usize>| count.and_then(std::num::NonZeroUsize::new);
    Declaration {
        name: name.to_owned(),
        help: String::new(),
        parameters: Vec::new(),
        program: "/bin/true".into(),
        args: Vec::new(),
        folder: None,
        environment: BTreeMap::new(),
        timeout: None,
        grace: Duration::from_secs(1),
        at_once: count(all),
        at_once_per_chat: count(per_chat),
        weight: 1,
        allow: Allow::Everyone,
        confirm: false,
        rerun: false,
        files: None,
        bounds: Bounds::default(),
    }
}

/// `backup` runs once at a time, `render` once in a chat, `deploy` as often as there is room.
fn catalog() -> Catalog {
    let all = [("backup", Some(1), None), ("render", Some(3), Some(1)), ("deploy", None, None)];
    Catalog::from_iter(all.map(|(name, all, per_chat)| declared(name, all, per_chat)))
}

fn simulator(slots: usize) -> Simulator {
    let sim = Simulator::new(slots, 0);
    sim.line.at_once.look().declare(&catalog());
    sim
}

fn running(sim: &Simulator, name: &str) -> usize {
    let command = sim.line.at_once.look().command(name);
    sim.line.working.values().filter(|working| working.member.command == command).count()
}

#[test]
fn what_has_enough_running_waits_and_is_in_nobodys_way() {
    let mut sim = simulator(3);
    let backups = [(); 3].map(|()| sim.program((1, ANN), "backup", 1, 10 * SECOND));
    let other = sim.program((1, ANN), "deploy", 1, SECOND);
    let number = sim.one(1, ANN, SECOND);
    assert_eq!((running(&sim, "backup"), sim.waited(other), sim.waited(number)), (1, 0.0, 0.0));
    sim.run_to_the_end();
    assert_eq!(backups.map(|job| sim.waited(job)), [0.0, 10.0, 20.0]);
    assert!(sim.line.at_once.look().is_empty());
}

#[test]
fn a_bound_of_each_chat_holds_beside_that_of_all() {
    let mut sim = simulator(8);
    let mut of = |chat| [(); 2].map(|()| sim.program((chat, ANN), "render", 1, 10 * SECOND));
    let jobs = [1, 2, 3, 4].map(&mut of);
    assert_eq!(running(&sim, "render"), 3, "one of each chat, and three of all");
    sim.run(10 * SECOND);
    assert_eq!(running(&sim, "render"), 3);
    // The fourth chat, which has had nothing yet, is before the seconds of the others.
    assert!((sim.waited(jobs[3][0]) - 10.0).abs() < 1e-9);
    sim.run_to_the_end();
    assert!(jobs.iter().flatten().all(|job| sim.waited(*job) <= 30.0));
}

#[test]
fn those_that_wait_for_the_same_come_in_the_fair_order() {
    let mut sim = simulator(4);
    for _ in 0..20 {
        sim.program((1, ANN), "backup", 1, SECOND);
    }
    sim.run(3 * SECOND);
    let lone = sim.program((2, BEN), "backup", 1, SECOND);
    sim.run_to_the_end();
    assert!(sim.waited(lone) <= 2.0, "{}", sim.waited(lone));
}

#[test]
fn one_that_takes_two_slots_waits_for_no_more_than_those_that_ran() {
    let mut sim = simulator(2);
    sim.one(1, ANN, SECOND);
    sim.one(1, ANN, 3 * SECOND);
    let heavy = sim.program((2, BEN), "deploy", 2, SECOND);
    let after: Vec<_> = (0..20).map(|_| sim.one(3, ANN, 5 * SECOND)).collect();
    sim.run_to_the_end();
    assert!((sim.waited(heavy) - 3.0).abs() < 1e-9, "{}", sim.waited(heavy));
    assert!(sim.waited(after[0]) >= 4.0, "it had both slots");
}

#[test]
fn others_pass_it_that_leave_it_what_it_waits_for() {
    let mut sim = simulator(4);
    for seconds in [10, 10, 10, 1] {
        sim.one(1, ANN, seconds * SECOND);
    }
    let heavy = sim.program((2, BEN), "deploy", 2, SECOND);
    let small = [(); 2].map(|()| sim.one(3, ANN, 2 * SECOND));
    sim.run_to_the_end();
    assert!((sim.waited(heavy) - 10.0).abs() < 1e-9);
    assert!(small.iter().all(|job| sim.waited(*job) < 10.0), "the slot that is free is used meanwhile");
}

#[test]
fn two_that_take_all_slots_do_not_wait_for_each_other() {
    for weight in [2, 3, 100] {
        let mut sim = simulator(2);
        let both = [1, 2].map(|chat| sim.program((chat, ANN), "deploy", weight, SECOND));
        sim.run_to_the_end();
        assert_eq!(both.map(|job| sim.waited(job)), [0.0, 1.0]);
    }
}

#[test]
fn a_head_that_is_killed_or_has_enough_running_keeps_nothing() {
    let mut sim = simulator(2);
    sim.one(1, ANN, 10 * SECOND);
    let heavy = sim.program((2, BEN), "deploy", 2, SECOND);
    assert!(sim.line.places.head().is_some());
    let number = sim.members(heavy).next().unwrap();
    let now = sim.instant();
    sim.line.leave(number, now);
    let next = sim.one(3, ANN, SECOND);
    assert_eq!(sim.waited(next), 0.0);
    assert!(sim.line.at_once.look().is_empty());

    let mut sim = simulator(2);
    sim.one(1, ANN, 10 * SECOND);
    sim.program((2, BEN), "backup", 2, SECOND);
    // In another line one begins meanwhile.
    let command = sim.line.at_once.look().command("backup");
    let group = super::super::at_once::Group { command, chat: ChatId(9), weight: 1 };
    let kind = sim.line.at_once.look().join(group, 0);
    sim.line.at_once.look().begin(kind);
    let next = sim.one(3, ANN, SECOND);
    assert_eq!(sim.waited(next), 0.0, "no slot is kept for what may not begin");
    sim.line.at_once.look().end(kind);
    sim.run_to_the_end();
}

#[test]
fn a_place_is_told_of_what_does_not_wait_for_others() {
    let mut sim = simulator(1);
    sim.program((1, ANN), "backup", 1, 10 * SECOND);
    let waits = sim.program((1, ANN), "backup", 1, 10 * SECOND);
    let number = sim.one(2, ANN, SECOND);
    assert_eq!(sim.place(waits), None);
    assert_eq!(sim.place(number).unwrap().position, 1);
    let first = sim.members(waits).next().unwrap();
    assert!(sim.line.waits_for_others(first));
    let number = sim.members(number).next().unwrap();
    assert!(!sim.line.waits_for_others(number));
}

#[test]
fn how_long_one_took_is_told_of_its_command_alone() {
    let mut sim = simulator(1);
    sim.program((1, ANN), "deploy", 1, 100 * SECOND);
    sim.run_to_the_end();
    sim.one(1, ANN, 0);
    let (deploy, unknown) = (sim.program((1, ANN), "deploy", 1, SECOND), sim.line.unknown);
    assert_eq!(unknown, None, "nothing is learned of others");
    sim.program((1, BEN), "deploy", 1, SECOND);
    assert!(sim.place(deploy).is_some());
}

#[tokio::test]
async fn what_ends_in_one_line_is_room_in_the_other() {
    let queue = queue(1);
    queue.declare(&catalog());
    let line_up = |resource| {
        let claim = Claim { command: queue.command("backup"), ..NOBODY };
        queue.line_up(claim, &[Some(Demand { resource, cost: 0 })])
    };
    let [mut cpu, mut io] = [Resource::Cpu, Resource::Io].map(line_up);
    let held = slot(cpu.tickets.remove(0).unwrap());
    assert!(held.is_some() && io.spot().unwrap().waits_for_others());
    drop(held);
    assert!(slot(io.tickets.remove(0).unwrap()).is_some());
    // Another file allows more.
    let _held = slot(line_up(Resource::Io).tickets.remove(0).unwrap()).unwrap();
    let mut waits = line_up(Resource::Cpu);
    assert_eq!(queue.cpu.state().calls.len(), 1);
    queue.declare(&Catalog::from_iter([declared("backup", Some(2), None)]));
    assert!(slot(waits.tickets.remove(0).unwrap()).is_some());
}

#[tokio::test]
async fn of_a_fleet_as_many_run_as_workers_offer() {
    let queue = Queue::of_fleet();
    queue.declare(&catalog());
    queue.set_capacity(Capacity { cpu: 9, io: 9, memory: 0, largest: 0 });
    let line_up = || {
        let claim = Claim { command: queue.command("render"), ..NOBODY };
        queue.line_up(claim, &[Some(Demand { resource: Resource::Cpu, cost: 0 })]).tickets.remove(0).unwrap()
    };
    let [mut first, mut second] = [line_up(), line_up()];
    assert!(first.call.try_recv().is_err(), "nobody offers it");
    queue.offer(&BTreeMap::from([("backup".to_owned(), 5)]));
    assert!(first.call.try_recv().is_err(), "it is another one's");
    queue.offer(&BTreeMap::from([("render".to_owned(), 1)]));
    let held = first.call.try_recv();
    assert!(held.is_ok() && second.call.try_recv().is_err());
    drop(held);
    assert!(second.call.try_recv().is_ok());
}

#[derive(Clone, Debug)]
enum Step {
    Program { chat: i64, name: &'static str, weight: u16, cost: u64 },
    Number { chat: i64, need: u64, cost: u64 },
    Slots(usize),
    Declare(Option<usize>),
    Wait(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let name = prop_oneof![Just("backup"), Just("render"), Just("deploy"), Just("nobody's")];
    prop_oneof![
        4 => (0..4_i64, name, 1..5_u16, 1..10 * SECOND)
            .prop_map(|(chat, name, weight, cost)| Step::Program { chat, name, weight, cost }),
        3 => (0..4_i64, 0..100_u64, 1..10 * SECOND)
            .prop_map(|(chat, need, cost)| Step::Number { chat, need, cost }),
        1 => (0..5_usize).prop_map(Step::Slots),
        1 => (0..3_usize).prop_map(|at_once| Step::Declare((at_once > 0).then_some(at_once))),
        3 => (0..5 * SECOND).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_no_more_runs_than_may_and_all_begin_at_last(
        steps in prop::collection::vec(any_step(), 0..150),
    ) {
        let mut sim = simulator(2);
        sim.set_capacity(2, 100, u64::MAX);
        let mut at_once = Some(1);
        for step in steps {
            let (used, backups) = (sim.line.places.used(), running(&sim, "backup"));
            match step {
                Step::Program { chat, name, weight, cost } => {
                    sim.program((chat, ANN), name, weight, cost);
                }
                Step::Number { chat, need, cost } => {
                    sim.submit((chat, BEN), need, &[cost]);
                }
                Step::Slots(slots) => sim.set_capacity(slots, 100, u64::MAX),
                Step::Declare(most) => {
                    at_once = most;
                    let mut declarations: Vec<_> = catalog().iter().map(|found| (**found).clone()).collect();
                    declarations[0].at_once = most.and_then(std::num::NonZeroUsize::new);
                    sim.line.at_once.look().declare(&Catalog::from_iter(declarations));
                    sim.run(0);
                }
                Step::Wait(nanos) => sim.run(nanos),
            }
            let slots = sim.line.slots as u64;
            prop_assert!(sim.line.places.used() <= slots.max(used), "more slots are used than there are");
            prop_assert!(sim.line.places.is_sound() && sim.line.memory.is_sound());
            prop_assert!(at_once.is_none_or(|most| running(&sim, "backup") <= most.max(backups)));
            prop_assert!(running(&sim, "render") <= 3);
            for chat in 0..4 {
                let render = sim.line.at_once.look().command("render");
                let here = sim.line.working.values().filter(|working| {
                    working.member.command == render && working.member.chat == ChatId(chat)
                });
                prop_assert!(here.count() <= 1);
            }
            let _ = sim.forecast();
        }
        sim.set_capacity(2, 100, u64::MAX);
        sim.run_to_the_end();
        prop_assert!(sim.jobs.values().all(|job| job.began.is_some()));
        prop_assert!(sim.line.at_once.look().is_empty());
        prop_assert_eq!((sim.line.places.used(), sim.line.memory.used()), (0, 0));
    }

    /// One that takes both slots, or that is bounded, against others without end: what passes it is bounded.
    #[test]
    fn nobody_waits_for_ever(weight in 1..4_u16, slots in 1..4_usize, flood in 1..4_u64, name in prop_oneof![Just("deploy"), Just("backup")]) {
        let mut sim = simulator(slots);
        let mut ours = 0;
        for round in 0..60 {
            for chat in 0..flood {
                sim.one(100 + i64::try_from(chat).unwrap(), ANN, SECOND);
                sim.program((200, ANN), name, 1, SECOND);
            }
            if round == 5 {
                ours = sim.program((1, BEN), name, weight, SECOND);
            }
            sim.run(SECOND);
        }
        prop_assert!(sim.jobs[&ours].began.is_some(), "others came for 55 s, and it did not begin");
        prop_assert!(sim.waited(ours) <= 20.0, "{}", sim.waited(ours));
        sim.run_to_the_end();
    }
}
