//! A line in a time of its own: chats, people, costs and slots, without a clock.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::super::{
    Place,
    at_once::Command,
    forecast::Forecast,
    line::{Claim, Line},
};
use crate::job::ChatId;

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000 * MS;

/// Everything in nanoseconds since the start.
pub(super) struct Simulator {
    pub(super) line: Line,
    base: Instant,
    pub(super) now: u64,
    /// What a unit of cost takes here.
    pub(super) takes: fn(u64) -> u64,
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    pub(super) jobs: BTreeMap<u64, Job>,
    by_member: BTreeMap<u64, u64>,
    /// Members that began: of which job, when.
    pub(super) begun: Vec<(u64, u64)>,
}

pub(super) struct Job {
    pub(super) chat: i64,
    pub(super) costs: Vec<u64>,
    pub(super) arrived: u64,
    pub(super) began: Option<u64>,
    left: usize,
}

impl Simulator {
    pub(super) fn new(slots: usize, memory: u64) -> Self {
        Self {
            line: Line::new(slots, memory, Arc::default()),
            base: Instant::now(),
            now: 0,
            takes: |cost| cost,
            ends: BinaryHeap::new(),
            jobs: BTreeMap::new(),
            by_member: BTreeMap::new(),
            begun: Vec::new(),
        }
    }

    /// A job of one member that needs no memory.
    pub(super) fn one(&mut self, chat: i64, person: i64, cost: u64) -> u64 {
        self.submit((chat, person), 0, &[cost])
    }

    pub(super) fn submit(&mut self, whose: (i64, i64), need: u64, costs: &[u64]) -> u64 {
        self.submit_sized(whose, (need, 0), costs)
    }

    /// A job that needs so much in all, and so much for the largest of its members.
    pub(super) fn submit_sized(
        &mut self,
        (chat, person): (i64, i64),
        (need, member): (u64, u64),
        costs: &[u64],
    ) -> u64 {
        let claim = Claim { chat: ChatId(chat), person, need, member, command: Command::NONE, weight: 1 };
        self.line_up(claim, costs)
    }

    /// A program of this command, that takes so many slots.
    pub(super) fn program(&mut self, (chat, person): (i64, i64), name: &str, weight: u16, cost: u64) -> u64 {
        let command = self.line.at_once.look().command(name);
        let claim = Claim { chat: ChatId(chat), person, need: 0, member: 0, command, weight };
        self.line_up(claim, &[cost])
    }

    fn line_up(&mut self, claim: Claim, costs: &[u64]) -> u64 {
        let (job, members) = self.line.line_up(claim, costs, self.instant());
        self.by_member.extend(members.map(|member| (member, job)));
        let (chat, costs, left) = (claim.chat.0, costs.to_vec(), costs.len());
        self.jobs.insert(job, Job { chat, costs, arrived: self.now, began: None, left });
        self.call();
        job
    }

    pub(super) fn set_capacity(&mut self, slots: usize, memory: u64, largest: u64) {
        self.line.set_capacity(slots, memory, largest, self.instant());
        self.call();
    }

    /// Goes on to the next end; false if nothing runs.
    pub(super) fn step(&mut self) -> bool {
        let Some(Reverse((at, member))) = self.ends.pop() else { return false };
        self.now = at;
        let now = self.instant();
        self.line.learn(member, now);
        self.line.end(member, now);
        let id = self.by_member[&member];
        let job = self.jobs.get_mut(&id).unwrap();
        job.left -= 1;
        if job.left == 0 {
            self.line.give_back(id);
        }
        self.call();
        true
    }

    /// Goes on for so long, whatever ends meanwhile.
    pub(super) fn run(&mut self, nanos: u64) {
        let until = self.now + nanos;
        while self.ends.peek().is_some_and(|Reverse((at, _))| *at <= until) {
            self.step();
        }
        self.now = until;
        self.call();
    }

    pub(super) fn run_to_the_end(&mut self) {
        while self.step() {}
        assert!(self.line.fair.is_empty(), "nothing runs, and somebody waits");
    }

    /// How long the job waited, in seconds.
    pub(super) fn waited(&self, job: u64) -> f64 {
        let job = &self.jobs[&job];
        Duration::from_nanos(job.began.expect("it has not begun") - job.arrived).as_secs_f64()
    }

    pub(super) fn forecast(&self) -> Forecast {
        Forecast::new(&self.line, self.instant())
    }

    pub(super) fn place(&self, job: u64) -> Option<Place> {
        self.forecast().place(job)
    }

    /// The numbers of a job's members.
    pub(super) fn members(&self, job: u64) -> impl Iterator<Item = u64> {
        self.by_member.iter().filter(move |(_, of)| **of == job).map(|(member, _)| *member)
    }

    pub(super) fn instant(&self) -> Instant {
        self.base + Duration::from_nanos(self.now)
    }

    fn call(&mut self) {
        while let Some((member, _)) = self.line.call(self.instant()) {
            let id = self.by_member[&member];
            let job = self.jobs.get_mut(&id).unwrap();
            job.began.get_or_insert(self.now);
            let cost = self.line.working[&member].member.cost;
            self.ends.push(Reverse((self.now + (self.takes)(cost), member)));
            self.begun.push((id, self.now));
        }
    }
}

/// Numbers that look random and are the same each time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}
