//! Presses of buttons. Each is answered, since the person's client waits for it, and with what is true now: the message
//! that it belongs to may be old.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use futures_util::future::join;

use super::{
    Handlers,
    rate::Taken,
    roles::Actor,
    said::{actor, pressed_at},
    wish::{Request, Wish},
};
use crate::{
    job::{ChatId, JobId, MessageId, Origin},
    telegram::{
        access::Entry,
        buttons::Button,
        incoming::CallbackQuery,
        lane::{Answer, Body},
        render::{self, Content},
        sentences::{self, documents, owners, roles as words},
        whole,
    },
};

impl Handlers {
    pub(super) async fn press(self: &Arc<Self>, query: CallbackQuery) {
        let toast = |words: String| self.outbox.toast(query.id.clone(), words);
        // What is written into other chats has no buttons.
        let Some(message) = &query.message else { return toast(sentences::old_button()) };
        let chat = ChatId(message.chat.id);
        match self.access.of(chat) {
            Entry::In => self.outbox.welcome(chat),
            Entry::Stranger => return toast(owners::stranger(chat)),
            Entry::Denied => return toast(owners::denied()),
        }
        let button = query.data.as_deref().and_then(|data| Button::read(data, &self.key, chat));
        let task = || self.boards.job(chat, button.and_then(Button::task)?);
        let topic = || task().and_then(|snapshot| snapshot.job.origin.thread);
        let origin = pressed_at(message, &query.id, topic);
        if self.was_handled(chat, &origin) {
            return toast(String::new());
        }
        let who = actor(&query.from);
        if let Taken::Warned(wait) | Taken::Silence(wait) = self.takes_press(&who, button) {
            // Each press is answered: the person's app waits for it.
            return toast(sentences::rate_over_press(self.rate.limit(), wait));
        }
        // It may be about a job that was sent in the same moment.
        self.boards.settled(chat).await;
        let button = button.filter(|button| !self.is_of_another_run(chat, origin.message, *button));
        let Some(button) = button else { return toast(sentences::old_button()) };
        let wish = match button {
            Button::Kill(id) => Wish::Kill(vec![id]),
            Button::Retry(id) => Wish::Retry(id),
            Button::KillThese { first, more, .. } => Wish::KillThese(these(first, more)),
            Button::KillAll { last, own, asker } => Wish::KillAllUpTo(last, own.then_some(asker)),
            Button::Keep { asker } => Wish::Keep(asker),
            Button::Run(question) => Wish::Yes(question),
            Button::DoNotRun(question) => Wish::No(question),
            Button::Result(_) | Button::Whole(_) | Button::Page(_) | Button::Timeline(_) => {
                return toast(self.show(chat, &who, origin, button).await);
            }
        };
        self.wish(chat, Request { who, wish, reply_to: origin }).await;
    }

    /// Whether a press is one too many. One that kills, or answers whether to, is taken as a `kill` is.
    fn takes_press(&self, who: &Actor, button: Option<Button>) -> Taken {
        let is_kill = matches!(
            button,
            Some(Button::Kill(_) | Button::KillThese { .. } | Button::KillAll { .. } | Button::Keep { .. })
        );
        self.rate.take(who.person.id, is_kill, self.roles.is_owner(who), Instant::now())
    }

    /// Whether the message with the button is older than the task's command: it is about a task with the same number, from
    /// a board of before an old copy of the data folder was put back.
    fn is_of_another_run(&self, chat: ChatId, message: MessageId, button: Button) -> bool {
        let known = button.task().and_then(|id| self.boards.job(chat, id));
        known.is_some_and(|snapshot| message < snapshot.job.origin.message)
    }

    /// What everybody may see.
    async fn show(&self, chat: ChatId, who: &Actor, origin: Origin, button: Button) -> String {
        match button {
            Button::Result(id) | Button::Whole(id) => {
                let Some(snapshot) = self.boards.job(chat, id) else { return self.no_such_task(chat, id) };
                if self.is_again(chat, &origin, button, who).await {
                    return words::asked_already();
                }
                let form = whole::form(&snapshot.job, self.max_document).filter(|_| !snapshot.dropped);
                if matches!(button, Button::Whole(_)) {
                    self.send_whole(chat, origin, id).await;
                } else {
                    self.send_result(chat, origin, id).await;
                }
                form.map_or_else(String::new, |form| documents::on_its_way(form, self.max_document))
            }
            Button::Page(view) => {
                let turn = Body::Turn { message: origin.message, view: view.for_asker(who.person.id) };
                self.outbox.say(chat, Answer::new(origin, turn).asked()).await;
                String::new()
            }
            Button::Timeline(theme) => {
                let body = Body::Timeline { theme, instead_of: Some(origin.message) };
                self.outbox.say(chat, Answer::new(origin, body).asked()).await;
                String::new()
            }
            _ => String::new(),
        }
    }

    /// Whether the person has pressed the same button of the same message a moment ago. Of what asks for a message, and
    /// nothing else tells that one is on its way.
    pub(super) async fn is_again(&self, chat: ChatId, origin: &Origin, button: Button, who: &Actor) -> bool {
        let press = (chat, origin.message, button, who.person.id);
        !self.presses.entry(press).or_insert(()).await.is_fresh()
    }

    /// Sends what a task came to, as `job` does. False where there is no such task.
    pub(super) async fn send_result(&self, chat: ChatId, reply_to: Origin, id: JobId) -> bool {
        let Some(snapshot) = self.boards.job(chat, id) else { return false };
        let mut content = render::result(&snapshot, SystemTime::now());
        if self.settings.is_rich(chat) {
            content.rich = self.outbox.rich_result(&snapshot, "").await;
        }
        let result = Body::Message(content);
        let result = self.outbox.say(chat, Answer::new(reply_to.clone(), result).about(id).asked());
        if render::needs_whole(&snapshot.job) && !snapshot.dropped {
            // In this order, in one commit.
            join(result, self.send_whole(chat, reply_to, id)).await;
        } else {
            result.await;
        }
        true
    }

    async fn send_whole(&self, chat: ChatId, reply_to: Origin, id: JobId) {
        self.outbox.say(chat, Answer::new(reply_to, Body::Whole(id)).about(id).asked()).await;
    }

    /// Gives the message whose button was pressed another content.
    pub(super) async fn edit(&self, chat: ChatId, origin: Origin, content: Content) {
        // The message of a group that has moved meanwhile cannot be edited.
        if origin.is_here() {
            let Content { html, rich, keyboard, .. } = content;
            let body = Body::Edit { message: origin.message, html, rich, keyboard };
            self.outbox.say(chat, Answer::new(origin, body).asked()).await;
        }
    }
}

/// The tasks in a button: the first, and those after it whose bit is set.
fn these(first: JobId, more: u64) -> Vec<JobId> {
    let after = (0..u64::from(u64::BITS)).filter(|bit| more & (1 << bit) != 0);
    std::iter::once(first).chain(after.map(|bit| JobId(first.0.saturating_add(bit + 1)))).collect()
}
