//! The chats of a Bot API server that knows nothing but what a load needs, and checks what it knows.

use std::{
    collections::{BTreeMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    faults::{self, Fault},
    html,
    ledger::Ledger,
    mix::{self, KINDS, Mix},
};

/// Messages of a chat that can be edited.
const MAX_MESSAGES: usize = 500;
/// The others are below it.
const FIRST_CHAT: i64 = -4_000_001;
const MINUTE: Duration = Duration::from_mins(1);

/// All of it, under one lock.
pub(crate) struct State {
    chats: BTreeMap<i64, Chat>,
    people: usize,
    pub(crate) updates: VecDeque<(i64, String)>,
    next_update: i64,
    next_query: i64,
    pub(crate) ledger: Ledger,
    rng: StdRng,
    faults: bool,
    limits: bool,
    all: VecDeque<Instant>,
    /// What a Telegram would not take, with how often; the bot should never do it.
    pub(crate) wrong: BTreeMap<String, usize>,
    /// Calls by method, and refusals by status.
    pub(crate) calls: BTreeMap<String, usize>,
    pub(crate) refused: BTreeMap<u16, usize>,
    pub(crate) lost: usize,
}

#[derive(Default)]
struct Chat {
    last: i32,
    messages: BTreeMap<i32, u64>,
    /// Who sent the last messages.
    authors: BTreeMap<i32, i64>,
    /// Unfinished tasks: the command's message, who sent it, and what its Kill button holds.
    tasks: BTreeMap<u64, Task>,
    last_task: u64,
    last_cancelled: u64,
    sent: VecDeque<Instant>,
}

struct Task {
    command: i32,
    message: i32,
    person: i64,
    kill: Option<String>,
}

/// An error as the Bot API has it.
pub(crate) type Refused = (u16, String);

impl State {
    pub(crate) fn new(chats: usize, people: usize, seed: u64, faults: bool, limits: bool) -> Self {
        let ids = (0..chats).map(|id| (FIRST_CHAT - i64::try_from(id).unwrap_or_default(), Chat::default()));
        Self {
            chats: ids.collect(),
            people: people.max(1),
            updates: VecDeque::new(),
            next_update: 1,
            next_query: 1,
            ledger: Ledger::default(),
            rng: StdRng::seed_from_u64(seed),
            faults,
            limits,
            all: VecDeque::new(),
            wrong: BTreeMap::new(),
            calls: BTreeMap::new(),
            refused: BTreeMap::new(),
            lost: 0,
        }
    }

    /// What happens to a call; seldom to one for updates, after which nobody is heard for a while.
    pub(crate) fn fault(&mut self, is_poll: bool) -> Option<Fault> {
        let is_met = self.faults && (!is_poll || self.rng.random_ratio(1, 50));
        if is_met { faults::pick(&mut self.rng) } else { None }
    }

    /// Somebody in some chat says or presses something.
    pub(crate) fn somebody_speaks(&mut self, mix: &Mix) {
        let kind = mix.pick(&mut self.rng);
        let id = FIRST_CHAT - self.rng.random_range(0..i64::try_from(self.chats.len()).unwrap_or(1));
        let Some(chat) = self.chats.get_mut(&id) else { return };
        let mut person = self.rng.random_range(0..self.people);
        let name = KINDS[kind].0;
        if name == "press" {
            let task = chat.tasks.iter().find(|(_, task)| task.kill.is_some());
            if let Some((_, task)) = task {
                let (message, person, data) = (task.message, task.person, task.kill.clone());
                return self.press(id, message, person, &data.unwrap_or_default(), kind);
            }
        }
        let of = match name {
            // One's own, where there is one.
            "kill" | "press" => chat.tasks.iter().next().map_or(chat.last_task, |(task, of)| {
                person = usize::try_from(of.person % 1000).unwrap_or_default();
                *task
            }),
            "retry" => chat.last_cancelled,
            _ => chat.last_task,
        };
        let words = match name {
            "press" => format!("/kill {}", of.max(1)),
            _ => mix::words(kind, of.max(1), &mut self.rng),
        };
        chat.last += 1;
        let message = chat.last;
        let person = person_of(id, person);
        chat.authors.insert(message, person);
        if chat.authors.len() > MAX_MESSAGES {
            chat.authors.pop_first();
        }
        let length = words.split(' ').next().map_or(0, str::len);
        let update = json!({
            "message_id": message, "date": now(), "chat": group(id), "from": user(person), "text": words,
            "entities": [{"type": "bot_command", "offset": 0, "length": length}],
        });
        self.ledger.sent((id, message.into()), kind, words);
        self.push("message", &update);
    }

    fn press(&mut self, chat: i64, message: i32, person: i64, data: &str, kind: usize) {
        let query = self.next_query;
        self.next_query += 1;
        let bot = json!({"id": 4242, "is_bot": true, "first_name": "Load", "username": "load_bot"});
        let update = json!({
            "id": query.to_string(), "from": user(person), "chat_instance": "1", "data": data,
            "message": {"message_id": message, "date": now(), "chat": group(chat), "from": bot, "text": "a card"},
        });
        self.ledger.sent((0, query), kind, "a press".to_owned());
        self.push("callback_query", &update);
    }

    fn push(&mut self, kind: &str, content: &Value) {
        let id = self.next_update;
        self.next_update += 1;
        self.updates.push_back((id, format!("{{\"update_id\":{id},\"{kind}\":{content}}}")));
    }

    /// A message of the bot's.
    pub(crate) fn send(&mut self, call: &Value, text: &str, lost: bool) -> Result<Value, Refused> {
        let id = call["chat_id"].as_i64().unwrap_or_default();
        self.check(id, text, call, if call["text"].is_string() { 4096 } else { 1024 })?;
        self.pace(id)?;
        let Some(chat) = self.chats.get_mut(&id) else { return Err(bad("chat not found")) };
        let reply = call["reply_parameters"]["message_id"].as_i64().unwrap_or_default();
        if reply > chat.last.into() || reply < 0 {
            return Err(self.wrong("message to be replied not found"));
        }
        chat.last += 1;
        let message = chat.last;
        chat.messages.insert(message, hash(text, call));
        if chat.messages.len() > MAX_MESSAGES {
            chat.messages.pop_first();
        }
        if reply > 0 {
            self.ledger.said((id, reply), if text.is_empty() { "a file" } else { text }, lost);
        }
        self.read(id, message, reply, text, call);
        Ok(json!({"message_id": message, "date": now(), "chat": group(id)}))
    }

    /// Another content for one of them.
    pub(crate) fn edit(&mut self, call: &Value, text: &str) -> Result<Value, Refused> {
        let id = call["chat_id"].as_i64().unwrap_or_default();
        self.check(id, text, call, 4096)?;
        self.pace(id)?;
        let Some(chat) = self.chats.get_mut(&id) else { return Err(bad("chat not found")) };
        let message = call["message_id"].as_i64().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        let oldest = chat.messages.first_key_value().map_or(0, |(id, _)| *id);
        let hash = hash(text, call);
        match chat.messages.get_mut(&message) {
            Some(known) if *known == hash => return Err(bad("message is not modified")),
            Some(known) => *known = hash,
            None if message > 0 && message < oldest => {}
            None => return Err(self.wrong("message to edit not found")),
        }
        self.read(id, message, 0, text, call);
        Ok(Value::Bool(true))
    }

    /// The answer to a press.
    pub(crate) fn toast(&mut self, call: &Value, lost: bool) -> Result<Value, Refused> {
        let query = call["callback_query_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        if !(1..self.next_query).contains(&query) {
            return Err(self.wrong("query is too old and response timeout expired or query ID is invalid"));
        }
        self.ledger.said((0, query), call["text"].as_str().unwrap_or("nothing"), lost);
        Ok(Value::Bool(true))
    }

    /// What the bot's message tells of tasks.
    fn read(&mut self, chat_id: i64, message: i32, reply: i64, text: &str, call: &Value) {
        let head = text.lines().next().unwrap_or_default();
        let Some(chat) = self.chats.get_mut(&chat_id) else { return };
        if let Some(task) = head.strip_prefix("Task ").and_then(|rest| rest.strip_suffix(" is submitted")) {
            let (Ok(task), Some(state)) = (task.parse(), state(text)) else { return };
            let command = i32::try_from(reply).ok().filter(|reply| *reply > 0);
            if let Some(command) = command {
                let kill = call["reply_markup"]["inline_keyboard"][0][0]["callback_data"].as_str();
                let person = chat.authors.get(&command).copied().unwrap_or_default();
                let kill = kill.map(str::to_owned);
                chat.tasks.insert(task, Task { command, message, person, kill });
                chat.last_task = chat.last_task.max(task);
            }
            if is_end(state) {
                if state.starts_with("cancelled") {
                    chat.last_cancelled = task;
                }
                if let Some(task) = chat.tasks.remove(&task) {
                    self.ledger.ended((chat_id, task.command.into()));
                }
            }
        } else if head.starts_with("Tasks ") && head.ends_with(" are submitted") {
            self.read_several(chat_id, message, reply, text);
        }
    }

    fn read_several(&mut self, chat_id: i64, message: i32, reply: i64, text: &str) {
        for line in text.lines() {
            let line = line.trim_start_matches("<pre>").trim_end_matches("</pre>").trim();
            let Some((task, rest)) = line.split_once(' ') else { continue };
            let Ok(task) = task.parse::<u64>() else { continue };
            let Some(chat) = self.chats.get_mut(&chat_id) else { return };
            chat.last_task = chat.last_task.max(task);
            let known = chat.tasks.get(&task).map(|task| (chat_id, i64::from(task.command)));
            let Some(key) = known.or_else(|| self.ledger.find(chat_id, reply, rest)) else { continue };
            if !self.ledger.is_answered(key) {
                self.ledger.answer_in_common(key);
            }
            let command = i32::try_from(key.1).unwrap_or_default();
            if ["queued", "running", "cancelling"].iter().any(|state| rest.ends_with(state)) {
                let person = chat.authors.get(&command).copied().unwrap_or_default();
                chat.tasks.entry(task).or_insert(Task { command, message, person, kill: None });
            } else {
                chat.tasks.remove(&task);
                self.ledger.ended(key);
            }
        }
    }

    /// What Telegram would not take.
    fn check(&mut self, chat: i64, text: &str, call: &Value, most: usize) -> Result<(), Refused> {
        if !self.chats.contains_key(&chat) {
            return Err(self.wrong("chat not found"));
        }
        match html::length(text) {
            Err(what) => return Err(self.wrong(&format!("can't parse entities: {what}"))),
            Ok(0) if call["text"].is_string() => return Err(self.wrong("message text is empty")),
            Ok(length) if length > most => return Err(self.wrong("message is too long")),
            Ok(_) => {}
        }
        let rows = call["reply_markup"]["inline_keyboard"].as_array();
        let mut buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
        let is_wrong = |button: &Value| {
            button["text"].as_str().is_none_or(str::is_empty)
                || !button["callback_data"].as_str().is_some_and(|data| (1..=64).contains(&data.len()))
        };
        if buttons.any(is_wrong) { Err(self.wrong("BUTTON_DATA_INVALID")) } else { Ok(()) }
    }

    fn wrong(&mut self, what: &str) -> Refused {
        *self.wrong.entry(what.to_owned()).or_default() += 1;
        bad(what)
    }

    /// Telegram's limits: 30 a second in all, 20 a minute in a group.
    fn pace(&mut self, chat: i64) -> Result<(), Refused> {
        let Some(chat) = self.chats.get_mut(&chat).filter(|_| self.limits) else { return Ok(()) };
        let now = Instant::now();
        let limits = [(&mut self.all, 30, Duration::from_secs(1)), (&mut chat.sent, 20, MINUTE)];
        for (sent, count, time) in limits {
            while sent.front().is_some_and(|at| now.duration_since(*at) >= time) {
                sent.pop_front();
            }
            if sent.len() >= count {
                let left = sent.front().map_or(time, |at| time.saturating_sub(now.duration_since(*at)));
                return Err((429, (left.as_secs() + 1).to_string()));
            }
        }
        self.all.push_back(now);
        chat.sent.push_back(now);
        Ok(())
    }
}

/// What a member of a chat is: the first of them made it.
pub(crate) fn member(call: &Value) -> Value {
    let (chat, person) = (call["chat_id"].as_i64(), call["user_id"].as_i64().unwrap_or_default());
    let is_first = chat.is_some_and(|chat| person_of(chat, 0) == person);
    if is_first {
        json!({"status": "creator", "user": user(person), "is_anonymous": false})
    } else {
        json!({"status": "member", "user": user(person)})
    }
}

/// The state in a card: what follows its command.
fn state(text: &str) -> Option<&str> {
    text.split_once("</code> · ").map(|(_, rest)| rest.lines().next().unwrap_or_default())
}

fn is_end(state: &str) -> bool {
    ["succeeded", "failed", "cancelled"].iter().any(|word| state.starts_with(word))
}

fn bad(what: &str) -> Refused {
    (400, format!("Bad Request: {what}"))
}

fn hash(text: &str, call: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    call["reply_markup"].to_string().hash(&mut hasher);
    hasher.finish()
}

/// The people of a chat are numbered by it.
fn person_of(chat: i64, number: usize) -> i64 {
    chat.abs() * 1000 + i64::try_from(number).unwrap_or_default()
}

fn user(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": format!("Person {}", id % 1000)})
}

fn group(id: i64) -> Value {
    json!({"id": id, "type": "group", "title": "A group", "all_members_are_administrators": false})
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
