//! What people and operators are told of the workers: that they are there, that none is, that NATS is away.

use jobboard::{sandbox::PersonId, work::Engine};

use crate::{
    nats::{Mate, Nats, Wire, of_fleet},
    operate::{beside, output},
    process::Ground,
    web::Web,
    world::{Held, Setup, Speaker, World},
};

const OLGA: PersonId = PersonId(1_000_001);

/// A bot of Olga's whose work is done by workers.
async fn world(url: &str, web: &Web, change: impl FnOnce(&mut Setup)) -> World {
    let world = World::with(|setup| {
        of_fleet(&mut setup.config, url);
        web.serve(&mut setup.config);
        setup.config.owners = OLGA.0.to_string().parse().unwrap();
        change(setup);
    })
    .await;
    world.telegram.person("Olga");
    world
}

fn olga(world: &World) -> Speaker<'_> {
    world.speaker(world.telegram.private_chat(OLGA), OLGA)
}

#[tokio::test]
async fn without_a_worker_everybody_is_told_and_then_that_one_is_there() {
    let Some(nats) = Nats::start() else { return };
    let web = Web::new();
    let world = world(&nats.url(), &web, |_| ()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 5000").await;
    ann.sees_in(&card, "No worker is there. This task begins when one is.").await;
    let dash = ann.says("dash").await;
    assert!(dash.text.contains("No worker is there: what is queued waits."), "{}", dash.text);
    assert!(olga(&world).says("workers").await.text.starts_with("No worker is there that takes tasks"));
    web.until("/readyz", 503, "not ready: workers: none is there").await;
    let now = web.metrics().await;
    assert_eq!(now.value("fleet_workers{state=\"working\"}"), 0.0);
    assert_eq!((now.value("nats_away_seconds"), now.value("slots{resource=\"cpu\"}")), (0.0, 0.0));
    // What needs no worker is done.
    ann.runs("fib 10", "is 34").await;

    let held = Held::new();
    let mate = Mate::single(&nats.url(), held.attentive());
    held.began(1).await;
    let running = ann.sees_in(&card, "running").await;
    assert!(!running.text.contains("worker"), "{}", running.text);
    let workers = olga(&world).says("workers").await.text;
    let mut lines = workers.lines();
    let head = lines.next().unwrap();
    assert!(head.starts_with("Workers: 1, with 1 CPU slots, 32 IO slots and "), "{workers}");
    let line = lines.next().unwrap();
    assert!(line.contains(concat!(" (", env!("CARGO_PKG_VERSION"), "): 1 CPU, 32 IO, ")), "{workers}");
    let stats = olga(&world).says("stats").await.text;
    assert!(stats.contains(head) && stats.contains("CPU slots: 1 of 1 used"), "{stats}");
    web.until("/readyz", 200, "ready").await;
    let now = web.metrics().await;
    assert_eq!(now.value("fleet_workers{state=\"working\"}"), 1.0);
    web.counted("fleet_in_hand", 1.0).await;
    assert_eq!(now.value("slots{resource=\"cpu\"}"), 1.0);
    held.release();
    ann.sees_in(&card, "succeeded").await;

    mate.stop().await;
    let card = ann.says("fib 5001").await;
    ann.sees_in(&card, "No worker is there").await;
    world.stop().await;
}

#[tokio::test]
async fn while_nats_is_away_everybody_is_told_and_nothing_is_lost() {
    let Some(nats) = Nats::start() else { return };
    let (web, wire, held) = (Web::new(), Wire::to(nats.addr()).await, Held::new());
    let world = world(&wire.url(), &web, |_| ()).await;
    let mate = Mate::single(&nats.url(), held.attentive());
    let ann = world.person("Ann");
    let first = ann.says("fib 5000").await;
    held.began(1).await;
    wire.cut();
    let second = ann.says("fib 5001").await;
    let words =
        "The workers cannot be reached (NATS is away). This task begins when they can; nothing is lost.";
    ann.sees_in(&second, words).await;
    let dash = ann.says("dash").await;
    assert!(dash.text.contains("(NATS is away): what is queued waits, nothing is lost."), "{}", dash.text);
    assert!(olga(&world).says("workers").await.text.starts_with("NATS is away for "));
    assert!(olga(&world).says("stats").await.text.contains("\nNATS is away for "));
    web.until("/readyz", 503, "not ready: NATS: not there for").await;
    web.counted("nats_away_seconds", 1.0).await;
    held.release();
    wire.mend();
    ann.sees_in(&first, "succeeded").await;
    ann.sees_in(&second, "succeeded").await;
    web.until("/readyz", 200, "ready").await;
    assert_eq!(web.metrics().await.value("nats_away_seconds"), 0.0);
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn check_looks_at_nats_for_a_bot_and_for_a_worker() {
    let Some(mut nats) = Nats::start() else { return };
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_ROLE", "bot");
    let address = nats.url().replace("nats://", "nats://bot:some-secret@");
    ground.set("JOBBOARD_NATS_URL", &address);
    let check = async |ground: &Ground, status: i32, lines: &[&str]| {
        let (found, told, said) = output(beside(ground, &["check"])).await;
        assert_eq!(found, Some(status), "{told}{said}");
        for line in lines {
            assert!(told.contains(line), "{line:?} is not in\n{told}");
        }
        assert!(!told.contains("some-secret") && !said.contains("some-secret"), "{told}");
        told
    };
    let setting = format!("ok       JOBBOARD_NATS_URL: {} (variable)\n", nats.url());
    let server = format!("ok       NATS: {}: version 2.", nats.url());
    let keeps = "ok       replicas: servers that keep each message: 1\n";
    for _ in 0..2 {
        check(&ground, 0, &[&setting, &server, "ok       JetStream: 0 streams", keeps]).await;
    }
    ground.set("JOBBOARD_NATS_REPLICAS", "3");
    check(&ground, 2, &["ok       JetStream: 0 streams", "wrong    replicas: JOBBOARD_NATS_REPLICAS=3: "])
        .await;
    ground.set("JOBBOARD_NATS_REPLICAS", "1");
    // A worker has no token, and asks nobody for what is the bot's.
    ground.set("TELOXIDE_TOKEN", "");
    ground.set("JOBBOARD_ROLE", "all");
    ground.set("JOBBOARD_BOT_ID", "42");
    let told = check(&ground, 0, &[&server, "ok       PokeAPI: answers"]).await;
    assert!(!told.contains(" token: ") && !told.contains(" data folder: "), "{told}");
    nats.kill();
    check(&ground, 1, &[&format!("wrong    NATS: {}: no answer", nats.url())]).await;
    ground.set("JOBBOARD_NATS_CREDS", "/nowhere/some.creds");
    check(&ground, 2, &["wrong    NATS: JOBBOARD_NATS_CREDS: /nowhere/some.creds: "]).await;
}

/// One of three is left: it lets everybody in, and can keep nothing.
#[tokio::test]
async fn a_cluster_that_has_lost_too_many_servers_is_away() {
    let Some(mut cluster) = Nats::cluster() else { return };
    let (web, url) = (Web::new(), cluster[0].url());
    let world = world(&url, &web, |setup| setup.config.machines.nats_replicas = 3).await;
    let mate = Mate::single(&url, Engine::new());
    let ann = world.person("Ann");
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    cluster[1].kill();
    cluster[2].kill();
    web.until("/readyz", 503, "not ready: NATS: not there for").await;
    let card = ann.says("fib 5001").await;
    ann.sees_in(&card, "The workers cannot be reached (NATS is away).").await;
    assert!(olga(&world).says("workers").await.text.starts_with("NATS is away for "));
    cluster[1].start_again();
    cluster[2].start_again();
    ann.sees_in(&card, "The 5001st fibonacci number is ").await;
    web.until("/readyz", 200, "ready").await;
    assert!(olga(&world).says("workers").await.text.starts_with("Workers: 1, "));
    world.stop().await;
    mate.stop().await;
}

/// Nobody but the operator can help: one server is to keep everything three times, or nothing at all.
#[tokio::test]
async fn a_nats_that_can_keep_nothing_is_told_from_one_without_workers() {
    let plain = |port, _: &_| Some(format!("listen: \"127.0.0.1:{port}\"\n"));
    for (nats, replicas) in [(Nats::start(), 3), (Nats::start_with(plain), 1)] {
        let (Some(nats), web) = (nats, Web::new()) else { return };
        let world = world(&nats.url(), &web, |setup| setup.config.machines.nats_replicas = replicas).await;
        let ann = world.person("Ann");
        let card = ann.says("fib 5000").await;
        ann.sees_in(&card, "NATS takes nothing of the bot's work; the operator has to look.").await;
        let dash = ann.says("dash").await;
        assert!(dash.text.contains("NATS takes nothing of the bot's work;"), "{}", dash.text);
        let workers = olga(&world).says("workers").await.text;
        assert!(workers.starts_with("NATS takes nothing of the bot's work for "), "{workers}");
        web.until("/readyz", 503, "not ready: NATS: it takes nothing of the bot's work for").await;
        world.stop().await;
    }
}

/// Nothing of NATS is asked of who does not want it.
#[tokio::test]
async fn a_bot_that_works_itself_has_no_workers() {
    let web = Web::new();
    let world = World::with(|setup| {
        web.serve(&mut setup.config);
        setup.config.owners = OLGA.0.to_string().parse().unwrap();
        setup.engine = Engine::new();
    })
    .await;
    world.telegram.person("Olga");
    let told = olga(&world).says("workers").await.text;
    assert_eq!(told, "This bot does its work itself, on 2 CPU slots and 32 IO slots.");
    assert!(!olga(&world).says("stats").await.text.contains("orker"));
    web.until("/readyz", 200, "ready").await;
    world.stop().await;
}
