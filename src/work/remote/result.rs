//! What a result means, and what is large of it.

use std::time::Duration;

use async_nats::jetstream::{object_store::Object, stream::LastRawMessageErrorKind};
use tokio::io::AsyncReadExt;

use super::{
    Control, Found, Remote, Turn, Unfinished,
    large::{self, Unfetched},
    state::Told,
};
use crate::{
    job::{Failure, Member, Number},
    nats::{
        Blob, Key, NatsError, Order, Report,
        message::{self, WorkEnd},
    },
    work::dex::MAX_SPRITE,
};

/// Large results that are in memory before they are looked at.
pub(super) const MAX_FETCHES: usize = 4;

impl Remote {
    pub(super) async fn take(&self, key: Key, order: &Order, told: Told, control: &Control) -> Turn {
        // Where the last process had handed it out, too.
        control.begins();
        let (report, blob) = match told {
            Ok(told) => told,
            Err(error) => {
                // Who wrote it would write the same again.
                tracing::error!(%key, %error, "a result cannot be read: is its worker newer than this bot?");
                return Turn::Ended(Err(Unfinished::Failed(Failure::UnreadableResult)));
            }
        };
        if report.member != order.member {
            // The bot's store was set back, and its numbers are given anew.
            tracing::warn!(%key, "a result is of another job, and is not taken");
            return Turn::Next;
        }
        let report = match report.end.printed() {
            Some(_) => tokio::select! {
                biased;
                () = control.cancelled() => return Turn::Next,
                report = self.with_files(key, report) => report,
            },
            None => report,
        };
        match report.end {
            WorkEnd::Printed(printed) => return Turn::Ended(Ok(Found::Printed(printed))),
            WorkEnd::Failed(failure) => return Turn::Ended(Err(Unfinished::Failed(failure))),
            WorkEnd::Cancelled => {
                self.cancelled_by_nobody(key, control).await;
                return Turn::Next;
            }
            WorkEnd::Returned => {
                tracing::info!(%key, worker = report.worker, "an order was given back");
                return Turn::Next;
            }
            WorkEnd::Number { .. } | WorkEnd::Pokemon(_) => {}
        }
        let worker = report.worker.clone();
        let found = tokio::select! {
            biased;
            // The work has ended, so there is nothing to stop but this.
            () = control.cancelled() => return Turn::Next,
            found = self.found(report, blob) => found,
        };
        match found {
            Ok(Some(found)) => Turn::Ended(Ok(found)),
            Ok(None) => {
                tracing::warn!(%key, worker, "NATS has lost a result");
                Turn::Lost
            }
            Err(error) => {
                tracing::error!(%key, worker, %error, "a result makes no sense");
                Turn::Lost
            }
        }
    }

    /// With what is large of it; `None` where that is not there any more.
    async fn found(&self, report: Report, mut blob: Blob) -> Result<Option<Found>, NatsError> {
        // Until it is looked at: then it is as large as it has to be.
        let _permit = match &report.object {
            None => None,
            Some(object) => {
                // Nothing closes it.
                let permit = self.fetches.acquire().await.ok();
                let what = ("a result is not fetched", &object as _);
                let (most, idle) = (most(&report.member), self.timings.idle);
                let fetched = self.fetch(object, what, |found| read_whole(found, most, idle)).await;
                let Some(fetched) = fetched else { return Ok(None) };
                if fetched.len() as u64 > most {
                    return Err(NatsError::Message(format!("{object} has more than {most} bytes")));
                }
                blob = fetched;
                permit
            }
        };
        match report.end {
            WorkEnd::Pokemon(pokemon) => Ok(Some(Found::Pokemon(message::to_pokemon(pokemon, &blob)))),
            WorkEnd::Number { n } => to_number(n, blob).await.map(|number| Some(Found::Number(number))),
            WorkEnd::Printed(_) | WorkEnd::Failed(_) | WorkEnd::Cancelled | WorkEnd::Returned => Ok(None),
        }
    }

    /// The result that [`claim`](Self::claim) found, as the stream has it; `None` where it is not there any more.
    pub(super) async fn read(&self, key: Key) -> Option<Told> {
        let subject = self.nats.names().result(key);
        let read = || async {
            match self.stored().await.results.get_last_raw_message_by_subject(&subject).await {
                Ok(message) => Ok(Some(Report::read(&message.payload))),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
                Err(error) => Err(NatsError::refused("a result")(&error)),
            }
        };
        self.nats.insist(self.timings.again, ("a result is not read", &key as _), read).await
    }
}

/// What is too large is not read to its end.
async fn read_whole(found: Object, most: u64, idle: Duration) -> Result<Blob, Unfetched> {
    let size = found.info().size.min(usize::try_from(most).unwrap_or_default());
    // One more, in which its end is seen.
    let (mut blob, mut found) = (Vec::with_capacity(size + 1), found.take(most + 1));
    while large::next(idle, found.read_buf(&mut blob)).await? > 0 {}
    Ok(blob.into())
}

/// Bytes that a result of this member can have at most.
fn most(member: &Member) -> u64 {
    match member {
        // The n-th number has about 0.209 n digits.
        Member::Fib(n) => n / 4 + 2,
        Member::Dex { .. } => MAX_SPRITE as u64,
        // Of a program, it is a file.
        Member::Declared(_) => 0,
    }
}

/// To look at hundreds of millions of digits takes a while.
async fn to_number(n: u64, blob: Blob) -> Result<Number, NatsError> {
    if blob.len() < message::LARGE {
        return message::to_number(n, blob);
    }
    let looked = tokio::task::spawn_blocking(move || message::to_number(n, blob)).await;
    looked.unwrap_or_else(|error| Err(NatsError::Message(error.to_string())))
}
