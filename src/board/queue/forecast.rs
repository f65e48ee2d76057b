//! Who will begin when, if nobody comes and nobody is killed: all that wait are let through in thought.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    Place,
    at_once::Command,
    budget::Budget,
    fair::{Member, Walk},
    line::{Line, leaves_a_slot, whole},
    shares::is_long,
};
use crate::job::ChatId;

/// Members that are looked at: a place further back is not told, since it would take long to count and mean little.
pub(super) const MAX_AHEAD: usize = 1_000;
/// Members that are passed over for want of memory.
const MAX_ASIDE: usize = 200;
/// A forecast is good for this many times as long as it took to make: so it never takes more than a part of the time. For
/// jobs that came after it, which it does not know, the second.
const GOOD_FOR: [u32; 2] = [20, 4];
/// It may have taken long because others had the machine.
const MOST: Duration = Duration::from_millis(2);

/// The places of those that wait.
pub(super) struct Forecast {
    places: HashMap<u64, Place>,
}

/// A forecast that many look at.
pub(super) struct Cached {
    pub(super) forecast: Forecast,
    pub(super) made: Instant,
    pub(super) took: Duration,
    /// The last job that had come by then.
    pub(super) last: u64,
}

impl Cached {
    pub(super) fn is_good(&self, job: u64, now: Instant) -> bool {
        let times = GOOD_FOR[usize::from(job > self.last)];
        now.saturating_duration_since(self.made) < self.took.min(MOST) * times
    }
}

/// A line in thought.
struct Sim<'a> {
    line: &'a Line,
    /// When each slot is free, and whether by one that takes long.
    slots: BinaryHeap<Reverse<(u64, bool)>>,
    long: usize,
    /// Slots in use beyond those that there are: they are not given again.
    retiring: u64,
    memory: Budget,
    /// Those whose turn has come, and who do not fit.
    aside: VecDeque<&'a Member>,
    /// When jobs give back what they hold.
    returns: BinaryHeap<Reverse<(u64, u64)>>,
    /// Jobs that hold memory and have members that wait: how many, and when the last one ends of those that began.
    jobs: HashMap<u64, (usize, u64)>,
    /// What has begun in thought of each declared command, and of it in each chat.
    commands: HashMap<(Command, Option<ChatId>), usize>,
    /// Members that waited for others of their command.
    skipped: usize,
    /// Somebody ahead takes nobody knows how long.
    blind: bool,
    places: HashMap<u64, Place>,
}

impl Forecast {
    pub(super) fn new(line: &Line, now: Instant) -> Self {
        let mut sim = Sim::new(line, now);
        let mut walk = line.fair.walk(|member| line.charge(member));
        for _ in 0..MAX_AHEAD {
            let Some(Reverse((at, is_long))) = sim.slots.pop() else { break };
            sim.long -= usize::from(is_long);
            sim.give_back(at);
            if sim.retiring > 0 {
                sim.retiring -= 1;
                continue;
            }
            let then = now + Duration::from_nanos(at);
            let short = leaves_a_slot(line.slots, sim.long);
            let next = if short { sim.next(&mut walk, true, then) } else { None };
            if let Some(member) = next.or_else(|| sim.next(&mut walk, false, then)) {
                sim.begins(member, at);
            } else if let Some(Reverse((later, _))) = sim.returns.peek().filter(|_| !sim.aside.is_empty()) {
                // What it waits for is memory.
                sim.slots.push(Reverse((*later, false)));
            } else {
                break;
            }
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
            retiring: line.places.used().saturating_sub(line.slots as u64),
            memory: line.memory.clone(),
            aside: VecDeque::new(),
            returns: BinaryHeap::new(),
            jobs: HashMap::new(),
            commands: HashMap::new(),
            skipped: 0,
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
            // What takes long is one, however many slots it has.
            for slot in 0..line.places.capped(u64::from(member.weight)).max(1) {
                sim.slots.push(Reverse((left, long && slot == 0)));
            }
            sim.long += usize::from(long);
            let end = ends.entry(member.job).or_default();
            *end = left.max(*end);
        }
        for _ in line.places.used()..line.slots as u64 {
            sim.slots.push(Reverse((0, false)));
        }
        for (job, members) in &line.holders {
            let end = ends.get(job).copied().unwrap_or(0);
            sim.holds(*job, members, end);
        }
        sim
    }

    fn expected(&self, member: &Member) -> Option<f64> {
        self.line.expected(member)
    }

    /// Who takes the slot that is free.
    fn next<F: Fn(&Member) -> u64>(
        &mut self,
        walk: &mut Walk<'a, F>,
        short: bool,
        then: Instant,
    ) -> Option<&'a Member> {
        let fits = |member: &&Member| !(short && is_long(member.kind)) && self.misses(member).is_none();
        if let Some(at) = self.aside.iter().position(fits) {
            return self.aside.remove(at);
        }
        while self.aside.len() < MAX_ASIDE {
            let member = walk.next(short, then)?;
            if !self.admits(member) {
                // It waits for others of its command, and is in nobody's way: no place is told of it.
                self.skipped += 1;
                if self.skipped > MAX_AHEAD {
                    return None;
                }
                continue;
            }
            let Some(need) = self.misses(member) else { return Some(member) };
            self.memory.blocks(member.job, need);
            self.aside.push_back(member);
        }
        None
    }

    /// What its job needs, if that is more than there is for it now.
    fn misses(&self, member: &Member) -> Option<u64> {
        let claim = self.line.claims.get(&member.job).filter(|_| !self.jobs.contains_key(&member.job));
        claim.map(|(need, _)| self.memory.capped(*need)).filter(|need| *need > self.memory.room(member.job))
    }

    fn begins(&mut self, member: &Member, at: u64) {
        if let Some((need, members)) = self.line.claims.get(&member.job)
            && !self.jobs.contains_key(&member.job)
        {
            self.memory.take(member.job, self.memory.capped(*need));
            self.holds(member.job, members, 0);
        }
        let position = self.places.len() + 1;
        let at = self.takes_slots(member, at);
        let wait = (!self.blind).then(|| Duration::from_nanos(at));
        self.places.entry(member.job).or_insert(Place { position, wait });
        let takes = self.expected(member);
        self.blind |= takes.is_none();
        let end = at.saturating_add(takes.map_or(0, whole));
        let long = is_long(member.kind);
        self.long += usize::from(long);
        for slot in 0..self.line.places.capped(u64::from(member.weight)).max(1) {
            self.slots.push(Reverse((end, long && slot == 0)));
        }
        if let Some((left, last)) = self.jobs.get_mut(&member.job) {
            *left = left.saturating_sub(1);
            *last = end.max(*last);
            if *left == 0 {
                self.returns.push(Reverse((*last, member.job)));
            }
        }
    }

    /// One that takes several slots begins when the last of them is free.
    fn takes_slots(&mut self, member: &Member, at: u64) -> u64 {
        let mut at = at;
        for _ in 1..self.line.places.capped(u64::from(member.weight)) {
            let Some(Reverse((free, is_long))) = self.slots.pop() else { break };
            self.long -= usize::from(is_long);
            at = at.max(free);
        }
        if member.command != Command::NONE {
            *self.commands.entry((member.command, None)).or_default() += 1;
            *self.commands.entry((member.command, Some(member.chat))).or_default() += 1;
        }
        at
    }

    /// Whether one more of the member's command may run, beside those that run and those that have begun in thought.
    fn admits(&self, member: &Member) -> bool {
        let begun = |chat| self.commands.get(&(member.command, chat)).copied().unwrap_or(0);
        let begun = (begun(None), begun(Some(member.chat)));
        member.command == Command::NONE || self.line.at_once.look().room(member.command, member.chat, begun)
    }

    /// The job holds its memory, until its last member ends.
    fn holds(&mut self, job: u64, members: &Range<u64>, end: u64) {
        let waiting = members.clone().filter(|member| self.line.fair.get(*member).is_some()).count();
        self.jobs.insert(job, (waiting, end));
        if waiting == 0 {
            self.returns.push(Reverse((end, job)));
        }
    }

    fn give_back(&mut self, at: u64) {
        while let Some(Reverse((end, job))) = self.returns.peek().copied()
            && end <= at
        {
            self.returns.pop();
            self.memory.give_back(job);
        }
    }
}
