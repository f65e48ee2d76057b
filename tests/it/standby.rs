//! A bot that survives its host: a store that others follow, the lease, and take-overs of real processes.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use futures_util::{StreamExt, future::join_all};
use jobboard::{
    job::{
        ChatId, Job, JobId, MessageId as JobMessageId, Number, Origin, Outcome, Output, Person, Spec, State,
    },
    lease::{LeaseTimings, Leases},
    metrics::Metrics,
    nats::{Nats as Connection, Options},
    sandbox::{MessageId, Options as SandboxOptions, PersonId},
    store::{
        Keep, Loaded, Store, Write,
        replica::{Follower, ReplicaError, Step},
    },
    work::{Control, fib},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use crate::{
    nats::{Nats, Wire},
    process::{Bot, Ground, Talk},
};

const CHAT: ChatId = ChatId(-100_200);
const ALL: Keep = Keep { jobs: usize::MAX, time: Duration::MAX, bytes: u64::MAX, away: Duration::MAX };
/// More entries than any of these tests makes.
const NEVER: u64 = u64::MAX;
/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_secs(30);

async fn connect(url: &str) -> Connection {
    connect_as(url, 42).await
}

async fn connect_as(url: &str, bot: u64) -> Connection {
    let (urls, name) = (vec![url.to_owned()], "test".to_owned());
    let options = Options { urls, creds: None, ca: None, replicas: 1, bot, name };
    let nats = Connection::connect(&options).await.unwrap();
    nats.up().await;
    nats
}

/// A folder that follows.
async fn follow(folder: &TempDir, nats: &Connection) -> Follower {
    Follower::open(folder.path(), nats).await.unwrap()
}

/// A store that leads, as it is at the start.
struct Leader {
    store: Store,
    loaded: Loaded,
    lost: CancellationToken,
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.lost.cancel();
    }
}

/// Begins to lead, when all is there that the one before has written.
async fn lead(folder: &TempDir, mut follower: Follower, long: u64) -> Leader {
    let step = follower.step().await.unwrap();
    let lost = CancellationToken::new();
    let leading = follower.lead(step, lost.clone(), long).await.unwrap();
    let path = folder.path().to_owned();
    let open = move || Store::lead(&path, ALL, Metrics::new(), leading);
    let (store, loaded) = tokio::task::spawn_blocking(open).await.unwrap().unwrap();
    Leader { store, loaded, lost }
}

async fn start(folder: &TempDir, nats: &Connection) -> Leader {
    lead(folder, follow(folder, nats).await, NEVER).await
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn accept(id: u64) -> Write {
    let origin = Origin { message: JobMessageId(i32::try_from(id).unwrap()), thread: None, callback: None };
    let person = Person { id: 7, name: "Ann".to_owned() };
    let (spec, submitted) = (Spec::Fib(100 + id), SystemTime::UNIX_EPOCH);
    let job = Job { id: JobId(id), spec, person, origin, submitted, attempt: 0, state: State::Queued };
    Write::Accept(CHAT, Box::new(job))
}

fn long(answer: u64, bytes: usize) -> Write {
    Write::Say { chat: CHAT, answer, body: "x".repeat(bytes), instead: None }
}

fn ids(loaded: &Loaded) -> Vec<u64> {
    loaded.jobs.iter().map(|job| job.job.id.0).collect()
}

/// Closed in good order, so that the folder can be used again.
async fn close(leader: Leader) {
    let store = leader.store.clone();
    tokio::task::spawn_blocking(move || store.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_leads_with_all_that_was_confirmed_and_the_one_before_cannot_write() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    let mut other = follow(&second, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Nothing);
    let leader = start(&first, &nats).await;
    assert_eq!(leader.loaded.jobs.len(), 0);
    for id in 1..=20 {
        leader.store.write(accept(id)).await.unwrap();
    }
    assert_eq!(other.step().await.unwrap(), Step::Following);
    // What comes in many pieces comes whole.
    let large: Vec<_> = (1..=8).map(|answer| leader.store.write(long(answer, 300_000))).collect();
    assert!(join_all(large).await.into_iter().all(|written| written.is_ok()));

    let next = lead(&second, other, NEVER).await;
    assert_eq!(ids(&next.loaded), (1..=20).collect::<Vec<_>>());
    assert_eq!(next.loaded.answers.len(), 8);
    assert!(next.loaded.answers.iter().all(|answer| answer.2.len() == 300_000));
    assert!(next.loaded.secret == leader.loaded.secret, "buttons of before mean nothing");

    // Nothing is said of what the one before still wants to write: it is not confirmed, and not refused either.
    let late = leader.store.write(accept(21));
    tokio::time::timeout(BOUND, leader.lost.cancelled()).await.unwrap();
    let mut late = Box::pin(late);
    assert!(futures_util::poll!(&mut late).is_pending(), "somebody heard of a write that is nowhere");
    next.store.write(accept(21)).await.unwrap();
    close(next).await;
    let again = start(&second, &nats).await;
    assert_eq!(ids(&again.loaded), (1..=21).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_cut_and_who_comes_late_gets_all() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second, third) = (folder(), folder(), folder());
    let mut early = follow(&second, &nats).await;
    let leader = lead(&first, follow(&first, &nats).await, 20).await;
    assert_eq!(early.step().await.unwrap(), Step::Following);
    let (stop, keeper) = (CancellationToken::new(), leader.store.keeper().unwrap());
    let tending = tokio::spawn(keeper.tend(stop.clone()));
    let stream = server.jetstream().await;
    let mut stream = stream.get_stream("jobboard-42-store").await.unwrap();
    let mut id = 0;
    // Each commit is an entry of its own.
    while stream.info().await.unwrap().state.first_sequence < 15 {
        id += 1;
        assert!(id < 2_000, "the log is not cut");
        leader.store.write(accept(id)).await.unwrap();
    }
    stop.cancel();
    tending.await.unwrap();
    let all: Vec<_> = (1..=id).collect();
    // Who followed before has missed what is not there any more.
    assert_eq!(early.step().await.unwrap(), Step::Following);
    let late = lead(&third, follow(&third, &nats).await, NEVER).await;
    assert_eq!(ids(&late.loaded), all);
    assert_eq!(ids(&lead(&second, early, NEVER).await.loaded), all);
    assert!(!aside(second.path()), "what the log had is no other store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_cut_though_nobody_leads_for_long() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let first = folder();
    for id in 1..=20 {
        let leader = lead(&first, follow(&first, &nats).await, 10).await;
        leader.store.write(accept(id)).await.unwrap();
        close(leader).await;
    }
    let leader = lead(&first, follow(&first, &nats).await, 10).await;
    leader.store.write(accept(21)).await.unwrap();
    let stop = CancellationToken::new();
    let tending = tokio::spawn(leader.store.keeper().unwrap().tend(stop.clone()));
    let mut stream = server.jetstream().await.get_stream("jobboard-42-store").await.unwrap();
    let cut = async {
        while stream.info().await.unwrap().state.first_sequence < 20 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, cut).await.expect("the log is never cut");
    stop.cancel();
    tending.await.unwrap();
}

/// Whether a store was put aside.
fn aside(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.into_iter().any(|name| name.to_string_lossy().contains("aside"))
}

#[tokio::test(flavor = "multi_thread")]
async fn long_results_are_there_when_somebody_else_leads() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    let leader = start(&first, &nats).await;
    let digits = fib::fib(3_000_000, &Control::default()).unwrap();
    let text = digits.here().unwrap().to_owned();
    let outcome = Outcome::Succeeded(Output::Numbers(vec![Number { n: 3_000_000, digits }]));
    leader.store.write(accept(1)).await.unwrap();
    let outcome = leader.store.keep(CHAT, JobId(1), outcome).await.unwrap().into();
    let (started, finished) = (None, SystemTime::UNIX_EPOCH);
    leader.store.write(Write::Finish { chat: CHAT, id: JobId(1), started, finished, outcome }).await.unwrap();
    drop((leader, first));

    let next = start(&second, &nats).await;
    let State::Finished { outcome, .. } = &next.loaded.jobs[0].job.state else {
        panic!("it has not finished")
    };
    let Outcome::Succeeded(Output::Numbers(numbers)) = outcome.as_ref() else { panic!("{outcome:?}") };
    let mut found = String::new();
    std::io::Read::read_to_string(&mut next.store.digits(&numbers[0].digits).unwrap().unwrap(), &mut found)
        .unwrap();
    assert!(found == text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_result_may_still_come_is_not_forgotten() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    let leader = start(&first, &nats).await;
    let numbers = (0..400).map(|n| Number { n, digits: fib::fib(n, &Control::default()).unwrap() });
    let outcome = Outcome::Succeeded(Output::Numbers(numbers.collect()));
    for id in [1, 2] {
        leader.store.write(accept(id)).await.unwrap();
    }
    let outcome = leader.store.keep(CHAT, JobId(2), outcome).await.unwrap().into();
    let (started, finished) = (None, SystemTime::UNIX_EPOCH);
    leader.store.write(Write::Finish { chat: CHAT, id: JobId(2), started, finished, outcome }).await.unwrap();
    let files = server.jetstream().await.get_object_store("jobboard-42-files").await.unwrap();
    let (name, mut bytes) = (format!("{}-2.json", CHAT.0), Vec::new());
    files.get(&name).await.unwrap().read_to_end(&mut bytes).await.unwrap();
    files.delete(&name).await.unwrap();
    drop((leader, first));

    // It keeps nobody from leading.
    let next = start(&second, &nats).await;
    assert_eq!(ids(&next.loaded), [1]);
    assert_eq!(next.loaded.last_ids, [(CHAT, JobId(2))], "another task gets its number");
    close(next).await;
    files.put(name.as_str(), &mut bytes.as_slice()).await.unwrap();
    let again = start(&second, &nats).await;
    assert_eq!(ids(&again.loaded), [1, 2]);
    assert!(matches!(again.loaded.jobs[1].job.state, State::Finished { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nats_is_away_nothing_is_confirmed_and_nothing_is_lost_or_doubled() {
    let Some(server) = Nats::start() else { return };
    let wire = Wire::to(server.addr()).await;
    let nats = connect(&wire.url()).await;
    let (first, second) = (folder(), folder());
    let leader = start(&first, &nats).await;
    let mut id = 0;
    for _ in 0..10 {
        // Some of them are on their way when it is cut: they may have arrived without an answer.
        let writes: Vec<_> = (0..300)
            .map(|_| {
                id += 1;
                leader.store.write(accept(id))
            })
            .collect();
        wire.cut();
        id += 1;
        let mut waiting = Box::pin(leader.store.write(accept(id)));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        wire.mend();
        assert!(join_all(writes).await.into_iter().all(|written| written.is_ok()));
        waiting.await.unwrap();
    }
    let straight = connect(&server.url()).await;
    let next = start(&second, &straight).await;
    assert_eq!(ids(&next.loaded), (1..=id).collect::<Vec<_>>());
}

/// A wire on which answers can be lost while questions arrive.
struct Deaf {
    url: String,
    hears: watch::Sender<bool>,
    whole: CancellationToken,
}

impl Deaf {
    async fn to(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let (hears, state) = watch::channel(true);
        let whole = CancellationToken::new();
        let first = whole.clone();
        tokio::spawn(async move {
            let mut cut = Some(first);
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(addr).await.unwrap();
                let (cut, state) = (cut.take().unwrap_or_default(), state.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = cut.cancelled() => {}
                        () = both(near, far, state) => {}
                    }
                });
            }
        });
        Self { url, hears, whole }
    }
}

async fn both(near: TcpStream, far: TcpStream, hears: watch::Receiver<bool>) {
    let ((mut asked, mut told), (mut answers, mut asks)) = (near.into_split(), far.into_split());
    let answers = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = answers.read(&mut bytes).await {
            if *hears.borrow() {
                told.write_all(&bytes[..count]).await.ok();
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut asked, &mut asks) => {}
        () = answers => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_known_again() {
    let Some(server) = Nats::start() else { return };
    let wire = Deaf::to(server.addr()).await;
    let (nats, folders) = (connect(&wire.url).await, [folder(), folder()]);
    let leader = start(&folders[0], &nats).await;
    let jetstream = server.jetstream().await;
    let mut stream = jetstream.get_stream("jobboard-42-store").await.unwrap();
    let before = stream.info().await.unwrap().state.last_sequence;
    wire.hears.send_replace(false);
    let write = leader.store.write(accept(1));
    while stream.info().await.unwrap().state.last_sequence == before {
        tokio::task::yield_now().await;
    }
    wire.hears.send_replace(true);
    wire.whole.cancel();
    tokio::time::timeout(BOUND, write).await.expect("it takes its own entry for somebody else's").unwrap();
    assert!(!leader.lost.is_cancelled());
    leader.store.write(accept(2)).await.unwrap();
    let next = start(&folders[1], &connect(&server.url()).await).await;
    assert_eq!(ids(&next.loaded), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_in_the_folder_is_put_aside_and_one_that_is_alone_is_led() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    // Both were bots of their own until now.
    for (folder, jobs) in [(&first, 3), (&second, 5)] {
        let (store, _) = Store::open(folder.path(), ALL).unwrap();
        for id in 1..=jobs {
            store.write(accept(id)).await.unwrap();
        }
        store.close();
    }
    let leader = start(&first, &nats).await;
    assert_eq!(ids(&leader.loaded), [1, 2, 3]);
    assert!(!aside(first.path()));
    drop(leader);
    let next = start(&second, &nats).await;
    assert_eq!(ids(&next.loaded), [1, 2, 3]);
    assert!(aside(second.path()), "five jobs are gone");
    // What is done beside the log is no part of it.
    close(next).await;
    let (store, _) = Store::open(second.path(), ALL).unwrap();
    store.write(accept(4)).await.unwrap();
    store.close();
    let again = start(&second, &nats).await;
    assert_eq!(ids(&again.loaded), [1, 2, 3]);
}

/// NATS loses all of the log but the first entries.
async fn lose_the_end(server: &Nats, kept: u64) {
    let jetstream = server.jetstream().await;
    let stream = jetstream.get_stream("jobboard-42-store").await.unwrap();
    let config = stream.get_info().await.unwrap().config;
    let mut entries = Vec::new();
    for sequence in 1..=kept {
        entries.push(stream.get_raw_message(sequence).await.unwrap());
    }
    jetstream.delete_stream(&config.name).await.unwrap();
    jetstream.create_stream(config).await.unwrap();
    for entry in entries {
        let sent = jetstream.publish_with_headers(entry.subject, entry.headers, entry.payload).await.unwrap();
        assert_eq!(sent.await.unwrap().sequence, entry.sequence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nats_has_lost_of_the_log_is_still_led_by_who_confirmed_it() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    let leader = start(&first, &nats).await;
    for id in 1..=9 {
        leader.store.write(accept(id)).await.unwrap();
    }
    let mut other = follow(&second, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    lose_the_end(&server, 5).await;
    // Whoever leads finds out, instead of waiting for ever.
    let mut late = Box::pin(leader.store.write(accept(10)));
    tokio::time::timeout(BOUND, leader.lost.cancelled()).await.expect("it goes on as if it could lead");
    assert!(futures_util::poll!(&mut late).is_pending());
    // Who has followed leaves it to the one who has led.
    assert_eq!(other.step().await.unwrap(), Step::Nothing);
    assert!(!other.has_own());
    close(leader).await;
    let follower = follow(&first, &nats).await;
    assert!(follower.has_own());
    let again = lead(&first, follower, NEVER).await;
    assert_eq!(ids(&again.loaded), (1..=9).collect::<Vec<_>>());
    assert!(!aside(first.path()));
    again.store.write(accept(10)).await.unwrap();
    assert_eq!(other.step().await.unwrap(), Step::Following);
    assert_eq!(ids(&lead(&second, other, NEVER).await.loaded), (1..=10).collect::<Vec<_>>());
    assert!(aside(second.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_others_went_on_after_nats_lost_the_end_of_the_log_what_was_confirmed_is_put_aside() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second, third) = (folder(), folder(), folder());
    let leader = start(&first, &nats).await;
    for id in 1..=9 {
        leader.store.write(accept(id)).await.unwrap();
    }
    let mut other = follow(&third, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    close(leader).await;
    drop(other);
    lose_the_end(&server, 5).await;
    // A snapshot of what is lost is none.
    let snapshots = server.jetstream().await.get_object_store("jobboard-42-snapshots").await.unwrap();
    let snapshot = snapshots.list().await.unwrap().next().await.unwrap().unwrap().name;
    let lost = snapshot.replace(".1", ".9");
    assert_ne!(lost, snapshot);
    snapshots.put(lost.as_str(), &mut "what is lost".as_bytes()).await.unwrap();
    let next = start(&second, &nats).await;
    let known: Vec<_> = ids(&next.loaded);
    assert_eq!(known, [1, 2, 3, 4]);
    next.store.write(accept(20)).await.unwrap();
    // It is ahead of a log that somebody else has written to.
    let mut before = follow(&first, &nats).await;
    assert_eq!(before.step().await.unwrap(), Step::Following);
    assert!(aside(first.path()), "nine jobs are gone");
    // Now the log has entries of the same numbers.
    for id in 21..=30 {
        next.store.write(accept(id)).await.unwrap();
    }
    let mut other = follow(&third, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    assert!(aside(third.path()), "nine jobs are gone");
    let all: Vec<_> = (1..=4).chain(20..=30).collect();
    assert_eq!(ids(&lead(&third, other, NEVER).await.loaded), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_fit_the_log_is_copied_anew() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    let leader = start(&first, &nats).await;
    leader.store.write(accept(1)).await.unwrap();
    let mut other = follow(&second, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    // Somebody has been at it: the next job's number is taken.
    let by_hand = rusqlite::Connection::open(second.path().join(Store::FILE)).unwrap();
    assert_eq!(by_hand.execute("UPDATE job SET id = 2", []).unwrap(), 1);
    drop(by_hand);
    leader.store.write(accept(2)).await.unwrap();
    assert_eq!(other.step().await.unwrap(), Step::Following);
    assert!(aside(second.path()));
    assert_eq!(ids(&lead(&second, other, NEVER).await.loaded), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_newer_tables_is_left_alone() {
    let Some(server) = Nats::start() else { return };
    let nats = connect(&server.url()).await;
    let (first, second) = (folder(), folder());
    drop(start(&first, &nats).await);
    let head = r#"{"history":"h","schema":99,"writer":"w","kind":"Snapshot"}"#;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Jobboard-Head", head);
    let jetstream = server.jetstream().await;
    let sent = jetstream.publish_with_headers("jobboard.42.store", headers, "".into()).await.unwrap();
    sent.await.unwrap();
    let mut follower = follow(&second, &nats).await;
    assert_eq!(follower.step().await, Err(ReplicaError::Newer(99)));
}

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
    let next = loop {
        if let Some(next) = there.take("there").await.unwrap() {
            break next;
        }
        tokio::time::sleep(timings.again).await;
    };
    assert!(lease.lost().is_cancelled(), "two think that they have it");
    let begun = Instant::now();
    lease.give_back().await;
    assert!(begun.elapsed() < Duration::from_secs(3), "it waits for NATS to give back what is gone");
    // Who gives it back keeps nobody waiting.
    next.give_back().await;
    assert!(there.take("third").await.unwrap().is_some());
}

/// What two bots on two hosts share.
async fn ground(nats: &Nats) -> (Ground, PersonId) {
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

/// Waits until this one leads, and gives how long that took since then.
async fn leads(bot: &Bot, since: Instant) -> Duration {
    bot.logs("started bot=").await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(20), "it took {took:?} to take over");
    took
}

/// Who said this has one answer, and it holds what was to be found. Gives the answers that are too many: that the end of a
/// task of over 10 s is announced beside its card is none.
async fn ends(talk: &Talk<'_>, said: MessageId, result: &str) -> usize {
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
async fn a_leader_that_was_frozen_finds_out_and_ends_and_what_it_was_told_is_done_once() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    let second = ground.start_in("second", &[]);
    second.logs("leads, this bot follows").await;
    ground.private(&first, ann).says("fib 10").await;
    first.pause();
    let said = ground.private(&second, ann).writes("fib 90");
    leads(&second, Instant::now()).await;
    let talk = ground.private(&second, ann);
    assert_eq!(ends(&talk, said, "1779979416004714189").await, 0);
    first.resume();
    let (status, log) = first.ended().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("this bot does not lead any more"), "{log}");
    assert_eq!(talk.answers_to(said).len(), 1);
    assert!(talk.says("dash").await.text.starts_with("Board: 3 tasks"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leads_beside_a_bot_that_was_forgotten_to_be_followed() {
    let Some(nats) = Nats::start() else { return };
    let (mut ground, _) = ground(&nats).await;
    ground.set("JOBBOARD_STANDBY", "false");
    let id = SandboxOptions::default().token.split(':').next().unwrap().parse().unwrap();
    let alone = ground.start_in("first", &[]);
    leads(&alone, Instant::now()).await;
    // It says so when it has the lease.
    let leases = Leases::open(&connect_as(&nats.url(), id).await, LeaseTimings::default()).await.unwrap();
    while leases.leader().await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    // It has a store of its own, too: nothing but the lease keeps it from leading.
    let own = ground.start_in("second", &[("JOBBOARD_ROLE", "all")]);
    leads(&own, Instant::now()).await;
    own.stop().await;
    let next = ground.start_in("second", &[("JOBBOARD_STANDBY", "true")]);
    next.logs("leads, this bot follows").await;
    alone.stop().await;
    leads(&next, Instant::now()).await;
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
