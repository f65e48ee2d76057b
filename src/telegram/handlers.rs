//! What the bot does with an update. When a handler returns, what it did is stored; for anything else, a job or
//! Telegram, it never waits.

mod confirm;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod inline;
mod kill;
mod owners;
mod press;
mod rate;
mod reload;
mod roles;
mod run;
mod said;
mod schedules;
mod settings;
mod wish;

use std::{
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

pub use self::inline::Inline;
pub(in crate::telegram) use self::run::NotAllowed;
use self::{
    confirm::Confirms,
    rate::Rate,
    roles::Roles,
    said::{Said, is_beginning, is_farewell, moved, said},
    wish::{Questions, Request, Wish},
};
use super::{
    access::{Access, Entry},
    api::Api,
    buttons::{Button, Key},
    dash::View,
    incoming::{ChatMemberUpdated, Kind, Message, Update},
    lane::{Answer, Body},
    language,
    outbox::{Outbox, text},
    render::Content,
    sentences::{self, boards},
    settings::Settings,
};
use crate::{
    board::{Boards, Refusal},
    command::{Command, Context, Language, ParseError, Parsed, parse},
    config::{Clock, Config},
    declared::Declared,
    job::{ChatId, JobId, MessageId, Origin, Spec},
    metrics::Metrics,
    store::{Keep, Store},
};

/// Presses that are remembered, to know one that comes again.
const MAX_PRESSES: u64 = 10_000;
/// Chats that the bot does not work for, and that were told so lately; the least used one is told again.
const MAX_STRANGERS: u64 = 10_000;

/// What handlers work with.
pub struct Handlers {
    boards: Arc<Boards>,
    outbox: Arc<Outbox>,
    store: Store,
    settings: Arc<Settings>,
    inline: Arc<Inline>,
    /// Of the bot's buttons.
    key: Key,
    roles: Roles,
    questions: Questions,
    /// Questions before something runs.
    confirms: Confirms,
    /// How long these may be answered.
    confirm_within: Duration,
    /// Who pressed which button of which message a moment ago.
    presses: Cache<(ChatId, MessageId, Button, i64), ()>,
    bot: Bot,
    declared: Arc<Declared>,
    access: Arc<Access>,
    /// Chats that were told lately that the bot works for others.
    strangers: Cache<ChatId, ()>,
    rate: Rate,
    keep: Keep,
    max_fib: u64,
    /// Of a chat.
    max_schedules: usize,
    /// What schedules go by, and how often it is looked at.
    clock: Clock,
    clock_look: Duration,
    max_document: u64,
    /// The operator's file.
    jobs_file: Option<PathBuf>,
    /// Whether what it declares runs on this machine.
    runs_programs: bool,
    /// One at a time reads it, and has this for as long as the reading goes on.
    reloading: tokio::sync::Mutex<Weak<()>>,
    started: Instant,
    metrics: Arc<Metrics>,
    /// An owner's `quit`.
    quit: CancellationToken,
}

/// Who the bot is, as `getMe` says.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Bot {
    /// Its id.
    pub id: u64,
    /// Its name, without `@`.
    pub username: String,
}

impl Handlers {
    /// Handlers for one bot; `quit` is cancelled when an owner says so.
    pub fn new(
        api: &Api,
        boards: Arc<Boards>,
        outbox: Arc<Outbox>,
        (store, settings, inline, access): (Store, Arc<Settings>, Arc<Inline>, Arc<Access>),
        bot: Bot,
        config: &Config,
        quit: CancellationToken,
    ) -> Arc<Self> {
        let presses =
            Cache::builder().max_capacity(MAX_PRESSES).time_to_live(config.timings.press_again).build();
        let strangers =
            Cache::builder().max_capacity(MAX_STRANGERS).time_to_live(config.timings.stranger_again).build();
        Arc::new(Self {
            declared: boards.declared().clone(),
            boards,
            outbox,
            store,
            settings,
            inline,
            key: api.key().clone(),
            roles: Roles::new(api, config),
            questions: Questions::new(),
            confirms: Confirms::new(),
            confirm_within: config.timings.confirm,
            presses,
            bot,
            access,
            strangers,
            rate: Rate::new(config.rate_person, config.timings.rate_period),
            keep: config.keep(),
            max_fib: config.max_fib,
            max_schedules: config.max_schedules,
            clock: config.clock.clone(),
            clock_look: config.timings.clock_look,
            max_document: config.max_document,
            jobs_file: config.jobs_file.clone(),
            runs_programs: !config.machines.is_bot_alone(),
            reloading: tokio::sync::Mutex::default(),
            started: Instant::now(),
            metrics: api.metrics().clone(),
            quit,
        })
    }

    /// Whether more updates wait than could be taken at once.
    pub fn fall_behind(&self, behind: bool) {
        self.boards.overload().falls_behind(behind);
    }

    /// Handles one update; its effect is stored when this returns. A panic, which would be a bug, costs no other update.
    pub async fn handle(self: &Arc<Self>, update: Update) {
        let id = update.id;
        let language = self.language(&update.kind);
        // In a box: what it may hold is 10 kB, and the future of an update is moved about several times.
        let handle = Box::pin(async {
            match update.kind {
                Kind::Message(message) => self.message(&message).await,
                Kind::CallbackQuery(query) => self.press(*query).await,
                Kind::InlineQuery(query) => self.ask_inline(query),
                Kind::MyChatMember(change) => self.membership(&change).await,
            }
        });
        let handle = language::scope(language, handle);
        if AssertUnwindSafe(handle).catch_unwind().await.is_err() {
            tracing::error!(update = id, "a handler panicked");
        }
    }

    /// The language in which an update is answered. That of an app is remembered for its private chat.
    fn language(&self, update: &Kind) -> Language {
        let (chat, is_private, user) = match update {
            Kind::Message(message) => (message.chat.id, message.chat.is_private(), message.from.as_ref()),
            Kind::CallbackQuery(query) => {
                let Some(message) = &query.message else { return Language::default() };
                (message.chat.id, message.chat.is_private(), Some(&query.from))
            }
            Kind::InlineQuery(query) => {
                let chat = i64::try_from(query.from.id).unwrap_or_default();
                (chat, true, Some(&query.from))
            }
            Kind::MyChatMember(_) => return Language::default(),
        };
        let chat = ChatId(chat);
        let app = user.filter(|_| is_private).and_then(|user| user.language_code.as_deref());
        let app = app.map(|tag| Language::of(tag).unwrap_or_default());
        match app {
            // Of strangers nothing is kept.
            Some(app) if self.access.of(chat) != Entry::In => app,
            Some(app) => {
                self.settings.hear(chat, app);
                self.settings.language(chat)
            }
            None => self.settings.language(chat),
        }
    }

    /// The bot was blocked or removed, or is there (again).
    async fn membership(&self, change: &ChatMemberUpdated) {
        let chat = ChatId(change.chat.id);
        let is_denied = self.access.of(chat) == Entry::Denied;
        let stored = if change.new_chat_member.is_present() {
            if is_denied {
                // Nothing that the chat does brings it back.
                return;
            }
            let stored = self.boards.come_back(chat);
            self.outbox.welcome(chat);
            stored
        } else {
            self.confirms.forget(chat);
            self.outbox.leave(chat)
        };
        if let Some(stored) = stored
            && let Err(error) = stored.await
        {
            tracing::warn!(chat = chat.0, %error, "that the bot was removed, or is back, is not stored");
        }
    }

    async fn message(self: &Arc<Self>, message: &Message) {
        if let Some((from, to)) = moved(message) {
            self.outbox.migrate(from, to);
            return;
        }
        if is_farewell(message, self.bot.id) {
            return;
        }
        let Some(said) = said(message) else { return };
        let entry = self.access.of(said.chat);
        if entry == Entry::Denied {
            return;
        }
        self.outbox.welcome(said.chat);
        let Some(words) = message.words() else { return };
        let replied = message.reply_to_message.as_deref().filter(|to| self.is_own(to) && !is_beginning(to));
        let catalog = self.declared.current();
        let context = Context {
            private: said.private,
            owner: self.is_owners(&said),
            bot: &self.bot.username,
            reply_to_bot: replied.is_some(),
            card: replied.and_then(|to| self.outbox.task_of(said.chat, MessageId(to.id))),
            catalog: &catalog,
            viewer: self.viewer(said.chat, &said.who, self.knows_admin(&said).await),
        };
        let parsed = parse(words, context);
        if parsed == Parsed::NotForUs || self.was_handled(said.chat, &said.origin) {
            return;
        }
        if entry == Entry::Stranger {
            return self.tell_stranger(&said).await;
        }
        let is_kill = matches!(parsed, Parsed::Command(Command::Kill(_) | Command::KillAll));
        if !self.takes(&said, is_kill).await {
            return;
        }
        if let Some(command) = wants_one(&parsed)
            && let Some(to) = replied
            && let Some(tasks) = self.outbox.tasks_of(said.chat, MessageId(to.id))
        {
            return self.answer_asked(&said, &boards::which_task(command, &tasks)).await;
        }
        match parsed {
            Parsed::Command(command) => self.command(said, command).await,
            Parsed::Error(error) => self.answer(&said, &sentences::parse_error(&error, self.max_fib)).await,
            Parsed::NotForUs => {}
        }
    }

    /// Whether the last process had handled it, and was not told that Telegram knows.
    fn was_handled(&self, chat: ChatId, origin: &Origin) -> bool {
        self.outbox.was_answered(chat, origin) || self.questions.was_asked(chat, origin)
    }

    /// Says what is no task. Where too much is to be said, that the bot is busy.
    async fn answer(&self, said: &Said, words: &str) {
        if let Err(seconds) = self.boards.overload().admits_words() {
            return self.outbox.say_busy(said.chat, said.origin.clone(), seconds).await;
        }
        self.outbox.say(said.chat, text(said.origin.clone(), words)).await;
    }

    /// As `answer`, but before what else is to be said: behind all that somebody has sent too much of, a warning would come when
    /// it is not true any more.
    async fn warn(&self, said: &Said, words: &str) {
        match self.boards.overload().admits_words() {
            Ok(()) => self.answer_asked(said, words).await,
            Err(seconds) => self.outbox.say_busy(said.chat, said.origin.clone(), seconds).await,
        }
    }

    /// As `answer`, for somebody for whom some of the pace is kept.
    async fn answer_asked(&self, said: &Said, words: &str) {
        self.outbox.say(said.chat, text(said.origin.clone(), words).asked()).await;
    }

    async fn command(self: &Arc<Self>, said: Said, command: Command) {
        let chat = said.chat;
        let bot = (!said.private).then_some(self.bot.username.as_str());
        let is_owner = self.is_owners(&said);
        if !matches!(command, Command::Submit(_)) {
            // It may be about a job that was sent in the same moment.
            self.boards.settled(chat).await;
        }
        let answer = match command {
            Command::Submit(Spec::Declared(call)) => return self.wished(said, Wish::Run(call)).await,
            Command::Submit(spec) => {
                match self.boards.submit(chat, said.who.person.clone(), said.origin.clone(), spec).await {
                    // The card is the answer.
                    Ok(_) => return,
                    Err(Refusal::Busy { seconds }) => {
                        return self.outbox.say_busy(chat, said.origin, seconds).await;
                    }
                    Err(why) => return self.answer(&said, &sentences::refusal(why)).await,
                }
            }
            Command::Schedule(when, spec) => return self.schedule(said, when, spec).await,
            Command::Schedules => {
                return self.answer_asked(&said, &self.all_schedules(chat)).await;
            }
            Command::Unschedule(ids) => return self.wished(said, Wish::Unschedule(ids)).await,
            Command::Retry(id) => return self.wished(said, Wish::Retry(id)).await,
            Command::Kill(ids) => return self.wished(said, Wish::Kill(ids)).await,
            Command::KillAll => return self.wished(said, Wish::KillAll).await,
            Command::Job(id) => return self.job(said, id).await,
            Command::Dash => {
                // Rendered when it is sent: a board that is seen moves on from there.
                let dash = Body::Dash(View::first(said.who.person.id));
                return self.outbox.say(chat, Answer::new(said.origin, dash).asked()).await;
            }
            Command::Timeline(theme) => {
                let body = Body::Timeline { theme, instead_of: None };
                return self.outbox.say(chat, Answer::new(said.origin, body).asked()).await;
            }
            Command::Settings(None) => Content::text(&self.all_settings(chat)),
            Command::Settings(Some(setting)) => return self.wished(said, Wish::Set(setting)).await,
            // Who is new waits for nobody's tasks.
            Command::Help(None) => return self.wished(said, Wish::Help).await,
            Command::Help(Some(topic)) => {
                return self.answer_asked(&said, &sentences::help_for(&topic, bot)).await;
            }
            Command::Start => {
                let viewer = self.viewer(chat, &said.who, self.knows_admin(&said).await);
                let declared = (&*self.declared.current(), &viewer);
                return self.answer_asked(&said, &sentences::welcome(bot, is_owner, declared)).await;
            }
            Command::Quit => return self.answer_asked(&said, &self.quit(&said)).await,
            // The grammar gives these to owners only, who are answered before others' tasks are.
            Command::Allow(None) | Command::Deny(None) => {
                return self.answer_asked(&said, &self.all_access()).await;
            }
            Command::Allow(Some(chat)) => return self.answer_asked(&said, &self.allow(chat).await).await,
            Command::Deny(Some(chat)) => return self.answer_asked(&said, &self.deny(chat).await).await,
            Command::Stats => return self.answer_asked(&said, &self.stats().await).await,
            Command::Workers => return self.answer_asked(&said, &self.workers()).await,
            Command::Pause => return self.answer_asked(&said, &self.pause(true).await).await,
            Command::Reload => return self.answer_asked(&said, &self.reload().await).await,
            Command::Resume => return self.answer_asked(&said, &self.pause(false).await).await,
        };
        self.outbox.say(chat, Answer::new(said.origin, Body::Message(answer))).await;
    }

    async fn wished(self: &Arc<Self>, said: Said, wish: Wish) {
        self.wish(said.chat, Request { who: said.who, wish, reply_to: said.origin }).await;
    }

    async fn job(&self, said: Said, id: Option<JobId>) {
        let Some(id) = id.or_else(|| self.boards.newest(said.chat)) else {
            return self.answer_asked(&said, &sentences::empty_board()).await;
        };
        if !self.send_result(said.chat, said.origin.clone(), id).await {
            self.answer_asked(&said, &self.no_such_task(said.chat, id)).await;
        }
    }

    fn no_such_task(&self, chat: ChatId, id: JobId) -> String {
        if self.boards.was_given(chat, id) {
            sentences::task_forgotten(id, &self.keep)
        } else {
            sentences::no_such_task(id)
        }
    }

    fn quit(&self, said: &Said) -> String {
        if self.roles.is_owner(&said.who) {
            self.quit.cancel();
            sentences::exiting()
        } else {
            sentences::quit_refused()
        }
    }

    fn is_own(&self, message: &Message) -> bool {
        message.from.as_ref().is_some_and(|from| from.id == self.bot.id)
    }
}

/// The command that is about one task, where it does not say which.
fn wants_one(parsed: &Parsed) -> Option<&'static str> {
    match parsed {
        Parsed::Error(ParseError::Missing { command: command @ ("kill" | "retry"), .. }) => Some(command),
        Parsed::Command(Command::Job(None)) => Some("job"),
        _ => None,
    }
}
