//! One message at a time: what is sent, what is stored of it, and what follows when it fails.

use std::{
    borrow::Cow,
    io::Read,
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::{Desk, Made, Outbox};
use crate::{
    board::Snapshot,
    job::{ChatId, Digits, Job, JobId, MessageId, Origin, Outcome},
    store::{Instead, Write},
    telegram::{
        api::ApiError,
        lane::{Answer, Body, Card, FEWEST_WORDS, Step},
        pace::Share,
        pause_after,
        render::{self, Content, rich},
        send,
        sentences::{self, documents},
        whole::{Document, NoDocument},
    },
};

/// What follows a call that failed.
pub(super) enum Next {
    /// It is made again, after a pause.
    Again,
    /// It can never work.
    Never,
    /// The chat does not want it, until it speaks again.
    Gone,
}

impl Outbox {
    pub(super) async fn deliver_answer(self: &Arc<Self>, chat: ChatId, desk: &Desk, answer: Answer) {
        let answer = self.with_document(chat, answer).await;
        let picture = self.picture(chat, &answer.body).await;
        // First of all: who waits for a place among the documents takes none of the others.
        let _upload = match answer.body {
            Body::Whole(_) | Body::File { .. } => self.uploads.acquire().await.ok(),
            Body::Message(_)
            | Body::Edit { .. }
            | Body::Timeline { .. }
            | Body::Dash(_)
            | Body::Turn { .. } => None,
        };
        let share = match () {
            () if answer.urgent => Share::Kills,
            () if answer.is_quick() => Share::Quick,
            () if answer.is_reserved() => Share::Answers,
            () => Share::News,
        };
        let Some(_turn) = self.turn(desk, share).await else {
            return self.put_back(chat, desk, answer);
        };
        match self.say_now(chat, desk, &answer, picture.as_ref()).await {
            Ok(message) => {
                {
                    let mut lane = desk.lane();
                    lane.went_well();
                    if let Some(message) = message {
                        lane.sent(message, answer.about);
                    }
                }
                self.stored_as_said(chat, answer).await;
            }
            Err(error) if error.is_not_modified() => {
                desk.lane().went_well();
                self.stored_as_said(chat, answer).await;
            }
            Err(error) if error.is_topic_gone() && !answer.elsewhere && answer.is_new_message() => {
                tracing::info!(%error, "an answer is said in General");
                let reply_to = Origin::nowhere();
                self.put_back(chat, desk, Answer { elsewhere: true, reply_to, ..answer });
            }
            Err(ApiError::Migrated(to)) => {
                if self.migrate(chat, ChatId(to)) {
                    self.move_answer(ChatId(to), answer);
                } else {
                    self.stored_as_said(chat, answer).await;
                }
            }
            Err(error) => match self.fail(chat, desk, &error) {
                Next::Again => self.put_back(chat, desk, answer),
                Next::Never | Next::Gone => self.stored_as_said(chat, answer).await,
            },
        }
    }

    /// An answer is said later.
    fn put_back(self: &Arc<Self>, chat: ChatId, desk: &Desk, answer: Answer) {
        let refused = desk.lane().put_back(answer);
        self.not_taken(chat, refused);
    }

    /// Nothing else leaves for the chat before this is stored: a crash repeats one message at most.
    async fn stored_as_said(self: &Arc<Self>, chat: ChatId, answer: Answer) {
        if let Some(next) = self.next_file(chat, &answer) {
            return self.store_and_say(chat, next, answer.number.map(Instead::Answer)).await;
        }
        if let Some(number) = answer.number
            && let Err(error) = self.store.write(Write::Said(number)).await
        {
            tracing::warn!(%error, "that an answer was said is not stored: a crash would repeat it");
        }
    }

    async fn say_now(
        &self,
        chat: ChatId,
        desk: &Desk,
        answer: &Answer,
        picture: Option<&Content>,
    ) -> Result<Option<MessageId>, ApiError> {
        match &answer.body {
            Body::Dash(view) => self.post_dash(chat, desk, &answer.reply_to, *view).await.map(Some),
            Body::Turn { message, view } => self.turn_dash(chat, desk, *message, *view).await.map(|()| None),
            Body::Message(content) => {
                let content = elsewhere(answer, content);
                send::new_message(&self.api, chat, &answer.reply_to, &content).await.map(Some)
            }
            Body::Edit { message, html, rich, keyboard } => {
                let (html, rich, keyboard) = (html.clone(), rich.clone(), keyboard.clone());
                let content = Content { html, rich, keyboard, photo: None };
                send::edit_text(&self.api, chat, *message, &content).await.map(|()| None)
            }
            Body::Timeline { instead_of, .. } => {
                let picture = picture.map(|content| elsewhere(answer, content));
                self.say_picture(chat, &answer.reply_to, *instead_of, picture.as_deref()).await
            }
            Body::Whole(id) => match &answer.made {
                Some(made) => self.say_whole(chat, answer, *id, made).await.map(Some),
                // Its board has forgotten it meanwhile.
                None => Ok(None),
            },
            Body::File { job, at } => self.say_file(chat, answer, *job, *at).await,
        }
    }

    /// Sends a task's whole result as a document, or says why there is none.
    async fn say_whole(
        &self,
        chat: ChatId,
        answer: &Answer,
        id: JobId,
        made: &Made,
    ) -> Result<MessageId, ApiError> {
        let reply_to = &answer.reply_to;
        let before = if answer.elsewhere { format!("{}\n", sentences::topic_gone()) } else { String::new() };
        let caption = |document: &Document| format!("{before}{}", document.caption);
        let send = async |document: Result<Arc<Document>, NoDocument>| match document {
            Ok(document) => {
                let caption = caption(&document);
                send::document(&self.api, &self.store, chat, reply_to, &document, caption).await
            }
            Err(why) => Ok(Err(why)),
        };
        let sent = match send(made.document.clone()).await {
            // Whatever stands before Telegram's servers may take less than they do.
            Err(error) if error.is_too_large() => send(self.summary(chat, id).await).await?,
            sent => sent?,
        };
        let text = match sent {
            Ok(message) => return Ok(message),
            Err(NoDocument::Dropped) => {
                self.boards.digits_gone(chat, id);
                sentences::digits_dropped(id)
            }
            Err(NoDocument::NotNeeded) => documents::not_needed(id),
            Err(NoDocument::Failed | NoDocument::Stopped) => documents::failed(id),
        };
        send::new_message(&self.api, chat, reply_to, &Content::text(&text)).await
    }

    pub(super) async fn deliver_card(self: &Arc<Self>, chat: ChatId, desk: &Desk, id: JobId, card: Card) {
        if self.is_up_to_date(chat, desk, id, &card) {
            return;
        }
        let share = if card.is_news() { Share::News } else { Share::Progress };
        let Some(_turn) = self.turn(desk, share).await else {
            return desk.lane().put_step_back(Step::Card(id, card), Instant::now());
        };
        // The turn may have taken a while: what is true now is shown.
        let Some(snapshot) = self.boards.job(chat, id) else { return };
        let mut content = send::wanted(&snapshot, &card);
        content.rich = self.rich_card(chat, &snapshot, &card, &content).await;
        match send::card(&self.api, chat, &snapshot.job.origin, &card, &content).await {
            Ok(message) => self.card_shown(chat, desk, &card, &snapshot, (message, content)).await,
            Err(error) => self.card_failed(chat, desk, &snapshot, &card, &content, error).await,
        }
    }

    /// The card as a rich message, where the chat wants that and the result is long: when the job has ended, so that no
    /// picture comes after it.
    async fn rich_card(
        &self,
        chat: ChatId,
        snapshot: &Snapshot,
        card: &Card,
        content: &Content,
    ) -> Option<String> {
        if card.refused > 0 || content.photo.is_some() || !self.settings.is_rich(chat) {
            return None;
        }
        let mut before = format!("<p>{}</p>", sentences::submitted(snapshot.job.id));
        if card.elsewhere {
            before.insert_str(0, &format!("<p><i>{}</i></p>", sentences::topic_gone()));
        }
        self.rich_result(snapshot, &before).await
    }

    /// A long result as rich HTML, with the digits of a lone number.
    pub(in crate::telegram) async fn rich_result(&self, snapshot: &Snapshot, before: &str) -> Option<String> {
        let digits = match rich::lone_number(&snapshot.job) {
            Some(digits) => self.read_digits(digits.clone()).await,
            None => None,
        };
        rich::result(snapshot, before, digits.as_deref(), SystemTime::now())
    }

    async fn read_digits(&self, digits: Digits) -> Option<String> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            store.digits(&digits).ok()??.take(rich::MAX_DIGITS as u64).read_to_string(&mut text).ok()?;
            (text.len() == digits.len()).then_some(text)
        });
        read.await.ok()?
    }

    /// A card that shows what is true needs no call.
    fn is_up_to_date(&self, chat: ChatId, desk: &Desk, id: JobId, card: &Card) -> bool {
        let (Some(message), Some(shown)) = (card.message, &card.shown) else { return false };
        let Some(looked_at) = self.boards.job(chat, id) else { return true };
        let same = *shown == send::wanted(&looked_at, card);
        if same {
            let refresh = self.refresh(&looked_at);
            desk.lane().card_shown(id, message, shown.clone(), Instant::now(), refresh);
        }
        same
    }

    async fn card_shown(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        card: &Card,
        snapshot: &Snapshot,
        (message, content): (MessageId, Content),
    ) {
        let id = snapshot.job.id;
        let finished = snapshot.job.state.is_finished();
        let refresh = self.refresh(snapshot);
        {
            let mut lane = desk.lane();
            lane.went_well();
            lane.card_shown(id, message, content, Instant::now() + self.timings.card_pause, refresh);
        }
        if finished {
            self.send_files(chat, &snapshot.job, message);
        }
        if finished && card.message.is_some() && self.is_announced(&snapshot.job) {
            self.announce(chat, &snapshot.job, message).await;
        } else if finished || card.message != Some(message) {
            self.store_card(chat, id, Some(message), finished).await;
        }
    }

    /// When a card is looked at again for progress; never where nothing will move any more.
    fn refresh(&self, snapshot: &Snapshot) -> Option<Instant> {
        let moves = !snapshot.job.state.is_finished() && !snapshot.paused;
        moves.then(|| Instant::now() + self.timings.card_refresh)
    }

    pub(super) async fn store_card(&self, chat: ChatId, id: JobId, message: Option<MessageId>, done: bool) {
        if let Err(error) = self.store.write(Write::Card { chat, id, message, done }).await {
            tracing::warn!(%error, "a card's message is not stored: a crash would repeat it");
        }
    }

    async fn card_failed(
        self: &Arc<Self>,
        chat: ChatId,
        desk: &Desk,
        snapshot: &Snapshot,
        card: &Card,
        content: &Content,
        error: ApiError,
    ) {
        let (id, now) = (snapshot.job.id, Instant::now());
        match error {
            error if error.is_message_gone() => desk.lane().card_lost(id, now),
            ApiError::Migrated(to) => {
                desk.lane().redo_card(id, now, |_| ());
                // Either way, nothing more is said in the old one.
                self.migrate(chat, ChatId(to));
            }
            error if error.is_topic_gone() && !card.elsewhere && card.message.is_none() => {
                tracing::info!(job = id.0, %error, "a card goes to General");
                desk.lane().redo_card(id, now, |card| card.elsewhere = true);
            }
            error @ ApiError::BadRequest(_) if card.refused < FEWEST_WORDS && !error.is_chat_gone() => {
                tracing::warn!(job = id.0, %error, "the card goes without its picture, or in fewer words");
                let refused = if content.photo.is_some() { 1 } else { FEWEST_WORDS };
                desk.lane().redo_card(id, now, |card| card.refused = refused);
            }
            error => match self.fail(chat, desk, &error) {
                // A chat that is gone may come back: its cards are brought up to date then.
                Next::Again | Next::Gone => desk.lane().redo_card(id, now, |_| ()),
                // Nor will the next start be luckier.
                Next::Never if snapshot.job.state.is_finished() => {
                    self.store_card(chat, id, card.message, true).await;
                }
                Next::Never => {}
            },
        }
    }

    /// The end of a job that took long is a message of its own: an edit notifies nobody. A kill has its confirmation.
    fn is_announced(&self, job: &Job) -> bool {
        let took = job.finished().and_then(|finished| finished.duration_since(job.submitted).ok());
        let is_killed = matches!(job.state.outcome(), Some(Outcome::Cancelled(_)));
        !is_killed && took.is_some_and(|took| took >= self.timings.announce_after)
    }

    /// Announces the end that the card in `message` shows; both are stored at once.
    async fn announce(self: &Arc<Self>, chat: ChatId, job: &Job, message: MessageId) {
        let body = Body::Message(render::announcement(job, SystemTime::now()));
        let answer = Answer::new(job.origin.clone(), body).about(job.id);
        self.store_and_say(chat, answer, Some(Instead::Card(job.id, message))).await;
    }

    /// Decides what follows a failed call.
    pub(super) fn fail(&self, chat: ChatId, desk: &Desk, error: &ApiError) -> Next {
        if matches!(error, ApiError::Forbidden(_)) {
            tracing::info!(%error, "the bot is not wanted here");
            // If a crash loses it, the next message finds it out again.
            drop(self.leave(chat));
            return Next::Gone;
        }
        if error.is_chat_gone() {
            tracing::info!(%error, "nothing more is said here until the chat speaks");
            let (never, (_, dashes)) = {
                let mut lane = desk.lane();
                (lane.give_up(), lane.dashes().take_all())
            };
            self.said(never);
            self.forget_dashes(chat, dashes);
            return Next::Gone;
        }
        match error {
            // A chat that forbids it is gone, and was dealt with; one that moved, too.
            ApiError::BadRequest(_)
            | ApiError::Unreadable
            | ApiError::Nonsense(_)
            | ApiError::Forbidden(_)
            | ApiError::Migrated(_) => {
                tracing::error!(%error, "a message could not be sent and is dropped");
                Next::Never
            }
            ApiError::RetryAfter(_)
            | ApiError::Server(_)
            | ApiError::Connection(_)
            | ApiError::Conflict(_)
            | ApiError::NotFound
            | ApiError::Unauthorized => {
                let mut lane = desk.lane();
                let pause = pause_after(error, &self.timings, lane.failed());
                tracing::info!(%error, ?pause, "a message is sent again later");
                if matches!(error, ApiError::RetryAfter(_)) {
                    lane.slow_down(Instant::now() + pause);
                    drop(lane);
                    self.paces.all.drain();
                } else {
                    lane.pause(Instant::now() + pause);
                }
                Next::Again
            }
        }
    }
}

/// What an answer says, with a word about its topic if it is said outside of it.
fn elsewhere<'a>(answer: &Answer, content: &'a Content) -> Cow<'a, Content> {
    let mut content = Cow::Borrowed(content);
    if answer.elsewhere {
        content.to_mut().tell_first(&sentences::topic_gone());
    }
    content
}
