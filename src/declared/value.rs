//! What a parameter takes: the one place where a value is looked at, when it is said and again when it is used.

use std::path::{Component, Path};

use jiff::civil::Date;

use super::{Kind, Parameter};
use crate::hidden::is_hidden;

/// Bytes of one value, at most.
pub const MAX_VALUE: usize = 1_000;
/// Values of the rest of a line, at most.
pub const MAX_REST: usize = 50;

/// Why a value is none that a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is nothing in it.
    Empty,
    /// More than [`MAX_VALUE`] bytes: this many.
    TooLong(usize),
    /// Something in it cannot be seen, or turns round what follows.
    Hidden,
    /// A program could take it for an option.
    Hyphen,
    /// One word is wanted.
    SeveralWords,
    /// Not a whole number in the digits 0 to 9.
    NotAnInt,
    /// A whole number beyond the bounds.
    OutOfRange,
    /// None of the values.
    NotAChoice {
        /// The nearest, if one is near.
        suggestion: Option<String>,
    },
    /// Not a day of the calendar, `2026-11-29`.
    NotADate,
    /// A path that begins at the root.
    Absolute,
    /// A path with `..` in it.
    Upwards,
}

impl Parameter {
    /// Looks at what somebody said, and gives it in the one form in which a program gets it: a number without separators, a
    /// choice in the declared spelling. That form is read as itself.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn read(&self, said: &str) -> Result<String, Unfit> {
        if said.len() > MAX_VALUE {
            return Err(Unfit::TooLong(said.len()));
        }
        if said.chars().any(is_hidden) {
            return Err(Unfit::Hidden);
        }
        let may_be_empty = matches!(self.kind, Kind::Text | Kind::Rest);
        if said.is_empty() && !may_be_empty {
            return Err(Unfit::Empty);
        }
        let is_negative = matches!(self.kind, Kind::Int { min: ..0, .. });
        if said.starts_with('-') && !self.allow_hyphen && !is_negative {
            return Err(Unfit::Hyphen);
        }
        match &self.kind {
            Kind::Word if said.contains(char::is_whitespace) => Err(Unfit::SeveralWords),
            Kind::Word | Kind::Text | Kind::Rest => Ok(said.to_owned()),
            Kind::Int { min, max } => int(said, *min, *max),
            Kind::Choice(values) => choice(said, values),
            Kind::Date => date(said),
            Kind::Path(_) => path(said),
        }
    }
}

/// Digits 0 to 9 with `_` between them. Some apps make a minus of a hyphen.
fn int(said: &str, min: i64, max: i64) -> Result<String, Unfit> {
    let said = said.replace(['\u{2212}', '–'], "-");
    let digits = said.strip_prefix('-').unwrap_or(&said);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !is_number {
        return Err(Unfit::NotAnInt);
    }
    // What 64 bits do not hold is beyond any bound.
    let number: i64 = said.replace('_', "").parse().map_err(|_| Unfit::OutOfRange)?;
    if (min..=max).contains(&number) { Ok(number.to_string()) } else { Err(Unfit::OutOfRange) }
}

fn choice(said: &str, values: &[String]) -> Result<String, Unfit> {
    let lower = said.to_lowercase();
    if let Some(value) = values.iter().find(|value| value.to_lowercase() == lower) {
        return Ok(value.clone());
    }
    let suggestion = nearest(&lower, values.iter().map(String::as_str)).map(str::to_owned);
    Err(Unfit::NotAChoice { suggestion })
}

/// The nearest of some words, if one is near: a letter in three may be wrong.
pub(super) fn nearest<'a>(said: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |word: &str| strsim::damerau_levenshtein(&word.to_lowercase(), said);
    let near = words.map(|word| (distance(word), word)).min_by_key(|(distance, _)| *distance);
    let is_near = |(distance, word): &(usize, &str)| *distance <= (word.len().max(said.len()) / 3).max(1);
    near.filter(is_near).filter(|_| said.len() > 1).map(|(_, word)| word)
}

fn date(said: &str) -> Result<String, Unfit> {
    let is_shape = said.len() == 10
        && said
            .bytes()
            .enumerate()
            .all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    let date = said.parse::<Date>().ok().filter(|_| is_shape).ok_or(Unfit::NotADate)?;
    Ok(date.to_string())
}

fn path(said: &str) -> Result<String, Unfit> {
    for part in Path::new(said).components() {
        match part {
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => return Err(Unfit::Upwards),
            Component::RootDir | Component::Prefix(_) => return Err(Unfit::Absolute),
        }
    }
    Ok(said.to_owned())
}
