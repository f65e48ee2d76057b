//! Who will begin when, if nobody comes and nobody is killed: all that wait are let through in thought.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    time::{Duration, Instant},
};

use super::{
    Place,
    fair::Member,
    line::{Line, leaves_a_slot, whole},
    shares::is_long,
};

/// Members that are looked at: a place further back is not told, since it would take long to count and mean little.
pub(super) const MAX_AHEAD: usize = 1_000;
/// A forecast is good for this many times as long as it took to make: so it never takes more than a part of the time.
const GOOD_FOR: u32 = 20;

/// The places of those that wait.
pub(super) struct Forecast {
    places: HashMap<u64, Place>,
}

/// A forecast that many look at.
pub(super) struct Cached {
    pub(super) forecast: Forecast,
    pub(super) made: Instant,
    pub(super) took: Duration,
}

impl Cached {
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.made) < self.took * GOOD_FOR
    }
}

/// A line in thought.
struct Sim<'a> {
    line: &'a Line,
    /// When each slot is free, and whether by one that takes long.
    slots: BinaryHeap<Reverse<(u64, bool)>>,
    long: usize,
    /// When jobs give back what they hold.
    returns: BinaryHeap<Reverse<(u64, u64)>>,
    free: u64,
    /// Jobs with members that wait: what they hold, how many of these there are, and when the last one ends.
    jobs: HashMap<u64, (u64, usize, u64)>,
    /// Somebody ahead takes nobody knows how long.
    blind: bool,
    places: HashMap<u64, Place>,
}

impl Forecast {
    pub(super) fn new(line: &Line, now: Instant) -> Self {
        let mut sim = Sim::new(line, now);
        let mut walk = line.fair.walk(|cost| line.charge(cost));
        for _ in 0..MAX_AHEAD {
            let Some(Reverse((at, is_long))) = sim.slots.peek().copied() else { break };
            let then = now + Duration::from_nanos(at);
            let short = leaves_a_slot(line.slots, sim.long - usize::from(is_long));
            let next = if short { walk.next(true, then) } else { None };
            let Some(member) = next.or_else(|| walk.next(false, then)) else { break };
            sim.begins(member);
        }
        Self { places: sim.places }
    }

    pub(super) fn place(&self, job: u64) -> Option<Place> {
        self.places.get(&job).copied()
    }
}

impl<'a> Sim<'a> {
    fn new(line: &'a Line, now: Instant) -> Self {
        let mut sim = Self {
            line,
            slots: BinaryHeap::new(),
            long: 0,
            returns: BinaryHeap::new(),
            free: line.memory.free(),
            jobs: HashMap::new(),
            blind: false,
            places: HashMap::new(),
        };
        // Of the jobs that run, those end whose members all run.
        let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
        for working in line.working.values() {
            let member = &working.member;
            let since = now.saturating_duration_since(working.since).as_secs_f64() * 1e9;
            let left = sim.expected(member).map(|nanos| whole(nanos - since));
            sim.blind |= left.is_none();
            let (left, long) = (left.unwrap_or(0), is_long(member.kind));
            sim.slots.push(Reverse((left, long)));
            sim.long += usize::from(long);
            let end = ends.entry(member.job).or_default();
            *end = left.max(*end);
        }
        for _ in line.working.len()..line.slots {
            sim.slots.push(Reverse((0, false)));
        }
        for (job, need) in line.memory.held() {
            sim.returns.push(Reverse((ends.get(&job).copied().unwrap_or(0), need)));
        }
        sim
    }

    fn expected(&self, member: &Member) -> Option<f64> {
        self.line.expected(member.cost)
    }

    fn begins(&mut self, member: &Member) {
        let Some(Reverse((free_at, was_long))) = self.slots.pop() else { return };
        self.long -= usize::from(was_long);
        let mut at = free_at;
        let claim = self.line.claims.get(&member.job).filter(|_| !self.jobs.contains_key(&member.job));
        if let Some((need, members)) = claim {
            at = self.memory_at(*need, at);
            let waiting = usize::try_from(members.end - members.start).unwrap_or(usize::MAX);
            self.jobs.insert(member.job, (*need, waiting, 0));
        }
        let position = self.places.len() + 1;
        let wait = (!self.blind).then(|| Duration::from_nanos(at));
        self.places.entry(member.job).or_insert(Place { position, wait });
        let takes = self.expected(member);
        self.blind |= takes.is_none();
        let end = at.saturating_add(takes.map_or(0, whole));
        let long = is_long(member.kind);
        self.long += usize::from(long);
        self.slots.push(Reverse((end, long)));
        if let Some((need, left, last)) = self.jobs.get_mut(&member.job) {
            *left = left.saturating_sub(1);
            *last = end.max(*last);
            if *left == 0 {
                self.returns.push(Reverse((*last, *need)));
            }
        }
    }

    /// When there is so much memory.
    fn memory_at(&mut self, need: u64, at: u64) -> u64 {
        let mut at = at;
        while let Some(Reverse((end, bytes))) = self.returns.peek().copied() {
            if end > at && need <= self.free {
                break;
            }
            self.returns.pop();
            self.free = self.free.saturating_add(bytes);
            at = at.max(end);
        }
        self.free = self.free.saturating_sub(need);
        at
    }
}
