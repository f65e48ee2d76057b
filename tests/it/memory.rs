//! Memory is known before the start: what does not fit waits, what never fits is refused.

use std::sync::Arc;

use jobboard::work::{
    Engine,
    fib::{fib, memory},
};

use crate::{
    process::Ground,
    world::{Held, World, config},
};

/// A bot with 10 MB, where each number needs a thousand times itself: `fib 10000` takes all.
async fn world(engine: Engine) -> World {
    World::with(|setup| {
        setup.config = config(&["--memory", "10MB"]);
        setup.engine = engine.with_memory(|n| n * 1_000);
    })
    .await
}

/// The number at the end of a refusal.
fn offered(refusal: &str) -> u64 {
    let word = refusal.trim_end_matches('.').rsplit(' ').next().unwrap();
    word.parse().unwrap_or_else(|_| panic!("no number is offered: {refusal}"))
}

#[tokio::test]
async fn what_does_not_fit_waits_and_a_small_one_passes() {
    let (first, others) = (Held::new(), Held::new());
    let held = (first.clone(), others.clone());
    let engine = Engine::on_workers(Arc::new(move |n, control| {
        if n == 6_000 { held.0.attend(n, control) } else { held.1.attend(n, control) }
    }));
    let world = world(engine).await;
    let ann = world.person("Ann");
    let running = ann.says("fib 6000").await;
    first.began(1).await;
    let large = ann.says("fib 6001").await;
    ann.sees_in(&large, "queued, waits for memory").await;
    let small = ann.says("fib 3000").await;
    others.began(1).await;
    ann.sees_in(&small, "running").await;
    // One MB is free, and beside the large one there is room for one MB, too.
    let next = ann.says("fib 3001").await;
    ann.sees_in(&next, "queued, waits for memory").await;
    let dash = ann.says("dash").await.text;
    assert!(dash.contains("2 running, 2 queued") && dash.matches("waits for memory").count() == 2, "{dash}");

    first.release();
    ann.sees_in(&running, "The 6000th").await;
    others.began(1).await;
    ann.sees_in(&large, "running").await;
    assert!(ann.says("job 4").await.text.contains("waits for memory"));
    others.release();
    for (card, end) in [(large, "The 6001st"), (small, "The 3000th"), (next, "The 3001st")] {
        ann.sees_in(&card, end).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn what_never_fits_is_refused_with_a_number_that_fits() {
    let world = world(Engine::on_workers(Arc::new(fib))).await;
    let ann = world.person("Ann");
    let refusal = ann.says("fib 20000").await.text;
    assert_eq!(
        refusal,
        "The 20000th fibonacci number needs 20 MB of memory, and this bot may use 10 MB. The largest that fits is \
         about fib 10000."
    );
    ann.runs(&format!("fib {}", offered(&refusal)), "The 10000th").await;
    // Two at once, and none of them alone.
    let refusal = ann.says("fib-multi 9000 10 9000").await.text;
    assert!(refusal.starts_with("These 3 fibonacci numbers together need 18.1 MB of memory"), "{refusal}");
    let n = offered(&refusal);
    assert!(n > 1_000, "{refusal}");
    ann.runs(&format!("fib-multi {n} {n} {n}"), &format!("The {n}th")).await;
    assert!(ann.says("dash").await.text.contains("2 tasks"), "what is refused is on no board");
    world.stop().await;
}

#[tokio::test]
async fn who_is_killed_gives_its_memory_to_the_next() {
    let held = Held::new();
    let world = world(held.attentive()).await;
    let ann = world.person("Ann");
    let running = ann.says("fib 6000").await;
    held.began(1).await;
    let giant = ann.says("fib 10000").await;
    ann.sees_in(&giant, "waits for memory").await;
    // The giant leaves no room for anybody to pass.
    let small = ann.says("fib 3000").await;
    ann.sees_in(&small, "waits for memory").await;
    assert_eq!(ann.says("kill 2").await.text, "Task \"fib 10000\" is killed");
    held.began(1).await;
    ann.sees_in(&small, "running").await;

    let other = ann.says("fib 7000").await;
    ann.sees_in(&other, "waits for memory").await;
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 6000\" is killed");
    held.began(1).await;
    ann.sees_in(&other, "running").await;
    ann.sees_in(&running, "Cancelled by Ann").await;
    held.release();
    ann.sees_in(&other, "The 7000th").await;
    world.stop().await;
}

#[tokio::test]
async fn what_fits_no_more_after_a_restart_fails_and_says_why() {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_CPU_WORKERS", "1");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let running = talk.says("fib 1000000000").await;
    talk.sees_in(&running, "running").await;
    let queued = talk.says("fib 900000000").await;
    let small = talk.says("fib 30000").await;
    talk.sees_in(&small, "queued").await;
    bot.stop().await;

    ground.set("JOBBOARD_MEMORY", "50MB");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    for card in [running, queued] {
        talk.sees_in(&card, "and this bot may use 50 MB. The largest that fits is about fib").await;
    }
    talk.sees_in(&small, "The 30000th").await;
    let refusal = talk.says("retry 2").await.text;
    assert!(refusal.starts_with("The 900000000th fibonacci number needs"), "{refusal}");
    bot.stop().await;
}

#[tokio::test]
async fn memory_is_held_until_the_digits_are_on_the_disk() {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_MEMORY", &memory(10_000_000).to_string());
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    // There is room for the store, but not for two million digits.
    bot.limit_files(Some(1_500_000));
    let done = talk.says("fib 10000000").await;
    let next = talk.says("fib 9000000").await;
    talk.sees_in(&next, "waits for memory").await;
    talk.sees_in(&done, "99 %").await;
    assert!(talk.says("job 2").await.text.contains("waits for memory"), "two results are in memory");
    bot.limit_files(None);
    talk.sees_in(&done, "The 10000000th").await;
    talk.sees_in(&next, "The 9000000th").await;
    bot.stop().await;
}
