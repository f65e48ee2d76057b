//! What is offered inline, in words.

use super::ordinal;
use crate::job::Pokemon;

/// What can be typed after the bot's name, and what comes of it.
pub(in crate::telegram) const HELP: [(&str, &str); 2] =
    [("fib 100", "A Fibonacci number, by its place"), ("dex pikachu", "A Pokémon, by its name or number")];

/// The button above the offers, which leads to the private chat.
pub(in crate::telegram) const BUTTON: &str = "Open your job board";

/// Below what went wrong.
pub(in crate::telegram) const SAY_INSTEAD: &str = "Here I know fib NUM and dex NAME.";

/// For a command that needs a board.
pub(in crate::telegram) const NOT_HERE: &str = "That needs a board: send it to me in a chat.";

/// What is sent where somebody chooses a line of help.
pub(in crate::telegram) fn help(bot: &str) -> String {
    let lines = HELP.map(|(command, about)| format!("@{bot} {command}: {about}"));
    format!("Type this in any chat:\n{}\nEverything else is done in a chat with me: /help", lines.join("\n"))
}

/// The head of a number.
pub(in crate::telegram) fn number(n: u64) -> String {
    format!("The {} Fibonacci number", ordinal(n))
}

/// The head of a Pokémon.
pub(in crate::telegram) fn pokemon(pokemon: &Pokemon) -> String {
    format!("{} ({})", pokemon.name, pokemon.id)
}

/// A number that is no small one.
pub(in crate::telegram) fn too_large(n: u64, limit: u64) -> String {
    format!("fib {n} is too large for this, the largest here is {limit}: send it to me in a chat.")
}

/// It took longer than somebody who types waits.
pub(in crate::telegram) fn too_slow() -> String {
    "That took too long. Try again, or send it to me in a chat.".to_owned()
}
