//! What a program and all that it starts may take together.

use std::time::Duration;

use jobboard::{
    declared::Bounds,
    job::{Excess, ProgramEnd},
    work::programs::Invocation,
};

use super::{Place, failed, processes, sleep};

const MB: u64 = 1_000_000;

fn bounded(place: &Place, bounds: Bounds, text: &str) -> Invocation {
    Invocation { bounds, ..place.script(text) }
}

#[tokio::test]
async fn so_many_processes_and_no_more() {
    let (place, sleep) = (Place::new(), sleep());
    let bounds = || Bounds { processes: Some(20), ..Bounds::default() };
    // In sessions of their own, and twice as many each time; they would stop by themselves, should nobody stop them.
    let many = format!(
        "more() {{ [ $1 = 0 ] && exec setsid {sleep}; more $(($1 - 1)) & more $(($1 - 1)) & wait; }}; more 9"
    );
    let failure = failed(place.run(bounded(&place, bounds(), &many)).await);
    assert_eq!(failure.end, ProgramEnd::TookTooMuch(Excess::Processes(20)));
    assert_eq!(processes(&sleep), [0; 0], "they are still there");

    // What else there is of this user, this process's own threads included, does not count; nor does what has ended.
    let few = "for i in $(seq 40); do /bin/true; done; for i in $(seq 15); do sleep 1 & done; wait; echo all";
    assert_eq!(place.run(bounded(&place, bounds(), few)).await.unwrap().tail, "all");
}

#[tokio::test]
async fn so_much_memory_and_no_more() {
    let (place, sleep) = (Place::new(), sleep());
    let bounds = || Bounds { memory: Some(300 * MB), ..Bounds::default() };
    // None of them is too large.
    let one = format!("(head -c 100000000 /dev/zero; {sleep}) | tail -c 100000000 &");
    let failure =
        failed(place.run(bounded(&place, bounds(), &format!("{one} {one} {one} {one} wait"))).await);
    assert_eq!(failure.end, ProgramEnd::TookTooMuch(Excess::Memory(300 * MB)));
    assert_eq!(processes(&sleep), [0; 0], "they are still there");

    // What they share is there once.
    let shared = "x=$(head -c 50000000 /dev/zero | tr '\\0' x)
        for i in 1 2 3 4 5 6 7 8; do (sleep 1; : ${#x}) & done; wait; echo all";
    assert_eq!(place.run(bounded(&place, bounds(), shared)).await.unwrap().tail, "all");
}

#[tokio::test]
async fn so_much_cpu_time_and_no_more() {
    let place = Place::new();
    // None of them takes long.
    let text =
        "one() { while :; do sh -c 'i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done'; done; }; one & one";
    let bounds = Bounds { cpu_time: Some(Duration::from_secs(1)), ..Bounds::default() };
    let failure = failed(place.run(bounded(&place, bounds, text)).await);
    assert_eq!(failure.end, ProgramEnd::TookTooMuch(Excess::CpuTime(Duration::from_secs(1))));
}
