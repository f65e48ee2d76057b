//! Kills of what workers do.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use futures_util::StreamExt;
use jobboard::{
    sandbox::{ChatId, MessageId, PersonId},
    work::{Engine, FleetTimings},
};

use super::{BOUND, CANCELS, JOBS, Kept, begun, bot, bot_with};
use crate::{
    nats::{Mate, Nats, Wire, of_worker},
    world::{Held, Speaker, World},
};

const KILLED: &str = "Task \"fib 5000\" is killed";

/// Ann's "fib 5000", which a worker at the end of a wire has begun.
struct Far {
    world: World,
    mate: Mate,
    wire: Wire,
    held: Held,
    chat: ChatId,
    person: PersonId,
}

impl Far {
    /// Bot and worker have these times.
    async fn with(nats: &Nats, change: impl Fn(&mut FleetTimings)) -> Self {
        let (wire, held) = (Wire::to(nats.addr()).await, Held::new());
        let world = bot_with(nats, |config| change(&mut config.timings.fleet)).await;
        let mut config = of_worker(&wire.url(), 1);
        change(&mut config.timings.fleet);
        let mate = Mate::start(config, held.attentive());
        let (ann, _) = begun(&world, &held).await;
        let (chat, person) = (ann.chat, ann.person);
        Self { world, mate, wire, held, chat, person }
    }

    fn ann(&self) -> Speaker<'_> {
        self.world.speaker(self.chat, self.person)
    }

    /// The kill waits for the worker, and is confirmed when the wire is whole again and the work has stopped.
    async fn killed_when_mended(self, nats: &Nats, kill: MessageId) {
        Kept::of(nats).await.holds(CANCELS, |cancels| cancels == 1).await;
        assert!(self.ann().answers_to(kill).is_empty(), "confirmed while the work runs");
        self.wire.mend();
        assert_eq!(self.ann().answer_to(kill).await.text, KILLED);
        assert_eq!(self.held.cancels(), 1);
        self.stop().await;
    }

    async fn stop(self) {
        self.world.stop().await;
        self.mate.stop().await;
    }
}

/// Nobody is thought dead.
fn patient(timings: &mut FleetTimings) {
    (timings.ack_wait, timings.gone) = (Duration::from_mins(1), Duration::from_mins(1));
}

/// A bot that has handed out the person's "fib 5000" to a worker that says nothing more.
async fn handed_out(nats: &Nats) -> (World, Kept, ChatId, PersonId) {
    let world = bot_with(nats, |config| patient(&mut config.timings.fleet)).await;
    let kept = Kept::of(nats).await;
    let (chat, person) = {
        let ann = world.person("Ann");
        kept.announce("silent", 7).await;
        ann.says("fib 5000").await;
        (ann.chat, ann.person)
    };
    kept.holds(JOBS, |orders| orders == 1).await;
    (world, kept, chat, person)
}

#[tokio::test]
async fn a_kill_of_what_nobody_has_taken_is_true_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept, chat, person) = handed_out(&nats).await;
    assert_eq!(world.speaker(chat, person).says("kill 1").await.text, KILLED);
    kept.is_empty().await;
    world.stop().await;
}

/// It was on its way to a worker when the kill was confirmed.
#[tokio::test]
async fn who_has_an_order_after_its_kill_does_not_begin_it() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept, chat, person) = handed_out(&nats).await;
    let (ann, order) = (world.speaker(chat, person), kept.order().await);
    assert_eq!(ann.says("kill 1").await.text, KILLED);
    kept.is_empty().await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut results = client.subscribe("jobboard.4242.results.>").await.unwrap();
    client.flush().await.unwrap();
    let held = Held::new();
    let mate = Mate::single(&nats.url(), held.attentive());
    kept.put_when_made(&order.subject, String::from_utf8(order.payload.to_vec()).unwrap()).await;
    let told = tokio::time::timeout(BOUND, results.next()).await;
    let told = told.expect("nobody says what came of it").unwrap();
    assert!(String::from_utf8_lossy(&told.payload).contains("Cancelled"), "{told:?}");
    assert_eq!(held.begun(), 0, "it was begun after its kill was confirmed");
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_of_what_was_given_back_is_true_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept, chat, person) = handed_out(&nats).await;
    let order = kept.order().await;
    order.ack_with(AckKind::Nak(Some(Duration::from_mins(1)))).await.unwrap();
    assert_eq!(world.speaker(chat, person).says("kill 1").await.text, KILLED);
    kept.is_empty().await;
    world.stop().await;
}

#[tokio::test]
async fn a_kill_of_what_somebody_has_begun_is_true_when_that_one_says_so() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept, chat, person) = handed_out(&nats).await;
    let (ann, order) = (world.speaker(chat, person), kept.order().await);
    let begun = order.subject.replace("jobboard.4242.jobs.cpu", "$KV.jobboard-4242-begun");
    kept.put(&begun, "1").await;
    let kill = ann.writes("kill 1");
    kept.holds(CANCELS, |cancels| cancels == 1).await;
    ann.says("help").await;
    assert!(ann.answers_to(kill).is_empty(), "confirmed while the work runs");
    assert_eq!(kept.messages(JOBS).await, 1, "taken away from who has it");
    let stopped = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
    kept.report(&order, stopped).await;
    assert_eq!(ann.answer_to(kill).await.text, KILLED);
    world.stop().await;
}

/// Whoever has taken it begins between the bot's look and its removal.
#[tokio::test]
async fn a_kill_of_what_is_begun_while_it_is_taken_away_waits_for_who_has_it() {
    let Some(nats) = Nats::start() else { return };
    let (wire, kept) = (Wire::to(nats.addr()).await, Kept::of(&nats).await);
    let world = bot_with(&nats, |config| {
        config.machines.nats_url = wire.url().parse().unwrap();
        patient(&mut config.timings.fleet);
    })
    .await;
    let ann = world.person("Ann");
    kept.announce("silent", 7).await;
    ann.says("fib 5000").await;
    kept.holds(JOBS, |orders| orders == 1).await;
    let order = kept.order().await;
    let begun = order.subject.replace("jobboard.4242.jobs.cpu", "$KV.jobboard-4242-begun");
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut cancels = client.subscribe("jobboard.4242.cancel.>").await.unwrap();
    client.flush().await.unwrap();
    wire.clamp("$JS.API.STREAM.PURGE.jobboard-4242-jobs");
    let kill = ann.writes("kill 1");
    wire.holds().await;
    kept.put(&begun, "1").await;
    wire.release();
    kept.holds(JOBS, |orders| orders == 0).await;
    // It is told again, since it may not have listened the first time; and again, for as long as it has not answered.
    for _ in 0..4 {
        tokio::time::timeout(BOUND, cancels.next()).await.expect("nobody is told").unwrap();
    }
    assert!(ann.answers_to(kill).is_empty(), "confirmed while the work runs");
    let stopped = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":\"Cancelled\"}\n";
    kept.report(&order, stopped).await;
    assert_eq!(ann.answer_to(kill).await.text, KILLED);
    world.stop().await;
}

#[tokio::test]
async fn a_kill_reaches_a_worker_and_is_confirmed_when_it_stopped() {
    let Some(nats) = Nats::start() else { return };
    let (world, held) = (bot(&nats).await, Held::new());
    let mate = Mate::single(&nats.url(), held.attentive());
    let (ann, _) = begun(&world, &held).await;
    assert_eq!(ann.says("kill 1").await.text, KILLED);
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_is_true_when_no_worker_can_have_it() {
    let Some(nats) = Nats::start() else { return };
    let far = Far::with(&nats, |_| ()).await;
    far.wire.cut();
    assert_eq!(far.ann().says("kill 1").await.text, KILLED);
    Kept::of(&nats).await.is_empty().await;
    far.held.release();
    far.world.stop().await;
}

#[tokio::test]
async fn a_kill_that_comes_while_a_worker_is_cut_off_is_not_lost() {
    let Some(nats) = Nats::start() else { return };
    let far = Far::with(&nats, |_| ()).await;
    far.wire.cut();
    let kill = far.ann().writes("kill 1");
    far.killed_when_mended(&nats, kill).await;
}

#[tokio::test]
async fn a_kill_outlives_the_bot() {
    let Some(nats) = Nats::start() else { return };
    let mut far = Far::with(&nats, patient).await;
    far.wire.cut();
    let kill = far.ann().writes("kill 1");
    Kept::of(&nats).await.holds(CANCELS, |cancels| cancels == 1).await;
    far.world.stop_bot().await;
    far.world.start_again(Engine::new());
    far.wire.mend();
    assert_eq!(far.ann().answer_to(kill).await.text, KILLED);
    assert_eq!(far.held.cancels(), 1);
    far.stop().await;
}

#[tokio::test]
async fn a_kill_of_what_waits_here_and_runs_elsewhere_is_confirmed_when_it_stopped() {
    let Some(nats) = Nats::start() else { return };
    // The worker is thought gone soon, but nobody else gets what it has.
    let mut far = Far::with(&nats, |timings| timings.ack_wait = Duration::from_mins(1)).await;
    far.world.stop_bot().await;
    far.wire.cut();
    Kept::of(&nats).await.holds("KV_jobboard-4242-workers", |workers| workers == 0).await;
    // No slot is there, so the job waits in this process.
    far.world.start_again(Engine::new());
    let kill = far.ann().writes("kill 1");
    far.killed_when_mended(&nats, kill).await;
}

#[tokio::test]
async fn a_cancel_of_another_job_of_the_same_number_stops_nothing() {
    let Some(nats) = Nats::start() else { return };
    let (world, kept) = (bot(&nats).await, Kept::of(&nats).await);
    let ann = world.person("Ann");
    let subject = format!("$KV.jobboard-4242-cancels.{}.1", ann.chat.0);
    kept.put_when_made(&subject, String::new()).await;
    let mate = Mate::single(&nats.url(), Engine::new());
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    kept.is_empty().await;
    world.stop().await;
    mate.stop().await;
}
