//! Results that are not as they should be, or come when nobody is there.

use jobboard::{sandbox::Message, work::Engine};

use super::{JOBS, Kept, RESULTS, begun, bot};
use crate::{
    nats::{Mate, Nats},
    world::{Held, Speaker, World},
};

/// Ann's "fib 5000", of which somebody says this.
async fn reported<'a>(world: &'a World, kept: &Kept, report: &'static str) -> (Speaker<'a>, Message) {
    let ann = world.person("Ann");
    kept.announce("other", 7).await;
    let card = ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    kept.report(&kept.order().await, report).await;
    (ann, card)
}

#[tokio::test]
async fn a_result_of_a_newer_worker_that_cannot_be_read_fails_its_job() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let newer =
        "{\"protocol\":999,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":{\"Guessed\":{\"n\":5000}}}\n";
    let (ann, card) = reported(&world, &kept, newer).await;
    ann.sees_in(&card, "its worker is of another version").await;
    kept.is_empty().await;
    world.stop().await;
}

#[tokio::test]
async fn a_large_result_that_is_larger_than_it_can_be_is_not_taken() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    kept.made("OBJ_jobboard-4242-results").await;
    let large = kept.jetstream.get_object_store("jobboard-4242-results").await.unwrap();
    large.put("huge", &mut &vec![b'1'; 1_000_000][..]).await.unwrap();
    let huge = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":{\"Number\":{\"n\":5000}},\"object\":\"huge\"}\n";
    let (ann, card) = reported(&world, &kept, huge).await;
    let mate = Mate::single(&nats.url(), Engine::new());
    let shown = ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    assert!(shown.text.contains("239733434610"), "{}", shown.text);
    kept.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

/// NATS knows of it, and what it was is gone.
const LOST: &str = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":{\"Number\":{\"n\":5000}},\"object\":\"lost\"}\n";

#[tokio::test]
async fn a_large_result_whose_pieces_are_lost_is_done_again() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    kept.made("OBJ_jobboard-4242-results").await;
    let large = kept.jetstream.get_object_store("jobboard-4242-results").await.unwrap();
    large.put("lost", &mut &vec![b'1'; 1_000][..]).await.unwrap();
    let stream = kept.jetstream.get_stream("OBJ_jobboard-4242-results").await.unwrap();
    let purged = stream.purge().filter("$O.jobboard-4242-results.C.>").await.unwrap();
    assert!(purged.purged > 0, "nothing of it was there");
    let (ann, card) = reported(&world, &kept, LOST).await;
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    // What held it up is free again.
    for n in 6_000..6_005 {
        ann.runs(&format!("fib {n}"), "fibonacci number is ").await;
    }
    kept.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_result_that_is_lost_each_time_is_given_up() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let (ann, card) = reported(&world, &kept, LOST).await;
    for _ in 0..2 {
        kept.holds(JOBS, |orders| orders == 1).await;
        kept.report(&kept.order().await, LOST).await;
    }
    ann.sees_in(&card, "Its result was lost 3 times on its way to the bot").await;
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.runs("fib 6000", "The 6000th fibonacci number is ").await;
    kept.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn what_ended_while_the_bot_was_down_needs_no_worker_to_be_told() {
    let Some(nats) = Nats::start() else { return };
    let (mut world, held, kept) = (bot(&nats).await, Held::new(), Kept::of(&nats).await);
    let mate = Mate::single(&nats.url(), held.attentive());
    let (chat, person) = {
        let (ann, _) = begun(&world, &held).await;
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    held.release();
    kept.holds(RESULTS, |results| results == 1).await;
    mate.stop().await;
    world.start_again(Engine::new());
    let ended = "The 5000th fibonacci number is ";
    world.speaker(chat, person).sees(ended, |message| message.text.contains(ended)).await;
    kept.is_empty().await;
    world.stop().await;
}
