//! The language of a person's app: bots get it with whatever the person does, and the command menu is shown in it.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::Response, routing::post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    page::done,
    shared::Shared,
    telegram::{Telegram, must},
    view::{PersonId, View},
    world::{Event, World},
};

/// The key of the commands of the default scope, before the language.
const DEFAULT_SCOPE: &str = "{\"type\":\"default\"} ";

impl World {
    /// A person's app speaks another language from now on: an IETF language tag.
    pub(super) fn set_language(&mut self, person: i64, tag: &str) -> Result<(), String> {
        let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if tag.is_empty() || tag.len() > 35 || !tag.chars().all(is_tag) {
            return Err("this is no language tag".to_owned());
        }
        let found = self.people.get_mut(&person).ok_or_else(|| format!("there is no person {person}"))?;
        tag.clone_into(&mut found.language);
        self.event(Event::Reload);
        Ok(())
    }

    /// The default scope's commands of each language; those of every other language are under the empty one.
    pub(super) fn commands_by_language(&self) -> Value {
        let languages = self.commands.iter().filter_map(|(key, commands)| {
            Some((key.strip_prefix(DEFAULT_SCOPE)?.to_owned(), commands.clone()))
        });
        Value::Object(languages.collect::<Map<_, _>>())
    }
}

impl Telegram {
    /// A person's app speaks another language from now on; a new person's speaks English.
    #[track_caller]
    pub fn speaks(&self, person: PersonId, tag: &str) {
        must(self.0.change(|world| world.set_language(person.0, tag)));
    }
}

impl View<'_> {
    /// The commands of the default scope as an app shows them that speaks this: name and description.
    #[must_use]
    pub fn commands_in(&self, language: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let by_language = self.0.commands_by_language();
        let commands = by_language.get(language).or_else(|| by_language.get("")).and_then(Value::as_array);
        commands.into_iter().flatten().map(|c| (text(&c["command"]), text(&c["description"]))).collect()
    }
}

/// The route.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/language", post(set))
}

#[derive(Deserialize)]
struct Speaks {
    person: i64,
    language: String,
}

async fn set(State(shared): State<Arc<Shared>>, Json(body): Json<Speaks>) -> Response {
    done(shared.change(|world| world.set_language(body.person, &body.language)).map(|()| json!({})))
}
