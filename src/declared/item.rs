//! What stands in a file, with its place: whatever is wrong is noted, and reading goes on.
//!
//! What gives an `Option` has noted why where it is `None`.

use std::{cell::RefCell, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{file::Mistake, value::nearest};

/// The mistakes of a file, as they are found.
pub(super) struct Notes<'t> {
    text: &'t str,
    found: RefCell<Vec<Mistake>>,
}

impl<'t> Notes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    pub(super) fn add(&self, place: Range<usize>, field: &str, why: impl Into<String>) {
        let before = self.text.get(..place.start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        // A sentence of many lines would be read as many mistakes.
        let why = why.into().split_whitespace().collect::<Vec<_>>().join(" ");
        self.found.borrow_mut().push(Mistake { line, field: field.to_owned(), why });
    }

    fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// All of them, in the order of the file.
    pub(super) fn all(self) -> Vec<Mistake> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|mistake| mistake.line);
        found
    }
}

/// A table of which fields are taken one after the other.
pub(super) struct Table<'t> {
    notes: &'t Notes<'t>,
    fields: &'t DeTable<'t>,
    place: Range<usize>,
    path: String,
    known: RefCell<Vec<&'static str>>,
}

impl<'t> Table<'t> {
    pub(super) fn new(notes: &'t Notes<'t>, fields: &'t Spanned<DeTable<'t>>) -> Self {
        let (place, fields) = (fields.span(), fields.get_ref());
        Self { notes, fields, place, path: String::new(), known: RefCell::default() }
    }

    /// Notes something about the whole table, or a field that is not there.
    pub(super) fn wrong(&self, field: &str, why: impl Into<String>) {
        self.notes.add(self.place.clone(), &join(&self.path, field), why);
    }

    /// How much is wrong so far, in the whole file.
    pub(super) fn mistakes(&self) -> usize {
        self.notes.count()
    }

    /// The field, if it is there.
    fn get(&self, name: &'static str) -> Option<Item<'t>> {
        self.known.borrow_mut().push(name);
        let value = self.fields.get(name)?;
        Some(Item { notes: self.notes, value, path: join(&self.path, name) })
    }

    /// Reads the field, if it is there.
    pub(super) fn take<T>(&self, name: &'static str, read: impl FnOnce(&Item<'t>) -> Option<T>) -> Option<T> {
        self.get(name).and_then(|item| read(&item))
    }

    /// Reads the field, which has to be there.
    pub(super) fn need<T>(&self, name: &'static str, read: impl FnOnce(&Item<'t>) -> Option<T>) -> Option<T> {
        let item = self.get(name);
        if item.is_none() {
            self.wrong(name, "is missing");
        }
        item.and_then(|item| read(&item))
    }

    /// All fields with their names and the names' places, in the order of the file.
    pub(super) fn all(&self) -> Vec<(&'t str, Range<usize>, Item<'t>)> {
        let mut all: Vec<_> = self.fields.iter().collect();
        all.sort_by_key(|(name, _)| name.span().start);
        let item = |name: &str, value| Item { notes: self.notes, value, path: join(&self.path, name) };
        all.into_iter()
            .map(|(name, value)| (name.get_ref().as_ref(), name.span(), item(name.get_ref(), value)))
            .collect()
    }

    /// Notes all fields that nobody has taken. `elsewhere` says where one is known.
    pub(super) fn nothing_more(&self, elsewhere: impl Fn(&str) -> Option<&'static str>) {
        let known = self.known.borrow();
        for (name, place, item) in self.all().into_iter().filter(|(name, ..)| !known.contains(name)) {
            let why = match (elsewhere(name), nearest(&name.to_lowercase(), known.iter().copied())) {
                (Some(place), _) => place.to_owned(),
                (None, Some(near)) => format!("there is no such field: did you mean {near:?}?"),
                (None, None) => format!("there is no such field; those are: {}", known.join(", ")),
            };
            self.notes.add(place, &item.path, why);
        }
    }
}

/// A field of what is at a path.
pub(super) fn join(path: &str, field: &str) -> String {
    if path.is_empty() || field.is_empty() { format!("{path}{field}") } else { format!("{path}.{field}") }
}

/// One value.
pub(super) struct Item<'t> {
    notes: &'t Notes<'t>,
    value: &'t Spanned<DeValue<'t>>,
    path: String,
}

impl<'t> Item<'t> {
    /// Notes what is wrong with it.
    pub(super) fn wrong<T>(&self, why: impl Into<String>) -> Option<T> {
        self.notes.add(self.value.span(), &self.path, why);
        None
    }

    /// Notes what is wrong with its name, which is there.
    pub(super) fn wrong_at<T>(&self, place: Range<usize>, why: impl Into<String>) -> Option<T> {
        self.notes.add(place, &self.path, why);
        None
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    fn is_not<T>(&self, wanted: &str) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(format!("{wanted} is wanted, not {found}"))
    }

    /// The text, where it is one.
    pub(super) fn as_text(&self) -> Option<&'t str> {
        self.value.get_ref().as_str()
    }

    pub(super) fn text(&self) -> Option<&'t str> {
        self.as_text().or_else(|| self.is_not("a text in quotes"))
    }

    /// A text that says something else.
    pub(super) fn read<T>(&self, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text()?;
        read(text).map_or_else(|why| self.wrong(format!("{text:?}: {why}")), Some)
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.value.get_ref().as_bool().or_else(|| self.is_not("true or false"))
    }

    /// A whole number within these bounds.
    pub(super) fn whole(&self, min: i64, max: i64) -> Option<i64> {
        let DeValue::Integer(number) = self.value.get_ref() else { return self.is_not("a whole number") };
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => self.wrong(format!("{} is not from {min} to {max}", number.as_str())),
        }
    }

    /// What a list holds.
    pub(super) fn list(&self) -> Option<Vec<Item<'t>>> {
        let DeValue::Array(list) = self.value.get_ref() else { return self.is_not("a list in [ ]") };
        let item = |(at, value)| Item { notes: self.notes, value, path: format!("{}[{at}]", self.path) };
        Some(list.iter().enumerate().map(item).collect())
    }

    /// A list of which each is read. What cannot be read is noted, and not in it.
    pub(super) fn each<T>(&self, read: impl Fn(&Item<'t>) -> Option<T>) -> Option<Vec<T>> {
        Some(self.list()?.iter().filter_map(read).collect())
    }

    pub(super) fn table(&self) -> Option<Table<'t>> {
        let DeValue::Table(fields) = self.value.get_ref() else { return self.is_not("a table") };
        let (place, path) = (self.value.span(), self.path.clone());
        Some(Table { notes: self.notes, fields, place, path, known: RefCell::default() })
    }
}
