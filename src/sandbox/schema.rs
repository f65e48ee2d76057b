//! The published Bot API as a table: which methods there are, what they take, what the objects look like.
//!
//! Every call is checked against it before it is carried out. The real server ignores parameters and fields that it
//! does not know; this one refuses them, because a misspelt `reply_parameter` that does nothing is a fault to be found
//! in a test and not in a chat.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{
    errors::{ApiError, bad_request},
    table::{Field, Fields, Kind, Limit, Method, Schema, Type},
};

/// The table, parsed once.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(include_str!("bot_api.tsv")));

/// Fields whose limits the methods check themselves, with words (or after a parse) of their own.
const LIMITED_ELSEWHERE: [&str; 7] =
    ["text", "message_text", "caption", "callback_data", "command", "description", "limit"];

/// Objects inside objects deeper than this are refused: the table has recursive types.
const MAX_DEPTH: u8 = 16;

impl Schema {
    /// The method, whatever the case of its name.
    pub(super) fn method(&self, name: &str) -> Option<&Method> {
        self.methods.get(&name.to_ascii_lowercase())
    }

    /// Checks a call's parameters and gives numbers, flags and objects that came as strings (as in a form) their type.
    /// `files` says whether a part of that name was uploaded. A `null` is an absent parameter.
    pub(super) fn check_call(
        &self,
        method: &Method,
        params: &mut Map<String, Value>,
        files: &dyn Fn(&str) -> bool,
    ) -> Result<(), ApiError> {
        params.retain(|_, value| !value.is_null());
        for (name, value) in params.iter_mut() {
            let field = method.params.get(name.as_str());
            let field = field.ok_or_else(|| bad_request(format_args!("unknown parameter \"{name}\"")))?;
            if let Some(typed) = field.from_string(value) {
                *value = typed;
            }
            self.check_field(field, name, name, value, 0)?;
        }
        let missing = |(name, field): &(&&'static str, &Field)| {
            field.required && !params.contains_key(**name) && !(field.takes_file() && files(name))
        };
        match method
            .params
            .iter()
            .filter(missing)
            .map(|(name, _)| *name)
            .min_by_key(|name| *name != "chat_id")
        {
            Some(name) => Err(missing_parameter(name)),
            None => Ok(()),
        }
    }

    fn check_field(
        &self,
        field: &Field,
        name: &str,
        path: &str,
        value: &Value,
        depth: u8,
    ) -> Result<(), ApiError> {
        match field.types.as_slice() {
            [one] => self.check_type(one, path, value, depth)?,
            several => self.check_any(several, path, value, depth)?,
        }
        match field.limit {
            Some(limit) if !LIMITED_ELSEWHERE.contains(&name) => limit.check(path, value),
            _ => Ok(()),
        }
    }

    /// The first type that takes the value; else the error of the type that it most likely was meant to be.
    fn check_any(&self, types: &[Type], path: &str, value: &Value, depth: u8) -> Result<(), ApiError> {
        let mut nearest = None;
        for kind in types {
            match self.check_type(kind, path, value, depth) {
                Ok(()) => return Ok(()),
                Err(error) if self.is_meant(kind, value) => nearest = nearest.or(Some(error)),
                Err(_) => {}
            }
        }
        Err(nearest.unwrap_or_else(|| bad_request(format_args!("wrong type of \"{path}\""))))
    }

    /// Whether an object's literal (`"type": "photo"`) or, where it has none, its first required field says it is a `kind`.
    fn is_meant(&self, kind: &Type, value: &Value) -> bool {
        let (Type::Named(name), Value::Object(object)) = (kind, value) else { return false };
        match self.kinds.get(name) {
            Some(Kind::Union(members)) => members.iter().any(|member| self.is_meant(member, value)),
            Some(Kind::Object(fields)) => {
                let literal = fields.iter().find_map(|(name, field)| match field.limit {
                    Some(Limit::Is(text)) => Some((*name, text)),
                    _ => None,
                });
                match literal {
                    Some((name, text)) => object.get(name).and_then(Value::as_str) == Some(text),
                    None => fields.iter().any(|(name, field)| field.required && object.contains_key(*name)),
                }
            }
            None => false,
        }
    }

    /// Checks one value and everything inside it.
    pub(super) fn check_type(
        &self,
        kind: &Type,
        path: &str,
        value: &Value,
        depth: u8,
    ) -> Result<(), ApiError> {
        let wrong = |what: &str| Err(bad_request(format_args!("\"{path}\" must be {what}")));
        if depth > MAX_DEPTH {
            return Err(bad_request(format_args!("\"{path}\" is nested too deeply")));
        }
        match (kind, value) {
            (Type::Integer, Value::Number(number)) if number.is_i64() => Ok(()),
            (Type::Float, Value::Number(_))
            | (Type::String | Type::File, Value::String(_))
            | (Type::Boolean, Value::Bool(_)) => Ok(()),
            (Type::Integer, _) => wrong("an integer"),
            (Type::Float, _) => wrong("a number"),
            (Type::String | Type::File, _) => wrong("a string"),
            (Type::Boolean, _) => wrong("a boolean"),
            (Type::Array(item), Value::Array(values)) => {
                values.iter().enumerate().try_for_each(|(at, value)| {
                    let inner = format!("{path}[{at}]");
                    self.check_type(item, &inner, value, depth + 1)
                })
            }
            (Type::Array(_), _) => wrong("an array"),
            (Type::Named(name), _) => match (self.kinds.get(name), value) {
                (Some(Kind::Union(members)), _) => self.check_any(members, path, value, depth + 1),
                (Some(Kind::Object(fields)), Value::Object(object)) => {
                    self.check_object(fields, path, object, depth + 1)
                }
                _ => wrong("an object"),
            },
        }
    }

    fn check_object(
        &self,
        fields: &Fields,
        path: &str,
        object: &Map<String, Value>,
        depth: u8,
    ) -> Result<(), ApiError> {
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            let inner = format!("{path}.{name}");
            let field = fields.get(name.as_str());
            let field = field.ok_or_else(|| bad_request(format_args!("unknown field \"{inner}\"")))?;
            self.check_field(field, name, &inner, value, depth)?;
        }
        let missing = fields
            .iter()
            .find(|(name, field)| field.required && object.get(**name).is_none_or(Value::is_null));
        match missing {
            Some((name, _)) => Err(bad_request(format_args!("field \"{path}.{name}\" is missing"))),
            None => Ok(()),
        }
    }
}

impl Field {
    fn takes_file(&self) -> bool {
        self.types.iter().any(|kind| matches!(kind, Type::File))
    }

    /// What a string stands for where the parameter is no string: forms carry everything as text, and the real server
    /// reads JSON bodies the same way at their first level.
    #[expect(clippy::wrong_self_convention, reason = "it reads: the field's value, from a string")]
    fn from_string(&self, value: &Value) -> Option<Value> {
        let text = value.as_str()?;
        self.types.iter().find_map(|kind| match kind {
            Type::Integer => text.trim().parse::<i64>().ok().map(Value::from),
            Type::Float => text.trim().parse::<f64>().ok().map(Value::from),
            Type::Boolean => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Value::Bool(true)),
                "false" | "no" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            Type::Array(_) | Type::Named(_) => serde_json::from_str(text).ok(),
            Type::String | Type::File => None,
        })
    }
}

/// The real server's words for what it looks for by name.
fn missing_parameter(name: &str) -> ApiError {
    match name {
        "chat_id" => bad_request("chat_id is empty"),
        "text" => bad_request("message text is empty"),
        "message_id" => bad_request("message identifier is not specified"),
        "file_id" => bad_request("file_id not specified"),
        "photo" | "document" | "audio" | "video" | "animation" | "voice" | "sticker" => {
            bad_request(format_args!("there is no {name} in the request"))
        }
        name => bad_request(format_args!("parameter \"{name}\" is required")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(method: &str, params: Value) -> Result<Map<String, Value>, String> {
        let method = SCHEMA.method(method).unwrap();
        let Value::Object(mut params) = params else { panic!("an object") };
        let checked = SCHEMA.check_call(method, &mut params, &|name| name == "uploaded");
        checked.map(|()| params).map_err(|error| error.description.into_owned())
    }

    #[test]
    fn the_whole_table_is_read() {
        let table = include_str!("bot_api.tsv");
        let count = |start: &str| table.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(SCHEMA.methods.len(), count("*method\t"));
        assert_eq!(SCHEMA.kinds.len(), count("*type\t") + count("*union\t"));
        let fields = SCHEMA.methods.values().map(|method| method.params.len()).sum::<usize>()
            + SCHEMA
                .kinds
                .values()
                .map(|kind| if let Kind::Object(fields) = kind { fields.len() } else { 0 })
                .sum::<usize>();
        let others = SCHEMA.methods.len() + SCHEMA.kinds.len() + 1;
        assert_eq!(fields, table.lines().count() - others);
        assert!(SCHEMA.method("SENDmessage").is_some());
        assert!(SCHEMA.method("sendMessages").is_none());
    }

    #[test]
    fn wrong_calls_are_refused_in_words() {
        let button = |button: Value| json!({"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}});
        let cases = [
            ("sendMessage", json!({"text": "x"}), "chat_id is empty"),
            ("sendMessage", json!({"chat_id": null, "text": "x"}), "chat_id is empty"),
            ("sendMessage", json!({"chat_id": 1}), "message text is empty"),
            ("sendMessage", json!({"chat_id": 1, "text": 5}), "\"text\" must be a string"),
            ("sendMessage", json!({"chat_id": [1], "text": "x"}), "wrong type of \"chat_id\""),
            ("sendMessage", json!({"chat_id": 1, "text": "x", "txt": 1}), "unknown parameter \"txt\""),
            (
                "sendMessage",
                json!({"chat_id": 1, "text": "x", "reply_parameters": 3}),
                "\"reply_parameters\" must be an object",
            ),
            (
                "sendMessage",
                json!({"chat_id": 1, "text": "x", "reply_parameters": {}}),
                "field \"reply_parameters.message_id\" is missing",
            ),
            (
                "sendMessage",
                json!({"chat_id": 1, "text": "x", "reply_parameters": {"message_id": "3"}}),
                "\"reply_parameters.message_id\" must be an integer",
            ),
            (
                "sendMessage",
                json!({"chat_id": 1, "text": "x", "link_preview_options": {"disabled": true}}),
                "unknown field \"link_preview_options.disabled\"",
            ),
            (
                "sendMessage",
                button(json!({"label": "x"})),
                "unknown field \"reply_markup.inline_keyboard[0][0].label\"",
            ),
            (
                "sendMessage",
                button(json!({"text": 5})),
                "\"reply_markup.inline_keyboard[0][0].text\" must be a string",
            ),
            (
                "setMyCommands",
                json!({"commands": [{"command": "a"}]}),
                "field \"commands[0].description\" is missing",
            ),
            (
                "setMyCommands",
                json!({"commands": [], "scope": {"type": "chat"}}),
                "field \"scope.chat_id\" is missing",
            ),
            (
                "setMyCommands",
                json!({"commands": [], "scope": {"type": "nobody"}}),
                "wrong type of \"scope\"",
            ),
            ("editMessageMedia", json!({"media": {"type": "photo"}}), "field \"media.media\" is missing"),
            ("sendDocument", json!({"chat_id": 1}), "there is no document in the request"),
        ];
        for (method, params, expected) in cases {
            assert_eq!(
                check(method, params.clone()),
                Err(format!("Bad Request: {expected}")),
                "{method} {params}"
            );
        }
    }

    #[test]
    fn strings_become_what_the_parameter_is() {
        let checked = check(
            "sendMessage",
            json!({"chat_id": "-5", "text": "7", "disable_notification": "true", "reply_parameters": "{\"message_id\":3}"}),
        );
        let expected = json!({"chat_id": -5, "text": "7", "disable_notification": true, "reply_parameters": {"message_id": 3}});
        assert_eq!(checked.map(Value::Object), Ok(expected));
        assert!(check("sendMessage", json!({"chat_id": "@name", "text": "x"})).is_ok());
    }
}
