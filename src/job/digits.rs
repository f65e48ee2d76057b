//! A decimal number as its digits.

use std::{fmt, str::FromStr, sync::Arc};

/// A natural number in decimal, without leading zeros. It does not change, and a clone shares the digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Digits(Arc<String>);

/// The text is not a natural number in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number is written with the digits 0 to 9 alone")]
pub struct NotDigits;

impl Digits {
    /// How many digits the number has, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a number always has a digit")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All digits, the highest first.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `k` highest digits, or all if there are fewer.
    pub fn head(&self, k: usize) -> &str {
        &self.0[..k.min(self.len())]
    }

    /// The `k` lowest digits, or all if there are fewer.
    pub fn tail(&self, k: usize) -> &str {
        &self.0[self.len().saturating_sub(k)..]
    }

    /// Takes over a text that is known to hold a digit, digits only, and no leading zero unless it is "0".
    pub(crate) fn from_canonical(text: String) -> Self {
        debug_assert!(!text.is_empty() && (text == "0" || !text.starts_with('0')));
        Self(Arc::new(text))
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Short, however long the number is: it may end up in a log.
impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.len() <= 24 {
            write!(f, "Digits({self})")
        } else {
            write!(f, "Digits({}…{}, {} digits)", self.head(8), self.tail(8), self.len())
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

impl FromStr for Digits {
    type Err = NotDigits;

    /// Reads ASCII digits; leading zeros are dropped.
    fn from_str(text: &str) -> Result<Self, NotDigits> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotDigits);
        }
        let significant = text.trim_start_matches('0');
        Ok(Self::from_canonical(if significant.is_empty() { "0" } else { significant }.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_tails_are_cut_from_the_ends() {
        let digits = Digits::from(1_234_567_u64);
        assert_eq!((digits.len(), digits.as_str()), (7, "1234567"));
        assert_eq!((digits.head(3), digits.tail(3)), ("123", "567"));
        assert_eq!((digits.head(0), digits.tail(0)), ("", ""));
        assert_eq!((digits.head(99), digits.tail(99)), ("1234567", "1234567"));
    }

    #[test]
    fn a_clone_shares_the_digits() {
        let digits = Digits::from(10_u64);
        assert!(Arc::ptr_eq(&digits.0, &digits.clone().0));
    }

    #[test]
    fn text_is_checked() {
        for (text, expected) in [
            ("0", Ok("0")),
            ("000", Ok("0")),
            ("0012", Ok("12")),
            ("18446744073709551616", Ok("18446744073709551616")),
            ("", Err(NotDigits)),
            ("-1", Err(NotDigits)),
            ("1_000", Err(NotDigits)),
            ("١", Err(NotDigits)),
        ] {
            assert_eq!(text.parse().map(|digits: Digits| digits.to_string()), expected.map(str::to_owned));
        }
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", Digits::from(5_u64)), "Digits(5)");
        let long: Digits = "123456789".repeat(1000).parse().unwrap();
        assert_eq!(format!("{long:?}"), "Digits(12345678…23456789, 9000 digits)");
    }
}
