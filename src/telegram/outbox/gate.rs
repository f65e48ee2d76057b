//! The pace of all chats together.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::Semaphore;

use crate::telegram::pace::{Pace, Share};

/// Lets calls through one by one. Each share has a line of its own, so that nobody in the first waits for the thousands that
/// may stand in the others.
pub(super) struct Gate {
    // A std lock: held to look at the pace.
    pace: Mutex<Pace>,
    /// Who has the permit is the first of its line, and is the only one of it that looks at the pace.
    lines: [Semaphore; 4],
}

impl Gate {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace: Mutex::new(pace), lines: [(); 4].map(|()| Semaphore::new(1)) }
    }

    /// Waits for a place, and takes it. Nothing is taken where the wait is given up.
    pub(super) async fn pass(&self, share: Share) {
        let line = match share {
            Share::Kills => 0,
            Share::Answers => 1,
            Share::News => 2,
            Share::Progress => 3,
        };
        // Nothing closes the semaphore.
        let _first = self.lines[line].acquire().await;
        loop {
            let at = {
                let mut pace = self.pace();
                let now = Instant::now();
                let Some(at) = pace.wait_until(now, share) else { return pace.spend(now) };
                at
            };
            tokio::time::sleep_until(at.into()).await;
        }
    }

    /// Telegram wants a pause: it may be all chats' sum that was too much.
    pub(super) fn drain(&self) {
        self.pace().drain(Instant::now());
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_passes_all_that_waits() {
        let gate = Arc::new(Gate::new(Pace::new(8, Duration::from_hours(1), 4)));
        for _ in 0..3 {
            gate.pass(Share::News).await;
        }
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.pass(Share::News).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(gate.pass(Share::Answers).now_or_never().is_some(), "a part is kept for it");
        assert!(gate.pass(Share::Answers).now_or_never().is_none(), "that was all");
        for waiting in waiting {
            assert!(!waiting.is_finished());
            waiting.abort();
        }
    }
}
