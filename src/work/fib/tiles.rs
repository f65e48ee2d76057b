//! How the engine's work is cut up: tiles short enough that a stop is obeyed in milliseconds, each counted as progress.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

use rayon::prelude::*;

use crate::work::control::{Cancelled, Control};

/// Elements in one tile of a linear pass, some tens of microseconds of work.
pub(super) const TILE: usize = 1 << 14;

/// Numbers that cost less are computed by the calling thread alone, a few milliseconds.
const PARALLEL_NUMBER: u64 = 4_000_000;

/// Passes that cost less than this run on the calling thread alone: waking others would take as long.
const PARALLEL_COST: u64 = 400_000;

/// Tiles for each thread in one parallel section.
///
/// A thread that waits for the end of a section helps with the sections of other numbers, so they are kept to a few
/// milliseconds: numbers that are computed at the same time hold each other up no longer than that.
const TILES_PER_THREAD: usize = 8;

/// Runs the tiles of one number and tells the control about them.
///
/// Costs are about nanoseconds of one thread.
pub(super) struct Tiles<'a> {
    control: &'a Control,
    /// The part of the announced cost that was not yet reported as done.
    left: AtomicU64,
    parallel: bool,
}

impl<'a> Tiles<'a> {
    /// Announces the cost of the whole number to `control`.
    pub(super) fn new(control: &'a Control, cost: u64) -> Self {
        control.expect(cost);
        Self { control, left: AtomicU64::new(cost), parallel: cost >= PARALLEL_NUMBER }
    }

    /// Does the work of the whole number where waiting for a section cannot mean to begin another job.
    ///
    /// A worker of a rayon pool that waits takes up whatever its pool has to do, also a job that lasts for minutes, and would
    /// be deaf to its own control until that ends. So a worker hands a large number to a thread outside of its pool, which
    /// then sends short sections, and nothing else, to the global pool.
    pub(super) fn number<T: Send>(&self, work: impl Fn() -> T + Sync) -> T {
        let may_be_trapped = rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1;
        if !self.parallel || !may_be_trapped {
            return work();
        }
        thread::scope(|scope| {
            let driver = thread::Builder::new().name("fib".to_owned()).spawn_scoped(scope, &work);
            // Where the system gives no thread, a late stop is better than no number.
            driver
                .map_or_else(|_| work(), |driver| driver.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }

    /// One tile that the caller has done or is about to do: looks at the control and counts the cost.
    pub(super) fn step(&self, cost: u64) -> Result<(), Cancelled> {
        self.control.check()?;
        self.count(cost);
        Ok(())
    }

    /// Does `work` on every tile, on all idle threads if `cost`, that of all tiles, is worth it.
    pub(super) fn run<T: Send>(
        &self,
        mut tiles: Vec<T>,
        cost: u64,
        work: impl Fn(T) + Sync,
    ) -> Result<(), Cancelled> {
        let tile_cost = cost / tiles.len().max(1) as u64;
        let one = |tile| {
            self.control.check()?;
            work(tile);
            self.count(tile_cost);
            Ok(())
        };
        if !self.parallel || tiles.len() < 2 || cost < PARALLEL_COST {
            return tiles.into_iter().try_for_each(one);
        }
        let section = TILES_PER_THREAD * rayon::current_num_threads();
        while !tiles.is_empty() {
            let rest = tiles.len().saturating_sub(section);
            tiles.par_drain(rest..).with_max_len(1).try_for_each(one)?;
        }
        Ok(())
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
    use std::{
        hint::black_box,
        sync::{atomic::AtomicUsize, mpsc},
    };

    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn every_tile_is_done_once_and_counted() {
        for cost in [1000, PARALLEL_NUMBER] {
            let control = Control::default();
            let tiles = Tiles::new(&control, cost);
            let mut values = vec![0; 1000];
            tiles.run(values.iter_mut().collect(), cost, |value: &mut i32| *value += 1).unwrap();
            assert_eq!(values, [1; 1000]);
            assert_eq!(control.progress(), Some(1.0));
        }
    }

    #[test]
    fn a_stop_is_obeyed_between_tiles() {
        for cost in [1, PARALLEL_NUMBER] {
            let token = CancellationToken::new();
            let control = Control::new(token.clone(), CancellationToken::new());
            let tiles = Tiles::new(&control, cost);
            let done = AtomicUsize::new(0);
            let result = tiles.run(vec![(); 10_000], cost, |()| {
                done.fetch_add(1, Relaxed);
                token.cancel();
            });
            assert_eq!(result, Err(Cancelled));
            assert!(done.into_inner() <= rayon::current_num_threads());
        }
    }

    /// The second job can end only after the first, which it could not if the first's wait had begun it.
    #[test]
    fn waiting_for_a_section_begins_no_other_job() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for _ in 0..50 {
            let (first_done, first) = mpsc::channel();
            let (second_done, second) = mpsc::channel();
            pool.spawn(move || {
                let control = Control::default();
                let tiles = Tiles::new(&control, PARALLEL_NUMBER);
                let wait = || {
                    tiles.run((0..1000).collect(), PARALLEL_NUMBER, |i: u64| {
                        black_box(i);
                    })
                };
                first_done.send(tiles.number(wait)).unwrap();
            });
            pool.spawn(move || second_done.send(first.recv()).unwrap());
            assert_eq!(second.recv().unwrap(), Ok(Ok(())));
        }
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_of_the_number_reaches_the_caller() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let control = Control::default();
        pool.install(|| Tiles::new(&control, PARALLEL_NUMBER).number(|| panic!("on purpose")));
    }

    #[test]
    fn progress_is_neither_exceeded_nor_left_short() {
        let control = Control::default();
        control.expect(100);
        let tiles = Tiles::new(&control, 100);
        tiles.step(170).unwrap();
        assert_eq!(control.progress(), Some(0.5));
        tiles.finish();
        assert_eq!(control.progress(), Some(0.5));

        let control = Control::default();
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
