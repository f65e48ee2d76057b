//! Groups with topics. General has no thread id: a message there names none, and none may be named to write there.

use std::collections::BTreeMap;

use super::{
    errors::{ApiError, bad_request},
    migration::SUPERGROUPS,
    service::Service,
    text::Text,
    world::{Event, Message, World},
};

/// The topics of one group, beside General.
#[derive(Clone, Debug, Default)]
pub(super) struct Forum {
    /// By id, which is that of the topic's first message.
    pub(super) topics: BTreeMap<i32, Topic>,
    pub(super) general_is_closed: bool,
}

/// One topic.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) is_closed: bool,
}

impl World {
    /// A new group with topics; it is a supergroup, as every forum. Nobody has made a topic yet.
    pub(super) fn add_forum(&mut self, title: &str, people: &[i64]) -> i64 {
        let id = SUPERGROUPS + self.next_group;
        self.next_group -= 1;
        self.add_chat(id, Some(title.to_owned()), people.to_vec());
        if let Some(chat) = self.chats.get_mut(&id) {
            chat.forum = Some(Forum::default());
            // The first number is General's, and nobody may name it.
            chat.last_message = 1;
        }
        id
    }

    /// The demo's: two topics, another bot in it, and a channel of the owner's.
    pub(super) fn demo_forum(&mut self, people: &[i64]) {
        let Some(owner) = people.first().copied() else { return };
        let forum = self.add_forum("Lab with topics", people);
        for name in ["Numbers", "Pokémon"] {
            // The owner of a forum that was just made may do that.
            let _ = self.create_topic(forum, owner, name);
        }
        self.add_channel("Lab news", Some(owner));
        self.add_bot(forum, "Helper");
    }

    /// A person makes a topic; gives its id.
    pub(super) fn create_topic(&mut self, chat: i64, person: i64, name: &str) -> Result<i32, String> {
        self.check_member(chat, person)?;
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 128 {
            return Err("a topic's name has 1 to 128 characters".to_owned());
        }
        let known = self.chats.get_mut(&chat).filter(|chat| chat.forum.is_some());
        let known = known.ok_or_else(|| format!("chat {chat} has no topics"))?;
        let id = known.last_message + 1;
        if let Some(forum) = &mut known.forum {
            forum.topics.insert(id, Topic { name: name.clone(), is_closed: false });
        }
        self.tell_of_topic(chat, person, Some(id), Service::TopicCreated(name));
        Ok(id)
    }

    /// Somebody closes a topic (`None`: General) or opens it again.
    pub(super) fn close_topic(
        &mut self,
        chat: i64,
        person: i64,
        topic: Option<i32>,
        closed: bool,
    ) -> Result<(), String> {
        self.check_member(chat, person)?;
        let forum = self.chats.get_mut(&chat).and_then(|chat| chat.forum.as_mut());
        let forum = forum.ok_or_else(|| format!("chat {chat} has no topics"))?;
        match topic {
            None => forum.general_is_closed = closed,
            Some(id) => {
                let topic = forum.topics.get_mut(&id).ok_or_else(|| format!("there is no topic {id}"))?;
                topic.is_closed = closed;
            }
        }
        let service = if closed { Service::TopicClosed } else { Service::TopicReopened };
        self.tell_of_topic(chat, person, topic, service);
        Ok(())
    }

    /// Somebody deletes a topic with all its messages. The bot hears nothing of it.
    pub(super) fn delete_topic(&mut self, chat: i64, person: i64, topic: i32) -> Result<(), String> {
        self.check_member(chat, person)?;
        let forum = self.chats.get_mut(&chat).and_then(|chat| chat.forum.as_mut());
        let found = forum.and_then(|forum| forum.topics.remove(&topic));
        found.ok_or_else(|| format!("there is no topic {topic}"))?;
        let messages = self.chats.get(&chat).map(|chat| &chat.messages);
        let inside = messages.into_iter().flatten().filter(|(_, message)| message.thread == Some(topic));
        let ids: Vec<i32> = inside.map(|(id, _)| *id).collect();
        for id in ids {
            self.delete(chat, id);
        }
        self.event(Event::Reload);
        Ok(())
    }

    fn tell_of_topic(&mut self, chat: i64, person: i64, topic: Option<i32>, service: Service) {
        let message = Message {
            service: Some(service),
            thread: topic,
            ..Message::new(Some(person), Text::default(), None)
        };
        let id = self.add_message(chat, message);
        self.deliver("message", chat, id);
        self.event(Event::Reload);
    }

    /// Why nobody but admins may write in a topic (`None`: General), if so.
    pub(super) fn topic_refusal(&self, chat: i64, topic: Option<i32>) -> Option<&'static str> {
        let forum = self.chats.get(&chat)?.forum.as_ref();
        match (forum, topic) {
            (None, None) => None,
            (None, Some(_)) => Some(NOT_FOUND),
            (Some(forum), None) => forum.general_is_closed.then_some(CLOSED),
            (Some(forum), Some(id)) => match forum.topics.get(&id) {
                None => Some(NOT_FOUND),
                Some(topic) => topic.is_closed.then_some(CLOSED),
            },
        }
    }

    /// Where a message of the bot's goes, and what it replies to: to the topic that is named, else to that of the message
    /// it replies to, else to General. A reply across topics is none.
    pub(super) fn bot_target(
        &self,
        chat: i64,
        named: Option<i64>,
        reply_to: Option<i32>,
    ) -> Result<(Option<i32>, Option<i32>), ApiError> {
        let named = match named {
            None => None,
            Some(id) => Some(i32::try_from(id).map_err(|_| bad_request(NOT_FOUND))?),
        };
        let topic_of = |id: i32| self.message(chat, id).and_then(|message| message.thread);
        let topic = named.or_else(|| reply_to.and_then(topic_of));
        match self.topic_refusal(chat, topic) {
            Some(what) => Err(bad_request(what)),
            None => Ok((topic, reply_to.filter(|id| topic_of(*id) == topic))),
        }
    }
}

/// Telegram's words for a topic that does not exist (any more), and for one that admins have closed.
const NOT_FOUND: &str = "message thread not found";
pub(super) const CLOSED: &str = "TOPIC_CLOSED";
