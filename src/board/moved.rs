//! Groups that became supergroups, which have other ids.

use std::sync::{Arc, PoisonError};

use super::Boards;
use crate::{
    job::{ChatId, Origin},
    store::Write,
};

impl Boards {
    /// The group has become a supergroup: its board is the new chat's. False where it is not: the new chat has a board of
    /// its own.
    pub fn migrate(self: &Arc<Self>, from: ChatId, to: ChatId) -> bool {
        {
            let mut moved = self.moved.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = moved.get(&from) {
                return *known == to;
            }
            let has_board = self.tables.get(&to).is_some_and(|table| !table.is_empty());
            if from == to || has_board || self.schedules.has(to) {
                tracing::error!(from = from.0, to = to.0, "a group moved to a chat that has a board");
                return false;
            }
            moved.insert(from, to);
            if let Some((_, mut table)) = self.tables.remove(&from) {
                table.forget_origins();
                self.tables.insert(to, table);
            }
            self.schedules.migrate(from, to);
            // Queued under the lock: nothing is written for the new chat before this.
            self.store_move(from, to);
        }
        tracing::info!(from = from.0, to = to.0, "a group became a supergroup");
        true
    }

    /// Sees to it that the move is stored, also if the disk is full for now.
    fn store_move(self: &Arc<Self>, from: ChatId, to: ChatId) {
        let boards = self.clone();
        let mut stored = self.store.write(Write::Move { from, to });
        self.tasks.spawn(async move {
            while let Err(error) = stored.await {
                tracing::error!(%error, from = from.0, "a group's move is not stored; trying again");
                tokio::select! {
                    // The old group says it again, whenever something is sent there.
                    () = boards.exit.cancelled() => return,
                    () = tokio::time::sleep(boards.limits.store_again) => {}
                }
                stored = boards.store.write(Write::Move { from, to });
            }
        });
    }

    /// The id that the chat has now.
    pub fn home(&self, chat: ChatId) -> ChatId {
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        moved.get(&chat).copied().unwrap_or(chat)
    }

    /// The id that the chat had before it became a supergroup.
    pub fn former(&self, chat: ChatId) -> Option<ChatId> {
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        moved.iter().find(|(_, to)| **to == chat).map(|(from, _)| *from)
    }

    /// A command that was said in the old group has no message in the new chat, where its number means another.
    pub(super) fn origin_here(&self, chat: ChatId, origin: Origin) -> Origin {
        if self.home(chat) == chat {
            return origin;
        }
        let Origin { message, callback, .. } = origin;
        let key = format!("{} {} {}", chat.0, message.0, callback.unwrap_or_default());
        Origin { callback: Some(key), ..Origin::nowhere() }
    }
}
