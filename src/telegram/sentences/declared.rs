//! What people read of declared commands: help, who may, and what is wrong with what was said. The operator's words and people's own
//! are plain text, as all sentences are until they become a message.

use super::{cut, duration, thousands, units};
use crate::{
    command::{Misquoted, Slip},
    declared::{Allow, Declaration, Kind, MAX_REST, MAX_VALUE, Parameter, Unfit},
    telegram::language::say,
};

/// The longest description of a command (Bot API, `BotCommand`).
const MAX_MENU_LINE: usize = 256;
/// Characters of a choice's values, and of one of them.
const MAX_CHOICES: usize = 300;
const MAX_CHOICE: usize = 60;

/// What is wrong, where, and what would be right. `cut` makes a word of somebody's fit to be shown.
pub(in crate::telegram) fn slip(command: &Declaration, slip: &Slip, cut: impl Fn(&str) -> String) -> String {
    let name = command.name.as_str();
    match slip {
        Slip::Misquoted(Misquoted::Open(text)) => say!("declared-open", command = name, text = cut(text)),
        Slip::Misquoted(Misquoted::Inside(word)) => say!("declared-inside", command = name, word = cut(word)),
        Slip::Missing(parameter) => {
            say!("missing", command = name, what = wanted(parameter), example = command.example())
        }
        Slip::TooMany(word) if command.parameters.is_empty() => {
            say!("stands-alone", command = name, word = cut(word))
        }
        Slip::TooMany(word) => {
            say!("declared-too-many", command = name, word = cut(word), usage = usage(command, None))
        }
        Slip::TooManyWords(parameter) => {
            say!("declared-too-many-words", command = name, parameter = shown(parameter), most = MAX_REST)
        }
        Slip::Unfit { parameter, said, why } => {
            let what = unfit(parameter, &cut(said), why);
            say!("declared-unfit", command = name, what = what, example = command.example())
        }
    }
}

/// Why a parameter does not take what was said.
fn unfit(parameter: &Parameter, word: &str, why: &Unfit) -> String {
    let name = shown(parameter);
    match why {
        Unfit::Empty => say!("unfit-empty", parameter = name),
        Unfit::TooLong(bytes) => say!("unfit-too-long", parameter = name, bytes = *bytes, most = MAX_VALUE),
        Unfit::Hidden => say!("unfit-hidden", word = word),
        Unfit::Hyphen => say!("unfit-hyphen", word = word),
        Unfit::SeveralWords => say!("unfit-several-words", parameter = name, word = word),
        Unfit::NotAChoice { suggestion: Some(near) } => say!("unfit-choice-near", word = word, near = near),
        Unfit::NotAnInt | Unfit::OutOfRange | Unfit::NotAChoice { suggestion: None } | Unfit::NotADate => {
            say!("unfit", word = word, wanted = wanted(parameter))
        }
        Unfit::Absolute => say!("unfit-absolute", word = word),
        Unfit::Upwards => say!("unfit-upwards", word = word),
    }
}

/// What a parameter takes, with its name as the command's usage shows it.
fn wanted(parameter: &Parameter) -> String {
    let name = shown(parameter);
    match &parameter.kind {
        Kind::Word => say!("declared-word", parameter = name),
        Kind::Int { min, max } if *max == i64::MAX => say!("declared-int-from", parameter = name, min = *min),
        Kind::Int { min, max } => say!("declared-int", parameter = name, min = *min, max = *max),
        Kind::Choice(values) => say!("declared-choice", parameter = name, values = choices(values)),
        Kind::Text => say!("declared-text", parameter = name),
        Kind::Date => say!("declared-date", parameter = name),
        Kind::Path(_) => say!("declared-path", parameter = name),
        Kind::Rest => say!("declared-rest", parameter = name),
    }
}

/// The values of a choice, or the first of them and how many more there are.
fn choices(values: &[String]) -> String {
    let mut left = MAX_CHOICES;
    let mut fits = |value: &String| {
        let room = left.checked_sub(units(value) + 2);
        left = room.unwrap_or_default();
        room.is_some()
    };
    let values: Vec<_> = values.iter().map(|value| cut(value, MAX_CHOICE)).collect();
    let (first, more) = values.split_at(values.iter().take_while(|value| fits(value)).count());
    let first = first.join(", ");
    if more.is_empty() {
        first
    } else {
        say!("declared-choice-more", values = first, count = thousands(more.len()))
    }
}

fn shown(parameter: &Parameter) -> String {
    parameter.name.to_uppercase()
}

/// Who may run a command, where it is not everybody.
fn whose(command: &Declaration) -> Option<String> {
    match command.allow {
        Allow::Everyone => None,
        Allow::Admins => Some(say!("declared-admins-only")),
        Allow::Owners => Some(say!("declared-owners-only")),
        Allow::Listed { .. } => Some(say!("declared-others-only")),
    }
}

/// The command with what is said after it; `bot` names the bot in a group.
pub(super) fn usage(command: &Declaration, bot: Option<&str>) -> String {
    format!("{} {}", addressed(command, bot), command.usage()).trim_end().to_owned()
}

/// A command's line in Telegram's menu, which has its name beside it: what does not fit there is left out.
pub(in crate::telegram) fn menu_line(command: &Declaration) -> String {
    let with_usage = format!("{} ({})", command.help, command.usage());
    let fits = !command.parameters.is_empty() && units(&with_usage) <= MAX_MENU_LINE;
    if fits { with_usage } else { command.help.clone() }
}

/// One command's lines.
pub(in crate::telegram) fn help(command: &Declaration, bot: Option<&str>) -> String {
    let mut lines = vec![usage(command, bot), command.help.clone()];
    lines.extend(command.parameters.iter().map(|parameter| {
        let wanted = wanted(parameter);
        if parameter.optional { say!("declared-optional", wanted = wanted) } else { wanted }
    }));
    if let Some(who) = whose(command) {
        lines.push(who);
    }
    if command.confirm {
        lines.push(say!("declared-confirmed"));
    }
    if let Some(limit) = command.timeout {
        lines.push(say!("declared-limit", limit = duration(limit)));
    }
    let example = command.example();
    let example = addressed(command, bot) + example.strip_prefix(&command.name).unwrap_or_default();
    lines.push(say!("help-example", example = example));
    lines.join("\n")
}

fn addressed(command: &Declaration, bot: Option<&str>) -> String {
    match bot {
        Some(bot) => format!("/{}@{bot}", command.name),
        None => command.name.clone(),
    }
}
