//! What is counted and measured, and how Prometheus reads it.
//!
//! A value that is handed through, not a global: two bots in one process do not mix. To count is an atomic or two; what
//! would have to be kept up to date is looked at when somebody asks. Every label's value is a word of a closed enum
//! (`labels`), so that no name, text or id of anybody's is in any.

mod disk;
mod fleet;
mod jobs;
mod labels;
mod machine;
mod standby;
mod traffic;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use self::{disk::Disk, fleet::Fleet, jobs::Jobs, machine::Machine, standby::Standby, traffic::Traffic};
pub use self::{
    jobs::{Busy, Waiting},
    labels::{
        Answer, Asked, Called, Ended, Found, Handled, Kind, Line, Live, Method, Refused, Standing, Update,
    },
    machine::resident,
    traffic::Totals,
};
use crate::job::{ChatId, JobId, Spec};

/// Of what should take milliseconds, in seconds.
const SHORT: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Of what may take minutes.
const LONG: [f64; 14] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// What [`Metrics::text`] is sent as.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// All that is counted of one bot.
pub struct Metrics {
    registry: Registry,
    jobs: Jobs,
    traffic: Traffic,
    disk: Disk,
    machine: Machine,
    fleet: Fleet,
    standby: Standby,
    state: State,
    /// When Telegram last answered, or sent something.
    // A std lock, held for a look.
    reached: Mutex<Option<Instant>>,
}

/// How the bot is at the moment of the look.
struct State {
    boards: Gauge,
    lanes: Gauge,
    budget: Gauge,
    used: Gauge,
    silence: Gauge,
    unsaid: Gauge,
    silent: Counter,
}

/// What only the owners of the boards, the outbox and the store know.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Unfinished jobs.
    pub live: HashMap<(Kind, Live), usize>,
    /// Jobs in the line for CPU slots that wait for memory.
    pub waits_for_memory: usize,
    /// Chats that have a board.
    pub boards: usize,
    /// Chats that were ever written to.
    pub lanes: usize,
    /// Bytes that running jobs may take together.
    pub budget: u64,
    /// Bytes that were given to them.
    pub used: u64,
    /// Writes that wait for the disk.
    pub writes: usize,
    /// Bytes of the store's file and its log.
    pub size: u64,
    /// How long it will take to say what waits to be said.
    pub unsaid: Duration,
    /// Commands that were not even answered with "busy".
    pub silent: u64,
    /// Who does the work; nobody where the bot does it itself.
    pub fleet: FleetLook,
}

/// The workers of a bot.
#[derive(Clone, Copy, Debug, Default)]
pub struct FleetLook {
    /// Those that take tasks.
    pub working: usize,
    /// Those that end.
    pub draining: usize,
    /// Those that do not know what is asked of them.
    pub too_old: usize,
    /// Members that they have.
    pub in_hand: usize,
    /// How long NATS has been away; `None` while it is there.
    pub away: Option<Duration>,
}

impl Metrics {
    /// Nothing has happened yet.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("jobboard");
        let (jobs, traffic) = (Jobs::new(&mut registry), Traffic::new(&mut registry));
        let (disk, machine) = (Disk::new(&mut registry), Machine::new(&mut registry));
        let (fleet, standby) = (Fleet::new(&mut registry), Standby::new(&mut registry));
        let (state, reached) = (State::new(&mut registry), Mutex::default());
        Arc::new(Self { registry, jobs, traffic, disk, machine, fleet, standby, state, reached })
    }

    /// A job was accepted.
    pub fn submitted(&self, spec: &Spec) {
        self.jobs.submitted(spec);
    }

    /// A job was not accepted.
    pub fn refused(&self, reason: Refused) {
        self.jobs.refused(reason);
    }

    /// A job's end is stored.
    pub fn finished(&self, kind: Kind, ended: Ended) {
        self.jobs.finished(kind, ended);
    }

    /// A job's work has stopped, so long after its first member began.
    pub fn ran(&self, spec: &Spec, took: Duration) {
        self.jobs.ran(spec, took);
    }

    /// A job is to stop, since somebody wants that.
    pub fn killed(&self, chat: ChatId, id: JobId) {
        self.jobs.killed(chat, id);
    }

    /// A job's work has stopped, for whatever reason.
    pub fn stopped(&self, chat: ChatId, id: JobId) {
        self.jobs.stopped(chat, id);
    }

    /// Somebody waits.
    pub fn waits(&self, line: impl Into<Line>) -> Waiting {
        self.jobs.waits(line.into())
    }

    /// Somebody uses a slot.
    pub fn works(&self, line: impl Into<Line>) -> Busy {
        self.jobs.works(line.into())
    }

    /// So many slots there are.
    pub fn set_slots(&self, line: Line, slots: usize) {
        self.jobs.set_slots(line, slots);
    }

    /// An update came.
    pub fn received(&self, kind: Update) {
        self.traffic.received(kind);
    }

    /// This became of it.
    pub fn handled(&self, outcome: Handled) {
        self.traffic.handled(outcome);
    }

    /// Its effect was stored so long after it came.
    pub fn handling(&self, took: Duration) {
        self.traffic.handling(took);
    }

    /// A request to the webhook was answered.
    pub fn webhook(&self, status: Answer) {
        self.traffic.webhook(status);
    }

    /// A call to the Bot API has ended; `took` is `None` where the time says nothing of Telegram.
    pub fn called(&self, method: &str, outcome: Called, took: Option<Duration>) {
        self.traffic.called(Method::named(method), outcome, took);
        // A refusal is an answer, too.
        if !matches!(
            outcome,
            Called::NoAnswer
                | Called::ServerError
                | Called::Nonsense
                | Called::Unreadable
                | Called::Unauthorized
        ) {
            self.reached();
        }
    }

    /// PokeAPI has answered, or not.
    pub fn asked(&self, what: Asked, outcome: Found, took: Duration) {
        self.traffic.asked(what, outcome, took);
    }

    /// A group of writes is on the disk, or could not get there.
    pub fn committed(&self, writes: usize, took: Duration, is_done: bool) {
        self.disk.committed(writes, took, is_done);
    }

    /// Telegram is there.
    pub fn reached(&self) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long nothing was heard of Telegram; `None` where nothing ever was.
    pub fn silence(&self) -> Option<Duration> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed())
    }

    /// This bot follows another one, and lacks so many entries of its log of those it knows of; `has_all` where there are no more.
    pub fn follows(&self, lacks: u64, has_all: bool) {
        self.standby.follows(lacks, has_all);
    }

    /// This bot follows nobody any more.
    pub fn leads(&self) {
        self.standby.leads();
    }

    /// Takes over what was seen. Reads some small files; to be called in the runtime.
    pub fn look(&self, look: &Look) {
        self.jobs.set_live(|kind, state| look.live.get(&(kind, state)).copied().unwrap_or_default());
        self.jobs.set_waits_for_memory(look.waits_for_memory);
        self.disk.set(look.writes, look.size);
        self.machine.look();
        self.fleet.set(&look.fleet);
        self.standby.look();
        let State { boards, lanes, budget, used, silence, unsaid, silent } = &self.state;
        unsaid.set(signed(look.unsaid.as_secs()));
        silent.inc_by(look.silent.saturating_sub(silent.get()));
        boards.set(signed(look.boards));
        lanes.set(signed(look.lanes));
        budget.set(signed(look.budget));
        used.set(signed(look.used));
        silence.set(self.silence().map_or(-1, |silence| signed(silence.as_secs())));
    }

    /// What came and left since the start, for people.
    pub fn totals(&self) -> Totals {
        self.traffic.totals()
    }

    /// All of it, in Prometheus's text format.
    ///
    /// # Errors
    /// None in practice: a string can be written to.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl State {
    fn new(registry: &mut Registry) -> Self {
        let state = Self {
            boards: Gauge::default(),
            lanes: Gauge::default(),
            budget: Gauge::default(),
            used: Gauge::default(),
            silence: Gauge::default(),
            unsaid: Gauge::default(),
            silent: Counter::default(),
        };
        let Self { boards, lanes, budget, used, silence, unsaid, silent } = &state;
        registry.register("boards", "Chats that have a board", boards.clone());
        registry.register("lanes", "Chats that something was said in", lanes.clone());
        let help = "Memory that running jobs may take together";
        registry.register_with_unit("memory_budget", help, Unit::Bytes, budget.clone());
        let help = "Memory that was given to running jobs";
        registry.register_with_unit("memory_used", help, Unit::Bytes, used.clone());
        let help = "Since Telegram last answered or sent something; -1 where it never did";
        registry.register_with_unit("telegram_silence", help, Unit::Seconds, silence.clone());
        let help = "How long it will take to say what waits to be said";
        registry.register_with_unit("unsaid", help, Unit::Seconds, unsaid.clone());
        registry.register("busy_untold", "Commands that were not even answered with busy", silent.clone());
        state
    }
}

fn histogram(bounds: &[f64]) -> Histogram {
    Histogram::new(bounds.iter().copied())
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts are whole numbers")]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).trim().parse().unwrap()
    }

    #[tokio::test]
    async fn everything_is_there_from_the_beginning() {
        let metrics = Metrics::new();
        metrics.look(&Look::default());
        let text = metrics.text().unwrap();
        assert!(text.contains("\n# TYPE jobboard_jobs_submitted_total counter\n"), "{text}");
        assert_eq!(value(&text, "jobboard_jobs_finished_total{kind=\"dex_multi\",state=\"failed\"}"), 0.0);
        assert_eq!(value(&text, "jobboard_queue_wait_seconds_count{resource=\"io\"}"), 0.0);
        assert_eq!(value(&text, "jobboard_telegram_silence_seconds"), -1.0);
        assert!(text.contains("jobboard_build_info{version=\""), "{text}");
        for name in ["process_resident_memory_bytes", "process_open_descriptors", "tokio_workers"] {
            assert!(value(&text, &format!("jobboard_{name}")) > 0.0, "{name}");
        }
    }

    #[test]
    fn two_do_not_mix_and_guards_count_back() {
        let (one, other) = (Metrics::new(), Metrics::new());
        let waiting = one.waits(Line::Cpu);
        let busy = one.works(Line::Io);
        let text = one.text().unwrap();
        assert_eq!(value(&text, "jobboard_queue_waiting{resource=\"cpu\"}"), 1.0);
        assert_eq!(value(&text, "jobboard_slots_busy{resource=\"io\"}"), 1.0);
        waiting.came();
        drop((busy, one.waits(Line::Cpu)));
        let text = one.text().unwrap();
        assert_eq!(value(&text, "jobboard_queue_waiting{resource=\"cpu\"}"), 0.0);
        assert_eq!(value(&text, "jobboard_queue_wait_seconds_count{resource=\"cpu\"}"), 1.0);
        assert_eq!(value(&text, "jobboard_slots_busy{resource=\"io\"}"), 0.0);
        assert_eq!(value(&other.text().unwrap(), "jobboard_queue_wait_seconds_count{resource=\"cpu\"}"), 0.0);
    }

    #[test]
    fn a_kill_is_timed_once() {
        let metrics = Metrics::new();
        let (chat, id) = (ChatId(1), JobId(1));
        metrics.stopped(chat, id);
        metrics.killed(chat, id);
        metrics.killed(chat, id);
        metrics.stopped(chat, id);
        metrics.stopped(chat, id);
        assert_eq!(value(&metrics.text().unwrap(), "jobboard_kill_seconds_count"), 1.0);
    }

    #[test]
    fn an_answer_is_a_sign_of_life_and_a_failure_is_none() {
        let metrics = Metrics::new();
        metrics.called("sendMessage", Called::NoAnswer, None);
        assert_eq!(metrics.silence(), None);
        metrics.called("SendMessage", Called::BadRequest, None);
        assert!(metrics.silence().is_some());
        let text = metrics.text().unwrap();
        let line = "jobboard_telegram_calls_total{method=\"sendMessage\",outcome=\"bad_request\"}";
        assert_eq!(value(&text, line), 1.0);
        metrics.called("a text of <b>mine</b>", Called::Done, None);
        assert!(!metrics.text().unwrap().contains("mine"));
    }
}
