//! The cores of the CPU jobs, and how one long number is computed on those that nobody else uses.
//!
//! Each job runs on a thread of its own and takes a core with it. What can be cut up offers its tiles to helpers, the
//! threads of a rayon pool, as many as there are idle cores; a helper goes after its tile when a job has come that wants the core.
//! Helpers run nothing but tiles, so a job that waits for its last ones waits for a tile's time and not for another job:
//! that is why whole jobs are not tasks of the pool.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use rustix::{process::setpriority_process, thread::gettid};

/// How much nicer than the chat's threads the CPU jobs' are (0 to 19): on a small machine a command is answered while
/// every core is busy.
pub(super) const NICE: i32 = 10;

/// Turns of waiting for a helper's last tile: some hundred microseconds.
const PATIENCE: usize = 20_000;

/// Who shares the cores.
#[derive(Debug)]
pub struct Team {
    /// One thread fewer than cores: a job's own thread works, too.
    pool: Option<rayon::ThreadPool>,
    cores: usize,
    /// Jobs and helpers at work. Above the number of cores only until a helper's next tile.
    busy: AtomicUsize,
}

/// A core in use, given back by dropping it.
#[derive(Debug)]
pub struct Seat {
    team: Arc<Team>,
    counts: bool,
}

impl Team {
    /// A team for so many cores.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub fn new(cores: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        Self::with(cores, || ())
    }

    /// The same at the priority of the CPU jobs.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub(super) fn nicer(cores: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        Self::with(cores, be_nice)
    }

    fn with(cores: usize, start: fn()) -> Result<Self, rayon::ThreadPoolBuildError> {
        let helpers = cores.saturating_sub(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(helpers)
            .thread_name(|index| format!("help-{index}"))
            .start_handler(move |_| start());
        let pool = if helpers > 0 { Some(pool.build()?) } else { None };
        Ok(Self { pool, cores, busy: AtomicUsize::new(0) })
    }

    /// A team of nobody: what is computed alone.
    pub(super) const fn nobody() -> Self {
        Self { pool: None, cores: 0, busy: AtomicUsize::new(0) }
    }

    /// How many cores it shares.
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// Takes a core for a job. There may be none left: helpers make room.
    pub fn sit_down(self: &Arc<Self>) -> Seat {
        self.busy.fetch_add(1, Relaxed);
        Seat { team: self.clone(), counts: true }
    }

    /// Nobody yet, for one number.
    pub(super) fn helpers(self: &Arc<Self>) -> Helpers {
        Helpers { team: self.clone(), waiting: Arc::default() }
    }

    /// Takes an idle core, if there is one.
    fn hire(self: &Arc<Self>) -> Option<Seat> {
        let take = |busy| (busy < self.cores).then_some(busy + 1);
        self.busy.fetch_update(Relaxed, Relaxed, take).ok().map(|_| Seat { team: self.clone(), counts: true })
    }

    fn is_crowded(&self) -> bool {
        self.busy.load(Relaxed) > self.cores
    }
}

/// The helpers of one number, from its first pass that is worth one to its end.
///
/// Between two passes they wait awake, since to wake one up takes longer than many a pass; so their cores count as used. One
/// that waits may take up the waiting for another number, too, and gives back both seats only when that is over.
pub(super) struct Helpers {
    team: Arc<Team>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Threads that were called and have not gone.
    called: AtomicUsize,
    /// Those of them that look for tiles.
    awake: AtomicUsize,
    /// The number is done.
    over: AtomicBool,
}

impl Helpers {
    /// Does `work` with every task, some at a time, here and with up to `wanted` helpers; `work` says whether to go on.
    ///
    /// There are at most `most` in a batch. What is left is divided so that the last batches, for which one waits for the
    /// other, are small, but not smaller than `least`: to take one is not free.
    pub(super) fn share<T: Send>(
        &self,
        tasks: Vec<T>,
        wanted: usize,
        [least, most]: [usize; 2],
        work: impl Fn(Vec<T>) -> bool + Sync,
    ) {
        let mut tasks = tasks.into_iter();
        let helpers = if wanted > 0 { self.call(wanted) } else { 0 };
        let take = move |tasks: &mut std::vec::IntoIter<T>| {
            let size = (tasks.len() / (3 * helpers + 3)).max(least).min(most);
            let batch: Vec<_> = tasks.by_ref().take(size).collect();
            (!batch.is_empty()).then_some(batch)
        };
        let Some(pool) = self.team.pool.as_ref().filter(|_| helpers > 0) else {
            while take(&mut tasks).is_some_and(&work) {}
            return;
        };
        let tasks = Mutex::new(tasks);
        // Held for the moment of taking some.
        let next = || take(&mut tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let at_work = AtomicUsize::new(helpers);
        let (next, work, at_work, team) = (&next, &work, &at_work, &self.team);
        pool.in_place_scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(move |_| {
                    while !team.is_crowded() && next().is_some_and(work) {}
                    at_work.fetch_sub(1, Relaxed);
                });
            }
            while next().is_some_and(work) {}
            // Their last tiles take less time than it takes to fall asleep and to be woken up; but they may be held up.
            for _ in 0..PATIENCE {
                if at_work.load(Relaxed) == 0 {
                    break;
                }
                std::hint::spin_loop();
            }
        });
    }

    /// How many are there to help, after idle cores were asked for up to `wanted`: those that are called wake up meanwhile.
    pub(super) fn call(&self, wanted: usize) -> usize {
        let Some(pool) = &self.team.pool else { return 0 };
        while self.waiting.called.load(Relaxed) < wanted
            && let Some(seat) = self.team.hire()
        {
            self.waiting.called.fetch_add(1, Relaxed);
            let waiting = self.waiting.clone();
            pool.spawn(move || waiting.stay(seat));
        }
        self.waiting.awake.load(Relaxed).min(wanted)
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.waiting.over.store(true, Relaxed);
    }
}

impl Waiting {
    /// Does what the pool has, which is tiles, until the number is done or a job wants the core.
    fn stay(&self, seat: Seat) {
        self.awake.fetch_add(1, Relaxed);
        let mut seat = Some(seat);
        while let Some(kept) = seat.take().filter(|_| !self.over.load(Relaxed)).and_then(Seat::kept) {
            seat = Some(kept);
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::hint::spin_loop();
            }
        }
        self.awake.fetch_sub(1, Relaxed);
        self.called.fetch_sub(1, Relaxed);
    }
}

impl Seat {
    /// The seat, unless a job wants the core: then as many helpers give theirs up as there are jobs too many.
    fn kept(self) -> Option<Self> {
        let leave = |busy| (busy > self.team.cores).then(|| busy - 1);
        if self.team.busy.fetch_update(Relaxed, Relaxed, leave).is_err() {
            return Some(self);
        }
        self.given_back();
        None
    }

    /// Drops a seat that does not count any more.
    fn given_back(mut self) {
        self.counts = false;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.counts {
            self.team.busy.fetch_sub(1, Relaxed);
        }
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

    fn wait_for_seats(team: &Team, seats: usize) {
        while team.busy.load(Relaxed) != seats {
            std::thread::yield_now();
        }
    }

    fn wait_for_helpers(helpers: &Helpers, count: usize) {
        while helpers.call(count) < count {
            std::thread::yield_now();
        }
    }

    /// Every task of three waits for the two others: it takes three to do them.
    #[test]
    fn idle_cores_help() {
        let team = Arc::new(Team::new(3).unwrap());
        let _seat = team.sit_down();
        let helpers = team.helpers();
        wait_for_helpers(&helpers, 2);
        let meeting = Barrier::new(3);
        helpers.share(vec![(); 3], 2, [1; 2], |_| {
            meeting.wait();
            true
        });
        drop(helpers);
        wait_for_seats(&team, 1);
    }

    #[test]
    fn batches_become_small_and_hold_everything() {
        let (sizes, seen) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
        Arc::new(Team::nobody()).helpers().share((0..1000).collect(), 9, [4, 50], |batch: Vec<usize>| {
            sizes.lock().unwrap().push(batch.len());
            seen.fetch_add(batch.into_iter().sum::<usize>(), Relaxed);
            true
        });
        let sizes = sizes.into_inner().unwrap();
        assert_eq!((sizes.iter().sum::<usize>(), seen.into_inner()), (1000, 499_500));
        assert!(
            sizes.is_sorted_by(|a, b| a >= b) && sizes[0] == 50 && sizes[sizes.len() - 2] == 4,
            "{sizes:?}"
        );
    }

    #[test]
    fn cores_in_use_do_not_help() {
        let team = Arc::new(Team::new(3).unwrap());
        let _seats = [team.sit_down(), team.sit_down(), team.sit_down()];
        let helpers = team.helpers();
        let here = std::thread::current().id();
        helpers.share(vec![(); 100], 99, [1; 2], |_| {
            assert_eq!(std::thread::current().id(), here);
            true
        });
    }

    #[test]
    fn a_helper_goes_when_a_job_wants_the_core() {
        let team = Arc::new(Team::new(2).unwrap());
        let _seat = team.sit_down();
        let helpers = team.helpers();
        wait_for_helpers(&helpers, 1);
        let (helped, go) = (Barrier::new(2), Barrier::new(2));
        let here = std::thread::current().id();
        let (seated, tasks_of_helpers) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let newcomer = scope.spawn(|| {
                // A job comes while the helper is at its first tile.
                helped.wait();
                let seat = team.sit_down();
                seated.store(true, Relaxed);
                go.wait();
                seat
            });
            helpers.share((0..1000).collect(), 1, [1; 2], |_| {
                if std::thread::current().id() == here {
                    // Leaves all other tiles to the helper, until that has gone.
                    while !seated.load(Relaxed) || team.busy.load(Relaxed) > 2 {
                        std::thread::yield_now();
                    }
                } else if tasks_of_helpers.fetch_add(1, Relaxed) == 0 {
                    helped.wait();
                    go.wait();
                }
                true
            });
            drop(newcomer.join().unwrap());
        });
        assert_eq!(tasks_of_helpers.into_inner(), 1);
        drop(helpers);
        wait_for_seats(&team, 1);
    }
}
