//! A bot whose work is done by workers, over a real NATS.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use jobboard::{config::Config, work::Engine};

use crate::{
    nats::{Mate, Nats, Wire, of_fleet, of_worker, timings},
    world::{Held, World},
};

#[tokio::test]
async fn a_number_and_a_pokemon_go_to_a_worker_and_come_back() {
    let Some(nats) = Nats::start() else { return };
    let world = World::with(|setup| of_fleet(&mut setup.config, &nats.url())).await;
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
async fn a_kill_reaches_a_worker_and_is_confirmed_when_it_stopped() {
    let Some(nats) = Nats::start() else { return };
    let held = Held::new();
    let world = World::with(|setup| of_fleet(&mut setup.config, &nats.url())).await;
    let mate = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let ann = world.person("Ann");
    ann.says("fib 5000").await;
    held.began(1).await;
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 5000\" is killed");
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}

/// What is kept on NATS below this bot.
struct Kept {
    jetstream: async_nats::jetstream::Context,
}

impl Kept {
    async fn of(nats: &Nats) -> Self {
        Self { jetstream: nats.jetstream().await }
    }

    async fn messages(&self, stream: &str) -> u64 {
        match self.jetstream.get_stream(stream).await {
            Ok(stream) => stream.cached_info().state.messages,
            // It is not made yet.
            Err(_) => 0,
        }
    }

    /// Waits until the stream holds so many messages.
    async fn holds(&self, stream: &str, wanted: impl Fn(u64) -> bool) {
        let wait = async {
            while !wanted(self.messages(stream).await) {
                tokio::task::yield_now().await;
            }
        };
        let held = tokio::time::timeout(Duration::from_secs(20), wait).await;
        assert!(held.is_ok(), "{stream} holds {}", self.messages(stream).await);
    }

    /// Says that a worker with one slot is there, once.
    async fn announce(&self, id: &str, protocol: u32) {
        let said = format!(
            "{{\"protocol\":{protocol},\"id\":\"{id}\",\"host\":\"h\",\"version\":\"9\",\"cpu\":1,\"io\":0,\"memory\":1000000000,\"news\":[]}}"
        );
        let subject = format!("$KV.jobboard-4242-workers.{id}");
        while self.jetstream.publish(subject.clone(), said.clone().into()).await.unwrap().await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// Takes an order, as a worker does.
    async fn order(&self) -> async_nats::jetstream::Message {
        let jobs = self.jetstream.get_stream(JOBS).await.unwrap();
        let cpu: async_nats::jetstream::consumer::PullConsumer = jobs.get_consumer("cpu").await.unwrap();
        let mut orders = cpu.fetch().max_messages(1).messages().await.unwrap();
        orders.next().await.unwrap().unwrap()
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

const RESULTS: &str = "jobboard-4242-results";
const JOBS: &str = "jobboard-4242-jobs";
const CANCELS: &str = "KV_jobboard-4242-cancels";

async fn bot(nats: &Nats) -> World {
    World::with(|setup| of_fleet(&mut setup.config, &nats.url())).await
}

#[tokio::test]
async fn a_lost_workers_order_goes_to_another_one_and_ends_once() {
    let Some(nats) = Nats::start() else { return };
    let (world, wire) = (bot(&nats).await, Wire::to(nats.addr()).await);
    let (lost, other) = (Held::new(), Held::new());
    let first = Mate::start(of_worker(&wire.url(), 1), lost.attentive());
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    lost.began(1).await;
    wire.cut();
    let second = Mate::start(of_worker(&nats.url(), 1), other.attentive());
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
        let mate = Mate::start(of_worker(&wire.url(), 1), held.attentive());
        held.began(1).await;
        wire.cut();
        lost.push((wire, mate));
    }
    let mate = Mate::start(of_worker(&nats.url(), 1), Engine::new());
    ann.sees_in(&card, "It stopped 3 workers, so it is left alone.").await;
    held.release();
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn only_what_was_begun_is_a_crash() {
    let Some(nats) = Nats::start() else { return };
    let world = World::with(|setup| {
        of_fleet(&mut setup.config, &nats.url());
        setup.config.max_attempts = 1.try_into().unwrap();
    })
    .await;
    let kept = Kept::of(&nats).await;
    kept.announce("other", 7).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    // Somebody gets it, and is gone before anything is done.
    let delivered = kept.order().await;
    let mate = Mate::start(of_worker(&nats.url(), 1), Engine::new());
    ann.sees_in(&card, "The 5000th fibonacci number is ").await;
    kept.is_empty().await;
    drop(delivered);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_is_true_when_no_worker_can_have_it() {
    let Some(nats) = Nats::start() else { return };
    let (world, wire, held) = (bot(&nats).await, Wire::to(nats.addr()).await, Held::new());
    let _lost = Mate::start(of_worker(&wire.url(), 1), held.attentive());
    let ann = world.person("Ann");
    ann.says("fib 5000").await;
    held.began(1).await;
    wire.cut();
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 5000\" is killed");
    Kept::of(&nats).await.is_empty().await;
    held.release();
    world.stop().await;
}

#[tokio::test]
async fn a_kill_that_comes_while_a_worker_is_cut_off_is_not_lost() {
    let Some(nats) = Nats::start() else { return };
    let (world, wire, held) = (bot(&nats).await, Wire::to(nats.addr()).await, Held::new());
    let mate = Mate::start(of_worker(&wire.url(), 1), held.attentive());
    let ann = world.person("Ann");
    ann.says("fib 5000").await;
    held.began(1).await;
    wire.cut();
    let kill = ann.writes("kill 1");
    Kept::of(&nats).await.holds(CANCELS, |cancels| cancels == 1).await;
    assert!(ann.answers_to(kill).is_empty(), "confirmed while the work runs");
    wire.mend();
    assert_eq!(ann.answer_to(kill).await.text, "Task \"fib 5000\" is killed");
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_worker_that_drains_gives_back_what_it_has_and_no_crash_counts() {
    let Some(nats) = Nats::start() else { return };
    let world = World::with(|setup| {
        of_fleet(&mut setup.config, &nats.url());
        // A crash would be one too many.
        setup.config.max_attempts = 1.try_into().unwrap();
    })
    .await;
    let held = Held::new();
    let mut config = of_worker(&nats.url(), 1);
    config.timings.fleet.grace = Duration::from_millis(1);
    let first = Mate::start(config, held.attentive());
    let ann = world.person("Ann");
    let (runs, waits) = (ann.says("fib 5000").await, ann.says("fib 5001").await);
    held.began(1).await;
    first.stop().await;
    assert_eq!(held.cancels(), 1);
    let second = Mate::start(of_worker(&nats.url(), 1), Engine::new());
    ann.sees_in(&runs, "The 5000th fibonacci number is ").await;
    ann.sees_in(&waits, "The 5001st fibonacci number is ").await;
    world.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn nothing_waits_for_one_worker_while_another_one_is_idle() {
    let Some(nats) = Nats::start() else { return };
    let (world, busy, idle) = (bot(&nats).await, Held::new(), Held::new());
    let first = Mate::start(of_worker(&nats.url(), 1), busy.attentive());
    let ann = world.person("Ann");
    let long = ann.says("fib 5000").await;
    busy.began(1).await;
    let card = ann.says("fib 5001").await;
    let second = Mate::start(of_worker(&nats.url(), 1), idle.attentive());
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
async fn what_began_before_a_drain_ends_in_its_grace_time() {
    let Some(nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    held.began(1).await;
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
    let mate = Mate::start(of_worker(&nats.url(), 1), idle.attentive());
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
async fn a_kill_outlives_the_bot() {
    let Some(nats) = Nats::start() else { return };
    let (wire, held) = (Wire::to(nats.addr()).await, Held::new());
    // Nobody is thought dead here.
    let patient = |config: &mut Config| {
        (config.timings.fleet.ack_wait, config.timings.fleet.gone) =
            (Duration::from_mins(1), Duration::from_mins(1));
    };
    let mut world = World::with(|setup| {
        of_fleet(&mut setup.config, &nats.url());
        patient(&mut setup.config);
    })
    .await;
    let mut config = of_worker(&wire.url(), 1);
    patient(&mut config);
    let mate = Mate::start(config, held.attentive());
    let (ann, person) = {
        let ann = world.person("Ann");
        (ann.chat, ann.person)
    };
    world.speaker(ann, person).says("fib 5000").await;
    held.began(1).await;
    wire.cut();
    let kill = world.telegram.say(ann, person, "kill 1");
    Kept::of(&nats).await.holds(CANCELS, |cancels| cancels == 1).await;
    world.stop_bot().await;
    world.start_again(Engine::new());
    wire.mend();
    let ann = world.speaker(ann, person);
    assert_eq!(ann.answer_to(kill).await.text, "Task \"fib 5000\" is killed");
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_of_what_waits_here_and_runs_elsewhere_is_confirmed_when_it_stopped() {
    let Some(nats) = Nats::start() else { return };
    let (wire, held) = (Wire::to(nats.addr()).await, Held::new());
    // The worker is thought gone soon, but nobody else gets what it has.
    let patient = |config: &mut Config| config.timings.fleet.ack_wait = Duration::from_mins(1);
    let mut world = World::with(|setup| {
        of_fleet(&mut setup.config, &nats.url());
        patient(&mut setup.config);
    })
    .await;
    let mut config = of_worker(&wire.url(), 1);
    patient(&mut config);
    let mate = Mate::start(config, held.attentive());
    let (ann, person) = {
        let ann = world.person("Ann");
        (ann.chat, ann.person)
    };
    world.speaker(ann, person).says("fib 5000").await;
    held.began(1).await;
    world.stop_bot().await;
    wire.cut();
    Kept::of(&nats).await.holds("KV_jobboard-4242-workers", |workers| workers == 0).await;
    // No slot is there, so the job waits in this process.
    world.start_again(Engine::new());
    let kill = world.telegram.say(ann, person, "kill 1");
    Kept::of(&nats).await.holds(CANCELS, |cancels| cancels == 1).await;
    let ann = world.speaker(ann, person);
    assert!(ann.answers_to(kill).is_empty(), "confirmed while the work runs");
    wire.mend();
    assert_eq!(ann.answer_to(kill).await.text, "Task \"fib 5000\" is killed");
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_large_result_goes_beside_the_messages_and_is_removed() {
    let Some(nats) = Nats::start() else { return };
    let world = bot(&nats).await;
    let mate = Mate::start(of_worker(&nats.url(), 1), Engine::new());
    let ann = world.person("Ann");
    // More than NATS takes as one message.
    ann.runs("fib 5500000", "(1,149,432 digits)").await;
    Kept::of(&nats).await.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_while_nats_is_away() {
    let Some(mut nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let ann = world.person("Ann");
    let runs = ann.says("fib 5000").await;
    held.began(1).await;
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
    let ann = world.person("Ann");
    let (lost, held) = (Held::new(), Held::new());
    let wire = Wire::to(nats.addr()).await;
    let first = Mate::start(of_worker(&wire.url(), 1), lost.attentive());
    let card = ann.says("fib 5000").await;
    lost.began(1).await;
    // Nobody but the bot knows of it any more.
    wire.cut();
    nats.kill();
    nats.forget();
    nats.start_again();
    let second = Mate::start(of_worker(&nats.url(), 1), held.attentive());
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
async fn what_the_bot_does_not_have_is_removed() {
    let Some(nats) = Nats::start() else { return };
    let (mut world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let stream = async {
        while kept.jetstream.get_stream(RESULTS).await.is_err()
            || kept.jetstream.get_stream(JOBS).await.is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    stream.await;
    world.stop_bot().await;
    for subject in ["jobboard.4242.jobs.cpu.7.8.0.1", "jobboard.4242.results.7.9.0.1"] {
        let payload = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"max_attempts\":3,\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
        kept.jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
    }
    world.start_again(Engine::new());
    kept.is_empty().await;
    assert_eq!(kept.messages(CANCELS).await, 0, "a job of the same number would be cancelled");
    // And what comes later.
    let late = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
    kept.jetstream.publish("jobboard.4242.results.7.9.0.1", late.into()).await.unwrap().await.unwrap();
    kept.is_empty().await;
    world.stop().await;
}

#[tokio::test]
async fn a_cancel_of_another_job_of_the_same_number_stops_nothing() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let ann = world.person("Ann");
    let subject = format!("$KV.jobboard-4242-cancels.{}.1", ann.chat.0);
    while kept.jetstream.publish(subject.clone(), "".into()).await.unwrap().await.is_err() {
        tokio::task::yield_now().await;
    }
    let mate = Mate::start(of_worker(&nats.url(), 1), Engine::new());
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    kept.is_empty().await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn an_order_of_a_newer_bot_is_left_to_a_newer_worker() {
    let Some(nats) = Nats::start() else { return };
    let (held, kept) = (Held::new(), Kept::of(&nats).await);
    let mate = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let made = async {
        while kept.jetstream.get_stream(JOBS).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    made.await;
    let order = "{\"protocol\":999,\"member\":{\"Fib\":5000},\"max_attempts\":1}";
    kept.jetstream.publish("jobboard.4242.jobs.cpu.7.8.0.1", order.into()).await.unwrap().await.unwrap();
    // It is given back, to be given out again, and is there still.
    let jobs = kept.jetstream.get_stream(JOBS).await.unwrap();
    let given_again = async {
        // The stream is made before it.
        while jobs.consumer_info("cpu").await.map_or(0, |cpu| cpu.delivered.consumer_sequence) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), given_again).await.unwrap();
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
    kept.jetstream.publish(subject, result.into()).await.unwrap().await.unwrap();
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
    let first = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    held.began(1).await;
    let second = Mate::start(of_worker(&nats.url(), 1), idle.attentive());
    // Twice the time after which it would go to somebody else, at least.
    let wanted = 2 * timings().ack_wait.as_millis() / timings().sign.as_millis();
    for _ in 0..wanted {
        assert!(signs.next().await.is_some());
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
    let mate = Mate::start(of_worker(&nats.url(), 1), engine);
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
