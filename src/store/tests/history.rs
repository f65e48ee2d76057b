//! Any history of writes, crashes and retention, beside a model that is told the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const KEEP: Keep = Keep { jobs: 3, ..ALL };

#[derive(Clone, Debug)]
enum Step {
    Accept(ChatId),
    Start(ChatId, u64),
    Pause(ChatId, u64),
    Finish(ChatId, u64, u8),
    Kill(ChatId, Vec<u64>),
    Card(ChatId, u64, bool),
    Say(ChatId, Option<u64>),
    Said(u64),
    Handled(Vec<(i64, u64)>),
    Retain,
    Stop,
    Crash,
}

/// What there should be.
#[derive(Default)]
struct Model {
    jobs: Vec<LoadedJob>,
    running: BTreeSet<(ChatId, JobId)>,
    /// Ends, in order.
    finished: Vec<(ChatId, JobId)>,
    last_ids: BTreeMap<ChatId, u64>,
    kills: Vec<(ChatId, u64, String)>,
    answers: Vec<(ChatId, u64, String)>,
    handled: Vec<(i64, u64)>,
    steps: u64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let chat = || prop_oneof![Just(ChatId(1)), Just(CHAT)];
    let id = || 1..9_u64;
    let step = prop_oneof![
        5 => chat().prop_map(Step::Accept),
        4 => (chat(), id()).prop_map(|(chat, id)| Step::Start(chat, id)),
        1 => (chat(), id()).prop_map(|(chat, id)| Step::Pause(chat, id)),
        4 => (chat(), id(), 0..4_u8).prop_map(|(chat, id, how)| Step::Finish(chat, id, how)),
        1 => (chat(), prop::collection::vec(id(), 0..4)).prop_map(|(chat, ids)| Step::Kill(chat, ids)),
        1 => (chat(), id(), any::<bool>()).prop_map(|(chat, id, done)| Step::Card(chat, id, done)),
        1 => (chat(), prop::option::of(0..60_u64)).prop_map(|(chat, kill)| Step::Say(chat, kill)),
        1 => (0..60_u64).prop_map(Step::Said),
        1 => prop::collection::vec(any::<(i64, u64)>(), 0..4).prop_map(Step::Handled),
        1 => Just(Step::Retain),
        1 => Just(Step::Stop),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 0..60)
}

fn outcome(how: u8) -> Outcome {
    match how {
        0 => numbers(&[20]),
        1 => numbers(&[5000, 600]),
        2 => Outcome::Failed(Failure::PokeApiStatus(500)),
        _ => Outcome::Failed(Failure::StoppedTheBot(3)),
    }
}

impl Model {
    fn unfinished(&mut self, chat: ChatId, id: JobId) -> Option<&mut LoadedJob> {
        self.jobs.iter_mut().find(|job| job.chat == chat && job.job.id == id && !job.job.state.is_finished())
    }

    /// The step as a write; the model has done it then.
    fn write(&mut self, store: &Store, step: Step) -> Option<Write> {
        self.steps += 1;
        let (number, now) = (self.steps, at(self.steps));
        Some(match step {
            Step::Accept(chat) => {
                let last = self.last_ids.entry(chat).or_default();
                *last += 1;
                let mut job = job(*last);
                job.origin.message = MessageId(i32::try_from(number).unwrap());
                let (killed_by, card, card_done, dropped) = (None, None, false, false);
                let loaded =
                    LoadedJob { chat, job: job.clone(), crashes: 0, killed_by, card, card_done, dropped };
                self.jobs.push(loaded);
                Write::Accept(chat, Box::new(job))
            }
            Step::Start(chat, id) => {
                let (id, attempt) = (JobId(id), u32::try_from(number).unwrap());
                if let Some(job) = self.unfinished(chat, id) {
                    job.job.attempt = attempt;
                    self.running.insert((chat, id));
                }
                Write::Start { chat, id, attempt, started: now }
            }
            Step::Pause(chat, id) => {
                self.running.remove(&(chat, JobId(id)));
                Write::Pause(chat, JobId(id))
            }
            Step::Finish(chat, id, how) => self.finish(store, chat, JobId(id), how, now),
            Step::Kill(chat, ids) => {
                let (ids, by) = (ids.into_iter().map(JobId).collect::<Vec<_>>(), format!("killer {number}"));
                for id in &ids {
                    if let Some(job) = self.unfinished(chat, *id) {
                        job.killed_by.get_or_insert(by.clone());
                    }
                }
                self.kills.push((chat, number, by.clone()));
                Write::Kill { chat, kill: number, ids, body: by.clone(), by }
            }
            Step::Card(chat, id, done) => {
                let message = Some(MessageId(i32::try_from(number).unwrap()));
                let job = self.jobs.iter_mut().find(|job| (job.chat, job.job.id) == (chat, JobId(id)));
                if let Some(job) = job {
                    (job.card, job.card_done) = (message, done);
                }
                Write::Card { chat, id: JobId(id), message, done }
            }
            Step::Say(chat, kill) => {
                self.kills.retain(|known| Some((known.0, known.1)) != kill.map(|kill| (chat, kill)));
                self.answers.push((chat, number, format!("say {number}")));
                Write::Say {
                    chat,
                    answer: number,
                    body: format!("say {number}"),
                    instead: kill.map(Instead::Kill),
                }
            }
            Step::Said(answer) => {
                self.answers.retain(|known| known.1 != answer);
                Write::Said(answer)
            }
            Step::Handled(updates) => {
                self.handled.clone_from(&updates);
                Write::Handled(updates)
            }
            Step::Retain | Step::Stop | Step::Crash => return None,
        })
    }

    fn finish(&mut self, store: &Store, chat: ChatId, id: JobId, how: u8, finished: SystemTime) -> Write {
        // Only a job that is there gets as far as a file.
        let known = self.unfinished(chat, id).is_some();
        let outcome = if known { block_on(store.keep(chat, id, outcome(how))).unwrap() } else { outcome(2) };
        let outcome = Arc::new(outcome);
        let started = Some(at(0));
        if let Some(job) = self.unfinished(chat, id) {
            job.job.state = State::Finished { started, finished, outcome: outcome.clone() };
            self.finished.push((chat, id));
            self.running.remove(&(chat, id));
        }
        Write::Finish { chat, id, started, finished, outcome }
    }

    fn retain(&mut self) {
        for chat in [ChatId(1), CHAT] {
            let ends: Vec<_> = self.finished.iter().copied().filter(|job| job.0 == chat).collect();
            for end in ends.iter().rev().skip(KEEP.jobs) {
                self.jobs.retain(|job| (job.chat, job.job.id) != *end);
                self.finished.retain(|job| job != end);
            }
        }
    }

    /// It starts again: what runs now crashed.
    fn start(&mut self) {
        for (chat, id) in std::mem::take(&mut self.running) {
            if let Some(job) = self.unfinished(chat, id) {
                job.crashes += 1;
            }
        }
    }

    fn check(&self, loaded: &Loaded) {
        let jobs: Vec<_> = self.jobs.iter().map(|job| format!("{job:?}")).collect();
        assert_eq!(lines(loaded), jobs);
        assert_eq!(loaded.kills, self.kills);
        assert_eq!(loaded.answers, self.answers);
        assert_eq!(loaded.handled, self.handled);
        // The next id is a new one.
        for (chat, last) in &self.last_ids {
            let jobs = loaded.jobs.iter().filter(|job| job.chat == *chat).map(|job| job.job.id.0);
            let dropped = loaded.last_ids.iter().filter(|known| known.0 == *chat).map(|known| known.1.0);
            assert_eq!(jobs.chain(dropped).max(), Some(*last));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_loaded_is_what_was_written(steps in steps()) {
        let mut model = Model::default();
        let mut folder = folder();
        let mut store = Store::open(folder.path(), KEEP).unwrap().0;
        for step in steps.into_iter().chain([Step::Crash]) {
            match step {
                Step::Retain => {
                    store.retain(at(0)).unwrap();
                    model.retain();
                }
                Step::Stop | Step::Crash => {
                    let next = if matches!(step, Step::Stop) { store.close(); None } else { Some(crashed(&folder)) };
                    drop(store);
                    folder = next.unwrap_or(folder);
                    let (again, loaded) = Store::open(folder.path(), KEEP).unwrap();
                    store = again;
                    model.start();
                    model.check(&loaded);
                }
                step => {
                    if let Some(step) = model.write(&store, step) {
                        write(&store, step);
                    }
                }
            }
        }
    }
}
