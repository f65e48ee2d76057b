//! What it costs that nothing is lost, and how long a start takes.
//!
//! `cargo bench --bench store` measures at the board, without a Telegram in the way:
//!
//! - submissions from 200 chats, each of which waits for its acceptance before it sends the next, with the store and, in
//!   turns, without it; once jobs that only queue, once `fib 10`, which is also run and recorded;
//! - the start of a process on a store of 100,000 finished jobs: time, and peak memory.
//!
//! The store is in the system's folder for temporary files: on a disk, where that is one.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's terminal")]

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jobboard::{
    board::{Boards, Filter, Limits},
    config::Cli,
    job::{ChatId, JobId, MessageId, Origin, Person, Spec},
    store::{Keep, Store, Write},
    telegram::{Outbox, Settings, api::Api},
    work::{CpuPool, Engine, PokeApi, PokeApiTimings, Work},
};

#[path = "loopback/stats.rs"]
mod stats;

use stats::Times;

const CHATS: i64 = 200;
/// Submissions of one chat.
const EACH: i32 = 250;
const PAIRS: usize = 3;
/// Jobs of the store that is loaded: 1,000 chats with 100 each.
const LOADED: (i64, i32) = (1_000, 100);
/// Nothing is dropped.
const KEEP: Keep =
    Keep { jobs: usize::MAX, time: Duration::from_hours(24), bytes: u64::MAX, away: Duration::MAX };
/// The argument that makes this program the one that starts; the folder follows it.
const START: &str = "--start";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let [argument, folder] = &words[..]
        && argument == START
    {
        let _inside = runtime.enter();
        return start(Path::new(folder));
    }
    println!("{}", stats::machine());
    runtime.block_on(async {
        for (name, spec) in
            [("jobs that queue", Spec::Fib(5_000)), ("\"fib 10\", run to its end", Spec::Fib(10))]
        {
            submissions(name, &spec).await;
        }
        load().await;
    });
}

async fn submissions(name: &str, spec: &Spec) {
    println!("\nSubmissions: {CHATS} chats x {EACH}, {name}; {}", stats::load());
    println!(
        "          with the store: accepted/s, p50, p99 of acceptance in ms | without: the same | ratio"
    );
    let mut ratios = Vec::new();
    for pair in 1..=PAIRS {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path(), KEEP).expect("a store");
        let (on, on_waits) = submit_all(store.clone(), spec).await;
        tokio::task::spawn_blocking(move || store.close()).await.expect("the store closes");
        let (off, off_waits) = submit_all(Store::none(), spec).await;
        println!("pair {pair}: with    {on:8.0} accepted/s, acceptance {}", on_waits.line());
        println!(
            "        without {off:8.0} accepted/s, acceptance {}; ratio {:.2}",
            off_waits.line(),
            on / off
        );
        ratios.push(on / off);
    }
    println!("median ratio: {:.2}", stats::median(ratios));
}

/// Accepted a second, and the waits for acceptance.
async fn submit_all(store: Store, spec: &Spec) -> (f64, Times) {
    let boards = boards(store);
    let begun = Instant::now();
    let mut chats = tokio::task::JoinSet::new();
    for chat in 1..=CHATS {
        let (boards, spec) = (boards.clone(), spec.clone());
        chats.spawn(async move {
            let mut waits = Vec::new();
            for message in 1..=EACH {
                let asked = Instant::now();
                let accepted = boards.submit(ChatId(chat), person(chat), origin(message), spec.clone()).await;
                accepted.expect("it is accepted");
                waits.push(asked.elapsed());
            }
            waits
        });
    }
    let waits = chats.join_all().await.concat();
    let took = begun.elapsed().as_secs_f64();
    // Their ends are not what is measured.
    boards.stop(Duration::from_secs(10)).await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = waits.len() as f64;
    (count / took, Times::new(waits))
}

fn boards(store: Store) -> Arc<Boards> {
    let limits = Limits {
        max_fib: 1_000_000,
        max_live_jobs: usize::MAX,
        max_live_person: usize::MAX,
        max_members: usize::MAX,
        max_live_jobs_all: usize::MAX,
        max_unsaid: Duration::MAX,
        job_timeout: Duration::from_mins(10),
        // None: what needs a worker stays in the line.
        cpu_slots: 0,
        memory: u64::MAX,
        io_slots: 1,
        keep_jobs: 1_000,
        max_attempts: 3,
        store_again: Duration::from_secs(1),
        fleet_told: Duration::from_secs(1),
    };
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).expect("a client");
    let work = Work::new(CpuPool::new(1).expect("a thread"), Engine::new(), pokeapi);
    Boards::new(work, store, limits)
}

/// Fills a store and starts a process on it, three times.
async fn load() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path()).await;
    println!("\nStart: a store of {} finished jobs; {}", LOADED.0 * i64::from(LOADED.1), stats::load());
    for _ in 0..3 {
        let program = std::env::current_exe().expect("its own path");
        let output = Command::new(program).arg(START).arg(folder.path()).output().expect("it starts");
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

async fn fill(folder: &Path) {
    let (store, _) = Store::open(folder, KEEP).expect("a store");
    let boards = boards(store.clone());
    let mut chats = tokio::task::JoinSet::new();
    for chat in 1..=LOADED.0 {
        let boards = boards.clone();
        chats.spawn(async move {
            for message in 1..=LOADED.1 {
                let spec = Spec::Fib(u64::from(message.unsigned_abs()) * 10);
                boards
                    .submit(ChatId(chat), person(chat), origin(message), spec)
                    .await
                    .expect("it is accepted");
            }
        });
    }
    chats.join_all().await;
    boards.stop(Duration::from_mins(1)).await;
    for chat in 1..=LOADED.0 {
        for id in 1..=LOADED.1 {
            let card = Write::Card {
                chat: ChatId(chat),
                id: JobId(u64::from(id.unsigned_abs())),
                message: Some(MessageId(10_000 + id)),
                done: true,
            };
            drop(store.write(card));
        }
    }
    tokio::task::spawn_blocking(move || store.close()).await.expect("the store closes");
}

/// What a bot does with its store before it reads the first update.
fn start(folder: &Path) {
    let begun = Instant::now();
    let (store, loaded) = Store::open(folder, KEEP).expect("a store");
    let boards = boards(store.clone());
    boards.restore(&loaded);
    let config = Cli::read(["jobboard".into()]).expect("the defaults").config;
    let settings = Arc::new(Settings::new(store.clone(), &loaded));
    let outbox = Outbox::new(
        Api::new(&config, &jobboard::store::Secret::default()).expect("a client"),
        boards.clone(),
        store,
        settings,
        &config,
    );
    outbox.restore(&loaded);
    let jobs = loaded.jobs.len();
    drop(loaded);
    let took = begun.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim();
    println!("{jobs} jobs in {:.3} s, peak memory {peak}", took.as_secs_f64());
    assert!(boards.page(ChatId(1), 0, Filter::All).total > 0);
}

fn person(chat: i64) -> Person {
    Person { id: chat, name: format!("Person {chat}") }
}

fn origin(message: i32) -> Origin {
    Origin { message: MessageId(message), thread: None, callback: None }
}
