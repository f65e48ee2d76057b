//! Messages of several cards, edited on as their jobs end.

use std::{sync::Arc, time::Instant};

use futures_util::future::join_all;

use super::{Desk, Outbox, deliver::Next};
use crate::{
    board::Snapshot,
    job::{ChatId, JobId, MessageId, Origin},
    store::Write,
    telegram::{
        api::ApiError,
        lane::{Merged, MergedId, Step},
        pace::Share,
        render::{self, Content},
        send, sentences,
    },
};

impl Outbox {
    pub(super) async fn deliver_merged(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        id: MergedId,
        merged: Merged,
    ) {
        let (snapshots, content) = self.look_at(chat, &merged);
        if let Some(message) = merged.message
            && merged.shown.as_ref() == Some(&content)
        {
            self.merged_shown(chat, desk, id, &merged, &snapshots, (message, content)).await;
            return;
        }
        let share = if merged.is_news() { Share::News } else { Share::Progress };
        let Some(_turn) = self.turn(desk, share).await else {
            return desk.lane().put_step_back(Step::Merged(id, merged), Instant::now());
        };
        // The turn may have taken a while: what is true now is shown.
        let (snapshots, content) = self.look_at(chat, &merged);
        let sent = match merged.message {
            None => {
                let first = snapshots.first().map_or_else(Origin::nowhere, |first| first.job.origin.clone());
                match send::new_message(&self.api, chat, &first, &content).await {
                    // Its topic was closed or deleted meanwhile.
                    Err(error) if error.is_topic_gone() && first.is_here() => {
                        let mut told = content.clone();
                        told.tell_first(&sentences::topic_gone());
                        send::new_message(&self.api, chat, &Origin::nowhere(), &told).await
                    }
                    sent => sent,
                }
            }
            Some(message) => match send::edit_text(&self.api, chat, message, &content).await {
                Err(error) if !error.is_not_modified() => Err(error),
                _ => Ok(message),
            },
        };
        match sent {
            Ok(message) => {
                desk.lane().went_well();
                self.merged_shown(chat, desk, id, &merged, &snapshots, (message, content)).await;
            }
            Err(error) => self.merged_failed(chat, desk, (id, &merged), &error),
        }
    }

    fn look_at(&self, chat: ChatId, merged: &Merged) -> (Vec<Snapshot>, Content) {
        let snapshots: Vec<_> = merged.jobs.iter().filter_map(|id| self.boards.job(chat, *id)).collect();
        let content = render::merged(&snapshots);
        (snapshots, content)
    }

    async fn merged_shown(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        id: MergedId,
        merged: &Merged,
        snapshots: &[Snapshot],
        (message, content): (MessageId, Content),
    ) {
        let is_over = |snapshot: &&Snapshot| snapshot.job.state.is_finished();
        let mut ended: Vec<_> = snapshots.iter().filter(is_over).map(|snapshot| snapshot.job.id).collect();
        // What the board has dropped meanwhile does not move any more.
        let known = |id: &&JobId| !snapshots.iter().any(|snapshot| snapshot.job.id == **id);
        ended.extend(merged.jobs.iter().filter(known));
        let moves = snapshots.iter().any(|snapshot| !snapshot.job.state.is_finished() && !snapshot.paused);
        let pause_until = Instant::now() + self.dash_pause(chat);
        // Of the others, the store knows all that is to be known.
        let is_new =
            |id: &JobId| ended.contains(id) && !merged.ended.contains(id) || !merged.held.contains(id);
        let news: Vec<_> = merged.jobs.iter().copied().filter(is_new).collect();
        for snapshot in snapshots.iter().filter(|snapshot| !merged.ended.contains(&snapshot.job.id)) {
            if snapshot.job.state.is_finished() {
                self.send_files(chat, &snapshot.job, message);
            }
        }
        desk.lane().merged_shown(id, (message, content), &ended, pause_until, moves.then_some(pause_until));
        self.store_cards(chat, message, news.into_iter().map(|id| (id, ended.contains(&id)))).await;
    }

    async fn store_cards(
        &self,
        chat: ChatId,
        message: MessageId,
        cards: impl Iterator<Item = (JobId, bool)>,
    ) {
        let message = Some(message);
        let stored = cards.map(|(id, done)| self.store.write(Write::Card { chat, id, message, done }));
        // All of them are queued before the first is waited for: they are one commit, or two.
        let stored: Vec<_> = stored.collect();
        if let Some(error) = join_all(stored).await.into_iter().find_map(Result::err) {
            tracing::warn!(%error, "the message of several cards is not stored: a crash would repeat it");
        }
    }

    fn merged_failed(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        (id, merged): (MergedId, &Merged),
        error: &ApiError,
    ) {
        if error.is_message_gone() {
            return desk.lane().merged().lost(id, Instant::now());
        }
        if let ApiError::Migrated(to) = error {
            // Its cards go along.
            self.migrate(chat, ChatId(*to));
            return;
        }
        match self.fail(chat, desk, error) {
            Next::Again | Next::Gone => {
                desk.lane().merged().redo(id, Instant::now(), merged.is_news());
            }
            Next::Never => desk.lane().merged_refused(id, Instant::now()),
        }
    }
}
