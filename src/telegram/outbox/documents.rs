//! Documents that take time to be made: beside the lanes, so that nobody waits for them but who asked for one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Outbox;
use crate::{
    job::{ChatId, Job, JobId},
    store::Store,
    telegram::{
        lane::{Answer, Body},
        language,
        whole::{self, Document, Form, NoDocument},
    },
};

/// Documents that are made, or wait to be sent, beside their lanes; each may take 50 MB of the disk. One that comes on top
/// is made when its turn to be sent has come, and its lane waits for it.
const MAX_BESIDE: usize = 8;

/// Makes documents.
pub(super) struct Documents {
    store: Store,
    /// Bytes that Telegram takes.
    limit: u64,
    /// What takes time is done for one at a time: it is work for a core.
    one: Semaphore,
    beside: Arc<Semaphore>,
}

/// What became of a document that was wanted.
#[derive(Debug)]
pub(in crate::telegram) struct Made {
    pub(super) document: Result<Arc<Document>, NoDocument>,
    /// Held until it was sent.
    _place: Option<OwnedSemaphorePermit>,
}

impl Documents {
    pub(super) fn new(store: Store, limit: u64) -> Self {
        Self { store, limit, one: Semaphore::new(1), beside: Arc::new(Semaphore::new(MAX_BESIDE)) }
    }

    /// Bytes that Telegram takes.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// The document of a job's whole result; where Telegram did not take it, of what can be said of it.
    async fn make(&self, job: &Job, refused: bool) -> Result<Arc<Document>, NoDocument> {
        let form = whole::form(job, self.limit).ok_or(NoDocument::NotNeeded)?;
        let form = if refused { Form::Summary } else { form };
        // Nothing closes the semaphore.
        let _one = if form == Form::Text { None } else { self.one.acquire().await.ok() };
        let stop = CancellationToken::new();
        let _stop = stop.clone().drop_guard();
        let (job, store, limit) = (job.clone(), self.store.clone(), self.limit);
        let language = language::current();
        let make = move || language::within(language, || whole::document(&job, form, &store, limit, &stop));
        let made = tokio::task::spawn_blocking(make);
        made.await.unwrap_or(Err(NoDocument::Failed)).map(Arc::new)
    }
}

impl Outbox {
    /// Queues an answer in its lane; one with a document that takes time when that is made.
    pub(super) fn queue(self: &Arc<Self>, chat: ChatId, answer: Answer) {
        let Some((job, place)) = self.is_made_beside(chat, &answer) else {
            return self.line_up(chat, answer);
        };
        let outbox = self.clone();
        self.tasks.spawn(language::scope(self.settings.language(chat), async move {
            let made = tokio::select! {
                () = outbox.abort.cancelled() => return,
                document = outbox.documents.make(&job, false) => Made { document, _place: Some(place) },
            };
            let answer = Answer { made: Some(made.into()), ..answer };
            match outbox.boards.home(chat) {
                home if home == chat => outbox.line_up(chat, answer),
                // The group has moved meanwhile.
                home => outbox.move_answer(home, answer),
            }
        }));
    }

    fn is_made_beside(&self, chat: ChatId, answer: &Answer) -> Option<(Job, OwnedSemaphorePermit)> {
        let Body::Whole(id) = answer.body else { return None };
        if answer.made.is_some() {
            return None;
        }
        let job = self.boards.job(chat, id)?.job;
        whole::form(&job, self.documents.limit).filter(|form| *form != Form::Text)?;
        Some((job, self.documents.beside.clone().try_acquire_owned().ok()?))
    }

    /// The same answer with its document, if it is one.
    pub(super) async fn with_document(&self, chat: ChatId, answer: Answer) -> Answer {
        let Body::Whole(id) = answer.body else { return answer };
        if answer.made.is_some() {
            return answer;
        }
        let Some(snapshot) = self.boards.job(chat, id) else { return answer };
        let made = Made { document: self.documents.make(&snapshot.job, false).await, _place: None };
        Answer { made: Some(made.into()), ..answer }
    }

    /// What can be said of a result that Telegram did not take.
    pub(super) async fn summary(&self, chat: ChatId, id: JobId) -> Result<Arc<Document>, NoDocument> {
        let snapshot = self.boards.job(chat, id).ok_or(NoDocument::Dropped)?;
        self.documents.make(&snapshot.job, true).await
    }
}
