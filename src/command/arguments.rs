//! What is said after the name of a declared command.

use std::sync::Arc;

use super::{
    ParseError,
    quoted::{Misquoted, Words},
};
use crate::{
    declared::{Declaration, Kind, MAX_REST, Parameter, Unfit},
    job::{Argument, Call},
};

/// A mistake in what is said after the name of a declared command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slip {
    /// A quotation mark is in the wrong place, or is missing.
    Misquoted(Misquoted),
    /// Nothing is said for this parameter.
    Missing(Parameter),
    /// This word is one more than it takes.
    TooMany(String),
    /// The rest of a line has more words than [`MAX_REST`].
    TooManyWords(Parameter),
    /// This is nothing that the parameter takes.
    Unfit {
        /// Which.
        parameter: Parameter,
        /// As it was said.
        said: String,
        /// Why.
        why: Unfit,
    },
}

/// Reads what stands behind the name.
pub(super) fn call(declaration: &Arc<Declaration>, text: &str) -> Result<Call, ParseError> {
    let call = arguments(declaration, text).map(|arguments| Call {
        name: declaration.name.clone(),
        arguments,
        weight: declaration.weight,
    });
    call.map_err(|slip| ParseError::Declared { command: declaration.clone(), slip })
}

fn arguments(declaration: &Declaration, text: &str) -> Result<Vec<Argument>, Slip> {
    let mut words = Words::new(text);
    let mut arguments = Vec::new();
    let last = declaration.parameters.len().saturating_sub(1);
    for (at, parameter) in declaration.parameters.iter().enumerate() {
        let said = match parameter.kind {
            Kind::Rest => rest(&mut words, parameter)?,
            Kind::Text if at == last => words.remainder().into_iter().collect(),
            _ => word(&mut words)?.into_iter().collect(),
        };
        if said.is_empty() {
            // Those behind it may be left out, too.
            return if parameter.optional { Ok(arguments) } else { Err(Slip::Missing(parameter.clone())) };
        }
        let read = |said: String| {
            let unfit = |why| Slip::Unfit { parameter: parameter.clone(), said: said.clone(), why };
            parameter.read(&said).map_err(unfit)
        };
        let values = said.into_iter().map(read).collect::<Result<_, _>>()?;
        arguments.push(Argument { parameter: parameter.name.clone(), values });
    }
    match word(&mut words)? {
        None => Ok(arguments),
        Some(more) => Err(Slip::TooMany(more)),
    }
}

fn word(words: &mut Words<'_>) -> Result<Option<String>, Slip> {
    words.next().transpose().map_err(Slip::Misquoted)
}

fn rest(words: &mut Words<'_>, parameter: &Parameter) -> Result<Vec<String>, Slip> {
    let mut said = Vec::new();
    while let Some(word) = word(words)? {
        if said.len() == MAX_REST {
            return Err(Slip::TooManyWords(parameter.clone()));
        }
        said.push(word);
    }
    Ok(said)
}
