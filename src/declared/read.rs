//! One command of the file: `[jobs.NAME]`.

use std::{collections::BTreeMap, num::NonZeroUsize, ops::Range, time::Duration};

use super::{
    Allow, Bounds, Declaration, Files, Kind, Parameter, Template,
    item::{Item, Table},
    pattern::{Part, parts},
    program::Beside,
    value::nearest,
};
use crate::{config, hidden::is_hidden, job::ChatId};

/// Telegram's bound of a command's name.
const MAX_NAME: usize = 32;
/// UTF-16 units of a command's line of help; Telegram's menu takes 256, with what is said after the name.
const MAX_HELP: usize = 150;
const MAX_PARAMETERS: usize = 20;
const MAX_PATTERNS: usize = 20;
/// Runs at once, and CPU slots.
const MAX_SLOTS: i64 = 1024;
/// Between SIGTERM and SIGKILL, where nothing is said, and at most: a kill waits for it.
const GRACE: Duration = Duration::from_secs(10);
const MAX_GRACE: Duration = Duration::from_mins(10);
/// What is more is a slip: a program that runs for so long, or so many bytes of memory or of a file.
const MAX_TIME: Duration = Duration::from_hours(30 * 24);
const MAX_BYTES: u64 = 16_000_000_000_000;

impl Declaration {
    /// Reads one; `None` where something about it is wrong, or something that is needed is missing.
    pub(super) fn read(
        (name, place): (&str, Range<usize>),
        item: &Item<'_>,
        beside: Beside<'_>,
        taken: &[String],
    ) -> Option<Self> {
        if let Err(why) = command_name(name, taken) {
            item.wrong_at::<()>(place, why);
        }
        let table = item.table()?;
        let (parameters, args) = words(&table, beside);
        let files = table.take("files", files);
        let at_once = table.take("at_once", slots);
        let own = table.take("folder", |item| item.read(|text| beside.folder(text)));
        if files.is_some() {
            alone(&table, at_once, own.is_some());
        }
        let read = Self {
            name: name.to_owned(),
            help: table.need("help", help).unwrap_or_default(),
            parameters,
            program: table.need("program", |item| item.read(|text| beside.program(text))).unwrap_or_default(),
            args,
            folder: own,
            environment: table.take("environment", environment).unwrap_or_default(),
            timeout: table.take("timeout", |item| item.read(time)),
            grace: table.take("grace", |item| item.read(grace)).unwrap_or(GRACE),
            at_once: if files.is_some() { Some(NonZeroUsize::MIN) } else { at_once },
            at_once_per_chat: table.take("at_once_per_chat", slots),
            weight: table
                .take("weight", |item| item.whole(0, MAX_SLOTS))
                .and_then(|weight| u16::try_from(weight).ok())
                .unwrap_or(1),
            allow: table.take("allow", allow).unwrap_or_default(),
            confirm: table.take("confirm", Item::flag).unwrap_or_default(),
            rerun: table.take("rerun", Item::flag).unwrap_or_default(),
            files,
            bounds: table.take("limits", bounds).unwrap_or_default(),
        };
        table.nothing_more(|_| None);
        Some(read)
    }
}

/// What people say, and what the program gets of it. Where one of them is wrong, nothing is said of how they go together.
fn words(table: &Table<'_>, beside: Beside<'_>) -> (Vec<Parameter>, Vec<Template>) {
    let before = table.mistakes();
    let parameters = table.take("parameters", |item| parameters(item, beside)).unwrap_or_default();
    let known = (table.mistakes() == before).then_some(parameters.as_slice());
    let args = table.take("args", |item| args(item, known)).unwrap_or_default();
    if table.mistakes() == before {
        unused(table, &parameters, &args);
    }
    (parameters, args)
}

/// What a name may be, of a command and of a parameter.
fn is_name(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_letter)
}

fn command_name(name: &str, taken: &[String]) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!("a command's name is 1 to {MAX_NAME} of a-z 0-9 _: Telegram takes no other"));
    }
    if taken.iter().any(|taken| taken == name) {
        return Err("the bot has a command of this name itself".to_owned());
    }
    Ok(())
}

/// One line that people can read.
fn help(item: &Item<'_>) -> Option<String> {
    item.read(|text| match text.trim() {
        "" => Err("a line for people is wanted".to_owned()),
        line if line.chars().any(is_hidden) => Err("one line of visible characters is wanted".to_owned()),
        line if line.encode_utf16().count() > MAX_HELP => {
            Err(format!("at most {MAX_HELP} characters are wanted"))
        }
        line => Ok(line.to_owned()),
    })
}

fn parameters(item: &Item<'_>, beside: Beside<'_>) -> Option<Vec<Parameter>> {
    let items = item.list()?;
    if items.len() > MAX_PARAMETERS {
        return item.wrong(format!("at most {MAX_PARAMETERS} are wanted"));
    }
    let mut all: Vec<Parameter> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(parameter) = parameter(item, beside) else { continue };
        if all.iter().any(|other| other.name == parameter.name) {
            item.wrong::<()>(format!("there is a parameter {:?} before", parameter.name));
        }
        if parameter.kind == Kind::Rest && at + 1 < items.len() {
            item.wrong::<()>("rest takes all words that are left, so it has to be the last");
        }
        if !parameter.optional && all.last().is_some_and(|before| before.optional) {
            item.wrong::<()>("the one before may be left out, so this one has to be optional, too");
        }
        all.push(parameter);
    }
    Some(all)
}

fn parameter(item: &Item<'_>, beside: Beside<'_>) -> Option<Parameter> {
    let table = item.table()?;
    let name = table.need("name", |item| {
        item.read(|text| {
            let name = is_name(text).then(|| text.to_owned());
            name.ok_or_else(|| format!("a parameter's name is 1 to {MAX_NAME} of a-z 0-9 _"))
        })
    });
    let kind = table.need("type", |item| kind(item, &table, beside));
    let optional = table.take("optional", Item::flag).unwrap_or_default();
    let allow_hyphen = table.take("allow_hyphen", Item::flag).unwrap_or_default();
    if kind.is_some() {
        table.nothing_more(|field| match field {
            "min" | "max" => Some("this is for type \"int\" alone"),
            "values" => Some("this is for type \"choice\" alone"),
            "folder" => Some("this is for type \"path\" alone"),
            _ => None,
        });
    }
    Some(Parameter { name: name?, kind: kind?, optional, allow_hyphen })
}

fn kind(item: &Item<'_>, table: &Table<'_>, beside: Beside<'_>) -> Option<Kind> {
    const KINDS: [&str; 7] = ["word", "int", "choice", "text", "date", "path", "rest"];
    match item.text()? {
        "word" => Some(Kind::Word),
        "text" => Some(Kind::Text),
        "date" => Some(Kind::Date),
        "rest" => Some(Kind::Rest),
        "int" => {
            let min = table.take("min", |item| Some(item.whole(i64::MIN, i64::MAX)));
            let max = |item: &Item<'_>| {
                let max = item.whole(i64::MIN, i64::MAX)?;
                match min {
                    Some(Some(min)) if min > max => item.wrong(format!("no number is from {min} to {max}")),
                    None if max < 0 => {
                        item.wrong(format!("{max} is below min, which is 0 where it is not set"))
                    }
                    _ => Some(max),
                }
            };
            let max = table.take("max", max).unwrap_or(i64::MAX);
            Some(Kind::Int { min: min.flatten().unwrap_or(0), max })
        }
        "choice" => table.need("values", choice).map(Kind::Choice),
        "path" => table.need("folder", |item| item.read(|text| beside.folder(text))).map(Kind::Path),
        other => {
            let near = nearest(&other.to_lowercase(), KINDS.into_iter());
            let hint = near.map_or_else(
                || format!("there are {}", KINDS.join(", ")),
                |near| format!("did you mean {near:?}?"),
            );
            item.wrong(format!("{other:?} is no type: {hint}"))
        }
    }
}

fn choice(item: &Item<'_>) -> Option<Vec<String>> {
    let items = item.list()?;
    if items.is_empty() {
        return item.wrong("at least one value is wanted");
    }
    let mut values: Vec<String> = Vec::new();
    for item in &items {
        let Some(value) = item.text() else { continue };
        let is_word = |c: char| !c.is_whitespace() && !is_hidden(c);
        if value.is_empty() || !value.chars().all(is_word) {
            item.wrong::<()>(format!("{value:?}: a value without blanks is wanted"));
        } else if value.starts_with('-') {
            item.wrong::<()>(format!("{value:?}: a program could take it for an option"));
        } else if values.iter().any(|other| other.to_lowercase() == value.to_lowercase()) {
            item.wrong::<()>(format!("{value:?} is there before; capitals make no difference"));
        }
        values.push(value.to_owned());
    }
    Some(values)
}

fn args(item: &Item<'_>, parameters: Option<&[Parameter]>) -> Option<Vec<Template>> {
    item.each(|item| {
        let template = item.text()?;
        let template = Template::read(template).map_or_else(|why| item.wrong(why), Some)?;
        let Some(parameters) = parameters else { return Some(template) };
        for name in template.names() {
            match parameters.iter().find(|parameter| parameter.name == name) {
                None => {
                    let near = nearest(name, parameters.iter().map(|parameter| parameter.name.as_str()));
                    let hint = near.map(|near| format!(": did you mean {{{near}}}?")).unwrap_or_default();
                    item.wrong::<()>(format!("{{{name}}} is no parameter of this command{hint}"));
                }
                Some(parameter) if parameter.kind == Kind::Rest && template.0.len() > 1 => {
                    item.wrong::<()>(format!("{{{name}}} may be several words, so it has to stand alone"));
                }
                Some(_) => {}
            }
        }
        Some(template)
    })
}

/// What people say and nobody reads is a mistake.
fn unused(table: &Table<'_>, parameters: &[Parameter], args: &[Template]) {
    let is_used = |name: &str| args.iter().any(|template| template.names().any(|used| used == name));
    for parameter in parameters.iter().filter(|parameter| !is_used(&parameter.name)) {
        table.wrong(
            "args",
            format!("no argument has {{{0}}}, so the parameter {0:?} would do nothing", parameter.name),
        );
    }
}

/// Two runs at once would find each other's files.
fn alone(table: &Table<'_>, at_once: Option<NonZeroUsize>, has_folder: bool) {
    if at_once.is_some_and(|at_once| at_once > NonZeroUsize::MIN) {
        table.wrong("at_once", "with files it has to be 1: two runs at once would send each other's");
    }
    if !has_folder {
        table.wrong("folder", "is missing: files are looked for below it");
    }
}

fn environment(item: &Item<'_>) -> Option<BTreeMap<String, String>> {
    let read = |(name, place, item): (&str, Range<usize>, Item<'_>)| {
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(is_letter) || name.starts_with(|c: char| c.is_ascii_digit()) {
            item.wrong_at::<()>(place, "a variable's name is of A-Z a-z 0-9 _, and begins with no digit");
        }
        let value = item.text()?;
        if value.contains('\0') {
            return item.wrong("a value cannot hold a zero byte");
        }
        Some((name.to_owned(), value.to_owned()))
    };
    Some(item.table()?.all().into_iter().filter_map(read).collect())
}

fn grace(text: &str) -> Result<Duration, String> {
    let grace = config::time_limit(text)?;
    if grace > MAX_GRACE { Err("at most 10m is wanted: a kill waits for it".to_owned()) } else { Ok(grace) }
}

fn time(text: &str) -> Result<Duration, String> {
    let time = config::time_limit(text)?;
    if time > MAX_TIME { Err("at most 30d is wanted".to_owned()) } else { Ok(time) }
}

fn bytes(text: &str) -> Result<u64, String> {
    let size = config::size(text)?;
    if size > MAX_BYTES { Err("at most 16TB is wanted".to_owned()) } else { Ok(size) }
}

fn slots(item: &Item<'_>) -> Option<NonZeroUsize> {
    item.whole(1, MAX_SLOTS).and_then(|slots| usize::try_from(slots).ok()).and_then(NonZeroUsize::new)
}

fn allow(item: &Item<'_>) -> Option<Allow> {
    const WANTED: &str = "\"everyone\", \"admins\", \"owners\", or { people = [..], chats = [..] } is wanted";
    match item.as_text() {
        Some("everyone") => Some(Allow::Everyone),
        Some("admins") => Some(Allow::Admins),
        Some("owners") => Some(Allow::Owners),
        Some(other) => item.wrong(format!("{other:?}: {WANTED}")),
        None if !item.is_table() => item.wrong(WANTED),
        None => {
            let table = item.table()?;
            let before = table.mistakes();
            let ids = |name, min| {
                let ids = table.take(name, |item| item.each(|item| id(item, min)));
                ids.unwrap_or_default()
            };
            let (people, chats) = (ids("people", 1), ids("chats", i64::MIN));
            table.nothing_more(|_| None);
            if people.is_empty() && chats.is_empty() && table.mistakes() == before {
                return item.wrong("nobody is listed: write \"owners\" where it is for them alone");
            }
            Some(Allow::Listed { people, chats: chats.into_iter().map(ChatId).collect() })
        }
    }
}

fn id(item: &Item<'_>, min: i64) -> Option<i64> {
    match item.whole(min, i64::MAX)? {
        0 => item.wrong("0 is nobody's id"),
        id => Some(id),
    }
}

fn files(item: &Item<'_>) -> Option<Files> {
    const MAX_SIZE: u64 = 50_000_000;
    let table = item.table()?;
    let patterns = table.need("patterns", |item| {
        let patterns = item.each(|item| item.read(pattern))?;
        match item.list()?.len() {
            0 => item.wrong("at least one pattern is wanted, as \"out/*.png\""),
            count if count > MAX_PATTERNS => item.wrong(format!("at most {MAX_PATTERNS} are wanted")),
            _ => Some(patterns),
        }
    });
    let max_size = table.take("max_size", |item| {
        item.read(|text| {
            let size = config::size(text)?;
            if size > MAX_SIZE {
                Err("at most 50MB is wanted: Telegram takes no more".to_owned())
            } else {
                Ok(size)
            }
        })
    });
    table.nothing_more(|_| None);
    Some(Files { patterns: patterns?, max_size: max_size.unwrap_or(MAX_SIZE) })
}

fn pattern(text: &str) -> Result<String, String> {
    match parts(text)?.last() {
        Some(Part::One(_)) => Ok(text.to_owned()),
        // It would be of folders, and these are not sent.
        _ => Err("the pattern of a file's name is wanted at the end, as **/*.png".to_owned()),
    }
}

fn bounds(item: &Item<'_>) -> Option<Bounds> {
    let table = item.table()?;
    let count = |name| {
        let count = table.take(name, |item| item.whole(1, 1_000_000));
        count.and_then(|count| u64::try_from(count).ok())
    };
    let size = |name| table.take(name, |item: &Item<'_>| item.read(bytes));
    let bounds = Bounds {
        memory: size("memory"),
        cpu_time: table.take("cpu_time", |item| item.read(time)),
        open_files: count("open_files"),
        processes: count("processes"),
        file_size: size("file_size"),
    };
    table.nothing_more(|_| None);
    Some(bounds)
}
