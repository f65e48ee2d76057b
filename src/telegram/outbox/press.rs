//! Answers to presses: short, at once, and worth nothing after some seconds. They are not stored.

use std::sync::Arc;

use super::Outbox;
use crate::telegram::{api::ApiError, pause_after, send};

/// Attempts to answer a press: after some seconds Telegram does not take the answer any more.
const TOAST_ATTEMPTS: u32 = 3;

impl Outbox {
    /// Tells the person who pressed a button what came of it; an empty text just ends the button's waiting.
    pub fn toast(self: &Arc<Self>, query: String, text: String) {
        let Ok(permit) = self.toasts.clone().try_acquire_owned() else {
            tracing::warn!("too many presses at once: one stays without an answer");
            return;
        };
        let outbox = self.clone();
        self.tasks.spawn(async move {
            let _permit = permit;
            tokio::select! {
                () = outbox.abort.cancelled() => {}
                () = outbox.answer_press(&query, &text) => {}
            }
        });
    }

    async fn answer_press(&self, query: &str, text: &str) {
        for attempt in 0..TOAST_ATTEMPTS {
            match send::toast(&self.api, query, text).await {
                Ok(()) => return,
                Err(error @ (ApiError::RetryAfter(_) | ApiError::Server(_) | ApiError::Connection(_)))
                    if attempt + 1 < TOAST_ATTEMPTS =>
                {
                    tokio::time::sleep(pause_after(&error, &self.timings, attempt)).await;
                }
                Err(error) => {
                    tracing::info!(%error, "a press could not be answered");
                    return;
                }
            }
        }
    }
}
