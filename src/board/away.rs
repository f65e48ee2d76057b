//! Chats that have removed the bot, and may take it back.

use std::time::SystemTime;

use super::{Boards, Change};
use crate::{
    job::{CancelReason, ChatId},
    store::{Committed, Write},
};

impl Boards {
    /// The chat has removed the bot: what is unfinished is cancelled, what is scheduled is forgotten, and the board is kept for its return. The write that
    /// makes it last; `None` where the chat is away already, is another one by now, or never had a board.
    pub fn leave(&self, chat: ChatId) -> Option<Committed> {
        self.leave_for(chat, &away_reason(chat)).map(|(_, stored)| stored)
    }

    /// An owner of the bot has denied the chat: as if it had removed the bot. How many jobs are cancelled, and the write.
    pub fn deny(&self, chat: ChatId) -> Option<(usize, Committed)> {
        self.leave_for(chat, &CancelReason::Denied)
    }

    fn leave_for(&self, chat: ChatId, reason: &CancelReason) -> Option<(usize, Committed)> {
        if self.home(chat) != chat {
            return None;
        }
        let unscheduled = self.forget_schedules(chat);
        if !self.tables.contains_key(&chat) {
            return unscheduled.map(|stored| (0, stored));
        }
        let left = self.with_table(chat, |chat, table| {
            let cancelled = table.leave(reason, SystemTime::now())?;
            Some((cancelled, self.store.write(Write::Leave(chat, SystemTime::now()))))
        });
        let (cancelled, stored) = left?;
        tracing::info!(chat = chat.0, tasks = cancelled.len(), ?reason, "the chat has the bot no more");
        let count = cancelled.len();
        for id in cancelled {
            self.changes.mark(Change::Job(chat, id));
        }
        Some((count, stored))
    }

    /// The chat has the bot again: its board is as it was. The write that makes it last; `None` where it was never away.
    pub fn come_back(&self, chat: ChatId) -> Option<Committed> {
        if !self.look(chat, |table| table.away)? {
            return None;
        }
        let stored = self.with_table(chat, |chat, table| {
            table.away = false;
            self.store.write(Write::Return(chat))
        });
        tracing::info!(chat = chat.0, "the chat has the bot again");
        Some(stored)
    }
}

/// Why the jobs of a chat that is away are cancelled. Only groups have negative ids.
pub(super) fn away_reason(chat: ChatId) -> CancelReason {
    if chat.0 > 0 { CancelReason::Blocked } else { CancelReason::Removed }
}
