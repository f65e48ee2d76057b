//! Arguments with places for what was said: `--db={db}`.

use super::{Part, Template};

impl Template {
    /// Reads an argument as it stands in the file. `{{` and `}}` are braces.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (mut parts, mut literal) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = behind;
                continue;
            }
            let name = rest.split_once('}').filter(|_| brace == "{");
            let Some((name, behind)) = name else {
                return Err(format!(
                    "a single {brace} in {text:?}: write {brace}{brace} for the brace itself"
                ));
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Value(name.trim().to_owned()));
            rest = behind;
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The parameters that it names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}
