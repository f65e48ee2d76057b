//! Inline queries: what people type after the bot's name, and what the bot offers.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    errors::{ApiError, bad_request},
    json,
    methods::{self, Params},
    migration::is_supergroup,
    rich,
    text::{MAX_TEXT, Text},
    view::{InlineAnswer, PersonId},
    world::{Event, Message, World, push_bounded},
};

/// Queries that are kept for their answers, and answers for tests.
const MAX_QUERIES: usize = 1024;
/// Results of one answer (Bot API, answerInlineQuery).
const MAX_RESULTS: usize = 50;
/// The longest query (Bot API, `InlineQuery`).
const MAX_QUERY: usize = 256;

/// Queries under way, answers, and what was to be kept of them.
#[derive(Debug, Default)]
pub(super) struct Inline {
    queries: HashMap<String, Query>,
    order: VecDeque<String>,
    next: u64,
    pub(super) answers: VecDeque<InlineAnswer>,
    cached: VecDeque<Cached>,
}

#[derive(Debug)]
struct Query {
    person: i64,
    text: String,
    asked: Instant,
    answer: Option<Value>,
}

/// An answer that is given again without asking the bot.
#[derive(Debug)]
struct Cached {
    text: String,
    /// Whom it is for; `None`: everybody.
    person: Option<i64>,
    until: Instant,
    answer: Value,
}

impl World {
    /// A person has typed this after the bot's name; gives the query's id. The bot is not asked for what it has allowed to
    /// be kept.
    pub(super) fn ask_inline(&mut self, chat: i64, person: i64, text: &str) -> Result<String, String> {
        self.check_member(chat, person)?;
        let text: String = text.chars().take(MAX_QUERY).collect();
        let id = (7_000_000_000 + self.inline.next).to_string();
        self.inline.next += 1;
        let now = Instant::now();
        self.inline.cached.retain(|cached| cached.until > now);
        let cached = self
            .inline
            .cached
            .iter()
            .find(|cached| cached.text == text && cached.person.is_none_or(|only| only == person));
        let answer = cached.map(|cached| cached.answer.clone());
        let is_answered = answer.is_some();
        let query = Query { person, text: text.clone(), asked: now, answer };
        self.inline.queries.insert(id.clone(), query);
        push_bounded(&mut self.inline.order, id.clone(), MAX_QUERIES);
        if self.inline.queries.len() > MAX_QUERIES {
            let order = &self.inline.order;
            self.inline.queries.retain(|id, _| order.contains(id));
        }
        if is_answered {
            self.event(Event::InlineAnswer { query: id.clone() });
            return Ok(id);
        }
        let kind = match chat {
            0.. => "sender",
            id if is_supergroup(id) => "supergroup",
            _ => "group",
        };
        let from = json::person(self, person);
        let content = json!({"id": id, "from": from, "query": text, "offset": "", "chat_type": kind});
        self.push_update("inline_query", content);
        Ok(id)
    }

    /// The person chose a result: it is their message, sent through the bot.
    pub(super) fn choose_inline(
        &mut self,
        chat: i64,
        person: i64,
        thread: Option<i32>,
        query: &str,
        result: &str,
    ) -> Result<i32, String> {
        self.check_member(chat, person)?;
        let asked = self.inline.queries.get(query).filter(|asked| asked.person == person);
        let answer = asked.and_then(|asked| asked.answer.as_ref()).ok_or("there is no such offer")?;
        let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let chosen =
            results.iter().find(|offered| offered["id"] == result).ok_or("there is no such result")?;
        let (text, rich) = content(&chosen["input_message_content"]).map_err(|error| error.description)?;
        let markup = chosen.get("reply_markup").cloned();
        let message =
            Message { via_bot: true, thread, markup, rich, ..Message::new(Some(person), text, None) };
        if let Some(what) = self.topic_refusal(chat, thread) {
            return Err(what.to_owned());
        }
        let id = self.add_message(chat, message);
        self.deliver("message", chat, id);
        Ok(id)
    }

    /// What the page shows of an answer: the results with their texts as HTML.
    pub(super) fn inline_answer(&self, query: &str) -> Option<Value> {
        let asked = self.inline.queries.get(query)?;
        let answer = asked.answer.as_ref()?;
        Some(json!({
            "kind": "inline_answer", "query": query, "person": asked.person, "text": asked.text,
            "results": answer["results"], "button": answer["button"],
        }))
    }
}

/// answerInlineQuery: once each, and not too late.
pub(super) fn answer(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let results = params.map.get("results").cloned().unwrap_or_default();
    let list = results.as_array().map(Vec::as_slice).unwrap_or_default();
    check_results(list)?;
    if params.str("next_offset").is_some_and(|offset| !offset.is_empty()) {
        return Err(bad_request("the sandbox does not implement next_offset"));
    }
    let id = params.str("inline_query_id").unwrap_or_default();
    let lifetime = world.options.callback_lifetime;
    let query = world.inline.queries.get_mut(id);
    let query = query.filter(|query| query.answer.is_none() && query.asked.elapsed() <= lifetime);
    let query = query
        .ok_or_else(|| bad_request("query is too old and response timeout expired or query ID is invalid"))?;
    let answer = json!({"results": results, "button": params.map.get("button").cloned().unwrap_or_default()});
    query.answer = Some(answer.clone());
    let (person, text) = (query.person, query.text.clone());
    let seconds = params.int("cache_time").unwrap_or(300).max(0).unsigned_abs();
    if seconds > 0 {
        let only = params.flag("is_personal").then_some(person);
        let until = Instant::now() + Duration::from_secs(seconds.min(86_400));
        let cached = Cached { text: text.clone(), person: only, until, answer };
        push_bounded(&mut world.inline.cached, cached, MAX_QUERIES);
    }
    let told = InlineAnswer {
        query: id.to_owned(),
        person: PersonId(person),
        text,
        results: list.to_vec(),
        cache_time: seconds,
        is_personal: params.flag("is_personal"),
    };
    push_bounded(&mut world.inline.answers, told, MAX_QUERIES);
    world.event(Event::InlineAnswer { query: id.to_owned() });
    Ok(Value::Bool(true))
}

fn check_results(results: &[Value]) -> Result<(), ApiError> {
    if results.len() > MAX_RESULTS {
        return Err(bad_request("RESULTS_TOO_MUCH"));
    }
    for (at, result) in results.iter().enumerate() {
        let id = result["id"].as_str().unwrap_or_default();
        if result["type"] != "article" {
            return Err(bad_request("the sandbox offers articles only"));
        }
        if id.is_empty() || id.len() > 64 {
            return Err(bad_request("RESULT_ID_INVALID"));
        }
        if results[..at].iter().any(|other| other["id"] == id) {
            return Err(bad_request("RESULT_ID_DUPLICATE"));
        }
        if result["title"].as_str().is_none_or(str::is_empty) {
            return Err(bad_request("ARTICLE_TITLE_EMPTY"));
        }
        content(&result["input_message_content"])?;
        methods::check_markup(&result["reply_markup"])?;
    }
    Ok(())
}

/// The text of a result, or the blocks of a rich one.
fn content(input: &Value) -> Result<(Text, Option<Value>), ApiError> {
    if let Some(message) = input.get("rich_message") {
        return Ok((Text::default(), Some(rich::blocks(message)?)));
    }
    let text = input["message_text"].as_str().unwrap_or_default();
    let text = Text::from_bot(text, input["parse_mode"].as_str(), input.get("entities"))?;
    match text.len() {
        0 => Err(bad_request("MESSAGE_EMPTY")),
        length if length > MAX_TEXT => Err(bad_request("MESSAGE_TOO_LONG")),
        _ => Ok((text, None)),
    }
}
