//! Programs that are stopped, and what they leave.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jobboard::{
    job::ProgramEnd,
    work::{Control, Unfinished},
};

use super::{LONG, Place, failed, processes, sleep, stopped, until};

fn is_gone(sleep: &str) {
    assert_eq!(processes(sleep), [0; 0], "something is left of it");
}

#[tokio::test]
async fn one_that_sleeps() {
    let (place, sleep) = (Place::new(), sleep());
    let running = place.start(place.script(&format!("echo up; {sleep}")));
    running.shows(|shown| shown.tail == "up").await;
    assert_eq!(processes(&sleep).len(), 1);
    stopped(running).await;
    is_gone(&sleep);
    assert!(place.names("runs").is_empty() && place.names("results").is_empty());
}

#[tokio::test]
async fn it_may_tidy_up() {
    let place = Place::new();
    let mark = place.path("tidied");
    let script =
        format!("trap 'echo tidy > {}; exit 0' TERM\necho up\nwhile :; do sleep 0.05; done", mark.display());
    let running = place.start(place.script(&script));
    running.shows(|shown| shown.tail == "up").await;
    stopped(running).await;
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "tidy\n");
}

#[tokio::test]
async fn one_that_ignores_sigterm() {
    let (place, sleep) = (Place::new(), sleep());
    let mut program = place.script(&format!("trap '' TERM\necho up\n{sleep}\n{sleep}"));
    program.grace = Duration::from_millis(300);
    let running = place.start(program);
    running.shows(|shown| shown.tail == "up").await;
    let begun = Instant::now();
    stopped(running).await;
    assert!(begun.elapsed() >= Duration::from_millis(300), "it had no grace");
    is_gone(&sleep);
}

#[tokio::test]
async fn one_that_was_stopped() {
    let (place, sleep) = (Place::new(), sleep());
    let mut program = place.script(&format!("echo up; {sleep} & kill -STOP $!; kill -STOP $$"));
    // It ends in time only where it hears SIGTERM.
    program.grace = LONG * 2;
    let running = place.start(program);
    running.shows(|shown| shown.tail == "up").await;
    stopped(running).await;
    is_gone(&sleep);
}

#[tokio::test]
async fn those_that_fork_away() {
    let (place, sleep) = (Place::new(), sleep());
    // A session of its own, twice, ignoring what is ignorable, and without its mark.
    let away = format!("setsid -f sh -c \"trap '' TERM HUP; setsid -f env -i {sleep} & {sleep}\"");
    let mut program = place.script(&format!("{away}\n{away}\necho up\nsleep 1000"));
    program.grace = Duration::from_millis(300);
    let running = place.start(program);
    until(|| (processes(&sleep).len() >= 4).then_some(())).await;
    stopped(running).await;
    is_gone(&sleep);
}

#[tokio::test]
async fn what_a_program_leaves_running_ends_with_it() {
    let (place, sleep) = (Place::new(), sleep());
    let printed = place.succeeds(&format!("setsid -f {sleep}; (trap '' TERM; {sleep}) & echo done")).await;
    assert_eq!(printed.tail, "done");
    is_gone(&sleep);
    // What is about to end may do so.
    let printed = place.succeeds("(sleep 0.3; echo late) & echo early").await;
    assert_eq!(printed.tail, "early\nlate");
}

#[tokio::test]
async fn one_that_forks_on_and_on() {
    let (place, sleep) = (Place::new(), sleep());
    // Each begins another one when it hears SIGTERM, and every now and then.
    let bomb = place.path("bomb");
    let text = format!(
        "#!/bin/sh\ntrap '\"$0\" & ' TERM\n[ $(pgrep -c -f {0}) -gt 100 ] && exit\n\"$0\" &\n\"$0\" &\nwhile :; do sleep 0.05; done\n",
        bomb.display()
    );
    super::write_program(&bomb, &text, 0o755);
    let mut program = super::invocation(&bomb);
    program.grace = Duration::from_millis(200);
    let running = place.start(program);
    until(|| (processes(bomb.to_str().unwrap()).len() > 50).then_some(())).await;
    stopped(running).await;
    is_gone(bomb.to_str().unwrap());
    is_gone(&sleep);
}

#[tokio::test]
async fn a_time_limit_keeps_what_was_printed() {
    let (place, sleep) = (Place::new(), sleep());
    let mut program = place.script(&format!("echo so far; {sleep}"));
    program.timeout = Some(Duration::from_millis(500));
    let failure = failed(place.run(program).await);
    assert_eq!(failure.end, ProgramEnd::TookTooLong(Duration::from_millis(500)));
    assert_eq!(failure.printed.tail, "so far");
    is_gone(&sleep);
}

#[tokio::test]
async fn a_stop_of_the_bot_is_not_held_up() {
    let (place, sleep) = (Place::with(|settings| settings.exit_grace = Duration::from_millis(200)), sleep());
    let program = |grace| {
        let mut program = place.script(&format!("trap '' TERM; echo up; {sleep}; {sleep}"));
        program.grace = grace;
        program
    };
    let running = place.start(program(LONG * 2));
    running.shows(|shown| shown.tail == "up").await;
    running.exit.cancel();
    assert!(matches!(running.end().await, Err(Unfinished::Cancelled)));
    // Also where somebody is killing it already.
    let mut program = place.script("trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done");
    program.grace = LONG * 2;
    let running = place.start(program);
    running.shows(|shown| shown.tail == "up").await;
    running.cancel.cancel();
    running.shows(|shown| shown.tail.contains("asked")).await;
    running.exit.cancel();
    assert!(matches!(running.end().await, Err(Unfinished::Cancelled)));
    is_gone(&sleep);
}

#[tokio::test]
async fn one_that_kills_its_supervisor() {
    let (place, sleep) = (Place::new(), sleep());
    let failure = place
        .fails(&format!("setsid -f {sleep}\nenv -i {sleep} &\n{sleep} &\nkill -KILL $PPID\n{sleep}"))
        .await;
    assert_eq!(failure.end, ProgramEnd::Unwatched);
    is_gone(&sleep);
    assert!(place.names("runs").is_empty());
}

#[tokio::test]
async fn one_that_stops_its_supervisor() {
    let (place, sleep) = (Place::new(), sleep());
    let running = place.start(place.script(&format!("echo up; kill -STOP $PPID; {sleep}")));
    running.shows(|shown| shown.tail == "up").await;
    stopped(running).await;
    is_gone(&sleep);
}

#[tokio::test]
async fn nobody_waits_any_more() {
    let (place, sleep) = (Place::new(), sleep());
    let (programs, program) =
        (place.programs(), place.script(&format!("trap '' TERM; echo up; {sleep}; {sleep}")));
    let control = Arc::new(Control::default());
    let its = control.clone();
    let task = tokio::spawn(async move { programs.run_invocation(super::place(), program, &its).await });
    until(|| control.shown()).await;
    task.abort();
    until(|| processes(&sleep).is_empty().then_some(())).await;
}
