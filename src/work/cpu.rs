//! The threads of the CPU jobs: one job a thread, as many as there are cores for them.
//!
//! A long number is helped by the idle ones of its [`Team`].

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, oneshot};

use super::team::{Team, be_nice};

/// Threads that nothing else uses. They end when it is dropped, each after its job.
pub struct CpuPool {
    /// Full only where more jobs come than there are workers: then the next one waits for its place.
    jobs: mpsc::Sender<Job>,
    team: Arc<Team>,
}

type Job = Box<dyn FnOnce() + Send>;

/// The work panicked; the panic's message is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked")]
pub struct Panicked;

impl CpuPool {
    /// `workers` threads at a lower priority.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub fn new(workers: usize) -> io::Result<Self> {
        let team = Arc::new(Team::nicer(workers).map_err(io::Error::other)?);
        let (jobs, waiting) = mpsc::channel(workers);
        let waiting = Arc::new(Mutex::new(waiting));
        for index in 0..workers {
            let (team, waiting) = (team.clone(), waiting.clone());
            thread::Builder::new().name(format!("cpu-{index}")).spawn(move || {
                be_nice();
                while let Some(job) = next(&waiting) {
                    let _seat = team.sit_down();
                    job();
                }
            })?;
        }
        Ok(Self { jobs, team })
    }

    /// Who helps.
    pub(super) fn team(&self) -> &Arc<Team> {
        &self.team
    }

    /// Runs `work` on a worker and waits for its end; a panic is an error. `then` runs after the answer is given.
    ///
    /// # Errors
    /// `Panicked` if it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, Panicked> {
        let (done, result) = oneshot::channel();
        // What the work logs, above all a panic, names the chat and the job.
        let span = tracing::Span::current();
        let job = move || {
            let _entered = span.enter();
            // Nobody listens only when the process is being torn down.
            let _ = done.send(caught(work));
            let _ = caught(then);
        };
        // The workers live as long as the sender.
        let _ = self.jobs.send(Box::new(job)).await;
        result.await.unwrap_or(Err(Panicked))
    }
}

/// Waits for a job. One worker waits at the channel, the others for that one.
fn next(waiting: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Runs `work` here and now.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use rustix::{process::getpriority_process, thread::gettid};

    use super::*;
    use crate::work::{control::Control, fib};

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_pool_goes_on() {
        let pool = CpuPool::new(1).unwrap();
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }, || ()).await, Err(Panicked));
        assert_eq!(pool.run(|| 6, || panic!("on purpose")).await, Ok(6));
        assert_eq!(pool.run(|| 7, || ()).await, Ok(7));
    }

    /// A long number has helpers on all cores; a short one does not wait for its end, which would come in minutes.
    #[tokio::test]
    async fn a_short_number_does_not_wait_for_a_long_one() {
        let pool = Arc::new(CpuPool::new(2).unwrap());
        let long = Arc::new(Control::default());
        long.helped_by(pool.team());
        long.expect(fib::cost(fib::MAX_N));
        let run = {
            let (pool, control) = (pool.clone(), long.clone());
            tokio::spawn(async move { pool.run(move || fib::fib(fib::MAX_N, &control), || ()).await })
        };
        while long.progress() == Some(0.0) {
            tokio::task::yield_now().await;
        }
        let short = pool.run(|| fib::fib(100_000, &Control::default()), || ()).await.unwrap().unwrap();
        assert_eq!(short.len(), 20_899);
        assert!(!run.is_finished());
        long.cancel();
        assert!(run.await.unwrap().unwrap().is_err());
    }

    #[tokio::test]
    async fn workers_are_nicer_than_the_chat() {
        let pool = CpuPool::new(1).unwrap();
        let priority = || getpriority_process(Some(gettid())).unwrap();
        let worker = pool.run(priority, || ()).await.unwrap();
        assert_eq!(worker, super::super::team::NICE.max(priority()));
    }
}
