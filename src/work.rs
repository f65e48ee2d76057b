//! What runs: CPU work on threads and a rayon pool of its own, IO work on tokio; or both on other machines.
//!
//! The seam is [`Work::run`]: one member of a job, with the control that stops it and hears its progress. Where it runs, in this
//! process or by a worker elsewhere, is nobody's business but its own.

pub mod control;
mod cpu;
mod dex;
pub mod fib;
pub mod fleet;
pub mod programs;
mod remote;
mod team;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::sync::watch;

use self::fleet::Fleet;

pub use self::{
    control::{Cancelled, Control, Shown},
    cpu::CpuPool,
    dex::{PokeApi, PokeApiTimings},
    fib::FibError,
    programs::Programs,
    remote::{FleetTimings, Remote},
    team::Team,
};
use crate::{
    declared::{Catalog, Declared},
    job::{Digits, Failure, Member, Number, Pokemon, PokemonKey, Printed},
    nats::JobKey,
};

/// The function behind `fib`: the n-th number, counted from the 1st = 0.
pub type FibFn = Arc<dyn Fn(u64, &Control) -> Result<Digits, FibError> + Send + Sync>;

/// What computes Fibonacci numbers. A value, so that tests can hold it or break it.
#[derive(Clone)]
pub struct Engine {
    fib: FibFn,
    /// What `fib` will report to its control.
    cost: fn(u64) -> u64,
    /// Bytes that `fib` takes at its peak, its digits included.
    memory: fn(u64) -> u64,
    /// Numbers up to this one are computed where they are asked for.
    at_once: u64,
}

impl Engine {
    /// Numbers up to this one take less time (15 µs at most, on the slowest machine at hand) than to hand them to a
    /// worker and to wake up again. On a busy machine the workers also come last, and a small number should not.
    const AT_ONCE: u64 = 2_000;

    /// The real one.
    pub fn new() -> Self {
        Self { fib: Arc::new(fib::fib), cost: fib::cost, memory: fib::memory, at_once: Self::AT_ONCE }
    }

    /// Another function, which may block: all of it runs on the workers. It announces its cost itself, if at all, and
    /// is taken to need no memory.
    pub fn on_workers(fib: FibFn) -> Self {
        Self { fib, cost: |_| 0, memory: |_| 0, at_once: 0 }
    }

    /// The same, but it needs so many bytes for the n-th number, the digits included.
    #[must_use]
    pub fn with_memory(self, memory: fn(u64) -> u64) -> Self {
        Self { memory, ..self }
    }

    /// The same, with a cost that is known before the start.
    #[must_use]
    pub fn with_cost(self, cost: fn(u64) -> u64) -> Self {
        Self { cost, ..self }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that can run a member.
pub struct Work {
    executor: Executor,
    engine: Engine,
    pokeapi: PokeApi,
    programs: Option<Arc<Programs>>,
    /// Those who do it elsewhere.
    fleet: Option<watch::Receiver<Fleet>>,
}

/// Who does what is not done at once.
enum Executor {
    /// This process.
    Here(CpuPool),
    /// Workers elsewhere.
    Fleet(Arc<Remote>),
}

/// What a member found.
#[derive(Clone, Debug)]
pub enum Found {
    /// For `fib`.
    Number(Number),
    /// For `dex`.
    Pokemon(Arc<Pokemon>),
    /// For a declared program.
    Printed(Printed),
}

/// Why a member found nothing.
#[derive(Clone, Debug)]
pub enum Unfinished {
    /// It was told to stop, and did.
    Cancelled,
    /// The process ends, and others have it still: whoever runs it in the next process finds it.
    Left,
    /// It could not.
    Failed(Failure),
}

impl Work {
    /// Puts the parts together.
    pub fn new(cpu: CpuPool, engine: Engine, pokeapi: PokeApi) -> Self {
        Self { executor: Executor::Here(cpu), engine, pokeapi, programs: None, fleet: None }
    }

    /// Work that others do, but for what is done at once, or is nobody's job.
    pub fn by_fleet(fleet: Arc<Remote>, engine: Engine, pokeapi: PokeApi) -> Self {
        let known = Some(fleet.fleet());
        Self { executor: Executor::Fleet(fleet), engine, pokeapi, programs: None, fleet: known }
    }

    /// The same, with who runs declared programs in this process.
    #[must_use]
    pub fn with_programs(self, programs: Arc<Programs>) -> Self {
        Self { programs: Some(programs), ..self }
    }

    /// What the operator declares; nothing where nobody runs it.
    pub fn declared(&self) -> Arc<Declared> {
        self.programs
            .as_ref()
            .map_or_else(|| Declared::new(Catalog::default()), |programs| programs.declared().clone())
    }

    /// Who does it, if it is not this process: a job that was running when this process ended is in their hands still.
    pub fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.executor {
            Executor::Here(_) => None,
            Executor::Fleet(fleet) => Some(fleet),
        }
    }

    /// Waits until it is known what came of a member that another process, which ended, has handed out: [`run`](Self::run) only has
    /// to take it. For ever where nobody does.
    pub async fn ended(&self, (job, member): (JobKey, usize)) {
        match &self.executor {
            Executor::Fleet(fleet) => fleet.ended(job, member).await,
            Executor::Here(_) => std::future::pending().await,
        }
    }

    /// Stops what another process, which ended, may have left of the job, and waits until it has stopped.
    pub async fn recall(&self, job: JobKey) {
        if let Executor::Fleet(fleet) = &self.executor {
            fleet.recall(job).await;
        }
    }

    /// The job's end is stored, under the name it had in [`run`](Self::run).
    pub fn forget(&self, job: JobKey) {
        if let Executor::Fleet(fleet) = &self.executor {
            fleet.forget(job);
        }
    }

    /// The same, with those who do what takes time elsewhere.
    #[cfg(test)]
    pub(crate) fn with_fleet(self, fleet: watch::Receiver<Fleet>) -> Self {
        Self { fleet: Some(fleet), ..self }
    }

    /// Those who do it elsewhere; `None` where it is done here.
    pub fn fleet(&self) -> Option<watch::Receiver<Fleet>> {
        self.fleet.clone()
    }

    /// Whether the member is computed where it is asked for: it needs no worker, so it waits for none.
    pub fn is_at_once(&self, member: &Member) -> bool {
        matches!(member, Member::Fib(n) if *n <= self.engine.at_once)
    }

    /// Bytes that the n-th number takes at its peak, its digits included; 0 where it is computed at once.
    pub fn memory(&self, n: u64) -> u64 {
        if n <= self.engine.at_once { 0 } else { (self.engine.memory)(n) }
    }

    /// Announces what these members will report to the control. To be called before the first of them starts: a share
    /// of the whole is known from the beginning then.
    pub fn announce(&self, members: &[Member], control: &Control) {
        control.expect(members.iter().map(|member| self.cost(member)).sum());
    }

    /// What the member will report to its control, in about nanoseconds of one worker; 0: nobody knows.
    pub fn cost(&self, member: &Member) -> u64 {
        match member {
            Member::Fib(n) => (self.engine.cost)(*n),
            Member::Dex { .. } | Member::Declared(_) => 0,
        }
    }

    /// Runs one [announced](Self::announce) member of a job, the `place.1`-th from 0, to its end. It returns only when the work
    /// has truly stopped; or, where others do it, when the process ends: then it goes on, and the same call in the next
    /// process finds it.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn run(
        &self,
        place: (JobKey, usize),
        member: &Member,
        control: &Arc<Control>,
    ) -> Result<Found, Unfinished> {
        match &self.executor {
            Executor::Fleet(fleet) if !self.is_at_once(member) => {
                let memory = match member {
                    Member::Fib(n) => self.memory(*n),
                    Member::Dex { .. } | Member::Declared(_) => 0,
                };
                fleet.run(place, member, (memory, self.attempts(member)), control).await
            }
            Executor::Fleet(_) | Executor::Here(_) => self.here(place, member, control).await,
        }
    }

    /// How often others may begin it: a program that is not to be run again, once.
    fn attempts(&self, member: &Member) -> Option<u32> {
        let Member::Declared(call) = member else { return None };
        let runs_again = self.programs.as_ref().is_some_and(|programs| programs.runs_again(&call.name));
        (!runs_again).then_some(1)
    }

    /// Runs a member in this process, to its end. It returns only when the work has truly stopped: CPU work through its flag,
    /// IO work by dropping its request.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn here(
        &self,
        place: (JobKey, usize),
        member: &Member,
        control: &Arc<Control>,
    ) -> Result<Found, Unfinished> {
        // What was stopped before is not begun at all, as where others do it.
        control.check().map_err(|Cancelled| Unfinished::Cancelled)?;
        control.begins();
        match member {
            Member::Fib(n) => self.fib(*n, control).await,
            Member::Dex { key, with_sprite } => {
                self.dex(key, *with_sprite, control).await.map(Found::Pokemon)
            }
            Member::Declared(call) => match &self.programs {
                Some(programs) => programs.run(place, call, control).await.map(Found::Printed),
                None => Err(Unfinished::Failed(Failure::not_declared())),
            },
        }
    }

    /// A small number that somebody waits for, computed beside the workers: no job waits for it, and it for none. What
    /// stops it is its control, not that nobody waits any more.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn quick(&self, n: u64, control: &Arc<Control>) -> Result<Number, Unfinished> {
        let (fib, control) = (self.engine.fib.clone(), control.clone());
        let found = if n <= self.engine.at_once {
            cpu::caught(|| fib(n, &control))
        } else {
            let caught = tokio::task::spawn_blocking(move || cpu::caught(|| fib(n, &control)));
            caught.await.unwrap_or(Err(cpu::Panicked))
        };
        number(n, found)
    }

    /// A Pokémon, looked up in this process; dropping its request is what stops it.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn dex(
        &self,
        key: &PokemonKey,
        with_sprite: bool,
        control: &Control,
    ) -> Result<Arc<Pokemon>, Unfinished> {
        let look_up = AssertUnwindSafe(self.pokeapi.look_up(key, with_sprite)).catch_unwind();
        tokio::select! {
            () = control.cancelled() => Err(Unfinished::Cancelled),
            found = look_up => match found {
                Ok(found) => found.map_err(Unfinished::Failed),
                Err(_) => Err(Unfinished::Failed(Failure::Panicked)),
            },
        }
    }

    async fn fib(&self, n: u64, control: &Arc<Control>) -> Result<Found, Unfinished> {
        match &self.executor {
            Executor::Here(cpu) if n > self.engine.at_once => {
                let (fib, control) = (self.engine.fib.clone(), control.clone());
                control.helped_by(cpu.team());
                let after = control.clone();
                let found = cpu.run(move || fib(n, &control), move || after.clear_away()).await;
                number(n, found).map(Found::Number)
            }
            Executor::Here(_) | Executor::Fleet(_) => self.quick(n, control).await.map(Found::Number),
        }
    }
}

/// What came of the n-th number; a wrong one is told in the log, too.
fn number(n: u64, found: Result<Result<Digits, FibError>, cpu::Panicked>) -> Result<Number, Unfinished> {
    match found {
        Ok(Ok(digits)) => Ok(Number { n, digits }),
        Ok(Err(FibError::Cancelled(Cancelled))) => Err(Unfinished::Cancelled),
        Ok(Err(FibError::Wrong)) => {
            tracing::error!(
                n,
                "a result failed its check and is not given out: is this machine's memory sound?"
            );
            Err(Unfinished::Failed(Failure::WrongResult))
        }
        Err(_) => Err(Unfinished::Failed(Failure::Panicked)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{ChatId, JobId};

    const PLACE: (JobKey, usize) = (JobKey { chat: ChatId(1), job: JobId(1) }, 0);

    #[tokio::test]
    async fn the_progress_of_several_is_a_share_of_them_all() {
        let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
        let work = Work::new(CpuPool::new(1).unwrap(), Engine::new(), pokeapi);
        let (members, control) = ([Member::Fib(3_000), Member::Fib(30_000)], Arc::default());
        work.announce(&members, &control);
        assert_eq!(control.progress(), Some(0.0));
        assert!(work.here(PLACE, &members[0], &control).await.is_ok());
        let first = control.progress().unwrap();
        assert!(first > 0.0 && first < 0.5, "{first}");
        assert!(work.here(PLACE, &members[1], &control).await.is_ok());
        assert_eq!(control.progress(), Some(1.0));
    }

    #[tokio::test]
    async fn a_small_number_needs_no_worker_and_its_panic_is_an_answer() {
        let here = std::thread::current().id();
        let fib: FibFn = Arc::new(move |n, _| {
            assert_eq!(std::thread::current().id(), here);
            assert_ne!(n, 13, "on purpose");
            Ok(n.into())
        });
        let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
        let work =
            Work::new(CpuPool::new(1).unwrap(), Engine { at_once: 100, ..Engine::on_workers(fib) }, pokeapi);
        let run = async |n| work.here(PLACE, &Member::Fib(n), &Arc::default()).await;
        assert!(matches!(run(100).await, Ok(Found::Number(_))));
        assert!(matches!(run(13).await, Err(Unfinished::Failed(Failure::Panicked))));
        assert!(matches!(run(101).await, Err(Unfinished::Failed(Failure::Panicked))), "on a worker");
    }

    #[tokio::test]
    async fn a_wrong_result_is_a_failure_and_a_long_number_may_be_helped() {
        let fib: FibFn = Arc::new(|n, control| {
            assert_eq!(control.team().cores(), 3);
            if n == 13 { Err(FibError::Wrong) } else { Ok(n.into()) }
        });
        let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
        let work = Work::new(CpuPool::new(3).unwrap(), Engine::on_workers(fib), pokeapi);
        let run = async |n| work.here(PLACE, &Member::Fib(n), &Arc::default()).await;
        assert!(matches!(run(13).await, Err(Unfinished::Failed(Failure::WrongResult))));
        assert!(matches!(run(14).await, Ok(Found::Number(_))));
    }
}
