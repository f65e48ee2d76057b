//! What a board costs: memory a job, a page of it, a place in a long line.
//!
//! `cargo bench --bench board` measures, without a Telegram and a store in the way:
//!
//! - memory: 100,000 finished `fib 100` on 1 board and on 1,000, each in a process of its own, with and without what their
//!   results take by themselves;
//! - pages (`Boards::page`, as a dash asks for them) of boards with 10, 1,000 and 100,000 jobs, with and without a filter;
//! - the line: 100,000 jobs of 1,000 chats that wait for a slot: to line up, to look at a page of them with their
//!   places, to be killed.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's terminal")]

#[path = "common/limits.rs"]
mod limits;

use std::{
    hint::black_box,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jobboard::{
    board::{Boards, Filter},
    job::{ChatId, Digits, JobId, MessageId, Number, Origin, Outcome, Output, Person, Spec},
    store::Store,
    work::{Control, CpuPool, Engine, PokeApi, PokeApiTimings, Work},
};

use self::limits::unlimited;

const JOBS: i32 = 100_000;
const SIZES: [i32; 3] = [10, 1_000, JOBS];
/// People of a chat.
const PEOPLE: i32 = 20;
/// The argument that makes this program the one that is measured; a number of chats follows it, 0 for results alone.
const MEASURE: &str = "--measure";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let [argument, chats] = &words[..]
        && argument == MEASURE
    {
        return runtime.block_on(measure(chats.parse().expect("a number")));
    }
    memory();
    runtime.block_on(async {
        pages().await;
        line().await;
    });
}

fn memory() {
    let measured = |chats: i32| -> i64 {
        let program = std::env::current_exe().expect("its own path");
        let output = Command::new(program).args([MEASURE, &chats.to_string()]).output().expect("it starts");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
    };
    println!("Memory a job, {JOBS} finished `fib 100`, in bytes");
    let results = measured(0);
    for chats in [1, 1_000] {
        let all = measured(chats);
        println!("{chats:5} boards: {all} with its result, {} without", all - results);
    }
    println!("a result by itself: {results}");
}

/// Prints the bytes that each job takes.
async fn measure(chats: i32) {
    let boards = boards(Engine::new());
    let before = resident();
    let mut kept = Vec::new();
    if chats == 0 {
        kept.reserve_exact(usize::try_from(JOBS).unwrap_or_default());
        kept.extend((0..JOBS).map(|_| {
            let digits = Digits::from(218_922_995_834_555_169_026_u128);
            Arc::new(Outcome::Succeeded(Output::Numbers(vec![Number { n: 100, digits }])))
        }));
    } else {
        for chat in 0..chats {
            fill(&boards, ChatId(chat.into()), JOBS / chats).await;
        }
    }
    // What is kept is neither dropped before it is measured, nor found to be of no use.
    println!("{}", (resident() - before) / i64::from(JOBS));
    drop(black_box(kept));
}

async fn pages() {
    println!("\nPages of a board, in microseconds");
    println!("    jobs |  newest |  oldest | finished | running | one person's");
    for jobs in SIZES {
        let (boards, chat) = (boards(Engine::new()), ChatId(1));
        fill(&boards, chat, jobs).await;
        let last = usize::try_from(jobs).unwrap_or_default() / 10;
        let looks = [
            (0, Filter::All),
            (last, Filter::All),
            (last / 2, Filter::Finished),
            (0, Filter::Running),
            (0, Filter::Of(1)),
        ];
        let [newest, oldest, finished, running, own] = looks
            .map(|(number, filter)| micros(2_000, || drop(black_box(boards.page(chat, number, filter)))));
        println!("{jobs:8} | {newest:7.2} | {oldest:7.2} | {finished:8.2} | {running:7.2} | {own:7.2}");
    }
}

async fn line() {
    const CHATS: i32 = 1_000;
    println!("\nA line of {JOBS} jobs, {CHATS} chats with {PEOPLE} people each; microseconds a job");
    let boards = boards(held());
    let begun = Instant::now();
    for job in 0..JOBS {
        submit(&boards, ChatId((job % CHATS).into()), job / CHATS, 5_000).await;
    }
    println!("to line up: {:.2}", begun.elapsed().as_secs_f64() * 1e6 / f64::from(JOBS));
    boards.pending_changes();
    let mut chat = 0;
    let page = micros(200, || {
        chat = (chat + 1) % CHATS;
        drop(black_box(boards.page(ChatId(chat.into()), 0, Filter::Running)));
    });
    println!("a page with places: {page:.2}, one after the other");
    let places = boards.page(ChatId(1), 0, Filter::Running).jobs.iter().filter_map(|job| job.place).count();
    println!("  of its 10 jobs {places} are told a place");
    let begun = Instant::now();
    for chat in 0..CHATS {
        let jobs: Vec<_> = boards.unfinished(ChatId(chat.into())).into_iter().map(|id| (id, None)).collect();
        boards.kill(ChatId(chat.into()), &person(0), origin(0), &jobs).await.expect("nothing is stored");
        for (JobId(id), _) in jobs {
            while boards.outline(ChatId(chat.into()), JobId(id)).is_some_and(|(finished, _)| !finished) {
                tokio::task::yield_now().await;
            }
        }
    }
    println!("to be killed and leave: {:.2}", begun.elapsed().as_secs_f64() * 1e6 / f64::from(JOBS));
    boards.stop(Duration::from_secs(10)).await;
}

fn micros(times: u32, mut what: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..times {
        what();
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

/// So many finished jobs.
async fn fill(boards: &Arc<Boards>, chat: ChatId, jobs: i32) {
    for job in 1..=jobs {
        submit(boards, chat, job, 100).await;
        // They are run meanwhile, and nobody wants to hear of it.
        if job % 100 == 0 {
            settle(boards, chat).await;
        }
    }
    settle(boards, chat).await;
}

async fn settle(boards: &Arc<Boards>, chat: ChatId) {
    while !boards.unfinished(chat).is_empty() {
        tokio::task::yield_now().await;
    }
    drop(boards.pending_changes());
}

async fn submit(boards: &Arc<Boards>, chat: ChatId, job: i32, n: u64) {
    let accepted = boards.submit(chat, person(job % PEOPLE), origin(job + 1), Spec::Fib(n)).await;
    accepted.expect("it is accepted");
}

/// Nothing ends: the first one has the only slot, a second each is what they say that they take.
fn held() -> Engine {
    let wait = |_, control: &Control| {
        loop {
            control.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    Engine::on_workers(Arc::new(wait)).with_cost(|_| 1_000_000_000)
}

fn boards(engine: Engine) -> Arc<Boards> {
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).expect("a client");
    let work = Work::new(CpuPool::new(1).expect("a thread"), engine, pokeapi);
    Boards::new(work, Store::none(), unlimited())
}

fn person(number: i32) -> Person {
    Person { id: number.into(), name: format!("Person {number}") }
}

fn origin(message: i32) -> Origin {
    Origin { message: MessageId(message), thread: None, callback: None }
}

/// Bytes of memory that the process has.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<i64>().unwrap_or_default() * 1_024
}
