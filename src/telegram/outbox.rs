//! The only way a message leaves the bot.
//!
//! Every chat has a [`Lane`]; a lane with something to say has one task that says it, in order. Cards are rendered at
//! the moment they are sent, so bursts coalesce and an old state can never overwrite a new one. Nobody waits for it:
//! handlers and boards only mark what is to be said.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use dashmap::DashMap;
use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::{
    api::{Api, ApiError},
    lane::{Answer, Body, Card, Lane, Step},
    pace::Pace,
    pause_after, render, send,
};
use crate::{
    board::{Boards, Change},
    config::{Config, Timings},
    job::{ChatId, JobId, MessageId, Origin},
};

/// Calls under way at once: more would only wait in Telegram's own queue.
const MAX_IN_FLIGHT: usize = 64;
/// Presses whose answer is under way; on top of that the client's own timeout answers.
const MAX_TOASTS: usize = 256;
/// Attempts to answer a press: after some seconds Telegram does not take the answer any more.
const TOAST_ATTEMPTS: u32 = 3;

/// What is to be said, and who says it. Cheap to share in an `Arc`.
pub struct Outbox {
    api: Api,
    boards: Arc<Boards>,
    lanes: DashMap<ChatId, Arc<Desk>>,
    paces: Paces,
    in_flight: Semaphore,
    toasts: Arc<Semaphore>,
    timings: Timings,
    tasks: TaskTracker,
    /// Ends every task at once: after a drain that took too long.
    abort: CancellationToken,
}

/// A lane and the bell of its worker.
struct Desk {
    // A std lock: held to look at the lane, never across an await.
    lane: Mutex<Lane>,
    bell: Notify,
}

struct Paces {
    all: Mutex<Pace>,
    private: Pace,
    group: Pace,
}

impl Paces {
    fn new(config: &Config) -> Self {
        let minute = Duration::from_mins(1);
        Self {
            all: Mutex::new(Pace::new(config.rate_all, Duration::from_secs(1), config.rate_all)),
            private: Pace::new(config.rate_private, minute, 5),
            group: Pace::new(config.rate_group, minute, config.rate_group),
        }
    }
}

impl Desk {
    fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// An empty outbox.
    pub fn new(api: Api, boards: Arc<Boards>, config: &Config) -> Arc<Self> {
        Arc::new(Self {
            api,
            boards,
            lanes: DashMap::new(),
            paces: Paces::new(config),
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            toasts: Arc::new(Semaphore::new(MAX_TOASTS)),
            timings: config.timings,
            tasks: TaskTracker::new(),
            abort: CancellationToken::new(),
        })
    }

    /// Says something once, as an answer to a message.
    pub fn say(self: &Arc<Self>, chat: ChatId, answer: Answer) {
        self.change(chat, |lane| lane.say(answer));
    }

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

    /// The chat spoke: what it did not want to hear before, it may want now.
    pub fn welcome(self: &Arc<Self>, chat: ChatId) {
        let is_news = self.lanes.get(&chat).is_some_and(|desk| desk.lane().welcome());
        if is_news {
            self.change(chat, |_| ());
        }
    }

    /// The task that one of the bot's messages is about.
    pub fn task_of(&self, chat: ChatId, message: MessageId) -> Option<JobId> {
        self.lanes.get(&chat)?.lane().task_of(message)
    }

    /// Hears of the boards' changes until `stop`.
    pub async fn listen(self: &Arc<Self>, stop: CancellationToken) {
        loop {
            let changes = tokio::select! {
                () = stop.cancelled() => break,
                changes = self.boards.changes() => changes,
            };
            for change in changes {
                self.hear(change);
            }
        }
    }

    /// Says what is still to be said, for at most `limit`; chats' paces are not kept any more, only Telegram's word. To be called when the last job has stopped and nobody
    /// listens any more.
    pub async fn drain(self: &Arc<Self>, limit: Duration) {
        for change in self.boards.pending_changes() {
            self.hear(change);
        }
        for desk in &self.lanes {
            desk.lane().hurry();
            desk.bell.notify_one();
        }
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("some messages could not be delivered before the exit");
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }

    fn hear(self: &Arc<Self>, change: Change) {
        match change {
            Change::Job(chat, id) => {
                let Some(finished) = self.boards.is_finished(chat, id) else { return };
                let now = Instant::now();
                self.change(chat, |lane| lane.mark(id, finished, now, now + self.timings.quick_job));
            }
            Change::Kill(chat, kill) => {
                let Some(report) = self.boards.take_kill(chat, kill) else { return };
                let about = if let [(id, _)] = report.verdicts[..] { Some(id) } else { None };
                let body = Body::Message(render::kill_report(&report));
                let answer = Answer { reply_to: report.reply_to, about, body };
                self.change(chat, |lane| lane.say_first(answer));
            }
        }
    }

    /// Changes a lane and sees to it that somebody works on it.
    fn change(self: &Arc<Self>, chat: ChatId, change: impl FnOnce(&mut Lane)) {
        let desk = self.desk(chat);
        let idle = {
            let mut lane = desk.lane();
            change(&mut lane);
            !std::mem::replace(&mut lane.working, true)
        };
        desk.bell.notify_one();
        if idle {
            let span = tracing::info_span!("chat", chat = chat.0);
            self.tasks.spawn(self.clone().work(chat, desk).instrument(span));
        }
    }

    fn desk(&self, chat: ChatId) -> Arc<Desk> {
        let pace = if chat.0 < 0 { &self.paces.group } else { &self.paces.private };
        let desk = || Arc::new(Desk { lane: Mutex::new(Lane::new(pace.clone())), bell: Notify::new() });
        self.lanes.entry(chat).or_insert_with(desk).clone()
    }

    /// Says what waits in one lane until nothing does.
    async fn work(self: Arc<Self>, chat: ChatId, desk: Arc<Desk>) {
        loop {
            let step = {
                let mut lane = desk.lane();
                let step = lane.next(Instant::now());
                lane.working = !matches!(step, Step::Idle);
                step
            };
            let done = async {
                match step {
                    Step::Idle => return false,
                    Step::Wait(until) => {
                        let _ = tokio::time::timeout_at(until.into(), desk.bell.notified()).await;
                    }
                    Step::Urgent(answer) => {
                        self.deliver_answer(chat, &desk, answer, Lane::put_back_urgent).await;
                    }
                    Step::Answer(answer) => self.deliver_answer(chat, &desk, answer, Lane::put_back).await,
                    Step::Card(id, card) => self.deliver_card(chat, &desk, id, card).await,
                }
                true
            };
            // A panic, which would be a bug, must not silence the chat for ever: what it was about is lost alone.
            let done = AssertUnwindSafe(done).catch_unwind();
            tokio::select! {
                () = self.abort.cancelled() => return,
                more = done => match more {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(_) => tracing::error!("a message was lost by a mistake in the outbox"),
                },
            }
        }
    }

    async fn deliver_answer(
        &self,
        chat: ChatId,
        desk: &Desk,
        answer: Answer,
        put_back: fn(&mut Lane, Answer),
    ) {
        let _turn = self.turn(desk).await;
        match self.say_now(chat, &answer).await {
            Ok(message) => {
                let mut lane = desk.lane();
                lane.went_well();
                if let Some(message) = message {
                    lane.sent(message, answer.about);
                }
            }
            Err(error) if error.is_not_modified() => desk.lane().went_well(),
            Err(error) => {
                let again = self.fail(desk, &error);
                if again {
                    put_back(&mut desk.lane(), answer);
                }
            }
        }
    }

    async fn say_now(&self, chat: ChatId, answer: &Answer) -> Result<Option<MessageId>, ApiError> {
        match &answer.body {
            Body::Message(content) => {
                send::new_message(&self.api, chat, &answer.reply_to, content).await.map(Some)
            }
            Body::Edit { message, html, keyboard } => {
                send::edit_text(&self.api, chat, *message, html, keyboard.as_ref()).await.map(|()| None)
            }
            Body::Whole(id) => {
                let Some(snapshot) = self.boards.job(chat, *id) else { return Ok(None) };
                send::whole(&self.api, chat, &answer.reply_to, &snapshot).await
            }
        }
    }

    async fn deliver_card(&self, chat: ChatId, desk: &Desk, id: JobId, card: Card) {
        if let (Some(message), Some(shown)) = (card.message, &card.shown) {
            let Some(looked_at) = self.boards.job(chat, id) else { return };
            if *shown == send::wanted(&looked_at, &card) {
                let finished = looked_at.job.state.is_finished();
                let refresh = (!finished).then(|| Instant::now() + self.timings.card_refresh);
                desk.lane().card_shown(id, message, shown.clone(), Instant::now(), refresh);
                return;
            }
        }
        let _turn = self.turn(desk).await;
        // The turn may have taken a while: what is true now is shown.
        let Some(snapshot) = self.boards.job(chat, id) else { return };
        let content = send::wanted(&snapshot, &card);
        let now = || Instant::now();
        match send::card(&self.api, chat, &snapshot.job.origin, &card, &content).await {
            Ok(message) => {
                let finished = snapshot.job.state.is_finished();
                let refresh = (!finished).then(|| now() + self.timings.card_refresh);
                let mut lane = desk.lane();
                lane.went_well();
                lane.card_shown(id, message, content, now() + self.timings.card_pause, refresh);
                if finished && card.message.is_some() {
                    self.announce(&mut lane, &snapshot.job);
                }
            }
            Err(error) if error.is_message_gone() => desk.lane().card_lost(id, now()),
            Err(error @ ApiError::BadRequest(_)) if card.refused < 2 && !error.is_chat_gone() => {
                tracing::warn!(job = id.0, %error, "the card goes without its picture, or in fewer words");
                let refused = if content.photo.is_some() { 1 } else { 2 };
                desk.lane().redo_card(id, now(), |card| card.refused = refused);
            }
            Err(error) => {
                // A chat that is gone may come back: its cards are brought up to date then.
                if self.fail(desk, &error) || error.is_chat_gone() {
                    desk.lane().redo_card(id, now(), |_| ());
                }
            }
        }
    }

    /// The end of a job that took long is a message of its own: an edit notifies nobody. A kill has its confirmation.
    fn announce(&self, lane: &mut Lane, job: &crate::job::Job) {
        let now = SystemTime::now();
        let took = now.duration_since(job.submitted).unwrap_or_default();
        let is_news = !matches!(job.state.outcome(), Some(crate::job::Outcome::Cancelled(_)));
        if took >= self.timings.announce_after && is_news {
            let body = Body::Message(render::announcement(job, now));
            lane.say(Answer { reply_to: job.origin.clone(), about: Some(job.id), body });
        }
    }

    /// Waits for the pace of all chats together and for a place among the calls under way, and counts the message on
    /// the chat's own pace. The place is held until the returned permit is dropped.
    async fn turn(&self, desk: &Desk) -> Option<SemaphorePermit<'_>> {
        let at = {
            let mut all = self.paces.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.reserve(Instant::now())
        };
        if at > Instant::now() {
            tokio::time::sleep_until(at.into()).await;
        }
        desk.lane().spend(Instant::now());
        // Nothing closes the semaphore.
        self.in_flight.acquire().await.ok()
    }

    /// Decides what follows a failed call; true where it is to be made again.
    fn fail(&self, desk: &Desk, error: &ApiError) -> bool {
        let mut lane = desk.lane();
        let now = Instant::now();
        if error.is_chat_gone() {
            tracing::info!(%error, "nothing more is said here until the chat speaks");
            lane.give_up();
            return false;
        }
        let pause = match error {
            ApiError::RetryAfter(_)
            | ApiError::Server(_)
            | ApiError::Connection(_)
            | ApiError::Conflict(_)
            | ApiError::Unauthorized => pause_after(error, &self.timings, lane.failed()),
            ApiError::BadRequest(_) | ApiError::Nonsense(_) | ApiError::Forbidden(_) => {
                tracing::error!(%error, "a message could not be sent and is dropped");
                return false;
            }
        };
        tracing::info!(%error, ?pause, "a message is sent again later");
        lane.pause(now + pause);
        true
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

/// An answer that is plain text.
pub(super) fn text(reply_to: Origin, text: &str) -> Answer {
    Answer { reply_to, about: None, body: Body::Message(render::Content::text(text)) }
}
