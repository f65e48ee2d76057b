//! Where a key is that stands there twice: TOML's parser knows its place in the text alone.

use std::{borrow::Cow, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::item::join;

/// What a table has.
type Field<'a, 't> = (&'a Spanned<Cow<'t, str>>, &'a Spanned<DeValue<'t>>);

/// The field of the key at this place of a file, whatever else of that could be read: `jobs.backup.parameters[0].name`.
pub(super) fn field(text: &str, document: &DeTable<'_>, place: Range<usize>) -> String {
    let (before, key) =
        (text.get(..place.start).unwrap_or_default(), text.get(place.clone()).unwrap_or_default());
    let in_braces = |(name, value): Field<'_, '_>| braces(text, value, name.get_ref(), place.start);
    if let Some(path) = document.iter().find_map(in_braces) {
        return join(&path, key);
    }
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    if let Some(header) = header(line) {
        return header.to_owned();
    }
    let table = before.lines().rev().find_map(header).unwrap_or_default();
    join(table, line.split_once('=').map_or(key, |(key, _)| key.trim()))
}

/// The path of the innermost `{ }` around a place.
fn braces(text: &str, value: &Spanned<DeValue<'_>>, path: &str, at: usize) -> Option<String> {
    match value.get_ref() {
        DeValue::Table(fields) => {
            let inner = |(name, value): Field<'_, '_>| braces(text, value, &join(path, name.get_ref()), at);
            let is_around = || {
                let place = value.span();
                place.contains(&at) && text.get(place).is_some_and(|text| text.starts_with('{'))
            };
            fields.iter().find_map(inner).or_else(|| is_around().then(|| path.to_owned()))
        }
        DeValue::Array(items) => {
            items.iter().enumerate().find_map(|(n, item)| braces(text, item, &format!("{path}[{n}]"), at))
        }
        _ => None,
    }
}

/// The name in a line like `[jobs.backup]`.
fn header(line: &str) -> Option<&str> {
    let (name, _) = line.trim().strip_prefix('[')?.split_once(']')?;
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ' | '"' | '\'');
    let name = name.trim_start_matches('[').trim();
    (!name.is_empty() && name.chars().all(is_letter)).then_some(name)
}
