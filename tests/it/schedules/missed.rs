//! What was due while the bot was away or paused, or the clock was moved.

use jobboard::{sandbox::Message, work::Engine};

use super::{Hands, card, has_tasks, world};
use crate::world::config;

#[tokio::test]
async fn however_many_runs_were_missed_there_is_one_and_one_sentence() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let mut world = world(&hands, |_| ()).await;
    let (chat, person) = {
        let ann = world.person("Ann");
        ann.says("every 1h fib 10").await;
        ann.says("at 03:00 fib 20").await;
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    hands.turn_to("2026-01-01T06:30:00Z");
    world.start_again(Engine::new());
    let ann = world.speaker(chat, person);
    let is_missed = |schedule: &'static str| {
        move |found: &Message| found.text.starts_with(schedule) && found.text.contains("missed")
    };
    let hourly = ann.sees("what was missed", is_missed("Schedule 1,")).await;
    assert_eq!(
        hourly.text,
        "Schedule 1, every 1h fib 10: 6 runs were missed while the bot was away. It runs once now."
    );
    assert!(hourly.reply_to.is_some());
    let once = ann.sees("what was missed", is_missed("Schedule 2,")).await;
    assert_eq!(
        once.text,
        "Schedule 2, at 2026-01-01 03:00 fib 20: 1 run was missed while the bot was away. It runs once now."
    );
    card(&ann, 1).await;
    card(&ann, 2).await;
    has_tasks(&ann, 2).await;
    let all = ann.says("schedules").await.text;
    assert!(all.ends_with("1: every 1h fib 10 · Ann · next 2026-01-01 07:00 UTC, in 30 min"), "{all}");

    assert!(ann.says("settings missed skip").await.text.ends_with("is skipped."));
    ann.says("at 09:00 fib 30").await;
    world.stop_bot().await;
    hands.turn_to("2026-01-01T10:30:00Z");
    world.start_again(Engine::new());
    let ann = world.speaker(chat, person);
    let skipped = ann.sees("what was skipped", |found| found.text.contains(": 4 runs were missed")).await;
    assert_eq!(
        skipped.text,
        "Schedule 1, every 1h fib 10: 4 runs were missed while the bot was away. Its next time is 2026-01-01 11:00 UTC."
    );
    ann.sees("what does not come again", |found| {
        found.text.ends_with(": 1 run was missed while the bot was away. It does not come again.")
    })
    .await;
    has_tasks(&ann, 2).await;
    // What comes in time after a stop is run, and the sentence is of the others.
    world.stop_bot().await;
    hands.turn_to("2026-01-01T13:00:30Z");
    world.start_again(Engine::new());
    let ann = world.speaker(chat, person);
    ann.sees("what was skipped", |found| found.text.contains(": 2 runs were missed")).await;
    card(&ann, 3).await;
    has_tasks(&ann, 3).await;
    world.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_put_back_or_forward_runs_nothing_twice() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let world = world(&hands, |_| ()).await;
    let ann = world.person("Ann");
    ann.says("every day 03:00 fib 10").await;
    hands.turn_to("2026-01-01T03:00:05Z");
    card(&ann, 1).await;
    // Put back over it.
    hands.turn_to("2026-01-01T02:59:00Z");
    has_tasks(&ann, 1).await;
    hands.turn_to("2026-01-01T03:00:05Z");
    has_tasks(&ann, 1).await;
    // Forward, as after a night in which the machine was suspended.
    hands.turn_to("2026-01-04T08:00:00Z");
    ann.sees("what was missed", |found| found.text.contains(": 3 runs were missed")).await;
    card(&ann, 2).await;
    hands.turn_to("2026-01-01T12:00:00Z");
    has_tasks(&ann, 2).await;
    assert!(ann.says("schedules").await.text.ends_with("next 2026-01-05 03:00 UTC, in 3 days"));
    world.stop().await;
}

#[tokio::test]
async fn a_pause_piles_nothing_up() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let world = world(&hands, |setup| setup.config = config(&["--owners", "1000001"])).await;
    let olga = world.person("Olga");
    olga.says("every 1h fib 10").await;
    olga.says("pause").await;
    for hour in 1..6 {
        hands.turn_to(&format!("2026-01-01T0{hour}:30:00Z"));
        has_tasks(&olga, 0).await;
    }
    assert!(olga.says("schedules").await.text.contains("The owner has paused this bot"));
    olga.says("resume").await;
    olga.sees("what was missed", |found| found.text.contains(": 5 runs were missed")).await;
    card(&olga, 1).await;
    has_tasks(&olga, 1).await;
    world.stop().await;
}
