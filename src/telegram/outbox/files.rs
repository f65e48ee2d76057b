//! Files that programs made: sent one after the other, when the end of their job was shown.

use std::sync::Arc;

use super::Outbox;
use crate::{
    job::{ChatId, Job, JobId, MessageId, Origin},
    telegram::{
        api::ApiError,
        lane::{Answer, Body},
        render::Content,
        send,
        sentences::{self, documents},
        whole::{self, NoDocument},
    },
};

impl Outbox {
    /// Begins to send what the job made, as replies to its card. To be called before it is stored that the card shows the end:
    /// a crash in between may send a file twice, and loses none.
    pub(super) fn send_files(self: &Arc<Self>, chat: ChatId, job: &Job, card: MessageId) {
        if whole::count_made(job) > 0 {
            let reply_to = Origin { message: card, thread: job.origin.thread, callback: None };
            self.say_soon(chat, Answer::new(reply_to, Body::File { job: job.id, at: 0 }).about(job.id), None);
        }
    }

    /// What is to be said after an answer that was a file: the next one. Only one at a time is stored, so that each is sent once.
    pub(super) fn next_file(&self, chat: ChatId, answer: &Answer) -> Option<Answer> {
        let Body::File { job, at } = answer.body else { return None };
        let known = self.boards.job(chat, job)?;
        let body = Body::File { job, at: at + 1 };
        (at + 1 < whole::count_made(&known.job)).then(|| Answer { number: None, body, ..answer.clone() })
    }

    /// Sends one file, or says why it cannot be; nothing where the board has forgotten its job.
    pub(super) async fn say_file(
        &self,
        chat: ChatId,
        answer: &Answer,
        id: JobId,
        at: usize,
    ) -> Result<Option<MessageId>, ApiError> {
        let snapshot = self.boards.job(chat, id);
        let Some(document) = snapshot.and_then(|known| whole::made(&known.job, at)) else { return Ok(None) };
        let (document, reply_to) = (Arc::new(document), &answer.reply_to);
        let sent = if document.length > self.documents.limit() {
            tracing::warn!(job = id.0, bytes = document.length, "a file is larger than Telegram takes");
            Err(NoDocument::Failed)
        } else {
            let caption = document.caption.clone();
            send::document(&self.api, &self.store, chat, reply_to, &document, caption).await?
        };
        let words = match sent {
            Ok(message) => return Ok(Some(message)),
            Err(NoDocument::Dropped) => sentences::digits_dropped(id),
            Err(NoDocument::NotNeeded | NoDocument::Failed | NoDocument::Stopped) => documents::failed(id),
        };
        send::new_message(&self.api, chat, reply_to, &Content::text(&words)).await.map(Some)
    }
}
