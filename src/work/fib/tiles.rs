//! How the engine's work is cut up: tiles short enough that a stop is obeyed in a millisecond, each counted as progress, and
//! shared with whoever has nothing to do.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::work::{
    control::{Cancelled, Control},
    team::Helpers,
};

/// What is worth a helper, in the unit of cost: to share costs some microseconds.
const WORTH_A_HELPER: u64 = 10_000;

/// A number that is worth helpers: to wake one up takes longer than many a pass.
const LONG: u64 = 300_000;

/// Tiles are taken in batches of at least as much and at most as much cost. Each batch takes a lock and looks at the control,
/// which takes two more; a stop waits for one.
const BATCH: [u64; 2] = [4_000, 60_000];

/// Runs the tiles of one number and tells the control about them.
///
/// Costs are about nanoseconds of one thread.
pub(super) struct Tiles<'a> {
    control: &'a Control,
    /// The part of the announced cost that was not yet reported as done.
    left: AtomicU64,
    helpers: Helpers,
    long: bool,
}

impl<'a> Tiles<'a> {
    /// The tiles of a number of that cost.
    pub(super) fn new(control: &'a Control, cost: u64) -> Self {
        let (helpers, long) = (control.team().helpers(), cost > LONG);
        if long {
            // They wake up while the short products are made.
            helpers.call(helpers_for(cost));
        }
        Self { control, left: AtomicU64::new(cost), helpers, long }
    }

    /// One tile that the caller has done or is about to do: looks at the control and counts the cost.
    pub(super) fn step(&self, cost: u64) -> Result<(), Cancelled> {
        self.control.check()?;
        self.count(cost);
        Ok(())
    }

    /// How many of up to `wanted` helpers are there.
    pub(super) fn helpers(&self, wanted: usize) -> usize {
        if self.long { self.helpers.call(wanted) } else { 0 }
    }

    /// Does `work` on every tile, `cost` each, in any order; with help if they may be `shared`.
    pub(super) fn run<T: Send>(
        &self,
        tiles: Vec<T>,
        cost: u64,
        shared: bool,
        work: impl Fn(T) + Sync,
    ) -> Result<(), Cancelled> {
        let whole = cost.saturating_mul(tiles.len() as u64);
        let most = helpers_for(whole).min(tiles.len().saturating_sub(1));
        let wanted = if shared && self.long { most } else { 0 };
        let batch = BATCH.map(|most| usize::try_from(most / cost.max(1)).unwrap_or(usize::MAX).max(1));
        self.helpers.share(tiles, wanted, batch, |batch| {
            if self.control.check().is_err() {
                return false;
            }
            let count = batch.len() as u64;
            batch.into_iter().for_each(&work);
            self.count(cost * count);
            true
        });
        // Nobody stops for another reason.
        self.control.check()
    }

    /// Does `work` on every part, each on a core of its own; it runs tiles that are not shared.
    pub(super) fn apart<T: Send>(
        &self,
        parts: Vec<T>,
        work: impl Fn(T) -> Result<(), Cancelled> + Sync,
    ) -> Result<(), Cancelled> {
        let helpers = parts.len().saturating_sub(1);
        self.helpers.share(parts, helpers, [1; 2], |part| part.into_iter().try_for_each(&work).is_ok());
        self.control.check()
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

fn helpers_for(cost: u64) -> usize {
    usize::try_from(cost / WORTH_A_HELPER).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicUsize};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::work::team::Team;

    #[test]
    fn every_tile_is_done_once_and_counted() {
        for cores in [1, 4] {
            let control = Control::default();
            control.helped_by(&Arc::new(Team::new(cores).unwrap()));
            control.expect(400_000);
            let tiles = Tiles::new(&control, 400_000);
            let mut values = vec![0; 1000];
            tiles.run(values.iter_mut().collect(), 400, true, |value: &mut i32| *value += 1).unwrap();
            assert_eq!(values, [1; 1000]);
            assert_eq!(control.progress(), Some(1.0));
        }
    }

    #[test]
    fn a_stop_is_obeyed_between_batches() {
        let token = CancellationToken::new();
        let control = Control::new(token.clone(), CancellationToken::new());
        let tiles = Tiles::new(&control, 1000);
        let done = AtomicUsize::new(0);
        let result = tiles.run(vec![(); 10_000], BATCH[1], true, |()| {
            done.fetch_add(1, Relaxed);
            token.cancel();
        });
        assert_eq!(result, Err(Cancelled));
        assert_eq!(done.into_inner(), 1);
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
}
