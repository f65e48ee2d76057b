//! Which command was answered when, and how often.

use std::{
    collections::{BTreeMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

use crate::mix::{KINDS, Kind, is_task};

/// What was answered is remembered for so long, to see what comes twice.
const REMEMBERED: Duration = Duration::from_mins(3);

/// A command: its chat and message, or the number of a press.
pub(crate) type Key = (i64, i64);

#[derive(Debug)]
struct Entry {
    kind: Kind,
    words: String,
    sent: Instant,
    answered: bool,
    ended: bool,
    /// The beginning of its first answer.
    first: String,
    /// Each message that answers it, and whether the bot was not told that it arrived.
    said: Vec<(u64, bool)>,
}

/// The times of one kind, in µs.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) answers: Vec<u32>,
    pub(crate) ends: Vec<u32>,
    pub(crate) busy: Vec<u32>,
    pub(crate) sent: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// In order, so that one chat's are beside each other.
    entries: BTreeMap<Key, Entry>,
    order: VecDeque<(Instant, Key)>,
    pub(crate) times: BTreeMap<Kind, Times>,
    /// Messages that came twice though their first was known to have arrived.
    pub(crate) doubled: Vec<String>,
    /// Messages that came again since a fault had lost Telegram's answer.
    pub(crate) repeated: usize,
    /// When somebody was told "busy", and for how long.
    busy: Vec<(i64, Instant, Duration)>,
    pub(crate) unanswered: usize,
    pub(crate) running: usize,
    pub(crate) answered: usize,
}

/// What was never answered.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    pub(crate) lost: Vec<String>,
    /// Said nothing to, since the chat had been told "busy" for that time.
    pub(crate) told: usize,
    /// The same, and another chat was told.
    pub(crate) silent: usize,
}

impl Ledger {
    pub(crate) fn sent(&mut self, key: Key, kind: Kind, words: String) {
        let sent = Instant::now();
        self.forget(sent);
        let entry = Entry {
            kind,
            words,
            sent,
            answered: false,
            ended: false,
            first: String::new(),
            said: Vec::new(),
        };
        self.entries.insert(key, entry);
        self.order.push_back((sent, key));
        self.times.entry(kind).or_default().sent += 1;
        self.unanswered += 1;
    }

    /// A message that answers the command; `lost` where the bot is not told that it arrived.
    pub(crate) fn said(&mut self, key: Key, text: &str, lost: bool) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let line = text.lines().next().unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        let class = hasher.finish();
        match entry.said.iter_mut().find(|(known, _)| *known == class) {
            Some((_, was_lost)) if *was_lost => {
                *was_lost = lost;
                self.repeated += 1;
            }
            Some(_) => self.doubled.push(format!("{:?}: {line}", entry.words)),
            None => entry.said.push((class, lost)),
        }
        if entry.said.len() == 1 {
            entry.first = text.chars().take(160).collect();
        }
        let busy = busy(text);
        self.answer(key, busy.is_some());
        if let Some(seconds) = busy {
            self.busy.push((key.0, Instant::now(), Duration::from_secs(seconds)));
        }
    }

    fn answer(&mut self, key: Key, busy: bool) {
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| !entry.answered) else { return };
        entry.answered = true;
        self.unanswered -= 1;
        self.answered += 1;
        let time = micros(entry.sent.elapsed());
        let times = self.times.entry(entry.kind).or_default();
        if busy {
            times.busy.push(time);
            return;
        }
        times.answers.push(time);
        self.running += usize::from(is_task(entry.kind));
    }

    /// A message about several tasks has a line that begins with a command: the oldest in the chat that is not answered and says the same.
    /// The one that it replies to is answered by then.
    pub(crate) fn find(&self, chat: i64, reply: i64, line: &str) -> Option<Key> {
        let is_it = |entry: &Entry| {
            let command = entry.words.trim_start_matches('/').replace('_', "-");
            // Longer ones are cut.
            let start = command.get(..15).unwrap_or(&command);
            let rest = line.strip_prefix(start);
            !entry.ended && rest.is_some_and(|rest| start.len() == 15 || rest.starts_with(' '))
        };
        let of_chat = self.entries.range((chat, i64::MIN)..=(chat, i64::MAX));
        let found =
            of_chat.filter(|((_, message), entry)| (!entry.answered || *message == reply) && is_it(entry));
        found.min_by_key(|(_, entry)| entry.sent).map(|(key, _)| *key)
    }

    pub(crate) fn answer_in_common(&mut self, key: Key) {
        self.answer(key, false);
    }

    /// The task's end is shown.
    pub(crate) fn ended(&mut self, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if !is_task(entry.kind) || !entry.answered || entry.ended {
            return;
        }
        entry.ended = true;
        self.running = self.running.saturating_sub(1);
        self.times.entry(entry.kind).or_default().ends.push(micros(entry.sent.elapsed()));
    }

    pub(crate) fn is_answered(&self, key: Key) -> bool {
        self.entries.get(&key).is_none_or(|entry| entry.answered)
    }

    /// What was never answered, and whether "busy" explains it: an answer to somebody about the time it was sent.
    pub(crate) fn unanswered(&self) -> Unanswered {
        let mut found = Unanswered::default();
        for ((chat, _), entry) in self.entries.iter().filter(|(_, entry)| !entry.answered) {
            let is_refusable = is_task(entry.kind) || matches!(KINDS[entry.kind].0, "retry" | "nonsense");
            let about = |of: Option<i64>| {
                is_refusable
                    && self.busy.iter().any(|(told, at, time)| {
                        let near = Duration::from_secs(10);
                        of.is_none_or(|chat| chat == *told)
                            && entry.sent + near >= *at
                            && entry.sent <= *at + *time + near
                    })
            };
            if about(Some(*chat)) {
                found.told += 1;
            } else if about(None) {
                found.silent += 1;
            } else {
                found.lost.push(format!("{chat}: {:?}", entry.words));
            }
        }
        found
    }

    /// Tasks whose end was not shown, with what was.
    pub(crate) fn open(&self) -> impl Iterator<Item = String> {
        let is_open = |entry: &&Entry| is_task(entry.kind) && entry.answered && !entry.ended;
        let open = self.entries.values().filter(is_open);
        open.filter(|entry| busy(&entry.first).is_none())
            .map(|entry| format!("{:?}: {:?}", entry.words, entry.first))
    }

    fn forget(&mut self, now: Instant) {
        while let Some((sent, key)) = self.order.front().copied()
            && now.duration_since(sent) > REMEMBERED
        {
            self.order.pop_front();
            if self.entries.get(&key).is_some_and(|entry| entry.answered) {
                let entry = self.entries.remove(&key);
                let runs = entry.is_some_and(|entry| is_task(entry.kind) && !entry.ended);
                self.running = self.running.saturating_sub(usize::from(runs));
            }
        }
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// The seconds of "busy, try in N s".
fn busy(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("busy, try in ")?;
    rest.split_once(" s")?.0.parse().ok()
}
