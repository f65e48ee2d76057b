//! The language of a person's app: bots get it with whatever the person does, and the command menu is shown in it.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::Response, routing::post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    page::done,
    shared::Shared,
    telegram::{Telegram, must},
    view::{ChatId, PersonId, View},
    world::{Event, World},
};

/// The key of the commands of the default scope, before the language.
const DEFAULT_SCOPE: &str = "default// ";

/// The key under which the commands of a scope and a language are kept.
pub(super) fn menu_key(kind: &str, chat: Option<i64>, user: Option<i64>, language: &str) -> String {
    let shown = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
    format!("{kind}/{}/{} {language}", shown(chat), shown(user))
}

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

impl World {
    /// The commands that a person's app shows in a chat: the narrowest scope that has any, first of the app's language and then of
    /// every other one (Bot API, "Determining list of commands").
    fn menu(&self, chat: i64, person: i64) -> Option<&Value> {
        let status = self.member(chat, person).unwrap_or_default();
        let is_admin = matches!(status["status"].as_str(), Some("creator" | "administrator"));
        let scopes = if chat > 0 {
            vec![("chat", Some(chat), None), ("all_private_chats", None, None), ("default", None, None)]
        } else {
            let admins =
                |scope: (&'static str, Option<i64>, Option<i64>)| is_admin.then_some(scope).into_iter();
            [("chat_member", Some(chat), Some(person))]
                .into_iter()
                .chain(admins(("chat_administrators", Some(chat), None)))
                .chain([("chat", Some(chat), None)])
                .chain(admins(("all_chat_administrators", None, None)))
                .chain([("all_group_chats", None, None), ("default", None, None)])
                .collect()
        };
        let tag = self.people.get(&person).map(|person| person.language.as_str()).unwrap_or_default();
        let language = tag.split('-').next().unwrap_or_default();
        let keys = scopes.into_iter().flat_map(|(kind, chat, user)| {
            [language, ""].map(|language| menu_key(kind, chat, user, language))
        });
        keys.into_iter().find_map(|key| self.commands.get(&key))
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

impl View<'_> {
    /// The commands that a person's app shows in a chat: name and description.
    #[must_use]
    pub fn menu(&self, chat: ChatId, person: PersonId) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let commands = self.0.menu(chat.0, person.0).and_then(Value::as_array);
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
