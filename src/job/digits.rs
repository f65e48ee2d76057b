//! placeholder
use std::sync::Arc;
/// A decimal number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digits(Arc<str>);
impl Digits {
    /// how many
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// the text
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl From<u64> for Digits {
    fn from(n: u64) -> Self {
        Self(n.to_string().into())
    }
}
