//! Part 1: updates to answers, beside a bare echo bot.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jobboard::sandbox::{ChatId, MessageId, PersonId, Telegram};

use crate::{
    bots::{Cores, Kind, World},
    stats::{self, median},
};

pub(crate) const CHATS: usize = 200;
/// Commands of one chat.
const COMMANDS: usize = 100;
/// Runs of each bot, in turns: noise of the machine meets both.
const PAIRS: usize = 5;
const COMMAND: &str = "fib 10";
/// What an answer of ours shows at the latest; a card that says that the task waits is none.
const RESULT: &str = "The 10th fibonacci number is 34";
/// Far longer than a run takes.
const LIMIT: Duration = Duration::from_mins(3);

/// When a chat sends its commands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sending {
    /// The next one when the last was answered.
    InTurns,
    /// All at the start.
    AtOnce,
}

/// What one run came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Answers a second.
    pub(crate) rate: f64,
    /// The bot's CPU time of an answer, in µs.
    pub(crate) cpu: f64,
    /// MB.
    pub(crate) peak: f64,
    /// Edits that an answer needed on average, until it showed its result.
    edits: f64,
}

/// Prints both ways of sending.
pub(crate) async fn measure() -> Result<()> {
    for (sending, words) in [
        (Sending::InTurns, "each sends the next command when the last was answered"),
        (Sending::AtOnce, "all commands are sent at the start"),
    ] {
        println!("\nAnswers: {CHATS} chats x {COMMANDS} \"{COMMAND}\", {words}; {}", stats::load());
        println!(
            "          jobboard: answers/s, CPU µs each, peak MB, edits each | echo: the same | ratio of rates, CPU, memory"
        );
        let mut pairs = Vec::new();
        for number in 1..=PAIRS {
            let ours = run(Kind::Jobboard, Cores::All, sending, COMMANDS).await?;
            let echo = run(Kind::Echo, Cores::All, sending, COMMANDS).await?;
            println!("pair {number}:   {}", line(ours, echo, ratios(ours, echo)));
            pairs.push((ours, echo));
        }
        let of = |side: fn(&(Run, Run)) -> Run| Run {
            rate: median(pairs.iter().map(|pair| side(pair).rate)),
            cpu: median(pairs.iter().map(|pair| side(pair).cpu)),
            peak: median(pairs.iter().map(|pair| side(pair).peak)),
            edits: median(pairs.iter().map(|pair| side(pair).edits)),
        };
        let all: Vec<_> = pairs.iter().map(|(ours, echo)| ratios(*ours, *echo)).collect();
        let middle = [0, 1, 2].map(|index| median(all.iter().map(|ratios| ratios[index])));
        println!("medians:  {}", line(of(|pair| pair.0), of(|pair| pair.1), middle));
    }
    Ok(())
}

/// Ours to the echo bot's: rate, CPU, memory.
fn ratios(ours: Run, echo: Run) -> [f64; 3] {
    [ours.rate / echo.rate, ours.cpu / echo.cpu, ours.peak / echo.peak]
}

fn line(ours: Run, echo: Run, [rate, cpu, memory]: [f64; 3]) -> String {
    let side = |run: Run| format!("{:6.0} {:6.0} {:6.1} {:5.2}", run.rate, run.cpu, run.peak, run.edits);
    format!("{} | {} | {rate:.2} {cpu:.2} {memory:.2}", side(ours), side(echo))
}

/// One run: every chat gets `commands` answers, after one to warm up.
pub(crate) async fn run(kind: Kind, cores: Cores, sending: Sending, commands: usize) -> Result<Run> {
    let world = World::start(kind, cores).await?;
    let result = match kind {
        Kind::Jobboard => RESULT,
        Kind::Echo | Kind::GrammY | Kind::Aiogram => COMMAND,
    };
    let mut crowd = Crowd::new(world.sandbox.telegram().clone(), result);
    // The bot starts, connections are made.
    world.bounded(LIMIT, crowd.send(1, Sending::InTurns)).await??;
    let (edits_before, before, start) = (crowd.edits, world.usage()?, Instant::now());
    world.bounded(LIMIT, crowd.send(commands, sending)).await??;
    let (took, after) = (start.elapsed(), world.usage()?);
    let answers = count(CHATS * commands);
    Ok(Run {
        rate: answers / took.as_secs_f64(),
        cpu: after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / answers,
        peak: count(usize::try_from(after.peak)?) / 1e6,
        edits: count(crowd.edits - edits_before) / answers,
    })
}

/// Everybody who sends commands.
struct Crowd {
    telegram: Telegram,
    chats: HashMap<ChatId, Chat>,
    /// What an answer shows.
    result: &'static str,
    /// The last change of the sandbox that was looked at.
    seen: u64,
    /// Messages that came without their result.
    edits: usize,
}

struct Chat {
    person: PersonId,
    /// The person's own messages, and the bot's that showed their result.
    done: HashSet<MessageId>,
    /// The bot's messages that did not, yet.
    early: HashSet<MessageId>,
    to_send: usize,
}

impl Crowd {
    fn new(telegram: Telegram, result: &'static str) -> Self {
        let people: Vec<PersonId> = (0..CHATS).map(|i| telegram.person(&format!("Person {i}"))).collect();
        let chat = |person| Chat { person, done: HashSet::new(), early: HashSet::new(), to_send: 0 };
        let chats = people.into_iter().map(|person| (telegram.private_chat(person), chat(person))).collect();
        // Changes are numbered from 1 on; those of the chats just made are no news.
        let seen = 0;
        Self { telegram, chats, result, seen, edits: 0 }
    }

    /// Sends `commands` in each chat and waits until the last one's result is there.
    async fn send(&mut self, commands: usize, sending: Sending) -> Result<()> {
        let at_first = match sending {
            Sending::InTurns => 1,
            Sending::AtOnce => commands,
        };
        let mut waiting = self.chats.len() * commands;
        for chat in self.chats.values_mut() {
            chat.to_send = commands - at_first;
        }
        // Round by round, so that no chat is first with all it has.
        for _ in 0..at_first {
            for (id, chat) in &mut self.chats {
                chat.say(&self.telegram, *id);
            }
            // What was answered meanwhile is taken now: the sandbox forgets changes that are long ago.
            waiting -= self.look()?;
        }
        while waiting > 0 {
            let seen = self.seen;
            self.telegram.until(|view| (view.seq() > seen).then_some(())).await;
            waiting -= self.look()?;
        }
        Ok(())
    }

    /// Takes what is new, has the chats that got their answer send the next command, and tells how many did.
    fn look(&mut self) -> Result<usize> {
        let (telegram, seen) = (self.telegram.clone(), self.seen);
        let mut answered = Vec::new();
        let looked = telegram.view(|view| {
            for (id, message) in view.changed(seen)? {
                let Some(chat) = self.chats.get_mut(&id) else { continue };
                let text = view.text(id, message).unwrap_or_default();
                if chat.done.contains(&message) {
                    continue;
                }
                if text.contains(self.result) {
                    chat.done.insert(message);
                    answered.push(id);
                } else if chat.early.insert(message) {
                    self.edits += 1;
                }
            }
            Some(view.seq())
        });
        self.seen = looked.context("the benchmark is too slow for the sandbox's log of changes")?;
        for id in &answered {
            if let Some(chat) = self.chats.get_mut(id)
                && chat.to_send > 0
            {
                chat.to_send -= 1;
                chat.say(&telegram, *id);
            }
        }
        Ok(answered.len())
    }
}

impl Chat {
    fn say(&mut self, telegram: &Telegram, id: ChatId) {
        self.done.insert(telegram.say(id, self.person, COMMAND));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
