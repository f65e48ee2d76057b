//! What the bot does with an update. When a handler returns, what it did is stored; for anything else, a job or
//! Telegram, it never waits.

use std::{panic::AssertUnwindSafe, sync::Arc, time::SystemTime};

use futures_util::{FutureExt, future::join};
use teloxide::types::{CallbackQuery, Chat, MaybeInaccessibleMessage, Message, Update, UpdateKind, User};
use tokio_util::sync::CancellationToken;

use super::{
    buttons::{Button, row},
    lane::{Answer, Body},
    outbox::{Outbox, text},
    render::{self, Content},
    sentences::{self, documents},
    whole,
};
use crate::{
    board::{Boards, RetryRefusal},
    command::{Command, Context, Parsed, parse},
    config::Config,
    job::{ChatId, JobId, MessageId, Origin, Person},
};

/// What handlers work with.
pub struct Handlers {
    boards: Arc<Boards>,
    outbox: Arc<Outbox>,
    bot: Bot,
    owners: Vec<i64>,
    allowed_chats: Vec<i64>,
    max_fib: u64,
    max_document: u64,
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

/// Where something was said, and by whom.
struct Said {
    chat: ChatId,
    private: bool,
    person: Person,
    /// The Telegram user behind it: an anonymous admin is no owner.
    user: Option<i64>,
    origin: Origin,
}

impl Handlers {
    /// Handlers for one bot; `quit` is cancelled when an owner says so.
    pub fn new(
        boards: Arc<Boards>,
        outbox: Arc<Outbox>,
        bot: Bot,
        config: &Config,
        quit: CancellationToken,
    ) -> Self {
        Self {
            boards,
            outbox,
            bot,
            owners: config.owners.0.clone(),
            allowed_chats: config.allowed_chats.0.clone(),
            max_fib: config.max_fib,
            max_document: config.max_document,
            quit,
        }
    }

    /// Handles one update; its effect is stored when this returns. A panic, which would be a bug, costs no other update.
    pub async fn handle(&self, update: Update) {
        let id = update.id.0;
        let handle = async {
            match update.kind {
                UpdateKind::Message(message) => self.message(&message).await,
                UpdateKind::CallbackQuery(query) => self.press(query).await,
                // An edited command is not run again.
                _ => {}
            }
        };
        if AssertUnwindSafe(handle).catch_unwind().await.is_err() {
            tracing::error!(update = id, "a handler panicked");
        }
    }

    async fn message(&self, message: &Message) {
        if let Some((from, to)) = moved(message) {
            self.outbox.migrate(from, to);
            return;
        }
        let Some(said) = said(message) else { return };
        self.outbox.welcome(said.chat);
        let Some(words) = message.text() else { return };
        let replied = message.reply_to_message().filter(|to| self.is_own(to));
        let context = Context {
            private: said.private,
            bot: &self.bot.username,
            reply_to_bot: replied.is_some(),
            card: replied.and_then(|to| self.outbox.task_of(said.chat, MessageId(to.id.0))),
        };
        let parsed = parse(words, context);
        if parsed == Parsed::NotForUs || self.outbox.was_answered(said.chat, &said.origin) {
            return;
        }
        if !self.is_allowed(said.chat) {
            return self.answer(&said, &sentences::stranger(said.chat.0)).await;
        }
        match parsed {
            Parsed::Command(command) => self.command(said, command).await,
            Parsed::Error(error) => self.answer(&said, &sentences::parse_error(&error, self.max_fib)).await,
            Parsed::NotForUs => {}
        }
    }

    async fn answer(&self, said: &Said, words: &str) {
        self.outbox.say(said.chat, text(said.origin.clone(), words)).await;
    }

    async fn command(&self, said: Said, command: Command) {
        let chat = said.chat;
        let bot = (!said.private).then_some(self.bot.username.as_str());
        if !matches!(command, Command::Submit(_)) {
            // It may be about a job that was sent in the same moment.
            self.boards.settled(chat).await;
        }
        let answer = match command {
            Command::Submit(spec) => {
                match self.boards.submit(chat, said.person, said.origin.clone(), spec).await {
                    // The card is the answer.
                    Ok(_) => return,
                    Err(why) => Content::text(&sentences::refusal(why)),
                }
            }
            Command::Retry(id) => match self.boards.retry(chat, said.person, said.origin.clone(), id).await {
                Ok(_) => return,
                Err(RetryRefusal::Unknown) => Content::text(&self.no_such_task(chat, id)),
                Err(why) => Content::text(&sentences::retry_refusal(id, why)),
            },
            Command::Kill(ids) => {
                // The outbox hears of the report when the work has stopped.
                let killed = self.boards.kill(chat, &said.person, said.origin.clone(), &ids).await;
                match killed {
                    Ok(()) => return,
                    Err(why) => Content::text(&sentences::kill_not_stored(&why)),
                }
            }
            Command::KillAll => self.kill_all_question(chat),
            Command::Job(id) => return self.job(said, id).await,
            Command::Dash => render::dash(&self.boards.page(chat, 0), SystemTime::now()),
            Command::Timeline(theme) => {
                let body = Body::Timeline { theme, instead_of: None };
                return self.outbox.say(chat, Answer::new(said.origin, body)).await;
            }
            Command::Help(None) => Content::text(&sentences::help(bot)),
            Command::Help(Some(entry)) => Content::text(&sentences::help_for(entry, bot)),
            Command::Start => Content::text(&sentences::welcome(bot)),
            Command::Quit => Content::text(self.quit(&said)),
        };
        self.outbox.say(chat, Answer::new(said.origin, Body::Message(answer))).await;
    }

    async fn job(&self, said: Said, id: Option<JobId>) {
        let Some(id) = id.or_else(|| self.boards.newest(said.chat)) else {
            return self.answer(&said, sentences::EMPTY_BOARD).await;
        };
        let Some(snapshot) = self.boards.job(said.chat, id) else {
            return self.answer(&said, &self.no_such_task(said.chat, id)).await;
        };
        let result = Body::Message(render::result(&snapshot, SystemTime::now()));
        let result = Answer::new(said.origin.clone(), result).about(id);
        if render::needs_whole(&snapshot.job) && !snapshot.dropped {
            let words = self.outbox.say(said.chat, result);
            // In this order, in one commit.
            join(words, self.send_whole(said.chat, said.origin, id)).await;
        } else {
            self.outbox.say(said.chat, result).await;
        }
    }

    async fn send_whole(&self, chat: ChatId, reply_to: Origin, id: JobId) {
        self.outbox.say(chat, Answer::new(reply_to, Body::Whole(id)).about(id)).await;
    }

    fn no_such_task(&self, chat: ChatId, id: JobId) -> String {
        if self.boards.was_given(chat, id) {
            sentences::task_forgotten(id)
        } else {
            sentences::no_such_task(id)
        }
    }

    fn kill_all_question(&self, chat: ChatId) -> Content {
        let unfinished = self.boards.unfinished(chat);
        let Some(last) = unfinished.last() else { return Content::text(sentences::NOTHING_RUNNING) };
        let kill = Button::KillAll(*last).labelled(format!("Kill {}", unfinished.len()));
        Content {
            keyboard: Some(row(vec![kill, Button::KeepAll.labelled("Keep")])),
            ..Content::text(&sentences::kill_all_question(unfinished.len()))
        }
    }

    fn quit(&self, said: &Said) -> &'static str {
        if said.user.is_some_and(|user| self.owners.contains(&user)) {
            self.quit.cancel();
            sentences::EXITING
        } else {
            sentences::QUIT_REFUSED
        }
    }

    /// A press is always answered: the person's client waits for it.
    async fn press(&self, query: CallbackQuery) {
        let button = query.data.as_deref().and_then(Button::read);
        let (Some(button), Some(message)) = (button, &query.message) else {
            return self.outbox.toast(query.id.0, sentences::OLD_BUTTON.to_owned());
        };
        let chat = ChatId(message.chat().id.0);
        self.outbox.welcome(chat);
        if !self.is_allowed(chat) {
            return self.outbox.toast(query.id.0, sentences::stranger(chat.0));
        }
        let origin = Origin {
            message: MessageId(message.id().0),
            thread: match message {
                MaybeInaccessibleMessage::Regular(message) => thread(message),
                MaybeInaccessibleMessage::Inaccessible(_) => None,
            },
            callback: Some(query.id.0.clone()),
        };
        if self.outbox.was_answered(chat, &origin) {
            return self.outbox.toast(query.id.0, String::new());
        }
        self.boards.settled(chat).await;
        let toast = self.pressed(chat, person(&query.from), origin, button).await;
        self.outbox.toast(query.id.0, toast);
    }

    /// Whether the message with the button is older than the task's command: a card of a task with the same number, from
    /// a board whose data folder is gone.
    fn is_of_another_run(&self, chat: ChatId, message: MessageId, button: Button) -> bool {
        let (Button::Kill(id) | Button::Retry(id) | Button::Whole(id)) = button else { return false };
        self.boards.job(chat, id).is_some_and(|snapshot| message < snapshot.job.origin.message)
    }

    async fn pressed(&self, chat: ChatId, person: Person, origin: Origin, button: Button) -> String {
        match button {
            _ if self.is_of_another_run(chat, origin.message, button) => sentences::OLD_BUTTON.to_owned(),
            Button::Kill(id) => match self.boards.job(chat, id) {
                None => self.no_such_task(chat, id),
                Some(snapshot) if snapshot.job.state.is_finished() => {
                    sentences::already(id, snapshot.job.state.word())
                }
                Some(_) => match self.boards.kill(chat, &person, origin, &[id]).await {
                    Ok(()) => sentences::killing(id),
                    Err(why) => sentences::kill_not_stored(&why),
                },
            },
            Button::Retry(id) => match self.boards.retry(chat, person, origin, id).await {
                Ok(new) => sentences::submitted(new),
                Err(RetryRefusal::Unknown) => self.no_such_task(chat, id),
                Err(why) => sentences::retry_refusal(id, why),
            },
            Button::Whole(id) => {
                let Some(snapshot) = self.boards.job(chat, id) else { return self.no_such_task(chat, id) };
                self.send_whole(chat, origin, id).await;
                let form = whole::form(&snapshot.job, self.max_document).filter(|_| !snapshot.dropped);
                form.map_or_else(String::new, |form| documents::on_its_way(form, self.max_document))
            }
            Button::Page(number) => {
                let page = render::dash(&self.boards.page(chat, number), SystemTime::now());
                self.edit(chat, origin, page).await;
                String::new()
            }
            Button::Timeline(theme) => {
                let body = Body::Timeline { theme, instead_of: Some(origin.message) };
                self.outbox.say(chat, Answer::new(origin, body)).await;
                String::new()
            }
            Button::KillAll(last) => {
                let mut ids = self.boards.unfinished(chat);
                ids.retain(|id| *id <= last);
                if ids.is_empty() {
                    self.edit(chat, origin, Content::text(sentences::NOTHING_RUNNING)).await;
                    return String::new();
                }
                let question = origin.clone();
                let words = Content::text(&sentences::killing_all(ids.len()));
                // Together, the kill first: the words alone would be a promise that a crash breaks.
                let kill = self.boards.kill(chat, &person, origin, &ids);
                match join(kill, self.edit(chat, question, words)).await.0 {
                    Ok(()) => String::new(),
                    Err(why) => sentences::kill_not_stored(&why),
                }
            }
            Button::KeepAll => {
                self.edit(chat, origin, Content::text(sentences::NOTHING_KILLED)).await;
                String::new()
            }
        }
    }

    /// Gives the message whose button was pressed another content.
    async fn edit(&self, chat: ChatId, origin: Origin, content: Content) {
        let body = Body::Edit { message: origin.message, html: content.html, keyboard: content.keyboard };
        self.outbox.say(chat, Answer::new(origin, body)).await;
    }

    fn is_own(&self, message: &Message) -> bool {
        message.from.as_ref().is_some_and(|from| from.id.0 == self.bot.id)
    }

    fn is_allowed(&self, chat: ChatId) -> bool {
        let is_listed = |chat: ChatId| self.allowed_chats.contains(&chat.0);
        // A supergroup is allowed what its group was.
        self.allowed_chats.is_empty() || is_listed(chat) || self.boards.former(chat).is_some_and(is_listed)
    }
}

/// The old and the new id of a group that has become a supergroup: both chats are told.
fn moved(message: &Message) -> Option<(ChatId, ChatId)> {
    let here = ChatId(message.chat.id.0);
    let to = message.migrate_to_chat_id().map(|to| (here, ChatId(to.0)));
    to.or_else(|| message.migrate_from_chat_id().map(|from| (ChatId(from.0), here)))
}

/// Who said it and where; `None` for what is no command whatever its text: channels, other bots, forwarded messages.
fn said(message: &Message) -> Option<Said> {
    if message.chat.is_channel() || message.forward_origin().is_some() {
        return None;
    }
    // Anonymous admins and channels write through bot accounts of Telegram's own, with `sender_chat`.
    let (person, user) = match (&message.sender_chat, &message.from) {
        (Some(chat), _) => (Person { id: chat.id.0, name: chat_name(chat) }, None),
        (None, Some(user)) if !user.is_bot => (person(user), i64::try_from(user.id.0).ok()),
        _ => return None,
    };
    let origin = Origin { message: MessageId(message.id.0), thread: thread(message), callback: None };
    Some(Said { chat: ChatId(message.chat.id.0), private: message.chat.is_private(), person, user, origin })
}

fn person(user: &User) -> Person {
    Person { id: i64::try_from(user.id.0).unwrap_or_default(), name: user.full_name() }
}

fn chat_name(chat: &Chat) -> String {
    chat.title().unwrap_or("a chat").to_owned()
}

/// The forum topic; replies in groups without topics have a thread too, which must not be named.
fn thread(message: &Message) -> Option<i32> {
    message.thread_id.filter(|_| message.is_topic_message).map(|thread| thread.0.0)
}
