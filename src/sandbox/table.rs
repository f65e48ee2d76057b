//! The table of the Bot API as it is in `bot_api.tsv`, made by `scripts/bot_api_table.py` from the published description.

use std::collections::HashMap;

use serde_json::Value;

use super::errors::{ApiError, bad_request};

/// Methods by their name in lower case, objects by name.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) methods: HashMap<String, Method>,
    pub(super) kinds: HashMap<&'static str, Kind>,
}

/// One method.
#[derive(Debug)]
pub(super) struct Method {
    /// As the documentation spells it.
    pub(super) name: &'static str,
    /// What the result is.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests check every result against it"))]
    pub(super) returns: Vec<Type>,
    pub(super) params: Fields,
}

/// Parameters or fields by name.
pub(super) type Fields = HashMap<&'static str, Field>;

/// A parameter or a field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) required: bool,
    pub(super) types: Vec<Type>,
    pub(super) limit: Option<Limit>,
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Kind {
    Object(Fields),
    Union(Vec<Type>),
}

/// A value's type.
#[derive(Debug)]
pub(super) enum Type {
    Integer,
    Float,
    String,
    Boolean,
    File,
    Array(Box<Type>),
    Named(&'static str),
}

/// What the descriptions say of a value beyond its type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    Chars(usize, usize),
    Bytes(usize, usize),
    Value(i64, i64),
    Is(&'static str),
}

impl Schema {
    /// The table is our own file: a row that does not parse is left out, and a test counts the rows.
    pub(super) fn parse(table: &'static str) -> Self {
        let mut schema = Self::default();
        let (mut method, mut object) = (None, None);
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&'static str> = line.split('\t').collect();
            match cells.as_slice() {
                ["*method", name, returns] => {
                    let row = Method { name, returns: types(returns), params: Fields::new() };
                    schema.methods.insert(name.to_ascii_lowercase(), row);
                    (method, object) = (Some(name.to_ascii_lowercase()), None);
                }
                ["*type", name] => {
                    schema.kinds.insert(name, Kind::Object(Fields::new()));
                    (method, object) = (None, Some(*name));
                }
                ["*union", name, members] => {
                    schema.kinds.insert(name, Kind::Union(types(members)));
                    (method, object) = (None, None);
                }
                [name, kinds, rest @ ..] => {
                    let field = Field {
                        required: name.ends_with('!'),
                        types: types(kinds),
                        limit: rest.first().and_then(|cell| Limit::parse(cell)),
                    };
                    let of_method = method.as_ref().and_then(|method| schema.methods.get_mut(method));
                    let fields = match (of_method, object.and_then(|object| schema.kinds.get_mut(object))) {
                        (Some(method), _) => &mut method.params,
                        (None, Some(Kind::Object(fields))) => fields,
                        _ => continue,
                    };
                    fields.insert(name.trim_end_matches('!'), field);
                }
                _ => {}
            }
        }
        schema
    }
}

impl Limit {
    fn parse(cell: &'static str) -> Option<Self> {
        match cell.split(':').collect::<Vec<_>>().as_slice() {
            ["is", text] => Some(Self::Is(text)),
            ["chars", min, max] => Some(Self::Chars(min.parse().ok()?, max.parse().ok()?)),
            ["bytes", min, max] => Some(Self::Bytes(min.parse().ok()?, max.parse().ok()?)),
            ["value", min, max] => Some(Self::Value(min.parse().ok()?, max.parse().ok()?)),
            _ => None,
        }
    }

    pub(super) fn check(self, path: &str, value: &Value) -> Result<(), ApiError> {
        let (ok, what) = match (self, value) {
            (Self::Chars(min, max), Value::String(text)) => {
                ((min..=max).contains(&text.encode_utf16().count()), format!("of {min} to {max} characters"))
            }
            (Self::Bytes(min, max), Value::String(text)) => {
                ((min..=max).contains(&text.len()), format!("of {min} to {max} bytes"))
            }
            (Self::Value(min, max), Value::Number(number)) => (
                number.as_i64().is_some_and(|number| (min..=max).contains(&number)),
                format!("{min} to {max}"),
            ),
            (Self::Is(literal), Value::String(text)) => (text == literal, format!("\"{literal}\"")),
            _ => (true, String::new()),
        };
        if ok { Ok(()) } else { Err(bad_request(format_args!("\"{path}\" must be {what}"))) }
    }
}

/// `A|[B]`.
fn types(cell: &'static str) -> Vec<Type> {
    cell.split('|').map(type_of).collect()
}

fn type_of(name: &'static str) -> Type {
    if let Some(item) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Type::Array(Box::new(type_of(item)));
    }
    match name {
        "Integer" => Type::Integer,
        "Float" => Type::Float,
        "String" => Type::String,
        "Boolean" => Type::Boolean,
        "InputFile" => Type::File,
        name => Type::Named(name),
    }
}
