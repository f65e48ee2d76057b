//! A decimal number as its digits.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A natural number in decimal, without leading zeros. It does not change, and a clone shares the digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Digits {
    /// All digits, the highest first.
    Here(Arc<String>),
    /// The digits stand in a file of the store.
    Filed(Arc<Filed>),
}

/// Where a number's digits are, and enough of them to tell it from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// The file's name in the store's folder of results.
    pub file: String,
    /// The first digit's place in it, in bytes.
    pub offset: u64,
    /// How many digits there are.
    pub len: usize,
    /// The [`Filed::ENDS`] highest.
    pub head: String,
    /// The [`Filed::ENDS`] lowest.
    pub tail: String,
}

impl Filed {
    /// Digits of each end that are kept outside the file: more than any message shows of a number that is cut.
    pub const ENDS: usize = 64;
}

impl Digits {
    /// How many digits the number has, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a number always has a digit")]
    pub fn len(&self) -> usize {
        match self {
            Self::Here(text) => text.len(),
            Self::Filed(filed) => filed.len,
        }
    }

    /// All digits, the highest first, unless they stand in a file.
    pub fn here(&self) -> Option<&str> {
        match self {
            Self::Here(text) => Some(text),
            Self::Filed(_) => None,
        }
    }

    /// The `k` highest digits, or all that are at hand if there are fewer.
    pub fn head(&self, k: usize) -> &str {
        let head = match self {
            Self::Here(text) => text,
            Self::Filed(filed) => &filed.head,
        };
        head.get(..k).unwrap_or(head)
    }

    /// The `k` lowest digits, or all that are at hand if there are fewer.
    pub fn tail(&self, k: usize) -> &str {
        let tail = match self {
            Self::Here(text) => text,
            Self::Filed(filed) => &filed.tail,
        };
        tail.get(tail.len().saturating_sub(k)..).unwrap_or(tail)
    }

    /// Takes over a text that is known to hold a digit, digits only, and no leading zero unless it is "0".
    pub(crate) fn from_canonical(text: String) -> Self {
        debug_assert!(!text.is_empty() && (text == "0" || !text.starts_with('0')));
        Self::Here(Arc::new(text))
    }
}

/// Short, however long the number is: it may end up in a log.
impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.here().filter(|text| text.len() <= 24) {
            Some(text) => write!(f, "Digits({text})"),
            None => write!(f, "Digits({}…{}, {} digits)", self.head(8), self.tail(8), self.len()),
        }
    }
}

impl From<u64> for Digits {
    fn from(value: u64) -> Self {
        Self::from(u128::from(value))
    }
}

impl From<u128> for Digits {
    fn from(value: u128) -> Self {
        Self::from_canonical(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_tails_are_cut_from_the_ends() {
        let digits = Digits::from(1_234_567_u64);
        assert_eq!((digits.len(), digits.here()), (7, Some("1234567")));
        assert_eq!((digits.head(3), digits.tail(3)), ("123", "567"));
        assert_eq!((digits.head(0), digits.tail(0)), ("", ""));
        assert_eq!((digits.head(99), digits.tail(99)), ("1234567", "1234567"));
    }

    #[test]
    fn a_number_in_a_file_still_has_its_ends() {
        let filed = Filed { file: "x".into(), offset: 0, len: 9, head: "123".into(), tail: "789".into() };
        let digits = Digits::Filed(filed.into());
        assert_eq!((digits.head(2), digits.tail(2), digits.head(9)), ("12", "89", "123"));
        assert_eq!((digits.len(), digits.here()), (9, None));
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", Digits::from(5_u64)), "Digits(5)");
        let long = Digits::from_canonical("123456789".repeat(1000));
        assert_eq!(format!("{long:?}"), "Digits(12345678…23456789, 9000 digits)");
    }
}
