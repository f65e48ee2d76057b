//! What workers do with orders, seen from NATS: the bot has made what it makes there, and is gone.

use std::time::Duration;

use async_nats::jetstream::Context;
use futures_util::StreamExt;
use jobboard::{config::Config, work::Engine};

use crate::{
    nats::{Mate, Nats, Wire, cpu_orders, of_fleet, of_worker, set_up, until},
    world::{Held, World},
};

const JOBS: &str = "jobboard-4242-jobs";
const RESULTS: &str = "jobboard-4242-results";
/// For what happens on NATS: far longer than anything takes.
const BOUND: Duration = Duration::from_secs(30);
/// Of two orders of so many bytes, a worker of the test's has room for one.
const MUCH: u64 = 40 << 20;

/// Hands out the 5,000th number as a job of this number.
async fn order(jetstream: &Context, job: u32, memory: u64) {
    let order =
        format!("{{\"protocol\":1,\"member\":{{\"Fib\":5000}},\"memory\":{memory},\"max_attempts\":3}}");
    let subject = format!("jobboard.4242.jobs.cpu.7.{job}.0.1");
    jetstream.publish(subject, order.into()).await.unwrap().await.unwrap();
}

fn small(url: &str, slots: u16) -> Config {
    let mut config = of_worker(url, slots);
    config.memory = Some(MUCH + MUCH / 2);
    config
}

async fn messages(jetstream: &Context, stream: &str) -> u64 {
    jetstream.get_stream(stream).await.unwrap().cached_info().state.messages
}

/// Waits until workers have so many orders.
async fn taken(jetstream: &Context, count: usize) {
    let mut cpu = cpu_orders(jetstream, "4242").await;
    let taken = async || cpu.info().await.unwrap().num_ack_pending == count;
    until(BOUND, &format!("{count} orders are taken"), taken).await;
}

/// Its acknowledgement names the first message of the stream, which is another one now.
#[tokio::test]
async fn what_is_said_of_an_order_that_nats_has_lost_means_no_other_one() {
    let Some(mut nats) = Nats::start() else { return };
    let (jetstream, held) = (set_up(&nats).await, Held::new());
    let mate = Mate::single(&nats.url(), held.attentive());
    order(&jetstream, 1, 0).await;
    held.began(1).await;
    nats.kill();
    nats.forget();
    nats.start_again();
    let jetstream = set_up(&nats).await;
    order(&jetstream, 2, 0).await;
    let cpu = cpu_orders(&jetstream, "4242").await;
    let second = cpu.fetch().max_messages(1).messages().await.unwrap().next().await.unwrap().unwrap();
    // It takes no more, so that the second one is nobody else's.
    mate.drain();
    held.release();
    mate.stop().await;
    assert_eq!((messages(&jetstream, RESULTS).await, messages(&jetstream, JOBS).await), (1, 1));
    second.double_ack().await.unwrap();
    assert_eq!(messages(&jetstream, JOBS).await, 0);
}

#[tokio::test]
async fn an_acknowledgement_that_nobody_hears_is_said_again() {
    let Some(nats) = Nats::start() else { return };
    let (jetstream, held) = (set_up(&nats).await, Held::new());
    let mut config = of_worker(&nats.url(), 1);
    config.timings.fleet.again = Duration::from_secs(1);
    let mate = Mate::start(config, held.attentive());
    order(&jetstream, 1, 0).await;
    held.began(1).await;
    let cpu = cpu_orders(&jetstream, "4242").await.cached_info().name.clone();
    jetstream.get_stream(JOBS).await.unwrap().delete_consumer(&cpu).await.unwrap();
    let workers = jetstream.get_key_value("jobboard-4242-workers").await.unwrap();
    let mut announced = workers.watch(">").await.unwrap();
    held.release();
    until(BOUND, "the result is there", async || messages(&jetstream, RESULTS).await == 1).await;
    // It is said at once, while nobody hears it.
    for _ in 0..3 {
        announced.next().await.unwrap().unwrap();
    }
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut said = client.subscribe(format!("$JS.ACK.{JOBS}.>")).await.unwrap();
    let again = async {
        loop {
            let word = said.next().await.unwrap();
            if word.payload.as_ref() == b"+ACK" {
                return word.reply.unwrap();
            }
        }
    };
    let reply = tokio::time::timeout(BOUND, again).await.expect("it is said once only");
    client.publish(reply, "".into()).await.unwrap();
    mate.stop().await;
}

/// Hands out a number that is too large for a message.
async fn large_order(jetstream: &Context) {
    let order = "{\"protocol\":1,\"member\":{\"Fib\":5500000},\"max_attempts\":3}";
    jetstream.publish("jobboard.4242.jobs.cpu.7.1.0.1", order.into()).await.unwrap().await.unwrap();
}

/// As the bot says that job 7.1 is killed.
async fn kill(jetstream: &Context) {
    jetstream.publish("$KV.jobboard-4242-cancels.7.1", "".into()).await.unwrap().await.unwrap();
    jetstream.client().publish("jobboard.4242.cancel.7.1", "".into()).await.unwrap();
    jetstream.client().flush().await.unwrap();
}

/// Waits for what the worker says of that job.
async fn told(jetstream: &Context) -> String {
    until(BOUND, "the result is there", async || messages(jetstream, RESULTS).await == 1).await;
    let results = jetstream.get_stream(RESULTS).await.unwrap();
    let result = results.get_last_raw_message_by_subject("jobboard.4242.results.7.1.0.1").await.unwrap();
    String::from_utf8_lossy(&result.payload).into_owned()
}

#[tokio::test]
async fn a_kill_stops_a_large_result_on_its_way() {
    let Some(nats) = Nats::start() else { return };
    let (jetstream, wire) = (set_up(&nats).await, Wire::to(nats.addr()).await);
    let mate = Mate::single(&wire.url(), Engine::new());
    wire.clamp("$O.jobboard-4242-results.C.");
    large_order(&jetstream).await;
    wire.holds().await;
    kill(&jetstream).await;
    wire.release();
    let told = told(&jetstream).await;
    assert!(told.contains("\"Cancelled\""), "{told}");
    // NATS notes of it that it was there.
    let nothing_left = async || messages(&jetstream, "OBJ_jobboard-4242-results").await <= 1;
    until(BOUND, "nothing of it is left", nothing_left).await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_stops_a_large_result_that_nobody_takes() {
    let Some(nats) = Nats::start() else { return };
    let (jetstream, held) = (set_up(&nats).await, Held::new());
    let mate = Mate::single(&nats.url(), held.attentive());
    large_order(&jetstream).await;
    held.began(1).await;
    jetstream.delete_stream("OBJ_jobboard-4242-results").await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut asked = client.subscribe("$O.jobboard-4242-results.C.>").await.unwrap();
    client.flush().await.unwrap();
    held.release();
    asked.next().await.unwrap();
    kill(&jetstream).await;
    let told = told(&jetstream).await;
    assert!(told.contains("\"Cancelled\""), "{told}");
    mate.stop().await;
}

#[tokio::test]
async fn the_memory_of_an_order_is_used_until_its_result_is_stored() {
    let Some(nats) = Nats::start() else { return };
    let (jetstream, held) = (set_up(&nats).await, Held::new());
    let mate = Mate::start(small(&nats.url(), 2), held.attentive());
    order(&jetstream, 1, MUCH).await;
    held.began(1).await;
    order(&jetstream, 2, MUCH).await;
    taken(&jetstream, 2).await;
    // Nothing keeps the result but the test, which refuses it.
    jetstream.delete_stream(RESULTS).await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut told = client.subscribe("jobboard.4242.results.>").await.unwrap();
    client.flush().await.unwrap();
    held.release();
    for _ in 0..20 {
        let told = tokio::time::timeout(BOUND, told.next()).await.expect("it is told once only").unwrap();
        assert!(told.subject.ends_with(".7.1.0.1"), "{}", told.subject);
        let refusal = "{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"no room\"}}";
        client.publish(told.reply.unwrap(), refusal.into()).await.unwrap();
    }
    assert_eq!(held.begun(), 0, "two have the memory of one");
    told.unsubscribe().await.unwrap();
    set_up(&nats).await;
    held.began(1).await;
    mate.stop().await;
}

#[tokio::test]
async fn an_order_that_waits_for_memory_goes_to_who_has_it() {
    let Some(nats) = Nats::start() else { return };
    let (jetstream, full, other) = (set_up(&nats).await, Held::new(), Held::new());
    let first = Mate::start(small(&nats.url(), 1), other.attentive());
    order(&jetstream, 1, 0).await;
    other.began(1).await;
    // The only one who has slots.
    let second = Mate::start(small(&nats.url(), 2), full.attentive());
    order(&jetstream, 2, MUCH).await;
    full.began(1).await;
    order(&jetstream, 3, MUCH).await;
    taken(&jetstream, 3).await;
    other.release();
    other.began(1).await;
    assert_eq!(full.begun(), 0, "two have the memory of one");
    full.release();
    until(BOUND, "all results are there", async || messages(&jetstream, RESULTS).await == 3).await;
    first.stop().await;
    second.stop().await;
}

/// How many servers keep it is the bot's setting, whoever comes first.
#[tokio::test]
async fn a_worker_waits_until_the_bot_has_made_what_it_needs() {
    let Some(cluster) = Nats::cluster() else { return };
    let url = cluster[0].url();
    let client = async_nats::connect(&url).await.unwrap();
    let mut asked = client.subscribe("$JS.API.>").await.unwrap();
    client.flush().await.unwrap();
    let mate = Mate::single(&url, Engine::new());
    // It has asked for something, and knows what came of that.
    for _ in 0..2 {
        asked.next().await.unwrap();
    }
    let world = World::with(|setup| {
        of_fleet(&mut setup.config, &url);
        setup.config.machines.nats_replicas = 3;
    })
    .await;
    world.person("Ann").runs("fib 5000", "The 5000th fibonacci number is ").await;
    let jetstream = async_nats::jetstream::new(client);
    for stream in [JOBS, RESULTS, "KV_jobboard-4242-workers", "OBJ_jobboard-4242-results"] {
        let replicas = jetstream.get_stream(stream).await.unwrap().cached_info().config.num_replicas;
        assert_eq!(replicas, 3, "{stream}");
    }
    world.stop().await;
    mate.stop().await;
}
