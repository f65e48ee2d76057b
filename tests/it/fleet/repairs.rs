//! What NATS has lost while everybody stayed connected to it.

use jobboard::work::Engine;

use super::{JOBS, Kept, RESULTS, begun, bot};
use crate::{
    nats::{Mate, Nats, of_worker, timings, until},
    world::Held,
};

#[tokio::test]
async fn orders_that_are_lost_are_handed_out_again() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let ann = world.person("Ann");
    kept.announce("other", 7).await;
    let card = ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    kept.jetstream.delete_stream(JOBS).await.unwrap();
    kept.holds(JOBS, |orders| orders == 1).await;
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_stream_of_results_that_is_lost_is_made_and_heard_again() {
    let Some(nats) = Nats::start() else { return };
    let (world, held, kept) = (bot(&nats).await, Held::new(), Kept::of(&nats).await);
    let mate = Mate::start(of_worker(&nats.url(), 2), held.attentive());
    let (ann, first) = begun(&world, &held).await;
    let second = ann.says("fib 5001").await;
    held.began(1).await;
    // More than the next stream will have: it begins with the number 1 again.
    for _ in 0..5 {
        kept.put("jobboard.4242.results.7.8.0.1", "nonsense").await;
    }
    kept.holds(RESULTS, |results| results == 0).await;
    kept.jetstream.delete_stream(RESULTS).await.unwrap();
    held.release();
    ann.sees_in(&first, "The 5000th fibonacci number is ").await;
    ann.sees_in(&second, "The 5001st fibonacci number is ").await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_worker_that_died_before_the_bot_began_is_not_counted() {
    let Some(nats) = Nats::start() else { return };
    let kept = Kept::of(&nats).await;
    // Here nothing goes with its age.
    let bucket = "jobboard-4242-workers".to_owned();
    let config = async_nats::jetstream::kv::Config { bucket, ..Default::default() };
    kept.jetstream.create_key_value(config).await.unwrap();
    kept.announce("dead", 7).await;
    let announced = std::time::Instant::now();
    until(timings().gone * 2, "it is gone", async || announced.elapsed() > timings().gone).await;
    let world = bot(&nats).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    ann.sees_in(&card, "No worker is there").await;
    assert_eq!(kept.messages(JOBS).await, 0, "an order was handed out to nobody");
    world.stop().await;
}
