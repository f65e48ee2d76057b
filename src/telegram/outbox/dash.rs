//! The newest dash of each topic edits itself. What it shows is rendered when it is shown; one edit carries all that changed.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{Desk, Outbox, deliver::Next};
use crate::{
    job::{ChatId, MessageId, Origin},
    store::{Loaded, Write},
    telegram::{
        api::ApiError,
        dash::View,
        lane::{Dash, Step, Thread},
        pace::Share,
        render::{self, Content, Frame},
        send,
    },
};

impl Outbox {
    /// Puts the dashes back that the last process left.
    pub(super) fn restore_dashes(self: &Arc<Self>, loaded: &Loaded) {
        let now = Instant::now();
        for dash in &loaded.dashes {
            match (serde_json::from_str::<View>(&dash.body), dash.message) {
                (Ok(view), message) if dash.live => {
                    self.change(dash.chat, |lane| lane.dashes().restore(dash.thread, message, view, now));
                }
                (Ok(view), Some(message)) => {
                    self.change(dash.chat, |lane| lane.dashes().put_older(message, view));
                }
                (_, message) => self.forget_dashes(dash.chat, message),
            }
        }
    }

    /// The store need not keep these any longer.
    pub(super) fn forget_dashes(&self, chat: ChatId, messages: impl IntoIterator<Item = MessageId>) {
        for message in messages {
            drop(self.store.write(Write::DashGone(chat, message)));
        }
    }

    /// Sends a dash that somebody asked for. It is the live one from here on.
    pub(super) async fn post_dash(
        &self,
        chat: ChatId,
        desk: &Desk,
        reply_to: &Origin,
        view: View,
    ) -> Result<MessageId, ApiError> {
        let (content, moves) = self.board(chat, view, true);
        let message = send::new_message(&self.api, chat, reply_to, &content).await?;
        self.posted(chat, desk, reply_to.thread, (message, view), (content, moves)).await;
        Ok(message)
    }

    /// Shows another page or other jobs in a dash that is there. Only the live one moves on from there.
    pub(super) async fn turn_dash(
        &self,
        chat: ChatId,
        desk: &Desk,
        message: MessageId,
        view: View,
    ) -> Result<(), ApiError> {
        let thread = desk.lane().dashes().live_in(message);
        let (content, moves) = self.board(chat, view, thread.is_some());
        let edited = send::edit_text(&self.api, chat, message, &content).await;
        match edited {
            Err(error) if error.is_message_gone() && thread.is_some() => {
                // Somebody deleted it in this moment.
                self.dash_lost(chat, desk, thread.flatten(), message);
                return Err(error);
            }
            Err(error) if !error.is_not_modified() => return Err(error),
            _ => {}
        }
        let Some(thread) = thread else {
            desk.lane().dashes().is_told(message);
            self.forget_dashes(chat, [message]);
            return Ok(());
        };
        desk.lane().dashes().turned(thread, view);
        self.shown(chat, desk, thread, content, moves);
        self.store_dash(chat, thread, message, view).await;
        Ok(())
    }

    /// Brings the live dash of a topic up to date, or posts it again.
    pub(super) async fn deliver_dash(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        thread: Thread,
        dash: Dash,
    ) {
        let (content, moves) = self.board(chat, dash.view, true);
        if dash.message.is_some() && dash.shown.as_ref() == Some(&content) {
            let refresh = moves.then(|| Instant::now() + self.dash_pause(chat));
            return desk.lane().dashes().shown(thread, content, None, refresh);
        }
        let Some(_turn) = self.turn(desk, Share::Progress).await else {
            return desk.lane().put_step_back(Step::Dash(thread, dash), Instant::now());
        };
        // The turn may have taken a while: what is true now is shown.
        let (content, moves) = self.board(chat, dash.view, true);
        let Some(message) = dash.message else {
            let here = Origin { thread, ..Origin::nowhere() };
            match send::new_message(&self.api, chat, &here, &content).await {
                Ok(message) => {
                    desk.lane().went_well();
                    self.posted(chat, desk, thread, (message, dash.view), (content, moves)).await;
                }
                Err(error) => self.dash_failed(chat, desk, thread, &error),
            }
            return;
        };
        match send::edit_text(&self.api, chat, message, &content).await {
            Err(error) if error.is_message_gone() => {
                desk.lane().went_well();
                self.dash_lost(chat, desk, thread, message);
            }
            Err(error) if !error.is_not_modified() => self.dash_failed(chat, desk, thread, &error),
            _ => {
                desk.lane().went_well();
                self.shown(chat, desk, thread, content, moves);
            }
        }
    }

    /// Takes the live line off a dash that is not the newest any more.
    pub(super) async fn deliver_older(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        message: MessageId,
        view: View,
    ) {
        let Some(_turn) = self.turn(desk, Share::Progress).await else {
            return desk.lane().put_step_back(Step::Older(message, view), Instant::now());
        };
        let (content, _) = self.board(chat, view, false);
        match send::edit_text(&self.api, chat, message, &content).await {
            Err(error) if !error.is_not_modified() && !error.is_message_gone() => {
                if let ApiError::Migrated(to) = error {
                    self.migrate(chat, ChatId(to));
                } else if matches!(self.fail(chat, desk, &error), Next::Again) {
                    desk.lane().dashes().put_older(message, view);
                    return;
                }
            }
            _ => desk.lane().went_well(),
        }
        self.forget_dashes(chat, [message]);
    }

    async fn posted(
        &self,
        chat: ChatId,
        desk: &Desk,
        thread: Thread,
        (message, view): (MessageId, View),
        (content, moves): (Content, bool),
    ) {
        desk.lane().dashes().posted(thread, message, view, Instant::now());
        self.shown(chat, desk, thread, content, moves);
        self.store_dash(chat, thread, message, view).await;
    }

    fn shown(&self, chat: ChatId, desk: &Desk, thread: Thread, content: Content, moves: bool) {
        let pause_until = Instant::now() + self.dash_pause(chat);
        desk.lane().dashes().shown(thread, content, Some(pause_until), moves.then_some(pause_until));
    }

    fn dash_lost(&self, chat: ChatId, desk: &Desk, thread: Thread, message: MessageId) {
        desk.lane().dashes().lost(thread, Instant::now());
        self.forget_dashes(chat, [message]);
    }

    fn dash_failed(self: &Arc<Self>, chat: ChatId, desk: &Desk, thread: Thread, error: &ApiError) {
        if let ApiError::Migrated(to) = error {
            self.migrate(chat, ChatId(*to));
            return;
        }
        match self.fail(chat, desk, error) {
            Next::Again => desk.lane().dashes().redo(thread, Instant::now()),
            Next::Never => {
                let again = Instant::now() + self.dash_pause(chat);
                let message = desk.lane().dashes().refused(thread, again);
                self.forget_dashes(chat, message);
            }
            // With all the others.
            Next::Gone => {}
        }
    }

    async fn store_dash(&self, chat: ChatId, thread: Thread, message: MessageId, view: View) {
        // Numbers and words are always JSON.
        let body = serde_json::to_string(&view).unwrap_or_default();
        if let Err(error) = self.store.write(Write::Dash { chat, thread, message, body }).await {
            tracing::warn!(%error, "a dash is not stored: the next start does not know that it is live");
        }
    }

    /// The board as it is now, and whether what is shown of it moves by itself.
    fn board(&self, chat: ChatId, view: View, live: bool) -> (Content, bool) {
        let (number, filter) = view.wanted();
        let page = self.boards.page(chat, number, filter);
        let moves = page.jobs.iter().any(|snapshot| !snapshot.job.state.is_finished() && !snapshot.paused);
        let frame = Frame { view, live, private: chat.0 > 0 };
        let now = SystemTime::now();
        let mut content = render::dash(&page, frame, now);
        if self.settings.is_rich(chat) {
            content.rich = render::rich::dash(&page, frame, now);
        }
        (content, moves)
    }

    /// The distance that a live dash and a message of several cards keep between two edits.
    pub(super) fn dash_pause(&self, chat: ChatId) -> Duration {
        if chat.0 > 0 { self.timings.dash_private } else { self.timings.dash_group }
    }
}
