//! Room on the disk of the data folder: what programs leave takes none that the bot needs itself.

use std::{io, path::Path};

/// Bytes that stay free for the store.
const RESERVE: u64 = 16 << 20;
/// Of a small disk it is one in so many.
const PART: u64 = 4;

/// What is free on a disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    free: u64,
    reserve: u64,
}

impl Room {
    /// That of the disk with this folder. Where the system does not say it, there is room.
    pub(super) fn at(folder: &Path) -> Self {
        match rustix::fs::statvfs(folder) {
            // A disk without a size has no end that is known.
            Ok(disk) if disk.f_blocks > 0 => {
                let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
                Self::of(bytes(disk.f_bavail), bytes(disk.f_blocks))
            }
            _ => Self { free: u64::MAX, reserve: 0 },
        }
    }

    fn of(free: u64, disk: u64) -> Self {
        Self { free, reserve: RESERVE.min(disk / PART) }
    }

    /// Whether so many bytes leave the reserve alone.
    pub(super) fn takes(self, bytes: u64) -> bool {
        self.free.saturating_sub(bytes) >= self.reserve
    }

    /// Somebody else is at the reserve.
    pub(super) fn is_nearly_gone(self) -> bool {
        self.free < self.reserve / 2
    }
}

/// Whether a write failed for want of room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_left_alone() {
        let large = Room::of(RESERVE + 100, 1 << 40);
        assert!(large.takes(100) && !large.takes(101) && !large.takes(u64::MAX));
        let small = Room::of(300, 1_000);
        assert!(small.takes(50) && !small.takes(51));
        for (free, nearly_gone) in [(125, false), (124, true), (0, true)] {
            assert_eq!(Room::of(free, 1_000).is_nearly_gone(), nearly_gone, "{free}");
        }
        let unknown = Room::at(Path::new("/nowhere/at/all"));
        assert!(unknown.takes(1 << 60) && !unknown.is_nearly_gone());
    }
}
