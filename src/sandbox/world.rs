//! What the sandbox's Telegram knows: people, chats, messages, updates, files; and what people do in it.
//!
//! Everything is plain data under one lock (see `Shared`); nothing here waits.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    Options,
    faults::FaultState,
    inline::Inline,
    members::Ranks,
    service::Service,
    text::Text,
    topics::Forum,
    view::{Call, CallbackAnswer},
    webhook::Webhook,
};

/// Messages kept of each chat; older ones are forgotten.
const MAX_MESSAGES: usize = 2000;
/// Updates kept for the bot.
const MAX_UPDATES: usize = 100_000;
/// Events kept for pages that are behind.
const MAX_EVENTS: usize = 4096;
/// Files kept, and their bytes together.
const MAX_FILES: usize = 4096;
const MAX_FILE_BYTES: usize = 512 << 20;
/// Calls and callback answers kept for tests.
const MAX_LOG: usize = 20_000;
/// Callback queries kept for answers.
const MAX_CALLBACKS: usize = 4096;

/// Kinds of updates that a bot gets only where it asked for them by name (Bot API, getUpdates).
const NOT_BY_DEFAULT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// The whole state.
pub(super) struct World {
    pub(super) options: Options,
    pub(super) bot_id: i64,
    pub(super) people: BTreeMap<i64, Person>,
    pub(super) chats: BTreeMap<i64, Chat>,
    /// Channels that people write as.
    pub(super) channels: BTreeMap<i64, Channel>,
    pub(super) inline: Inline,
    /// The commands of each scope and language, as given.
    pub(super) commands: BTreeMap<String, Value>,
    pub(super) updates: VecDeque<(i64, Value)>,
    pub(super) next_update: i64,
    /// The offset of the last getUpdates that had one: every update before it is confirmed.
    pub(super) confirmed: i64,
    pub(super) allowed_updates: Option<Vec<String>>,
    /// Counts polls: a poll that finds another number than its own was ended by a newer one.
    pub(super) poll: u64,
    pub(super) webhook: Option<Webhook>,
    /// Counts the webhooks that were set: what is under way to an older one confirms nothing any more.
    pub(super) webhooks: u64,
    pub(super) callbacks: HashMap<String, Callback>,
    callback_order: VecDeque<String>,
    next_callback: u64,
    pub(super) callback_answers: VecDeque<CallbackAnswer>,
    pub(super) files: HashMap<String, Arc<File>>,
    file_order: VecDeque<String>,
    file_bytes: usize,
    next_file: u64,
    pub(super) calls: VecDeque<Call>,
    pub(super) faults: Vec<FaultState>,
    pub(super) events: VecDeque<Event>,
    /// The number of the last event.
    pub(super) seq: u64,
    next_person: i64,
    pub(super) next_group: i64,
    flood: HashMap<i64, VecDeque<Instant>>,
}

/// Somebody who can write to the bot.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) first_name: String,
    pub(super) username: String,
    pub(super) has_blocked: bool,
    /// That of the person's app.
    pub(super) language: String,
    /// Another bot, which is in groups only.
    pub(super) is_bot: bool,
}

/// A chat and its messages.
#[derive(Debug)]
pub(super) struct Chat {
    pub(super) id: i64,
    /// `None`: the private chat of the one person in it.
    pub(super) title: Option<String>,
    pub(super) people: Vec<i64>,
    pub(super) messages: BTreeMap<i32, Message>,
    pub(super) last_message: i32,
    pub(super) bot_is_kicked: bool,
    pub(super) ranks: Ranks,
    /// The supergroup that the group lives on as.
    pub(super) migrated_to: Option<i64>,
    /// The topics, where the group has them.
    pub(super) forum: Option<Forum>,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: i32,
    /// The person; `None`: the bot.
    pub(super) person: Option<i64>,
    /// The chat that the person writes as: this one (an anonymous admin), or a channel.
    pub(super) sender_chat: Option<i64>,
    /// Unix seconds.
    pub(super) date: i64,
    pub(super) edit_date: Option<i64>,
    pub(super) edits: u32,
    /// The text; the caption where there are media.
    pub(super) text: Text,
    pub(super) media: Option<Media>,
    /// The inline keyboard.
    pub(super) markup: Option<Value>,
    pub(super) reply_to: Option<i32>,
    pub(super) service: Option<Service>,
    /// The topic; `None` is General, or a chat without topics.
    pub(super) thread: Option<i32>,
    /// Where it was forwarded from.
    pub(super) forward: Option<Forward>,
    /// The person chose it from what the bot offered inline.
    pub(super) via_bot: bool,
    /// The blocks of a rich message, which has no text.
    pub(super) rich: Option<Value>,
}

/// A channel; the bot is not in it.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) title: String,
    /// Who may write as it; `None`: everybody.
    pub(super) owner: Option<i64>,
}

/// Where a forwarded message comes from.
#[derive(Clone, Debug)]
pub(super) enum Forward {
    /// Somebody's message; `None`: the bot's.
    From(Option<i64>),
    /// A channel's post, which came by itself into the group that belongs to the channel.
    Channel(i64),
}

/// A photo or a document.
#[derive(Clone, Debug)]
pub(super) struct Media {
    pub(super) file: Arc<File>,
    pub(super) caption_above: bool,
    pub(super) spoiler: bool,
}

/// An uploaded file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) mime: &'static str,
    pub(super) bytes: Bytes,
    /// Width and height; `None`: a document.
    pub(super) photo: Option<(u32, u32)>,
}

/// A pressed button that waits for its answer.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) chat: i64,
    pub(super) person: i64,
    pub(super) pressed: Instant,
}

/// What a page that is open must hear of. Messages are rendered when a page asks, so nothing is rendered for nobody.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Message {
        chat: i64,
        id: i32,
    },
    Edited {
        chat: i64,
        id: i32,
    },
    Deleted {
        chat: i64,
        id: i32,
    },
    /// What the bot offers to an inline query.
    InlineAnswer {
        query: String,
    },
    CallbackAnswer {
        chat: i64,
        person: i64,
        text: String,
        show_alert: bool,
    },
    Commands,
    Action {
        chat: i64,
        action: String,
    },
    /// The chats or people changed.
    Reload,
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        let bot_id = options.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        let demo = options.demo;
        let mut world = Self {
            options,
            bot_id,
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            channels: BTreeMap::new(),
            inline: Inline::default(),
            commands: BTreeMap::new(),
            updates: VecDeque::new(),
            next_update: 1000,
            confirmed: 0,
            allowed_updates: None,
            poll: 0,
            webhook: None,
            webhooks: 0,
            callbacks: HashMap::new(),
            callback_order: VecDeque::new(),
            next_callback: 1,
            callback_answers: VecDeque::new(),
            files: HashMap::new(),
            file_order: VecDeque::new(),
            file_bytes: 0,
            next_file: 1,
            calls: VecDeque::new(),
            faults: Vec::new(),
            events: VecDeque::new(),
            seq: 0,
            next_person: 1_000_001,
            next_group: -4001,
            flood: HashMap::new(),
        };
        if demo {
            let people = ["Ann", "Ben", "Cleo"].map(|name| world.add_person(name));
            world.add_group("Ann, Ben and Cleo", &people);
            world.demo_forum(&people);
        }
        world
    }

    /// A new person with an empty private chat; the chat has the person's id.
    pub(super) fn add_person(&mut self, first_name: &str) -> i64 {
        let id = self.next_person;
        self.next_person += 1;
        let mut username: String =
            first_name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        if username.is_empty() || self.people.values().any(|person| person.username == username) {
            username = format!("{username}_{id}");
        }
        let first_name = first_name.to_owned();
        let language = "en".to_owned();
        self.people
            .insert(id, Person { id, first_name, username, has_blocked: false, language, is_bot: false });
        self.add_chat(id, None, vec![id]);
        id
    }

    /// A new group of these people and the bot.
    pub(super) fn add_group(&mut self, title: &str, people: &[i64]) -> i64 {
        let id = self.next_group;
        self.next_group -= 1;
        self.add_chat(id, Some(title.to_owned()), people.to_vec());
        id
    }

    pub(super) fn add_chat(&mut self, id: i64, title: Option<String>, people: Vec<i64>) {
        let chat = Chat {
            id,
            title,
            people,
            messages: BTreeMap::new(),
            last_message: 0,
            bot_is_kicked: false,
            ranks: Ranks::default(),
            migrated_to: None,
            forum: None,
        };
        self.chats.insert(id, chat);
        self.event(Event::Reload);
    }

    /// The message, if it is still there.
    pub(super) fn message(&self, chat: i64, id: i32) -> Option<&Message> {
        self.chats.get(&chat)?.messages.get(&id)
    }

    /// Adds a message to a chat that exists and gives its id.
    pub(super) fn add_message(&mut self, chat_id: i64, mut message: Message) -> i32 {
        let Some(chat) = self.chats.get_mut(&chat_id) else { return 0 };
        chat.last_message += 1;
        message.id = chat.last_message;
        chat.messages.insert(message.id, message);
        if chat.messages.len() > MAX_MESSAGES {
            chat.messages.pop_first();
        }
        let id = chat.last_message;
        self.event(Event::Message { chat: chat_id, id });
        id
    }

    /// Takes a message away without a word to the bot, as Telegram does.
    pub(super) fn delete(&mut self, chat: i64, id: i32) -> bool {
        let found = self.chats.get_mut(&chat).is_some_and(|chat| chat.messages.remove(&id).is_some());
        if found {
            self.event(Event::Deleted { chat, id });
        }
        found
    }

    /// Keeps an event for the pages.
    pub(super) fn event(&mut self, event: Event) {
        self.seq += 1;
        push_bounded(&mut self.events, event, MAX_EVENTS);
    }

    /// Hands an update to the bot, if it wants that kind. Whoever calls this wakes the poll afterwards.
    pub(super) fn push_update(&mut self, kind: &str, content: Value) -> i64 {
        let wanted = match &self.allowed_updates {
            Some(kinds) => kinds.iter().any(|allowed| allowed == kind),
            None => !NOT_BY_DEFAULT.contains(&kind),
        };
        let id = self.next_update;
        if wanted {
            self.next_update += 1;
            let update =
                Map::from_iter([("update_id".to_owned(), Value::from(id)), (kind.to_owned(), content)]);
            push_bounded(&mut self.updates, (id, Value::Object(update)), MAX_UPDATES);
        }
        id
    }

    /// Keeps a file and gives it its id.
    pub(super) fn add_file(&mut self, name: &str, bytes: Bytes, photo: Option<(u32, u32)>) -> Arc<File> {
        let prefix = if photo.is_some() { "AgACAgIAAx" } else { "BQACAgIAAx" };
        let id = format!("{prefix}{:08}", self.next_file);
        self.next_file += 1;
        self.file_bytes += bytes.len();
        let file =
            Arc::new(File { id: id.clone(), name: name.to_owned(), mime: mime_of(name), bytes, photo });
        self.files.insert(id.clone(), Arc::clone(&file));
        self.file_order.push_back(id);
        while self.file_order.len() > MAX_FILES
            || (self.file_bytes > MAX_FILE_BYTES && self.file_order.len() > 1)
        {
            let forgotten = self.file_order.pop_front().and_then(|id| self.files.remove(&id));
            self.file_bytes -= forgotten.map_or(0, |file| file.bytes.len());
        }
        file
    }

    /// Keeps a pressed button until it is answered and gives the query's id.
    pub(super) fn add_callback(&mut self, chat: i64, person: i64) -> String {
        let id = (4_000_000_000 + self.next_callback).to_string();
        self.next_callback += 1;
        self.callbacks.insert(id.clone(), Callback { chat, person, pressed: Instant::now() });
        self.callback_order.push_back(id.clone());
        if self.callback_order.len() > MAX_CALLBACKS {
            self.callback_order.pop_front().map(|id| self.callbacks.remove(&id));
        }
        id
    }

    /// Keeps a call for tests.
    pub(super) fn log_call(&mut self, call: Call) {
        push_bounded(&mut self.calls, call, MAX_LOG);
    }

    /// Keeps the answer to a callback query for tests and tells the page.
    pub(super) fn log_callback_answer(&mut self, answer: CallbackAnswer) {
        self.event(Event::CallbackAnswer {
            chat: answer.chat.0,
            person: answer.person.0,
            text: answer.text.clone(),
            show_alert: answer.show_alert,
        });
        push_bounded(&mut self.callback_answers, answer, MAX_LOG);
    }

    /// Takes one message's worth from a chat's and the whole bot's pace, roughly as strict as Telegram: 1 a second in a
    /// private chat with bursts, 20 a minute in a group, 30 a second in all; edits count as messages. Gives the seconds to
    /// wait when there is none left.
    pub(super) fn take_pace(&mut self, chat: i64) -> Result<(), u32> {
        /// A key that no chat has.
        const ALL: i64 = 0;
        if !self.options.flood_limits {
            return Ok(());
        }
        let now = Instant::now();
        let (count, seconds) = if chat < 0 { (20, 60) } else { (15, 10) };
        let limits = [(ALL, 30, 1), (chat, count, seconds)];
        for (key, count, seconds) in limits {
            let window = Duration::from_secs(seconds) / self.options.flood_speed.max(1);
            let sent = self.flood.entry(key).or_default();
            while sent.front().is_some_and(|at| now.duration_since(*at) >= window) {
                sent.pop_front();
            }
            if sent.len() >= count {
                let oldest = sent.front().map_or(Duration::ZERO, |at| now.duration_since(*at));
                let left = window.saturating_sub(oldest).as_secs_f64().ceil();
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 60")]
                return Err(left.max(1.0) as u32);
            }
        }
        for (key, ..) in limits {
            self.flood.entry(key).or_default().push_back(now);
        }
        Ok(())
    }
}

impl Message {
    /// A message of now; its id comes with [`World::add_message`].
    pub(super) fn new(person: Option<i64>, text: Text, reply_to: Option<i32>) -> Self {
        Self {
            id: 0,
            person,
            sender_chat: None,
            date: now(),
            edit_date: None,
            edits: 0,
            text,
            media: None,
            markup: None,
            reply_to,
            service: None,
            thread: None,
            forward: None,
            via_bot: false,
            rich: None,
        }
    }

    pub(super) fn mark_edited(&mut self) {
        self.edits += 1;
        self.edit_date = Some(now());
    }
}

impl Media {
    /// Whether the page and the bot would see no difference.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.file.id == other.file.id
            && self.caption_above == other.caption_above
            && self.spoiler == other.spoiler
    }
}

/// Unix seconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn push_bounded<T>(queue: &mut VecDeque<T>, item: T, max: usize) {
    if queue.len() >= max {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// The type that Telegram would tell from a file's name.
fn mime_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log" | "md") => "text/plain",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("html") => "text/html",
        Some("zip") => "application/zip",
        Some("gz") => "application/gzip",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}
