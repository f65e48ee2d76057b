//! Words and arguments.

use super::{Context, ParseError, Setting, Theme, Wanted};
use crate::job::{ChatId, JobId, PokemonKey};

/// The command's word, apart from what surrounds it.
pub(super) struct FirstWord<'a> {
    pub(super) slash: bool,
    pub(super) name: &'a str,
    /// Behind an `@`: whom the command is for.
    pub(super) mention: Option<&'a str>,
    pub(super) rest: &'a str,
}

/// Splits `/name@bot rest`, `name rest` and `@bot name rest`.
pub(super) fn first_word<'a>(text: &'a str, bot: &str) -> Option<FirstWord<'a>> {
    let (word, rest) = split_word(text)?;
    if let Some(mention) = word.strip_prefix('@').filter(|mention| mention.eq_ignore_ascii_case(bot)) {
        let (name, rest) = split_word(rest)?;
        let name = name.strip_prefix('/').unwrap_or(name);
        return Some(FirstWord { slash: true, name, mention: Some(mention), rest });
    }
    let (slash, word) = word.strip_prefix('/').map_or((false, word), |word| (true, word));
    match word.split_once('@') {
        // Only a command can be addressed: "me@example.org wrote" is chatter.
        Some((name, mention)) if slash => Some(FirstWord { slash, name, mention: Some(mention), rest }),
        _ => Some(FirstWord { slash, name: word, mention: None, rest }),
    }
}

fn split_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `-` and `_` are one letter in a command's name, and so are capitals and small ones.
pub(super) fn normalise(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// The words after the command.
pub(super) struct Args<'a> {
    pub(super) command: &'static str,
    /// All of it, as it was written.
    pub(super) text: &'a str,
    pub(super) context: Context<'a>,
    words: Vec<&'a str>,
}

impl<'a> Args<'a> {
    pub(super) fn new(command: &'static str, text: &'a str, context: Context<'a>) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        Self { command, text, context, words: words.collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Exactly one argument.
    pub(super) fn one<T>(
        &self,
        read: impl Fn(&'static str, &str) -> Result<T, ParseError>,
        what: Wanted,
    ) -> Result<T, ParseError> {
        let [first, more @ ..] = self.words.as_slice() else { return Err(self.missing(what)) };
        let value = read(self.command, first)?;
        match more.first() {
            None => Ok(value),
            Some(word) => Err(self.too_many(word)),
        }
    }

    /// One argument or more, up to `most`.
    pub(super) fn up_to<T>(&self, most: usize, read: Reader<T>, what: Wanted) -> Result<Vec<T>, ParseError> {
        match self.words.len() {
            count if count > most => Err(ParseError::TooManyNamed { command: self.command, most, count }),
            _ => self.many(read, what),
        }
    }

    /// One argument or more.
    pub(super) fn many<T>(&self, read: Reader<T>, what: Wanted) -> Result<Vec<T>, ParseError> {
        if self.words.is_empty() {
            return Err(self.missing(what));
        }
        self.words.iter().map(|word| read(self.command, word)).collect()
    }

    /// A chat's id, if anything.
    pub(super) fn chat(&self) -> Result<Option<ChatId>, ParseError> {
        if self.is_empty() { Ok(None) } else { self.one(chat, Wanted::Chat).map(Some) }
    }

    pub(super) fn nothing_more(&self) -> Result<(), ParseError> {
        self.words.first().map_or(Ok(()), |word| Err(self.too_many(word)))
    }

    /// Takes the first word if it is this one.
    pub(super) fn take_word(&mut self, expected: &str) -> bool {
        let is_it = self.words.first().is_some_and(|word| word.eq_ignore_ascii_case(expected));
        if is_it {
            self.words.remove(0);
        }
        is_it
    }

    /// The name of a setting and its value.
    pub(super) fn setting(&self) -> Result<Setting, ParseError> {
        let [name, value @ ..] = self.words.as_slice() else { return Err(self.missing(Wanted::Setting)) };
        match value.get(1) {
            None => Setting::parse(name, value.first().copied().unwrap_or_default()),
            Some(more) => Err(self.too_many(more)),
        }
    }

    fn missing(&self, what: Wanted) -> ParseError {
        ParseError::Missing { command: self.command, what }
    }

    fn too_many(&self, word: &str) -> ParseError {
        ParseError::TooMany { command: self.command, word: word.to_owned(), words: self.words.join(" ") }
    }
}

/// Reads one argument of the named command.
type Reader<T> = fn(&'static str, &str) -> Result<T, ParseError>;

/// A counting number: 1, 2, 3 …
pub(super) fn number(command: &'static str, word: &str) -> Result<u64, ParseError> {
    match whole_number(word) {
        Word::Number(0) => Err(ParseError::Zero { command }),
        Word::Number(number) => Ok(number),
        Word::TooLarge => Err(ParseError::TooLarge { command, word: word.to_owned() }),
        Word::Other => Err(ParseError::NotANumber { command, word: word.to_owned() }),
    }
}

/// A task's number, `3` or `#3`.
pub(super) fn task(command: &'static str, word: &str) -> Result<JobId, ParseError> {
    match whole_number(word.strip_prefix('#').unwrap_or(word)) {
        Word::Number(number) => Ok(JobId(number)),
        Word::TooLarge => Err(ParseError::NoSuchTask { word: word.to_owned() }),
        Word::Other => Err(ParseError::NotATask { command, word: word.to_owned() }),
    }
}

/// A chat's id: groups have negative ones. Some apps make a minus of two hyphens' length.
fn chat(command: &'static str, word: &str) -> Result<ChatId, ParseError> {
    let id = word.replace(['−', '–'], "-").parse().ok().filter(|id| *id != 0);
    id.map(ChatId).ok_or_else(|| ParseError::NotAChat { command, word: word.to_owned() })
}

pub(super) fn theme(command: &'static str, word: &str) -> Result<Theme, ParseError> {
    let known = [Theme::Light, Theme::Dark].into_iter().find(|theme| word.eq_ignore_ascii_case(theme.word()));
    known.ok_or_else(|| ParseError::NotATheme { command, word: word.to_owned() })
}

pub(super) fn pokemon(command: &'static str, word: &str) -> Result<PokemonKey, ParseError> {
    word.parse().map_err(|_| ParseError::NotAPokemon { command, word: word.to_owned() })
}

/// What a word is, as a number.
enum Word {
    Number(u64),
    /// Beyond what 64 bits hold.
    TooLarge,
    Other,
}

/// Digits 0 to 9 with `_` between them.
fn whole_number(word: &str) -> Word {
    let well_formed = word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !well_formed {
        return Word::Other;
    }
    word.replace('_', "").parse().map_or(Word::TooLarge, Word::Number)
}
