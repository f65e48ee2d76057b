//! What bot and workers say to each other: JSON with the version of its writer. A reader takes what it knows of it, so that
//! a newer one may say more; only of an order a worker has to know all, since it would do something else otherwise.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::NatsError;
use crate::{
    job::{Digits, Failure, Member, Number, Pokemon, Printed},
    work::{
        Shown,
        fleet::{ORDERS, PROTOCOL},
    },
};

/// What is larger than this does not go into a message but beside it.
pub const LARGE: usize = 256 * 1024;

/// One member of a job, for whoever has a slot for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Who knows an older version only must not do it.
    pub protocol: u32,
    /// What is to be done.
    pub member: Member,
    /// Bytes that it takes at its peak; 0: nobody knows, or next to nothing.
    #[serde(default)]
    pub memory: u64,
    /// Deliveries without an end, each of them a crash or a lost machine, after which it is left alone; at least 1.
    pub max_attempts: u32,
}

/// What came of an order. What is large of it is the [`Blob`] behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The writer's version.
    pub protocol: u32,
    /// What was to be done: an order of the same name may have been of another job, where the bot's store was set back.
    pub member: Member,
    /// The worker.
    pub worker: String,
    /// How it ended.
    pub end: WorkEnd,
    /// The blob's name in the object store, where it is not in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WorkEnd {
    /// A number; the blob is its digits.
    Number {
        /// Which one.
        n: u64,
    },
    /// A Pokémon; the blob is its sprite, and empty where there is none.
    Pokemon(Arc<Pokemon>),
    /// A program succeeded.
    Printed(Printed),
    /// It could not be done.
    Failed(Failure),
    /// It was cancelled, and has stopped.
    Cancelled,
    /// It is given back: the worker ends, and nothing is wrong with it.
    Returned,
}

impl WorkEnd {
    /// What a program left; `None` where it was none.
    pub(crate) fn printed(&self) -> Option<&Printed> {
        match self {
            Self::Printed(printed) => Some(printed),
            Self::Failed(Failure::Program(program)) => Some(&program.printed),
            _ => None,
        }
    }

    /// The same end, where what a program left is this.
    pub(crate) fn with_printed(self, printed: Printed) -> Self {
        match self {
            Self::Failed(Failure::Program(mut program)) => {
                program.printed = printed;
                Self::Failed(Failure::Program(program))
            }
            _ => Self::Printed(printed),
        }
    }

    /// Whether nothing more is to be done for the member.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Cancelled | Self::Returned)
    }
}

/// What is large of a result.
pub type Blob = Bytes;

/// A sign of life of an order that is being done. Who misses one hears the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// The writer's version.
    pub protocol: u32,
    /// The worker.
    pub worker: String,
    /// The how-manieth delivery of the order this is, from 1.
    pub delivery: u64,
    /// Units of the work that are done, the same as in the cost that the bot announced.
    pub done: u64,
    /// What a program shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// A worker about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The newest version of messages that it knows.
    pub protocol: u32,
    /// Its own; another one after a restart.
    pub id: String,
    /// Its machine's name.
    pub host: String,
    /// Of the program.
    pub version: String,
    /// CPU members that it runs side by side.
    pub cpu: usize,
    /// IO members that it runs side by side.
    pub io: usize,
    /// Bytes that its members may take together.
    pub memory: u64,
    /// Declared commands that it offers, and how many of each it runs side by side.
    #[serde(default)]
    pub commands: BTreeMap<String, usize>,
    /// Whether it takes no more.
    #[serde(default)]
    pub draining: bool,
    /// Members that it has.
    #[serde(default)]
    pub in_hand: usize,
}

impl Order {
    /// An order of this version.
    pub fn new(member: Member, memory: u64, max_attempts: u32) -> Self {
        Self { protocol: ORDERS, member, memory, max_attempts: max_attempts.max(1) }
    }

    /// Reads one, if this program knows all that it may say.
    ///
    /// # Errors
    /// [`NatsError::Message`]: it is for a newer worker.
    pub fn read(payload: &[u8]) -> Result<Self, NatsError> {
        /// What no version changes.
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let Version { protocol } = read(payload)?;
        if protocol > PROTOCOL {
            return Err(NatsError::Message(format!("it is of version {protocol}, and {PROTOCOL} is known")));
        }
        read(payload)
    }
}

impl Report {
    /// A report and its blob, which is put into the message where `object` names none.
    pub fn new(worker: &str, member: Member, end: WorkEnd) -> Self {
        Self { protocol: PROTOCOL, member, worker: worker.to_owned(), end, object: None }
    }

    /// The whole message: a line of JSON, then the blob unless it is elsewhere.
    ///
    /// # Errors
    /// [`NatsError::Message`]; there is no report that JSON cannot hold.
    pub fn write(&self, blob: &[u8]) -> Result<Bytes, NatsError> {
        let mut message = write(self)?.to_vec();
        message.push(b'\n');
        if self.object.is_none() {
            message.extend_from_slice(blob);
        }
        Ok(message.into())
    }

    /// Reads a message; the blob is empty where it is elsewhere.
    ///
    /// # Errors
    /// [`NatsError::Message`].
    pub fn read(payload: &Bytes) -> Result<(Self, Blob), NatsError> {
        let line = payload.iter().position(|byte| *byte == b'\n').unwrap_or(payload.len());
        let report = read(&payload[..line])?;
        Ok((report, payload.slice((line + 1).min(payload.len())..)))
    }
}

/// What a member found, as a report and its blob.
pub(crate) fn of_number(number: Number) -> (WorkEnd, Blob) {
    let blob = match number.digits {
        Digits::Here(text) => {
            Bytes::from(Arc::try_unwrap(text).unwrap_or_else(|shared| shared.as_ref().clone()))
        }
        // What was just computed is in no file.
        Digits::Filed(_) => Bytes::new(),
    };
    (WorkEnd::Number { n: number.n }, blob)
}

/// The same for a Pokémon.
pub(crate) fn of_pokemon(pokemon: Arc<Pokemon>) -> (WorkEnd, Blob) {
    let blob = pokemon.sprite.as_deref().map(Bytes::copy_from_slice).unwrap_or_default();
    (WorkEnd::Pokemon(pokemon), blob)
}

/// The number whose digits somebody else has written; they are looked at.
pub(crate) fn to_number(n: u64, blob: Blob) -> Result<Number, NatsError> {
    let is_number = !blob.is_empty()
        && blob.iter().all(u8::is_ascii_digit)
        && (blob.len() == 1 || !blob.starts_with(b"0"));
    if !is_number {
        return Err(NatsError::Message("the digits are none".to_owned()));
    }
    let text = String::from_utf8(blob.into()).map_err(|error| NatsError::Message(error.to_string()))?;
    Ok(Number { n, digits: Digits::from_canonical(text) })
}

/// The same for a Pokémon and its sprite.
pub(crate) fn to_pokemon(pokemon: Arc<Pokemon>, blob: &Blob) -> Arc<Pokemon> {
    if blob.is_empty() {
        return pokemon;
    }
    Arc::new(Pokemon { sprite: Some(blob.as_ref().into()), ..Arc::unwrap_or_clone(pokemon) })
}

/// A message as JSON.
///
/// # Errors
/// [`NatsError::Message`]: it holds what JSON cannot, which none of ours does.
pub fn write(message: &impl Serialize) -> Result<Bytes, NatsError> {
    serde_json::to_vec(message).map(Bytes::from).map_err(|error| NatsError::Message(error.to_string()))
}

/// A message of JSON; what is not known of it is left out.
///
/// # Errors
/// [`NatsError::Message`].
pub fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, NatsError> {
    serde_json::from_slice(payload).map_err(|error| NatsError::Message(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_goes_over_and_comes_back() {
        let digits = Digits::from(832_040_u64);
        let (end, blob) = of_number(Number { n: 31, digits: digits.clone() });
        let report = Report::new("w1", Member::Fib(31), end);
        let (read, blob) = Report::read(&report.write(&blob).unwrap()).unwrap();
        assert_eq!(read, report);
        assert_eq!(to_number(31, blob).unwrap(), Number { n: 31, digits });
        for wrong in ["", "01", "12a", "-5"] {
            assert!(to_number(31, Bytes::from_static(wrong.as_bytes())).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_sprite_goes_beside_its_pokemon() {
        let sprite: Arc<[u8]> = Arc::from(&b"png\n\x00"[..]);
        let pokemon = Pokemon {
            id: 25,
            name: "pikachu".into(),
            types: vec!["electric".into()],
            height: 4,
            weight: 60,
            abilities: vec![("static".into(), false)],
            stats: Vec::new(),
            sprite: Some(sprite),
        };
        let (end, blob) = of_pokemon(Arc::new(pokemon.clone()));
        let member = Member::Dex { key: "25".parse().unwrap(), with_sprite: true };
        let (read, blob) = Report::read(&Report::new("w", member, end).write(&blob).unwrap()).unwrap();
        let WorkEnd::Pokemon(found) = read.end else { panic!("{read:?}") };
        assert_eq!(*to_pokemon(found, &blob), pokemon);
    }

    #[test]
    fn what_a_newer_one_says_more_is_left_out_but_a_newer_order_is_not_done() {
        let order = Order::new(Member::Fib(5), 0, 3);
        let text = String::from_utf8(write(&order).unwrap().to_vec()).unwrap();
        let more = text.replacen('{', "{\"colour\":\"red\",", 1);
        assert_eq!(Order::read(more.as_bytes()).unwrap(), order);
        let newer =
            more.replace(&format!("\"protocol\":{ORDERS}"), &format!("\"protocol\":{}", PROTOCOL + 1));
        assert!(Order::read(newer.as_bytes()).is_err());
    }
}
