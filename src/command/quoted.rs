//! Words as people set them apart: by blanks, and several in quotation marks are one.
//!
//! A mark opens a quotation only where a word begins, and closes it only where one ends. Phones make typographic marks of what is
//! typed, so those count, too. An apostrophe inside a word is a letter; any other mark there is a mistake, since nobody can tell
//! what was meant. A backslash is one unless it stands before a mark or a backslash inside double marks.

/// The words of a text, one after the other.
pub(super) struct Words<'a> {
    rest: &'a str,
}

/// What is wrong with the marks of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misquoted {
    /// The quotation that begins like this, with its mark, has no end.
    Open(String),
    /// A mark in this word, which neither begins nor ends with it.
    Inside(String),
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    /// The next word, without its marks; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<String, Misquoted>> {
        let first = self.rest.chars().next()?;
        let read = match closing(first) {
            Some(marks) => quotation(&self.rest[first.len_utf8()..], marks),
            None => plain(self.rest),
        };
        let (word, rest) = match read {
            Ok(read) => read,
            Err(why) => return Some(Err(why.of(self.rest))),
        };
        self.rest = rest.trim_start();
        Some(Ok(word))
    }

    /// All that is left, as it is, but without the marks where it is one quotation; `None` at the end.
    pub(super) fn remainder(&mut self) -> Option<String> {
        let all = std::mem::take(&mut self.rest);
        let first = all.chars().next()?;
        let quotation = closing(first).and_then(|marks| quotation(&all[first.len_utf8()..], marks).ok());
        let only = quotation.filter(|(_, behind)| behind.is_empty());
        Some(only.map_or_else(|| all.to_owned(), |(word, _)| word))
    }
}

/// The marks that cannot be letters.
const DOUBLE: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// The marks that end what this one begins; `None` for what is no mark. Languages use them in different order.
fn closing(open: char) -> Option<&'static [char]> {
    match open {
        '"' => Some(&['"']),
        '“' | '”' | '„' => Some(&['“', '”', '"']),
        '«' | '»' => Some(&['«', '»']),
        '\'' | '‘' | '’' | '‚' => Some(&['\'', '‘', '’']),
        _ => None,
    }
}

enum Wrong {
    Open,
    Inside,
}

impl Wrong {
    fn of(&self, text: &str) -> Misquoted {
        match self {
            Self::Open => Misquoted::Open(text.to_owned()),
            Self::Inside => Misquoted::Inside(split(text).0.to_owned()),
        }
    }
}

/// A word without marks, and the text behind it.
fn plain(text: &str) -> Result<(String, &str), Wrong> {
    let (word, rest) = split(text);
    if word.contains(DOUBLE) { Err(Wrong::Inside) } else { Ok((word.to_owned(), rest)) }
}

/// What a quotation holds, and the text behind it.
fn quotation<'a>(text: &'a str, marks: &[char]) -> Result<(String, &'a str), Wrong> {
    let is_double = marks.iter().any(|mark| DOUBLE.contains(mark));
    let mut word = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if is_double && c == '\\' {
            let escaped = chars.next_if(|(_, next)| *next == '\\' || DOUBLE.contains(next));
            word.push(escaped.map_or(c, |(_, next)| next));
            continue;
        }
        if !marks.contains(&c) {
            word.push(c);
            continue;
        }
        let behind = &text[at + c.len_utf8()..];
        if behind.is_empty() || behind.starts_with(char::is_whitespace) {
            return Ok((word, behind));
        }
        if is_double {
            return Err(Wrong::Inside);
        }
        // An apostrophe.
        word.push(c);
    }
    Err(Wrong::Open)
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}
