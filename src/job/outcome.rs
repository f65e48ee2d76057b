//! How a job ends, and what it leaves behind.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Digits, PokemonKey, Printed, ProgramEnd, ProgramFailure};

/// The end of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It did what was asked.
    Succeeded(Output),
    /// It could not.
    Failed(Failure),
    /// It was stopped.
    Cancelled(CancelReason),
}

impl Outcome {
    /// The state's one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "succeeded",
            Self::Failed(_) => "failed",
            Self::Cancelled(_) => "cancelled",
        }
    }
}

/// What a job that succeeded found, in the order asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Output {
    /// `fib`, `fib-multi`.
    Numbers(Vec<Number>),
    /// `dex`, `dex-multi`; at least one member came.
    Pokemon(Vec<MemberResult>),
    /// A declared program.
    Printed(Printed),
}

/// A Fibonacci number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// Which one, counted from the 1st = 0.
    pub n: u64,
    /// Itself, in decimal.
    pub digits: Digits,
}

/// One member of a `dex` or `dex-multi`: what was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberResult {
    /// As the person wrote it.
    pub key: PokemonKey,
    /// What came.
    pub result: Result<Arc<Pokemon>, Failure>,
}

/// What a card shows of a Pokémon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pokemon {
    /// PokeAPI's id; forms have ids above 10000.
    pub id: u64,
    /// PokeAPI's name, lower case with hyphens.
    pub name: String,
    /// In PokeAPI's order, one or two.
    pub types: Vec<String>,
    /// In decimetres.
    pub height: u64,
    /// In hectograms.
    pub weight: u64,
    /// Names; a hidden one is marked.
    pub abilities: Vec<(String, bool)>,
    /// Base stats in PokeAPI's order.
    pub stats: Vec<Stat>,
    /// A PNG, where one came in time. It is not stored: after a restart, a card that was not sent yet goes without it.
    #[serde(skip)]
    pub sprite: Option<Arc<[u8]>>,
}

/// A base stat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    /// PokeAPI's name: `hp`, `special-attack` …
    pub name: String,
    /// 1 to 255.
    pub value: u64,
}

/// Why a job, or a member of one, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// PokeAPI does not have it.
    NoSuchPokemon(PokemonKey),
    /// PokeAPI could not be reached, or the connection was lost, also after retries.
    PokeApiUnreachable,
    /// PokeAPI did not answer in time.
    PokeApiTimedOut,
    /// PokeAPI answered with this HTTP status; one of the 500s also after retries.
    PokeApiStatus(u16),
    /// PokeAPI's answer is not what it promises; the reason is for people.
    PokeApiNonsense(String),
    /// The job took longer than a job may.
    TookTooLong(Duration),
    /// A bug: the work panicked.
    Panicked,
    /// The result failed its check: a fault of the machine, or a bug.
    WrongResult,
    /// The bot crashed that many times while the job was running: it is left alone.
    StoppedTheBot(u32),
    /// That many workers crashed, or were lost, while they had it: it is left alone.
    StoppedTheWorkers(u32),
    /// What a worker said of its end cannot be read: it is of another version.
    UnreadableResult,
    /// Workers have done it that many times, and what came of it was lost before the bot had it: it is left alone.
    LostResult(u32),
    /// It needs more memory than there is for all jobs together: the bot was started with less than before.
    NeverFits(NeverFits),
    /// No member of a `-multi` came; each with its reason.
    AllMembers(Vec<(PokemonKey, Failure)>),
    /// A declared program did not succeed.
    Program(Box<ProgramFailure>),
    /// The bot crashed while the program ran, and it is not one that is run again.
    Interrupted,
}

impl Failure {
    /// Nobody here knows the command.
    pub fn not_declared() -> Self {
        Self::program(ProgramEnd::NotDeclared, Printed::default())
    }

    /// A program that did not succeed.
    pub fn program(end: ProgramEnd, printed: Printed) -> Self {
        Self::Program(Box::new(ProgramFailure { end, printed }))
    }
}

/// A job that needs more memory than all jobs may take together. The memory is in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeverFits {
    /// The largest number that was asked for.
    pub n: u64,
    /// How many were asked for, as one job.
    pub members: usize,
    /// What the job needs at its peak.
    pub need: u64,
    /// What all jobs may take together.
    pub budget: u64,
    /// About the largest number that fits, if as many of this size were asked for; 0 where none fits.
    pub largest: u64,
}

/// Why a job was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelReason {
    /// Somebody killed it; the name is not escaped.
    Killed {
        /// Who.
        by: String,
    },
    /// Its person blocked the bot.
    Blocked,
    /// Its group removed the bot.
    Removed,
    /// An owner of the bot has denied its chat.
    Denied,
}
