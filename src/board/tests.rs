mod fleet;
mod limits;
mod schedules;

use std::sync::mpsc;

use proptest::prelude::*;

use super::{table::Table, *};
use crate::{
    job::{CancelReason, Digits, Failure, MessageId, Outcome, Output, State},
    work::{CpuPool, Engine, FibError, FibFn, PokeApi, PokeApiTimings},
};

const CHAT: ChatId = ChatId(1);

fn person(name: &str) -> Person {
    Person { id: 1, name: name.to_owned() }
}

fn origin(message: i32) -> Origin {
    Origin { message: MessageId(message), thread: None, callback: None }
}

fn boards(fib: FibFn, limits: Limits) -> Arc<Boards> {
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    Boards::new(Work::new(CpuPool::new(2).unwrap(), Engine::on_workers(fib), pokeapi), Store::none(), limits)
}

const LIMITS: Limits = Limits {
    max_fib: 1000,
    max_live_jobs: 3,
    max_live_person: 4,
    max_members: 100,
    max_live_jobs_all: 100,
    max_unsaid: Duration::from_secs(30),
    job_timeout: Duration::from_mins(1),
    cpu_slots: 2,
    io_slots: 1,
    memory: 1_000_000,
    keep_jobs: 10,
    max_attempts: 3,
    store_again: Duration::from_millis(1),
    fleet_told: Duration::from_millis(1),
};

/// These jobs, as somebody asks for who may kill them all.
fn all(ids: &[JobId]) -> Vec<(JobId, Option<Verdict>)> {
    ids.iter().map(|id| (*id, None)).collect()
}

/// A `fib` that says when it began and then waits for a cancel.
fn endless() -> (FibFn, mpsc::Receiver<u64>) {
    let (began, begins) = mpsc::channel();
    let fib = move |n, control: &crate::work::Control| {
        let _ = began.send(n);
        loop {
            control.check()?;
            std::thread::yield_now();
        }
    };
    (Arc::new(fib), begins)
}

/// A `fib` that is its own number.
fn quick() -> FibFn {
    Arc::new(|n, _: &crate::work::Control| Ok::<_, FibError>(Digits::from(n)))
}

/// Waits until the job has finished.
async fn end(boards: &Boards, chat: ChatId, id: JobId) -> Snapshot {
    loop {
        let snapshot = boards.job(chat, id).unwrap();
        if snapshot.job.state.is_finished() {
            return snapshot;
        }
        boards.changes().await;
    }
}

/// Three jobs of Ann's.
async fn three(boards: &Arc<Boards>) -> Vec<JobId> {
    let mut ids = Vec::new();
    for message in 1..=3 {
        ids.push(boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(5)).await.unwrap());
    }
    ids
}

/// Waits for the report of the next kill.
async fn report(boards: &Boards) -> Vec<(JobId, Verdict)> {
    loop {
        for change in boards.changes().await {
            if let Change::Kill(chat, kill) = change {
                return boards.take_kill(chat, kill).unwrap().verdicts;
            }
        }
    }
}

#[tokio::test]
async fn ids_count_per_chat_and_the_same_origin_is_the_same_job() {
    let boards = boards(quick(), LIMITS);
    for (chat, message, id) in [(1, 1, 1), (1, 2, 2), (2, 1, 1), (1, 2, 2)] {
        let given = boards.submit(ChatId(chat), person("Ann"), origin(message), Spec::Fib(7)).await;
        assert_eq!(given, Ok(JobId(id)));
    }
    assert_eq!(boards.page(ChatId(1), 0, Filter::All).total, 2);
    assert_eq!(boards.page(ChatId(2), 0, Filter::All).total, 1);
    assert!(boards.job(ChatId(2), JobId(2)).is_none());
}

#[tokio::test]
async fn a_kill_in_a_group_that_has_moved_is_timed_and_then_forgotten() {
    let (fib, _begins) = endless();
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let work = Work::new(CpuPool::new(2).unwrap(), Engine::on_workers(fib), pokeapi);
    let metrics = Metrics::new();
    let boards = Boards::measured(work, Store::none(), LIMITS, metrics.clone());
    let (old, new) = (ChatId(-1), ChatId(-100));
    let id = boards.submit(old, person("Ann"), origin(1), Spec::Fib(5)).await.unwrap();
    assert!(boards.migrate(old, new));
    boards.kill(new, &person("Ann"), origin(2), &all(&[id])).await.unwrap();
    report(&boards).await;
    assert!(metrics.text().unwrap().contains("kill_seconds_count 1\n"));
}

#[tokio::test]
async fn members_keep_the_order_asked() {
    let boards = boards(quick(), LIMITS);
    let id = boards.submit(CHAT, person("Ann"), origin(1), Spec::FibMulti(vec![30, 10, 20])).await.unwrap();
    let snapshot = end(&boards, CHAT, id).await;
    let Some(Outcome::Succeeded(Output::Numbers(numbers))) = snapshot.job.state.outcome() else {
        panic!("{:?}", snapshot.job.state)
    };
    assert_eq!(numbers.iter().map(|number| number.n).collect::<Vec<_>>(), [30, 10, 20]);
}

#[tokio::test]
async fn a_refusal_for_all_keeps_nothing_and_jobs_are_counted_to_their_ends() {
    let (fib, _begins) = endless();
    let boards = boards(fib, Limits { max_live_jobs_all: 2, ..LIMITS });
    let submit =
        async |chat, message| boards.submit(ChatId(chat), person("Ann"), origin(message), Spec::Fib(5)).await;
    let first = submit(1, 1).await.unwrap();
    submit(1, 2).await.unwrap();
    for chat in 2..100 {
        assert_eq!(submit(chat, 1).await, Err(Refusal::Busy { seconds: 60 }));
    }
    // The same message is the same job, however busy the bot is.
    assert_eq!(submit(1, 1).await, Ok(first));
    assert_eq!((boards.tables.len(), boards.overload().live(), boards.overload().refused()), (1, 2, 98));
    boards.kill(ChatId(1), &person("Ann"), origin(3), &all(&[first])).await.unwrap();
    report(&boards).await;
    assert_eq!(boards.overload().live(), 1);
    submit(2, 1).await.unwrap();
    boards.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn limits_are_named() {
    let (fib, _begins) = endless();
    let boards = boards(fib, LIMITS);
    let submit = async |message, spec| boards.submit(CHAT, person("Ann"), origin(message), spec).await;
    assert_eq!(submit(1, Spec::Fib(1001)).await, Err(Refusal::FibTooLarge { n: 1001, limit: 1000 }));
    assert_eq!(
        submit(1, Spec::FibMulti(vec![1, 1001])).await,
        Err(Refusal::FibTooLarge { n: 1001, limit: 1000 })
    );
    for message in 1..=3 {
        submit(message, Spec::Fib(5)).await.unwrap();
    }
    assert_eq!(submit(4, Spec::Fib(5)).await, Err(Refusal::TooManyLive { live: 3, limit: 3 }));
    boards.stop(Duration::from_secs(10)).await;
    assert_eq!(submit(5, Spec::Fib(5)).await, Err(Refusal::Stopping));
}

#[tokio::test]
async fn a_kill_is_reported_when_the_work_has_stopped() {
    let (fib, begins) = endless();
    let boards = boards(fib, LIMITS);
    let ids = three(&boards).await;
    // Two run, the third waits for a slot.
    let (first, second) =
        tokio::task::spawn_blocking(move || (begins.recv().unwrap(), begins.recv().unwrap())).await.unwrap();
    assert_eq!((first, second), (5, 5));
    boards.kill(CHAT, &person("Ben"), origin(9), &all(&[ids[2], JobId(57), ids[2]])).await.unwrap();
    let killed = Verdict::Killed("fib 5".to_owned());
    assert_eq!(report(&boards).await, [(ids[2], killed.clone()), (JobId(57), Verdict::Unknown)]);
    boards.kill(CHAT, &person("Ben"), origin(10), &all(&[ids[0], ids[1], ids[2]])).await.unwrap();
    let cancelled = Verdict::AlreadyCancelled("fib 5".to_owned());
    assert_eq!(report(&boards).await, [(ids[0], killed.clone()), (ids[1], killed), (ids[2], cancelled)]);
    let by_ben = Outcome::Cancelled(CancelReason::Killed { by: "Ben".to_owned() });
    assert_eq!(end(&boards, CHAT, ids[0]).await.job.state.outcome(), Some(&by_ben));
}

#[tokio::test]
async fn a_time_limit_and_a_panic_are_failures() {
    let (fib, _begins) = endless();
    let boards_1 = boards(fib, Limits { job_timeout: Duration::from_millis(5), ..LIMITS });
    let id = boards_1.submit(CHAT, person("Ann"), origin(1), Spec::Fib(5)).await.unwrap();
    let too_long = Outcome::Failed(Failure::TookTooLong(Duration::from_millis(5)));
    assert_eq!(end(&boards_1, CHAT, id).await.job.state.outcome(), Some(&too_long));

    let boards_2 = boards(Arc::new(|_, _| panic!("on purpose")), LIMITS);
    let id = boards_2.submit(CHAT, person("Ann"), origin(1), Spec::FibMulti(vec![1, 2, 3])).await.unwrap();
    assert_eq!(end(&boards_2, CHAT, id).await.job.state.outcome(), Some(&Outcome::Failed(Failure::Panicked)));
}

#[tokio::test]
async fn a_stop_pauses_what_is_unfinished_and_waits_for_its_end() {
    let (fib, _begins) = endless();
    let boards = boards(fib, LIMITS);
    let ids = three(&boards).await;
    boards.stop(Duration::from_secs(10)).await;
    for id in ids {
        let snapshot = boards.job(CHAT, id).unwrap();
        assert!(snapshot.paused && !snapshot.job.state.is_finished(), "{snapshot:?}");
    }
}

#[tokio::test]
async fn while_the_owner_pauses_nothing_begins_and_what_runs_goes_on() {
    let (fib, begins) = endless();
    let boards = boards(fib, Limits { memory: 10, ..LIMITS });
    let submit =
        async |message, n| boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(n)).await.unwrap();
    let first = submit(1, 1).await;
    let begins = tokio::task::spawn_blocking(move || begins.recv().map(|_| begins).unwrap()).await.unwrap();
    boards.set_paused(true);
    assert!(boards.is_paused());
    let second = submit(2, 2).await;
    let third =
        boards.submit(CHAT, person("Ann"), origin(3), Spec::Dex("25".parse().unwrap())).await.unwrap();
    tokio::task::yield_now().await;
    for id in [second, third] {
        let snapshot = boards.job(CHAT, id).unwrap();
        assert!(
            snapshot.held == Some(Hold::Owner)
                && snapshot.job.state == State::Queued
                && snapshot.place.is_none(),
            "{snapshot:?}"
        );
    }
    let page = boards.page(CHAT, 0, Filter::All);
    assert_eq!((page.held, page.running, page.queued), (Some(Hold::Owner), 1, 2));
    // Who is queued can be killed, and what runs can, too.
    boards.kill(CHAT, &person("Ann"), origin(4), &all(&[third])).await.unwrap();
    assert!(end(&boards, CHAT, third).await.held.is_none());
    boards.kill(CHAT, &person("Ann"), origin(5), &all(&[first])).await.unwrap();
    end(&boards, CHAT, first).await;
    assert!(begins.try_recv().is_err());
    boards.set_paused(false);
    let begun = tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
    assert_eq!(begun, 2);
    boards.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_pause_holds_small_numbers_and_who_waits_for_memory() {
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let engine = Engine::new().with_memory(|_| 10);
    let work = Work::new(CpuPool::new(2).unwrap(), engine, pokeapi);
    let boards = Boards::new(work, Store::none(), Limits { max_fib: 10_000, memory: 10, ..LIMITS });
    boards.set_paused(true);
    let mut ids = Vec::new();
    for (message, n) in [(1, 10), (2, 5_000), (3, 6_000)] {
        ids.push(boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(n)).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(boards.page(CHAT, 0, Filter::All).queued, 3);
    boards.set_paused(false);
    for id in ids {
        end(&boards, CHAT, id).await;
    }
}

#[tokio::test]
async fn only_failed_and_cancelled_tasks_run_again() {
    let boards = boards(quick(), LIMITS);
    let id = boards.submit(CHAT, person("Ann"), origin(1), Spec::Fib(5)).await.unwrap();
    end(&boards, CHAT, id).await;
    let retry = async |id| boards.retry(CHAT, person("Ann"), origin(2), id).await;
    assert_eq!(retry(id).await, Err(RetryRefusal::NotNow("succeeded")));
    assert_eq!(retry(JobId(9)).await, Err(RetryRefusal::Unknown));
    let failing =
        boards.submit(CHAT, person("Ann"), origin(3), Spec::Dex("25".parse().unwrap())).await.unwrap();
    boards.kill(CHAT, &person("Ann"), origin(4), &all(&[failing])).await.unwrap();
    end(&boards, CHAT, failing).await;
    assert_eq!(retry(failing).await, Ok(JobId(failing.0 + 1)));
}

#[derive(Clone, Debug)]
enum Step {
    Accept,
    Withdraw,
    Start(u64),
    Finish(u64),
    Kill(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let id = 1..12u64;
    prop_oneof![
        Just(Step::Accept),
        Just(Step::Withdraw),
        id.clone().prop_map(Step::Start),
        id.clone().prop_map(Step::Finish),
        id.prop_map(Step::Kill),
    ]
}

#[test]
fn each_filter_has_its_pages_in_its_order() {
    let mut table = Table::default();
    let exit = CancellationToken::new();
    let now = SystemTime::UNIX_EPOCH;
    for id in 1..=30 {
        let who = Person { id: i64::try_from(id % 3).unwrap(), name: String::new() };
        table.propose(who, origin(i32::try_from(id).unwrap()), Spec::Fib(1), &exit);
        table.accepted(JobId(id)).unwrap();
    }
    // Queued: 1 to 20 but for those; 5 and 7 run, the last ten are over, the newest first.
    for id in [7, 5].into_iter().chain((21..=30).rev()) {
        table.start(JobId(id), now);
    }
    for id in (21..=30).rev() {
        let outcome = Outcome::Failed(Failure::Panicked);
        table.finish(JobId(id), outcome.into(), now, 8);
    }
    let ids = |table: &Table, number, filter| {
        let page = table.page(number, filter);
        (page.jobs.iter().map(|snapshot| snapshot.job.id.0).collect::<Vec<_>>(), page.number, page.pages)
    };
    // Eight are kept: the first two that finished were forgotten.
    assert_eq!(ids(&table, 0, Filter::All), ((19..=28).rev().collect(), 0, 3));
    assert_eq!(ids(&table, 9, Filter::All), ((1..=8).rev().collect(), 2, 3));
    assert_eq!(ids(&table, 0, Filter::Running), (vec![5, 7, 1, 2, 3, 4, 6, 8, 9, 10], 0, 2));
    assert_eq!(ids(&table, 1, Filter::Running), ((11..=20).collect(), 1, 2));
    assert_eq!(ids(&table, 0, Filter::Finished), ((21..=28).collect(), 0, 1));
    assert_eq!(ids(&table, 0, Filter::Of(1)), (vec![28, 25, 22, 19, 16, 13, 10, 7, 4, 1], 0, 1));
    assert_eq!(ids(&table, 0, Filter::Of(9)), (vec![], 0, 0));
    let page = table.page(0, Filter::Finished);
    assert_eq!((page.total, page.running, page.queued), (28, 2, 18));
    table.forget(JobId(25));
    assert_eq!(ids(&table, 0, Filter::Finished).0, [21, 22, 23, 24, 26, 27, 28]);
    assert_eq!(ids(&table, 0, Filter::Of(1)).0[..2], [28, 22]);
}

proptest! {
    #[test]
    fn whatever_happens_ids_are_new_finished_jobs_stay_and_kills_are_answered_once(
        steps in prop::collection::vec(any_step(), 0..60)
    ) {
        let mut table = Table::default();
        let exit = CancellationToken::new();
        let now = SystemTime::UNIX_EPOCH;
        let (mut accepted, mut kills, mut answered) = (0, 0, 0);
        for (index, step) in steps.into_iter().enumerate() {
            let before: Vec<_> = table.page(0, Filter::All).jobs;
            let message = i32::try_from(index).unwrap() + 1;
            let reports = match step {
                Step::Accept => {
                    accepted += 1;
                    let id = table.propose(person("Ann"), origin(message), Spec::Fib(1), &exit).id;
                    prop_assert_eq!(id, JobId(accepted));
                    prop_assert!(table.snapshot(id).is_none());
                    prop_assert!(table.accepted(id).is_some());
                    Vec::new()
                }
                Step::Withdraw => {
                    let id = table.propose(person("Ann"), origin(message), Spec::Fib(1), &exit).id;
                    table.withdraw(id);
                    prop_assert!(table.accepted(id).is_none());
                    Vec::new()
                }
                Step::Start(id) => {
                    table.start(JobId(id), now);
                    Vec::new()
                }
                Step::Finish(id) => {
                    let outcome = Outcome::Succeeded(Output::Numbers(Vec::new()));
                    table.finish(JobId(id), outcome.into(), now, 100).unwrap_or_default()
                }
                Step::Kill(id) => {
                    kills += 1;
                    let killed = table.kill(&person("Ben"), origin(message), &all(&[JobId(id)]), now).unwrap();
                    prop_assert!(table.kill(&person("Ben"), origin(message), &all(&[JobId(id)]), now).is_none());
                    if killed.resolved { vec![killed.kill] } else { Vec::new() }
                }
            };
            for kill in reports {
                answered += 1;
                prop_assert!(table.take_kill(kill).is_some());
                prop_assert!(table.take_kill(kill).is_none());
            }
            for old in before.iter().filter(|old| old.job.state.is_finished()) {
                let state = table.snapshot(old.job.id).map(|new| new.job.state);
                prop_assert_eq!(state, Some(old.job.state.clone()));
            }
        }
        for id in 1..=accepted {
            let outcome = Outcome::Failed(Failure::Panicked);
            answered += table.finish(JobId(id), outcome.into(), now, 100).map_or(0, |kills| kills.len());
            let finished = matches!(table.snapshot(JobId(id)).unwrap().job.state, State::Finished { .. });
            prop_assert!(finished);
        }
        prop_assert_eq!(answered, kills);
        prop_assert_eq!(table.live(), 0);
    }
}
