//! The cores of the CPU jobs, and how one long number is computed on those that nobody else uses.
//!
//! Each job runs on a thread of its own and takes a core with it. What can be cut up offers its tiles to helpers, the
//! threads of a rayon pool, as many as there are idle cores; a helper goes after its tile when a job has come that wants the core.
//! Helpers run nothing but tiles, so a job that waits for its last ones waits for a tile's time and not for another job:
//! that is why whole jobs are not tasks of the pool.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use rustix::{process::setpriority_process, thread::gettid};

/// How much nicer than the chat's threads the CPU jobs' are (0 to 19): on a small machine a command is answered while
/// every core is busy.
pub(super) const NICE: i32 = 10;

/// Who shares the cores.
#[derive(Debug)]
pub struct Team {
    /// One thread fewer than cores: a job's own thread works, too.
    helpers: Option<rayon::ThreadPool>,
    cores: usize,
    /// Jobs and helpers at work. Above the number of cores only until a helper's next tile.
    busy: AtomicUsize,
}

/// A core in use, given back by dropping it.
#[derive(Debug)]
pub struct Seat<'a>(&'a Team);

impl Team {
    /// A team for so many cores.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub fn new(cores: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let helpers = cores.saturating_sub(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(helpers)
            .thread_name(|index| format!("help-{index}"))
            .start_handler(|_| be_nice());
        let helpers = if helpers > 0 { Some(pool.build()?) } else { None };
        Ok(Self { helpers, cores, busy: AtomicUsize::new(0) })
    }

    /// A team of nobody: what is computed alone.
    pub(super) const fn nobody() -> Self {
        Self { helpers: None, cores: 0, busy: AtomicUsize::new(0) }
    }

    /// How many cores it shares.
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// Takes a core for a job. There may be none left: helpers make room.
    pub fn sit_down(&self) -> Seat<'_> {
        self.busy.fetch_add(1, Relaxed);
        Seat(self)
    }

    /// Does `work` with every task, here and with up to `wanted` helpers; `work` says whether to go on.
    pub(super) fn share<T: Send>(
        &self,
        tasks: impl IntoIterator<Item = T, IntoIter: Send>,
        wanted: usize,
        work: impl Fn(T) -> bool + Sync,
    ) {
        let mut tasks = tasks.into_iter();
        let helpers = if wanted > 0 { self.hire(wanted) } else { Vec::new() };
        let Some(pool) = self.helpers.as_ref().filter(|_| !helpers.is_empty()) else {
            while tasks.next().is_some_and(&work) {}
            return;
        };
        let tasks = Mutex::new(tasks);
        // Held for the moment of taking one.
        let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (next, work) = (&next, &work);
        pool.in_place_scope(|scope| {
            for seat in helpers {
                scope.spawn(move |_| {
                    while !seat.0.is_crowded() && next().is_some_and(work) {}
                    drop(seat);
                });
            }
            while next().is_some_and(work) {}
        });
    }

    /// Idle cores, at most `wanted`.
    fn hire(&self, wanted: usize) -> Vec<Seat<'_>> {
        let mut seats = Vec::new();
        let take = |busy| (busy < self.cores).then_some(busy + 1);
        while seats.len() < wanted && self.busy.fetch_update(Relaxed, Relaxed, take).is_ok() {
            seats.push(Seat(self));
        }
        seats
    }

    fn is_crowded(&self) -> bool {
        self.busy.load(Relaxed) > self.cores
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Relaxed);
    }
}

/// Gives this thread the priority of the CPU jobs.
pub(super) fn be_nice() {
    if let Err(error) = setpriority_process(Some(gettid()), NICE) {
        tracing::warn!(%error, "a CPU thread keeps its priority: the chat may be slow under load");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Every task of three waits for the two others: it takes three to do them.
    #[test]
    fn idle_cores_help() {
        let team = Team::new(3).unwrap();
        let _seat = team.sit_down();
        let meeting = Barrier::new(3);
        team.share(vec![(); 3], 2, |()| {
            meeting.wait();
            true
        });
        assert_eq!(team.busy.load(Relaxed), 1);
    }

    #[test]
    fn cores_in_use_do_not_help() {
        let team = Team::new(3).unwrap();
        let _seats = [team.sit_down(), team.sit_down(), team.sit_down()];
        let here = std::thread::current().id();
        team.share(vec![(); 100], 99, |()| {
            assert_eq!(std::thread::current().id(), here);
            true
        });
    }

    #[test]
    fn a_helper_goes_when_a_job_wants_the_core() {
        let team = Team::new(2).unwrap();
        let _seat = team.sit_down();
        let (helped, go) = (Barrier::new(2), Barrier::new(2));
        let here = std::thread::current().id();
        let tasks_of_helpers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let newcomer = scope.spawn(|| {
                // A job comes while the helper is at its first tile.
                helped.wait();
                let seat = team.sit_down();
                go.wait();
                seat
            });
            team.share(0..1000, 1, |_| {
                if std::thread::current().id() == here {
                    // The helper has to have a tile before this thread has done them all.
                    while tasks_of_helpers.load(Relaxed) == 0 {
                        std::thread::yield_now();
                    }
                } else {
                    tasks_of_helpers.fetch_add(1, Relaxed);
                    helped.wait();
                    go.wait();
                }
                true
            });
            drop(newcomer.join().unwrap());
        });
        assert_eq!(tasks_of_helpers.into_inner(), 1);
        assert_eq!(team.busy.load(Relaxed), 1);
    }
}
