//! Workers, bots and servers that end or are lost while there is work.

use std::time::{Duration, Instant};

use jobboard::work::Engine;

use super::{BOUND, JOBS, Kept, RESULTS, begun, bot, bot_with};
use crate::{
    nats::{Mate, Nats, Wire, of_worker, until},
    world::{Held, World},
};

#[tokio::test]
async fn a_lost_workers_order_goes_to_another_one_and_ends_once() {
    let Some(nats) = Nats::start() else { return };
    let (world, wire) = (bot(&nats).await, Wire::to(nats.addr()).await);
    let (lost, other) = (Held::new(), Held::new());
    let first = Mate::single(&wire.url(), lost.attentive());
    let (ann, card) = begun(&world, &lost).await;
    wire.cut();
    let second = Mate::single(&nats.url(), other.attentive());
    other.began(1).await;
    other.release();
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    // It was thought dead, and says what came of it all the same.
    lost.release();
    wire.mend();
    Kept::of(&nats).await.is_empty().await;
    first.stop().await;
    Kept::of(&nats).await.is_empty().await;
    let ends = ann.heard().into_iter().filter(|message| message.text.contains("fibonacci")).count();
    assert_eq!(ends, 1);
    world.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn an_order_that_costs_three_workers_is_left_alone() {
    let Some(nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    let mut lost = Vec::new();
    for _ in 0..3 {
        let wire = Wire::to(nats.addr()).await;
        let mate = Mate::single(&wire.url(), held.attentive());
        held.began(1).await;
        wire.cut();
        lost.push((wire, mate));
    }
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.sees_in(&card, "It stopped 3 workers, so it is left alone.").await;
    held.release();
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn only_what_was_begun_is_a_crash() {
    let Some(nats) = Nats::start() else { return };
    let world = bot_with(&nats, |config| config.max_attempts = 1.try_into().unwrap()).await;
    let kept = Kept::of(&nats).await;
    kept.announce("other", 7).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    // Somebody gets it, and is gone before anything is done.
    let delivered = kept.order().await;
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    kept.is_empty().await;
    drop(delivered);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_worker_that_drains_gives_back_what_it_has_and_no_crash_counts() {
    let Some(nats) = Nats::start() else { return };
    // A crash would be one too many.
    let world = bot_with(&nats, |config| config.max_attempts = 1.try_into().unwrap()).await;
    let held = Held::new();
    let mut config = of_worker(&nats.url(), 1);
    config.timings.fleet.grace = Duration::from_millis(1);
    let first = Mate::start(config, held.attentive());
    let ann = world.person("Ann");
    let (runs, waits) = (ann.says("fib 5000").await, ann.says("fib 5001").await);
    held.began(1).await;
    first.stop().await;
    assert_eq!(held.cancels(), 1);
    let second = Mate::single(&nats.url(), Engine::new());
    ann.sees_in(&runs, "The 5000th fibonacci number is ").await;
    ann.sees_in(&waits, "The 5001st fibonacci number is ").await;
    world.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn what_began_before_a_drain_ends_in_its_grace_time() {
    let Some(nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::single(&nats.url(), held.attentive());
    let (ann, card) = begun(&world, &held).await;
    mate.drain();
    ann.says("fib 5001").await;
    held.release();
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    mate.stop().await;
    assert_eq!((held.cancels(), held.begun()), (0, 0), "stopped, and begun in a drain");
    world.stop().await;
}

#[tokio::test]
async fn a_bot_that_starts_again_finds_what_runs_and_what_has_ended() {
    let Some(nats) = Nats::start() else { return };
    let (mut world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::start(of_worker(&nats.url(), 4), held.attentive());
    let (ann, person) = {
        let ann = world.person("Ann");
        (ann.chat, ann.person)
    };
    let say = |world: &World, text: &str| world.telegram.say(ann, person, text);
    say(&world, "fib 5000");
    held.began(1).await;
    world.stop_bot().await;
    // Nobody began it a second time, and it goes on.
    world.start_again(Engine::new());
    for n in 5_001..5_004 {
        say(&world, &format!("fib {n}"));
    }
    held.began(3).await;
    world.stop_bot().await;
    held.release();
    // They end while nobody listens, and who is there now could not take all of them.
    Kept::of(&nats).await.holds(RESULTS, |results| results == 4).await;
    mate.stop().await;
    let idle = Held::new();
    let mate = Mate::single(&nats.url(), idle.attentive());
    world.start_again(Engine::new());
    for n in ["5000th", "5001st", "5002nd", "5003rd"] {
        let text = format!("The {n} fibonacci number is ");
        world.speaker(ann, person).sees(&text, |message| message.text.contains(&text)).await;
    }
    Kept::of(&nats).await.is_empty().await;
    assert_eq!((held.begun(), idle.begun()), (0, 0), "something was begun twice");
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_while_nats_is_away() {
    let Some(mut nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::single(&nats.url(), held.attentive());
    let (ann, runs) = begun(&world, &held).await;
    nats.kill();
    let waits = ann.says("fib 5001").await;
    ann.sees_in(&waits, "NATS is away").await;
    // It ends while nobody hears it.
    held.release();
    nats.start_again();
    ann.sees_in(&runs, "The 5000th fibonacci number is ").await;
    ann.sees_in(&waits, "The 5001st fibonacci number is ").await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_nats_that_has_lost_everything_is_given_it_again() {
    let Some(mut nats) = Nats::start() else { return };
    let world = bot(&nats).await;
    let (lost, held) = (Held::new(), Held::new());
    let wire = Wire::to(nats.addr()).await;
    let first = Mate::single(&wire.url(), lost.attentive());
    let (ann, card) = begun(&world, &lost).await;
    // Nobody but the bot knows of it any more.
    wire.cut();
    nats.kill();
    nats.forget();
    nats.start_again();
    let second = Mate::single(&nats.url(), held.attentive());
    held.began(1).await;
    held.release();
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    // And who was there before works again.
    second.stop().await;
    lost.release();
    wire.mend();
    ann.runs("fib 5001", "The 5001st fibonacci number is ").await;
    world.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn the_time_of_a_task_does_not_run_while_nats_does_not_have_it() {
    let Some(nats) = Nats::start() else { return };
    let wire = Wire::to(nats.addr()).await;
    let limit = Duration::from_secs(2);
    let world = bot_with(&nats, |config| {
        config.machines.nats_url = wire.url().parse().unwrap();
        config.job_timeout = limit;
    })
    .await;
    let mate = Mate::single(&nats.url(), Engine::new());
    let ann = world.person("Ann");
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    wire.clamp("jobboard.4242.jobs.cpu");
    let card = ann.says("fib 5001").await;
    wire.holds().await;
    let held = Instant::now();
    until(BOUND, "its time would be over", async || held.elapsed() > limit + limit / 4).await;
    wire.release();
    ann.sees_in(&card, "The 5001st fibonacci number is ").await;
    world.stop().await;
    mate.stop().await;
}
