use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::job::Resource;

fn memory(budget: u64) -> Arc<Memory> {
    Memory::new(budget, Queue::new(1, 1))
}

/// A job that lines up for one CPU slot.
fn job(memory: &Arc<Memory>, need: u64) -> Turn {
    memory.line_up(need, vec![Some(Demand { resource: Resource::Cpu, cost: 0 })])
}

#[track_caller]
fn come(turn: Turn) -> Places {
    match turn {
        Turn::Come(places) => places,
        Turn::Waiting(_) => panic!("it has to wait"),
    }
}

#[track_caller]
fn waits(turn: Turn) -> Waiting {
    match turn {
        Turn::Come(_) => panic!("it does not wait"),
        Turn::Waiting(waiting) => waiting,
    }
}

#[track_caller]
fn called(waiting: Waiting) -> Places {
    waiting.places().now_or_never().flatten().expect("it is not its turn")
}

fn is_called(waiting: &Waiting) -> bool {
    !waiting.call.is_empty()
}

#[tokio::test]
async fn who_came_first_comes_first_and_all_that_fit_come_together() {
    let memory = memory(10);
    let first = come(job(&memory, 10));
    let waiting = [6, 3, 2].map(|need| waits(job(&memory, need)));
    drop(first);
    assert_eq!([true, true, false], std::array::from_fn(|index| is_called(&waiting[index])));
    let [second, third, fourth] = waiting;
    let second = called(second);
    drop(second);
    assert!(is_called(&fourth));
    drop(third);
    called(fourth);
    assert_eq!(memory.state().used, 0);
}

#[tokio::test]
async fn a_small_job_passes_one_that_waits_only_where_it_fits_beside_it() {
    let memory = memory(10);
    let running = come(job(&memory, 5));
    let giant = waits(job(&memory, 8));
    let small = come(job(&memory, 2));
    // Three bytes are free, but beside the giant there is no room for more.
    let next = waits(job(&memory, 1));
    drop(running);
    assert!(!is_called(&next));
    let giant = called(giant);
    drop(small);
    // Nobody waits before it any more.
    assert!(is_called(&next));
    drop(giant);
    drop(next);
    assert_eq!(memory.state().used, 0);
}

#[tokio::test]
async fn one_that_waits_and_is_killed_makes_way() {
    let memory = memory(10);
    let running = come(job(&memory, 5));
    let giant = waits(job(&memory, 10));
    let small = waits(job(&memory, 5));
    assert!(!is_called(&small));
    drop(giant);
    assert!(is_called(&small));
    // The small one was called, and is killed before it has heard.
    let other = waits(job(&memory, 5));
    drop(small);
    let other = called(other);
    drop((running, other));
    let state = memory.state();
    assert!(state.used == 0 && state.granted.is_empty() && state.waiting.is_empty());
}

#[tokio::test]
async fn what_needs_nothing_waits_for_nobody_and_too_much_is_all_there_is() {
    let memory = memory(10);
    let all = come(job(&memory, u64::MAX));
    assert_eq!(memory.state().used, 10);
    let waiting = waits(job(&memory, 1));
    let small = come(memory.line_up(0, vec![None, Some(Demand { resource: Resource::Io, cost: 0 })]));
    assert!(small.tickets[0].is_none() && small.tickets[1].is_some());
    drop(all);
    called(waiting);
}

#[tokio::test]
async fn slots_are_taken_in_the_order_of_the_calls() {
    let memory = memory(10);
    let slot = |places: Places| {
        let [ticket] = <[_; 1]>::try_from(places.tickets).ok().unwrap();
        ticket.unwrap().slot().now_or_never().flatten()
    };
    let all = come(job(&memory, 10));
    let [first, second] = [5, 5].map(|need| waits(job(&memory, need)));
    let held = slot(all);
    // All is given back but the slot: both line up for it.
    let third = waits(job(&memory, 1));
    assert!(held.is_some());
    let (second, first) = (called(second), called(first));
    drop(held);
    assert!(slot(second).is_none(), "it came second");
    assert!(slot(first).is_some());
    drop(third);
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u64),
    /// One of those that run ends.
    End(prop::sample::Index),
    /// One of those that wait, or were called and have not heard, is killed.
    Kill(prop::sample::Index),
    /// All that were called hear of it.
    Hear,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..=100_u64).prop_map(Step::Ask),
        3 => any::<prop::sample::Index>().prop_map(Step::End),
        1 => any::<prop::sample::Index>().prop_map(Step::Kill),
        3 => Just(Step::Hear),
    ]
}

/// The first that waits, and those that ran when it became the first.
type First = Option<(u64, Vec<u64>)>;

fn first(memory: &Memory, before: First) -> First {
    let state = memory.state();
    let first = *state.waiting.first_key_value()?.0;
    before
        .filter(|(known, _)| *known == first)
        .or_else(|| Some((first, state.granted.keys().copied().collect())))
}

proptest! {
    #[test]
    fn the_budget_is_kept_and_the_first_waits_only_for_what_ran_before(
        steps in prop::collection::vec(any_step(), 0..80)
    ) {
        let memory = memory(100);
        let (mut running, mut waiting) = (Vec::new(), Vec::new());
        let mut known: First = None;
        for step in steps {
            match step {
                Step::Ask(need) => match job(&memory, need) {
                    Turn::Come(places) => running.push(places),
                    Turn::Waiting(one) => waiting.push(one),
                },
                Step::End(index) if !running.is_empty() => drop(running.remove(index.index(running.len()))),
                Step::Kill(index) if !waiting.is_empty() => drop(waiting.remove(index.index(waiting.len()))),
                Step::Hear => {
                    let (called, still): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_called);
                    running.extend(called.into_iter().map(super::tests::called));
                    waiting = still;
                }
                Step::End(_) | Step::Kill(_) => {}
            }
            known = first(&memory, known);
            let state = memory.state();
            prop_assert_eq!(state.used, state.granted.values().sum::<u64>());
            prop_assert!(state.used <= 100);
            prop_assert_eq!(state.passed, state.first().map_or(0, |(first, _)| state.held_after(first)));
            prop_assert_eq!(state.needs.len(), state.waiting.len());
            prop_assert_eq!(state.waiting.len(), waiting.iter().filter(|one| !is_called(one)).count());
            if let Some((number, before)) = &known {
                prop_assert!(
                    before.iter().any(|one| state.granted.contains_key(one)),
                    "{number} waits for those that came after it"
                );
            }
        }
        // To the end: nothing is lost.
        while !running.is_empty() || !waiting.is_empty() {
            running.clear();
            let before = waiting.len();
            let (called, still): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_called);
            prop_assert!(before == 0 || !called.is_empty(), "nothing runs, and nobody is called");
            running.extend(called.into_iter().map(super::tests::called));
            waiting = still;
        }
        prop_assert_eq!(memory.state().used, 0);
    }
}
