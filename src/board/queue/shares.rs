//! Who is due among those that share slots: start-time fair queueing with prices.
//!
//! Each account has a tag, a time at which it is due, and who is due first comes first. What it takes is added to its tag, so
//! that all get the same, whatever the sizes. Who comes anew is due now: nobody gains by having been away. Now (`Shares::now`)
//! goes on with the work that is done for each that waits, so newcomers do not pass somebody for ever. Where use has a price, who used much lately pays more for the same, up to [`MAX_PRICE`] times.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, btree_set},
    hash::Hash,
    iter::Peekable,
    time::{Duration, Instant},
};

/// What was used counts half after this time.
pub(super) const HALF_LIFE: Duration = Duration::from_mins(5);
/// Use lately that doubles the price.
const DOUBLES: f64 = 60e9;
/// What those pay at most who used much lately.
pub(super) const MAX_PRICE: f64 = 4.0;
/// Use in nanoseconds that means nothing any more.
const NOTHING: f64 = 50e6;
/// Accounts that are remembered while nothing of theirs waits or runs.
const MAX_IDLE: usize = 10_000;

/// What a member needs to begin, besides its turn; see `line` and `at_once`. Odd for those that take long.
pub(super) type Kind = u32;

pub(super) fn is_long(kind: Kind) -> bool {
    kind % 2 == 1
}

/// Accounts that share.
pub(super) struct Shares<K> {
    accounts: HashMap<K, Account>,
    /// Those with somebody who waits, the next first; and by the kinds of these.
    all: BTreeSet<Rank<K>>,
    kinds: BTreeMap<Kind, BTreeSet<Rank<K>>>,
    /// Those with nothing that waits or runs, by the time at which they are forgotten.
    idle: BTreeSet<(Instant, K)>,
    now: u64,
    turns: u64,
    priced: bool,
}

/// Who is due when. Of two that are due at the same time, who was served, or came, longer ago comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<K> {
    tag: u64,
    turn: u64,
    who: K,
}

struct Account {
    tag: u64,
    turn: u64,
    used: Used,
    running: usize,
    waits: BTreeMap<Kind, usize>,
    idle_until: Option<Instant>,
}

/// Nanoseconds of a slot that were used lately.
#[derive(Clone, Copy)]
struct Used {
    nanos: f64,
    at: Instant,
}

impl Used {
    fn now(self, now: Instant) -> f64 {
        let lives = now.saturating_duration_since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.nanos * (-lives).exp2()
    }

    fn add(&mut self, nanos: f64, now: Instant) {
        *self = Self { nanos: (self.now(now) + nanos).max(0.0), at: now };
    }

    fn worthless(self, now: Instant) -> Instant {
        let lives = (self.now(now) / NOTHING).max(1.0).log2();
        now + HALF_LIFE.mul_f64(lives)
    }
}

fn price(used: f64) -> f64 {
    (1.0 + used / DOUBLES).min(MAX_PRICE)
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn float(nanos: u64) -> f64 {
    nanos as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share; `as` saturates")]
fn whole(nanos: f64) -> u64 {
    nanos as u64
}

impl<K: Copy + Eq + Hash + Ord> Shares<K> {
    /// Accounts for which use lately has a price.
    pub(super) fn priced() -> Self {
        Self { priced: true, ..Self::plain() }
    }

    /// Accounts that all pay the same.
    pub(super) fn plain() -> Self {
        let (all, kinds, idle) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { accounts: HashMap::new(), all, kinds, idle, now: 0, turns: 0, priced: false }
    }

    /// One more of the account's waits.
    pub(super) fn arrive(&mut self, who: K, kind: Kind, now: Instant) {
        let used = Used { nanos: 0.0, at: now };
        let new = || Account { tag: 0, turn: 0, used, running: 0, waits: BTreeMap::new(), idle_until: None };
        let account = self.accounts.entry(who).or_insert_with(new);
        if let Some(until) = account.idle_until.take() {
            self.idle.remove(&(until, who));
        }
        if account.waits.is_empty() {
            account.tag = account.tag.max(self.now);
            account.turn = self.turns;
            self.all.insert(account.rank(who));
        }
        let waits = account.waits.entry(kind).or_default();
        *waits += 1;
        if *waits == 1 {
            self.kinds.entry(kind).or_default().insert(account.rank(who));
        }
    }

    /// One of those that wait does not any more.
    pub(super) fn leave(&mut self, who: K, kind: Kind, now: Instant) {
        self.unrank(who);
        if let Some(account) = self.accounts.get_mut(&who)
            && let Some(waits) = account.waits.get_mut(&kind)
        {
            *waits -= 1;
            if *waits == 0 {
                account.waits.remove(&kind);
            }
        }
        self.rank(who);
        self.settle(who, now);
    }

    /// One of those that wait begins. What it pays, for so many nanoseconds of a slot.
    pub(super) fn begin(&mut self, who: K, kind: Kind, charge: u64, now: Instant) -> u64 {
        let waiting = self.all.len().max(1) as u64;
        self.turns += 1;
        let turn = self.turns;
        self.unrank(who);
        let Some(account) = self.accounts.get_mut(&who) else { return 0 };
        let price = if self.priced { price(account.used.now(now)) } else { 1.0 };
        let paid = whole(float(charge) * price);
        let goes_on = if waiting > 1 { paid / waiting } else { 0 };
        self.now = self.now.saturating_add(goes_on).max(account.tag);
        account.tag = account.tag.saturating_add(paid);
        account.turn = turn;
        account.used.add(float(charge), now);
        account.running += 1;
        self.rank(who);
        self.leave(who, kind, now);
        paid
    }

    /// One that began has ended: what it took counts, not what it was thought to take.
    pub(super) fn end(&mut self, who: K, (charge, paid): (u64, u64), took: u64, now: Instant) {
        self.unrank(who);
        if let Some(account) = self.accounts.get_mut(&who) {
            let pays = whole(float(paid) * float(took) / float(charge.max(1)));
            // What it gets back makes it due now, and not before: that would be credit.
            let due = account.tag.min(self.now);
            account.tag = account.tag.saturating_sub(paid).saturating_add(pays).max(due);
            account.used.add(float(took) - float(charge), now);
            account.running = account.running.saturating_sub(1);
        }
        self.rank(who);
        self.settle(who, now);
    }

    /// Who is next, of those with one of an allowed kind.
    pub(super) fn first(&self, allowed: impl Fn(Kind) -> bool) -> Option<K> {
        let kinds = self.kinds.iter().filter(|(kind, _)| allowed(**kind));
        kinds.filter_map(|(_, ranks)| ranks.first()).min().map(|rank| rank.who)
    }

    /// One account that means nothing any more; it is forgotten.
    pub(super) fn forget(&mut self, now: Instant) -> Option<K> {
        let over = self.idle.len() > MAX_IDLE;
        let (until, who) = *self.idle.first().filter(|(until, _)| over || *until <= now)?;
        self.idle.remove(&(until, who));
        self.accounts.remove(&who);
        Some(who)
    }

    /// Those with somebody who waits, in the order in which they would be served.
    pub(super) fn walk(&self) -> Walk<'_, K> {
        let short = self.kinds.iter().filter(|(kind, _)| !is_long(**kind));
        let short = short.map(|(_, ranks)| ranks.iter().peekable()).collect();
        let (all, short) = (Order::new(vec![self.all.iter().peekable()]), Order::new(short));
        Walk { shares: self, all, short, served: HashMap::new(), turns: self.turns }
    }

    fn unrank(&mut self, who: K) {
        let Some(account) = self.accounts.get(&who) else { return };
        let rank = account.rank(who);
        self.all.remove(&rank);
        for kind in account.waits.keys() {
            if let Some(ranks) = self.kinds.get_mut(kind) {
                ranks.remove(&rank);
                if ranks.is_empty() {
                    self.kinds.remove(kind);
                }
            }
        }
    }

    fn rank(&mut self, who: K) {
        let Some(account) = self.accounts.get(&who).filter(|account| !account.waits.is_empty()) else {
            return;
        };
        let rank = account.rank(who);
        self.all.insert(rank);
        for kind in account.waits.keys() {
            self.kinds.entry(*kind).or_default().insert(rank);
        }
    }

    fn settle(&mut self, who: K, now: Instant) {
        if let Some(account) = self.accounts.get_mut(&who)
            && account.waits.is_empty()
            && account.running == 0
            && account.idle_until.is_none()
        {
            let until = account.used.worthless(now);
            account.idle_until = Some(until);
            self.idle.insert((until, who));
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.accounts.len()
    }
}

impl Account {
    fn rank<K>(&self, who: K) -> Rank<K> {
        Rank { tag: self.tag, turn: self.turn, who }
    }
}

/// What would be, if nobody came: who is served is due later, or has nothing any more. It looks at no more accounts than it
/// gives.
pub(super) struct Walk<'a, K> {
    shares: &'a Shares<K>,
    all: Order<'a, K>,
    short: Order<'a, K>,
    /// Those that were served: when they are due again, if they have more, and what they have used.
    served: HashMap<K, (Option<Rank<K>>, Used)>,
    turns: u64,
}

/// Accounts as they were, and those that were served. Both hold ranks that are not true any more, which are skipped.
struct Order<'a, K> {
    fresh: Vec<Peekable<btree_set::Iter<'a, Rank<K>>>>,
    moved: BinaryHeap<Reverse<Rank<K>>>,
}

impl<K: Copy + Eq + Hash + Ord> Walk<'_, K> {
    /// Who is next, of all or of those with short ones; still the same if it is not served.
    pub(super) fn first(&mut self, short: bool) -> Option<K> {
        let order = if short { &mut self.short } else { &mut self.all };
        order.first(&self.served)
    }

    /// It was served at that time; it may have more, and short ones.
    pub(super) fn serve(&mut self, who: K, charge: u64, then: Instant, has_more: [bool; 2]) {
        let Some(account) = self.shares.accounts.get(&who) else { return };
        let (rank, used) = self.served.entry(who).or_insert((Some(account.rank(who)), account.used));
        let Some(old) = *rank else { return };
        let price = if self.shares.priced { price(used.now(then)) } else { 1.0 };
        used.add(float(charge), then);
        self.turns += 1;
        let new = Rank { tag: old.tag.saturating_add(whole(float(charge) * price)), turn: self.turns, who };
        *rank = has_more[0].then_some(new);
        for (order, has_more) in [&mut self.all, &mut self.short].into_iter().zip(has_more) {
            if has_more {
                order.moved.push(Reverse(new));
            }
        }
    }
}

impl<'a, K: Copy + Eq + Hash + Ord> Order<'a, K> {
    fn new(fresh: Vec<Peekable<btree_set::Iter<'a, Rank<K>>>>) -> Self {
        Self { fresh, moved: BinaryHeap::new() }
    }

    fn first(&mut self, served: &HashMap<K, (Option<Rank<K>>, Used)>) -> Option<K> {
        while let Some(Reverse(rank)) = self.moved.peek()
            && served.get(&rank.who).is_none_or(|(now, _)| *now != Some(*rank))
        {
            self.moved.pop();
        }
        for fresh in &mut self.fresh {
            while fresh.next_if(|rank| served.contains_key(&rank.who)).is_some() {}
        }
        let fresh = self.fresh.iter_mut().filter_map(|fresh| fresh.peek().copied()).min();
        let moved = self.moved.peek().map(|Reverse(rank)| rank);
        fresh.into_iter().chain(moved).min().map(|rank| rank.who)
    }
}
