//! Declared commands that are run later, and again.

use std::time::Duration;

use super::{Yard, olga};
use crate::{schedules::Hands, world::World};

async fn world(yard: &Yard, hands: &Hands) -> World {
    yard.world(|setup| {
        setup.config.clock = hands.clock();
        setup.config.timings.clock_look = Duration::from_millis(2);
    })
    .await
}

#[tokio::test]
async fn a_declared_command_is_scheduled_and_asked_about_only_then() {
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", "confirm = true")]);
    let hands = Hands::at("2026-01-01T12:00:00Z");
    let world = world(&yard, &hands).await;
    let ann = world.person("Ann");
    let made = ann.says("at 18:30 greet Cleo").await.text;
    assert!(made.starts_with("Schedule 1: at 2026-01-01 18:30 greet Cleo\n"), "{made}");
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
