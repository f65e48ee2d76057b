//! Updates by webhook: the whole way, what is refused, what is confirmed and when, and the change between both ways.

use std::time::Duration;

use futures_util::future::join_all;
use jobboard::{
    sandbox::{Call, Outcome},
    work::Engine,
};
use serde_json::json;

use crate::{
    process::Ground,
    web::{SECRET, SlowDisk, Web, message},
    world::World,
};

async fn world(web: &Web) -> World {
    World::with(|setup| {
        web.hook(&mut setup.config);
        setup.options.webhook_second = Duration::from_millis(10);
    })
    .await
}

/// A world whose updates are brought by the test.
async fn by_hand(web: &Web) -> World {
    let world = World::with(|setup| {
        web.hook(&mut setup.config);
        setup.config.webhook_secret = Some(SECRET.parse().unwrap());
    })
    .await;
    web.until("/readyz", 200, "ready").await;
    world
}

fn calls(world: &World, method: &str) -> Vec<Call> {
    world.telegram.calls().into_iter().filter(|call| call.method == method).collect()
}

#[tokio::test]
async fn the_whole_way() {
    let web = Web::new();
    let mut world = world(&web).await;
    let ann = world.person("Ann");
    ann.runs("fib 10", "is 34").await;
    let card = ann.says("dex missingno").await;
    ann.sees_in(&card, "failed").await;
    assert!(ann.says("dash").await.text.starts_with("Board: 2 tasks"));
    let [ben] = world.group(["Ben"]);
    ben.runs("/fib 20", "is 4181").await;
    world.stop_bot().await;

    assert!(calls(&world, "getUpdates").is_empty());
    let set = &calls(&world, "setWebhook")[0].params;
    assert_eq!(set["url"], web.url("/hook"));
    assert_eq!(
        set["allowed_updates"],
        json!(["message", "callback_query", "inline_query", "my_chat_member"])
    );
    assert_eq!(set.get("drop_pending_updates"), None);
    let first = set["secret_token"].as_str().unwrap().to_owned();
    assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "not 256 bits");
    // It is deleted when the bot stops, and what waits is kept.
    assert_eq!(world.telegram.calls().last().unwrap().method, "deleteWebhook");
    assert_eq!(calls(&world, "deleteWebhook").len(), 1);
    assert_eq!(calls(&world, "deleteWebhook")[0].params, json!({}));

    world.start_again(Engine::new());
    world.person("Cleo").says("help").await;
    let second = calls(&world, "setWebhook").pop().unwrap().params["secret_token"].clone();
    assert_ne!(second, first.as_str());
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_telegrams_is_refused() {
    let web = Web::new();
    let world = by_hand(&web).await;
    let ann = world.person("Ann");
    let good = message(7, ann.person.0, 1, "fib 10").to_string();
    for wrong in [None, Some(""), Some("wrong"), Some(&SECRET[1..])] {
        assert_eq!(web.bring(wrong, good.clone()).await.status(), 401, "{wrong:?}");
    }
    let large = json!({"update_id": 8, "x": "y".repeat(1 << 20)}).to_string();
    assert_eq!(web.bring(Some(SECRET), large.clone()).await.status(), 413);
    // Whoever sends more than fits into any buffer is answered, too.
    let huge = "z".repeat(20 << 20);
    assert_eq!(web.bring(Some(SECRET), huge.clone()).await.status(), 413);
    assert_eq!(web.bring(Some("wrong"), huge).await.status(), 401);
    // Nor one that does not say how long it is.
    let pieces = large.as_bytes().chunks(1 << 14).map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
    let pieces: Vec<_> = pieces.collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    assert_eq!(web.bring(Some(SECRET), body).await.status(), 413);
    for nonsense in ["", "{}", "[]", "{\"update_id\": 7", "update_id=7", "\0"] {
        assert_eq!(web.bring(Some(SECRET), nonsense).await.status(), 400, "{nonsense:?}");
    }
    assert_eq!(web.get("/hook").await.status(), 405);
    assert_eq!(web.get("/hook/").await.status(), 404);
    assert_eq!(web.get("/").await.status(), 404);
    // Telegram knows kinds of updates that the bot does not: they are taken, or they would come for ever.
    assert_eq!(web.update(&json!({"update_id": 9, "poll_of_the_future": {"x": 1}})).await, 200);
    assert_eq!(web.update(&json!({"update_id": 10, "message": {"text": 1}})).await, 200);

    let answer = web.bring(Some(SECRET), good).await;
    assert_eq!(answer.status(), 200);
    // What stands in the answer could be taken for a call.
    assert_eq!(answer.text().await.unwrap(), "");
    ann.sees("the card", |found| found.text.contains("is 34")).await;
    let metrics = web.metrics().await;
    for (status, count) in [("200", 3.0), ("400", 6.0), ("401", 5.0), ("405", 1.0), ("413", 3.0)] {
        assert_eq!(
            metrics.value(&format!("webhook_requests_total{{status=\"{status}\"}}")),
            count,
            "{status}"
        );
    }
    assert_eq!(metrics.value("updates_handled_total{outcome=\"skipped\"}"), 2.0);
    world.stop().await;
}

#[tokio::test]
async fn an_update_is_confirmed_when_its_effect_is_stored() {
    let web = Web::new();
    let world = by_hand(&web).await;
    let ann = world.person("Ann");
    let store = world.folder.path().join("jobboard.db");
    let disk = SlowDisk::new(&store);
    let update = message(7, ann.person.0, 1, "fib 10");
    let brought = web.update(&update);
    tokio::pin!(brought);
    // It has come, and there was time to answer it.
    let came = async {
        web.counted("updates_received_total{kind=\"message\"}", 1.0).await;
        for _ in 0..20 {
            web.get("/healthz").await;
        }
    };
    tokio::select! {
        biased;
        status = &mut brought => panic!("{status} before it is stored"),
        () = came => {}
    }
    assert_eq!(SlowDisk::jobs(&store), 0);
    drop(disk);
    assert_eq!(brought.await, 200);
    assert_eq!(SlowDisk::jobs(&store), 1);
    // Telegram may not have heard that: it brings it again.
    assert_eq!(web.update(&update).await, 200);
    ann.sees("the card", |found| found.text.contains("is 34")).await;
    assert_eq!(web.metrics().await.value("updates_handled_total{outcome=\"again\"}"), 1.0);
    world.stop().await;
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_again() {
    let web = Web::new();
    let world = by_hand(&web).await;
    let ann = world.person("Ann");
    let disk = SlowDisk::new(&world.folder.path().join("jobboard.db"));
    let updates: Vec<_> =
        (1..=230).map(|n| message(i64::from(n), ann.person.0, n, "help").to_string()).collect();
    let bring = async |update: &String| {
        let answer = web.bring(Some(SECRET), update.clone()).await;
        (answer.status(), answer.headers().get("retry-after").is_some())
    };
    let all = join_all(updates.iter().map(bring));
    let release = async {
        web.counted("webhook_requests_total{status=\"503\"}", 1.0).await;
        // Who watches is answered all the same.
        assert_eq!(web.get("/healthz").await.status(), 200);
        drop(disk);
    };
    let (answers, ()) = tokio::join!(all, release);
    let busy = answers.iter().filter(|(status, retry)| *status == 503 && *retry).count();
    let taken = answers.iter().filter(|(status, _)| *status == 200).count();
    assert!(busy > 0 && busy + taken == answers.len(), "{busy} + {taken}");
    world.stop().await;
}

#[tokio::test]
async fn a_change_of_the_way_loses_nothing_and_doubles_nothing() {
    let web = Web::new();
    let mut world = World::with(|setup| setup.options.webhook_second = Duration::from_millis(10)).await;
    let (person, mut sent) = (world.telegram.person("Ann"), Vec::new());
    let chat = world.telegram.private_chat(person);
    for by_webhook in [false, true, true, false, true, false] {
        sent.push(world.telegram.say(chat, person, "fib 10"));
        world.speaker(chat, person).answer_to(sent[sent.len() - 1]).await;
        // The bot may stop before it has this, or after.
        sent.push(world.telegram.say(chat, person, "fib 20"));
        world.stop_bot().await;
        sent.push(world.telegram.say(chat, person, "fib 30"));
        world.change(|config| {
            web.serve(config);
            config.webhook_url = by_webhook.then(|| web.url("/hook").parse().unwrap());
        });
        world.start_again(Engine::new());
    }
    let ann = world.speaker(chat, person);
    for message in &sent {
        ann.answer_to(*message).await;
    }
    ann.says("help").await;
    for message in &sent {
        assert_eq!(ann.answers_to(*message).len(), 1, "{message}");
    }
    assert!(ann.says("dash").await.text.starts_with(&format!("Board: {} tasks", sent.len())));
    world.stop().await;
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_set_again() {
    let web = Web::new();
    let world = World::with(|setup| {
        web.hook(&mut setup.config);
        setup.config.timings.webhook_look = Duration::from_millis(20);
    })
    .await;
    let ann = world.person("Ann");
    ann.says("help").await;
    let set = |world: &World| calls(world, "setWebhook").len();
    assert_eq!(set(&world), 1);
    // Somebody else has this token.
    let url =
        format!("http://{}/bot{}/deleteWebhook", world.addr(), jobboard::sandbox::Options::default().token);
    reqwest::Client::new().post(url).send().await.unwrap().error_for_status().unwrap();
    ann.says("fib 10").await;
    assert_eq!(set(&world), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_webhook_is_in_the_way_of_polling_for_a_moment_only() {
    use jobboard::sandbox::{Failure, Fault};
    let world = World::with(|setup| setup.config.timings.backoff_max = Duration::from_millis(10)).await;
    let ann = world.person("Ann");
    ann.says("help").await;
    // The first try to remove it fails, too.
    world.telegram.fault(Fault::on("deleteWebhook").times(1).answer(Failure::Server(502)));
    let url =
        format!("http://{}/bot{}/setWebhook", world.addr(), jobboard::sandbox::Options::default().token);
    let set = reqwest::Client::new().post(url).json(&json!({"url": "https://bot.example.org/left-over"}));
    set.send().await.unwrap().error_for_status().unwrap();
    ann.says("fib 10").await;
    world.stop().await;
}

#[tokio::test]
async fn a_webhook_that_telegram_refuses_is_told_by_readyz() {
    use jobboard::sandbox::{Failure, Fault};
    let web = Web::new();
    let world = World::with(|setup| {
        web.hook(&mut setup.config);
        setup.config.timings.backoff_max = Duration::from_millis(10);
    });
    let world = world.await;
    let fault = Fault::on("setWebhook").always();
    world.telegram.fault(fault.answer(Failure::BadRequest("bad webhook: no such host".to_owned())));
    // It may have been set before.
    let url =
        format!("http://{}/bot{}/deleteWebhook", world.addr(), jobboard::sandbox::Options::default().token);
    reqwest::Client::new().post(url).send().await.unwrap().error_for_status().unwrap();
    if calls(&world, "setWebhook").iter().all(|call| matches!(call.outcome, Outcome::Refused { .. })) {
        web.until("/readyz", 503, "the webhook is not set").await;
    }
    world.telegram.clear_faults();
    web.until("/readyz", 200, "ready").await;
    world.stop().await;
}

fn webhook(ground: &mut Ground, web: &Web) {
    ground.set("JOBBOARD_HTTP_ADDR", &web.addr.to_string());
    ground.set("JOBBOARD_WEBHOOK_URL", &web.url("/hook"));
    ground.set("JOBBOARD_WEBHOOK_SECRET", SECRET);
}

#[tokio::test]
async fn what_a_crash_interrupts_is_done_once() {
    let (web, mut ground) = (Web::new(), Ground::new().await);
    webhook(&mut ground, &web);
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    web.until("/readyz", 200, "ready").await;
    // Before it is stored: it was not confirmed, and comes again.
    let disk = SlowDisk::new(&ground.store());
    let first = ground.telegram.say(ground.telegram.private_chat(ann), ann, "fib 10");
    web.counted("updates_received_total{kind=\"message\"}", 1.0).await;
    let log = bot.kill();
    assert!(!log.contains(SECRET) && !log.contains("a-bot-of-the-sandbox"), "{log}");
    drop(disk);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert!(talk.answer_to(first).await.text.starts_with("Task 1 is submitted"));
    // When it was stored and confirmed, but Telegram did not hear it.
    let update = message(1_000_000, ann.0, 5_000, "help");
    assert_eq!(web.update(&update).await, 200);
    let answered = |view: &jobboard::sandbox::View<'_>| {
        let said = view.messages(talk.chat);
        let answers = said.iter().filter(|message| message.from_bot && message.text.contains("dash"));
        (answers.count() == 1).then_some(())
    };
    talk.until("the help", answered).await;
    // All that was to be stored of it is stored before this is.
    talk.says("fib 20").await;
    bot.kill();
    let bot = ground.start();
    web.until("/readyz", 200, "ready").await;
    assert_eq!(web.update(&update).await, 200);
    let talk = ground.private(&bot, ann);
    assert!(talk.says("fib 30").await.text.starts_with("Task 3 is submitted"));
    talk.until("one help", answered).await;
    assert_eq!(web.metrics().await.value("updates_handled_total{outcome=\"again\"}"), 1.0);
    bot.stop().await;
}

#[tokio::test]
async fn a_quit_is_confirmed_before_the_exit() {
    let (web, mut ground) = (Web::new(), Ground::new().await);
    let ann = ground.telegram.person("Ann");
    ground.set("JOBBOARD_OWNERS", &ann.to_string());
    webhook(&mut ground, &web);
    for url in [web.url("/hook"), String::new(), web.url("/hook")] {
        let bot = ground.start();
        let talk = ground.private(&bot, ann);
        assert_eq!(talk.says("quit").await.text, "Exiting");
        let (status, log) = bot.ended().await;
        assert_eq!(status.code(), Some(0), "{log}");
        ground.set("JOBBOARD_WEBHOOK_URL", &url);
        let bot = ground.start();
        let talk = ground.private(&bot, ann);
        let card = talk.says("fib 10").await;
        talk.sees_in(&card, "is 34").await;
        bot.stop().await;
    }
}

#[tokio::test]
async fn a_webhook_needs_an_address_and_says_so() {
    let mut ground = Ground::new().await;
    for (url, said) in [
        ("https://bot.example.org/hook", "JOBBOARD_HTTP_ADDR"),
        ("http://bot.example.org/hook", "an https:// address is wanted"),
    ] {
        ground.set("JOBBOARD_WEBHOOK_URL", url);
        let (status, log) = ground.start().ended().await;
        assert_eq!(status.code(), Some(2), "{log}");
        assert!(
            log.lines().count() == 1 && log.contains("JOBBOARD_WEBHOOK_URL") && log.contains(said),
            "{log}"
        );
    }
}
