//! Pictures: drawn when their turn has come, away from tokio's threads.

use std::time::SystemTime;

use super::{Body, Outbox};
use crate::{
    job::{ChatId, MessageId, Origin},
    telegram::{
        api::ApiError,
        language,
        render::Content,
        send,
        sentences::{self, timeline as words},
        timeline::{self, MAX_TASKS, Scene},
    },
};

impl Outbox {
    /// The picture that an answer is about, as the board is now; words where there is nothing to draw.
    pub(super) async fn picture(&self, chat: ChatId, body: &Body) -> Option<Content> {
        let Body::Timeline { theme, .. } = *body else { return None };
        let board = self.boards.timeline(chat, MAX_TASKS);
        if board.jobs.is_empty() {
            return Some(Content::text(&sentences::empty_board()));
        }
        let Some(scene) = Scene::new(&board, SystemTime::now()) else {
            return Some(Content::text(&words::nothing()));
        };
        drop(board);
        // Nothing closes the semaphore.
        let _one = self.drawing.acquire().await.ok();
        let language = language::current();
        let draw = move || language::within(language, || timeline::content(&scene, theme));
        let drawn = tokio::task::spawn_blocking(draw).await;
        let drawn = drawn.unwrap_or_else(|error| Err(error.to_string()));
        Some(drawn.unwrap_or_else(|error| {
            tracing::error!(error, "a timeline could not be drawn");
            Content::text(&words::not_drawn())
        }))
    }

    /// Sends a picture, or puts it in the place of another; in words where Telegram, or the group, takes no pictures.
    pub(super) async fn say_picture(
        &self,
        chat: ChatId,
        reply_to: &Origin,
        instead_of: Option<MessageId>,
        picture: Option<&Content>,
    ) -> Result<Option<MessageId>, ApiError> {
        let Some(content) = picture else { return Ok(None) };
        let Some(message) = instead_of else {
            return match send::new_message(&self.api, chat, reply_to, content).await {
                Err(error @ ApiError::BadRequest(_)) if content.photo.is_some() && !error.is_chat_gone() => {
                    tracing::warn!(%error, "a picture is told in words");
                    let told = Content { photo: None, keyboard: None, ..content.clone() };
                    send::new_message(&self.api, chat, reply_to, &told).await.map(Some)
                }
                sent => sent.map(Some),
            };
        };
        match &content.photo {
            Some(photo) => send::put_photo(&self.api, chat, message, content, photo).await,
            None => send::edit_caption(&self.api, chat, message, content).await,
        }
        .map(|()| None)
    }
}
