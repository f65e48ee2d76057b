//! Boards whose work others do: a fleet that comes and goes. The work itself is done here.

use std::time::Instant;

use super::*;
use crate::work::fleet::{Link, PROTOCOL, Worker, WorkerState};

fn worker(id: &str, memory: u64) -> Worker {
    Worker {
        id: id.to_owned(),
        host: "host".to_owned(),
        version: "0.1.0".to_owned(),
        protocol: PROTOCOL,
        cpu: 2,
        io: 2,
        commands: std::collections::BTreeMap::new(),
        memory,
        state: WorkerState::Working,
        in_hand: 0,
        seen: Instant::now(),
    }
}

fn fleet(workers: &[Worker]) -> Fleet {
    Fleet { link: Link::Up, workers: workers.to_vec() }
}

struct Ground {
    boards: Arc<Boards>,
    fleet: watch::Sender<Fleet>,
    stop: CancellationToken,
    follows: tokio::task::JoinHandle<()>,
}

impl Ground {
    /// Each number takes as much memory as it is large.
    fn new(fib: FibFn, limits: Limits) -> Self {
        let (fleet, receiver) = watch::channel(Fleet::unknown());
        let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
        let engine = Engine::on_workers(fib).with_memory(|n| n);
        let work = Work::new(CpuPool::new(2).unwrap(), engine, pokeapi).with_fleet(receiver);
        let boards = Boards::new(work, Store::none(), limits);
        let stop = CancellationToken::new();
        let follows = tokio::spawn({
            let (boards, stop) = (boards.clone(), stop.clone());
            async move { boards.follow_fleet(stop).await }
        });
        Self { boards, fleet, stop, follows }
    }

    async fn submit(&self, message: i32, n: u64) -> Result<JobId, Refusal> {
        self.boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(n)).await
    }

    /// Waits until the job's board says this of it.
    async fn says(&self, id: JobId, hold: Option<Hold>) {
        let look = async {
            while self.boards.job(CHAT, id).unwrap().held != hold {
                self.boards.changes().await;
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(10), look).await;
        said.unwrap_or_else(|_| panic!("not {hold:?}: {:?}", self.boards.job(CHAT, id)));
    }

    /// Waits until the queue has what the fleet has.
    async fn settles(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.boards.queue.slots() != self.boards.slots() {
            assert!(Instant::now() < until, "the queue does not follow");
            tokio::task::yield_now().await;
        }
    }

    async fn end(self) {
        self.boards.stop(Duration::from_secs(10)).await;
        self.stop.cancel();
        self.follows.await.unwrap();
    }
}

#[tokio::test]
async fn without_a_worker_tasks_wait_say_so_and_begin_when_one_comes() {
    let ground = Ground::new(quick(), LIMITS);
    let id = ground.submit(1, 5).await.unwrap();
    ground.says(id, Some(Hold::Away)).await;
    assert_eq!(ground.boards.page(CHAT, 0, Filter::All).held, Some(Hold::Away));
    ground.fleet.send_replace(fleet(&[]));
    ground.says(id, Some(Hold::NoWorkers)).await;
    // One that drains is none.
    ground.fleet.send_replace(fleet(&[Worker { state: WorkerState::Draining, ..worker("a", 10) }]));
    ground.settles().await;
    assert_eq!(ground.boards.job(CHAT, id).unwrap().job.state, State::Queued);
    ground.fleet.send_replace(fleet(&[worker("a", 10)]));
    assert!(end(&ground.boards, CHAT, id).await.held.is_none());
    assert_eq!(ground.boards.slots(), (2, 2), "its own");
    ground.end().await;
}

#[tokio::test]
async fn while_nats_is_away_what_runs_goes_on_and_the_board_says_so() {
    let (fib, begins) = endless();
    let ground = Ground::new(fib, LIMITS);
    ground.fleet.send_replace(fleet(&[worker("a", 10)]));
    let first = ground.submit(1, 5).await.unwrap();
    let begins = tokio::task::spawn_blocking(move || begins.recv().map(|_| begins).unwrap()).await.unwrap();
    ground.fleet.send_replace(Fleet::unknown());
    ground.settles().await;
    let second = ground.submit(2, 5).await.unwrap();
    ground.says(second, Some(Hold::Away)).await;
    let page = ground.boards.page(CHAT, 0, Filter::All);
    assert_eq!((page.held, page.running, page.queued), (Some(Hold::Away), 1, 1));
    assert!(begins.try_recv().is_err(), "nothing begins");
    ground.fleet.send_replace(fleet(&[worker("a", 10)]));
    tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
    assert_eq!(ground.boards.job(CHAT, first).unwrap().job.attempt, 1);
    ground.says(second, None).await;
    ground.end().await;
}

/// Hundreds of cards would be edited, and edited back.
#[tokio::test]
async fn a_link_that_is_back_in_a_moment_is_no_news() {
    let ground = Ground::new(endless().0, Limits { fleet_told: Duration::from_hours(1), ..LIMITS });
    ground.fleet.send_replace(fleet(&[worker("a", 10)]));
    ground.settles().await;
    for message in 1..=3 {
        ground.submit(message, 5).await.unwrap();
    }
    while ground.boards.page(CHAT, 0, Filter::All).running < 2 {
        ground.boards.changes().await;
    }
    ground.boards.pending_changes();
    for _ in 0..10 {
        ground.fleet.send_replace(Fleet::unknown());
        ground.settles().await;
        ground.fleet.send_replace(fleet(&[worker("a", 10)]));
        ground.settles().await;
    }
    assert_eq!(ground.boards.pending_changes(), [], "nobody is told");
    assert_eq!(ground.boards.page(CHAT, 0, Filter::All).held, None);
    ground.end().await;
}

#[tokio::test]
async fn what_is_larger_than_every_worker_is_refused_and_waits_if_it_was_taken_before() {
    let ground = Ground::new(quick(), LIMITS);
    ground.fleet.send_replace(fleet(&[]));
    let large = ground.submit(1, 50).await.unwrap();
    ground.fleet.send_replace(fleet(&[worker("a", 40), worker("b", 30)]));
    ground.says(large, Some(Hold::TooLarge)).await;
    let Err(Refusal::NeverFits(never)) = ground.submit(2, 50).await else { panic!("it is taken") };
    assert_eq!((never.need, never.budget, never.members), (50, 40, 1));
    let small = ground.submit(3, 40).await.unwrap();
    end(&ground.boards, CHAT, small).await;
    assert_eq!(ground.boards.memory().1, 70);
    ground.fleet.send_replace(fleet(&[worker("a", 40), worker("c", 50)]));
    end(&ground.boards, CHAT, large).await;
    ground.end().await;
}
