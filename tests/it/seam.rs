//! What a member's run promises, wherever it runs: one suite, for work that is done here, and for work that is done by a worker
//! over a real NATS.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jobboard::{
    job::{ChatId, Failure, JobId, Member},
    nats::{JobKey, Nats, Options, Side},
    sandbox::{Options as SandboxOptions, Sandbox},
    work::{
        Control, CpuPool, Engine, FibError, Found, PokeApi, PokeApiTimings, Remote, Unfinished, Work, fib,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    nats::{Mate, Nats as Server, of_worker, timings},
    world::Held,
};

/// Far longer than anything takes.
const BOUND: Duration = Duration::from_secs(30);
/// Numbers that the suite's engine does something else with.
const PANICS: u64 = 5_001;
const WRONG: u64 = 5_002;
const HELD: u64 = 5_003;
const LARGE: u64 = 2_000_000;

/// Work in one of its forms.
struct Form {
    work: Work,
    jobs: AtomicU64,
}

impl Form {
    fn of(work: Work) -> Self {
        Self { work, jobs: AtomicU64::new(0) }
    }

    async fn run(&self, member: Member, control: &Arc<Control>) -> Result<Found, Unfinished> {
        let job = JobId(self.jobs.fetch_add(1, Ordering::Relaxed));
        let key = JobKey { chat: ChatId(-7), job };
        self.work.announce(std::slice::from_ref(&member), control);
        let found = tokio::time::timeout(BOUND, self.work.run((key, 0), &member, control)).await;
        self.work.forget(key);
        found.expect("the work does not end")
    }

    async fn fib(&self, n: u64) -> Result<Found, Unfinished> {
        self.run(Member::Fib(n), &Arc::default()).await
    }

    async fn dex(&self, name: &str) -> Result<Found, Unfinished> {
        let (key, with_sprite) = (name.parse().unwrap(), true);
        self.run(Member::Dex { key, with_sprite }, &Arc::default()).await
    }
}

fn engine(held: &Held) -> Engine {
    let held = held.clone();
    let engine = Engine::on_workers(Arc::new(move |n, control: &Control| match n {
        PANICS => panic!("on purpose"),
        WRONG => Err(FibError::Wrong),
        HELD => held.attend(n, control),
        n => fib::fib(n, control),
    }));
    engine.with_cost(fib::cost)
}

/// The suite.
async fn conforms(form: &Form, held: &Held) {
    numbers(form).await;
    pokemon(form).await;
    failures(form).await;
    stops(form, held).await;
    progress(form).await;
}

async fn numbers(form: &Form) {
    for n in [1, 10, 2_000, 2_001, 30_000, LARGE] {
        let Ok(Found::Number(number)) = form.fib(n).await else { panic!("no number {n}") };
        let right = fib::fib(n, &Control::default()).unwrap();
        assert!(number.n == n && number.digits == right, "the {n}-th is {:?}", number.digits);
    }
}

async fn pokemon(form: &Form) {
    let Ok(Found::Pokemon(found)) = form.dex("pikachu").await else { panic!("no Pokémon") };
    assert_eq!((found.id, found.name.as_str(), found.types.len()), (25, "pikachu", 1));
    assert!(found.sprite.as_deref().is_some_and(|sprite| sprite.starts_with(b"\x89PNG")), "no sprite");
}

async fn failures(form: &Form) {
    let failure = |end: Result<Found, Unfinished>| match end {
        Err(Unfinished::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    };
    assert_eq!(failure(form.fib(PANICS).await), Failure::Panicked);
    assert_eq!(failure(form.fib(WRONG).await), Failure::WrongResult);
    let missing = failure(form.dex("missingno").await);
    assert_eq!(missing, Failure::NoSuchPokemon("missingno".parse().unwrap()));
}

/// It returns when the work has stopped, and not before.
async fn stops(form: &Form, held: &Held) {
    let cancel = CancellationToken::new();
    let control = Arc::new(Control::new(cancel.clone(), CancellationToken::new()));
    let kill = async {
        held.began(1).await;
        assert_eq!(held.cancels(), 0);
        cancel.cancel();
    };
    let (end, ()) = tokio::join!(form.run(Member::Fib(HELD), &control), kill);
    assert!(matches!(end, Err(Unfinished::Cancelled)), "{end:?}");
    assert_eq!(held.cancels(), 1);
    // What was cancelled before does not begin.
    let end = form.run(Member::Fib(HELD), &control).await;
    assert!(matches!(end, Err(Unfinished::Cancelled)), "{end:?}");
    assert_eq!((held.begun(), held.cancels()), (0, 1), "it began");
}

async fn progress(form: &Form) {
    let control = Arc::default();
    let mut run = Box::pin(form.run(Member::Fib(LARGE), &control));
    let mut seen = 0.0;
    let end = loop {
        tokio::select! {
            end = &mut run => break end,
            () = tokio::task::yield_now() => {}
        }
        let now = control.progress().unwrap_or_default();
        assert!((seen..=1.0).contains(&now), "from {seen} to {now}");
        seen = now;
    };
    assert!(end.is_ok());
    assert!(seen > 0.0, "no progress was seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_is_done_here() {
    let (held, sandbox) = (Held::new(), Sandbox::start(SandboxOptions::default()).await.unwrap());
    let pokeapi = PokeApi::new(&sandbox.pokeapi_url(), PokeApiTimings::default()).unwrap();
    let form = Form::of(Work::new(CpuPool::new(2).unwrap(), engine(&held), pokeapi));
    conforms(&form, &held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_is_done_by_a_worker_over_nats() {
    let Some(server) = Server::start() else { return };
    let (held, sandbox) = (Held::new(), Sandbox::start(SandboxOptions::default()).await.unwrap());
    let mut config = of_worker(&server.url(), 2);
    config.pokeapi_url = sandbox.pokeapi_url();
    let mate = Mate::start(config, engine(&held));
    let urls = vec![server.url()];
    let (bot, side, name) = (4242, Side::Bot, "bot".to_owned());
    let options = Options { urls, creds: None, ca: None, replicas: 1, bot, side, name };
    let remote = Remote::new(Nats::connect(&options).await.unwrap(), timings(), 3, std::env::temp_dir());
    let stop = CancellationToken::new();
    let serving = tokio::spawn(remote.clone().serve(|_| true, stop.clone()));
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let form = Form::of(Work::by_fleet(remote, engine(&held), pokeapi));
    conforms(&form, &held).await;
    mate.stop().await;
    stop.cancel();
    serving.await.unwrap();
}
