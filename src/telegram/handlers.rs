//! What the bot does with an update. Nothing here waits: boards and outbox are told, and the next update is read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::SystemTime,
};

use teloxide::types::{CallbackQuery, Chat, MaybeInaccessibleMessage, Message, Update, UpdateKind, User};
use tokio_util::sync::CancellationToken;

use super::{
    buttons::{Button, row},
    lane::{Answer, Body},
    outbox::{Outbox, text},
    render::{self, Content},
    sentences,
};
use crate::{
    board::Boards,
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
            quit,
        }
    }

    /// Handles one update. A panic, which would be a bug, costs no other update.
    pub fn handle(&self, update: Update) {
        let id = update.id.0;
        let handled = catch_unwind(AssertUnwindSafe(|| match update.kind {
            UpdateKind::Message(message) => self.message(&message),
            UpdateKind::CallbackQuery(query) => self.press(query),
            // An edited command is not run again.
            _ => {}
        }));
        if handled.is_err() {
            tracing::error!(update = id, "a handler panicked");
        }
    }

    fn message(&self, message: &Message) {
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
        if parsed == Parsed::NotForUs {
            return;
        }
        if !self.is_allowed(said.chat) {
            self.outbox.say(said.chat, text(said.origin, &sentences::stranger(said.chat.0)));
            return;
        }
        match parsed {
            Parsed::Command(command) => self.command(said, command),
            Parsed::Error(error) => {
                self.outbox.say(said.chat, text(said.origin, &sentences::parse_error(&error, self.max_fib)));
            }
            Parsed::NotForUs => {}
        }
    }

    fn command(&self, said: Said, command: Command) {
        let chat = said.chat;
        let bot = (!said.private).then_some(self.bot.username.as_str());
        let answer = match command {
            Command::Submit(spec) => match self.boards.submit(chat, said.person, said.origin.clone(), spec) {
                // The card is the answer.
                Ok(_) => return,
                Err(why) => Content::text(&sentences::refusal(why)),
            },
            Command::Retry(id) => match self.boards.retry(chat, said.person, said.origin.clone(), id) {
                Ok(_) => return,
                Err(why) => Content::text(&sentences::retry_refusal(id, why)),
            },
            Command::Kill(ids) => {
                // The outbox hears of the report when the work has stopped.
                self.boards.kill(chat, &said.person, said.origin, &ids);
                return;
            }
            Command::KillAll => self.kill_all_question(chat),
            Command::Job(id) => return self.job(said, id),
            Command::Dash => render::dash(&self.boards.page(chat, 0), SystemTime::now()),
            Command::Help(None) => Content::text(&sentences::help(bot)),
            Command::Help(Some(entry)) => Content::text(&sentences::help_for(entry, bot)),
            Command::Start => Content::text(&sentences::welcome(bot)),
            Command::Quit => Content::text(self.quit(&said)),
        };
        self.outbox.say(chat, Answer { reply_to: said.origin, about: None, body: Body::Message(answer) });
    }

    fn job(&self, said: Said, id: Option<JobId>) {
        let Some(id) = id.or_else(|| self.boards.newest(said.chat)) else {
            return self.outbox.say(said.chat, text(said.origin, sentences::EMPTY_BOARD));
        };
        let Some(snapshot) = self.boards.job(said.chat, id) else {
            return self.outbox.say(said.chat, text(said.origin, &sentences::no_such_task(id)));
        };
        let result = Body::Message(render::result(&snapshot, SystemTime::now()));
        self.outbox.say(said.chat, Answer { reply_to: said.origin.clone(), about: Some(id), body: result });
        if render::needs_whole(&snapshot.job) {
            self.send_whole(said.chat, said.origin, id);
        }
    }

    fn send_whole(&self, chat: ChatId, reply_to: Origin, id: JobId) {
        self.outbox.say(chat, Answer { reply_to, about: Some(id), body: Body::Whole(id) });
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
    fn press(&self, query: CallbackQuery) {
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
        let toast = self.pressed(chat, person(&query.from), origin, button);
        self.outbox.toast(query.id.0, toast);
    }

    /// Whether the message with the button is older than the task's command: a card of a task with the same number,
    /// from before a restart.
    fn is_of_another_run(&self, chat: ChatId, message: MessageId, button: Button) -> bool {
        let (Button::Kill(id) | Button::Retry(id) | Button::Whole(id)) = button else { return false };
        self.boards.job(chat, id).is_some_and(|snapshot| message < snapshot.job.origin.message)
    }

    fn pressed(&self, chat: ChatId, person: Person, origin: Origin, button: Button) -> String {
        match button {
            _ if self.is_of_another_run(chat, origin.message, button) => sentences::OLD_BUTTON.to_owned(),
            Button::Kill(id) => match self.boards.job(chat, id) {
                None => sentences::no_such_task(id),
                Some(snapshot) if snapshot.job.state.is_finished() => {
                    sentences::already(id, snapshot.job.state.word())
                }
                Some(_) => {
                    self.boards.kill(chat, &person, origin, &[id]);
                    sentences::killing(id)
                }
            },
            Button::Retry(id) => match self.boards.retry(chat, person, origin, id) {
                Ok(new) => sentences::submitted(new),
                Err(why) => sentences::retry_refusal(id, why),
            },
            Button::Whole(id) if self.boards.job(chat, id).is_none() => sentences::no_such_task(id),
            Button::Whole(id) => {
                self.send_whole(chat, origin, id);
                String::new()
            }
            Button::Page(number) => {
                let page = render::dash(&self.boards.page(chat, number), SystemTime::now());
                self.edit(chat, origin, page);
                String::new()
            }
            Button::KillAll(last) => {
                let mut ids = self.boards.unfinished(chat);
                ids.retain(|id| *id <= last);
                if ids.is_empty() {
                    self.edit(chat, origin, Content::text(sentences::NOTHING_RUNNING));
                    return String::new();
                }
                let question = origin.clone();
                self.edit(chat, question, Content::text(&sentences::killing_all(ids.len())));
                self.boards.kill(chat, &person, origin, &ids);
                String::new()
            }
            Button::KeepAll => {
                self.edit(chat, origin, Content::text(sentences::NOTHING_KILLED));
                String::new()
            }
        }
    }

    /// Gives the message whose button was pressed another content.
    fn edit(&self, chat: ChatId, origin: Origin, content: Content) {
        let body = Body::Edit { message: origin.message, html: content.html, keyboard: content.keyboard };
        self.outbox.say(chat, Answer { reply_to: origin, about: None, body });
    }

    fn is_own(&self, message: &Message) -> bool {
        message.from.as_ref().is_some_and(|from| from.id.0 == self.bot.id)
    }

    fn is_allowed(&self, chat: ChatId) -> bool {
        self.allowed_chats.is_empty() || self.allowed_chats.contains(&chat.0)
    }
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
