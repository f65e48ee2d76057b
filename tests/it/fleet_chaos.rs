//! Many jobs while somebody pulls plugs: a bot, two workers and three NATS servers as processes of their own, killed with SIGKILL
//! one after the other. In the end every job has ended once on the board, with the right result, and nothing is left on NATS.
//!
//! `JOBBOARD_FLEET_CHATS` (8), `JOBBOARD_FLEET_JOBS` of each (12) and `JOBBOARD_FLEET_SEED` (1) change what happens; `scripts/fleet-chaos` runs 10,000 jobs,
//! and has `JOBBOARD_FLEET_TAKEN_UP` bound the seconds that what a dead worker had may wait for another one.

mod told;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use futures_util::future::select_all;
use jobboard::sandbox::{ChatId, PersonId, View};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use self::told::Told;
use crate::{
    nats::Nats,
    process::{Bot, Ground},
};

/// A plug is pulled when each part more of one chat's jobs has ended.
const PLUGS: usize = 9;
/// Numbers that take longer than the others.
const LONG: std::ops::Range<u64> = 400_000..500_000;
/// Numbers whose worker dies while it has them: they take several times as long as it takes to kill it.
const HIT: std::ops::Range<u64> = 10_000_000..12_000_000;
/// For one part of the jobs.
const BOUND: Duration = Duration::from_mins(5);

struct Chaos {
    ground: Ground,
    nats: Vec<Nats>,
    bot: Option<Bot>,
    workers: Vec<Bot>,
    random: StdRng,
    /// Workers that were killed: what they had in their logs, and when.
    killed: Vec<(String, SystemTime)>,
    bots_killed: usize,
    chats: Vec<Chat>,
    /// How long all of it took.
    took: Duration,
}

/// When an order began, and when its worker died.
struct Begun {
    at: SystemTime,
    died: SystemTime,
}

/// A private chat, and the numbers that were asked for in it.
struct Chat {
    id: ChatId,
    person: PersonId,
    said: Vec<u64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_once_whoever_dies() {
    let Some(mut chaos) = Chaos::new(setting("JOBBOARD_FLEET_SEED", 1)).await else { return };
    let begin = Instant::now();
    let jobs = usize::try_from(setting("JOBBOARD_FLEET_JOBS", 12)).unwrap();
    chaos.write(setting("JOBBOARD_FLEET_CHATS", 8), jobs);
    for plug in 0..PLUGS {
        chaos.ended(0, jobs * plug / (PLUGS + 1)).await;
        match plug % 3 {
            0 => chaos.kill_worker().await,
            1 => chaos.kill_bot(),
            _ => chaos.kill_server(),
        }
    }
    for chat in 0..chaos.chats.len() {
        chaos.ended(chat, chaos.chats[chat].said.len()).await;
    }
    chaos.took = begin.elapsed();
    chaos.check_board();
    chaos.check_nats().await;
    chaos.tell().await;
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

impl Chaos {
    async fn new(seed: u64) -> Option<Self> {
        let nats = Nats::cluster()?;
        let mut ground = Ground::new().await;
        let urls: Vec<_> = nats.iter().map(Nats::url).collect();
        for (name, value) in [
            ("JOBBOARD_NATS_URL", urls.join(",").as_str()),
            ("JOBBOARD_NATS_REPLICAS", "3"),
            ("JOBBOARD_ROLE", "bot"),
            ("JOBBOARD_MAX_LIVE_JOBS", "1000"),
            ("JOBBOARD_MAX_LIVE_JOBS_ALL", "100000"),
            // Jobs meet more crashes here than any job should.
            ("JOBBOARD_MAX_ATTEMPTS", "1000000"),
            ("JOBBOARD_CPU_WORKERS", "1"),
            ("RUST_LOG", "info,jobboard::worker=debug"),
        ] {
            ground.set(name, value);
        }
        let bot = Some(ground.start());
        let workers = (0..2).map(|_| ground.start_as(&["worker"])).collect();
        let random = StdRng::seed_from_u64(seed);
        let (killed, chats, took) = (Vec::new(), Vec::new(), Duration::ZERO);
        Some(Self { ground, nats, bot, workers, random, killed, bots_killed: 0, chats, took })
    }

    /// Everybody writes at once, but for one who does when a worker is to die.
    fn write(&mut self, chats: u64, jobs: usize) {
        let people: Vec<_> =
            (0..chats).map(|chat| self.ground.telegram.person(&format!("P{chat}"))).collect();
        for person in people {
            let chat = self.ground.telegram.private_chat(person);
            let mut said = Vec::new();
            for _ in 0..jobs {
                // Most take a moment, some long enough to be hit.
                let n = if self.random.random_bool(0.95) {
                    self.random.random_range(2_001..6_000)
                } else {
                    self.random.random_range(LONG)
                };
                self.ground.telegram.say(chat, person, &format!("fib {n}"));
                said.push(n);
            }
            self.chats.push(Chat { id: chat, person, said });
        }
        let person = self.ground.telegram.person("Nemesis");
        let id = self.ground.telegram.private_chat(person);
        self.chats.push(Chat { id, person, said: Vec::new() });
    }

    /// Waits until so many of a chat's jobs have ended.
    async fn ended(&self, chat: usize, count: usize) {
        let chat = self.chats[chat].id;
        let ended = |view: &View<'_>| (told::count_ended(view.said(chat)) >= count).then_some(());
        let wait = tokio::time::timeout(BOUND, self.ground.telegram.until(ended)).await;
        let log = || self.bot.as_ref().map(Bot::log).unwrap_or_default();
        assert!(wait.is_ok(), "{count} jobs do not end\n{}\n{}", self.ground.telegram.dump(chat), log());
    }

    async fn kill_worker(&mut self) {
        let index = self.busy_worker().await;
        let next = self.ground.start_as(&["worker"]);
        let worker = std::mem::replace(&mut self.workers[index], next);
        let died = SystemTime::now();
        self.killed.push((worker.kill(), died));
    }

    /// One that has begun, as far as its log says, what is asked for now and takes long.
    async fn busy_worker(&mut self) -> usize {
        let n = self.random.random_range(HIT);
        let chat = self.chats.last_mut().expect("somebody writes when a worker is to die");
        self.ground.telegram.say(chat.id, chat.person, &format!("fib {n}"));
        chat.said.push(n);
        let busy = self.workers.iter().enumerate().map(|(index, worker)| {
            let mut log = worker.logged();
            Box::pin(async move {
                // The sender is the worker's.
                let _ = log.wait_for(|log| has_begun(log, n)).await;
                index
            })
        });
        let (index, ..) = tokio::time::timeout(BOUND, select_all(busy))
            .await
            .unwrap_or_else(|_| panic!("no worker begins fib {n}"));
        index
    }

    fn kill_bot(&mut self) {
        self.bots_killed += 1;
        self.bot.take().map(Bot::kill);
        self.bot = Some(self.ground.start());
    }

    fn kill_server(&mut self) {
        let index = self.random.random_range(0..self.nats.len());
        self.nats[index].kill();
        self.nats[index].start_again();
    }

    /// Each job is on the board once and has its right end. Those are told of twice that a killed bot was telling of, one message
    /// a chat.
    fn check_board(&self) {
        let mut doubled = 0;
        for Chat { id, said, .. } in &self.chats {
            let told = self.ground.telegram.view(|view| Told::of(view.said(*id)));
            told.check(said);
            doubled += told.doubled;
        }
        let in_flight = self.bots_killed * self.chats.len();
        assert!(doubled <= in_flight, "{doubled} messages are there twice");
    }

    async fn check_nats(&self) {
        let jetstream = self.nats[0].jetstream().await;
        for stream in ["jobboard-4242-jobs", "jobboard-4242-results"] {
            let empty = async {
                loop {
                    let found = jetstream.get_stream(stream).await;
                    if found.is_ok_and(|found| found.cached_info().state.messages == 0) {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            assert!(tokio::time::timeout(BOUND, empty).await.is_ok(), "{stream} is not empty");
        }
    }

    /// The table of what ran more than once, from what the workers wrote.
    #[expect(clippy::print_stdout, reason = "what is measured is shown")]
    async fn tell(mut self) {
        let now = SystemTime::now();
        let mut logs = self.killed.clone();
        logs.extend(self.workers.drain(..).map(|worker| (worker.kill(), now)));
        let mut begun = BTreeMap::<String, Vec<Begun>>::new();
        for (log, died) in &logs {
            for line in log.lines().filter(|line| line.contains(" begun ")) {
                let at = line.split(' ').next().and_then(|time| humantime::parse_rfc3339(time).ok()).unwrap();
                let key = line.split("key=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
                begun.entry(key.to_owned()).or_default().push(Begun { at, died: *died });
            }
        }
        let mut times = BTreeMap::<usize, usize>::new();
        // How long each order whose worker died waited for the next one.
        let mut waited = Vec::new();
        for runs in begun.values_mut() {
            runs.sort_by_key(|run| run.at);
            *times.entry(runs.len()).or_default() += 1;
            waited.extend(runs.windows(2).filter_map(|pair| pair[1].at.duration_since(pair[0].died).ok()));
        }
        let longest = waited.iter().max().copied();
        let jobs: usize = self.chats.iter().map(|chat| chat.said.len()).sum();
        println!("{jobs} jobs in {:.1} s", self.took.as_secs_f64());
        println!("killed: {} workers, {} bots, {} servers", self.killed.len(), self.bots_killed, PLUGS / 3);
        println!("runs of an order: orders");
        for (runs, orders) in times {
            println!("{runs:>17}  {orders}");
        }
        println!("orphans taken up: {}, the last one after {longest:?}", waited.len());
        assert!(waited.len() >= self.killed.len(), "a worker had nothing when it died");
        let taken_up = Duration::from_secs(setting("JOBBOARD_FLEET_TAKEN_UP", BOUND.as_secs()));
        assert!(longest.is_some_and(|longest| longest < taken_up), "an orphan waited for {longest:?}");
        self.bot.take().unwrap().stop().await;
    }
}

/// Whether a worker has begun with a number, as far as its log says: such a line ends with it.
fn has_begun(log: &str, n: u64) -> bool {
    let number = n.to_string();
    log.lines().any(|line| line.contains(" begun ") && line.rsplit(' ').next() == Some(number.as_str()))
}
