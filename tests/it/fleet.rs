//! A bot whose work is done by workers, over a real NATS.

mod kills;
mod losses;
mod repairs;
mod results;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::jetstream::{Context, ErrorCode, Message as Order, context::GetStreamErrorKind};
use futures_util::StreamExt;
use jobboard::{config::Config, sandbox::Message, work::Engine};

use crate::{
    nats::{Mate, Nats, cpu_orders, of_fleet, of_worker, set_up, timings, until},
    world::{Held, Speaker, World},
};

const RESULTS: &str = "jobboard-4242-results";
const JOBS: &str = "jobboard-4242-jobs";
const CANCELS: &str = "KV_jobboard-4242-cancels";
/// For what happens on NATS: far longer than anything takes.
const BOUND: Duration = Duration::from_secs(20);

async fn bot(nats: &Nats) -> World {
    bot_with(nats, |_| ()).await
}

/// A bot that is set up otherwise.
async fn bot_with(nats: &Nats, change: impl FnOnce(&mut Config)) -> World {
    World::with(|setup| {
        of_fleet(&mut setup.config, &nats.url());
        change(&mut setup.config);
    })
    .await
}

/// Ann, and her "fib 5000", which has begun.
async fn begun<'a>(world: &'a World, held: &Held) -> (Speaker<'a>, Message) {
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    held.began(1).await;
    (ann, card)
}

/// What is kept on NATS below this bot.
struct Kept {
    jetstream: Context,
}

impl Kept {
    async fn of(nats: &Nats) -> Self {
        Self { jetstream: nats.jetstream().await }
    }

    async fn messages(&self, stream: &str) -> u64 {
        match self.jetstream.get_stream(stream).await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(error) => {
                let GetStreamErrorKind::JetStream(why) = error.kind() else { panic!("{stream}: {error}") };
                assert_eq!(why.error_code(), ErrorCode::STREAM_NOT_FOUND, "{stream}: {error}");
                // It is not made yet.
                0
            }
        }
    }

    /// Waits until the stream holds so many messages.
    async fn holds(&self, stream: &str, wanted: impl Fn(u64) -> bool) {
        let wait = async {
            while !wanted(self.messages(stream).await) {
                tokio::task::yield_now().await;
            }
        };
        let held = tokio::time::timeout(BOUND, wait).await;
        assert!(held.is_ok(), "{stream} holds {}", self.messages(stream).await);
    }

    /// Waits until the stream is there.
    async fn made(&self, stream: &str) {
        let is_there = async || self.jetstream.get_stream(stream).await.is_ok();
        until(BOUND, &format!("{stream} is there"), is_there).await;
    }

    /// Puts something into a stream that is there.
    async fn put(&self, subject: &str, payload: &'static str) {
        self.jetstream.publish(subject.to_owned(), payload.into()).await.unwrap().await.unwrap();
    }

    /// Puts something into a stream as soon as that is there.
    async fn put_when_made(&self, subject: &str, payload: String) {
        let put = async || {
            let sent = self.jetstream.publish(subject.to_owned(), payload.clone().into()).await;
            sent.unwrap().await.is_ok()
        };
        until(BOUND, &format!("something takes {subject}"), put).await;
    }

    /// Says that a worker with one slot is there, once.
    async fn announce(&self, id: &str, protocol: u32) {
        let said = format!(
            "{{\"protocol\":{protocol},\"id\":\"{id}\",\"host\":\"h\",\"version\":\"9\",\"cpu\":1,\"io\":0,\"memory\":1000000000,\"news\":[]}}"
        );
        self.put_when_made(&format!("$KV.jobboard-4242-workers.{id}"), said).await;
    }

    /// Takes an order, as a worker does.
    async fn order(&self) -> Order {
        let cpu = cpu_orders(&self.jetstream, "4242").await;
        let mut orders = cpu.fetch().max_messages(1).messages().await.unwrap();
        orders.next().await.unwrap().unwrap()
    }

    /// Says what came of an order, as a worker does that lets go of it then.
    async fn report(&self, order: &Order, report: &'static str) {
        self.put(&order.subject.replace("jobs.cpu", "results"), report).await;
        order.double_ack().await.unwrap();
    }

    /// Waits until nothing of any job is left.
    async fn is_empty(&self) {
        for stream in [JOBS, RESULTS] {
            self.holds(stream, |messages| messages == 0).await;
        }
        // NATS notes of a large thing that it was there.
        self.holds("OBJ_jobboard-4242-results", |messages| messages <= 1).await;
    }
}

#[tokio::test]
async fn a_number_and_a_pokemon_go_to_a_worker_and_come_back() {
    let Some(nats) = Nats::start() else { return };
    let world = bot(&nats).await;
    let mut config = of_worker(&nats.url(), 1);
    config.pokeapi_url = world.page("/pokeapi/api/v2");
    let mate = Mate::start(config, Engine::new());
    let ann = world.person("Ann");
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    ann.runs("fib-multi 5001 5002 10", "The 10th fibonacci number is 34").await;
    ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn nothing_waits_for_one_worker_while_another_one_is_idle() {
    let Some(nats) = Nats::start() else { return };
    let (world, busy, idle) = (bot(&nats).await, Held::new(), Held::new());
    let first = Mate::single(&nats.url(), busy.attentive());
    let (ann, long) = begun(&world, &busy).await;
    let card = ann.says("fib 5001").await;
    let second = Mate::single(&nats.url(), idle.attentive());
    idle.began(1).await;
    idle.release();
    ann.sees_in(&card, "The 5001st fibonacci number is ").await;
    busy.release();
    ann.sees_in(&long, "The 5000th fibonacci number is ").await;
    world.stop().await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_large_result_goes_beside_the_messages_and_is_removed() {
    let Some(nats) = Nats::start() else { return };
    let world = bot(&nats).await;
    let mate = Mate::single(&nats.url(), Engine::new());
    let ann = world.person("Ann");
    // More than NATS takes as one message.
    ann.runs("fib 5500000", "(1,149,432 digits)").await;
    Kept::of(&nats).await.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn what_the_bot_does_not_have_is_removed() {
    let Some(nats) = Nats::start() else { return };
    let (mut world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    for stream in [RESULTS, JOBS] {
        kept.made(stream).await;
    }
    world.stop_bot().await;
    for subject in ["jobboard.4242.jobs.cpu.7.8.0.1", "jobboard.4242.results.7.9.0.1"] {
        let payload = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"max_attempts\":3,\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
        kept.put(subject, payload).await;
    }
    world.start_again(Engine::new());
    kept.is_empty().await;
    assert_eq!(kept.messages(CANCELS).await, 0, "a job of the same number would be cancelled");
    // And what comes later.
    let late = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
    kept.put("jobboard.4242.results.7.9.0.1", late).await;
    kept.put("jobboard.4242.jobs.cpu.7.8.0.1", late).await;
    kept.is_empty().await;
    world.stop().await;
}

#[tokio::test]
async fn an_order_of_a_newer_bot_is_left_to_a_newer_worker() {
    let Some(nats) = Nats::start() else { return };
    let (held, kept) = (Held::new(), Kept::of(&nats).await);
    let mate = Mate::single(&nats.url(), held.attentive());
    set_up(&nats).await;
    let order = "{\"protocol\":999,\"member\":{\"Fib\":5000},\"max_attempts\":1}";
    kept.put("jobboard.4242.jobs.cpu.7.8.0.1", order).await;
    // It is given back, to be given out again, and is there still.
    let mut cpu = cpu_orders(&kept.jetstream, "4242").await;
    let given_again = async || cpu.info().await.unwrap().delivered.consumer_sequence >= 2;
    until(BOUND, "it is given out again", given_again).await;
    mate.stop().await;
    assert_eq!((kept.messages(JOBS).await, kept.messages(RESULTS).await), (1, 0));
}

#[tokio::test]
async fn only_workers_that_know_our_orders_are_counted() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let ann = world.person("Ann");
    kept.announce("old", 0).await;
    let card = ann.says("fib 5000").await;
    ann.sees_in(&card, "No worker is there").await;
    kept.announce("newer", 7).await;
    kept.holds(JOBS, |orders| orders == 1).await;
    world.stop().await;
}

#[tokio::test]
async fn an_order_is_removed_with_its_job_where_its_worker_did_not_let_go_of_it() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let ann = world.person("Ann");
    kept.announce("other", 7).await;
    let card = ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    let order = kept.order().await;
    let subject = order.subject.replace("jobs.cpu", "results");
    let result =
        "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":{\"Number\":{\"n\":5000}}}\n12";
    kept.put(&subject, result).await;
    ann.sees_in(&card, "The 5000th fibonacci number is 12").await;
    kept.is_empty().await;
    // Who comes to it later gets an answer all the same.
    let acknowledged = tokio::time::timeout(Duration::from_secs(3), order.double_ack()).await;
    acknowledged.expect("NATS does not answer").unwrap();
    world.stop().await;
}

#[tokio::test]
async fn an_order_stays_with_the_worker_that_speaks_of_it() {
    let Some(nats) = Nats::start() else { return };
    let (world, held, idle) = (bot(&nats).await, Held::new(), Held::new());
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut signs = client.subscribe("jobboard.4242.events.>").await.unwrap();
    let first = Mate::single(&nats.url(), held.attentive());
    let (ann, card) = begun(&world, &held).await;
    let second = Mate::single(&nats.url(), idle.attentive());
    // Twice the time after which it would go to somebody else, at least.
    let wanted = 2 * timings().ack_wait.as_millis() / timings().sign.as_millis();
    for _ in 0..wanted {
        let sign = tokio::time::timeout(BOUND, signs.next()).await;
        assert!(sign.expect("nobody speaks of it").is_some());
    }
    held.release();
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    assert_eq!((held.begun(), idle.begun()), (0, 0), "it was begun twice");
    world.stop().await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn many_jobs_of_one_chat_do_not_keep_anothers_first_waiting() {
    let Some(nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let engine = {
        let (held, order) = (held.clone(), order.clone());
        Engine::on_workers(Arc::new(move |n, control| {
            order.lock().unwrap().push(n);
            held.attend(n, control)
        }))
    };
    let mate = Mate::single(&nats.url(), engine);
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    for n in 5_001..5_031 {
        ann.writes(&format!("fib {n}"));
    }
    held.began(1).await;
    // All of them are accepted.
    ann.says("help").await;
    let card = ben.says("fib 7000").await;
    held.release();
    ben.sees_in(&card, "The 7000th fibonacci number is ").await;
    let place = order.lock().unwrap().iter().position(|n| *n == 7_000);
    // One runs: what is handed out is not taken back.
    assert!(place.is_some_and(|place| place <= 1), "{:?}", order.lock().unwrap());
    world.stop().await;
    mate.stop().await;
}
