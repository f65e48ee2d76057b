//! What was asked for, kept outside of the bot, and the comparison with what the bot says in the end.

use std::collections::{BTreeMap, HashMap, HashSet};

use jobboard::{
    sandbox::{Message, MessageId, View},
    work::{Control, fib::fib},
};
use num_bigint::BigUint;

use crate::process::Talk;

/// Numbers up to this one are computed here, the slow way; for larger ones the engine's own word is taken, which its own
/// tests compare.
const MAX_REFERENCE: u64 = 40_000;

/// Words of a card of a finished job.
const ENDS: [&str; 3] = [" · succeeded", " · failed", " · cancelled"];

/// Every command that was written, and every kill with the number of its task.
#[derive(Default)]
pub(super) struct Ledger {
    jobs: BTreeMap<MessageId, String>,
    kills: BTreeMap<MessageId, usize>,
}

/// The number in `Task 3 is submitted`.
#[track_caller]
pub(super) fn task_of(card: &Message) -> usize {
    let words: Vec<_> = card.text.lines().next().unwrap_or_default().split(' ').collect();
    match words[..] {
        ["Task", number, "is", "submitted"] => number.parse().unwrap(),
        _ => panic!("this is no card: {:?}", card.text),
    }
}

impl Ledger {
    pub(super) fn add_job(&mut self, message: MessageId, command: &str) {
        self.jobs.insert(message, command.to_owned());
    }

    pub(super) fn add_kill(&mut self, message: MessageId, task: usize) {
        self.kills.insert(message, task);
    }

    pub(super) fn kills(&self) -> usize {
        self.kills.len()
    }

    /// Waits until everything has come to its end, and checks all of it.
    pub(super) async fn check(&self, talk: &Talk<'_>, pokeapi: &str, crashes: usize) {
        talk.until("the end of everything", |view| self.is_settled(talk, view).then_some(())).await;
        let replies = self.replies(talk);
        let count = |message: &MessageId| replies.get(message).map_or(0, Vec::len);
        let repeated: usize = self.jobs.keys().chain(self.kills.keys()).map(|id| count(id) - 1).sum();
        assert!(repeated <= crashes, "{repeated} messages were repeated in {crashes} crashes");

        let tasks = self.tasks(&replies);
        let killed: HashSet<usize> = self.confirmed_kills(&replies, &tasks);
        let mut expected = Expected { pokeapi, numbers: HashMap::new(), pokemon: HashMap::new() };
        for (task, command) in &tasks {
            check_task(talk, *task, command, killed.contains(task), &mut expected).await;
        }
        let beyond = tasks.len() + 1;
        assert_eq!(talk.says(&format!("job {beyond}")).await.text, format!("There is no task {beyond}"));
        let board = talk.says("dash").await.text;
        let all = format!("Board: {} tasks, 0 running, 0 queued", tasks.len());
        assert!(board.starts_with(&all), "{board}");
    }

    /// Whether every job has a card that shows its end, and every kill its answer.
    fn is_settled(&self, talk: &Talk<'_>, view: &View<'_>) -> bool {
        if view.pending_updates() > 0 {
            return false;
        }
        let (mut ended, mut answered) = (HashSet::new(), HashSet::new());
        for message in view.messages(talk.chat) {
            let Some(to) = message.reply_to.filter(|_| message.from_bot) else { continue };
            answered.insert(to);
            if ENDS.iter().any(|end| message.text.contains(end)) {
                ended.insert(to);
            }
        }
        self.jobs.keys().all(|job| ended.contains(job))
            && self.kills.keys().all(|kill| answered.contains(kill))
    }

    /// The bot's cards and confirmations, by what they reply to. That a long job has ended is said once more, in a
    /// message of its own, which is left out.
    fn replies(&self, talk: &Talk<'_>) -> HashMap<MessageId, Vec<Message>> {
        let mut replies: HashMap<_, Vec<_>> = HashMap::new();
        for message in self.jobs.keys().chain(self.kills.keys()) {
            let mut answers = talk.answers_to(*message);
            answers
                .retain(|answer| self.kills.contains_key(message) || answer.text.contains(" is submitted\n"));
            replies.insert(*message, answers);
        }
        replies
    }

    /// The commands by the numbers of their tasks: one each, and none left out.
    fn tasks(&self, replies: &HashMap<MessageId, Vec<Message>>) -> BTreeMap<usize, &str> {
        let mut tasks = BTreeMap::new();
        for (message, command) in &self.jobs {
            let mut numbers: Vec<_> = replies[message].iter().map(task_of).collect();
            numbers.dedup();
            let [task] = numbers[..] else { panic!("{command:?} ({message}) became tasks {numbers:?}") };
            let other = tasks.insert(task, command.as_str());
            assert_eq!(other, None, "task {task} is {command:?}, too");
        }
        assert!(tasks.keys().copied().eq(1..=self.jobs.len()), "numbers are missing: {:?}", tasks.keys());
        tasks
    }

    /// The tasks whose kill was confirmed.
    fn confirmed_kills(
        &self,
        replies: &HashMap<MessageId, Vec<Message>>,
        tasks: &BTreeMap<usize, &str>,
    ) -> HashSet<usize> {
        let is_confirmed = |(message, task): &(&MessageId, &usize)| {
            let (killed, late) = verdicts(tasks[*task]);
            let answers = &replies[*message];
            let unknown = answers.iter().find(|answer| ![&killed, &late].contains(&&answer.text));
            assert!(unknown.is_none(), "a kill of task {task} was answered with {unknown:?}");
            answers.iter().any(|answer| answer.text == killed)
        };
        self.kills.iter().filter(is_confirmed).map(|(_, task)| *task).collect()
    }
}

/// The two true answers to a kill.
fn verdicts(command: &str) -> (String, String) {
    let killed = format!("Task \"{command}\" is killed");
    (killed, format!("Task \"{command}\" finished before it could be killed"))
}

/// Asks for one task: it has ended as it should, and its result is right to the last digit.
async fn check_task(talk: &Talk<'_>, task: usize, command: &str, killed: bool, expected: &mut Expected<'_>) {
    let asked = talk.writes(&format!("job {task}"));
    let answer = talk.answer_to(asked).await.text;
    let end = if killed { "cancelled" } else { "succeeded" };
    assert!(answer.contains(&format!("Task {task} · {command} · {end}")), "{answer}");
    if killed {
        assert!(answer.contains("Cancelled by Ann"), "{answer}");
        return;
    }
    let lines = expected.lines(command).await;
    if !answer.contains(" digits)") {
        assert!(lines.iter().all(|line| answer.contains(line)), "{answer}\n{lines:?}");
        return;
    }
    let is_document = |found: &Message| found.reply_to == Some(asked) && found.document.is_some();
    let document =
        talk.sees(&format!("the whole result of {command:?}"), is_document).await.document.unwrap();
    let text = String::from_utf8(document.bytes.to_vec()).unwrap();
    // A single number stands alone in its file.
    let is_right = match &lines[..] {
        [line] => line.ends_with(&format!(" is {text}")),
        _ => text.trim_end() == lines.join("\n"),
    };
    assert!(is_right, "{command:?} has a wrong result in {}", document.name);
}

/// The right results.
struct Expected<'a> {
    pokeapi: &'a str,
    numbers: HashMap<u64, String>,
    pokemon: HashMap<String, String>,
}

impl Expected<'_> {
    /// A sentence for each member of the command.
    async fn lines(&mut self, command: &str) -> Vec<String> {
        let mut words = command.split(' ');
        let is_fib = words.next().unwrap().starts_with("fib");
        let mut lines = Vec::new();
        for word in words {
            lines.push(if is_fib { self.number(word.parse().unwrap()) } else { self.pokemon(word).await });
        }
        lines
    }

    fn number(&mut self, n: u64) -> String {
        let digits = self.numbers.entry(n).or_insert_with(|| match n {
            ..=MAX_REFERENCE => reference(n),
            _ => fib(n, &Control::default()).unwrap().here().unwrap().to_owned(),
        });
        let suffix = match (n % 10, n % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        format!("The {n}{suffix} fibonacci number is {digits}")
    }

    async fn pokemon(&mut self, key: &str) -> String {
        if let Some(line) = self.pokemon.get(key) {
            return line.clone();
        }
        let answer = reqwest::get(format!("{}/pokemon/{key}", self.pokeapi)).await.unwrap();
        let pokemon: serde_json::Value = answer.json().await.unwrap();
        let (id, name) = (&pokemon["id"], pokemon["name"].as_str().unwrap());
        let line = format!("The pokemon with id {id} is {name}");
        self.pokemon.insert(key.to_owned(), line.clone());
        line
    }
}

/// The n-th number, counted from the 1st = 0, by adding.
fn reference(n: u64) -> String {
    let (mut a, mut b) = (BigUint::from(0_u8), BigUint::from(1_u8));
    for _ in 1..n {
        a += &b;
        std::mem::swap(&mut a, &mut b);
    }
    a.to_string()
}
