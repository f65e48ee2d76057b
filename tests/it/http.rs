//! Health, readiness and metrics, and that nothing of anybody's is in them.

use std::{collections::BTreeSet, time::Duration};

use jobboard::{
    config::Config,
    sandbox::{Failure, Fault},
};
use serde_json::Value;

use crate::{
    process::Ground,
    web::Web,
    world::{Held, World},
};

async fn world(web: &Web, change: impl FnOnce(&mut Config)) -> World {
    World::with(|setup| {
        web.serve(&mut setup.config);
        change(&mut setup.config);
    })
    .await
}

#[tokio::test]
async fn health_is_of_the_process_and_readiness_of_telegram_too() {
    let web = Web::new();
    let away = Duration::from_millis(300);
    let world = world(&web, |config| {
        config.timings.telegram_away = away;
        config.timings.poll = Duration::ZERO;
        config.timings.backoff_max = Duration::from_millis(20);
    })
    .await;
    web.until("/readyz", 200, "ready").await;
    world.telegram.fault(Fault::on_any().always().answer(Failure::Server(502)));
    web.until("/readyz", 503, "not ready: Telegram: not reached for").await;
    let health = web.get("/healthz").await;
    assert_eq!(health.status(), 200);
    assert!(
        web.metrics().await.value("telegram_calls_total{method=\"getUpdates\",outcome=\"server_error\"}")
            > 0.0
    );
    world.telegram.clear_faults();
    web.until("/readyz", 200, "ready").await;
    assert_eq!(web.get("/elsewhere").await.status(), 404);
    let posted = reqwest::Client::new().post(web.url("/metrics")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    world.stop().await;
}

#[tokio::test]
async fn a_bot_that_has_not_reached_telegram_yet_is_not_ready() {
    let (web, mut ground) = (Web::new(), Ground::new().await);
    ground.set("JOBBOARD_HTTP_ADDR", &web.addr.port().to_string());
    ground.telegram.fault(Fault::on("getMe").always().answer(Failure::Server(503)));
    let bot = ground.start();
    web.until("/readyz", 503, "Telegram: it was not reached yet").await;
    assert_eq!(web.get("/healthz").await.status(), 200);
    web.metrics().await;
    ground.telegram.clear_faults();
    web.until("/readyz", 200, "ready").await;
    bot.stop().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_named() {
    let (web, mut ground) = (Web::new(), Ground::new().await);
    ground.set("JOBBOARD_HTTP_ADDR", &web.addr.to_string());
    let bot = ground.start();
    web.until("/readyz", 200, "ready").await;
    bot.limit_files(Some(0));
    web.until("/readyz", 503, "not ready: store: ").await;
    assert_eq!(web.get("/healthz").await.status(), 200);
    assert!(web.metrics().await.value("store_failures_total") > 0.0);
    bot.limit_files(None);
    web.until("/readyz", 200, "ready").await;
    bot.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_stops_the_start_with_one_line() {
    let mut ground = Ground::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    ground.set("RUST_LOG", "warn");
    ground.set("JOBBOARD_HTTP_ADDR", &taken.local_addr().unwrap().to_string());
    let (status, log) = ground.start().ended().await;
    assert!(status.code().is_some_and(|code| code != 0), "{status}");
    assert!(log.lines().count() == 1 && log.contains("JOBBOARD_HTTP_ADDR: 127.0.0.1:"), "{log}");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let (web, held) = (Web::new(), Held::new());
    let engine = held.attentive();
    let world = World::with(|setup| {
        web.serve(&mut setup.config);
        setup.config.cpu_workers = Some(1);
        setup.config.max_live_jobs = 2.try_into().unwrap();
        setup.engine = engine;
    })
    .await;
    let ann = world.person("Ann");
    ann.runs("dex pikachu", "is pikachu").await;
    ann.runs("dex-multi 25 missingno", "is pikachu").await;
    let running = ann.says("fib 100").await;
    held.began(1).await;
    let queued = ann.says("fib-multi 1 2").await;
    ann.sees_in(&queued, "queued").await;
    ann.says("fib 3").await;
    let now = web.metrics().await;
    assert_eq!(now.value("jobs{kind=\"fib\",state=\"running\"}"), 1.0);
    assert_eq!(now.value("jobs{kind=\"fib_multi\",state=\"queued\"}"), 1.0);
    assert_eq!(now.value("queue_waiting{resource=\"cpu\"}"), 2.0);
    assert_eq!((now.value("slots_busy{resource=\"cpu\"}"), now.value("slots{resource=\"cpu\"}")), (1.0, 1.0));
    assert_eq!(now.value("jobs_refused_total{reason=\"too_many_live\"}"), 1.0);
    assert_eq!(now.value("boards"), 1.0);
    assert_eq!(now.value("lanes"), 1.0);
    ann.says("kill 3 4").await;
    ann.sees_in(&running, "ancelled").await;
    ann.sees_in(&queued, "ancelled").await;

    let now = web.metrics().await;
    for (series, count) in [
        ("jobs_submitted_total{kind=\"dex\"}", 1.0),
        ("jobs_finished_total{kind=\"dex\",state=\"succeeded\"}", 1.0),
        ("jobs_finished_total{kind=\"fib\",state=\"cancelled\"}", 1.0),
        ("jobs_finished_total{kind=\"fib_multi\",state=\"cancelled\"}", 1.0),
        ("jobs{kind=\"fib\",state=\"running\"}", 0.0),
        ("job_run_seconds_count{kind=\"dex_multi\"}", 1.0),
        ("job_run_seconds_count{kind=\"fib\"}", 1.0),
        // It never ran.
        ("job_run_seconds_count{kind=\"fib_multi\"}", 0.0),
        ("kill_seconds_count", 2.0),
        ("queue_waiting{resource=\"cpu\"}", 0.0),
        ("queue_wait_seconds_count{resource=\"cpu\"}", 1.0),
        ("slots_busy{resource=\"cpu\"}", 0.0),
        ("updates_received_total{kind=\"message\"}", 6.0),
        ("updates_handled_total{outcome=\"handled\"}", 6.0),
        ("update_handling_seconds_count", 6.0),
        ("pokeapi_requests_total{what=\"pokemon\",outcome=\"not_found\"}", 1.0),
        ("telegram_calls_total{method=\"sendMessage\",outcome=\"too_many_requests\"}", 0.0),
    ] {
        assert_eq!(now.value(series), count, "{series}");
    }
    for series in [
        "pokeapi_requests_total{what=\"pokemon\",outcome=\"ok\"}",
        "pokeapi_request_seconds_sum",
        "telegram_calls_total{method=\"sendMessage\",outcome=\"ok\"}",
        "telegram_calls_total{method=\"getUpdates\",outcome=\"ok\"}",
        "telegram_call_seconds_count",
        "store_commit_seconds_sum",
        "store_group_writes_count",
        "store_size_bytes",
        "memory_budget_bytes",
        "process_resident_memory_bytes",
        "process_open_descriptors",
        "tokio_alive_tasks",
    ] {
        assert!(now.value(series) > 0.0, "{series}");
    }
    let fault = Fault::on("sendMessage").times(1);
    world.telegram.fault(fault.answer(Failure::TooManyRequests { retry_after: 1 }));
    ann.says("help").await;
    let now = web.metrics().await;
    assert_eq!(now.value("telegram_calls_total{method=\"sendMessage\",outcome=\"too_many_requests\"}"), 1.0);
    world.stop().await;
}

#[tokio::test]
async fn nothing_of_anybodys_is_in_the_metrics() {
    let (web, other) = (Web::new(), Web::new());
    let world = world(&web, |_| ()).await;
    let beside = self::world(&other, |_| ()).await;
    let name = "Zz\"} 1\n<b>evil";
    let [ann] = world.group([name]);
    for text in
        ["/fib zzevil\"} 1", "/dex zzevil-mon", "/dex ../../zzevil", "/kill 123456789123", "/fib 1234567"]
    {
        ann.says(text).await;
    }
    // Nobody answers to it.
    ann.writes("/zzevil\njobboard_boards 7");
    let press = world.telegram.press(ann.chat, ann.person, ann.heard()[0].id, "zzevil\"\n");
    ann.toast(&press).await;
    world.telegram.raw_update("zzevil\n", serde_json::json!({"zzevil": "zzevil"}));
    world.person("zzevil").says("fib 10").await;
    let text = web.get("/metrics").await.text().await.unwrap();
    let ids = [ann.chat.0.to_string(), ann.person.0.to_string()];
    let secret = "a-bot-of-the-sandbox";
    for found in [
        "evil",
        "Zz",
        "1234567",
        secret,
        "4242:",
        &ids[0],
        &ids[1],
        &world.folder.path().display().to_string(),
    ] {
        assert!(!text.to_lowercase().contains(&found.to_lowercase()), "{found} in\n{text}");
    }
    // Every line is one of a series, and none is of another bot in this process.
    let series = web.metrics().await;
    assert_eq!(series.value("boards"), 2.0);
    assert_eq!(other.metrics().await.value("updates_received_total{kind=\"message\"}"), 0.0);
    let ready = web.get("/readyz").await.text().await.unwrap();
    assert_eq!(ready, "ready\n");
    world.stop().await;
    beside.stop().await;
}

#[tokio::test]
async fn the_dashboard_shows_what_there_is() {
    let web = Web::new();
    let world = world(&web, |_| ()).await;
    web.until("/readyz", 200, "ready").await;
    let series = web.metrics().await;
    let there: BTreeSet<&str> = series.0.keys().map(|series| series.split('{').next().unwrap()).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/grafana.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(dashboard["title"], "Jobboard");
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    let mut ids = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(panel["gridPos"]["w"].as_u64().unwrap() + panel["gridPos"]["x"].as_u64().unwrap() <= 24);
        assert!(!panel["title"].as_str().unwrap().is_empty());
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            for name in query.split(|c| !is_word(c)).filter_map(|word| word.strip_prefix("jobboard_")) {
                assert!(there.contains(name), "{name} in {query}");
                shown.insert(name.to_owned());
            }
        }
    }
    assert!(shown.len() > 25, "{shown:?}");
    world.stop().await;
}
