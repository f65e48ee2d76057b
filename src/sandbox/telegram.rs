//! The tests' side of the sandbox: people who act, and everything that can be seen.

use std::sync::Arc;

use serde_json::Value;

use super::{
    faults::{Fault, FaultState, Fired},
    shared::Shared,
    view::{Call, CallbackAnswer, ChatId, Message, MessageId, PersonId, View},
};

/// The sandbox's Telegram, as its people see it. A cheap clone.
///
/// What a real client would not offer (to write in a chat one is not in, say) is a mistake of the test and panics at the
/// caller's line; everything the bot can do wrong is an error of the Bot API and never a panic.
#[derive(Clone)]
pub struct Telegram(pub(super) Arc<Shared>);

/// What people do.
#[expect(
    clippy::must_use_candidate,
    reason = "people act; what comes back is for those who want to go on with it"
)]
impl Telegram {
    /// A new person with a private chat with the bot.
    pub fn person(&self, first_name: &str) -> PersonId {
        PersonId(self.0.change(|world| world.add_person(first_name)))
    }

    /// The person's chat with the bot.
    pub fn private_chat(&self, person: PersonId) -> ChatId {
        ChatId(person.0)
    }

    /// A new group of these people and the bot. The first of them is its owner.
    pub fn group(&self, title: &str, people: &[PersonId]) -> ChatId {
        let people: Vec<i64> = people.iter().map(|person| person.0).collect();
        ChatId(self.0.change(|world| world.add_group(title, &people)))
    }

    /// A person writes a message.
    #[track_caller]
    pub fn say(&self, chat: ChatId, person: PersonId, text: &str) -> MessageId {
        MessageId(must(self.0.change(|world| world.say(chat.0, person.0, text, None))))
    }

    /// A person writes in reply to a message.
    #[track_caller]
    pub fn reply(&self, chat: ChatId, person: PersonId, to: MessageId, text: &str) -> MessageId {
        MessageId(must(self.0.change(|world| world.say(chat.0, person.0, text, Some(to.0)))))
    }

    /// A person changes a message of theirs.
    #[track_caller]
    pub fn edit(&self, chat: ChatId, person: PersonId, message: MessageId, text: &str) {
        must(self.0.change(|world| world.edit(chat.0, person.0, message.0, text)));
    }

    /// A person presses a button with this data, whether the keyboard still shows it or not; gives the query's id.
    #[track_caller]
    pub fn press(&self, chat: ChatId, person: PersonId, message: MessageId, data: &str) -> String {
        must(self.0.change(|world| world.press(chat.0, person.0, message.0, data)))
    }

    /// A person presses the button with this label; gives the query's id.
    #[track_caller]
    pub fn press_label(&self, chat: ChatId, person: PersonId, message: MessageId, label: &str) -> String {
        let found = self.message(chat, message);
        let buttons = found.map(|message| message.buttons).unwrap_or_default();
        let button = buttons.iter().find(|(text, _)| text == label).map(|(_, data)| data.as_str());
        self.press(
            chat,
            person,
            message,
            must(button.ok_or_else(|| format!("no button \"{label}\" in {buttons:?}"))),
        )
    }

    /// A message goes, as Telegram lets it: the bot hears nothing.
    #[track_caller]
    pub fn delete(&self, chat: ChatId, message: MessageId) {
        let found = self.0.change(|world| world.delete(chat.0, message.0));
        must(found.then_some(()).ok_or_else(|| format!("there is no message {message}")));
    }

    /// A person blocks the bot.
    pub fn block(&self, person: PersonId) {
        self.0.change(|world| world.set_blocked(person.0, true));
    }

    /// A person takes that back.
    pub fn unblock(&self, person: PersonId) {
        self.0.change(|world| world.set_blocked(person.0, false));
    }

    /// A group throws the bot out.
    pub fn kick_bot(&self, chat: ChatId) {
        self.0.change(|world| world.set_kicked(chat.0, true));
    }

    /// A group takes the bot back.
    pub fn invite_bot(&self, chat: ChatId) {
        self.0.change(|world| world.set_kicked(chat.0, false));
    }

    /// A new channel that people can write as.
    pub fn channel(&self, title: &str) -> ChatId {
        ChatId(self.0.change(|world| world.add_channel(title, None)))
    }

    /// Somebody of the group becomes an admin, or none any more.
    #[track_caller]
    pub fn set_admin(&self, chat: ChatId, person: PersonId, is_admin: bool) {
        must(self.0.change(|world| world.set_admin(chat.0, person.0, is_admin)));
    }

    /// An admin writes as the group, or under their own name again. Buttons are always pressed by the person.
    #[track_caller]
    pub fn set_anonymous(&self, chat: ChatId, person: PersonId, is_anonymous: bool) {
        must(self.0.change(|world| world.set_anonymous(chat.0, person.0, is_anonymous)));
    }

    /// The bot becomes an admin of the group, or none any more.
    pub fn set_bot_admin(&self, chat: ChatId, is_admin: bool) {
        self.0.change(|world| world.set_bot_admin(chat.0, is_admin));
    }

    /// The group's members are hidden: only admins can ask who somebody is there.
    pub fn hide_members(&self, chat: ChatId) {
        self.0.change(|world| {
            if let Some(chat) = world.chats.get_mut(&chat.0) {
                chat.ranks.hides_members = true;
            }
        });
    }

    /// A group becomes a supergroup: the same people and title under a new id, without the old messages. The bot hears
    /// of it by two service messages, and every call about the old chat is refused.
    #[track_caller]
    pub fn migrate(&self, group: ChatId) -> ChatId {
        ChatId(must(self.0.change(|world| world.migrate(group.0, true))))
    }

    /// The same, but the bot hears of it only by the error of its next call.
    #[track_caller]
    pub fn migrate_in_silence(&self, group: ChatId) -> ChatId {
        ChatId(must(self.0.change(|world| world.migrate(group.0, false))))
    }

    /// Delivers a message once more, as a new update: the bot sees the same message twice.
    pub fn deliver_again(&self, chat: ChatId, message: MessageId) {
        self.0.change(|world| world.deliver("message", chat.0, message.0));
    }

    /// Delivers any update: `kind` is the name of its field, `content` the object in it. Gives its `update_id`.
    pub fn raw_update(&self, kind: &str, content: Value) -> i64 {
        self.0.change(|world| world.push_update(kind, content))
    }

    /// Puts a fault in the bot's way, behind those that are there.
    pub fn fault(&self, fault: Fault) -> Fired {
        let (state, fired) = FaultState::new(fault);
        self.0.change(|world| world.faults.push(state));
        fired
    }

    /// Takes all faults away. Gates that hold an answer stay as they are.
    pub fn clear_faults(&self) {
        self.0.change(|world| world.faults.clear());
    }
}

/// What can be seen.
impl Telegram {
    /// Looks at one moment; several reads in it agree with each other.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.0.read(|world| look(&View(world)))
    }

    /// A chat's messages, oldest first.
    #[must_use]
    pub fn messages(&self, chat: ChatId) -> Vec<Message> {
        self.view(|view| view.messages(chat))
    }

    /// One message, if it is still there.
    #[must_use]
    pub fn message(&self, chat: ChatId, id: MessageId) -> Option<Message> {
        self.view(|view| view.message(chat, id))
    }

    /// What the bot answered to pressed buttons.
    #[must_use]
    pub fn callback_answers(&self) -> Vec<CallbackAnswer> {
        self.0.read(|world| View(world).callback_answers())
    }

    /// The command menu: names and descriptions.
    #[must_use]
    pub fn commands(&self) -> Vec<(String, String)> {
        self.0.read(|world| View(world).commands())
    }

    /// The latest calls of the bot (at most 20,000), oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.read(|world| View(world).calls())
    }

    /// The offset up to which the bot has confirmed its updates; 0: none yet.
    #[must_use]
    pub fn confirmed_offset(&self) -> i64 {
        self.0.read(|world| View(world).confirmed_offset())
    }

    /// Waits until the condition gives something; it is asked now and after every change. It must not call the
    /// `Telegram` itself. The caller bounds the wait with a timeout of its own.
    pub async fn until<T>(&self, mut condition: impl FnMut(&View<'_>) -> Option<T>) -> T {
        let mut changes = self.0.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.view(|view| condition(view)) {
                return found;
            }
            if changes.changed().await.is_err() {
                // The sender lives in what `self` holds.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits for a message of the bot that `wanted` takes; the oldest, if there are several.
    pub async fn wait_message(&self, chat: ChatId, mut wanted: impl FnMut(&Message) -> bool) -> Message {
        self.until(|view| view.messages(chat).into_iter().find(|message| message.from_bot && wanted(message)))
            .await
    }

    /// A chat in a few lines, for a failed test to print.
    #[must_use]
    pub fn dump(&self, chat: ChatId) -> String {
        let line = |message: Message| {
            let who = message.person.map_or_else(|| "bot".to_owned(), |person| person.to_string());
            let reply = message.reply_to.map_or_else(String::new, |id| format!(" (to {id})"));
            format!("{:>4} {who}{reply}: {:?} {:?}\n", message.id.0, message.text, message.buttons)
        };
        self.messages(chat).into_iter().map(line).collect()
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "the test asked for what no client offers: it must stop at that line")]
pub(super) fn must<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(what) => panic!("{what}"),
    }
}
