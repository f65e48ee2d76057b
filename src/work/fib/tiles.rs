//! How the engine's work is cut up: tiles short enough that a stop is obeyed in a millisecond, each counted as progress, and
//! shared with whoever has nothing to do.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::work::{
    control::{Cancelled, Control},
    team::Helpers,
};

/// What is worth a helper, in the unit of cost: waking one up takes some microseconds.
const WORTH_A_HELPER: u64 = 20_000;

/// A number that is worth helpers from its beginning.
const LONG: u64 = 300_000;

/// Runs the tiles of one number and tells the control about them.
///
/// Costs are about nanoseconds of one thread.
pub(super) struct Tiles<'a> {
    control: &'a Control,
    /// The part of the announced cost that was not yet reported as done.
    left: AtomicU64,
    helpers: Helpers,
}

impl<'a> Tiles<'a> {
    /// The tiles of a number of that cost.
    pub(super) fn new(control: &'a Control, cost: u64) -> Self {
        let helpers = control.team().helpers();
        if cost > LONG {
            // They wake up while the short products are made.
            helpers.call(helpers_for(cost));
        }
        Self { control, left: AtomicU64::new(cost), helpers }
    }

    /// One tile that the caller has done or is about to do: looks at the control and counts the cost.
    pub(super) fn step(&self, cost: u64) -> Result<(), Cancelled> {
        self.control.check()?;
        self.count(cost);
        Ok(())
    }

    /// Does `work` on every tile, `cost` each, in any order.
    pub(super) fn run<T: Send>(
        &self,
        tiles: Vec<T>,
        cost: u64,
        work: impl Fn(T) + Sync,
    ) -> Result<(), Cancelled> {
        let whole = cost.saturating_mul(tiles.len() as u64);
        let wanted = helpers_for(whole).min(tiles.len().saturating_sub(1));
        self.helpers.share(tiles, wanted, |tile| {
            if self.control.check().is_err() {
                return false;
            }
            work(tile);
            self.count(cost);
            true
        });
        // Nobody stops for another reason.
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
            tiles.run(values.iter_mut().collect(), 400, |value: &mut i32| *value += 1).unwrap();
            assert_eq!(values, [1; 1000]);
            assert_eq!(control.progress(), Some(1.0));
        }
    }

    #[test]
    fn a_stop_is_obeyed_between_tiles() {
        let token = CancellationToken::new();
        let control = Control::new(token.clone(), CancellationToken::new());
        let tiles = Tiles::new(&control, 1000);
        let done = AtomicUsize::new(0);
        let result = tiles.run(vec![(); 10_000], 400, |()| {
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
