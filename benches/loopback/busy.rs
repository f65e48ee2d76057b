//! Work that keeps every CPU worker busy, and a queue behind it.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Result, bail};
use jobboard::sandbox::{ChatId, MessageId, PersonId, Telegram, View};

use crate::bots::World;

/// Takes a worker a good part of a second.
const COMMAND: &str = "fib 10000000";
/// Chats with one such job each: more than there are workers, and no limit of a chat is met.
const CHATS: usize = 16;
/// A card that shows one of these is about a finished job.
const ENDS: [&str; 2] = ["fibonacci number is", "Cancelled"];
/// Far longer than anything takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Chats whose jobs fill the workers.
pub(crate) struct Busy<'a> {
    world: &'a World,
    /// In the order their jobs were submitted, which is the one they are run in.
    line: VecDeque<Chat>,
}

#[derive(Clone, Copy)]
struct Chat {
    id: ChatId,
    person: PersonId,
    /// The command that submitted the unfinished job.
    command: MessageId,
    /// That job's number.
    job: usize,
}

impl<'a> Busy<'a> {
    /// Fills the workers and the queue; when it returns, the first job runs.
    pub(crate) async fn start(world: &'a World) -> Result<Self> {
        let telegram = world.sandbox.telegram();
        let line = (0..CHATS)
            .map(|number| {
                let person = telegram.person(&format!("Busy {number}"));
                let id = telegram.private_chat(person);
                Chat { id, person, command: telegram.say(id, person, COMMAND), job: 1 }
            })
            .collect();
        let busy = Self { world, line };
        if let Some(last) = busy.line.back().copied() {
            // Its card comes when it is taken.
            let taken = telegram.until(|view| view.answer(last.id, last.command).map(|_| ()));
            world.bounded(LIMIT, taken).await?;
        }
        Ok(busy)
    }

    /// Has the chats whose job has ended submit the next one.
    pub(crate) fn refill(&mut self) {
        let telegram = self.world.sandbox.telegram();
        let (ended, unfinished): (Vec<Chat>, Vec<Chat>) =
            telegram.view(|view| self.line.iter().partition(|chat| chat.has_ended(view)));
        self.line = unfinished.into();
        for mut chat in ended {
            chat.submit(telegram);
            self.line.push_back(chat);
        }
    }

    /// Kills the job at `place` of the line, in its own chat. The time from the kill to its confirmation, if the job was
    /// not over by then.
    pub(crate) async fn kill(&mut self, place: usize) -> Result<Option<Duration>> {
        let Some(mut chat) = self.line.remove(place) else { bail!("there is nothing to kill") };
        let (time, answer) = ask(self.world, chat.id, chat.person, &format!("kill {}", chat.job)).await?;
        chat.submit(self.world.sandbox.telegram());
        self.line.push_back(chat);
        match answer.as_str() {
            killed if killed.contains("is killed") => Ok(Some(time)),
            late if late.contains("finished before") => Ok(None),
            other => bail!("a kill was answered with {other:?}"),
        }
    }
}

impl Chat {
    fn submit(&mut self, telegram: &Telegram) {
        self.command = telegram.say(self.id, self.person, COMMAND);
        self.job += 1;
    }

    fn has_ended(&self, view: &View<'_>) -> bool {
        let card = view.answer(self.id, self.command).unwrap_or_default();
        ENDS.iter().any(|end| card.contains(end))
    }
}

/// Says something; gives the bot's answer, and the time it took from one message's arrival to the other's.
pub(crate) async fn ask(
    world: &World,
    chat: ChatId,
    person: PersonId,
    text: &str,
) -> Result<(Duration, String)> {
    let telegram = world.sandbox.telegram();
    let start = std::time::Instant::now();
    let message = telegram.say(chat, person, text);
    let answer = telegram.until(|view| view.answer(chat, message).map(str::to_owned));
    let answer = world.bounded(LIMIT, answer).await?;
    Ok((start.elapsed(), answer))
}
