//! How the engine's work is cut up: tiles short enough that a stop is obeyed in milliseconds, each counted as progress.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::work::control::{Cancelled, Control};

/// Elements in one tile of a linear pass, some tens of microseconds of work.
pub(super) const TILE: usize = 1 << 14;

/// Runs the tiles of one number and tells the control about them.
///
/// Costs are about nanoseconds of one thread.
pub(super) struct Tiles<'a> {
    control: &'a Control,
    /// The part of the announced cost that was not yet reported as done.
    left: AtomicU64,
}

impl<'a> Tiles<'a> {
    /// The tiles of a number of that cost.
    pub(super) fn new(control: &'a Control, cost: u64) -> Self {
        Self { control, left: AtomicU64::new(cost) }
    }

    /// One tile that the caller has done or is about to do: looks at the control and counts the cost.
    pub(super) fn step(&self, cost: u64) -> Result<(), Cancelled> {
        self.control.check()?;
        self.count(cost);
        Ok(())
    }

    /// Does `work` on every tile, one after the other; `cost` is that of all tiles.
    ///
    /// A number stays on the thread it began on: a worker of a rayon pool that waits for others takes up whatever its
    /// pool has to do, and a killed job would have to wait for the end of another.
    pub(super) fn run<T>(&self, tiles: Vec<T>, cost: u64, mut work: impl FnMut(T)) -> Result<(), Cancelled> {
        let each = cost / (tiles.len() as u64).max(1);
        tiles.into_iter().try_for_each(|tile| {
            self.control.check()?;
            work(tile);
            self.count(each);
            Ok(())
        })
    }

    /// Makes `vec` hold `len` elements, with room for a few more.
    ///
    /// New memory is touched piece by piece: the system needs a while to find it.
    pub(super) fn grow<T: Copy + Default>(&self, vec: &mut Vec<T>, len: usize) -> Result<(), Cancelled> {
        vec.truncate(len);
        vec.reserve_exact(len - vec.len() + 4);
        while vec.len() < len {
            let next = len.min(vec.len() + 8 * TILE);
            self.step(grow_cost(next - vec.len()))?;
            vec.resize(next, T::default());
        }
        Ok(())
    }

    /// Reports what the estimate had too much, so that the progress ends at 1.
    pub(super) fn finish(&self) {
        self.count(u64::MAX);
    }

    /// Never more than was announced: the control may be shared with other numbers.
    fn count(&self, cost: u64) {
        let counted = self.left.fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_sub(cost)));
        self.control.advance(counted.unwrap_or_default().min(cost));
    }
}

/// What [`Tiles::grow`] costs for `len` new elements.
pub(super) fn grow_cost(len: usize) -> u64 {
    len as u64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn every_tile_is_done_once_and_counted() {
        for cost in [1000, 400_000] {
            let control = Control::default();
            control.expect(cost);
            let tiles = Tiles::new(&control, cost);
            let mut values = vec![0; 1000];
            tiles.run(values.iter_mut().collect(), cost, |value: &mut i32| *value += 1).unwrap();
            assert_eq!(values, [1; 1000]);
            assert_eq!(control.progress(), Some(1.0));
        }
    }

    #[test]
    fn a_stop_is_obeyed_between_tiles() {
        for cost in [1, 400_000] {
            let token = CancellationToken::new();
            let control = Control::new(token.clone(), CancellationToken::new());
            let tiles = Tiles::new(&control, 1000);
            let done = AtomicUsize::new(0);
            let result = tiles.run(vec![(); 10_000], cost, |()| {
                done.fetch_add(1, Relaxed);
                token.cancel();
            });
            assert_eq!(result, Err(Cancelled));
            assert_eq!(done.into_inner(), 1);
        }
    }

    #[test]
    fn progress_is_neither_exceeded_nor_left_short() {
        let control = Control::default();
        control.expect(200);
        let tiles = Tiles::new(&control, 100);
        tiles.step(170).unwrap();
        assert_eq!(control.progress(), Some(0.5));
        tiles.finish();
        assert_eq!(control.progress(), Some(0.5));

        let control = Control::default();
        control.expect(100);
        let tiles = Tiles::new(&control, 100);
        tiles.step(1).unwrap();
        tiles.finish();
        assert_eq!(control.progress(), Some(1.0));
    }

    #[test]
    fn growing_fills_with_zeros_and_shrinks() {
        let control = Control::default();
        let tiles = Tiles::new(&control, 100);
        let mut vec = vec![7; 3];
        tiles.grow(&mut vec, 100 * TILE + 5).unwrap();
        assert_eq!(vec.len(), 100 * TILE + 5);
        assert_eq!(vec[..4], [7, 7, 7, 0]);
        assert_eq!(vec[4..].iter().max(), Some(&0));
        tiles.grow(&mut vec, 2).unwrap();
        assert_eq!(vec, [7, 7]);
    }
}
