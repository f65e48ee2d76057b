//! The order of those that wait: fair between chats, then between the people of a chat, then between the sizes of what one
//! person wants; first come, first served among those of about one size.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_set},
    iter::Peekable,
    time::Instant,
};

use super::{
    at_once::Command,
    shares::{Kind, Shares, Walk as Shared},
};
use crate::job::ChatId;

/// Costs up to this one are of one size, and above it within a factor of eight: nobody's order is changed for less.
const ALIKE: u64 = 1 << 27;

/// Sizes from this one on take long.
const LONG: Size = 3;

/// All that wait, and the accounts of whose they are.
pub(super) struct Fair {
    chats: Shares<ChatId>,
    people: HashMap<ChatId, Shares<i64>>,
    own: HashMap<(ChatId, i64), Own>,
    members: HashMap<u64, Member>,
}

/// One that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// In order of arrival.
    pub(super) number: u64,
    pub(super) chat: ChatId,
    pub(super) person: i64,
    pub(super) job: u64,
    /// As the work knows it; 0: nobody knows.
    pub(super) cost: u64,
    pub(super) kind: Kind,
    /// What is declared of it bounds how many run at once, and tells how long it may take.
    pub(super) command: Command,
    /// Slots that it takes.
    pub(super) weight: u16,
}

/// What one that began was charged, and what its chat and its person paid for that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paid {
    charge: u64,
    chat: u64,
    person: u64,
    size: u64,
}

/// What waits of one person in one chat, by its size: short ones do not wait for all long ones, and a long one waits for no
/// more short ones than take as long as the one before it.
struct Own {
    sizes: Shares<Size>,
    lists: HashMap<Size, List>,
}

type Size = u32;

/// In order of arrival.
#[derive(Default)]
struct List {
    all: BTreeSet<u64>,
    kinds: BTreeMap<Kind, BTreeSet<u64>>,
}

impl Member {
    fn size(&self) -> Size {
        size(self.cost)
    }
}

fn size(cost: u64) -> Size {
    let times = cost.div_ceil(ALIKE).max(1);
    (times - 1).checked_ilog2().map_or(0, |bits| bits / 3 + 1)
}

/// Whether what costs so much takes long: more than about nine seconds.
pub(super) fn takes_long(cost: u64) -> bool {
    size(cost) >= LONG
}

impl Fair {
    pub(super) fn new() -> Self {
        let (people, own, members) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { chats: Shares::priced(), people, own, members }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Member> {
        self.members.get(&number)
    }

    pub(super) fn arrive(&mut self, member: Member, now: Instant) {
        // Two for one that comes: what is forgotten never piles up.
        for _ in 0..2 {
            if let Some(chat) = self.chats.forget(now) {
                self.people.remove(&chat);
            }
        }
        let Member { number, chat, person, kind, .. } = member;
        self.chats.arrive(chat, kind, now);
        let people = self.people.entry(chat).or_insert_with(Shares::priced);
        people.forget(now);
        people.forget(now);
        people.arrive(person, kind, now);
        let own = self.own.entry((chat, person)).or_insert_with(Own::new);
        own.sizes.arrive(member.size(), kind, now);
        own.lists.entry(member.size()).or_default().insert(number, kind);
        self.members.insert(number, member);
    }

    /// The member waits no more; it has not begun.
    pub(super) fn leave(&mut self, number: u64, now: Instant) {
        let Some(member) = self.members.remove(&number) else { return };
        let Member { chat, person, kind, .. } = member;
        self.chats.leave(chat, kind, now);
        if let Some(people) = self.people.get_mut(&chat) {
            people.leave(person, kind, now);
        }
        self.take(&member, |own| own.sizes.leave(member.size(), kind, now));
    }

    /// It begins, and is charged for so many nanoseconds of a slot.
    pub(super) fn begin(&mut self, number: u64, charge: u64, now: Instant) -> Option<(Member, Paid)> {
        let member = self.members.remove(&number)?;
        let Member { chat, person, kind, .. } = member;
        let paid_by_chat = self.chats.begin(chat, kind, charge, now);
        let people = self.people.get_mut(&chat);
        let paid_by_person = people.map_or(0, |people| people.begin(person, kind, charge, now));
        let size = self.take(&member, |own| own.sizes.begin(member.size(), kind, charge, now));
        let paid = Paid { charge, chat: paid_by_chat, person: paid_by_person, size: size.unwrap_or(0) };
        Some((member, paid))
    }

    /// It has ended, after so many nanoseconds.
    pub(super) fn end(&mut self, member: &Member, paid: Paid, took: u64, now: Instant) {
        self.chats.end(member.chat, (paid.charge, paid.chat), took, now);
        if let Some(people) = self.people.get_mut(&member.chat) {
            people.end(member.person, (paid.charge, paid.person), took, now);
        }
        if let Some(own) = self.own.get_mut(&(member.chat, member.person)) {
            own.sizes.end(member.size(), (paid.charge, paid.size), took, now);
        }
    }

    /// It needs something else from now on.
    pub(super) fn becomes(&mut self, number: u64, kind: Kind, now: Instant) {
        let Some(member) = self.members.get_mut(&number).filter(|member| member.kind != kind) else { return };
        let (old, size, Member { chat, person, .. }) = (member.kind, member.size(), *member);
        member.kind = kind;
        // The new kind first: who has somebody that waits keeps its tag.
        self.chats.arrive(chat, kind, now);
        self.chats.leave(chat, old, now);
        if let Some(people) = self.people.get_mut(&chat) {
            people.arrive(person, kind, now);
            people.leave(person, old, now);
        }
        if let Some(own) = self.own.get_mut(&(chat, person)) {
            own.sizes.arrive(size, kind, now);
            own.sizes.leave(size, old, now);
            if let Some(list) = own.lists.get_mut(&size) {
                list.remove(number, old);
                list.insert(number, kind);
            }
        }
    }

    /// Who is next, of those of an allowed kind.
    pub(super) fn first(&self, allowed: impl Fn(Kind) -> bool + Copy) -> Option<&Member> {
        let chat = self.chats.first(allowed)?;
        let person = self.people.get(&chat)?.first(allowed)?;
        let own = self.own.get(&(chat, person))?;
        let list = own.lists.get(&own.sizes.first(allowed)?)?;
        self.members.get(&list.first(allowed)?)
    }

    /// All in the order in which they would begin if nobody came, where each takes what it is charged.
    pub(super) fn walk<F: Fn(&Member) -> u64>(&self, charge: F) -> Walk<'_, F> {
        let (people, own) = (HashMap::new(), HashMap::new());
        Walk { fair: self, charge, chats: self.chats.walk(), people, own }
    }

    /// Takes it from what waits of its person.
    fn take<T>(&mut self, member: &Member, change: impl FnOnce(&mut Own) -> T) -> Option<T> {
        let whose = (member.chat, member.person);
        let own = self.own.get_mut(&whose)?;
        let size = member.size();
        if let Some(list) = own.lists.get_mut(&size) {
            list.remove(member.number, member.kind);
            if list.all.is_empty() {
                own.lists.remove(&size);
            }
        }
        let changed = change(own);
        if own.lists.is_empty() {
            self.own.remove(&whose);
        }
        Some(changed)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        let people: usize = self.people.values().map(Shares::remembered).sum();
        people + self.chats.remembered() + self.own.len()
    }
}

impl Own {
    fn new() -> Self {
        Self { sizes: Shares::plain(), lists: HashMap::new() }
    }
}

impl List {
    fn insert(&mut self, number: u64, kind: Kind) {
        self.all.insert(number);
        self.kinds.entry(kind).or_default().insert(number);
    }

    fn remove(&mut self, number: u64, kind: Kind) {
        self.all.remove(&number);
        if let Some(numbers) = self.kinds.get_mut(&kind) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.kinds.remove(&kind);
            }
        }
    }

    fn first(&self, allowed: impl Fn(Kind) -> bool) -> Option<u64> {
        let kinds = self.kinds.iter().filter(|(kind, _)| allowed(**kind));
        kinds.filter_map(|(_, numbers)| numbers.first()).min().copied()
    }
}

/// Those that wait, let through in thought. It looks at no more of them than it gives.
pub(super) struct Walk<'a, F> {
    fair: &'a Fair,
    charge: F,
    chats: Shared<'a, ChatId>,
    people: HashMap<ChatId, Shared<'a, i64>>,
    own: HashMap<(ChatId, i64), Owns<'a>>,
}

/// What is left of one person's.
struct Owns<'a> {
    own: &'a Own,
    sizes: Shared<'a, Size>,
    lists: HashMap<Size, Peekable<btree_set::Iter<'a, u64>>>,
}

impl<'a, F: Fn(&Member) -> u64> Walk<'a, F> {
    /// Who begins at that time, of all or of those that do not take long.
    pub(super) fn next(&mut self, short: bool, then: Instant) -> Option<&'a Member> {
        let fair = self.fair;
        let chat = self.chats.first(short)?;
        let shares = fair.people.get(&chat)?;
        let people = self.people.entry(chat).or_insert_with(|| shares.walk());
        let person = people.first(short)?;
        let own = fair.own.get(&(chat, person))?;
        let owns = || Owns { own, sizes: own.sizes.walk(), lists: HashMap::new() };
        let owns = self.own.entry((chat, person)).or_insert_with(owns);
        let size = owns.sizes.first(short)?;
        let list = owns.own.lists.get(&size)?;
        let left = owns.lists.entry(size).or_insert_with(|| list.all.iter().peekable());
        let member = fair.members.get(left.next()?)?;
        let charge = (self.charge)(member);
        let has_more = left.peek().is_some();
        owns.sizes.serve(size, charge, then, [has_more, has_more && size < LONG]);
        let has_more = [false, true].map(|short| owns.sizes.first(short).is_some());
        people.serve(person, charge, then, has_more);
        let has_more = [false, true].map(|short| people.first(short).is_some());
        self.chats.serve(chat, charge, then, has_more);
        Some(member)
    }
}
