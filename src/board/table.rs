//! One chat's table.

mod ids;
mod kills;
mod page;
mod stats;
mod tally;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use tokio_util::sync::CancellationToken;

pub use self::{
    page::{Filter, Page},
    tally::{Members, Tally},
};
use super::{
    Hold,
    kill::{Kill, KillId},
    queue::{Place, Places, Spot},
    run::End,
    track::Track,
};
use crate::{
    job::{
        CancelReason, Event, Failure, Job, JobId, MemberTimes, MessageId, Origin, Outcome, Person, Spec,
        State,
    },
    store::LoadedJob,
    work::{Control, Shown},
};

/// One chat's jobs, and the kills under way.
#[derive(Default)]
pub(super) struct Table {
    last_id: u64,
    /// The highest number that people may have seen.
    last_accepted: u64,
    /// Accepted: what people see.
    // Boxed: a tree's nodes are half empty where all come at its end.
    jobs: BTreeMap<JobId, Box<Entry>>,
    /// Not stored yet: nobody sees them, but their places are taken.
    pending: BTreeMap<JobId, Box<Entry>>,
    origins: HashMap<Origin, JobId>,
    /// All that are on the board.
    all: ids::Ids,
    unfinished: BTreeSet<JobId>,
    /// Of these, running or cancelling.
    running: BTreeSet<JobId>,
    /// In the order they finished.
    finished: VecDeque<JobId>,
    /// What each person sent.
    by_person: HashMap<i64, ids::Ids>,
    kills: BTreeMap<u64, Kill>,
    last_kill: u64,
    /// The chat has removed the bot.
    pub(super) away: bool,
}

struct Entry {
    job: Job,
    /// While it is unfinished.
    live: Option<Box<Live>>,
    /// Who killed it first. As the next one, of few.
    killed_by: Option<Box<str>>,
    /// It was cancelled because its chat has removed the bot.
    left: Option<Box<CancelReason>>,
    /// Its digits are not in the store any more.
    dropped: bool,
    /// Of its members, when it has finished.
    times: Arc<[MemberTimes]>,
}

/// What stops a job and what it tells of itself.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) cancel: CancellationToken,
    pub(super) control: Arc<Control>,
    /// Where it stands in the line, once it has lined up.
    spot: Arc<OnceLock<Spot>>,
    pub(super) track: Arc<Track>,
}

/// What a job that has stopped comes to.
pub(super) enum Ending {
    /// This is to be recorded.
    Outcome(Outcome),
    /// The process is about to end: the job runs again at the next start.
    Paused,
}

/// A job as it was when somebody looked.
#[expect(clippy::struct_excessive_bools, reason = "independent, each named where it is set")]
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The job.
    pub job: Job,
    /// The share of its work that is done, 0 to 1, where the work tells.
    pub progress: Option<f64>,
    /// What its program shows of itself, while it runs.
    pub shown: Option<Arc<Shown>>,
    /// Its digits are not in the store any more.
    pub dropped: bool,
    /// The bot is about to stop: the job goes on when it is back.
    pub paused: bool,
    /// It is queued, and cannot begin for now whoever is before it.
    pub held: Option<Hold>,
    /// It is queued because what runs leaves too little memory for it.
    pub waits_for_memory: bool,
    /// It is queued because as many of its command run as may at once.
    pub waits_for_others: bool,
    /// Where it stands in the line, if it is queued and has lined up.
    pub place: Option<Place>,
    /// Of its members, in the order asked; empty where nothing is known, or a lone small number was computed at once.
    pub times: Arc<[MemberTimes]>,
}

/// One of which nothing else is known.
impl From<Job> for Snapshot {
    fn from(job: Job) -> Self {
        Self {
            job,
            progress: None,
            shown: None,
            dropped: false,
            paused: false,
            held: None,
            waits_for_memory: false,
            waits_for_others: false,
            place: None,
            times: Arc::default(),
        }
    }
}

impl Table {
    pub(super) fn by_origin(&self, origin: &Origin) -> Option<JobId> {
        self.origins.get(origin).copied()
    }

    /// Unfinished jobs, those that are not stored yet included.
    pub(super) fn live(&self) -> usize {
        self.unfinished.len() + self.pending.len()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last_id == 0
    }

    /// Whether a new table would be the same. The numbers of kills are the store's keys, so they are not given twice.
    pub(super) fn is_blank(&self) -> bool {
        self.is_empty() && self.last_kill == 0 && !self.away
    }

    /// Whether the number was given to a job once.
    pub(super) fn was_given(&self, id: JobId) -> bool {
        (1..=self.last_accepted).contains(&id.0)
    }

    pub(super) fn newest(&self) -> Option<JobId> {
        self.jobs.last_key_value().map(|(id, _)| *id)
    }

    pub(super) fn unfinished(&self) -> Vec<JobId> {
        self.unfinished.iter().copied().collect()
    }

    pub(super) fn is_unfinished(&self, id: JobId) -> bool {
        self.unfinished.contains(&id)
    }

    /// An unfinished job that this schedule has made.
    pub(super) fn unfinished_of(&self, schedule: u64) -> Option<JobId> {
        let mut unfinished = self.unfinished.iter().filter_map(|id| self.jobs.get(id));
        let of_it = unfinished.find(|entry| entry.job.origin.schedule() == Some(schedule));
        of_it.map(|entry| entry.job.id)
    }

    /// Those that have not begun.
    pub(super) fn queued(&self) -> impl Iterator<Item = JobId> {
        self.unfinished.difference(&self.running).copied()
    }

    pub(super) fn snapshot(&self, id: JobId) -> Option<Snapshot> {
        self.jobs.get(&id).map(|entry| entry.snapshot())
    }

    /// What is to be done, of a job that runs or is about to stop.
    pub(super) fn began(&self, id: JobId) -> Option<&Spec> {
        self.jobs.get(&id).filter(|_| self.running.contains(&id)).map(|entry| &entry.job.spec)
    }

    pub(super) fn outline(&self, id: JobId) -> Option<(bool, Option<i32>)> {
        self.jobs.get(&id).map(|entry| (entry.job.state.is_finished(), entry.job.origin.thread))
    }

    /// The last `count` jobs, oldest first.
    pub(super) fn last(&self, count: usize) -> Vec<Snapshot> {
        let mut last: Vec<_> = self.jobs.values().rev().take(count).map(|entry| entry.snapshot()).collect();
        last.reverse();
        last
    }

    /// Where a queued job stands in the line, if it has lined up.
    pub(super) fn spot(&self, id: JobId) -> Option<Spot> {
        let entry = self.jobs.get(&id).filter(|entry| entry.job.state == State::Queued)?;
        entry.live.as_ref()?.spot.get().cloned()
    }

    /// Gives a job its number. It is not on the board before it is [`accepted`](Self::accepted).
    pub(super) fn propose(
        &mut self,
        person: Person,
        origin: Origin,
        spec: Spec,
        exit: &CancellationToken,
    ) -> &Job {
        self.last_id += 1;
        let id = JobId(self.last_id);
        self.origins.insert(origin.clone(), id);
        let submitted = SystemTime::now();
        let job = Job { id, spec, person, origin, submitted, attempt: 0, state: State::Queued };
        let live = Some(Box::new(Live::new(exit)));
        let entry = Entry { job, live, killed_by: None, left: None, dropped: false, times: Arc::default() };
        &self.pending.entry(id).or_insert(Box::new(entry)).job
    }

    /// The job is stored: it is on the board now.
    pub(super) fn accepted(&mut self, id: JobId) -> Option<Live> {
        let entry = self.pending.remove(&id)?;
        let live = entry.live.as_deref().cloned();
        self.last_accepted = self.last_accepted.max(id.0);
        self.list(id, entry.job.person.id, true);
        self.jobs.insert(id, entry);
        live
    }

    /// The job could not be stored: it never was. Nobody has seen its number.
    pub(super) fn withdraw(&mut self, id: JobId) {
        if let Some(entry) = self.pending.remove(&id) {
            self.origins.remove(&entry.job.origin);
        }
        let pending = self.pending.last_key_value().map_or(0, |(id, _)| id.0);
        self.last_id = self.last_accepted.max(pending);
    }

    /// A member of the job has its first slot: the number of the attempt, or `None` where the job is not to run.
    pub(super) fn start(&mut self, id: JobId, now: SystemTime) -> Option<u32> {
        let entry =
            self.jobs.get_mut(&id).filter(|entry| entry.killed_by.is_none() && entry.left.is_none())?;
        if !entry.apply(Event::Start, now) {
            return None;
        }
        entry.job.attempt += 1;
        let attempt = entry.job.attempt;
        self.relist(id);
        Some(attempt)
    }

    /// What the end of the work means; `None` where the job has finished before.
    pub(super) fn ending(&self, id: JobId, end: End, exiting: bool) -> Option<Ending> {
        let entry = self.jobs.get(&id).filter(|entry| !entry.job.state.is_finished())?;
        Some(match (end, &entry.killed_by) {
            (End::Outcome(outcome), _) => Ending::Outcome(outcome),
            // Also one that was killed: it is not true yet.
            (End::Left, _) => Ending::Paused,
            (End::Cancelled, Some(by)) => {
                Ending::Outcome(Outcome::Cancelled(CancelReason::Killed { by: by.to_string() }))
            }
            (End::Cancelled, None) if entry.left.is_some() => {
                Ending::Outcome(Outcome::Cancelled(entry.left.as_deref().cloned()?))
            }
            (End::Cancelled, None) if exiting => Ending::Paused,
            // Nobody asked it to stop: a bug in the work.
            (End::Cancelled, None) => Ending::Outcome(Outcome::Failed(Failure::Panicked)),
        })
    }

    /// The job has finished, and that is stored. The kills that are resolved by it; `None` where the job had finished
    /// before: a finished job never changes. Of the finished jobs, `keep` are kept.
    pub(super) fn finish(
        &mut self,
        id: JobId,
        outcome: Arc<Outcome>,
        now: SystemTime,
        keep: usize,
    ) -> Option<Vec<KillId>> {
        let entry = self.jobs.get_mut(&id)?;
        if !entry.apply(Event::Finish(outcome), now) {
            return None;
        }
        if let Some(live) = entry.live.take() {
            entry.times = live.track.all();
        }
        let verdict = entry.verdict();
        self.relist(id);
        while self.finished.len() > keep
            && let Some(oldest) = self.finished.pop_front()
        {
            self.take_off(oldest);
        }
        Some(self.resolve(id, &verdict))
    }

    /// The jobs that run, with all that the store has to know to have them queued again.
    pub(super) fn running(&self) -> Vec<JobId> {
        self.running.iter().copied().collect()
    }

    /// Takes a job off the board that the store has dropped. One whose end is stored and not on the board yet stays.
    pub(super) fn forget(&mut self, id: JobId) {
        // The oldest ones go first, so it is found at once.
        if let Some(at) = self.finished.iter().position(|finished| *finished == id) {
            self.finished.remove(at);
            self.take_off(id);
        }
    }

    /// A finished job is on the board no more.
    fn take_off(&mut self, id: JobId) {
        if let Some(entry) = self.jobs.remove(&id) {
            self.origins.remove(&entry.job.origin);
            self.unlist(id, entry.job.person.id);
        }
    }

    /// The store has lost the job's digits.
    pub(super) fn drop_digits(&mut self, id: JobId) {
        if let Some(entry) = self.jobs.get_mut(&id) {
            entry.dropped = true;
        }
    }

    /// Puts a stored job back on the board. What stops it, where it is unfinished.
    pub(super) fn restore(&mut self, loaded: LoadedJob, exit: &CancellationToken) -> Option<Live> {
        let LoadedJob { job, killed_by, dropped, .. } = loaded;
        let id = job.id;
        self.restore_last_id(id);
        if job.origin.message != MessageId(0) || job.origin.schedule().is_some() {
            self.origins.insert(job.origin.clone(), id);
        }
        let live = (!job.state.is_finished()).then(|| Live::new(exit));
        self.list(id, job.person.id, live.is_some());
        let (boxed, times) = (live.clone().map(Box::new), Arc::default());
        let killed_by = killed_by.map(String::into_boxed_str);
        self.jobs.insert(id, Box::new(Entry { job, live: boxed, killed_by, left: None, dropped, times }));
        live
    }

    /// What is known of the members of a stored job.
    pub(super) fn restore_times(&mut self, id: JobId, text: &str) {
        if let Some(entry) = self.jobs.get_mut(&id).filter(|entry| entry.live.is_none())
            && let Some(times) = MemberTimes::read(text)
        {
            entry.times = times.into();
        }
    }

    /// Remembers that numbers up to this one were given.
    pub(super) fn restore_last_id(&mut self, id: JobId) {
        self.last_id = self.last_id.max(id.0);
        self.last_accepted = self.last_id;
    }

    /// Stored jobs come in order of their numbers; they are forgotten in the order in which they finished.
    pub(super) fn sort_finished(&mut self) {
        let jobs = &self.jobs;
        let when = |id: &JobId| jobs.get(id).and_then(|entry| entry.job.finished());
        self.finished.make_contiguous().sort_by_key(when);
    }

    /// The chat has another id now: messages of the old one cannot be replied to, and their numbers mean others.
    pub(super) fn forget_origins(&mut self) {
        self.origins.clear();
        for (id, entry) in self.jobs.iter_mut().chain(self.pending.iter_mut()) {
            let origin = &mut entry.job.origin;
            if origin.schedule().is_none() {
                *origin = Origin::nowhere();
            } else {
                // It stays this occurrence, and makes no second job.
                *origin = Origin { callback: origin.callback.take(), ..Origin::nowhere() };
                self.origins.insert(origin.clone(), *id);
            }
        }
        for kill in self.kills.values_mut() {
            kill.reply_to = Origin::nowhere();
        }
    }
}

impl Live {
    fn new(exit: &CancellationToken) -> Self {
        let cancel = CancellationToken::new();
        let control = Arc::new(Control::new(cancel.clone(), exit.clone()));
        Self { cancel, control, spot: Arc::default(), track: Arc::default() }
    }

    /// The job's members have taken their places.
    pub(super) fn lined_up(&self, places: &Places) {
        // It lines up once.
        if let Some(spot) = places.spot() {
            let _ = self.spot.set(spot);
        }
    }
}

impl Entry {
    fn apply(&mut self, event: Event, now: SystemTime) -> bool {
        match self.job.state.next(event, now) {
            Ok(state) => {
                self.job.state = state;
                true
            }
            Err(_) => false,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let live = self.live.as_deref();
        Snapshot {
            progress: live.and_then(|live| live.control.progress()),
            shown: live.and_then(|live| live.control.shown()),
            dropped: self.dropped,
            times: live.map_or_else(|| self.times.clone(), |live| live.track.all()),
            ..self.job.clone().into()
        }
    }
}

impl Snapshot {
    /// Whether the job can be run again: it was not done, or what it found is not kept any more.
    pub fn can_be_retried(&self) -> bool {
        match self.job.state.outcome() {
            Some(Outcome::Failed(_) | Outcome::Cancelled(_)) => true,
            Some(Outcome::Succeeded(_)) => self.dropped,
            None => false,
        }
    }
}
