//! In which language something is said: ambient, so that sentences need not be told.
//!
//! Whoever is about to speak to a chat does so in a [`scope`] or [`within`] its language; everything that makes sentences
//! is called there. Outside of them it is English. The sentences are Fluent's, in `locales/`, and are part of the binary;
//! `core.ftl` has those that are the same in every language.

use std::{borrow::Cow, collections::HashMap};

use fluent_templates::{LanguageIdentifier, fluent_bundle::FluentValue, langid, static_loader};

use crate::command::Language;

tokio::task_local! {
    static LANGUAGE: Language;
}

static_loader! {
    static SENTENCES = {
        locales: "./locales",
        fallback_language: "en",
        core_locales: "./locales/core.ftl",
        // The marks around arguments would be seen by whoever copies or searches a message.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const ENGLISH: LanguageIdentifier = langid!("en");
const GERMAN: LanguageIdentifier = langid!("de");

/// The language that is spoken here.
pub(super) fn current() -> Language {
    LANGUAGE.try_with(|language| *language).unwrap_or_default()
}

/// Does this in a language, but for what it spawns.
pub(super) fn scope<F: Future>(
    language: Language,
    future: F,
) -> tokio::task::futures::TaskLocalFuture<Language, F> {
    LANGUAGE.scope(language, future)
}

/// As [`scope`], without an await.
pub(super) fn within<T>(language: Language, speak: impl FnOnce() -> T) -> T {
    LANGUAGE.sync_scope(language, speak)
}

/// Between a number's whole part and its fraction.
pub(super) fn decimal_point() -> char {
    match current() {
        Language::English => '.',
        Language::German => ',',
    }
}

/// Between groups of three digits.
pub(super) fn thousands_separator() -> &'static str {
    match current() {
        Language::English => ",",
        Language::German => ".",
    }
}

/// A sentence by its key, `say!("killing", id = 3)`, in the language that is spoken here. The tests see to it that each key
/// and its arguments are in the files of every language.
macro_rules! say {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::telegram::language::sentence(
            $key,
            vec![$((stringify!($name), $crate::telegram::language::Word::word($value))),*],
        )
    };
}
pub(super) use say;

/// What stands in a sentence.
pub(super) trait Word<'a> {
    /// As Fluent takes it.
    fn word(self) -> FluentValue<'a>;
}

impl<'a> Word<'a> for &'a str {
    fn word(self) -> FluentValue<'a> {
        FluentValue::String(Cow::Borrowed(self))
    }
}

impl<'a> Word<'a> for &'a String {
    fn word(self) -> FluentValue<'a> {
        self.as_str().word()
    }
}

impl<'a> Word<'a> for String {
    fn word(self) -> FluentValue<'a> {
        FluentValue::String(Cow::Owned(self))
    }
}

impl<'a> Word<'a> for u64 {
    /// Fluent counts in doubles: what they cannot hold is a text to it, and many.
    fn word(self) -> FluentValue<'a> {
        if self < 1 << f64::MANTISSA_DIGITS { self.into() } else { self.to_string().word() }
    }
}

impl<'a> Word<'a> for usize {
    fn word(self) -> FluentValue<'a> {
        u64::try_from(self).unwrap_or(u64::MAX).word()
    }
}

impl<'a> Word<'a> for u32 {
    fn word(self) -> FluentValue<'a> {
        u64::from(self).word()
    }
}

impl<'a> Word<'a> for u16 {
    fn word(self) -> FluentValue<'a> {
        u64::from(self).word()
    }
}

impl<'a> Word<'a> for i64 {
    /// Only a name of something.
    fn word(self) -> FluentValue<'a> {
        self.to_string().word()
    }
}

/// The sentence with this key. One that is missing, which would be a mistake that tests find, is said in English.
pub(super) fn sentence(key: &str, words: Vec<(&'static str, FluentValue<'_>)>) -> String {
    let words: HashMap<_, _> = words.into_iter().collect();
    for language in [current(), Language::English] {
        match said(language, key, &words) {
            Ok(sentence) => return sentence,
            Err(error) => tracing::error!(key, %error, "a sentence is missing"),
        }
    }
    debug_assert!(key.is_empty(), "the sentence {key} is missing");
    key.to_owned()
}

fn said(
    language: Language,
    key: &str,
    words: &HashMap<&'static str, FluentValue<'_>>,
) -> Result<String, impl std::fmt::Display> {
    let identifier = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    SENTENCES.lookup_single_language(identifier, key, Some(words))
}

#[cfg(test)]
mod tests;
