//! A bot that nobody follows: it keeps others from leading beside it, as far as NATS is there.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::{
    lease::{Holder, Lease, LeaseTimings, Leases, Term, me},
    nats::{Nats, NatsError},
};

/// What such a bot says of itself in the lease: who follows has to know that there is nothing to follow.
const ALONE: &str = " without JOBBOARD_STANDBY";

/// Whether a leader is one that nobody can follow.
pub(super) fn is_alone(leader: &str) -> bool {
    leader.ends_with(ALONE)
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Alone {
    nats: Nats,
    timings: LeaseTimings,
    /// Of the lease, while it is this bot's. A std lock, held for a look.
    term: Arc<Mutex<Option<Term>>>,
    beside: CancellationToken,
}

impl Alone {
    pub(crate) fn new(nats: Nats, timings: LeaseTimings) -> Self {
        Self { nats, timings, term: Arc::default(), beside: CancellationToken::new() }
    }

    /// Whether it is known that nobody leads beside this bot.
    pub(crate) fn holds(&self) -> bool {
        self.term().as_ref().is_some_and(|term| !term.is_over())
    }

    /// Cancelled when somebody does: then this bot has to end.
    pub(crate) fn beside(&self) -> &CancellationToken {
        &self.beside
    }

    fn term(&self) -> std::sync::MutexGuard<'_, Option<Term>> {
        self.term.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lease whenever it is free, until `stop`; `tell` is called each time that it has it.
    pub(crate) async fn hold(self, tell: impl Fn() + Send, stop: CancellationToken) {
        let me = format!("{}{ALONE}", me());
        let mut seen = None;
        while !stop.is_cancelled() {
            let held = tokio::select! {
                biased;
                // What may have been taken all the same ends by itself.
                () = stop.cancelled() => return,
                held = self.take(&me) => held,
            };
            match held {
                Ok(Ok(lease)) => {
                    *self.term() = Some(lease.term().clone());
                    tell();
                    tokio::select! {
                        () = lease.lost().cancelled() => {}
                        () = stop.cancelled() => return lease.give_back().await,
                    }
                }
                Ok(Err(holder)) => {
                    if let Some(holder) = &holder
                        && is_there(seen.as_ref(), holder, &me)
                    {
                        tracing::error!(
                            leader = holder.name,
                            "another bot leads: both or none has to have JOBBOARD_STANDBY"
                        );
                        return self.beside.cancel();
                    }
                    seen = holder;
                }
                Err(error) => tracing::debug!(%error, "the lease cannot be held"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.timings.renewed) => {}
            }
        }
    }

    /// The lease, or who has it.
    async fn take(&self, me: &str) -> Result<Result<Lease, Option<Holder>>, NatsError> {
        let leases = Leases::open(&self.nats, self.timings).await?;
        match leases.take(me).await? {
            Some(lease) => Ok(Ok(lease)),
            None => Ok(Err(leases.holder().await?)),
        }
    }
}

/// Whether a holder is another bot that has renewed its lease since it was seen. That of a process before this one is there until its
/// time is over, and nobody renews it.
fn is_there(seen: Option<&Holder>, now: &Holder, me: &str) -> bool {
    now.name != me && seen.is_some_and(|seen| seen.name == now.name && seen.revision != now.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_renews_its_lease_is_there() {
        let holder = |name: &str, revision| Holder { name: name.to_owned(), revision };
        assert!(!is_there(None, &holder("other", 7), "me"));
        assert!(!is_there(Some(&holder("other", 7)), &holder("other", 7), "me"), "it may have been killed");
        assert!(!is_there(Some(&holder("before", 5)), &holder("other", 7), "me"));
        assert!(!is_there(Some(&holder("me", 7)), &holder("me", 8), "me"));
        assert!(is_there(Some(&holder("other", 7)), &holder("other", 8), "me"));
    }
}
