//! What owners of the bot are told, and who is let in.

use std::time::{Duration, Instant, SystemTime};

use super::{duration, fleet, megabytes, not_written};
use crate::{
    board::{Members, Tally},
    job::ChatId,
    metrics::Totals,
    store::WriteError,
    telegram::language::say,
    work::fleet::Fleet,
};

/// Chats that one line names.
const MAX_CHATS: usize = 50;

/// What a stranger is told, to hand to the owner.
pub(in crate::telegram) fn stranger(chat: ChatId) -> String {
    say!("stranger", chat = chat.0)
}

/// What pops up in a chat that an owner has denied.
pub(in crate::telegram) fn denied() -> String {
    say!("denied")
}

/// What `allow` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::telegram) enum Allowed {
    /// It was not before.
    Now,
    /// It was before, and nothing is other than it was.
    Already,
    /// As every chat is.
    AsAll,
}

/// The answer to `allow`.
pub(in crate::telegram) fn allowed(chat: ChatId, how: Allowed) -> String {
    match how {
        Allowed::Now => say!("access-allowed-now", chat = chat.0),
        Allowed::Already => say!("access-allowed-already", chat = chat.0),
        Allowed::AsAll => say!("access-allowed-as-all", chat = chat.0),
    }
}

/// The answer to `deny`; so many tasks are cancelled.
pub(in crate::telegram) fn denied_now(chat: ChatId, tasks: usize) -> String {
    say!("access-denied-now", chat = chat.0, tasks = tasks)
}

/// It is denied already.
pub(in crate::telegram) fn denied_already(chat: ChatId) -> String {
    say!("access-denied-already", chat = chat.0)
}

/// An owner cannot be denied.
pub(in crate::telegram) fn owners_chat(chat: ChatId) -> String {
    say!("access-owners", chat = chat.0)
}

/// A word on a chat that the store did not take.
pub(in crate::telegram) fn access_not_stored(why: &WriteError) -> String {
    say!("access-not-stored", why = not_written(why))
}

/// Who is let in.
pub(in crate::telegram) fn access(listed: &[i64], allowed: &[i64], denied: &[i64]) -> String {
    let head = if listed.is_empty() { say!("access-every-chat") } else { say!("access-some-chats") };
    let mut lines = vec![head];
    if !listed.is_empty() {
        lines.push(say!("access-setting", chats = chats(listed)));
    }
    lines.push(say!("access-allowed", chats = chats(allowed)));
    lines.push(say!("access-denied", chats = chats(denied)));
    lines.join("\n")
}

fn chats(ids: &[i64]) -> String {
    if ids.is_empty() {
        return say!("access-none");
    }
    let mut shown: Vec<_> = ids.iter().take(MAX_CHATS).map(i64::to_string).collect();
    if ids.len() > MAX_CHATS {
        shown.push(super::and_more(ids.len() - MAX_CHATS));
    }
    shown.join(", ")
}

/// The answer to `pause`.
pub(in crate::telegram) fn paused(is_news: bool, tasks: &Tally) -> String {
    let Tally { running, queued, .. } = *tasks;
    if is_news {
        say!("paused-now", running = running, queued = queued)
    } else {
        say!("paused-already", running = running, queued = queued)
    }
}

/// The answer to `resume`.
pub(in crate::telegram) fn resumed(is_news: bool, tasks: &Tally) -> String {
    let Tally { running, queued, .. } = *tasks;
    if is_news {
        say!("resumed-now", running = running, queued = queued)
    } else {
        say!("resumed-already", running = running, queued = queued)
    }
}

/// A pause, or its end, that the store did not take.
pub(in crate::telegram) fn pause_not_stored(why: &WriteError) -> String {
    say!("pause-not-stored", why = not_written(why))
}

/// What `stats` tells.
pub(in crate::telegram) struct Stats {
    pub(in crate::telegram) uptime: Duration,
    pub(in crate::telegram) paused: bool,
    /// People heard in the last hour.
    pub(in crate::telegram) people: usize,
    /// Chats that owners have let in, and out.
    pub(in crate::telegram) access: (usize, usize),
    pub(in crate::telegram) tasks: Tally,
    /// Of CPU and of IO.
    pub(in crate::telegram) slots: (usize, usize),
    /// Who does the work, where others do.
    pub(in crate::telegram) fleet: Option<Fleet>,
    /// Bytes that tasks hold, and may hold.
    pub(in crate::telegram) memory: (u64, u64),
    /// Bytes of the process, where the system tells.
    pub(in crate::telegram) process: Option<u64>,
    pub(in crate::telegram) traffic: Totals,
    /// Bytes of the store.
    pub(in crate::telegram) store: u64,
}

/// The answer to `stats`.
pub(in crate::telegram) fn stats(stats: &Stats) -> String {
    let mut lines =
        vec![say!("stats-head", version = env!("CARGO_PKG_VERSION"), time = duration(stats.uptime))];
    if stats.paused {
        lines.push(say!("stats-paused"));
    }
    lines.extend(stats.fleet.as_ref().map(|known| fleet::summary(known, Instant::now())));
    let Tally { boards, queued, running, succeeded, failed, cancelled, cpu, io } = stats.tasks;
    lines.push(say!("stats-chats", chats = boards, people = stats.people));
    let (allowed, denied) = stats.access;
    lines.push(say!("stats-access", allowed = allowed, denied = denied));
    lines.push(say!(
        "stats-tasks",
        running = running,
        queued = queued,
        succeeded = succeeded,
        failed = failed,
        cancelled = cancelled
    ));
    lines.push(slots("CPU", cpu, stats.slots.0));
    lines.push(slots("IO", io, stats.slots.1));
    let bytes = |bytes: u64| megabytes(bytes, u64::div_ceil);
    let (used, budget) = (bytes(stats.memory.0), bytes(stats.memory.1));
    lines.push(match stats.process {
        Some(process) => {
            say!("stats-process", used = used, budget = budget, process = bytes(process))
        }
        None => say!("stats-memory", used = used, budget = budget),
    });
    let Totals { updates, messages, pauses } = stats.traffic;
    lines.push(say!("stats-updates", updates = updates, messages = messages, pauses = pauses));
    lines.push(say!("stats-store", size = bytes(stats.store)));
    lines.join("\n")
}

fn slots(line: &str, members: Members, slots: usize) -> String {
    let Members { running, waiting, since } = members;
    match since.map(|since| SystemTime::now().duration_since(since).unwrap_or_default()) {
        Some(time) => say!(
            "stats-slots-wait",
            line = line,
            running = running,
            slots = slots,
            waiting = waiting,
            time = duration(time)
        ),
        None => say!("stats-slots", line = line, running = running, slots = slots),
    }
}
