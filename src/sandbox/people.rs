//! What people do in the sandbox, on the page and in tests.

use serde_json::json;

use super::{
    json,
    text::{MAX_CAPTION, MAX_TEXT, Text},
    world::{Event, Media, Message, World},
};

/// What a person sends, and how.
#[derive(Clone, Debug, Default)]
pub(super) struct Saying {
    /// The caption where there is a file.
    pub(super) text: String,
    pub(super) reply_to: Option<i32>,
    /// The topic; where there is none, that of the message that is replied to.
    pub(super) thread: Option<i32>,
    /// The group itself (an anonymous admin) or a channel of the person's.
    pub(super) speaks_as: Option<i64>,
    pub(super) media: Option<Media>,
}

/// What people do. The errors are for the page: one sentence each.
impl World {
    /// A person writes; the bot gets the message, unless privacy mode hides it.
    pub(super) fn say(
        &mut self,
        chat: i64,
        person: i64,
        text: &str,
        reply_to: Option<i32>,
    ) -> Result<i32, String> {
        self.send_as(chat, person, Saying { text: text.to_owned(), reply_to, ..Saying::default() })
    }

    /// A person sends something, in a topic perhaps, as themselves or as a chat.
    pub(super) fn send_as(&mut self, chat: i64, person: i64, saying: Saying) -> Result<i32, String> {
        self.check_member(chat, person)?;
        let Saying { text, reply_to, thread, speaks_as, media } = saying;
        if let Some(id) = reply_to.filter(|id| self.message(chat, *id).is_none()) {
            return Err(format!("there is no message {id} to reply to"));
        }
        let sender_chat = speaks_as.or_else(|| self.speaks_as(chat, person));
        self.check_speaker(chat, person, sender_chat)?;
        let topic_of = |id| self.message(chat, id).and_then(|message| message.thread);
        let thread = thread.or_else(|| reply_to.and_then(topic_of));
        // Admins write where others may not.
        if let Some(what) = self.topic_refusal(chat, thread)
            && (what != super::topics::CLOSED || !self.is_admin(chat, person))
        {
            return Err(what.to_owned());
        }
        let text = if media.is_some() { typed_caption(&text)? } else { typed(&text)? };
        let message = Message { sender_chat, media, thread, ..Message::new(Some(person), text, reply_to) };
        let id = self.add_message(chat, message);
        self.deliver("message", chat, id);
        Ok(id)
    }

    /// An admin may speak as the group, the owner of a channel as the channel.
    fn check_speaker(&self, chat: i64, person: i64, speaks_as: Option<i64>) -> Result<(), String> {
        let may = match speaks_as {
            None => true,
            Some(as_chat) if as_chat == chat => self.is_admin(chat, person),
            Some(channel) => self
                .channels
                .get(&channel)
                .is_some_and(|channel| channel.owner.is_none_or(|owner| owner == person)),
        };
        if may { Ok(()) } else { Err("only who runs a chat may speak as it".to_owned()) }
    }

    /// A person changes a message of theirs.
    pub(super) fn edit(&mut self, chat: i64, person: i64, id: i32, text: &str) -> Result<(), String> {
        self.check_member(chat, person)?;
        let text = typed(text)?;
        let message = self.chats.get_mut(&chat).and_then(|chat| chat.messages.get_mut(&id));
        let message = message.ok_or_else(|| format!("there is no message {id}"))?;
        if message.person != Some(person) {
            return Err("only one's own messages can be edited".to_owned());
        }
        message.text = text;
        message.mark_edited();
        self.event(Event::Edited { chat, id });
        self.deliver("edited_message", chat, id);
        Ok(())
    }

    /// A person presses a button; the bot gets a callback query, whose id is given. Whether the keyboard still has that
    /// button is not asked: a client may show an older one than the server has.
    pub(super) fn press(&mut self, chat: i64, person: i64, id: i32, data: &str) -> Result<String, String> {
        self.check_member(chat, person)?;
        let message = self.message(chat, id).ok_or_else(|| format!("there is no message {id}"))?;
        if message.person.is_some() {
            return Err("only the bot's messages have buttons".to_owned());
        }
        let content = json::message(self, chat, message);
        let query = self.add_callback(chat, person);
        let from = json::person(self, person);
        self.push_update(
            "callback_query",
            json!({"id": query, "from": from, "message": content, "chat_instance": format!("{chat}"), "data": data}),
        );
        Ok(query)
    }

    /// A person blocks the bot or takes it back.
    pub(super) fn set_blocked(&mut self, person: i64, has_blocked: bool) {
        if let Some(person) = self.people.get_mut(&person) {
            person.has_blocked = has_blocked;
        }
        self.bot_membership(person, person, has_blocked);
        self.event(Event::Reload);
    }

    /// Somebody of the group throws the bot out or takes it back.
    pub(super) fn set_kicked(&mut self, chat_id: i64, is_kicked: bool) {
        let Some(chat) = self.chats.get_mut(&chat_id) else { return };
        chat.bot_is_kicked = is_kicked;
        let by = chat.people.first().copied().unwrap_or_default();
        self.bot_membership(chat_id, by, is_kicked);
        self.event(Event::Reload);
    }

    fn bot_membership(&mut self, chat: i64, by: i64, is_gone: bool) {
        let there = self.bot_member(chat);
        let gone = json!({"user": json::bot(self), "status": "kicked", "until_date": 0});
        if is_gone {
            // Whoever is taken back is a member like others.
            if let Some(chat) = self.chats.get_mut(&chat) {
                chat.ranks.bot_is_admin = false;
            }
            self.bot_changed(chat, by, &there, &gone);
        } else {
            self.bot_changed(chat, by, &gone, &there);
        }
    }

    pub(super) fn check_member(&self, chat: i64, person: i64) -> Result<(), String> {
        let found = self.chats.get(&chat).ok_or_else(|| format!("there is no chat {chat}"))?;
        if !found.people.contains(&person) {
            return Err(format!("person {person} is not in chat {chat}"));
        }
        if let Some(to) = found.migrated_to {
            return Err(format!("chat {chat} is a supergroup now: {to}"));
        }
        if found.title.is_none() && self.people.get(&person).is_some_and(|person| person.has_blocked) {
            return Err("the bot is blocked".to_owned());
        }
        Ok(())
    }

    /// Gives the bot a person's message as an update.
    pub(super) fn deliver(&mut self, kind: &str, chat: i64, id: i32) {
        let Some(message) = self.message(chat, id) else { return };
        let is_hidden = self.chats.get(&chat).is_some_and(|chat| chat.bot_is_kicked)
            || (chat < 0 && self.options.privacy_mode && !self.is_for_bot(chat, message));
        if !is_hidden {
            let content = json::message(self, chat, message);
            self.push_update(kind, content);
        }
    }

    /// What reaches a bot in privacy mode (Bot features, Privacy mode): commands for it, also without its name as it is
    /// the only bot here; replies to it; mentions of it; service messages.
    fn is_for_bot(&self, chat: i64, message: &Message) -> bool {
        let is_reply =
            message.reply_to.and_then(|id| self.message(chat, id)).is_some_and(|to| to.person.is_none());
        let name = &self.options.username;
        is_reply
            || message.service.is_some()
            || message.via_bot
            || message
                .text
                .text
                .split(|c: char| c.is_whitespace())
                .any(|word| word.strip_prefix('@').is_some_and(|mention| mention.eq_ignore_ascii_case(name)))
            || message.text.entities.iter().filter(|entity| entity.kind == "bot_command").any(|entity| {
                let command = message.text.slice(entity);
                command.split_once('@').is_none_or(|(_, bot)| bot.eq_ignore_ascii_case(name))
            })
    }
}

/// What a client lets a person send.
fn typed(text: &str) -> Result<Text, String> {
    let text = Text::from_person(text);
    match text.len() {
        0 => Err("the message is empty".to_owned()),
        length if length > MAX_TEXT => Err(format!("the message is longer than {MAX_TEXT} characters")),
        _ => Ok(text),
    }
}

fn typed_caption(text: &str) -> Result<Text, String> {
    let text = Text::from_person(text);
    if text.len() > MAX_CAPTION {
        return Err(format!("the caption is longer than {MAX_CAPTION} characters"));
    }
    Ok(text)
}
