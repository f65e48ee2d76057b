//! What the last process has left.

use super::Secret;
use crate::job::{ChatId, Job, JobId, MessageId};

/// All that was stored, as the last process left it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// In the order in which they were accepted, over all chats.
    pub jobs: Vec<LoadedJob>,
    /// See [`Write::Times`](super::Write::Times).
    pub times: Vec<(ChatId, JobId, String)>,
    /// The highest number that each chat ever gave to a job, where it is higher than that of its jobs.
    pub last_ids: Vec<(ChatId, JobId)>,
    /// Kills that were not reported yet: chat, number, body.
    pub kills: Vec<(ChatId, u64, String)>,
    /// What was not said yet, in order: chat, number, body.
    pub answers: Vec<(ChatId, u64, String)>,
    /// Questions that were not found out yet, in order: chat, number, body.
    pub questions: Vec<(ChatId, u64, String)>,
    /// Chats that have removed the bot.
    pub away: Vec<ChatId>,
    /// The store's own.
    pub secret: Secret,
    /// Dashes that say that they are live.
    pub dashes: Vec<LoadedDash>,
    /// See [`Write::Handled`](super::Write::Handled).
    pub handled: Vec<(i64, u64)>,
    /// Groups that became supergroups: old, new.
    pub moved: Vec<(ChatId, ChatId)>,
    /// What chats have chosen: chat, key, value.
    pub settings: Vec<(ChatId, String, String)>,
    /// Schedules: chat, number, body.
    pub schedules: Vec<(ChatId, u64, String)>,
    /// The highest number that each chat ever gave to a schedule.
    pub last_schedules: Vec<(ChatId, u64)>,
    /// Chats that an owner has let in, or out.
    pub access: Vec<(ChatId, bool)>,
    /// An owner has paused the bot.
    pub paused: bool,
    /// See [`Write::Menus`](super::Write::Menus); empty where there was none.
    pub menus: String,
}

impl Loaded {
    /// Chats that an owner has let out.
    pub fn denied(&self) -> impl Iterator<Item = ChatId> {
        self.access.iter().filter(|(_, allowed)| !allowed).map(|(chat, _)| *chat)
    }
}

/// A job as it was stored. Those that were running are queued again.
#[derive(Clone, Debug)]
pub struct LoadedJob {
    /// Whose board.
    pub chat: ChatId,
    /// The job.
    pub job: Job,
    /// At how many crashes it was running, this start's included.
    pub crashes: u32,
    /// Who killed it first, if anybody.
    pub killed_by: Option<String>,
    /// Its card's message, if one was sent.
    pub card: Option<MessageId>,
    /// Its card shows its end.
    pub card_done: bool,
    /// Its file of digits was dropped.
    pub dropped: bool,
}

/// A dash as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedDash {
    /// Where.
    pub chat: ChatId,
    /// The topic, if the chat has topics.
    pub thread: Option<i32>,
    /// `None` where it is in a group that became this one.
    pub message: Option<MessageId>,
    /// The newest one; an older one is to be told that it is not.
    pub live: bool,
    /// See [`Write::Dash`](super::Write::Dash).
    pub body: String,
}
