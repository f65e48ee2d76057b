//! A person works while somebody pulls the plug: the bot is killed with SIGKILL at named points, round after round, and
//! in the end nothing is lost, nothing is there twice, and every result is right.
//!
//! `JOBBOARD_CHAOS_ROUNDS` (20) and `JOBBOARD_CHAOS_SEED` (1) change what happens.

mod ledger;

use std::{collections::BTreeMap, time::Duration};

use jobboard::sandbox::{ChatId, Failure, Fault, Fired, Gate, Message, MessageId, PersonId, View};
use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};

use self::ledger::Ledger;
use crate::process::{Bot, Ground};

/// Runs until it is killed.
const ENDLESS: &str = "fib 1000000000";

/// A round is some five messages, and the sandbox keeps 2,000 of a chat.
const MAX_ROUNDS: u64 = 300;

/// Where the bot is killed. How each is seen from outside stands at [`Chaos::work`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// It is starting, and has not called Telegram.
    Starting,
    /// It has called `getMe`, and not yet `getUpdates`.
    Greeted,
    /// Commands were confirmed.
    Accepted,
    /// A job runs.
    Started,
    /// A result is on its card.
    Finished,
    /// A message was sent; half of the time the bot has not heard so.
    Replied,
    /// Anywhere.
    Anywhere,
}

const POINTS: [Point; 7] = [
    Point::Starting,
    Point::Greeted,
    Point::Accepted,
    Point::Started,
    Point::Finished,
    Point::Replied,
    Point::Anywhere,
];

struct Chaos {
    ground: Ground,
    random: StdRng,
    ledger: Ledger,
    ann: PersonId,
    chat: ChatId,
    hits: BTreeMap<Point, u32>,
    crashes: usize,
    /// A number that takes long enough for its card to say so.
    long: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_by_kill_9() {
    let (rounds, seed) = (setting("JOBBOARD_CHAOS_ROUNDS", 20), setting("JOBBOARD_CHAOS_SEED", 1));
    announce(rounds, seed);
    assert!(rounds <= MAX_ROUNDS, "at most {MAX_ROUNDS} rounds: the sandbox forgets old messages");
    let mut chaos = Chaos::new(seed).await;
    let mut points = Vec::new();
    for _ in 0..rounds {
        // Shuffled like cards, so that no point waits long for its turn.
        if points.is_empty() {
            points.extend(POINTS);
            points.shuffle(&mut chaos.random);
        }
        chaos.round(points.pop().unwrap()).await;
    }
    let hits = &chaos.hits;
    assert!(POINTS.iter().all(|point| hits.contains_key(point)), "a point was never hit: {hits:?}");
    let bot = chaos.ground.start();
    let talk = chaos.ground.private(&bot, chaos.ann);
    chaos.ledger.check(&talk, &chaos.ground.sandbox.pokeapi_url(), chaos.crashes).await;
    bot.stop().await;
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[expect(clippy::print_stdout, reason = "shown where the test fails")]
fn announce(rounds: u64, seed: u64) {
    println!("JOBBOARD_CHAOS_ROUNDS={rounds} JOBBOARD_CHAOS_SEED={seed}");
}

impl Chaos {
    async fn new(seed: u64) -> Self {
        let mut ground = Ground::new().await;
        // Jobs meet more crashes here than any job should.
        ground.set("JOBBOARD_MAX_ATTEMPTS", "1000000");
        let ann = ground.telegram.person("Ann");
        let chat = ground.telegram.private_chat(ann);
        Self {
            ground,
            random: StdRng::seed_from_u64(seed),
            ledger: Ledger::default(),
            ann,
            chat,
            hits: BTreeMap::new(),
            crashes: 0,
            long: 1_000_000,
        }
    }

    /// One life of the bot.
    async fn round(&mut self, point: Point) {
        // Some write while nobody listens.
        if self.random.random_bool(0.5) {
            self.write_some();
        }
        // Answers that it holds come too late for the bot.
        let gate = Gate::new();
        let greeted = self.hold(matches!(point, Point::Starting | Point::Greeted), "getMe", &gate);
        let bot = self.ground.start();
        match (point, &greeted) {
            // The first time at once, so that this point is hit in any case; later within the opening of the store.
            (Point::Starting, _) => {
                let known = self.hits.contains_key(&point);
                self.moment(if known { 15 } else { 0 }).await;
            }
            (_, Some(greeted)) => self.seen(&bot, "getMe", |_| greeted.count() > 0).await,
            (_, None) => self.work(&bot, point, &gate).await,
        }
        bot.kill();
        self.ground.telegram.clear_faults();
        gate.release();
        let hit = if greeted.is_some_and(|greeted| greeted.count() > 0) { Point::Greeted } else { point };
        *self.hits.entry(hit).or_default() += 1;
        self.crashes += 1;
    }

    /// The bot works until the point is reached, as far as that shows from outside.
    async fn work(&mut self, bot: &Bot, point: Point, gate: &Gate) {
        if self.ledger.kills() == 0 || self.random.random_bool(0.3) {
            self.write_kill(bot).await;
        }
        match point {
            Point::Starting | Point::Greeted => {}
            Point::Accepted => {
                self.write_some();
                self.seen(bot, "the confirmation", |view| view.pending_updates() == 0).await;
            }
            Point::Started => self.reach_a_running_job(bot).await,
            Point::Finished => {
                let command = self.write_one();
                self.card(bot, command, &[" · succeeded"]).await;
                self.moment(3).await;
            }
            Point::Replied => self.reach_a_reply(bot, gate).await,
            Point::Anywhere => self.reach_anywhere(bot).await,
        }
    }

    /// A message was sent. Half of the time its answer is held, so that the bot cannot know.
    async fn reach_a_reply(&mut self, bot: &Bot, gate: &Gate) {
        let unheard = self.random.random_bool(0.5);
        let held = self.hold(unheard, "sendMessage", gate);
        let command = self.write("fib 77");
        match held {
            Some(held) => self.seen(bot, "a message", |_| held.count() > 0).await,
            None => drop(self.card(bot, command, &[]).await),
        }
    }

    /// Some commands are on their way, and some messages about them.
    async fn reach_anywhere(&mut self, bot: &Bot) {
        let since = self.ground.seq();
        let count = self.random.random_range(1..=4);
        for _ in 0..count {
            self.write_one();
        }
        // Each command is a change that people see, and so is the card that it surely gets.
        let changes = count + self.random.random_range(0..=count);
        self.seen(bot, "some messages", |view| view.seq() >= since + changes).await;
        self.moment(5).await;
    }

    /// A job's card says that it runs; or it did a moment ago.
    async fn reach_a_running_job(&mut self, bot: &Bot) {
        loop {
            let command = self.write(&format!("fib {}", self.long));
            let card = self.card(bot, command, &[" · running", " · succeeded"]).await;
            if card.text.contains(" · running") {
                return self.moment(10).await;
            }
            self.long *= 2;
        }
    }

    /// A job that does not end by itself, or one that does, and its kill.
    async fn write_kill(&mut self, bot: &Bot) {
        let endless = self.ledger.kills() == 0 || self.random.random_bool(0.5);
        let command = if endless { self.write(ENDLESS) } else { self.write("fib 250000") };
        let card = self.card(bot, command, &[]).await;
        let task = ledger::task_of(&card);
        let kill = self.ground.telegram.say(self.chat, self.ann, &format!("kill {task}"));
        self.ledger.add_kill(kill, task);
    }

    /// Waits for a card of this command's job with one of these words.
    async fn card(&self, bot: &Bot, command: MessageId, words: &[&str]) -> Message {
        let is_it = |card: &Message| {
            card.reply_to == Some(command)
                && (words.is_empty() || words.iter().any(|word| card.text.contains(word)))
        };
        self.ground.private(bot, self.ann).sees(&format!("{words:?} on the card of {command}"), is_it).await
    }

    async fn seen(&self, bot: &Bot, what: &str, condition: impl Fn(&View<'_>) -> bool) {
        let talk = self.ground.private(bot, self.ann);
        talk.until(what, |view| condition(view).then_some(())).await;
    }

    /// Puts the gate behind one call of this method, if that is wanted.
    fn hold(&self, wanted: bool, method: &str, gate: &Gate) -> Option<Fired> {
        wanted.then(|| self.ground.telegram.fault(Fault::on(method).answer(Failure::Hold(gate.clone()))))
    }

    /// Some milliseconds: where the plug is pulled is chance.
    async fn moment(&mut self, most: u64) {
        let microseconds = self.random.random_range(0..=most * 1_000);
        tokio::time::sleep(Duration::from_micros(microseconds)).await;
    }

    fn write_some(&mut self) {
        for _ in 0..self.random.random_range(1..=3) {
            self.write_one();
        }
    }

    fn write_one(&mut self) -> MessageId {
        let command = command(&mut self.random);
        self.write(&command)
    }

    fn write(&mut self, command: &str) -> MessageId {
        let message = self.ground.telegram.say(self.chat, self.ann, command);
        self.ledger.add_job(message, command);
        message
    }
}

/// Any command that ends by itself soon.
fn command(random: &mut StdRng) -> String {
    let long = *[25_000, 30_000, 40_000].choose(random).unwrap();
    let longer = *[150_000, 250_000, 400_000].choose(random).unwrap();
    let name = *["pikachu", "eevee", "mew", "nidoran-f", "raichu"].choose(random).unwrap();
    let [a, b, c] = [0; 3].map(|_| random.random_range(1..=151));
    match random.random_range(0..8) {
        0 | 1 => format!("fib {a}"),
        2 => format!("fib {long}"),
        3 => format!("fib {longer}"),
        4 => format!("fib-multi {a} {long} {b}"),
        5 => format!("dex {a}"),
        6 => format!("dex {name}"),
        _ => format!("dex-multi {a} {b} {name} {c}"),
    }
}
