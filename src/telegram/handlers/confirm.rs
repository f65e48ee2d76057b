//! Questions before a declared command runs, or is scheduled: "Run deploy staging v1.4?". Each is in the store until it is answered, or is too
//! old, so that its buttons mean the same after a crash; and it is answered once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::future::join;
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Handlers,
    roles::{Actor, Rights},
    run::NotAllowed,
    wish::{Request, Wish},
};
use crate::{
    board::Refusal,
    declared::Declaration,
    job::{Call, ChatId, Origin, Spec},
    schedule::When,
    store::Write,
    telegram::{
        access::Entry,
        buttons::{Button, Question, row},
        lane::{Answer, Body},
        language,
        outbox::text,
        render::Content,
        sentences::{self, allowed as words},
    },
};

/// Questions of one chat that nobody has answered yet.
const MAX_OPEN: usize = 20;
/// Answered ones that are remembered; a button of another one says that it is over, and so does its message then.
const MAX_ANSWERED: u64 = 10_000;
/// The longest that a question is open: a clock that is set back changes nothing. As long it is remembered that one was answered.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// What is asked about.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Who wants it.
    pub(super) who: Actor,
    pub(super) call: Call,
    /// When it is to run, where that is not at once.
    pub(super) when: Option<When>,
    /// What the task comes from, if there will be one.
    pub(super) origin: Origin,
}

/// What the store keeps of it beside the [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    call: Call,
    #[serde(default)]
    when: Option<When>,
    /// A mark of what was declared when it was asked: what has changed since was not asked about.
    declared: String,
    /// Milliseconds since 1970. With it, a number that is given again after a restart is not taken for this one.
    asked: u64,
    /// When the answer comes too late.
    until: SystemTime,
}

/// A question that is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) chat: ChatId,
    pub(super) who: Actor,
    pub(super) call: Call,
    origin: Origin,
    pending: Pending,
}

/// All that are open.
pub(super) struct Confirms {
    // A std lock: held for a look or a change, never across an await.
    open: Mutex<HashMap<u64, Open>>,
    /// Those that were answered a while ago: their messages say how.
    answered: Cache<Question, ()>,
}

impl Confirms {
    pub(super) fn new() -> Self {
        let answered = Cache::builder().max_capacity(MAX_ANSWERED).time_to_live(MAX_WAIT).build();
        Self { open: Mutex::default(), answered }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The question, if it is open.
    pub(super) fn get(&self, question: Question) -> Option<Open> {
        self.open().get(&question.number).filter(|open| open.pending.asked == question.asked).cloned()
    }

    /// Takes the question: nobody else answers it any more.
    fn take(&self, question: Question) -> Option<Open> {
        let mut open = self.open();
        open.get(&question.number).filter(|open| open.pending.asked == question.asked)?;
        open.remove(&question.number)
    }

    /// What is open of a chat means nothing any more.
    pub(super) fn forget(&self, chat: ChatId) {
        self.open().retain(|_, open| open.chat != chat);
    }
}

impl Handlers {
    /// Asks whether it is to run. What is to be said at once, if anything.
    pub(super) async fn ask_to_run(
        self: &Arc<Self>,
        chat: ChatId,
        asked: Asked,
        declaration: &Declaration,
        is_press: bool,
    ) -> String {
        let Asked { who, call, when, origin } = asked;
        let now = SystemTime::now();
        let pending = Pending {
            call: call.clone(),
            when,
            declared: mark(declaration),
            asked: millis(now),
            until: now + self.confirm_within,
        };
        let open = Open { chat, who, call, origin, pending };
        let (number, open, is_new) = {
            let mut all = self.confirms.open();
            let same = all.iter().find(|(_, known)| known.chat == chat && known.origin == open.origin);
            match same.map(|(number, known)| (*number, known.clone())) {
                // It was asked before, and that was all that the last process could store.
                Some(_) if is_press => return sentences::roles::asked_already(),
                Some((number, known)) => (number, known, false),
                None if all.values().filter(|known| known.chat == chat).count() >= MAX_OPEN => {
                    return words::too_many_questions(MAX_OPEN);
                }
                None => {
                    let number = self.questions.next();
                    all.insert(number, open.clone());
                    (number, open, true)
                }
            }
        };
        let question = Question { number, asked: open.pending.asked };
        let stored = async {
            if is_new {
                self.keep_open(number, &open).await;
            }
        };
        // In this order, in one commit.
        join(stored, self.say_question(question, &open)).await;
        if is_new {
            self.expire_later(question, open.pending.until);
        }
        if is_press { words::confirm_below() } else { String::new() }
    }

    async fn keep_open(&self, number: u64, open: &Open) {
        let Open { chat, who, origin, pending, .. } = open.clone();
        let request = Request { who, wish: Wish::Asked(pending), reply_to: origin };
        // Texts and numbers are always JSON.
        let body = serde_json::to_string(&request).unwrap_or_default();
        let stored = self.store.write(Write::Ask { chat: self.boards.home(chat), question: number, body });
        if let Err(error) = stored.await {
            tracing::warn!(chat = chat.0, %error, "a question is not stored: after a crash its buttons mean nothing");
        }
    }

    async fn say_question(&self, question: Question, open: &Open) {
        let buttons = vec![
            Button::Run(question).labelled(words::yes()),
            Button::DoNotRun(question).labelled(words::no()),
        ];
        let content = Content {
            keyboard: Some(row(buttons)),
            ..Content::text(&words::question(&open.call, open.pending.when, self.confirm_within))
        };
        let reply_to = Origin { callback: None, ..open.origin.clone() };
        self.outbox.say(open.chat, Answer::new(reply_to, Body::Message(content)).asked()).await;
    }

    /// The "yes", from who was asked: it runs, if it still may.
    pub(super) async fn confirm(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        question: Question,
    ) -> String {
        let open = match self.answered_by(chat, who, reply_to, rights, question).await {
            Ok(open) => open,
            Err(words) => return words,
        };
        let declaration = match self.admitted(chat, who, rights, &open.call) {
            Ok(declaration) => declaration,
            Err(why) => {
                let told = words::refusal(&open.call.name, why);
                // Who may run it may be other again; what is gone is not what was asked about, even where it comes back.
                return match why {
                    NotAllowed::NotDeclared => self.close(chat, reply_to, question, told).await,
                    _ => told,
                };
            }
        };
        if mark(&declaration) != open.pending.declared {
            return self.close(chat, reply_to, question, words::declared_anew(&open.call.name)).await;
        }
        // Whoever takes it answers it.
        let Some(open) = self.confirms.take(question) else { return words::question_over() };
        // Before it runs: a second press changes nothing of what is said.
        self.confirms.answered.insert(question, ()).await;
        if let Some(when) = open.pending.when {
            return self.schedule_confirmed(chat, reply_to, question, (&open, when)).await;
        }
        let (person, spec) = (open.who.person.clone(), Spec::Declared(open.call.clone()));
        match self.boards.submit(chat, person, open.origin.clone(), spec).await {
            Ok(id) => {
                let edited = self.edit(chat, reply_to.clone(), Content::text(&words::runs(&open.call, id)));
                join(self.forget_question(question), edited).await;
                sentences::submitted(id)
            }
            Err(why) => {
                // It can be answered again.
                self.confirms.answered.invalidate(&question).await;
                let until = open.pending.until;
                self.confirms.open().insert(question.number, open);
                self.expire_later(question, until);
                match why {
                    Refusal::Busy { seconds } => self.outbox.busy_words(seconds),
                    why => sentences::refusal(why),
                }
            }
        }
    }

    /// The "yes" to a schedule: the question's text is what came of it then. Nothing is said twice, so there is no toast.
    async fn schedule_confirmed(
        &self,
        chat: ChatId,
        reply_to: &Origin,
        question: Question,
        (open, when): (&Open, When),
    ) -> String {
        let spec = Spec::Declared(open.call.clone());
        let told = self.put_down(chat, &open.who, &open.origin, when, spec).await;
        let edited = self.edit(chat, reply_to.clone(), Content::text(&told));
        join(self.forget_question(question), edited).await;
        String::new()
    }

    /// The "no".
    pub(super) async fn do_not_run(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        question: Question,
    ) -> String {
        match self.answered_by(chat, who, reply_to, rights, question).await {
            Ok(open) => {
                self.close(chat, reply_to, question, words::does_not_run(&open.call, open.pending.when))
                    .await;
                String::new()
            }
            Err(words) => words,
        }
    }

    /// The question, if it is theirs to answer and can still be answered; what they are told otherwise.
    async fn answered_by(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        question: Question,
    ) -> Result<Open, String> {
        let Some(open) = self.confirms.get(question) else {
            if self.confirms.answered.get(&question).await.is_none() {
                self.edit(chat, reply_to.clone(), Content::text(&words::question_over())).await;
            }
            return Err(words::question_over());
        };
        let is_theirs = open.who.person.id == who.person.id || open.who.user.is_none() && rights.is_admin();
        if !is_theirs {
            return Err(words::not_your_question(&open.who.person.name));
        }
        if open.pending.until <= SystemTime::now() {
            return Err(self.close(chat, reply_to, question, words::question_over()).await);
        }
        Ok(open)
    }

    /// The question is answered, and its message says how.
    async fn close(&self, chat: ChatId, reply_to: &Origin, question: Question, told: String) -> String {
        if self.confirms.take(question).is_some() {
            self.confirms.answered.insert(question, ()).await;
            let edited = self.edit(chat, reply_to.clone(), Content::text(&told));
            join(self.forget_question(question), edited).await;
        }
        told
    }

    async fn forget_question(&self, question: Question) {
        if let Err(error) = self.store.write(Write::Asked(question.number)).await {
            tracing::warn!(%error, "that a question was answered is not stored: it would be open again");
        }
    }

    /// Takes up a question that the last process had open.
    pub(super) fn restore_open(self: &Arc<Self>, chat: ChatId, number: u64, request: Request) {
        let Request { who, wish: Wish::Asked(pending), reply_to: origin } = request else { return };
        if self.boards.by_origin(chat, &origin).is_some() {
            // It was confirmed, and the task is there.
            drop(self.store.write(Write::Asked(number)));
            return;
        }
        let question = Question { number, asked: pending.asked };
        let until = pending.until;
        let open = Open { chat, who, call: pending.call.clone(), origin, pending };
        self.confirms.open().insert(number, open);
        self.expire_later(question, until);
    }

    fn expire_later(self: &Arc<Self>, question: Question, until: SystemTime) {
        let handlers = self.clone();
        let wait = until.duration_since(SystemTime::now()).unwrap_or_default();
        self.questions.spawn(async move {
            tokio::select! {
                () = handlers.questions.stopped() => {}
                () = tokio::time::sleep(wait.min(MAX_WAIT)) => handlers.expire(question).await,
            }
        });
    }

    /// Nobody has answered.
    async fn expire(self: &Arc<Self>, question: Question) {
        let Some(open) = self.confirms.take(question) else { return };
        let home = self.boards.home(open.chat);
        let told = async {
            if self.access.of(home) == Entry::Denied {
                return;
            }
            let reply_to = if home == open.chat { open.origin.clone() } else { Origin::nowhere() };
            let words = words::question_expired(&open.call, open.pending.when, self.confirm_within);
            self.outbox.say(home, text(Origin { callback: None, ..reply_to }, &words)).await;
        };
        let told = language::scope(self.settings.language(home), told);
        // In this order, in one commit.
        join(self.forget_question(question), told).await;
    }
}

/// Tells a declaration from what it was, or will be.
fn mark(declaration: &Declaration) -> String {
    let digest = Sha256::digest(format!("{declaration:?}").as_bytes());
    let first = digest.iter().take(16).fold(0_u128, |mark, byte| (mark << 8) | u128::from(*byte));
    format!("{first:032x}")
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
