//! One line: who waits, who works, and who begins now. Plain data; the time is told.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
    time::Instant,
};

use super::{
    at_once::{AtOnce, Command, Counts, Group, memory_kind, with_memory_kind},
    budget::Budget,
    fair::{Fair, Member, Paid, takes_long},
    forecast::{Cached, Forecast},
    shares::{Kind, is_long},
};
use crate::job::ChatId;

/// Costs below it say nothing of the machine: what a member takes besides its work is more.
const MIN_SAMPLE: u64 = 1_000_000;
/// A sample's weight beside what was known before.
const WEIGHT: f64 = 0.25;
/// What a member is thought to take in nanoseconds, at least and at most: one whose cost nobody knows counts, too.
const CHARGES: (f64, f64) = (1e6, 3600e9);

/// A job that lines up.
#[derive(Clone, Copy, Debug)]
pub(in crate::board) struct Claim {
    pub(in crate::board) chat: ChatId,
    pub(in crate::board) person: i64,
    /// Bytes that it takes at its peak.
    pub(in crate::board) need: u64,
    /// Bytes of the one of its members that takes the most: it has to fit into one worker.
    pub(in crate::board) member: u64,
    /// What it is of, where that is declared.
    pub(in crate::board) command: Command,
    /// Slots that each of its members takes, as far as there are so many.
    pub(in crate::board) weight: u16,
}

pub(super) struct Line {
    pub(super) paused: bool,
    /// How many there are. More may be in use, where there were more: those are not given again.
    pub(super) slots: usize,
    /// Slots that were used and are free. The lowest is used first, so that few are where few are needed.
    free: BTreeSet<u32>,
    /// Slots from this one on have never been used.
    unused: u32,
    numbers: u64,
    jobs: u64,
    pub(super) fair: Fair,
    pub(super) memory: Budget,
    /// The slots, by members: one that takes several has all of them at once, as a job has its memory.
    pub(super) places: Budget,
    /// What runs of each declared command, in this line and in others.
    pub(super) at_once: Arc<AtOnce>,
    /// The largest member that any worker can take.
    largest: u64,
    /// Members that no worker can take for now. They are in nobody's way.
    parked: BTreeMap<u64, Member>,
    /// The largest member of each job that waits or works, and all of them.
    sizes: HashMap<u64, (u64, Range<u64>)>,
    /// What those jobs need that do not hold it yet, and their members.
    pub(super) claims: HashMap<u64, (u64, Range<u64>)>,
    /// The members of those jobs that hold it.
    pub(super) holders: HashMap<u64, Range<u64>>,
    /// Who holds a slot.
    pub(super) working: BTreeMap<u64, Working>,
    /// Of these, how many are thought to take long.
    long: usize,
    /// Nanoseconds that a unit of cost took of late.
    pub(super) pace: f64,
    /// Nanoseconds that a member of unknown cost took of late.
    pub(super) unknown: Option<f64>,
    /// The same of each declared command.
    programs: HashMap<Command, f64>,
    pub(super) forecast: Option<Cached>,
}

/// One that holds a slot.
#[derive(Clone, Copy)]
pub(super) struct Working {
    pub(super) member: Member,
    paid: Paid,
    pub(super) since: Instant,
    index: u32,
}

impl Line {
    pub(super) fn new(slots: usize, memory: u64, at_once: Arc<AtOnce>) -> Self {
        Self {
            paused: false,
            slots,
            free: BTreeSet::new(),
            unused: 0,
            numbers: 0,
            jobs: 0,
            fair: Fair::new(),
            memory: Budget::new(memory),
            places: Budget::new(slots as u64),
            at_once,
            largest: u64::MAX,
            parked: BTreeMap::new(),
            sizes: HashMap::new(),
            claims: HashMap::new(),
            holders: HashMap::new(),
            working: BTreeMap::new(),
            long: 0,
            pace: 1.0,
            unknown: None,
            programs: HashMap::new(),
            forecast: None,
        }
    }

    /// A job's members, with their costs, wait from now on: the job's number, and theirs. A need beyond the budget is taken for
    /// all of it.
    pub(super) fn line_up(&mut self, claim: Claim, costs: &[u64], now: Instant) -> (u64, Range<u64>) {
        self.jobs += 1;
        let job = self.jobs;
        let first = self.numbers + 1;
        self.numbers += costs.len() as u64;
        let numbers = first..self.numbers + 1;
        let Claim { chat, person, need, member: size, command, weight } = claim;
        if need > 0 {
            self.claims.insert(job, (need, numbers.clone()));
        }
        if size > 0 {
            self.sizes.insert(job, (size, numbers.clone()));
        }
        let at_once = self.at_once.clone();
        let mut counts = at_once.look();
        for (number, &cost) in numbers.clone().zip(costs) {
            let kind = counts.join(Group { command, chat, weight }, kind(need, takes_long(cost)));
            let member = Member { number, chat, person, job, cost, kind, command, weight };
            if size > self.largest {
                self.parked.insert(number, member);
            } else {
                self.fair.arrive(member, now);
            }
        }
        (job, numbers)
    }

    /// From now on there are so many slots, so much memory for all together, and so much for one member. Who works goes on.
    /// While there is no slot, nobody is found too large: who might come is not known. Whether somebody was, or is not any more.
    pub(super) fn set_capacity(&mut self, slots: usize, memory: u64, largest: u64, now: Instant) -> bool {
        self.slots = slots;
        self.places.set_all(slots as u64);
        self.memory.set_all(memory);
        self.forecast = None;
        if slots == 0 || largest == self.largest {
            return false;
        }
        self.largest = largest;
        self.sort_by_size(now)
    }

    /// Who became too large steps aside, and who fits comes back.
    fn sort_by_size(&mut self, now: Instant) -> bool {
        let before = self.parked.len();
        for (job, (size, members)) in &self.sizes {
            if *size <= self.largest {
                continue;
            }
            for number in members.clone() {
                if let Some(member) = self.fair.get(number).copied() {
                    self.fair.leave(number, now);
                    self.parked.insert(number, member);
                }
            }
            self.memory.passes_by(*job);
        }
        let (sizes, largest) = (&self.sizes, self.largest);
        let fits =
            |_: &u64, member: &mut Member| sizes.get(&member.job).is_none_or(|(size, _)| *size <= largest);
        let moved = self.parked.len() - before;
        let back: Vec<_> = self.parked.extract_if(.., fits).collect();
        let moved = moved + back.len();
        for (_, member) in back {
            self.fair.arrive(member, now);
        }
        moved > 0
    }

    /// One that waits holds a slot now, if there is one for it: its number, and the slot's.
    pub(super) fn call(&mut self, now: Instant) -> Option<(u64, u32)> {
        if self.paused || self.fair.is_empty() || !self.has_slot() {
            return None;
        }
        let member = self.pick()?;
        let Member { number, job, .. } = member;
        if let Some((need, members)) = self.claims.remove(&job) {
            self.memory.take(job, self.memory.capped(need));
            self.holders.insert(job, members.clone());
            for other in members {
                if let Some(kind) = self.fair.get(other).map(|other| other.kind) {
                    self.fair.becomes(other, with_memory_kind(kind, self::kind(0, is_long(kind))), now);
                }
            }
        }
        let (member, paid) = self.fair.begin(number, self.charge(&member), now)?;
        self.at_once.look().begin(member.kind);
        self.places.take(number, self.places.capped(u64::from(member.weight)));
        let index = self.take_slot();
        self.long += usize::from(is_long(member.kind));
        self.working.insert(number, Working { member, paid, since: now, index });
        Some((number, index))
    }

    /// The member waits no more.
    pub(super) fn leave(&mut self, number: u64, now: Instant) {
        if let Some(member) = self.parked.remove(&number).or_else(|| self.fair.get(number).copied()) {
            self.at_once.look().leave(member.kind);
        }
        self.fair.leave(number, now);
        // It may be the one that slots are kept for.
        self.places.give_back(number);
    }

    /// The job needs its memory no more, or never will.
    pub(super) fn give_back(&mut self, job: u64) {
        self.claims.remove(&job);
        self.holders.remove(&job);
        self.sizes.remove(&job);
        self.memory.give_back(job);
    }

    /// The member, which has a slot, uses it from now on.
    pub(super) fn begins(&mut self, number: u64, now: Instant) {
        if let Some(working) = self.working.get_mut(&number) {
            working.since = now;
        }
    }

    /// The member has its slot no more. Whether others of its command may wait for that elsewhere.
    pub(super) fn end(&mut self, number: u64, now: Instant) -> bool {
        let Some(Working { member, paid, since, index }) = self.working.remove(&number) else { return false };
        self.free.insert(index);
        self.places.give_back(number);
        self.at_once.look().end(member.kind);
        self.long -= usize::from(is_long(member.kind));
        let took = whole(now.saturating_duration_since(since).as_secs_f64() * 1e9);
        self.fair.end(&member, paid, took.saturating_mul(u64::from(member.weight)), now);
        member.command != Command::NONE
    }

    /// Its work is done, not given up: how long it took tells how long others will take.
    pub(super) fn learn(&mut self, number: u64, now: Instant) {
        let Some(Working { member, since, .. }) = self.working.get(&number) else { return };
        let took = now.saturating_duration_since(*since).as_secs_f64() * 1e9;
        let learned = |known: Option<f64>| known.map_or(took, |known| known + WEIGHT * (took - known));
        if member.command != Command::NONE {
            let known = self.programs.get(&member.command).copied();
            self.programs.insert(member.command, learned(known));
        } else if member.cost == 0 {
            self.unknown = Some(learned(self.unknown));
        } else if member.cost >= MIN_SAMPLE && !self.has_slot() {
            // A lone number has the help of idle cores, which those in the line will not have.
            #[expect(clippy::cast_precision_loss, reason = "a guess")]
            let sample = (took / member.cost as f64).clamp(0.01, 100.0);
            self.pace += WEIGHT * (sample - self.pace);
        }
    }

    /// Nanoseconds that a member will take, as far as that is known.
    pub(super) fn expected(&self, member: &Member) -> Option<f64> {
        let Member { cost, command, .. } = *member;
        if command != Command::NONE {
            return self.programs.get(&command).copied();
        }
        #[expect(clippy::cast_precision_loss, reason = "a guess")]
        if cost > 0 { Some(cost as f64 * self.pace) } else { self.unknown }
    }

    /// What counts of it as used, before it is known what it takes.
    pub(super) fn charge(&self, member: &Member) -> u64 {
        let charge = whole(self.expected(member).unwrap_or(0.0).clamp(CHARGES.0, CHARGES.1));
        charge.saturating_mul(u64::from(member.weight))
    }

    /// Where the job stands that waits, as was found out a moment ago; `None` where it does not wait, or is too far back.
    pub(super) fn place(&mut self, job: u64, now: Instant) -> Option<super::Place> {
        if !self.forecast.as_ref().is_some_and(|cached| cached.is_good(job, now)) {
            let begun = Instant::now();
            let forecast = Forecast::new(self, now);
            self.forecast = Some(Cached { forecast, made: now, took: begun.elapsed(), last: self.jobs });
        }
        let cached = self.forecast.as_ref()?;
        let mut place = cached.forecast.place(job)?;
        let since = now.saturating_duration_since(cached.made);
        place.wait = place.wait.map(|wait| wait.saturating_sub(since));
        Some(place)
    }

    /// Whether the job waits for memory: it does not fit now, whoever may be before it.
    pub(super) fn waits_for_memory(&self, job: u64) -> bool {
        !self.fits(job)
    }

    /// Whether the job waits for a worker that is large enough for it.
    pub(super) fn waits_for_larger(&self, job: u64) -> bool {
        self.sizes.get(&job).is_some_and(|(size, _)| *size > self.largest)
    }

    /// Bytes that are held, and how many jobs wait for some. It looks at every job in the line.
    pub(super) fn memory_look(&self) -> (u64, usize) {
        let waits = |need: u64| self.memory.capped(need) > self.memory.free();
        let waiting = self.claims.values().filter(|(need, _)| waits(*need)).count();
        (self.memory.used(), waiting)
    }

    /// Whether nothing but others of its command, which run, keeps the member from beginning in its turn.
    pub(super) fn waits_for_others(&self, number: u64) -> bool {
        self.fair.get(number).is_some_and(|member| !self.at_once.look().admits(member.kind))
    }

    fn has_slot(&self) -> bool {
        self.places.free() > 0
    }

    /// The lowest slot that is free; there is one.
    fn take_slot(&mut self) -> u32 {
        self.free.pop_first().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }

    /// Who begins next.
    fn pick(&mut self) -> Option<Member> {
        let short =
            if leaves_a_slot(self.slots, self.long) { self.pick_of(|kind| !is_long(kind)) } else { None };
        short.or_else(|| self.pick_of(|_| true))
    }

    /// The first, or where its memory or its slots are missing the first that may pass it. What has enough of its command running
    /// is not due, and in nobody's way.
    fn pick_of(&mut self, of: impl Fn(Kind) -> bool) -> Option<Member> {
        let at_once = self.at_once.clone();
        let counts = at_once.look();
        let of = |kind| of(kind) && counts.admits(kind);
        if let Some(head) = self.head(&counts, of) {
            return Some(head);
        }
        let beside = self.kept_for();
        let first = *self.fair.first(|kind| of(kind) && counts.admits_beside(kind, beside))?;
        let is_placed = self.is_placed(&first);
        if !is_placed {
            self.places.blocks(first.number, u64::from(first.weight));
        } else if self.fits(first.job) {
            return Some(first);
        }
        if let Some((need, _)) = self.claims.get(&first.job).filter(|_| !self.fits(first.job)) {
            self.memory.blocks(first.job, *need);
        }
        // No job's number, and no member's: what anybody may have that is not the head.
        let (room, slots) = (self.memory.room(0), self.places.room(0));
        let beside = self.kept_for();
        let is_placed = |kind| self.places.capped(counts.weight(kind)) <= slots;
        let of = |kind| of(kind) && is_placed(kind) && counts.admits_beside(kind, beside);
        let surely = self.fair.first(|kind| of(kind) && most(kind).is_some_and(|most| most <= room));
        surely.copied().or_else(|| {
            // The kind that some fit of and others do not.
            let edge = self.fair.first(|kind| of(kind) && most(kind).is_some_and(|most| most / 2 < room))?;
            self.fits(edge.job).then_some(*edge)
        })
    }

    /// One whose turn has come before, and who has now what it waited for.
    fn head(&mut self, counts: &Counts, of: impl Fn(Kind) -> bool) -> Option<Member> {
        if let Some(head) = self.places.head()
            && self.fair.get(head).is_some_and(|member| !counts.admits(member.kind))
        {
            // It waits for something else now, and nothing is kept for it meanwhile.
            self.places.passes_by(head);
        }
        if let Some(head) = self.memory.head().filter(|head| self.fits(*head))
            && let Some((_, members)) = self.claims.get(&head)
        {
            let mut members = members.clone().filter_map(|member| self.fair.get(member));
            if let Some(member) = members.find(|one| of(one.kind) && self.is_placed(one)) {
                return Some(*member);
            }
        }
        let head = self.places.head().and_then(|head| self.fair.get(head))?;
        (of(head.kind) && self.is_placed(head) && self.fits(head.job)).then_some(*head)
    }

    /// The kind of the one that slots are kept for: it is not passed by others of its command, where it would be one too many then.
    fn kept_for(&self) -> Option<Kind> {
        self.places.head().and_then(|head| self.fair.get(head)).map(|head| head.kind)
    }

    /// Whether there are slots for the member.
    fn is_placed(&self, member: &Member) -> bool {
        self.places.capped(u64::from(member.weight)) <= self.places.room(member.number)
    }

    fn fits(&self, job: u64) -> bool {
        self.claims.get(&job).is_none_or(|(need, _)| self.memory.capped(*need) <= self.memory.room(job))
    }
}

/// Whether only short members may have the next slot, if there are any: those that take long leave them one of several.
pub(super) fn leaves_a_slot(slots: usize, long: usize) -> bool {
    slots > 1 && long + 1 >= slots
}

/// Members of a kind may begin in the same circumstances: twice the bits of what their job still needs of memory, and one more
/// for those that take long.
fn kind(need: u64, long: bool) -> u8 {
    let memory = if need == 0 { 0 } else { 65 - (need - 1).leading_zeros() };
    u8::try_from(2 * memory).unwrap_or(u8::MAX - 1) + u8::from(long)
}

/// What members of the kind need at most; `None`: more than there can be.
fn most(kind: Kind) -> Option<u64> {
    match u32::from(memory_kind(kind) / 2) {
        0 => Some(0),
        bits => 1_u64.checked_shl(bits - 1),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is negative is over, and `as` saturates"
)]
pub(super) fn whole(nanos: f64) -> u64 {
    nanos.max(0.0) as u64
}
