//! A world for one test: a Telegram, the bot, people. Every wait is for an event, is bounded, and fails at once when the
//! bot is gone.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jobboard::{
    RunError,
    config::{Cli, Config},
    job::Digits,
    sandbox::{ChatId, Message, MessageId, Options, PersonId, Sandbox, Telegram, View},
    work::{Control, Engine, FibError, fib::fib},
};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_secs(30);

/// What a test changes before the bot starts.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) engine: Engine,
    pub(crate) options: Options,
}

pub(crate) struct World {
    pub(crate) telegram: Telegram,
    sandbox: Sandbox,
    shutdown: CancellationToken,
    bot: Option<JoinHandle<Result<(), RunError>>>,
    /// For the next start.
    setup: (Config, Engine),
    /// The bot has ended, in whatever way.
    gone: CancellationToken,
    /// What survives the bot.
    pub(crate) folder: tempfile::TempDir,
}

/// A person in a chat.
#[derive(Clone, Copy)]
pub(crate) struct Speaker<'a> {
    world: &'a World,
    pub(crate) chat: ChatId,
    pub(crate) person: PersonId,
}

/// The settings of a test: no paces, short pauses, two workers, memory for all.
pub(crate) fn config(flags: &[&str]) -> Config {
    let base =
        ["jobboard", "--rate-all", "0", "--rate-private", "0", "--rate-group", "0", "--cpu-workers", "2"];
    let args = base.iter().chain(flags).map(Into::into);
    let mut config = Cli::read(args).unwrap().config;
    // Tests are quicker than people. Those of the limits have their own.
    config.rate_person = 0;
    config.max_live_jobs_person = Some(NonZeroUsize::MAX);
    // Whatever the machine has: enough for every number.
    config.memory.get_or_insert(4_000_000_000);
    config.timings.backoff = Duration::from_millis(5);
    config.timings.card_pause = Duration::from_millis(20);
    config.timings.pokeapi.backoff = Duration::from_millis(5);
    config
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A world whose bot is set up otherwise.
    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup { config: config(&[]), engine: Engine::new(), options: Options::default() };
        change(&mut setup);
        let token = setup.options.token.clone();
        let sandbox = Sandbox::start(setup.options).await.unwrap();
        let mut config = setup.config.for_sandbox(&token, &sandbox.url(), &sandbox.pokeapi_url());
        let folder = tempfile::tempdir().unwrap();
        folder.path().clone_into(&mut config.data_dir);
        let (shutdown, gone) = (CancellationToken::new(), CancellationToken::new());
        let setup = (config, setup.engine);
        let telegram = sandbox.telegram().clone();
        let mut world = Self { telegram, sandbox, shutdown, bot: None, setup, gone, folder };
        world.start();
        world
    }

    /// Starts the bot on what the last one left, with another engine.
    pub(crate) fn start_again(&mut self, engine: Engine) {
        self.setup.1 = engine;
        self.start();
    }

    /// Changes the settings of the next start.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.setup.0);
    }

    fn start(&mut self) {
        (self.shutdown, self.gone) = (CancellationToken::new(), CancellationToken::new());
        let running = self.gone.clone().drop_guard();
        let (config, engine) = self.setup.clone();
        let run = jobboard::run_with(config, engine, self.shutdown.clone().cancelled_owned());
        self.bot = Some(tokio::spawn(async move {
            let _running = running;
            run.await
        }));
    }

    /// An address of the sandbox's page.
    pub(crate) fn page(&self, path: &str) -> String {
        self.sandbox.url() + path
    }

    /// Where its Telegram is.
    pub(crate) fn addr(&self) -> std::net::SocketAddr {
        self.sandbox.addr()
    }

    /// A new person in their private chat.
    pub(crate) fn person(&self, name: &str) -> Speaker<'_> {
        let person = self.telegram.person(name);
        Speaker { world: self, chat: self.telegram.private_chat(person), person }
    }

    /// Somebody in a chat that is there.
    pub(crate) fn speaker(&self, chat: ChatId, person: PersonId) -> Speaker<'_> {
        Speaker { world: self, chat, person }
    }

    /// A new group, as each of its people sees it.
    pub(crate) fn group<const N: usize>(&self, names: [&str; N]) -> [Speaker<'_>; N] {
        let people = names.map(|name| self.telegram.person(name));
        let chat = self.telegram.group("Engineers", &people);
        people.map(|person| Speaker { world: self, chat, person })
    }

    /// Waits for something, no longer than [`BOUND`] and not if the bot is gone.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        chat: ChatId,
        condition: impl FnMut(&View<'_>) -> Option<T>,
    ) -> T {
        tokio::select! {
            biased;
            found = self.telegram.until(condition) => found,
            () = self.gone.cancelled() => panic!("the bot is gone; waited for {what}\n{}", self.telegram.dump(chat)),
            () = tokio::time::sleep(BOUND) => panic!("waited too long for {what}\n{}", self.telegram.dump(chat)),
        }
    }

    /// Stops the bot in good order; it must have nothing to complain about.
    pub(crate) async fn stop(mut self) {
        self.stop_bot().await;
        self.sandbox.stop().await;
    }

    /// Stops only the bot.
    pub(crate) async fn stop_bot(&mut self) {
        self.shutdown.cancel();
        self.bot_ended().await;
    }

    /// Waits until the bot has ended by itself.
    pub(crate) async fn bot_ended(&mut self) {
        let bot = self.bot.take().expect("the bot was stopped before");
        tokio::time::timeout(BOUND, bot).await.expect("the bot does not stop").unwrap().unwrap();
    }
}

impl Speaker<'_> {
    /// The same person in another chat.
    pub(crate) fn in_chat(&self, chat: ChatId) -> Self {
        Self { chat, ..*self }
    }

    /// Writes, and does not wait.
    pub(crate) fn writes(&self, text: &str) -> MessageId {
        self.world.telegram.say(self.chat, self.person, text)
    }

    /// Writes, and gives the bot's first answer to it.
    pub(crate) async fn says(&self, text: &str) -> Message {
        let message = self.writes(text);
        self.answer_to(message).await
    }

    /// The bot's first message that replies to this one.
    pub(crate) async fn answer_to(&self, message: MessageId) -> Message {
        self.sees(&format!("an answer to {}", message.0), |found| found.reply_to == Some(message)).await
    }

    /// Replies to a message, and gives the bot's answer.
    pub(crate) async fn replies(&self, to: MessageId, text: &str) -> Message {
        let message = self.world.telegram.reply(self.chat, self.person, to, text);
        self.answer_to(message).await
    }

    /// Waits for a message of the bot's.
    pub(crate) async fn sees(&self, what: &str, mut wanted: impl FnMut(&Message) -> bool) -> Message {
        let find = |view: &View<'_>| {
            view.messages(self.chat).into_iter().find(|found| found.from_bot && wanted(found))
        };
        self.world.until(what, self.chat, find).await
    }

    /// Waits until this message of the bot's says `text` somewhere.
    pub(crate) async fn sees_in(&self, message: &Message, text: &str) -> Message {
        let id = message.id;
        self.sees(&format!("{text:?} in message {}", id.0), |found| {
            found.id == id && found.text.contains(text)
        })
        .await
    }

    /// Writes a command whose answer is a card, and waits for the card to say `text`.
    pub(crate) async fn runs(&self, command: &str, text: &str) -> Message {
        let card = self.says(command).await;
        assert!(card.text.starts_with("Task "), "{command:?} was answered with {:?}", card.text);
        self.sees_in(&card, text).await
    }

    /// Presses a button and gives the text that pops up.
    pub(crate) async fn presses(&self, message: &Message, label: &str) -> String {
        let query = self.world.telegram.press_label(self.chat, self.person, message.id, label);
        self.toast(&query).await
    }

    pub(crate) async fn toast(&self, query: &str) -> String {
        let find = |view: &View<'_>| {
            view.callback_answers().into_iter().find(|answer| answer.query == query).map(|answer| answer.text)
        };
        self.world.until("the answer to a press", self.chat, find).await
    }

    /// All that the bot said here.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.world.telegram.messages(self.chat).into_iter().filter(|message| message.from_bot).collect()
    }

    /// What the bot said in answer to this message.
    pub(crate) fn answers_to(&self, message: MessageId) -> Vec<Message> {
        self.heard().into_iter().filter(|answer| answer.reply_to == Some(message)).collect()
    }
}

/// A `fib` that runs only when it is let: tests see when work began, and decide when it ends.
#[derive(Clone)]
pub(crate) struct Held {
    began: Arc<Semaphore>,
    released: CancellationToken,
    cancels: Arc<AtomicU64>,
}

impl Held {
    pub(crate) fn new() -> Self {
        Self {
            began: Arc::new(Semaphore::new(0)),
            released: CancellationToken::new(),
            cancels: Arc::default(),
        }
    }

    /// Work that looks at its flag only when it is released.
    pub(crate) fn deaf(&self) -> Engine {
        let held = self.clone();
        Engine::on_workers(Arc::new(move |n, control| {
            held.began.add_permits(1);
            while !held.released.is_cancelled() {
                std::thread::yield_now();
            }
            fib(n, control)
        }))
    }

    /// Work that stops when it is told to.
    pub(crate) fn attentive(&self) -> Engine {
        let held = self.clone();
        Engine::on_workers(Arc::new(move |n, control| held.attend(n, control)))
    }

    /// What the [`attentive`](Self::attentive) engine does, for an engine that does something else with other numbers.
    pub(crate) fn attend(&self, n: u64, control: &Control) -> Result<Digits, FibError> {
        self.began.add_permits(1);
        while !self.released.is_cancelled() {
            control.check().inspect_err(|_| {
                self.cancels.fetch_add(1, Ordering::SeqCst);
            })?;
            std::thread::yield_now();
        }
        fib(n, control)
    }

    /// Waits until that many more have begun.
    pub(crate) async fn began(&self, count: u32) {
        let began = tokio::time::timeout(BOUND, self.began.acquire_many(count)).await;
        began.expect("the work does not begin").unwrap().forget();
    }

    /// How many have begun that nobody waited for.
    pub(crate) fn begun(&self) -> usize {
        self.began.available_permits()
    }

    pub(crate) fn release(&self) {
        self.released.cancel();
    }

    /// How many saw that they were to stop.
    pub(crate) fn cancels(&self) -> u64 {
        self.cancels.load(Ordering::SeqCst)
    }
}
