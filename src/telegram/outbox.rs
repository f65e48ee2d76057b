//! The only way a message leaves the bot.
//!
//! Every chat has a [`Lane`]; a lane with something to say has one task that says it, in order. Cards are rendered at
//! the moment they are sent, so bursts coalesce and an old state can never overwrite a new one. What has to be said is in
//! the store until it was said: a chat's next message leaves when that of the last is stored, so that a crash repeats one
//! at most.

mod busy;
mod dash;
mod deliver;
mod documents;
mod files;
mod gate;
mod merged;
mod pictures;
mod places;
mod press;
mod restore;

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

pub(super) use self::documents::Made;
use self::{
    busy::Busy,
    documents::Documents,
    gate::Gate,
    places::{Place, Places},
};
use super::{
    api::Api,
    lane::{Answer, Body, Lane, Merging, Step},
    language,
    pace::{Pace, Share},
    render,
    settings::Settings,
};
use crate::{
    board::{Boards, Change},
    config::{Config, Timings},
    job::{ChatId, JobId, MessageId, Origin},
    store::{Committed, Instead, Store, Write},
};

/// Documents under way at once, which may take minutes each.
const MAX_UPLOADS: usize = 4;
/// Between two looks for lanes that nobody needs.
const SHORTEST_SWEEP: Duration = Duration::from_millis(100);
/// Presses whose answer is under way; on top of that the client's own timeout answers.
const MAX_TOASTS: usize = 256;

/// What is to be said, and who says it. Cheap to share in an `Arc`.
pub struct Outbox {
    api: Api,
    boards: Arc<Boards>,
    store: Store,
    settings: Arc<Settings>,
    lanes: DashMap<ChatId, Arc<Desk>>,
    /// The last number that was given to an answer.
    last_answer: AtomicU64,
    /// What the answers and kills that the last process left over reply to: these messages were handled.
    answered: OnceLock<HashSet<(ChatId, Origin)>>,
    paces: Paces,
    busy: Busy,
    documents: Documents,
    places: Places,
    uploads: Semaphore,
    /// Pictures are drawn one at a time: it is work for a core.
    drawing: Semaphore,
    toasts: Arc<Semaphore>,
    timings: Timings,
    keep_jobs: usize,
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

/// What a private chat may get at once.
const PRIVATE_BURST: u32 = 5;

struct Paces {
    all: Gate,
    private: Pace,
    group: Pace,
}

/// A third at once, the rest in the course of the time: more at once would be more of it to wait for later.
fn third(rate: u32) -> u32 {
    rate.div_ceil(3)
}

fn pace_of_all(config: &Config) -> Pace {
    Pace::new(config.rate_all, config.timings.rate_period / 60, third(config.rate_all))
}

impl Paces {
    fn new(config: &Config) -> Self {
        let minute = config.timings.rate_period;
        Self {
            all: Gate::new(pace_of_all(config)),
            private: Pace::new(config.rate_private, minute, PRIVATE_BURST),
            group: Pace::new(config.rate_group, minute, third(config.rate_group)),
        }
    }
}

impl Desk {
    fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when somebody waits who goes before this share.
    async fn somebody_asks(&self, share: Share) {
        let asks = |lane: &Lane| match share {
            Share::Kills => false,
            Share::Quick => lane.has_urgent(),
            Share::Answers => lane.has_quick(),
            Share::News | Share::Progress => lane.has_reserved(),
        };
        while !asks(&self.lane()) {
            self.bell.notified().await;
        }
    }
}

impl Outbox {
    /// An empty outbox.
    pub fn new(
        api: Api,
        boards: Arc<Boards>,
        store: Store,
        settings: Arc<Settings>,
        config: &Config,
    ) -> Arc<Self> {
        Arc::new(Self {
            api,
            boards,
            documents: Documents::new(store.clone(), config.max_document),
            store,
            settings,
            lanes: DashMap::new(),
            last_answer: AtomicU64::new(0),
            answered: OnceLock::new(),
            paces: Paces::new(config),
            busy: Busy::new(config, &pace_of_all(config)),
            places: Places::new(),
            uploads: Semaphore::new(MAX_UPLOADS),
            drawing: Semaphore::new(1),
            toasts: Arc::new(Semaphore::new(MAX_TOASTS)),
            timings: config.timings,
            keep_jobs: config.keep_jobs.get(),
            tasks: TaskTracker::new(),
            abort: CancellationToken::new(),
        })
    }

    /// Whether the last process had handled this: its answer was stored, and perhaps said.
    pub fn was_answered(&self, chat: ChatId, origin: &Origin) -> bool {
        self.answered.get().is_some_and(|answered| answered.contains(&(chat, origin.clone())))
    }

    /// Says something once, as an answer to a message. When it returns, that it is to be said is stored.
    pub async fn say(self: &Arc<Self>, chat: ChatId, answer: Answer) {
        // What is to be edited stayed in the old group; in the new one its number is another message's.
        if !answer.is_new_message() && self.boards.home(chat) != chat {
            return;
        }
        self.store_and_say(chat, answer, None).await;
    }

    /// As `say`, of something new; `instead` is done in the same moment.
    pub(super) async fn say_instead(self: &Arc<Self>, chat: ChatId, answer: Answer, instead: Instead) {
        self.store_and_say(chat, answer, Some(instead)).await;
    }

    /// As `say`, without a wait; `instead` is done with it.
    fn say_soon(self: &Arc<Self>, chat: ChatId, answer: Answer, instead: Option<Instead>) {
        // Called now: the store hears of it now.
        let said = self.store_and_say(chat, answer, instead);
        self.tasks.spawn(said);
    }

    /// Stores the answer, from the moment of the call, and says it when it is stored: nothing is said that a crash could
    /// not tell from what was not.
    fn store_and_say(
        self: &Arc<Self>,
        chat: ChatId,
        answer: Answer,
        instead: Option<Instead>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let number = self.last_answer.fetch_add(1, Ordering::Relaxed) + 1;
        let home = self.boards.home(chat);
        let reply_to = if home == chat { answer.reply_to.clone() } else { Origin::nowhere() };
        let answer = Answer { number: Some(number), reply_to, ..answer };
        // Texts, numbers and buttons are always JSON.
        let body = serde_json::to_string(&answer).unwrap_or_default();
        let stored = self.store.write(Write::Say { chat: home, answer: number, body, instead });
        let outbox = self.clone();
        async move {
            if let Err(error) = stored.await {
                tracing::warn!(chat = home.0, %error, "an answer is not stored: a crash would lose it");
            }
            outbox.queue(home, answer);
        }
    }

    fn line_up(self: &Arc<Self>, chat: ChatId, answer: Answer) {
        let mut refused = None;
        let language = self.settings.language(chat);
        self.change(chat, |lane| refused = language::within(language, || lane.say(answer)));
        self.not_taken(chat, refused);
    }

    /// The lane has no place for it: the group has moved meanwhile, or nobody will ever hear it.
    fn not_taken(self: &Arc<Self>, chat: ChatId, answer: Option<Answer>) {
        match self.boards.home(chat) {
            home if home == chat => self.said(answer),
            home => answer.into_iter().for_each(|answer| self.move_answer(home, answer)),
        }
    }

    /// The store need not keep these any longer.
    fn said(&self, answers: impl IntoIterator<Item = Answer>) {
        for number in answers.into_iter().filter_map(|answer| answer.number) {
            drop(self.store.write(Write::Said(number)));
        }
    }

    /// The chat has removed the bot: its jobs are cancelled, and what was to be said there is not. The write that makes it
    /// last, where it is news.
    pub fn leave(&self, chat: ChatId) -> Option<Committed> {
        let stored = self.boards.leave(chat);
        if let Some(desk) = self.lanes.get(&chat).map(|desk| desk.clone()) {
            let never = desk.lane().leave();
            self.said(never);
        }
        stored
    }

    /// An owner of the bot has denied the chat: nothing more is said there until it is [let in](Self::welcome). How many
    /// jobs are cancelled, and the write that makes it last.
    pub fn deny(&self, chat: ChatId) -> (usize, Option<Committed>) {
        // First: nobody is to hear there that the tasks are cancelled.
        let never = self.desk(chat).lane().leave();
        self.said(never);
        let denied = self.boards.deny(chat);
        denied.map_or((0, None), |(jobs, stored)| (jobs, Some(stored)))
    }

    /// The chat spoke: the bot is there, and what the chat did not want to hear before, it may want now.
    pub fn welcome(self: &Arc<Self>, chat: ChatId) {
        // Whatever this message leads to is stored after it.
        drop(self.boards.come_back(chat));
        let is_news = self.lanes.get(&chat).is_some_and(|desk| desk.lane().welcome());
        if is_news {
            self.change(chat, |_| ());
        }
    }

    /// The group has become a supergroup: its board, its cards and what it has not heard yet are the new chat's.
    /// False where it cannot be: nothing more is said in the old one then.
    pub fn migrate(self: &Arc<Self>, from: ChatId, to: ChatId) -> bool {
        let moved = self.boards.migrate(from, to);
        if moved {
            self.settings.migrate(from, to);
        }
        let Some(old) = self.lanes.get(&from).map(|desk| desk.clone()) else { return moved };
        if moved && old.lane().has_left() {
            // An owner has denied the group: so has the supergroup nothing to hear.
            self.said(self.desk(to).lane().leave());
        }
        let (answers, cards, dashes) = {
            let mut lane = old.lane();
            let (dashes, _) = lane.dashes().take_all();
            lane.merged().forget_all();
            (lane.give_up(), lane.open_cards(), dashes)
        };
        if !moved {
            self.said(answers);
            return false;
        }
        let now = Instant::now();
        for (id, finished) in cards {
            // The message of the old card is in the old group, where nobody can write.
            self.change(to, |lane| lane.mark(id, finished, None, now, now));
        }
        for (_, view) in dashes {
            // It is posted again when the board moves: nobody has asked for it here.
            self.change(to, |lane| lane.dashes().restore(None, None, view, now));
        }
        for answer in answers {
            self.move_answer(to, answer);
        }
        true
    }

    /// Says it in another chat, where the message that it answers does not exist.
    fn move_answer(self: &Arc<Self>, to: ChatId, answer: Answer) {
        // An edit of an old message cannot be made.
        if answer.is_new_message() {
            self.say_soon(to, Answer { reply_to: Origin::nowhere(), ..answer.clone() }, None);
        }
        self.said([answer]);
    }

    /// How many chats have a lane.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The tasks that one of the bot's messages is about, where it is about several.
    pub fn tasks_of(&self, chat: ChatId, message: MessageId) -> Option<Vec<JobId>> {
        self.lanes.get(&chat)?.lane().tasks_of(message)
    }

    /// The task that one of the bot's messages is about.
    pub fn task_of(&self, chat: ChatId, message: MessageId) -> Option<JobId> {
        self.lanes.get(&chat)?.lane().task_of(message)
    }

    /// Hears of the boards' changes until `stop`.
    pub async fn listen(self: &Arc<Self>, stop: CancellationToken) {
        // As long as it takes a chat's pace to be full again.
        let mut sweep = tokio::time::interval(self.timings.rate_period.max(SHORTEST_SWEEP));
        loop {
            let changes = tokio::select! {
                () = stop.cancelled() => break,
                _ = sweep.tick() => {
                    self.sweep(Instant::now());
                    continue;
                }
                changes = self.boards.changes() => changes,
            };
            for change in changes {
                self.hear(change);
            }
        }
    }

    /// Says what is still to be said, for at most `limit`; chats' paces are not kept any more, only Telegram's word. To be
    /// called when the last job has stopped and nobody listens any more.
    pub async fn drain(self: &Arc<Self>, limit: Duration) {
        for change in self.boards.pending_changes() {
            self.hear(change);
        }
        for desk in &self.lanes {
            desk.lane().hurry(Instant::now());
            desk.bell.notify_one();
        }
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some messages could not be delivered before the exit; they are at the next start"
            );
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }

    /// Says nothing any more, at once: somebody else does.
    pub fn hush(&self) {
        self.abort.cancel();
    }

    fn hear(self: &Arc<Self>, change: Change) {
        match change {
            Change::Job(chat, id) => {
                let Some((finished, thread)) = self.boards.outline(chat, id) else { return };
                let now = Instant::now();
                let chat = self.boards.home(chat);
                self.change(chat, |lane| lane.mark(id, finished, thread, now, now + self.timings.quick_job));
            }
            Change::Kill(chat, kill) => {
                let Some(report) = self.boards.take_kill(chat, kill) else { return };
                let about = if let [(id, _)] = report.verdicts[..] { Some(id) } else { None };
                let language = self.settings.language(self.boards.home(chat));
                let body = Body::Message(language::within(language, || render::kill_report(&report)));
                let answer = Answer { about, urgent: true, ..Answer::new(report.reply_to, body) };
                self.say_soon(chat, answer, Some(Instead::Kill(kill.number())));
            }
        }
    }

    /// Changes a lane and sees to it that somebody works on it.
    fn change(self: &Arc<Self>, chat: ChatId, change: impl FnOnce(&mut Lane)) {
        let (desk, idle) = {
            // Held meanwhile, so that the lane is not dropped as blank just before it is changed.
            let desk = self.lanes.entry(chat).or_insert_with(|| self.new_desk(chat));
            let mut lane = desk.lane();
            change(&mut lane);
            self.recount(&mut lane);
            let idle = !std::mem::replace(&mut lane.working, true);
            drop(lane);
            (desk.clone(), idle)
        };
        desk.bell.notify_one();
        if idle {
            let span = tracing::info_span!("chat", chat = chat.0);
            self.tasks.spawn(self.clone().work(chat, desk).instrument(span));
        }
    }

    fn desk(&self, chat: ChatId) -> Arc<Desk> {
        self.lanes.entry(chat).or_insert_with(|| self.new_desk(chat)).clone()
    }

    fn new_desk(&self, chat: ChatId) -> Arc<Desk> {
        let pace = if chat.0 < 0 { &self.paces.group } else { &self.paces.private };
        let Timings { merge_after: after, merge_join: join, .. } = self.timings;
        let lane = Lane::new(pace.clone(), Merging { after, join });
        let lane = lane.within(self.timings.unsaid).of_board(self.keep_jobs);
        Arc::new(Desk { lane: Mutex::new(lane), bell: Notify::new() })
    }

    /// Waits for the pace of all chats together and for a place among the calls under way, and counts the message on
    /// the chat's own pace. The place is held until it is dropped. `None` where somebody asks for something
    /// meanwhile, who goes first: nothing is counted on the chat's pace then.
    async fn turn(&self, desk: &Desk, share: Share) -> Option<Place<'_>> {
        let place = async {
            self.paces.all.pass(share).await;
            self.places.take(share, self.boards.overload()).await
        };
        let place = tokio::select! {
            biased;
            place = place => place,
            () = desk.somebody_asks(share) => return None,
        };
        desk.lane().spend(Instant::now());
        Some(place)
    }

    /// Says what waits in one lane until nothing does.
    async fn work(self: Arc<Self>, chat: ChatId, desk: Arc<Desk>) {
        loop {
            let step = {
                let mut lane = desk.lane();
                lane.crowded = self.boards.overload().unsaid() > self.timings.merge_after;
                let step = lane.next(Instant::now());
                lane.working = !matches!(step, Step::Idle);
                lane.take_in_hand(&step);
                self.recount(&mut lane);
                step
            };
            let done = language::scope(self.settings.language(chat), async {
                match step {
                    Step::Idle => return false,
                    Step::Wait(until) => {
                        let _ = tokio::time::timeout_at(until.into(), desk.bell.notified()).await;
                    }
                    Step::Answer(answer) => self.deliver_answer(chat, &desk, answer).await,
                    Step::Card(id, card) => self.deliver_card(chat, &desk, id, card).await,
                    Step::Merged(id, merged) => self.deliver_merged(chat, &desk, id, merged).await,
                    Step::Dash(thread, dash) => self.deliver_dash(chat, &desk, thread, dash).await,
                    Step::Older(message, view) => self.deliver_older(chat, &desk, message, view).await,
                }
                true
            });
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
}

/// An answer that is plain text.
pub(super) fn text(reply_to: Origin, text: &str) -> Answer {
    Answer::new(reply_to, Body::Message(render::Content::text(text)))
}
