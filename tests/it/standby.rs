//! A bot that survives its host: a store that others follow, what of it does not fit, the lease, and take-overs of real
//! processes.

mod aside;
mod beside;
mod commit;
mod objects;
mod takeover;

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use async_nats::jetstream::stream::Stream;
use futures_util::future::join_all;
use jobboard::{
    job::{
        ChatId, Job, JobId, MessageId as JobMessageId, Number, Origin, Outcome, Output, Person, Spec, State,
    },
    lease::Term,
    metrics::Metrics,
    nats::{Nats as Connection, Options, Side},
    store::{
        Keep, Loaded, Store, Write,
        replica::{Follower, Step},
    },
    work::{Control, fib},
};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use crate::nats::{Nats, Wire, until};

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
    let options = Options { urls, creds: None, ca: None, replicas: 1, bot, side: Side::Bot, name };
    let nats = Connection::connect(&options).await.unwrap();
    nats.up().await;
    nats
}

/// A server, a way to it, and folders of so many bots; `None` where there is no `nats-server`.
async fn hosts<const N: usize>() -> Option<(Nats, Connection, [TempDir; N])> {
    let server = Nats::start()?;
    let nats = connect(&server.url()).await;
    Some((server, nats, std::array::from_fn(|_| folder())))
}

/// The log, as it is kept.
async fn log_of(server: &Nats) -> Stream {
    server.jetstream().await.get_stream("jobboard-42-store").await.unwrap()
}

/// A folder that follows.
async fn follow(folder: &TempDir, nats: &Connection) -> Follower {
    Follower::open(folder.path(), nats).await.unwrap()
}

/// A folder that follows, and has what there is.
async fn following(folder: &TempDir, nats: &Connection) -> Follower {
    let mut follower = follow(folder, nats).await;
    assert_eq!(follower.step().await.unwrap(), Step::Following);
    follower
}

/// A store that leads, as it is at the start.
struct Leader {
    store: Store,
    loaded: Loaded,
    term: Term,
}

impl Leader {
    /// Tasks are accepted, one after the other.
    async fn accepts(&self, ids: impl IntoIterator<Item = u64>) {
        for id in ids {
            self.store.write(accept(id)).await.unwrap();
        }
    }

    /// A task ends so.
    async fn finishes(&self, id: u64, outcome: Outcome) {
        let outcome = self.store.keep(CHAT, JobId(id), outcome).await.unwrap().into();
        let (started, finished) = (None, SystemTime::UNIX_EPOCH);
        let finish = Write::Finish { chat: CHAT, id: JobId(id), started, finished, outcome };
        self.store.write(finish).await.unwrap();
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.term.lost().cancel();
    }
}

/// Begins to lead, when all is there that the one before has written.
async fn lead(folder: &TempDir, mut follower: Follower, long: u64) -> Leader {
    let step = follower.step().await.unwrap();
    let term = Term::endless();
    let leading = follower.lead(step, term.clone(), long).await.unwrap();
    let path = folder.path().to_owned();
    let open = move || Store::lead(&path, ALL, Metrics::new(), leading);
    let (store, loaded) = tokio::task::spawn_blocking(open).await.unwrap().unwrap();
    Leader { store, loaded, term }
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

/// Whether a store was put aside.
fn aside(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.into_iter().any(|name| name.to_string_lossy().contains("aside"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_leads_with_all_that_was_confirmed_and_the_one_before_cannot_write() {
    let Some((_server, nats, [first, second])) = hosts().await else { return };
    let mut other = follow(&second, &nats).await;
    assert_eq!(other.step().await.unwrap(), Step::Nothing);
    let leader = start(&first, &nats).await;
    assert_eq!(leader.loaded.jobs.len(), 0);
    leader.accepts(1..=20).await;
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
    tokio::time::timeout(BOUND, leader.term.lost().cancelled()).await.unwrap();
    let mut late = Box::pin(late);
    assert!(futures_util::poll!(&mut late).is_pending(), "somebody heard of a write that is nowhere");
    next.accepts([21]).await;
    close(next).await;
    let again = start(&second, &nats).await;
    assert_eq!(ids(&again.loaded), (1..=21).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_cut_and_who_comes_late_gets_all() {
    let Some((server, nats, [first, second, third])) = hosts().await else { return };
    let mut early = follow(&second, &nats).await;
    let leader = lead(&first, follow(&first, &nats).await, 20).await;
    assert_eq!(early.step().await.unwrap(), Step::Following);
    let (stop, keeper) = (CancellationToken::new(), leader.store.keeper().unwrap());
    let tending = tokio::spawn(keeper.tend(stop.clone()));
    let mut log = log_of(&server).await;
    let mut id = 0;
    // Each commit is an entry of its own.
    while log.info().await.unwrap().state.first_sequence < 15 {
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
    let Some((server, nats, [first])) = hosts().await else { return };
    for id in 1..=20 {
        let leader = lead(&first, follow(&first, &nats).await, 10).await;
        leader.store.write(accept(id)).await.unwrap();
        close(leader).await;
    }
    let leader = lead(&first, follow(&first, &nats).await, 10).await;
    leader.accepts([21]).await;
    let stop = CancellationToken::new();
    let tending = tokio::spawn(leader.store.keeper().unwrap().tend(stop.clone()));
    let mut log = log_of(&server).await;
    let is_cut = async || log.info().await.unwrap().state.first_sequence >= 20;
    until(BOUND, "the log is cut", is_cut).await;
    stop.cancel();
    tending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn long_results_are_there_when_somebody_else_leads() {
    let Some((_server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    let digits = fib::fib(3_000_000, &Control::default()).unwrap();
    let text = digits.here().unwrap().to_owned();
    let outcome = Outcome::Succeeded(Output::Numbers(vec![Number { n: 3_000_000, digits }]));
    leader.accepts([1]).await;
    leader.finishes(1, outcome).await;
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
    let Some((server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    let numbers = (0..400).map(|n| Number { n, digits: fib::fib(n, &Control::default()).unwrap() });
    let outcome = Outcome::Succeeded(Output::Numbers(numbers.collect()));
    leader.accepts([1, 2]).await;
    leader.finishes(2, outcome).await;
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
