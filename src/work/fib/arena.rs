//! Memory for long numbers and their transforms.

use bytemuck::{cast_slice, cast_slice_mut};
use memmap2::{Advice, MmapMut, MmapOptions};

use super::limbs::Limbs;

/// Words that are zero in the beginning. Large ones take no memory until they are touched.
pub(super) enum Arena {
    /// A piece of the heap, but for its beginning: the rest begins with a line of the cache.
    Heap { words: Vec<u64>, skipped: usize },
    /// Pages of its own: they are gone at once, and come in large pieces.
    Pages(MmapMut),
}

/// Bytes from which on memory has pages of its own. Below two large pages they are all asked for at the start, in one call
/// instead of a fault each.
const PAGES: usize = 128 << 10;
/// Bytes from which on large pages are worth it: one of them. Addresses far from each other are found without walking through
/// tables. Where a fault takes microseconds, as in many virtual machines, a fresh process takes a fifth less time at 10^7
/// with them.
const LARGE: usize = 2 << 20;

/// Words of a line of the cache: vectors that lie across two take longer to read.
const LINE: usize = 8;

impl Arena {
    pub(super) fn new(words: usize) -> Self {
        let bytes = Self::bytes(words);
        let pages = match bytes {
            0..PAGES => None,
            PAGES..LARGE => MmapOptions::new().len(bytes).populate().map_anon().ok(),
            _ => MmapMut::map_anon(bytes).ok(),
        };
        let Some(pages) = pages else {
            let words = vec![0; words + LINE - 1];
            // A hint, says the standard library; then reading takes longer.
            let skipped = words.as_ptr().align_offset(LINE * size_of::<u64>()).min(LINE - 1);
            return Self::Heap { words, skipped };
        };
        if bytes >= LARGE {
            // Advice: where it is not taken, the pages are small.
            let _ = pages.advise(Advice::HugePage);
        }
        Self::Pages(pages)
    }

    /// Bytes that so many words take: whole large pages, or the last one would come in small pieces.
    pub(super) const fn bytes(words: usize) -> usize {
        let bytes = words * size_of::<u64>();
        if bytes < LARGE { bytes } else { bytes.next_multiple_of(LARGE) }
    }

    pub(super) fn words(&mut self) -> &mut [u64] {
        match self {
            Self::Heap { words, skipped } => &mut words[*skipped..],
            Self::Pages(pages) => cast_slice_mut(pages),
        }
    }

    pub(super) fn doubles(&mut self) -> &mut [f64] {
        cast_slice_mut(self.words())
    }

    fn read(&self) -> &[u64] {
        match self {
            Self::Heap { words, skipped } => &words[*skipped..],
            Self::Pages(pages) => cast_slice(pages),
        }
    }
}

/// Two numbers side by side, in memory that those which are made of them take over.
pub(super) struct Pair {
    memory: Arena,
    /// Words from the beginning of the first to that of the second.
    room: usize,
    lens: [usize; 2],
}

impl Pair {
    /// Copies two numbers; those to come have `words` for both together.
    pub(super) fn new(numbers: [&[u64]; 2], words: usize) -> Self {
        let room = numbers[0].len();
        let mut memory = Arena::new(words.max(room + numbers[1].len()));
        for (to, from) in memory.words().iter_mut().zip(numbers.into_iter().flatten()) {
            *to = *from;
        }
        Self { memory, room, lens: numbers.map(<[u64]>::len) }
    }

    pub(super) fn lens(&self) -> [usize; 2] {
        self.lens
    }

    /// Their limbs, the lowest first; the highest is not zero.
    pub(super) fn numbers(&self) -> [&[u64]; 2] {
        let (first, second) = self.memory.read().split_at(self.room);
        [&first[..self.lens[0]], &second[..self.lens[1]]]
    }

    /// Forgets both: room for two others of up to so many limbs each. What stands there is left over.
    pub(super) fn clear(&mut self, [first, second]: [usize; 2]) {
        // Only tests do not say in the beginning what they will need.
        if self.memory.words().len() < first + second {
            self.memory = Arena::new(first + second);
        }
        self.room = first;
        self.lens = [0; 2];
    }

    /// Where they are to be written; their lengths then are to be [set](Self::set_lens).
    pub(super) fn places(&mut self) -> [&mut [u64]; 2] {
        let (first, second) = self.memory.words().split_at_mut(self.room);
        [first, second]
    }

    pub(super) fn set_lens(&mut self, lens: &[usize]) {
        self.lens.iter_mut().zip(lens).for_each(|(to, len)| *to = *len);
    }
}

impl From<Limbs> for Pair {
    fn from(limbs: Limbs) -> Self {
        let len = limbs.len();
        Self { memory: Arena::Heap { words: limbs, skipped: 0 }, room: len, lens: [len, 0] }
    }
}
