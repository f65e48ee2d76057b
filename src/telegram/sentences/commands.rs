//! What people read of the commands: help, and what is wrong with one.

use std::fmt::Write;

use super::{allowed, cut, declared, numbers::lines_within, schedules, settings, units};
use crate::{
    command::{COMMANDS, Entry, ParseError, Topic, Wanted},
    declared::{Catalog, Viewer},
    hidden::is_hidden,
    telegram::{
        handlers::NotAllowed,
        language::{say, sentence},
    },
};

/// Characters of `help`: Telegram takes 4096 UTF-16 units, and a sentence may be put in front.
const MAX_HELP: usize = 3_900;
/// Characters of a wrong word in an answer.
const MAX_WORD: usize = 60;

/// What is wrong with a command, where, and what would be right.
pub(in crate::telegram) fn parse_error(error: &ParseError, max_fib: u64) -> String {
    let cut = |word: &str| cut(&visible(word), MAX_WORD);
    match error {
        ParseError::UnknownCommand { word, suggestion: Some(name) } => {
            say!("unknown-command-near", word = cut(word), name = name.as_ref())
        }
        ParseError::UnknownCommand { word, suggestion: None } => say!("unknown-command", word = cut(word)),
        ParseError::Declared { command, slip } => declared::slip(command, slip, cut),
        ParseError::NotAllowed { command, private } => {
            allowed::refusal(&command.name, NotAllowed::of(&command.allow, *private))
        }
        ParseError::Missing { command, what } => {
            say!("missing", command = *command, what = wanted(*what), example = example(command))
        }
        ParseError::TooMany { command, word, words } => too_many(command, &cut(word), &cut(words)),
        ParseError::TooManyNamed { command, most, count } => {
            say!("too-many-members", command = *command, most = *most, count = *count)
        }
        ParseError::OwnersOnly { command } => say!("owners-only", command = *command),
        ParseError::NotAChat { command, word } => {
            say!("not-a-chat", command = *command, word = cut(word), example = example(command))
        }
        ParseError::NotANumber { command, word } => {
            say!("not-a-number", command = *command, word = cut(word), example = example(command))
        }
        ParseError::Zero { command } => say!("zero", command = *command),
        ParseError::TooLarge { command, word } => {
            say!("too-large", command = *command, word = cut(word), limit = max_fib)
        }
        ParseError::NoSuchTask { word } => say!("no-such-task", id = cut(word)),
        ParseError::NotATask { command, word } => {
            say!("not-a-task", command = *command, word = cut(word), example = example(command))
        }
        ParseError::NoSuchSetting { word, suggestion } => settings::no_such(&cut(word), *suggestion),
        ParseError::NotAZone { word, suggestion } => settings::not_a_zone(&cut(word), *suggestion),
        ParseError::Schedule(error) => schedules::error(error, cut),
        ParseError::NotATheme { command, word } => {
            say!("not-a-theme", command = *command, word = cut(word), example = example(command))
        }
        ParseError::NotAValue { key, word, values } => settings::not_a_value(key, &cut(word), values),
        ParseError::NotAPokemon { command, word } => {
            say!("not-a-pokemon", command = *command, word = cut(word), example = example(command))
        }
    }
}

/// The word with what cannot be seen in it, which is what is wrong with `fib 1\u{200b}00`, or turns round what follows.
fn visible(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    for c in word.chars() {
        if is_hidden(c) {
            let _ = write!(shown, "<U+{:04X}>", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn wanted(what: Wanted) -> String {
    match what {
        Wanted::Pokemon => say!("want-pokemon"),
        Wanted::ManyPokemon => say!("want-many-pokemon"),
        Wanted::Number => say!("want-number"),
        Wanted::Numbers => say!("want-numbers"),
        Wanted::Task => say!("want-task"),
        Wanted::Tasks => say!("want-tasks"),
        Wanted::Setting => say!("want-setting"),
        Wanted::Command => say!("want-command"),
        Wanted::Theme => say!("want-theme"),
        Wanted::Chat => say!("want-chat"),
        Wanted::When => say!("want-when"),
        Wanted::Scheduled => say!("want-scheduled"),
        Wanted::Schedules => say!("want-schedules"),
    }
}

fn too_many(command: &str, word: &str, words: &str) -> String {
    match command {
        "fib" | "dex" => say!("one-more-multi", command = command, word = word, words = words),
        "dash" | "schedules" | "quit" | "stats" | "workers" | "pause" | "resume" | "reload" => {
            say!("stands-alone", command = command, word = word)
        }
        // Of tasks it takes as many as there are.
        "kill" => say!("stands-alone", command = "kill all", word = word),
        _ => say!("one-more", command = command, word = word, example = example(command)),
    }
}

fn example(command: &str) -> &'static str {
    COMMANDS.iter().find(|entry| entry.name == command).map_or("help", |entry| entry.example)
}

/// All of `help`; `bot` names the bot in a group, where commands have to be addressed. An owner is told more, and everybody what is
/// declared for them, as far as there is room for it.
pub(in crate::telegram) fn help(bot: Option<&str>, owner: bool, declared: (&Catalog, &Viewer)) -> String {
    help_within(MAX_HELP, bot, owner, declared)
}

fn help_within(
    most: usize,
    bot: Option<&str>,
    owner: bool,
    (catalog, viewer): (&Catalog, &Viewer),
) -> String {
    let line = |entry: &Entry| format!("\n{}  {}", usage(entry, bot), about(entry));
    let own = COMMANDS.iter().filter(|entry| entry.name != "start" && !entry.owners);
    let before = own.fold(say!("help-head"), |text, entry| text + &line(entry));
    let mut after = String::new();
    if owner {
        let owners = COMMANDS.iter().filter(|entry| entry.owners);
        after = owners.fold(format!("\n\n{}", say!("help-owners")), |text, entry| text + &line(entry));
    }
    let last = if bot.is_some() { say!("help-in-group") } else { say!("help-in-private") };
    let after = format!("{after}\n\n{last}");
    let shown = catalog.iter().filter(|declared| declared.is_shown_to(viewer));
    let shown: Vec<_> = shown.map(|one| format!("{}  {}", declared::usage(one, bot), one.help)).collect();
    if shown.is_empty() {
        return before + &after;
    }
    let before = format!("{before}\n\n{}\n", say!("help-declared"));
    let room = most.saturating_sub(units(&before) + units(&after));
    before + &lines_within(&shown, room, |count| say!("help-declared-more", count = count)) + &after
}

/// One command's lines.
pub(in crate::telegram) fn help_for(topic: &Topic, bot: Option<&str>) -> String {
    let entry = match topic {
        Topic::Own(entry) => entry,
        Topic::Declared(declaration) => return declared::help(declaration, bot),
    };
    let example = match bot {
        Some(_) => addressed(entry, bot) + entry.example.strip_prefix(entry.name).unwrap_or_default(),
        None => entry.example.to_owned(),
    };
    format!("{}\n{}\n{}", usage(entry, bot), about(entry), say!("help-example", example = example))
}

/// A command's line in Telegram's menu, which has its name beside it.
pub(in crate::telegram) fn menu_line(entry: &Entry) -> String {
    let args = if entry.args.is_empty() { String::new() } else { format!(" ({})", entry.args) };
    about(entry) + &args
}

/// What a command does, in one line: each row of [`COMMANDS`] has a sentence, `help-NAME`.
fn about(entry: &Entry) -> String {
    sentence(&format!("help-{}", entry.name), Vec::new())
}

fn usage(entry: &Entry, bot: Option<&str>) -> String {
    format!("{} {}", addressed(entry, bot), entry.args).trim_end().to_owned()
}

fn addressed(entry: &Entry, bot: Option<&str>) -> String {
    match bot {
        Some(bot) => format!("/{}@{bot}", entry.menu_name()),
        None => entry.name.to_owned(),
    }
}

/// The first words to a new person.
pub(in crate::telegram) fn welcome(bot: Option<&str>, owner: bool, declared: (&Catalog, &Viewer)) -> String {
    let welcome = format!("{}\n\n", say!("welcome"));
    let help = help_within(MAX_HELP.saturating_sub(units(&welcome)), bot, owner, declared);
    welcome + &help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_would_be_right() {
        let unknown = ParseError::UnknownCommand { word: "fbi".into(), suggestion: Some("fib".into()) };
        assert_eq!(parse_error(&unknown, 10), "I do not know \"fbi\": did you mean fib?");
        let too_many = ParseError::TooMany { command: "fib", word: "2".into(), words: "1 2".into() };
        assert!(parse_error(&too_many, 10).contains("did you mean fib-multi 1 2?"));
        let kill = ParseError::TooMany { command: "kill", word: "3".into(), words: "all 3".into() };
        assert_eq!(parse_error(&kill, 10), "kill all stands alone: \"3\" is too much.");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let number = |word: &str| ParseError::NotANumber { command: "fib", word: word.into() };
        assert!(parse_error(&number("1\u{200b}00"), 10).starts_with("fib: \"1<U+200B>00\" is not"));
        assert!(parse_error(&number("\u{202e}100"), 10).starts_with("fib: \"<U+202E>100\" is not"));
        assert!(parse_error(&number("ε👩\u{200d}🚀"), 10).starts_with("fib: \"ε👩\u{200d}🚀\" is not"));
    }
}
