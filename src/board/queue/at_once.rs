//! How many of a declared command run at the same time, in all and in a chat; and what a kind of member needs besides memory.
//! Over all lines together: a command whose weight has changed may have members in two of them.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::shares::Kind;
use crate::{
    declared::{Catalog, Declaration},
    job::ChatId,
};

/// A declared command, by a number that stays its own; the commands of our own have [`Command::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::board) struct Command(u32);

impl Command {
    /// Nothing bounds how many of these run at once.
    pub(in crate::board) const NONE: Self = Self(0);
}

/// Members of a command, in one chat, of one weight: they may begin in the same circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) command: Command,
    pub(super) chat: ChatId,
    /// Slots that each takes.
    pub(super) weight: u16,
}

/// Members of our own commands: each takes one slot, and nothing bounds how many run at once.
const PLAIN: u32 = 0;
/// Bits of a kind that are the memory's; the others are the group's number.
const MEMORY_BITS: u32 = 8;

/// Counts those that run, for all lines. A lock of its own: taken under a line's, and no other under it.
#[derive(Debug, Default)]
pub(super) struct AtOnce(Mutex<Counts>);

#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Names that were ever declared: as many as there are in the operator's files.
    names: HashMap<String, Command>,
    bounds: HashMap<Command, Bound>,
    /// What workers run at once of each; `None` where there are no workers.
    offered: Option<HashMap<Command, usize>>,
    /// Those that run of a command, and of a command in a chat.
    running: HashMap<Command, usize>,
    by_chat: HashMap<(Command, ChatId), usize>,
    /// Groups with members that wait or run, by their numbers; and how many these are.
    groups: HashMap<u32, (Group, usize)>,
    numbers: HashMap<Group, u32>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bound {
    all: Option<NonZeroUsize>,
    per_chat: Option<NonZeroUsize>,
}

impl AtOnce {
    pub(super) fn look(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// From now on, this is declared. Who runs goes on.
    pub(super) fn declare(&mut self, catalog: &Catalog) {
        self.bounds.clear();
        for declaration in catalog.iter() {
            let Declaration { name, at_once, at_once_per_chat, .. } = &**declaration;
            let command = self.named(name);
            self.bounds.insert(command, Bound { all: *at_once, per_chat: *at_once_per_chat });
        }
    }

    /// From now on, workers run so many of each.
    pub(super) fn offer(&mut self, commands: &BTreeMap<String, usize>) {
        let offered = commands.iter().map(|(name, count)| (self.named(name), *count)).collect();
        self.offered = Some(offered);
    }

    /// The command of this name, which may be new.
    fn named(&mut self, name: &str) -> Command {
        let next = Command(u32::try_from(self.names.len()).unwrap_or(u32::MAX).saturating_add(1));
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    pub(super) fn command(&self, name: &str) -> Command {
        self.names.get(name).copied().unwrap_or_default()
    }

    /// One more member of the group waits: its kind, where its memory is of that kind.
    pub(super) fn join(&mut self, group: Group, memory: u8) -> Kind {
        if group.command == Command::NONE && group.weight <= 1 {
            return Kind::from(memory);
        }
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX).saturating_add(PLAIN + 1);
        let free = &mut self.free;
        let number = *self.numbers.entry(group).or_insert_with(|| free.pop().unwrap_or(next));
        self.groups.entry(number).or_insert((group, 0)).1 += 1;
        (number << MEMORY_BITS) | Kind::from(memory)
    }

    /// A member of the kind neither waits nor runs any more.
    pub(super) fn leave(&mut self, kind: Kind) {
        let number = kind >> MEMORY_BITS;
        let Some((group, members)) = self.groups.get_mut(&number) else { return };
        *members -= 1;
        if *members == 0 {
            self.numbers.remove(group);
            self.groups.remove(&number);
            self.free.push(number);
        }
    }

    /// One that waited runs.
    pub(super) fn begin(&mut self, kind: Kind) {
        if let Some(Group { command, chat, .. }) = self.group(kind) {
            *self.running.entry(command).or_default() += 1;
            *self.by_chat.entry((command, chat)).or_default() += 1;
        }
    }

    /// One that ran does not any more.
    pub(super) fn end(&mut self, kind: Kind) {
        if let Some(Group { command, chat, .. }) = self.group(kind) {
            take_one(&mut self.running, &command);
            take_one(&mut self.by_chat, &(command, chat));
        }
        self.leave(kind);
    }

    /// Whether one more of the kind may run, as far as its command is concerned.
    pub(super) fn admits(&self, kind: Kind) -> bool {
        self.group(kind).is_none_or(|group| self.room(group.command, group.chat, (0, 0)))
    }

    /// The same, where one of another kind is to begin before it, but cannot yet.
    pub(super) fn admits_beside(&self, kind: Kind, first: Option<Kind>) -> bool {
        let (Some(group), Some(first)) = (self.group(kind), first.and_then(|first| self.group(first))) else {
            return true;
        };
        let is_same = group.command == first.command;
        let more = (usize::from(is_same), usize::from(is_same && group.chat == first.chat));
        self.room(group.command, group.chat, more)
    }

    /// The same, if so many more of the command and of it in this chat ran.
    pub(super) fn room(&self, command: Command, chat: ChatId, (more, more_here): (usize, usize)) -> bool {
        if command == Command::NONE {
            return true;
        }
        let running = self.running.get(&command).copied().unwrap_or(0) + more;
        let here = self.by_chat.get(&(command, chat)).copied().unwrap_or(0) + more_here;
        let offered = self.offered.as_ref().map(|offered| offered.get(&command).copied().unwrap_or(0));
        let Bound { all, per_chat } = self.bounds.get(&command).copied().unwrap_or_default();
        offered.is_none_or(|offered| running < offered)
            && all.is_none_or(|all| running < all.get())
            && per_chat.is_none_or(|most| here < most.get())
    }

    /// Slots that a member of the kind takes.
    pub(super) fn weight(&self, kind: Kind) -> u64 {
        self.group(kind).map_or(1, |group| u64::from(group.weight.max(1)))
    }

    fn group(&self, kind: Kind) -> Option<Group> {
        self.groups.get(&(kind >> MEMORY_BITS)).map(|(group, _)| *group)
    }

    /// Whether nobody is counted any more.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
            && self.by_chat.is_empty()
            && self.groups.is_empty()
            && self.numbers.is_empty()
    }
}

fn take_one<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Of a kind, what the memory makes of it.
pub(super) fn memory_kind(kind: Kind) -> u8 {
    u8::try_from(kind & 0xFF).unwrap_or(u8::MAX)
}

/// The same, where the memory makes something else of it.
pub(super) fn with_memory_kind(kind: Kind, memory: u8) -> Kind {
    (kind >> MEMORY_BITS << MEMORY_BITS) | Kind::from(memory)
}
