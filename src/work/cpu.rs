//! The rayon pool of the CPU jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::{process::setpriority_process, thread::gettid};
use tokio::sync::oneshot;

/// How much nicer than the chat's threads the workers are (0 to 19): on a small machine a command is answered while
/// every worker is busy.
const NICE: i32 = 10;

/// A rayon pool that nothing else uses.
pub struct CpuPool {
    pool: rayon::ThreadPool,
}

/// The work panicked; the panic's message is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked")]
pub struct Panicked;

impl CpuPool {
    /// A pool of `workers` threads at a lower priority.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub fn new(workers: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .thread_name(|index| format!("cpu-{index}"))
            .start_handler(|_| {
                if let Err(error) = setpriority_process(Some(gettid()), NICE) {
                    tracing::warn!(%error, "a CPU worker keeps its priority: the chat may be slow under load");
                }
            })
            .build()?;
        Ok(Self { pool })
    }

    /// Runs `work` on a worker and waits for its end, also when the panic of one must not end the process (as it
    /// would in rayon's `spawn`).
    ///
    /// # Errors
    /// `Panicked` if it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (done, result) = oneshot::channel();
        // What the work logs, above all a panic, names the chat and the job.
        let span = tracing::Span::current();
        self.pool.spawn(move || {
            let _entered = span.enter();
            // Nobody listens only when the process is being torn down.
            let _ = done.send(caught(work));
        });
        result.await.unwrap_or(Err(Panicked))
    }
}

/// Runs `work` here and now.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_pool_goes_on() {
        let pool = CpuPool::new(1).unwrap();
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(Panicked));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn workers_are_nicer_than_the_chat() {
        let pool = CpuPool::new(1).unwrap();
        let worker =
            pool.run(|| rustix::process::getpriority_process(Some(gettid()))).await.unwrap().unwrap();
        let own = rustix::process::getpriority_process(Some(gettid())).unwrap();
        assert_eq!(worker, NICE.max(own));
    }
}
