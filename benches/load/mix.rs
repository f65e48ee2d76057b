//! What people say, and how often.

use std::{
    fmt::{self, Write},
    str::FromStr,
};

use rand::{RngExt, rngs::StdRng};

/// Kinds of commands, with the part that each has unless `--mix` says otherwise.
pub(crate) const KINDS: [(&str, u32); 13] = [
    ("fib-small", 40),
    ("fib-medium", 10),
    ("fib-large", 1),
    ("fib-multi", 5),
    ("dex", 8),
    ("dex-multi", 3),
    ("job", 8),
    ("kill", 5),
    ("press", 3),
    ("dash", 7),
    ("retry", 3),
    ("help", 3),
    ("nonsense", 4),
];

/// A place in [`KINDS`].
pub(crate) type Kind = usize;

/// How often each kind comes.
#[derive(Clone, Debug)]
pub(crate) struct Mix([u32; KINDS.len()]);

impl Default for Mix {
    fn default() -> Self {
        Self(KINDS.map(|(_, part)| part))
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = KINDS.iter().zip(self.0).map(|((name, _), part)| format!("{name}={part}"));
        f.write_str(&parts.collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Mix {
    type Err = String;

    /// `fib-small=10,dash=1`: what is not named does not come.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix = Self([0; KINDS.len()]);
        for part in text.split(',') {
            let (name, count) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=PART"))?;
            let kind = KINDS.iter().position(|(known, _)| *known == name);
            let kind = kind.ok_or_else(|| format!("{name:?} is none of {}", names()))?;
            mix.0[kind] = count.parse().map_err(|_| format!("{count:?} is not a number"))?;
        }
        if mix.0.iter().all(|part| *part == 0) { Err("nothing would be said".to_owned()) } else { Ok(mix) }
    }
}

impl Mix {
    pub(crate) fn pick(&self, rng: &mut StdRng) -> Kind {
        let mut at = rng.random_range(0..self.0.iter().sum());
        for (kind, part) in self.0.iter().enumerate() {
            match at.checked_sub(*part) {
                Some(rest) => at = rest,
                None => return kind,
            }
        }
        0
    }
}

/// Whether it is a task, which ends some time.
pub(crate) fn is_task(kind: Kind) -> bool {
    KINDS[kind].0.starts_with("fib") || KINDS[kind].0.starts_with("dex")
}

/// The words; `of` is the number of a task that the kind is about.
pub(crate) fn words(kind: Kind, of: u64, rng: &mut StdRng) -> String {
    match KINDS[kind].0 {
        "fib-small" => format!("/fib {}", rng.random_range(1..2_000)),
        "fib-medium" => format!("/fib {}", rng.random_range(10_000..200_000)),
        "fib-large" => format!("/fib {}", rng.random_range(1_000_000..5_000_000)),
        "fib-multi" => several("/fib_multi", 1..50_000, rng),
        "dex" => format!("/dex {}", rng.random_range(1..=151)),
        "dex-multi" => several("/dex_multi", 1..152, rng),
        "dash" => "/dash".to_owned(),
        "help" => "/help".to_owned(),
        "nonsense" => format!("/fib ten{}", rng.random_range(0..1_000_000)),
        name => format!("/{name} {of}"),
    }
}

fn several(command: &str, of: std::ops::Range<u32>, rng: &mut StdRng) -> String {
    let mut words = command.to_owned();
    for _ in 0..3 {
        let _ = write!(words, " {}", rng.random_range(of.clone()));
    }
    words
}

fn names() -> String {
    KINDS.map(|(name, _)| name).join(", ")
}
