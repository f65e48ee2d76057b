//! The pace of all chats together.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::{Notify, Semaphore};

use crate::telegram::pace::{Pace, Share};

/// Shares, and so lines.
const LINES: usize = 5;
/// Who waits while so many others pass, kills not counted, is next but for kills: answers after five, news after three.
const PASSED_BY: [u32; LINES] = [0, u32::MAX, 5, 3, u32::MAX];

/// Lets calls through one by one. Each share has a line of its own, so that nobody in the first waits for the thousands that
/// may stand in the others, and nobody in the last for ever.
pub(super) struct Gate {
    // A std lock: held to look at the pace.
    inner: Mutex<Inner>,
    /// Who has the permit is the first of its line, and is the only one of it that looks at the pace.
    lines: [Semaphore; LINES],
    /// Somebody has passed, or has given up.
    moved: Notify,
}

struct Inner {
    pace: Pace,
    /// Whether somebody is the first of this line.
    waits: [bool; LINES],
    /// How many have passed it meanwhile.
    passed_by: [u32; LINES],
}

/// The first of its line, until it is dropped.
struct First<'a> {
    gate: &'a Gate,
    line: usize,
}

impl Gate {
    pub(super) fn new(pace: Pace) -> Self {
        let inner = Inner { pace, waits: [false; LINES], passed_by: [0; LINES] };
        Self {
            inner: Mutex::new(inner),
            lines: [(); LINES].map(|()| Semaphore::new(1)),
            moved: Notify::new(),
        }
    }

    /// Waits for a place, and takes it. Nothing is taken where the wait is given up.
    pub(super) async fn pass(&self, share: Share) {
        let line = share as usize;
        // Nothing closes the semaphore.
        let _permit = self.lines[line].acquire().await;
        let _first = First::new(self, line);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let at = {
                let mut inner = self.inner();
                let now = Instant::now();
                // What is due to a line is taken from what is kept for those before it.
                let share = if inner.is_owed(line) { Share::Answers } else { share };
                match inner.pace.wait_until(now, share) {
                    None if inner.next() == Some(line) => return inner.spend(line, now),
                    at => at,
                }
            };
            match at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at.into(), moved).await;
                }
                // It is another's turn, who comes here at once.
                None => moved.await,
            }
        }
    }

    /// Telegram wants a pause: it may be all chats' sum that was too much.
    pub(super) fn drain(&self) {
        self.inner().pace.drain(Instant::now());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_owed(&self, line: usize) -> bool {
        self.waits[line] && self.passed_by[line] >= PASSED_BY[line]
    }

    /// Whose turn it is: kills, then what is owed, then in order.
    fn next(&self) -> Option<usize> {
        if self.waits[Share::Kills as usize] {
            return Some(Share::Kills as usize);
        }
        let owed = (0..LINES).filter(|line| self.is_owed(*line));
        owed.max_by_key(|line| self.passed_by[*line]).or_else(|| (0..LINES).find(|line| self.waits[*line]))
    }

    fn spend(&mut self, line: usize, now: Instant) {
        self.pace.spend(now);
        self.passed_by[line] = 0;
        if line == Share::Kills as usize {
            return;
        }
        for other in (0..LINES).filter(|other| *other != line && self.waits[*other]) {
            self.passed_by[other] = self.passed_by[other].saturating_add(1);
        }
    }
}

impl<'a> First<'a> {
    fn new(gate: &'a Gate, line: usize) -> Self {
        gate.inner().waits[line] = true;
        Self { gate, line }
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.gate.inner().waits[self.line] = false;
        self.gate.moved.notify_waiters();
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

    /// Who passed, in order, where `count` of each of the lines wait for one message a millisecond.
    async fn order(lines: &[Share], count: usize) -> Vec<Share> {
        let gate = Arc::new(Gate::new(Pace::new(1000, Duration::from_secs(1), 1)));
        let passed = Arc::new(Mutex::new(Vec::new()));
        gate.pass(Share::Kills).await;
        let all = tokio_util::task::TaskTracker::new();
        for share in lines.iter().flat_map(|share| std::iter::repeat_n(*share, count)) {
            let (gate, passed) = (gate.clone(), passed.clone());
            all.spawn(async move {
                gate.pass(share).await;
                passed.lock().unwrap().push(share);
            });
        }
        all.close();
        all.wait().await;
        Arc::try_unwrap(passed).unwrap().into_inner().unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn kills_go_first_and_nobody_waits_for_ever() {
        let order = order(&[Share::News, Share::Answers, Share::Quick, Share::Kills], 12).await;
        assert!(order[..13].iter().filter(|share| **share == Share::Kills).count() >= 12, "{order:?}");
        let first = |wanted: Share| order.iter().position(|share| *share == wanted).unwrap();
        assert!(first(Share::News) < 20 && first(Share::Answers) < 20, "{order:?}");
        let last = order.iter().rposition(|share| *share == Share::Quick).unwrap();
        assert!(last < 40, "{order:?}");
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_keeps_nobody() {
        let gate = Arc::new(Gate::new(Pace::new(100, Duration::from_secs(1), 1)));
        gate.pass(Share::Answers).await;
        assert!(gate.pass(Share::Kills).now_or_never().is_none());
        gate.pass(Share::News).await;
    }
}
