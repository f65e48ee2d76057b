//! The domain: what a job is, which states it may have, how it may move between them.
//!
//! Knows nothing of Telegram, of pools or of the store.

mod call;
mod digits;
mod outcome;
mod program;
mod times;

use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

pub use self::{
    call::{Argument, Call},
    digits::{Digits, Filed},
    outcome::{CancelReason, Failure, MemberResult, NeverFits, Number, Outcome, Output, Pokemon, Stat},
    program::{Excess, Kept, Made, Printed, ProgramEnd, ProgramFailure},
    times::{Ended, MemberTimes, Place, micros},
};

/// A Telegram chat; negative for groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChatId(pub i64);

/// A message of one chat; ids count per chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(pub i32);

/// A task's number on its board: 1, 2, 3 … per chat, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// Who said something: a person, or a chat that speaks as one (anonymous admins, channels).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Telegram's id of the user or of the sending chat.
    pub id: i64,
    /// As Telegram shows it; not escaped.
    pub name: String,
}

/// What a job came from. An update delivered twice has the same origin and makes one job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The message that answers reply to: the command, or the card whose button was pressed.
    pub message: MessageId,
    /// The forum topic, if the chat has topics and this is not General.
    pub thread: Option<i32>,
    /// The callback query's id where a button was pressed; of a schedule, [which occurrence](Self::of_schedule).
    pub callback: Option<String>,
}

/// How the key of a schedule's occurrence begins. The store has an index of these.
const OF_SCHEDULE: &str = "schedule ";

impl Origin {
    /// Of a job whose chat has moved: its message is in another chat, and cannot be replied to.
    pub fn nowhere() -> Self {
        Self { message: MessageId(0), thread: None, callback: None }
    }

    /// Whether there is a message to reply to.
    pub fn is_here(&self) -> bool {
        self.message.0 > 0
    }

    /// The same for one occurrence of a schedule: its number, and the second for which it was planned.
    #[must_use]
    pub fn of_schedule(self, number: u64, planned: i64) -> Self {
        // No query's id and no button's code has blanks in it.
        Self { callback: Some(format!("{OF_SCHEDULE}{number} {planned}")), ..self }
    }

    /// The number of the schedule that it is an occurrence of, if it is.
    pub fn schedule(&self) -> Option<u64> {
        let (number, _) = self.callback.as_deref()?.strip_prefix(OF_SCHEDULE)?.split_once(' ')?;
        number.parse().ok()
    }
}

/// A Pokémon's number or name, as PokeAPI spells it: `25`, `mr-mime`. Safe as a segment of a path, wherever it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PokemonKey(String);

impl PokemonKey {
    /// Far above the longest name PokeAPI has (about 30 letters).
    const MAX_LEN: usize = 64;

    /// The number or name, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The word is neither a number nor a name in PokeAPI's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Pokémon's number or name")]
pub struct NotAPokemonKey;

impl FromStr for PokemonKey {
    type Err = NotAPokemonKey;

    fn from_str(word: &str) -> Result<Self, NotAPokemonKey> {
        let starts_well = word.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts_well && word.len() <= Self::MAX_LEN && word.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        {
            let digits = word.replace('_', "");
            let number = digits.trim_start_matches('0');
            return Ok(Self(if number.is_empty() { "0".to_owned() } else { number.to_owned() }));
        }
        let fits =
            word.len() <= Self::MAX_LEN && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if starts_well && fits { Ok(Self(word.to_ascii_lowercase())) } else { Err(NotAPokemonKey) }
    }
}

impl TryFrom<String> for PokemonKey {
    type Error = NotAPokemonKey;

    fn try_from(word: String) -> Result<Self, NotAPokemonKey> {
        word.parse()
    }
}

impl fmt::Display for PokemonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is to be done. Its `Display` is the command that asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spec {
    /// The n-th Fibonacci number, counted from the 1st = 0.
    Fib(u64),
    /// Several, in parallel, as one task.
    FibMulti(Vec<u64>),
    /// A Pokémon looked up in PokeAPI.
    Dex(PokemonKey),
    /// Several, concurrently, as one task.
    DexMulti(Vec<PokemonKey>),
    /// A program that the operator has declared.
    Declared(Call),
}

/// One number of a `fib-multi`, one Pokémon of a `dex-multi`; the other kinds have one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Member {
    /// The n-th Fibonacci number.
    Fib(u64),
    /// A Pokémon.
    Dex {
        /// Which.
        key: PokemonKey,
        /// Whether its sprite is wanted: only a card about one Pokémon shows it.
        with_sprite: bool,
    },
    /// A declared program.
    Declared(Call),
}

impl Member {
    /// What it needs a slot of.
    pub fn resource(&self) -> Resource {
        match self {
            Self::Dex { .. } => Resource::Io,
            Self::Declared(call) if call.weight == 0 => Resource::Io,
            Self::Fib(_) | Self::Declared(_) => Resource::Cpu,
        }
    }
}

/// What the slots of the queue are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A worker of the CPU pool.
    Cpu,
    /// A request under way.
    Io,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fib(n) => write!(f, "fib {n}"),
            Self::Dex { key, .. } => write!(f, "dex {key}"),
            Self::Declared(call) => call.fmt(f),
        }
    }
}

impl Spec {
    /// The Fibonacci numbers that are asked for, in order; empty for other kinds.
    pub fn fib_members(&self) -> &[u64] {
        match self {
            Self::Fib(n) => std::slice::from_ref(n),
            Self::FibMulti(ns) => ns,
            Self::Dex(_) | Self::DexMulti(_) | Self::Declared(_) => &[],
        }
    }

    /// How many members it has.
    pub fn member_count(&self) -> usize {
        match self {
            Self::Fib(_) | Self::Dex(_) | Self::Declared(_) => 1,
            Self::FibMulti(ns) => ns.len(),
            Self::DexMulti(keys) => keys.len(),
        }
    }

    /// What is to be done, one by one, in the order asked.
    pub fn members(&self) -> Vec<Member> {
        match self {
            Self::Fib(n) => vec![Member::Fib(*n)],
            Self::FibMulti(ns) => ns.iter().map(|n| Member::Fib(*n)).collect(),
            Self::Dex(key) => vec![Member::Dex { key: key.clone(), with_sprite: true }],
            Self::DexMulti(keys) => {
                keys.iter().map(|key| Member::Dex { key: key.clone(), with_sprite: false }).collect()
            }
            Self::Declared(call) => vec![Member::Declared(call.clone())],
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fib(n) => write!(f, "fib {n}"),
            Self::FibMulti(ns) => write_list(f, "fib-multi", ns),
            Self::Dex(key) => write!(f, "dex {key}"),
            Self::DexMulti(keys) => write_list(f, "dex-multi", keys),
            Self::Declared(call) => call.fmt(f),
        }
    }
}

/// Writes `name a b c`.
pub(crate) fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    items: &[T],
) -> fmt::Result {
    f.write_str(name)?;
    items.iter().try_for_each(|item| write!(f, " {item}"))
}

/// Where a job is on its way. The data of a state lives in its variant.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Accepted, waiting for memory or a slot.
    Queued,
    /// At least one member has a slot.
    Running {
        /// When the first member got its slot.
        started: SystemTime,
    },
    /// Told to stop; the work has not stopped yet.
    Cancelling {
        /// When it had started to run.
        started: SystemTime,
    },
    /// Succeeded, failed or cancelled; never changes again.
    Finished {
        /// `None` where it never ran.
        started: Option<SystemTime>,
        /// When the last member stopped.
        finished: SystemTime,
        /// How it ended. Shared: results can be hundreds of megabytes.
        outcome: Arc<Outcome>,
    },
}

/// What can happen to a job.
#[derive(Clone, Debug)]
pub enum Event {
    /// Its first member got a slot.
    Start,
    /// Somebody wants it stopped.
    Cancel,
    /// Its last member stopped.
    Finish(Arc<Outcome>),
}

/// The event cannot happen to a job in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {0} job cannot take this event")]
pub struct IllegalTransition(&'static str);

impl State {
    /// The state after `event`, which happened at `now`.
    ///
    /// # Errors
    /// [`IllegalTransition`]: above all, a finished job never changes.
    pub fn next(&self, event: Event, now: SystemTime) -> Result<Self, IllegalTransition> {
        match (self, event) {
            (Self::Queued, Event::Start) => Ok(Self::Running { started: now }),
            (Self::Running { started }, Event::Cancel) => Ok(Self::Cancelling { started: *started }),
            (Self::Queued | Self::Running { .. } | Self::Cancelling { .. }, Event::Finish(outcome)) => {
                Ok(Self::Finished { started: self.started(), finished: now, outcome })
            }
            _ => Err(IllegalTransition(self.word())),
        }
    }

    /// When the job started to run, if it did.
    pub fn started(&self) -> Option<SystemTime> {
        match self {
            Self::Queued => None,
            Self::Running { started } | Self::Cancelling { started } => Some(*started),
            Self::Finished { started, .. } => *started,
        }
    }

    /// How it ended, if it did.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Finished { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// Whether nothing will change any more.
    pub fn is_finished(&self) -> bool {
        self.outcome().is_some()
    }

    /// The state's one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running { .. } => "running",
            Self::Cancelling { .. } => "cancelling",
            Self::Finished { outcome, .. } => outcome.word(),
        }
    }
}

/// One line of a board.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number on the board.
    pub id: JobId,
    /// What is to be done.
    pub spec: Spec,
    /// Who asked for it.
    pub person: Person,
    /// What it came from.
    pub origin: Origin,
    /// When it was accepted.
    pub submitted: SystemTime,
    /// How often it began to run: more than once where the bot was stopped or crashed meanwhile.
    pub attempt: u32,
    /// Where it is.
    pub state: State,
}

impl Job {
    /// When it finished, if it did.
    pub fn finished(&self) -> Option<SystemTime> {
        match self.state {
            State::Finished { finished, .. } => Some(finished),
            _ => None,
        }
    }

    /// How long it ran (so far, or in all); `None` where it never ran.
    pub fn ran_for(&self, now: SystemTime) -> Option<Duration> {
        let until = match self.state {
            State::Finished { finished, .. } => finished,
            _ => now,
        };
        Some(until.duration_since(self.state.started()?).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_event() -> impl Strategy<Value = u8> {
        0..5u8
    }

    fn event(number: u8) -> Event {
        match number {
            0 => Event::Start,
            1 => Event::Cancel,
            2 => Event::Finish(Outcome::Failed(Failure::Panicked).into()),
            3 => Event::Finish(Outcome::Cancelled(CancelReason::Killed { by: "Ann".to_owned() }).into()),
            _ => Event::Finish(Outcome::Succeeded(Output::Numbers(Vec::new())).into()),
        }
    }

    proptest! {
        #[test]
        fn a_finished_job_never_changes(events in prop::collection::vec(any_event(), 0..20)) {
            let mut state = State::Queued;
            for number in events {
                let next = state.next(event(number), SystemTime::UNIX_EPOCH);
                if state.is_finished() {
                    prop_assert!(next.is_err());
                }
                state = next.unwrap_or(state);
            }
        }
    }

    #[test]
    fn a_queued_job_cannot_be_cancelling_and_a_running_one_does_not_start_again() {
        let now = SystemTime::UNIX_EPOCH;
        assert!(State::Queued.next(Event::Cancel, now).is_err());
        assert!(State::Running { started: now }.next(Event::Start, now).is_err());
        assert!(State::Cancelling { started: now }.next(Event::Cancel, now).is_err());
    }

    #[test]
    fn pokemon_keys_are_safe_in_a_path() {
        for (word, key) in [("25", "25"), ("007", "7"), ("0", "0"), ("Mr-Mime", "mr-mime"), ("1_0", "10")] {
            assert_eq!(word.parse::<PokemonKey>().as_ref().map(PokemonKey::as_str), Ok(key));
        }
        for word in ["", "..", "../x", "a/b", "a?b", "-5", "_1", "é", "٢٥", "a b", "a%2f", &"a".repeat(65)]
        {
            assert_eq!(word.parse::<PokemonKey>(), Err(NotAPokemonKey), "{word}");
        }
    }
}
