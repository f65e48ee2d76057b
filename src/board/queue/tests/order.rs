//! Who comes when.

use super::{
    super::forecast::MAX_AHEAD,
    simulator::{MS, SECOND, Simulator},
};
use crate::board::queue::shares::HALF_LIFE;

const ANN: i64 = 1;
const BEN: i64 = 2;

fn many(sim: &mut Simulator, (chat, person): (i64, i64), count: usize, cost: u64) -> Vec<u64> {
    (0..count).map(|_| sim.one(chat, person, cost)).collect()
}

#[test]
fn one_job_of_a_chat_does_not_wait_for_a_thousand_of_another() {
    for slots in [1, 2, 8] {
        let mut sim = Simulator::new(slots, 0);
        many(&mut sim, (1, ANN), 1_000, SECOND);
        sim.run(10 * SECOND + 1);
        let lone = sim.one(2, BEN, SECOND);
        assert_eq!(sim.place(lone).unwrap().position, 1);
        // And again, when it has been there before.
        sim.run(5 * SECOND);
        assert!(sim.waited(lone) <= 1.0, "{}", sim.waited(lone));
        let again = sim.one(2, BEN, SECOND);
        sim.run(5 * SECOND);
        assert!(sim.waited(again) <= 1.0, "{}", sim.waited(again));
    }
}

#[test]
fn costs_that_nobody_knows_are_shared_as_fairly() {
    // As look-ups are: their line is the same.
    let mut sim = Simulator::new(4, 0);
    sim.takes = |_| 200 * MS;
    many(&mut sim, (1, ANN), 1_000, 0);
    sim.run(10 * SECOND + 1);
    let lone = sim.one(2, BEN, 0);
    let other = sim.one(1, BEN, 0);
    sim.run(SECOND);
    assert!(sim.waited(lone) <= 0.2 && sim.waited(other) <= 0.2);
}

#[test]
fn people_of_a_chat_share_what_is_the_chats() {
    let mut sim = Simulator::new(1, 0);
    many(&mut sim, (1, ANN), 100, SECOND);
    many(&mut sim, (2, ANN), 100, SECOND);
    sim.run(10 * SECOND + 1);
    let bens = many(&mut sim, (1, BEN), 3, SECOND);
    sim.run(20 * SECOND);
    // Every second turn is the other chat's, and every second one of this chat's is Ann's.
    assert!(sim.waited(bens[0]) <= 2.0, "{}", sim.waited(bens[0]));
    assert!(sim.waited(bens[2]) <= 10.0, "{}", sim.waited(bens[2]));
    let chat = |chat| sim.begun.iter().filter(|(job, _)| sim.jobs[job].chat == chat).count();
    assert!(chat(1).abs_diff(chat(2)) <= 2, "{} and {}", chat(1), chat(2));
}

#[test]
fn members_count_one_by_one() {
    let mut sim = Simulator::new(2, 0);
    let multi = sim.submit((1, ANN), 0, &[SECOND; 100]);
    sim.run(SECOND / 2);
    let [same, other] = [sim.one(1, BEN, SECOND), sim.one(2, BEN, SECOND)];
    let after = sim.one(1, ANN, SECOND);
    sim.run_to_the_end();
    assert!(sim.waited(same) <= 1.5 && sim.waited(other) <= 1.0);
    let last = sim.begun.iter().rev().find(|(job, _)| *job == multi).unwrap().1;
    assert!(sim.jobs[&after].began.unwrap() >= last, "one person's are first come, first served");
}

#[test]
fn who_used_much_lately_comes_less_often() {
    let shares = |pause: u64| {
        let mut sim = Simulator::new(1, 0);
        many(&mut sim, (1, ANN), 300, SECOND);
        sim.run_to_the_end();
        sim.run(pause);
        let blocks = sim.one(3, ANN, SECOND);
        many(&mut sim, (1, ANN), 100, SECOND);
        many(&mut sim, (2, BEN), 100, SECOND);
        let from = sim.begun.len();
        sim.run(40 * SECOND);
        let _ = blocks;
        sim.begun[from..].iter().filter(|(job, _)| sim.jobs[job].chat == 2).count()
    };
    let after_a_second = shares(SECOND);
    assert!((28..=34).contains(&after_a_second), "{after_a_second} of 40");
    let lives = u64::try_from(HALF_LIFE.as_nanos()).unwrap();
    let after_an_hour = shares(12 * lives);
    assert!((18..=22).contains(&after_an_hour), "{after_an_hour} of 40");
}

#[test]
fn what_a_job_took_counts_and_not_what_it_was_thought_to_take() {
    // The first chat's are ten times as long as they look.
    let mut sim = Simulator::new(1, 0);
    sim.takes = |cost| if cost == SECOND + 1 { 10 * SECOND } else { cost };
    many(&mut sim, (1, ANN), 50, SECOND + 1);
    many(&mut sim, (2, BEN), 200, SECOND);
    sim.run(100 * SECOND);
    let took = |chat| -> u64 {
        let begun = sim.begun.iter().filter(|(job, _)| sim.jobs[job].chat == chat);
        begun.map(|(job, _)| (sim.takes)(sim.jobs[job].costs[0]) / SECOND).sum()
    };
    assert!((40..=60).contains(&took(2)), "{} of 100 s", took(2));
}

#[test]
fn to_start_and_kill_gains_nothing() {
    let mut sim = Simulator::new(1, 0);
    // Ann kills hers as soon as they begin.
    sim.takes = |cost| if cost == 100 * SECOND { MS } else { cost };
    let killed = many(&mut sim, (1, ANN), 20, 100 * SECOND);
    sim.run_to_the_end();
    let blocks = sim.one(3, ANN, SECOND);
    many(&mut sim, (1, ANN), 40, SECOND);
    many(&mut sim, (2, BEN), 40, SECOND);
    sim.run(40 * SECOND);
    let anns = sim.jobs.range(blocks + 1..).filter(|(_, job)| job.chat == 1 && job.began.is_some()).count();
    assert!((18..=22).contains(&anns), "{anns} of 40, after {}", killed.len());
}

#[test]
fn a_small_one_passes_huge_ones_of_the_same_person_within_bounds() {
    let mut sim = Simulator::new(1, 0);
    let huge = many(&mut sim, (1, ANN), 3, 100 * SECOND);
    let small = sim.one(1, ANN, 10 * MS);
    sim.run(101 * SECOND);
    assert!(sim.waited(small) <= 100.0, "{}", sim.waited(small));
    assert!(sim.jobs[&huge[1]].began.is_some());
    // However many come: what passes takes no longer than the huge one before.
    let mut sim = Simulator::new(1, 0);
    let huge = many(&mut sim, (1, ANN), 2, 20 * SECOND);
    many(&mut sim, (1, ANN), 1_000, SECOND);
    for _ in 0..100 {
        many(&mut sim, (1, ANN), 2, SECOND);
        sim.run(SECOND);
    }
    let waited = sim.waited(huge[1]);
    assert!((40.0..=42.0).contains(&waited), "{waited}");
}

#[test]
fn alike_ones_of_one_person_keep_their_order() {
    let mut sim = Simulator::new(1, 0);
    let jobs: Vec<_> = (0..100).map(|n| sim.one(1, ANN, 60 * MS - n)).collect();
    sim.run_to_the_end();
    assert!(sim.begun.iter().map(|(job, _)| *job).eq(jobs));
}

#[test]
fn huge_ones_leave_a_slot_to_small_ones_if_any_wait() {
    let mut sim = Simulator::new(2, 0);
    let small = many(&mut sim, (1, BEN), 40, 5 * SECOND);
    many(&mut sim, (2, ANN), 4, 300 * SECOND);
    sim.run(90 * SECOND);
    let long =
        |sim: &Simulator| sim.line.working.values().filter(|one| one.member.cost > 10 * SECOND).count();
    assert_eq!(long(&sim), 1, "the other slot is the small ones'");
    assert!(small.iter().filter(|job| sim.jobs[job].began.is_some()).count() >= 17);
    // When no small one is left, nothing is left idle.
    sim.run(150 * SECOND);
    assert_eq!(long(&sim), 2);
    // A single slot is no one's.
    let mut sim = Simulator::new(1, 0);
    sim.one(1, BEN, SECOND);
    many(&mut sim, (1, BEN), 1_000, 5 * SECOND);
    let lone = sim.one(2, ANN, 300 * SECOND);
    sim.run_to_the_end();
    assert!(sim.waited(lone) <= 1.0, "{}", sim.waited(lone));
}

#[test]
fn memory_is_shared_as_fairly_as_slots() {
    let mut sim = Simulator::new(4, 100);
    for _ in 0..50 {
        sim.submit((1, ANN), 60, &[SECOND]);
    }
    sim.run(10 * SECOND + 1);
    let large = sim.submit((2, BEN), 60, &[SECOND]);
    let small = sim.submit((3, BEN), 30, &[SECOND]);
    let none = sim.one(4, BEN, SECOND);
    sim.run_to_the_end();
    // The head of the first chat goes before it, and nobody else.
    assert!(sim.waited(large) <= 2.0, "{}", sim.waited(large));
    assert!(sim.waited(small) <= 1.0 && sim.waited(none) <= 0.0, "{}", sim.waited(small));
}

#[test]
fn who_waits_for_memory_is_not_passed_for_ever() {
    let mut sim = Simulator::new(4, 100);
    sim.submit((1, ANN), 50, &[5 * SECOND]);
    let giant = sim.submit((2, BEN), 100, &[SECOND]);
    for n in 0..200 {
        sim.submit((3 + n % 5, ANN), 50, &[3 * SECOND]);
        sim.run(SECOND);
    }
    assert!(sim.waited(giant) <= 5.0, "{}", sim.waited(giant));
    sim.run_to_the_end();
}

#[test]
fn those_that_only_wait_for_a_slot_hold_no_memory() {
    let mut sim = Simulator::new(1, 100);
    for _ in 0..50 {
        sim.submit((1, ANN), 10, &[SECOND]);
    }
    let large = sim.submit((2, BEN), 90, &[SECOND]);
    sim.run_to_the_end();
    assert!(sim.waited(large) <= 1.0, "{}", sim.waited(large));
}

#[test]
fn a_place_counts_jobs_and_adds_up_what_they_cost() {
    let mut sim = Simulator::new(2, 0);
    let running = sim.submit((1, ANN), 0, &[4 * SECOND, 8 * SECOND]);
    let second = sim.submit((1, ANN), 0, &[5 * SECOND, 6 * SECOND]);
    let third = sim.submit((1, ANN), 0, &[SECOND]);
    let told = |sim: &Simulator, job| {
        sim.place(job).map(|place| (place.position, place.wait.map(|wait| wait.as_millis() / 1_000)))
    };
    assert_eq!(told(&sim, running), None, "it does not wait");
    assert_eq!(told(&sim, second), Some((2, Some(5))), "the short one goes before");
    assert_eq!(told(&sim, third), Some((1, Some(4))));
    sim.run(3 * SECOND);
    assert_eq!(told(&sim, third), Some((1, Some(1))));
    assert_eq!(told(&sim, second), Some((2, Some(2))));
}

#[test]
fn who_is_too_far_back_is_not_counted() {
    let mut sim = Simulator::new(1, 0);
    let jobs = many(&mut sim, (1, ANN), MAX_AHEAD + 3, SECOND);
    assert_eq!(sim.place(jobs[MAX_AHEAD]).map(|place| place.position), Some(MAX_AHEAD));
    assert_eq!(sim.place(jobs[MAX_AHEAD + 1]), None);
    // Another chat's are not behind them.
    let other = sim.one(2, ANN, SECOND);
    assert_eq!(sim.place(other).map(|place| place.position), Some(1));
}

#[test]
fn what_was_used_is_forgotten_in_the_end() {
    let mut sim = Simulator::new(2, 0);
    for chat in 0..500 {
        many(&mut sim, (chat, ANN), 2, 20 * SECOND);
    }
    sim.run_to_the_end();
    assert!(sim.line.fair.remembered() >= 1_000);
    sim.run(u64::try_from(20 * HALF_LIFE.as_nanos()).unwrap());
    for chat in 1_000..1_600 {
        sim.one(chat, ANN, MS);
    }
    sim.run_to_the_end();
    assert!(sim.line.fair.remembered() <= 1_300, "{}", sim.line.fair.remembered());
}
