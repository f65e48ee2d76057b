//! Whether NATS is there: whether there is a connection, and whether what is asked over it is done. A cluster of which too many
//! servers are gone lets everybody in and does nothing.

use std::{
    fmt,
    time::{Duration, Instant},
};

use async_nats::Event;
use tokio::sync::watch;

use super::{Nats, NatsError};

/// What fails on is told again after that …
const TOLD: Duration = Duration::from_secs(10);
/// … and after twice as long each further time, up to this.
const TOLD_AT_LAST: Duration = Duration::from_mins(10);
/// What was tried and has not failed for so long had succeeded.
const SUCCEEDED: Duration = Duration::from_secs(20);
/// How many times its first length the pause between two tries grows to.
const LONGER: u32 = 5;

/// Whether NATS is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Since when there is no connection; `None` while there is one.
    lost: Option<Instant>,
    /// Since when it is known not to do what it is asked; `None` while it does.
    silent: Option<Instant>,
    /// How often it was there again: who sees another number has missed what was only said.
    connects: u64,
}

impl LinkState {
    /// Before the first connection.
    pub(super) fn new() -> Self {
        Self { lost: Some(Instant::now()), silent: None, connects: 0 }
    }

    /// Since when it is not there, for whatever reason; `None` while it is.
    pub fn away(&self) -> Option<Instant> {
        match (self.lost, self.silent) {
            (Some(lost), Some(silent)) => Some(lost.min(silent)),
            (lost, silent) => lost.or(silent),
        }
    }

    /// Since when it lets this process in and does nothing.
    pub fn silent(&self) -> Option<Instant> {
        self.silent.filter(|_| self.lost.is_none())
    }
}

impl Nats {
    /// Whether NATS is there, as it changes.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.link.subscribe()
    }

    /// Waits until NATS is there.
    pub async fn up(&self) {
        let mut link = self.link();
        // The sender is ours.
        let _ = link.wait_for(|link| link.away().is_none()).await;
    }

    /// Waits until there is a connection, whatever comes of what is asked over it.
    pub(crate) async fn connected(&self) {
        let mut link = self.link();
        let _ = link.wait_for(|link| link.lost.is_none()).await;
    }

    /// Whether it is the same connection still.
    pub(crate) fn is_connected(&self, connects: u64) -> bool {
        let link = self.link.borrow();
        link.lost.is_none() && link.connects == connects
    }

    /// Since then it does not do what it is asked: it counts as away.
    pub(crate) fn is_silent(&self, since: Instant) {
        self.link.send_if_modified(|link| link.silent.replace(since).is_none());
    }

    /// It does what it is asked; what was said while it did not was lost, as where there was no connection.
    pub(crate) fn answers(&self) {
        let again = self.link.send_if_modified(|link| {
            let again = link.silent.take().is_some();
            link.connects += u64::from(again);
            again
        });
        if again {
            tracing::info!("NATS does again what it is asked");
        }
    }

    /// Waits until it is there, and not for the `connects`-th time; for ever if it will not be.
    pub async fn another_than(&self, connects: u64) -> u64 {
        let mut link = self.link();
        let another = link.wait_for(|link| link.away().is_none() && link.connects != connects).await;
        match another.map(|link| link.connects).ok() {
            Some(another) => another,
            None => std::future::pending().await,
        }
    }

    /// How often it was there again.
    pub fn connects(&self) -> u64 {
        self.link.borrow().connects
    }

    /// Whether it has been there ever since it was there for the `connects`-th time.
    pub(crate) fn is_still(&self, connects: u64) -> bool {
        let link = self.link.borrow();
        link.away().is_none() && link.connects == connects
    }

    /// Does something for as long as it takes, with a pause after each failure: NATS may be away, or choose its leaders.
    /// `what` is what the log says of a failure, `of` whom it is about.
    pub(crate) async fn insist<T, F: Future<Output = Result<T, NatsError>>>(
        &self,
        pause: Duration,
        (what, of): (&str, &(dyn fmt::Display + Sync)),
        mut attempt: impl FnMut() -> F,
    ) -> T {
        let mut failing = Failing::default();
        loop {
            self.up().await;
            match attempt().await {
                Ok(done) => return done,
                Err(error) => {
                    if let Some(failures) = failing.again() {
                        tracing::warn!(%of, failures, %error, "{what}; trying again");
                    }
                }
            }
            tokio::time::sleep(failing.pause(pause)).await;
        }
    }
}

pub(super) fn note(linked: &watch::Sender<LinkState>, event: &Event) {
    let is_lost = |link: &mut LinkState| link.lost = link.lost.or_else(|| Some(Instant::now()));
    match event {
        Event::Connected => {
            tracing::info!("NATS is there");
            linked.send_modify(|link| (link.lost, link.connects) = (None, link.connects + 1));
        }
        Event::Disconnected => {
            tracing::warn!("NATS is away");
            linked.send_modify(is_lost);
        }
        Event::Closed => linked.send_modify(is_lost),
        other => tracing::debug!(event = %other, "NATS"),
    }
}

/// Something that fails, and is tried for as long as it takes. What fails for hours, as where a worker waits for its bot, is told ever
/// less often.
#[derive(Debug, Default)]
pub(crate) struct Failing {
    failures: u64,
    last: Option<Instant>,
    /// When it was told, and after how long it is to be told again.
    told: Option<(Instant, Duration)>,
}

impl Failing {
    /// It has failed. How often it has by now, where that is to be told.
    pub(crate) fn again(&mut self) -> Option<u64> {
        self.again_at(Instant::now())
    }

    fn again_at(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) > SUCCEEDED) {
            *self = Self::default();
        }
        self.failures += 1;
        self.last = Some(now);
        let next = match self.told {
            None => TOLD,
            Some((told, pause)) if now.duration_since(told) >= pause => (2 * pause).min(TOLD_AT_LAST),
            Some(_) => return None,
        };
        self.told = Some((now, next));
        Some(self.failures)
    }

    /// How long to wait before it is tried again, where that is `first` after the first failure.
    pub(crate) fn pause(&self, first: Duration) -> Duration {
        first * u32::try_from(self.failures).unwrap_or(LONGER).clamp(1, LONGER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_on_is_told_at_once_and_then_ever_less_often() {
        let (mut failing, begun) = (Failing::default(), Instant::now());
        let mut told = Vec::new();
        for tenth in 0..=1_000 {
            if let Some(failures) = failing.again_at(begun + Duration::from_millis(100) * tenth) {
                told.push((tenth / 10, failures));
            }
        }
        assert_eq!(told, [(0, 1), (10, 101), (30, 301), (70, 701)]);
        assert_eq!(failing.pause(Duration::from_millis(200)), Duration::from_secs(1));
        // What went well for a while fails anew.
        assert_eq!(failing.again_at(begun + Duration::from_mins(2)), None);
        assert_eq!(failing.again_at(begun + Duration::from_mins(3)), Some(1));
    }

    #[test]
    fn what_does_nothing_is_away_and_is_there_anew_when_it_does() {
        let (linked, _) = watch::channel(LinkState::new());
        note(&linked, &Event::Connected);
        let state = *linked.borrow();
        assert_eq!((state.away(), state.connects), (None, 1));
        let since = Instant::now();
        linked.send_modify(|link| link.silent = Some(since));
        assert_eq!((linked.borrow().away(), linked.borrow().silent()), (Some(since), Some(since)));
        note(&linked, &Event::Disconnected);
        assert_eq!((linked.borrow().away(), linked.borrow().silent()), (Some(since), None));
        note(&linked, &Event::Connected);
        assert_eq!(linked.borrow().silent(), Some(since), "nobody has asked it since");
    }
}
