//! What people do beyond plain messages, for tests and the page: topics, chats that speak, files, forwards, inline.

use bytes::Bytes;

use super::{
    methods::picture_size,
    people::Saying,
    telegram::{Telegram, must},
    text::Text,
    view::{ChatId, InlineAnswer, MessageId, PersonId, View},
    world::{Forward, Media, Message, Person, World},
};

impl World {
    /// A person sends a file, with the saying's text as its caption.
    pub(super) fn send_file(
        &mut self,
        chat: i64,
        person: i64,
        saying: Saying,
        name: &str,
        bytes: Bytes,
    ) -> Result<i32, String> {
        if bytes.is_empty() {
            return Err("the file is empty".to_owned());
        }
        self.check_member(chat, person)?;
        let size = picture_size(&bytes);
        let file = self.add_file(name, bytes, size);
        let media = Media { file, caption_above: false, spoiler: false };
        self.send_as(chat, person, Saying { media: Some(media), ..saying })
    }

    /// A person forwards a message of this or another chat.
    pub(super) fn forward(
        &mut self,
        chat: i64,
        person: i64,
        thread: Option<i32>,
        (from, id): (i64, i32),
    ) -> Result<i32, String> {
        self.check_member(chat, person)?;
        self.check_member(from, person)?;
        let original = self.message(from, id).ok_or_else(|| format!("there is no message {id}"))?;
        if original.service.is_some() {
            return Err("this cannot be forwarded".to_owned());
        }
        let message = Message {
            media: original.media.clone(),
            rich: original.rich.clone(),
            forward: Some(Forward::From(original.person)),
            thread,
            ..Message::new(Some(person), original.text.clone(), None)
        };
        if let Some(what) = self.topic_refusal(chat, thread) {
            return Err(what.to_owned());
        }
        let id = self.add_message(chat, message);
        self.deliver("message", chat, id);
        Ok(id)
    }

    /// Another bot, in this group.
    pub(super) fn add_bot(&mut self, chat: i64, first_name: &str) -> i64 {
        let id = self.add_person(first_name);
        self.chats.remove(&id);
        if let Some(Person { is_bot, username, .. }) = self.people.get_mut(&id) {
            *is_bot = true;
            username.push_str("_bot");
        }
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.people.push(id);
        }
        id
    }

    /// A channel's post comes by itself into the group that belongs to it.
    fn auto_forward(&mut self, chat: i64, channel: i64, text: &str) -> Result<i32, String> {
        self.channels.get(&channel).ok_or("there is no such channel")?;
        let first = self.chats.get(&chat).and_then(|chat| chat.people.first().copied());
        let message = Message {
            forward: Some(Forward::Channel(channel)),
            ..Message::new(first, Text::from_person(text), None)
        };
        let id = self.add_message(chat, message);
        self.deliver("message", chat, id);
        Ok(id)
    }
}

/// What people do in groups with topics, as chats, with files, and inline.
#[expect(
    clippy::must_use_candidate,
    reason = "people act; what comes back is for those who want to go on with it"
)]
impl Telegram {
    /// A new group with topics of these people and the bot. The first of them is its owner.
    pub fn forum(&self, title: &str, people: &[PersonId]) -> ChatId {
        let people: Vec<i64> = people.iter().map(|person| person.0).collect();
        ChatId(self.0.change(|world| world.add_forum(title, &people)))
    }

    /// A person makes a topic; its id is that of its first message.
    #[track_caller]
    pub fn topic(&self, chat: ChatId, person: PersonId, name: &str) -> MessageId {
        MessageId(must(self.0.change(|world| world.create_topic(chat.0, person.0, name))))
    }

    /// A person closes a topic (`None`: General), so that only admins may write there, or opens it again.
    #[track_caller]
    pub fn close_topic(&self, chat: ChatId, person: PersonId, topic: Option<MessageId>, closed: bool) {
        let topic = topic.map(|topic| topic.0);
        must(self.0.change(|world| world.close_topic(chat.0, person.0, topic, closed)));
    }

    /// A person deletes a topic with all its messages; the bot hears nothing.
    #[track_caller]
    pub fn delete_topic(&self, chat: ChatId, person: PersonId, topic: MessageId) {
        must(self.0.change(|world| world.delete_topic(chat.0, person.0, topic.0)));
    }

    /// A person writes in a topic.
    #[track_caller]
    pub fn say_in(&self, chat: ChatId, person: PersonId, topic: MessageId, text: &str) -> MessageId {
        let saying = Saying { text: text.to_owned(), thread: Some(topic.0), ..Saying::default() };
        MessageId(must(self.0.change(|world| world.send_as(chat.0, person.0, saying))))
    }

    /// An admin writes as the group (once; see `set_anonymous`), a channel's owner as the channel.
    #[track_caller]
    pub fn say_as(&self, chat: ChatId, person: PersonId, speaks_as: ChatId, text: &str) -> MessageId {
        let saying = Saying { text: text.to_owned(), speaks_as: Some(speaks_as.0), ..Saying::default() };
        MessageId(must(self.0.change(|world| world.send_as(chat.0, person.0, saying))))
    }

    /// A person sends a file with a caption.
    #[track_caller]
    pub fn send_file(
        &self,
        chat: ChatId,
        person: PersonId,
        name: &str,
        bytes: &[u8],
        caption: &str,
    ) -> MessageId {
        let saying = Saying { text: caption.to_owned(), ..Saying::default() };
        let bytes = Bytes::copy_from_slice(bytes);
        MessageId(must(self.0.change(|world| world.send_file(chat.0, person.0, saying, name, bytes))))
    }

    /// A person forwards a message within a chat, or from another one.
    #[track_caller]
    pub fn forward(&self, chat: ChatId, person: PersonId, from: ChatId, message: MessageId) -> MessageId {
        let forwarded = self.0.change(|world| world.forward(chat.0, person.0, None, (from.0, message.0)));
        MessageId(must(forwarded))
    }

    /// A channel's post comes by itself into the group that belongs to it.
    #[track_caller]
    pub fn auto_forward(&self, chat: ChatId, channel: ChatId, text: &str) -> MessageId {
        MessageId(must(self.0.change(|world| world.auto_forward(chat.0, channel.0, text))))
    }

    /// Another bot joins a group; it speaks as people do.
    pub fn other_bot(&self, chat: ChatId, first_name: &str) -> PersonId {
        PersonId(self.0.change(|world| world.add_bot(chat.0, first_name)))
    }

    /// A person types `text` after the bot's name; gives the query's id.
    #[track_caller]
    pub fn ask_inline(&self, chat: ChatId, person: PersonId, text: &str) -> String {
        must(self.0.change(|world| world.ask_inline(chat.0, person.0, text)))
    }

    /// A person chooses what the bot has offered: it becomes their message.
    #[track_caller]
    pub fn choose_inline(&self, chat: ChatId, person: PersonId, query: &str, result: &str) -> MessageId {
        MessageId(must(self.0.change(|world| world.choose_inline(chat.0, person.0, None, query, result))))
    }

    /// What the bot offered to inline queries, oldest first.
    #[must_use]
    pub fn inline_answers(&self) -> Vec<InlineAnswer> {
        self.0.read(|world| View(world).inline_answers())
    }
}
