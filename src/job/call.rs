//! A command that the operator has declared, as somebody asked for it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a declared command is asked to do. Its arguments are what the grammar has read and checked; what the program is, and
/// what it gets of them, is the declaration's to say, when it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The command's name: `[a-z0-9_]`.
    pub name: String,
    /// In the order in which the declaration has them; those that may be left out, and were, are not here.
    pub arguments: Vec<Argument>,
    /// CPU slots that it takes while it runs; 0: it takes a slot of IO.
    pub weight: u16,
}

/// One argument of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// The parameter's name. The declaration may have changed since it was said: what has another name is not taken for it.
    pub parameter: String,
    /// Its value; several, or none, of the rest of a line.
    pub values: Vec<String>,
}

impl Call {
    /// The values of a parameter; `None` where it was left out.
    pub fn values(&self, parameter: &str) -> Option<&[String]> {
        let argument = self.arguments.iter().find(|argument| argument.parameter == parameter)?;
        Some(&argument.values)
    }
}

/// The command that asks for it: what holds blanks is quoted, so that it can be said again.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for value in self.arguments.iter().flat_map(|argument| &argument.values) {
            f.write_str(" ")?;
            write_quoted(f, value)?;
        }
        Ok(())
    }
}

/// All that the grammar may take for a quotation mark.
const MARKS: [char; 10] = ['"', '“', '”', '„', '«', '»', '\'', '‘', '’', '‚'];

/// A word as the grammar reads it back: in quotes where it is empty, or holds what ends or begins a word.
fn write_quoted(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    let is_plain = |c: char| !c.is_whitespace() && !MARKS.contains(&c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return f.write_str(word);
    }
    f.write_str("\"")?;
    for c in word.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
