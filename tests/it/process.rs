//! The program as a process of its own, against a Telegram in the test's process: it can be killed, and started again
//! on what it left. Every wait is for an event, is bounded, and fails at once when the process is gone.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use jobboard::sandbox::{ChatId, Message, MessageId, Options, PersonId, Sandbox, Telegram, View};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_mins(1);

/// What stays when the process dies: Telegram, its people, and the folder.
pub(crate) struct Ground {
    pub(crate) telegram: Telegram,
    pub(crate) sandbox: Sandbox,
    folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
}

/// The running program. Dropping it kills it.
pub(crate) struct Bot {
    child: Child,
    log: watch::Sender<String>,
    /// Its stderr is closed: it has ended, in whatever way.
    gone: CancellationToken,
}

/// A person in a chat, while the program runs.
pub(crate) struct Talk<'a> {
    ground: &'a Ground,
    bot: &'a Bot,
    pub(crate) chat: ChatId,
    pub(crate) person: PersonId,
}

impl Ground {
    /// A Telegram and an empty folder; the program runs without paces, with two CPU workers and memory for all.
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut ground = Self { telegram: sandbox.telegram().clone(), sandbox, folder, settings: Vec::new() };
        let (url, pokeapi) = (ground.sandbox.url(), ground.sandbox.pokeapi_url());
        let data = ground.folder.path().join("data").display().to_string();
        for (name, value) in [
            ("TELOXIDE_TOKEN", Options::default().token.as_str()),
            ("TELOXIDE_API_URL", &url),
            ("JOBBOARD_POKEAPI_URL", &pokeapi),
            ("JOBBOARD_DATA_DIR", &data),
            ("JOBBOARD_RATE_ALL", "0"),
            ("JOBBOARD_RATE_PRIVATE", "0"),
            ("JOBBOARD_RATE_GROUP", "0"),
            ("JOBBOARD_RATE_PERSON", "0"),
            ("JOBBOARD_MAX_LIVE_JOBS_PERSON", "1000"),
            ("JOBBOARD_CPU_WORKERS", "2"),
            // Whatever the machine has: enough for every number.
            ("JOBBOARD_MEMORY", "4GB"),
        ] {
            ground.set(name, value);
        }
        ground
    }

    /// A setting for the next starts.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// A folder for whatever a test needs, beside the data.
    pub(crate) fn folder(&self) -> &tempfile::TempDir {
        &self.folder
    }

    /// The same environment, for a command beside the bot.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The store's file.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("data/jobboard.db")
    }

    /// Starts the program, in a clean environment.
    pub(crate) fn start(&self) -> Bot {
        self.start_as(&[])
    }

    /// The same, with these words behind its name.
    pub(crate) fn start_as(&self, words: &[&str]) -> Bot {
        self.start_with(words, &[])
    }

    /// The same with a data folder of its own, and with these settings, too.
    pub(crate) fn start_in(&self, folder: &str, more: &[(&str, &str)]) -> Bot {
        let data = self.folder.path().join(folder).display().to_string();
        self.start_with(&[], &[more, &[("JOBBOARD_DATA_DIR", &data)]].concat())
    }

    fn start_with(&self, words: &[&str], more: &[(&str, &str)]) -> Bot {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobboard"))
            .args(words)
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, gone) = (watch::Sender::new(String::new()), CancellationToken::new());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn({
            let (log, gone) = (log.clone(), gone.clone().drop_guard());
            move || {
                let _gone = gone;
                for line in stderr.lines().map_while(Result::ok) {
                    log.send_modify(|log| {
                        log.push_str(&line);
                        log.push('\n');
                    });
                }
            }
        });
        Bot { child, log, gone }
    }

    /// The number of the latest change that people see.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's own lifetime is not general enough"
    )]
    pub(crate) fn seq(&self) -> u64 {
        self.telegram.view(|view| view.seq())
    }

    /// A person in their private chat.
    pub(crate) fn private<'a>(&'a self, bot: &'a Bot, person: PersonId) -> Talk<'a> {
        self.talk(bot, self.telegram.private_chat(person), person)
    }

    /// A person in a chat.
    pub(crate) fn talk<'a>(&'a self, bot: &'a Bot, chat: ChatId, person: PersonId) -> Talk<'a> {
        Talk { ground: self, bot, chat, person }
    }
}

impl Bot {
    /// SIGKILL: no line of it runs any more when this returns. Gives what it had logged.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    /// SIGSTOP: it does nothing any more, and does not know.
    pub(crate) fn pause(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    /// Asks it to stop in good order, and waits for that.
    pub(crate) async fn stop(self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let (status, log) = self.ended().await;
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(!log.contains("could not be delivered"), "{log}");
    }

    /// Waits until it has ended by itself. Gives what it had logged.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let ended = tokio::time::timeout(BOUND, self.gone.cancelled()).await;
        assert!(ended.is_ok(), "the bot does not end\n{}", self.log());
        (self.child.wait().unwrap(), self.log())
    }

    /// Files may grow up to this many bytes from now on, as on a full disk; `None`: there is room again.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let own = getrlimit(Resource::Fsize);
        let limit = Rlimit { current: bytes.or(own.current), ..own };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Waits until it has logged this.
    pub(crate) async fn logs(&self, text: &str) {
        let mut log = self.logged();
        let why = tokio::select! {
            _ = log.wait_for(|log| log.contains(text)) => return,
            () = self.gone.cancelled() => "the bot is gone",
            () = tokio::time::sleep(BOUND) => "that takes too long",
        };
        assert!(self.log().contains(text), "{why}; waited for {text:?} in the log\n{}", self.log());
    }

    /// What it logs, as it grows.
    pub(crate) fn logged(&self) -> watch::Receiver<String> {
        self.log.subscribe()
    }

    pub(crate) fn log(&self) -> String {
        self.log.borrow().clone()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Talk<'_> {
    /// Waits for something, no longer than [`BOUND`] and not if the bot is gone.
    pub(crate) async fn until<T>(&self, what: &str, condition: impl FnMut(&View<'_>) -> Option<T>) -> T {
        let why = tokio::select! {
            biased;
            found = self.ground.telegram.until(condition) => return found,
            () = self.bot.gone.cancelled() => "the bot is gone",
            () = tokio::time::sleep(BOUND) => "that takes too long",
        };
        panic!("{why}; waited for {what}\n{}\n{}", self.bot.log(), self.ground.telegram.dump(self.chat));
    }

    /// Writes, and does not wait.
    pub(crate) fn writes(&self, text: &str) -> MessageId {
        self.ground.telegram.say(self.chat, self.person, text)
    }

    /// Writes, and gives the bot's first answer to it.
    pub(crate) async fn says(&self, text: &str) -> Message {
        let message = self.writes(text);
        self.answer_to(message).await
    }

    /// The bot's first message that replies to this one.
    pub(crate) async fn answer_to(&self, message: MessageId) -> Message {
        self.sees(&format!("an answer to {message}"), |found| found.reply_to == Some(message)).await
    }

    /// Waits for a message of the bot's.
    pub(crate) async fn sees(&self, what: &str, mut wanted: impl FnMut(&Message) -> bool) -> Message {
        let find = |view: &View<'_>| {
            view.messages(self.chat).into_iter().find(|found| found.from_bot && wanted(found))
        };
        self.until(what, find).await
    }

    /// Waits until this message of the bot's says `text` somewhere.
    pub(crate) async fn sees_in(&self, message: &Message, text: &str) -> Message {
        let id = message.id;
        let what = format!("{text:?} in message {id}");
        self.sees(&what, |found| found.id == id && found.text.contains(text)).await
    }

    /// What the bot said in answer to this message.
    pub(crate) fn answers_to(&self, message: MessageId) -> Vec<Message> {
        let mut messages = self.ground.telegram.messages(self.chat);
        messages.retain(|answer| answer.from_bot && answer.reply_to == Some(message));
        messages
    }
}
