//! The files that people set up many machines with do what they say.

use std::{path::PathBuf, process::Command, time::Duration};

use async_nats::jetstream;
use futures_util::StreamExt;
use jobboard::{sandbox::Options, work::Engine};
use tokio::sync::mpsc;

use crate::{
    nats::{self, Mate, Nats, of_fleet, of_worker},
    program::{folder, jobboard},
    world::{Held, World},
};

const NATS: &str = include_str!("../../contrib/nats.conf");
const COMPOSE: &str = include_str!("../../compose.yaml");
/// For what happens on NATS: far longer than anything takes.
const BOUND: Duration = Duration::from_secs(20);

fn bot_id() -> String {
    Options::default().token.split(':').next().unwrap().to_owned()
}

/// A server of that file's, alone, with a place and passwords of the test's.
fn configured() -> Option<Nats> {
    Nats::start_with(|port, folder| {
        let ours = [
            ("123456789", bot_id()),
            ("\"0.0.0.0:4222\"", format!("\"127.0.0.1:{port}\"")),
            ("\"127.0.0.1:8222\"", "\"127.0.0.1:-1\"".to_owned()),
            ("\"/data\"", format!("\"{}\"", folder.display())),
            ("$NATS_BOT_PASSWORD", "of-the-bot".to_owned()),
            ("$NATS_WORKER_PASSWORD", "of-the-worker".to_owned()),
        ];
        let text = ours.iter().fold(NATS.to_owned(), |text, (theirs, ours)| {
            assert!(text.contains(theirs), "{theirs}");
            text.replace(theirs, ours)
        });
        // Of a cluster of three, one alone would wait for the others.
        let (before, rest) = text.split_once("\ncluster {").unwrap();
        Some(format!("{before}{}", rest.split_once("\n}").unwrap().1))
    })
}

fn passwords() -> [(&'static str, &'static str); 4] {
    [
        ("NATS_BOT_PASSWORD", "of-the-bot"),
        ("NATS_WORKER_PASSWORD", "of-the-worker"),
        ("NATS_ROUTE_PASSWORD", "route"),
        ("NATS_ROUTES", r#"["nats://route:route@nats1:6222", "nats://route:route@nats2:6222"]"#),
    ]
}

fn of(nats: &Nats, user: &str) -> String {
    nats.url().replace("nats://", &format!("nats://{user}:of-the-{user}@"))
}

#[tokio::test]
async fn the_file_for_nats_lets_bot_and_workers_do_their_work() {
    let Some(nats) = configured() else { return };
    let world = World::with(|setup| of_fleet(&mut setup.config, &of(&nats, "bot"))).await;
    let mut config = of_worker(&of(&nats, "worker"), 1);
    config.pokeapi_url = world.page("/pokeapi/api/v2");
    let mate = Mate::start(config, Engine::new());
    let ann = world.person("Ann");
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    // Too large for a message of NATS's.
    ann.runs("fib 3000000", "(626,963 digits)").await;
    let card = ann.says("fib 1000000000").await;
    ann.sees_in(&card, "running").await;
    assert_eq!(ann.says("kill 4").await.text, "Task \"fib 1000000000\" is killed");
    mate.stop().await;
    world.stop().await;
}

/// Streams and buckets of a bot that has ended, and an order that somebody has taken who says nothing more.
struct Taken {
    jetstream: jetstream::Context,
    id: String,
    _order: jetstream::Message,
}

impl Taken {
    /// Where `world`'s bot has made them.
    async fn of(nats: &Nats, world: &mut World) -> Self {
        let id = bot_id();
        let options = async_nats::ConnectOptions::with_user_and_password("bot".into(), "of-the-bot".into());
        let jetstream = jetstream::new(options.connect(nats.url()).await.unwrap());
        let cpu = nats::cpu_orders(&jetstream, &id).await;
        // The last ones that a worker needs.
        for bucket in ["begun", "workers"].map(|name| format!("jobboard-{id}-{name}")) {
            let is_made = async || jetstream.get_key_value(&bucket).await.is_ok();
            nats::until(BOUND, &format!("{bucket} is made"), is_made).await;
        }
        world.stop_bot().await;
        let order = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"max_attempts\":3}";
        put(&jetstream, format!("jobboard.{id}.jobs.cpu.7.8.0.1"), order).await;
        let order = cpu.fetch().max_messages(1).messages().await.unwrap().next().await.unwrap().unwrap();
        Self { jetstream, id, _order: order }
    }

    async fn is_told(&self, result: &'static str) {
        put(&self.jetstream, format!("jobboard.{}.results.7.8.0.1", self.id), result).await;
    }

    async fn is_begun(&self, times: &'static str) {
        put(&self.jetstream, format!("$KV.jobboard-{}-begun.7.8.0.1", self.id), times).await;
    }

    /// Waits until a worker has let go of it, and gives what there is of its result.
    async fn let_go_of(&self) -> String {
        let mut jobs = self.jetstream.get_stream(format!("jobboard-{}-jobs", self.id)).await.unwrap();
        let is_let_go_of = async || jobs.info().await.unwrap().state.messages == 0;
        nats::until(BOUND, "it is let go of", is_let_go_of).await;
        let results = self.jetstream.get_stream(format!("jobboard-{}-results", self.id)).await.unwrap();
        let subject = format!("jobboard.{}.results.7.8.0.1", self.id);
        let result = results.get_last_raw_message_by_subject(&subject).await.unwrap();
        String::from_utf8_lossy(&result.payload).into_owned()
    }
}

async fn put(jetstream: &jetstream::Context, subject: String, text: &'static str) {
    jetstream.publish(subject, text.into()).await.unwrap().await.unwrap();
}

/// Its worker died between its result and its acknowledgement.
#[tokio::test]
async fn a_worker_may_see_that_an_order_is_done() {
    let Some(nats) = configured() else { return };
    let mut world = World::with(|setup| of_fleet(&mut setup.config, &of(&nats, "bot"))).await;
    let taken = Taken::of(&nats, &mut world).await;
    let result = "{\"protocol\":1,\"member\":{\"Fib\":5000},\"worker\":\"x\",\"end\":\"Returned\"}\n";
    taken.is_told(result).await;
    let held = Held::new();
    let mate = Mate::single(&of(&nats, "worker"), held.attentive());
    assert_eq!(taken.let_go_of().await, result);
    assert_eq!(held.begun(), 0, "it was done again");
    mate.stop().await;
    world.start_again(Engine::new());
    world.stop().await;
}

/// That is asked of the server that leads, and of no other one: to a worker these are two permissions.
#[tokio::test]
async fn a_worker_may_see_how_often_an_order_was_begun_as_it_is_now() {
    let Some(nats) = configured() else { return };
    let mut world = World::with(|setup| of_fleet(&mut setup.config, &of(&nats, "bot"))).await;
    let taken = Taken::of(&nats, &mut world).await;
    taken.is_begun("3").await;
    let held = Held::new();
    let mate = Mate::single(&of(&nats, "worker"), held.attentive());
    let result = taken.let_go_of().await;
    assert!(result.contains("{\"StoppedTheWorkers\":3}"), "{result}");
    assert_eq!(held.begun(), 0, "it was begun once more");
    mate.stop().await;
    world.start_again(Engine::new());
    world.stop().await;
}

/// Who has a worker has no board.
#[tokio::test]
async fn a_worker_may_not_do_what_is_the_bots() {
    let Some(nats) = configured() else { return };
    let world = World::with(|setup| of_fleet(&mut setup.config, &of(&nats, "bot"))).await;
    let mate = Mate::single(&of(&nats, "worker"), Engine::new());
    world.person("Ann").runs("fib 5000", "succeeded").await;
    let id = bot_id();
    let (refused, mut refusals) = mpsc::unbounded_channel();
    let client = async |user: &str| {
        let refused = refused.clone();
        let options = async_nats::ConnectOptions::new()
            .user_and_password(user.into(), format!("of-the-{user}"))
            .custom_inbox_prefix(format!("_INBOX.{user}"))
            .event_callback(move |event| {
                let _ = refused.send(event.to_string());
                std::future::ready(())
            });
        options.connect(nats.url()).await.unwrap()
    };
    let (bot, worker) = (client("bot").await, client("worker").await);
    // It is answered where it may ask, and there is a lease that it could take.
    worker.request("$JS.API.INFO", "".into()).await.unwrap();
    let jetstream = jetstream::new(bot);
    let lease = format!("KV_jobboard-{id}-lease");
    nats::until(BOUND, "there is a lease", async || jetstream.get_stream(&lease).await.is_ok()).await;
    for subject in [
        format!("$JS.API.STREAM.DELETE.jobboard-{id}-jobs"),
        format!("$JS.API.STREAM.PURGE.jobboard-{id}-jobs"),
        format!("$JS.API.STREAM.MSG.GET.jobboard-{id}-store"),
        format!("$JS.API.CONSUMER.CREATE.jobboard-{id}-store.x"),
        "$JS.API.STREAM.CREATE.mirror".to_owned(),
        format!("$JS.ACK.jobboard-{id}-store.x.1.1.1.1.1"),
        format!("jobboard.{id}.jobs.cpu.1.1.0.1"),
        format!("$KV.jobboard-{id}-lease.leader"),
        format!("$KV.jobboard-{id}-cancels.1.1"),
    ] {
        worker.publish(subject.clone(), "{}".into()).await.unwrap();
        is_refused(&mut refusals, "Publish", &subject).await;
    }
    for subject in [
        // What NATS answers to the bot, or to anybody.
        "_INBOX.bot.>".to_owned(),
        "_INBOX.>".to_owned(),
        format!("jobboard.{id}.jobs.>"),
        format!("jobboard.{id}.results.>"),
        "$KV.>".to_owned(),
        ">".to_owned(),
    ] {
        let _unheard = worker.subscribe(subject.clone()).await.unwrap();
        is_refused(&mut refusals, "Subscription", &subject).await;
    }
    // The bot may ask, and all is there still.
    let jobs = jetstream.get_stream(format!("jobboard-{id}-jobs")).await;
    assert!(jobs.is_ok(), "{jobs:?}");
    mate.stop().await;
    world.stop().await;
}

/// Waits until the server has said that it does not do it.
async fn is_refused(refusals: &mut mpsc::UnboundedReceiver<String>, what: &str, subject: &str) {
    let refusal = format!("Permissions Violation for {what} to \"{subject}\"");
    let said = async { while !refusals.recv().await.unwrap().contains(&refusal) {} };
    assert!(tokio::time::timeout(BOUND, said).await.is_ok(), "{what} to {subject} is allowed");
}

#[test]
fn the_file_for_nats_is_whole_also_with_its_cluster() {
    let Some(program) = nats::program() else { return };
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/nats.conf"));
    let output =
        Command::new(program).arg("-t").arg("--config").arg(file).envs(passwords()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What is set for containers is a setting, and is taken.
#[tokio::test]
async fn the_compose_file_sets_what_there_is() {
    let folder = folder();
    let help = jobboard(&folder).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let set: Vec<_> = COMPOSE.lines().filter_map(|line| line.trim().split_once(": ")).collect();
    let ours: Vec<_> = set.iter().filter(|(name, _)| name.starts_with("JOBBOARD_")).collect();
    assert!(ours.len() >= 6, "{ours:?}");
    for (name, _) in &ours {
        assert!(help.contains(&format!("[env: {name}")), "{name}");
    }
    for (name, value) in
        [("JOBBOARD_ROLE", "bot"), ("JOBBOARD_STANDBY", "\"true\""), ("JOBBOARD_NATS_REPLICAS", "\"3\"")]
    {
        assert!(ours.contains(&&(name, value)), "{name}");
    }
    // Every variable of the file for NATS is given to its containers.
    for (name, _) in passwords() {
        assert!(NATS.contains(&format!("${name}")) && set.iter().any(|(known, _)| *known == name), "{name}");
    }
    let worker = COMPOSE.split("\n  worker:").nth(1).unwrap();
    assert!(!worker.contains("env_file") && !worker.contains("TOKEN"), "no worker has the token");
}
