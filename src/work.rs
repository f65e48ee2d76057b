//! What runs: CPU work on a rayon pool of its own, IO work on tokio.
//!
//! The seam is [`Work::run`]: one member, with the control that stops it and hears its progress.

pub mod control;
mod cpu;
mod dex;
pub mod fib;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;

pub use self::{
    control::{Cancelled, Control},
    cpu::CpuPool,
    dex::{PokeApi, PokeApiTimings},
};
use crate::job::{Digits, Failure, Member, Number, Pokemon};

/// The function behind `fib`: the n-th number, counted from the 1st = 0. A value, so that tests can hold it or break it.
pub type FibFn = Arc<dyn Fn(u64, &Control) -> Result<Digits, Cancelled> + Send + Sync>;

/// Everything that can run a member.
pub struct Work {
    cpu: CpuPool,
    fib: FibFn,
    pokeapi: PokeApi,
}

/// What a member found.
#[derive(Clone, Debug)]
pub enum Found {
    /// For `fib`.
    Number(Number),
    /// For `dex`.
    Pokemon(Arc<Pokemon>),
}

/// Why a member found nothing.
#[derive(Clone, Debug)]
pub enum Unfinished {
    /// It was told to stop, and did.
    Cancelled,
    /// It could not.
    Failed(Failure),
}

impl Work {
    /// Puts the parts together.
    pub fn new(cpu: CpuPool, fib: FibFn, pokeapi: PokeApi) -> Self {
        Self { cpu, fib, pokeapi }
    }

    /// Runs one member to its end. It returns only when the work has truly stopped: CPU work through its flag, IO work
    /// by dropping its request.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    pub async fn run(&self, member: &Member, control: &Arc<Control>) -> Result<Found, Unfinished> {
        match member {
            Member::Fib(n) => self.fib(*n, control).await,
            Member::Dex { key, with_sprite } => {
                let look_up = AssertUnwindSafe(self.pokeapi.look_up(key, *with_sprite)).catch_unwind();
                tokio::select! {
                    () = control.cancelled() => Err(Unfinished::Cancelled),
                    found = look_up => match found {
                        Ok(found) => found.map(Found::Pokemon).map_err(Unfinished::Failed),
                        Err(_) => Err(Unfinished::Failed(Failure::Panicked)),
                    },
                }
            }
        }
    }

    async fn fib(&self, n: u64, control: &Arc<Control>) -> Result<Found, Unfinished> {
        let (fib, control) = (self.fib.clone(), control.clone());
        match self.cpu.run(move || fib(n, &control)).await {
            Ok(Ok(digits)) => Ok(Found::Number(Number { n, digits })),
            Ok(Err(Cancelled)) => Err(Unfinished::Cancelled),
            Err(_) => Err(Unfinished::Failed(Failure::Panicked)),
        }
    }
}
