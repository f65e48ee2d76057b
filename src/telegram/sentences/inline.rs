//! What is offered inline, in words.

use super::ordinal;
use crate::{job::Pokemon, telegram::language::say};

/// What can be typed after the bot's name, and what comes of it.
pub(in crate::telegram) fn commands() -> [(&'static str, String); 2] {
    [("fib 100", say!("inline-fib")), ("dex pikachu", say!("inline-dex"))]
}

/// The button above the offers, which leads to the private chat.
pub(in crate::telegram) fn button() -> String {
    say!("inline-button")
}

/// Below what went wrong.
pub(in crate::telegram) fn say_instead() -> String {
    say!("inline-say-instead")
}

/// For a command that needs a board.
pub(in crate::telegram) fn not_here() -> String {
    say!("inline-not-here")
}

/// What is sent where somebody chooses a line of help.
pub(in crate::telegram) fn help(bot: &str) -> String {
    let lines = commands().map(|(command, about)| format!("@{bot} {command}: {about}"));
    format!("{}\n{}\n{}", say!("inline-help-head"), lines.join("\n"), say!("inline-help-tail"))
}

/// The head of a number.
pub(in crate::telegram) fn number(n: u64) -> String {
    say!("inline-number", nth = ordinal(n))
}

/// The head of a Pokémon.
pub(in crate::telegram) fn pokemon(pokemon: &Pokemon) -> String {
    format!("{} ({})", pokemon.name, pokemon.id)
}

/// A number that is no small one.
pub(in crate::telegram) fn too_large(n: u64, limit: u64) -> String {
    say!("inline-too-large", n = n, limit = limit)
}

/// It took longer than somebody who types waits.
pub(in crate::telegram) fn too_slow() -> String {
    say!("inline-too-slow")
}
