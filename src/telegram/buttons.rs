//! Inline buttons: what a press means, and how it is written into the 64 bytes that Telegram keeps for us.
//!
//! `2k3:1h5kxqv0c2y9z` is the version, what is wanted, its numbers in base 36, and a tag that nobody can make without the
//! store's secret: of all that and of the chat, so that a button means nothing in another one. A keyboard is signed when
//! its message leaves; until then, and in the store, it is a list of [`Button`]s.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use sha2::Sha256;
use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use super::dash::{Shows, View};
use crate::{
    command::Theme,
    job::{ChatId, JobId},
    store::Secret,
};

/// The format's version: a press on a button of another one is answered, not guessed at.
const VERSION: char = '2';
/// What Telegram keeps of a button.
const TELEGRAM: usize = 64;
/// Numbers in a button, at most.
const NUMBERS: usize = 3;
const BASE: u32 = 36;
/// Digits of a `u64` in that base.
const DIGITS: usize = 13;
/// Version and letter, numbers with what separates them, and the tag.
const LONGEST: usize = 2 + NUMBERS * DIGITS + (NUMBERS - 1) + 1 + DIGITS;
const _: () = assert!(LONGEST <= TELEGRAM);

/// A question whose answer runs something: its number, and when it was asked, in milliseconds since 1970. Numbers are given again
/// after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Question {
    /// As the store knows it.
    pub(super) number: u64,
    /// When.
    pub(super) asked: u64,
}

/// What a press means. The store keeps it in messages that were not said yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Button {
    /// Cancel this task.
    Kill(JobId),
    /// Run it again.
    Retry(JobId),
    /// Send its result.
    Result(JobId),
    /// Send its whole numbers as a document.
    Whole(JobId),
    /// Show this of the board.
    Page(View),
    /// Draw the timeline in this message anew, with these colours.
    Timeline(Theme),
    /// Yes, cancel these tasks of others.
    KillThese {
        /// The first of them.
        first: JobId,
        /// A bit for each of the 64 numbers after it.
        more: u64,
        /// Who was asked.
        asker: i64,
    },
    /// Yes, cancel all that was unfinished when it was asked.
    KillAll {
        /// Up to this task.
        last: JobId,
        /// Only those of who was asked.
        own: bool,
        /// Who was asked.
        asker: i64,
    },
    /// No, cancel nothing.
    Keep {
        /// Who was asked.
        asker: i64,
    },
    /// Yes, run what was asked about.
    Run(Question),
    /// No, do not.
    DoNotRun(Question),
}

impl Button {
    /// Its letter and its numbers. What is written here is read in [`from_parts`](Self::from_parts).
    fn parts(self) -> (u8, Numbers) {
        match self {
            Self::Kill(id) => (b'k', [id.0].into()),
            Self::Retry(id) => (b'r', [id.0].into()),
            Self::Result(id) => (b's', [id.0].into()),
            Self::Whole(id) => (b'w', [id.0].into()),
            Self::Page(View { page, shows, asker }) => {
                (b'p', [u64::from(page), shows.number(), asker.cast_unsigned()].into())
            }
            Self::Timeline(theme) => (b'l', [u64::from(theme == Theme::Dark)].into()),
            Self::KillThese { first, more, asker } => (b't', [first.0, more, asker.cast_unsigned()].into()),
            Self::KillAll { last, own, asker } => {
                (b'a', [last.0, u64::from(own), asker.cast_unsigned()].into())
            }
            Self::Keep { asker } => (b'n', [asker.cast_unsigned()].into()),
            Self::Run(Question { number, asked }) => (b'y', [number, asked].into()),
            Self::DoNotRun(Question { number, asked }) => (b'x', [number, asked].into()),
        }
    }

    /// The task that it is about, or one of several: its message is younger than that task's command.
    pub(super) fn task(self) -> Option<JobId> {
        match self {
            Self::Kill(id) | Self::Retry(id) | Self::Result(id) | Self::Whole(id) => Some(id),
            Self::KillThese { first, .. } => Some(first),
            Self::KillAll { last, .. } => Some(last),
            Self::Page(_) | Self::Timeline(_) | Self::Keep { .. } | Self::Run(_) | Self::DoNotRun(_) => None,
        }
    }

    /// Whether what Telegram keeps of it is that of a button which ends work: that cannot be taken back.
    pub(super) fn is_danger(data: &str) -> bool {
        matches!(data.strip_prefix(VERSION).and_then(|code| code.bytes().next()), Some(b'k' | b't' | b'a'))
    }

    fn from_parts(letter: u8, numbers: &[u64]) -> Option<Self> {
        Some(match (letter, numbers) {
            (b'k', &[id]) => Self::Kill(JobId(id)),
            (b'r', &[id]) => Self::Retry(JobId(id)),
            (b's', &[id]) => Self::Result(JobId(id)),
            (b'w', &[id]) => Self::Whole(JobId(id)),
            (b'p', &[page, shows, asker]) => {
                let (page, shows) = (u32::try_from(page).ok()?, Shows::read(shows)?);
                Self::Page(View { page, shows, asker: asker.cast_signed() })
            }
            (b'l', &[dark @ (0 | 1)]) => Self::Timeline(if dark == 1 { Theme::Dark } else { Theme::Light }),
            (b't', &[first, more, asker]) => {
                Self::KillThese { first: JobId(first), more, asker: asker.cast_signed() }
            }
            (b'a', &[last, own, asker]) => {
                Self::KillAll { last: JobId(last), own: own != 0, asker: asker.cast_signed() }
            }
            (b'n', &[asker]) => Self::Keep { asker: asker.cast_signed() },
            (b'y', &[number, asked]) => Self::Run(Question { number, asked }),
            (b'x', &[number, asked]) => Self::DoNotRun(Question { number, asked }),
            _ => return None,
        })
    }

    /// The button as text, without a tag: what tells it from the others of its message.
    pub(super) fn code(self) -> String {
        let (letter, numbers) = self.parts();
        let mut code = String::with_capacity(LONGEST);
        code.push(VERSION);
        code.push(char::from(letter));
        for (index, number) in numbers.used().iter().enumerate() {
            if index > 0 {
                code.push('.');
            }
            write_number(&mut code, *number);
        }
        code
    }

    /// What Telegram is to keep of it in this chat.
    pub(super) fn data(self, key: &Key, chat: ChatId) -> CallbackData {
        CallbackData::new(self, key, chat)
    }

    /// What somebody's client sent back; `None` for anything that this bot did not write, in this version, for this chat.
    pub(super) fn read(data: &str, key: &Key, chat: ChatId) -> Option<Self> {
        let (code, tag) = data.split_once(':')?;
        if !key.made(code, chat, u64::from_str_radix(tag, BASE).ok()?) {
            return None;
        }
        let mut rest = code.strip_prefix(VERSION)?.bytes();
        let letter = rest.next()?;
        let numbers = code.get(2..)?.split('.').map(|number| u64::from_str_radix(number, BASE).ok());
        Self::from_parts(letter, &numbers.collect::<Option<Vec<_>>>()?)
    }

    /// The button with what stands on it.
    pub(super) fn labelled(self, label: impl Into<String>) -> Labelled {
        Labelled { label: label.into(), button: self }
    }
}

/// Up to [`NUMBERS`] numbers; more do not compile.
struct Numbers {
    all: [u64; NUMBERS],
    count: usize,
}

impl<const N: usize> From<[u64; N]> for Numbers {
    fn from(numbers: [u64; N]) -> Self {
        const { assert!(N <= NUMBERS) }
        let mut all = [0; NUMBERS];
        all[..N].copy_from_slice(&numbers);
        Self { all, count: N }
    }
}

impl Numbers {
    fn used(&self) -> &[u64] {
        &self.all[..self.count]
    }
}

fn write_number(text: &mut String, number: u64) {
    let mut digits = ['0'; DIGITS];
    let mut left = number;
    let mut start = DIGITS;
    while left > 0 || start == DIGITS {
        start -= 1;
        let digit =
            u32::try_from(left % u64::from(BASE)).ok().and_then(|digit| char::from_digit(digit, BASE));
        digits[start] = digit.unwrap_or('0');
        left /= u64::from(BASE);
    }
    text.extend(&digits[start..]);
}

/// What Telegram keeps of a button: signed, and never longer than it takes, since all of it is a letter, a few numbers and
/// a tag ([`LONGEST`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallbackData(String);

impl CallbackData {
    fn new(button: Button, key: &Key, chat: ChatId) -> Self {
        let mut data = button.code();
        let tag = key.tag(&data, chat);
        data.push(':');
        write_number(&mut data, tag);
        Self(data)
    }

    /// As Telegram gets it.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// What tells the bot's own buttons from anybody else's.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// The key of everything that is signed with this store's secret.
    pub(crate) fn new(secret: &Secret) -> Self {
        // HMAC fills up a short key with zeros by itself; so it cannot be of a wrong length.
        let mut block = [0; 64];
        block[..secret.0.len()].copy_from_slice(&secret.0);
        Self(Hmac::new(&block.into()))
    }

    fn mac(&self, code: &str, chat: ChatId) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&chat.0.to_le_bytes());
        mac.update(code.as_bytes());
        mac
    }

    /// The first 64 bits: who guesses has to press a button for each try.
    fn tag(&self, code: &str, chat: ChatId) -> u64 {
        let mac = self.mac(code, chat).finalize().into_bytes();
        mac.iter().take(8).fold(0, |tag, byte| (tag << 8) | u64::from(*byte))
    }

    /// Any text, signed as if it were a button's.
    #[cfg(feature = "fuzzing")]
    pub(super) fn signed(&self, code: &str, chat: ChatId) -> String {
        let mut data = format!("{code}:");
        write_number(&mut data, self.tag(code, chat));
        data
    }

    /// Takes the same time whatever is wrong with the tag.
    fn made(&self, code: &str, chat: ChatId, tag: u64) -> bool {
        self.mac(code, chat).verify_truncated_left(&tag.to_be_bytes()).is_ok()
    }
}

/// A button and what stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Labelled {
    label: String,
    button: Button,
}

/// The buttons below a message, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Keyboard(Vec<Vec<Labelled>>);

/// A keyboard as a store may have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Rows(Vec<Vec<Labelled>>),
    /// Of a version before this one: its message goes without.
    Before(IgnoredAny),
}

impl From<Stored> for Keyboard {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Rows(rows) => Self(rows),
            Stored::Before(IgnoredAny) => Self::default(),
        }
    }
}

impl Keyboard {
    /// The keyboard for Telegram, signed for this chat.
    pub(super) fn markup(&self, key: &Key, chat: ChatId) -> InlineKeyboardMarkup {
        let button = |labelled: &Labelled| {
            let data = labelled.button.data(key, chat);
            InlineKeyboardButton::callback(labelled.label.clone(), data.into_text())
        };
        InlineKeyboardMarkup::new(self.0.iter().map(|row| row.iter().map(button).collect::<Vec<_>>()))
    }
}

/// Several rows of buttons.
pub(super) fn rows(rows: Vec<Vec<Labelled>>) -> Keyboard {
    Keyboard(rows)
}

/// One row of buttons.
pub(super) fn row(buttons: Vec<Labelled>) -> Keyboard {
    Keyboard(vec![buttons])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHAT: ChatId = ChatId(-1_001_234_567_890);

    fn key() -> Key {
        Key::new(&Secret([7; 32]))
    }

    fn any_button() -> impl Strategy<Value = Button> {
        let number = || prop_oneof![any::<u64>(), Just(u64::MAX), 0..100_u64];
        let id = move || number().prop_map(JobId);
        prop_oneof![
            id().prop_map(Button::Kill),
            id().prop_map(Button::Retry),
            id().prop_map(Button::Result),
            id().prop_map(Button::Whole),
            (any::<u32>(), 0..4_usize, any::<i64>()).prop_map(|(page, shows, asker)| Button::Page(View {
                page,
                shows: Shows::ALL[shows],
                asker
            })),
            (id(), number(), any::<i64>()).prop_map(|(first, more, asker)| Button::KillThese {
                first,
                more,
                asker
            }),
            (id(), any::<bool>(), any::<i64>()).prop_map(|(last, own, asker)| Button::KillAll {
                last,
                own,
                asker
            }),
            any::<i64>().prop_map(|asker| Button::Keep { asker }),
            (number(), number()).prop_map(|(number, asked)| Button::Run(Question { number, asked })),
            (number(), number()).prop_map(|(number, asked)| Button::DoNotRun(Question { number, asked })),
            prop_oneof![Just(Theme::Light), Just(Theme::Dark)].prop_map(Button::Timeline),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_in_its_chat_alone_and_fits(button in any_button(), chat: i64, other: i64) {
            let (key, chat) = (key(), ChatId(chat));
            let data = button.data(&key, chat).into_text();
            prop_assert!(data.len() <= LONGEST && data.is_ascii());
            prop_assert_eq!(Button::read(&data, &key, chat), Some(button));
            if other != chat.0 {
                prop_assert_eq!(Button::read(&data, &key, ChatId(other)), None);
            }
            prop_assert_eq!(Button::read(&data, &Key::new(&Secret([8; 32])), chat), None);
        }

        #[test]
        fn another_text_with_the_same_tag_means_nothing(button in any_button(), at in 0..40_usize, to in "[0-9a-z.]") {
            let data = button.data(&key(), CHAT).into_text();
            let end = data.find(':').unwrap();
            let mut other = data.clone();
            other.replace_range(at % end..=at % end, &to);
            if other != data {
                prop_assert_eq!(Button::read(&other, &key(), CHAT), None);
            }
        }

        #[test]
        fn nonsense_means_nothing(data in "\\PC{0,80}") {
            prop_assert_eq!(Button::read(&data, &key(), CHAT), None);
        }
    }

    #[test]
    fn a_signed_text_that_no_button_has_means_nothing() {
        let key = key();
        for code in
            ["", "2", "2k", "2k3.4", "2k3.", "2x3", "3k3", "k3", "2kzzzzzzzzzzzzzz", "2t1.2", "2ké", "é"]
        {
            let mut data = format!("{code}:");
            write_number(&mut data, key.tag(code, CHAT));
            assert_eq!(Button::read(&data, &key, CHAT), None, "{code}");
        }
    }

    #[test]
    fn the_version_before_means_nothing() {
        for data in ["1:kill:3", "1:retry:3", "1:whole:3", "1:page:0", "1:kill-all:3", "1:keep-all"] {
            assert_eq!(Button::read(data, &key(), CHAT), None, "{data}");
        }
    }

    #[test]
    fn a_stored_keyboard_is_read_and_one_of_the_version_before_is_none() {
        let keyboard = row(vec![Button::Keep { asker: -5 }.labelled("Keep")]);
        let json = serde_json::to_string(&keyboard).unwrap();
        assert_eq!(serde_json::from_str::<Keyboard>(&json).unwrap(), keyboard);
        let before = r#"{"inline_keyboard":[[{"text":"Keep","callback_data":"1:keep-all"}]]}"#;
        assert_eq!(serde_json::from_str::<Keyboard>(before).unwrap(), Keyboard::default());
    }
}
