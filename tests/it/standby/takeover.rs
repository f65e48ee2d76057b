//! The lease, and take-overs of real processes.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use jobboard::{
    lease::{LeaseTimings, Leases},
    sandbox::{Failure, Fault, MessageId, Options as SandboxOptions, PersonId, Sandbox},
    store::Secret,
    telegram::api::Api,
};
use serde_json::{Value, json};

use super::{BOUND, connect, connect_as};
use crate::{
    nats::{Nats, Wire, until},
    operate::{beside, output},
    process::{Bot, Ground, Talk},
    web::Web,
    world::config,
};

#[tokio::test(flavor = "multi_thread")]
async fn one_has_the_lease_and_who_cannot_renew_it_knows_before_it_is_gone() {
    let Some(server) = Nats::start() else { return };
    let timings = LeaseTimings {
        lasts: Duration::from_secs(2),
        renewed: Duration::from_millis(200),
        margin: Duration::from_millis(500),
        again: Duration::from_millis(50),
        patience: Duration::ZERO,
    };
    let wire = Wire::to(server.addr()).await;
    let here = Leases::open(&connect(&wire.url()).await, timings).await.unwrap();
    let there = Leases::open(&connect(&server.url()).await, timings).await.unwrap();
    let lease = here.take("here").await.unwrap().unwrap();
    assert_eq!(there.leader().await.unwrap().as_deref(), Some("here"));
    // It is renewed for longer than it lasts.
    let begun = Instant::now();
    while begun.elapsed() < timings.lasts * 2 {
        assert!(there.take("there").await.unwrap().is_none(), "two have it");
        tokio::time::sleep(timings.again).await;
    }
    assert!(!lease.lost().is_cancelled());
    wire.cut();
    let taken = async {
        loop {
            if let Some(next) = there.take("there").await.unwrap() {
                return next;
            }
            tokio::time::sleep(timings.again).await;
        }
    };
    let next = tokio::time::timeout(BOUND, taken).await.expect("nobody can have it any more");
    assert!(lease.lost().is_cancelled(), "two think that they have it");
    let begun = Instant::now();
    lease.give_back().await;
    assert!(begun.elapsed() < Duration::from_secs(3), "it waits for NATS to give back what is gone");
    // Who gives it back keeps nobody waiting.
    next.give_back().await;
    assert!(there.take("third").await.unwrap().is_some());
}

/// What two bots on two hosts share.
pub(super) async fn ground(nats: &Nats) -> (Ground, PersonId) {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_NATS_URL", &nats.url());
    ground.set("JOBBOARD_ROLE", "bot");
    // It was a bot of its own until now.
    let bot = ground.start_in("first", &[("JOBBOARD_ROLE", "all")]);
    let ann = ground.telegram.person("Ann");
    ground.private(&bot, ann).says("fib 10").await;
    bot.stop().await;
    ground.set("JOBBOARD_STANDBY", "true");
    (ground, ann)
}

#[expect(clippy::print_stdout, reason = "it is what the test measures")]
fn print(line: &str) {
    println!("{line}");
}

/// A bot that leads, and one that follows it.
pub(super) async fn pair(ground: &Ground) -> (Bot, Bot) {
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    let second = ground.start_in("second", &[]);
    second.logs("leads, this bot follows").await;
    (first, second)
}

/// Waits until this one leads, and gives how long that took since then.
pub(super) async fn leads(bot: &Bot, since: Instant) -> Duration {
    bot.logs("started bot=").await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(20), "it took {took:?} to take over");
    took
}

/// Who said this has one answer, and it holds what was to be found. Gives the answers that are too many: that the end of a
/// task of over 10 s is announced beside its card is none.
pub(super) async fn ends(talk: &Talk<'_>, said: MessageId, result: &str) -> usize {
    talk.sees(result, |found| found.reply_to == Some(said) && found.text.contains(result)).await;
    let answers = talk.answers_to(said);
    let is_announced = |text: &str| text.lines().next().is_some_and(|line| line.contains("succeeded after"));
    answers.iter().filter(|answer| !is_announced(&answer.text)).count() - 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_and_no_accepted_task_is_lost_or_doubled() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let worker = ground.start_as(&["worker"]);
    let mut leader = ground.start_in("first", &[]);
    leader.logs("this bot leads").await;
    let mut next = ground.start_in("second", &[]);
    for round in 0..2 {
        next.logs("leads, this bot follows").await;
        let talk = ground.private(&leader, ann);
        talk.says("fib 10").await;
        // Small ones are computed by the bot, large ones by the worker; all of them are on their way at once.
        let small: Vec<_> = (0..60).map(|_| talk.writes("fib 90")).collect();
        let large: Vec<_> = (0..6).map(|_| talk.writes("fib 1000000")).collect();
        talk.answer_to(small[20]).await;
        leader.kill();
        let took = leads(&next, Instant::now()).await;
        print(&format!("{took:.1?} from SIGKILL of the leader to the start of the next one"));
        let talk = ground.private(&next, ann);
        let mut doubled = 0;
        for said in small {
            doubled += ends(&talk, said, "1779979416004714189").await;
        }
        for said in large {
            doubled += ends(&talk, said, "The 1000000th fibonacci number is").await;
        }
        assert!(doubled <= 1, "{doubled} answers came twice; only the one on its way may");
        let again = ground.start_in(["first", "second"][round], &[]);
        leader = std::mem::replace(&mut next, again);
    }
    let dash = ground.private(&leader, ann).says("dash").await.text;
    assert!(dash.starts_with("Board: 135 tasks, 0 running, 0 queued"), "{dash}");
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_scheduled_is_scheduled_at_the_next_one() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let (first, second) = pair(&ground).await;
    let talk = ground.private(&first, ann);
    for command in ["every 6h fib 10", "every 7h fib 11", "unschedule 1"] {
        talk.says(command).await;
    }
    first.kill();
    leads(&second, Instant::now()).await;
    let talk = ground.private(&second, ann);
    let all = talk.says("schedules").await.text;
    assert!(all.starts_with("1 schedule:\n2: every 7h fib 11 · Ann · next "), "{all}");
    assert!(talk.says("every 8h fib 12").await.text.starts_with("Schedule 3: every 8h fib 12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_frozen_finds_out_and_ends_and_what_it_was_told_is_done_once() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let (first, second) = pair(&ground).await;
    let talk = ground.private(&first, ann);
    talk.says("fib 10").await;
    // It has much to say, and is about to when it is frozen.
    let wait = Fault::on("sendMessage").always().answer(Failure::TooManyRequests { retry_after: 1 });
    let refused = ground.telegram.fault(wait);
    let unsaid: Vec<_> = (0..10).map(|_| talk.writes("fib 20")).collect();
    until(BOUND, "it tries to say something", async || refused.count() > 0).await;
    first.pause();
    ground.telegram.clear_faults();
    let said = ground.private(&second, ann).writes("fib 90");
    leads(&second, Instant::now()).await;
    let talk = ground.private(&second, ann);
    assert_eq!(ends(&talk, said, "1779979416004714189").await, 0);
    for said in &unsaid {
        assert_eq!(ends(&talk, *said, "is 4181").await, 0);
    }
    first.resume();
    let (status, log) = first.ended().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("this bot does not lead any more"), "{log}");
    assert_eq!(ends(&talk, said, "1779979416004714189").await, 0);
    for said in &unsaid {
        assert_eq!(ends(&talk, *said, "is 4181").await, 0);
    }
    assert!(talk.says("dash").await.text.starts_with("Board: 13 tasks"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_lead_any_more_calls_telegram_no_more() {
    let Some(server) = Nats::start() else { return };
    let timings = LeaseTimings { lasts: Duration::from_mins(1), ..LeaseTimings::default() };
    let leases = Leases::open(&connect(&server.url()).await, timings).await.unwrap();
    let lease = leases.take("here").await.unwrap().unwrap();
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    let mut config = config(&[]);
    config.api_url = sandbox.url().parse().unwrap();
    config.token = SandboxOptions::default().token.parse().unwrap();
    let api = Api::new(&config, &Secret::default()).unwrap().within(Some(lease.term().clone()));
    let nothing = json!({});
    let call = || api.json::<Value>("getMe", &nothing, BOUND);
    call().await.unwrap();
    lease.lost().cancel();
    let mut late = Box::pin(call());
    assert!(futures_util::poll!(&mut late).is_pending());
    // Another's answer comes: that one's would have come before it.
    let other = Api::new(&config, &Secret::default()).unwrap();
    other.json::<Value>("getMe", &nothing, BOUND).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(100), late).await;
    assert!(more.is_err(), "it was answered");
    assert_eq!(sandbox.telegram().view(|view| view.count_calls("getMe")), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_tells_how_far_it_is_behind() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let (wire, web) = (Wire::to(nats.addr()).await, Web::new());
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    let here = [("JOBBOARD_NATS_URL", &*wire.url()), ("JOBBOARD_HTTP_ADDR", &*web.addr.to_string())];
    let second = ground.start_in("second", &here);
    second.logs("leads, this bot follows").await;
    ground.private(&first, ann).says("fib 10").await;
    let behind = async |series: &str| web.metrics().await.value(&format!("standby_behind_{series}"));
    let has_all = async || behind("entries").await + behind("seconds").await == 0.0;
    until(BOUND, "it has all", has_all).await;
    wire.cut();
    // Longer than one look takes to fail.
    web.counted("standby_behind_seconds", 8.0).await;
    assert_eq!(behind("entries").await, 0.0, "it knows of no more");
    wire.mend();
    until(BOUND, "it has all again", has_all).await;
    // What it cannot read.
    let (jetstream, id) = (nats.jetstream().await, SandboxOptions::default().token);
    let id = id.split(':').next().unwrap();
    let log = jetstream.get_stream(format!("jobboard-{id}-store")).await.unwrap();
    let last = log.get_info().await.unwrap().state.last_sequence;
    let last = log.get_raw_message(last).await.unwrap();
    let mut head = HeaderMap::new();
    head.insert("Jobboard-Head", last.headers.get("Jobboard-Head").unwrap().as_str());
    for _ in 0..3 {
        let sent = jetstream.publish_with_headers(last.subject.clone(), head.clone(), "no rows".into());
        sent.await.unwrap().await.unwrap();
    }
    web.counted("standby_behind_entries", 3.0).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_takes_only_small_messages_is_told_of() {
    let server = Nats::start_with(|port, folder| {
        let store = folder.display();
        Some(format!(
            "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{store}\" }}\nmax_payload: 262144\n"
        ))
    });
    let Some(nats) = server else { return };
    let (ground, _) = ground(&nats).await;
    let bot = ground.start_in("first", &[]);
    bot.logs("max_payload is 262144 bytes, and has to be 655360 or more").await;
    let (status, told, _) = output(beside(&ground, &["check"])).await;
    assert_eq!(status, Some(2), "{told}");
    let line =
        format!("wrong    NATS: {}: max_payload is 262144 bytes, 655360 or more are wanted", nats.url());
    assert!(told.contains(&line), "{told}");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_cannot_go_on_keeps_nobody_from_leading() {
    let Some(nats) = Nats::start() else { return };
    let (ground, _) = ground(&nats).await;
    let token = SandboxOptions::default().token;
    let id = token.split(':').next().unwrap();
    let wrong = format!("{id}:{}", "x".repeat(35));
    let (status, log) = ground.start_in("first", &[("TELOXIDE_TOKEN", &wrong)]).ended().await;
    assert!(!status.success(), "{log}");
    assert!(log.contains("this bot leads") && log.contains("TELOXIDE_TOKEN"), "{log}");
    let nats = connect_as(&nats.url(), id.parse().unwrap()).await;
    let leases = Leases::open(&nats, LeaseTimings::default()).await.unwrap();
    assert_eq!(leases.leader().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_in_good_order_is_followed_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    // It has nothing to begin with, and waits for somebody who has.
    let second = ground.start_in("second", &[]);
    second.logs("there is no store to follow yet").await;
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    second.logs("leads, this bot follows").await;
    ground.private(&first, ann).says("fib 10").await;
    first.stop().await;
    let took = leads(&second, Instant::now()).await;
    assert!(took < Duration::from_secs(6), "it took {took:?}");
    assert!(ground.private(&second, ann).says("job 1").await.text.contains("34"));
    second.stop().await;
}
