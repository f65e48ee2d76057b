//! Memory for the transforms.

use bytemuck::cast_slice_mut;
use memmap2::{Advice, MmapMut};

/// Doubles that are zero in the beginning; until they are touched, they take no memory.
pub(super) enum Arena {
    /// A piece of the heap.
    Small(Vec<f64>),
    /// Pages of its own, large ones where the system has them: they are there and gone at once, and addresses far from each
    /// other are found without walking through tables.
    Large(MmapMut),
}

/// Bytes from which on large pages are worth it: one of them. Where a fault takes microseconds, as in many virtual machines, a
/// fresh process takes a fifth less time at 10^7 with them.
const LARGE: usize = 2 << 20;

impl Arena {
    pub(super) fn new(len: usize) -> Self {
        let bytes = len * size_of::<f64>();
        if bytes >= LARGE
            && let Ok(pages) = MmapMut::map_anon(bytes)
        {
            // Advice: where it is not taken, the pages are small.
            let _ = pages.advise(Advice::HugePage);
            return Self::Large(pages);
        }
        Self::Small(vec![0.0; len])
    }

    pub(super) fn doubles(&mut self) -> &mut [f64] {
        match self {
            Self::Small(doubles) => doubles,
            Self::Large(pages) => cast_slice_mut(pages),
        }
    }
}
