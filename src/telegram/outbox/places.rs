//! Places among the calls under way.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{board::Overload, telegram::pace::Share};

/// Calls under way at once: more would only wait in Telegram's own queue.
const CALLS: usize = 64;
/// Beside them, for kills, looks at the board and "busy": they stand behind nobody else.
const FIRST: usize = 8;
/// So many of the others while updates come in faster than they are taken: what a call costs of the machine, taking them
/// in does not have, and a kill among them waits. A call that takes half a second leaves the pace of all chats as it is.
const WHILE_BEHIND: usize = 16;

pub(super) struct Places {
    calls: Semaphore,
    first: Semaphore,
    while_behind: Semaphore,
}

/// Held while the call is under way.
pub(super) struct Place<'a> {
    _call: Option<SemaphorePermit<'a>>,
    _while_behind: Option<SemaphorePermit<'a>>,
}

impl Places {
    pub(super) fn new() -> Self {
        let [calls, first, while_behind] = [CALLS, FIRST, WHILE_BEHIND].map(Semaphore::new);
        Self { calls, first, while_behind }
    }

    /// Waits for one. Nothing closes the semaphores.
    pub(super) async fn take(&self, share: Share, overload: &Overload) -> Place<'_> {
        if share <= Share::Quick {
            return Place { _call: self.first.acquire().await.ok(), _while_behind: None };
        }
        // First: who waits for this one keeps none of the others from anybody.
        let while_behind = if overload.is_behind() { self.while_behind.acquire().await.ok() } else { None };
        let call = self.calls.acquire().await.ok();
        Place { _call: call, _while_behind: while_behind }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::config::Cli;

    #[test]
    fn while_more_comes_in_than_is_taken_few_calls_are_made_but_for_who_goes_first() {
        let config = Cli::read(["jobboard", "--memory", "1GB"].map(Into::into)).unwrap().config;
        let (places, overload) = (Places::new(), Overload::new(&crate::limits(&config)));
        let take = |share| places.take(share, &overload).now_or_never();
        let all: Vec<_> = (0..100).map_while(|_| take(Share::News)).collect();
        assert_eq!(all.len(), CALLS);
        assert!(take(Share::Kills).is_some() && take(Share::Quick).is_some(), "they wait for the others");
        drop(all);
        overload.falls_behind(true);
        let some: Vec<_> = (0..100).map_while(|_| take(Share::Answers)).collect();
        assert_eq!(some.len(), WHILE_BEHIND);
        assert!(take(Share::Kills).is_some() && take(Share::Quick).is_some());
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(places.take(Share::News, &overload))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        overload.falls_behind(false);
        let others: Vec<_> = (0..100).map_while(|_| take(Share::Answers)).collect();
        assert_eq!(others.len(), CALLS - WHILE_BEHIND, "who waits has a place that others could have");
        drop((some, waiting, others));
        assert_eq!((0..100).map_while(|_| take(Share::Progress)).collect::<Vec<_>>().len(), CALLS);
    }
}
