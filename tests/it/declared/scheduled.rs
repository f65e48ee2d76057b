//! Declared commands that are run later, and again.

use std::time::Duration;

use super::{Yard, olga};
use crate::{
    process::Ground,
    schedules::{
        Hands,
        process::{make_due, now},
    },
    world::World,
};

async fn world(yard: &Yard, hands: &Hands) -> World {
    yard.world(|setup| {
        setup.config.clock = hands.clock();
        setup.config.timings.clock_look = Duration::from_millis(2);
    })
    .await
}

#[tokio::test]
async fn who_schedules_a_declared_command_is_asked_and_its_runs_ask_nobody() {
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", "confirm = true")]);
    let hands = Hands::at("2026-01-01T12:00:00Z");
    let world = world(&yard, &hands).await;
    let ann = world.person("Ann");
    let question = ann.says("at 18:30 greet Ben").await;
    assert!(question.text.starts_with("Schedule at 2026-01-01 18:30 greet Ben?\n"), "{}", question.text);
    ann.presses(&question, "No").await;
    ann.sees_in(&question, "Schedule at 2026-01-01 18:30 greet Ben? No: it is not scheduled.").await;
    assert!(ann.says("schedules").await.text.starts_with("Nothing is scheduled here."));
    let question = ann.says("at 18:30 greet Cleo").await;
    ann.presses(&question, "Yes").await;
    ann.sees_in(&question, "Schedule 1: at 2026-01-01 18:30 greet Cleo\n").await;
    // Who says yes too late has missed it.
    let late = ann.says("at 12:01 greet Dan").await;
    hands.turn_to("2026-01-01T12:02:00Z");
    ann.presses(&late, "Yes").await;
    ann.sees_in(&late, "2026-01-01 12:01").await;
    let all = ann.says("schedules").await.text;
    assert!(all.contains("greet Cleo") && !all.contains("greet Dan"), "{all}");
    let wrong = ann.says("every 6h greet one two").await.text;
    assert!(wrong.contains("greet") && wrong.contains("two"), "{wrong}");
    hands.turn_to("2026-01-01T18:30:00Z");
    ann.sees("what it printed", |found| {
        found.text.contains("schedule 1")
            && found.text.contains("succeeded")
            && found.text.contains("hello Cleo")
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn who_may_not_run_it_does_not_schedule_it_and_who_may_not_any_more_does_not_run_it() {
    let yard = Yard::new();
    yard.declare(&[("deploy", "hello", "allow = \"admins\"")]);
    let hands = Hands::at("2026-01-01T12:00:00Z");
    let world = world(&yard, &hands).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let refusal = "deploy is for admins of this chat and owners of this bot.";
    assert_eq!(ben.says("/every 6h deploy a").await.text, refusal);
    let made = ann.says("/every 6h deploy b").await.text;
    assert!(made.starts_with("Schedule 1: every 6h deploy b"), "{made}");
    hands.turn_to("2026-01-01T18:00:00Z");
    ann.sees("its first task", |found| found.text.contains("succeeded") && found.text.contains("hello b"))
        .await;
    yard.declare(&[("deploy", "hello", "allow = \"owners\"")]);
    assert!(olga(&world).says("reload").await.text.contains("deploy"));
    hands.turn_to("2026-01-02T00:00:00Z");
    ann.sees("why it does not run", |found| found.text.contains("You may not run deploy here")).await;
    world.stop().await;
}

#[tokio::test]
async fn what_was_missed_runs_after_what_a_crash_has_interrupted() {
    let yard = Yard::new();
    yard.declare(&[("index", "hold", "")]);
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_JOBS_FILE", &yard.file().display().to_string());
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    ground.private(&bot, ann).says("every 1d index a").await;
    bot.kill();
    make_due(&ground, now());
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    yard.began(1).await;
    let first = talk.sees("its card", |found| found.text.starts_with("Task 1 is submitted")).await;
    // Said after the card is stored.
    talk.says("help").await;
    bot.kill();

    make_due(&ground, now() - 2 * 86_400 - 3_600);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let told = talk.sees("what was missed", |found| found.text.contains("were missed")).await;
    assert!(told.text.starts_with("Schedule 1, every 1d index a: 3 runs were missed"), "{}", told.text);
    assert!(told.text.ends_with("It runs once now."), "{}", told.text);
    talk.sees_in(&first, "It was interrupted").await;
    yard.began(2).await;
    yard.release();
    talk.sees("what runs late", |found| {
        found.text.starts_with("Task 2 is submitted · schedule 1") && found.text.contains("held a")
    })
    .await;
    assert!(!talk.says("schedules").await.text.contains("was not taken"));
    bot.stop().await;
}
