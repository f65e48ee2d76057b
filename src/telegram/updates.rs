//! Updates in: long polling that confirms an update only when it was handled.
//!
//! teloxide's own poller confirms on receipt; here Telegram is the inbox, and the next `getUpdates` says what of it
//! is done. Its dispatcher is not needed either: a handler never waits, so one loop serves all chats.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde::Serialize;
use serde_json::value::RawValue;
use teloxide::types::{Update, UpdateKind};
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, ApiError},
    handlers::Handlers,
    pause_after,
};
use crate::{
    config::Timings,
    store::{Store, Write},
};

/// The kinds of updates that mean something to the bot. Sent with every call: Telegram keeps the last list it saw.
const ALLOWED: &[&str] = &["message", "callback_query", "inline_query", "my_chat_member"];
/// Updates in one answer: Telegram's own bound.
const BATCH: u8 = 100;
/// Updates that are remembered, to know one that is delivered twice.
const REMEMBERED: usize = 10_000;
/// Polls begin this far apart while updates keep coming: under load one call brings many updates instead of one. A poll
/// that has waited longer, which is every poll of a quiet bot, is followed at once.
const POLL_GAP: Duration = Duration::from_millis(5);
/// How long the last confirmation may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why polling cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The token was revoked.
    #[error("Telegram does not accept the token any more")]
    Unauthorized,
}

#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: &'static [&'static str],
}

/// The part of an update that every kind has; the rest is read one by one, so that one that cannot be read does not
/// hide the others.
#[derive(serde::Deserialize)]
struct Envelope {
    update_id: i64,
}

/// Polls until `stop`, then confirms what was handled. `handled` is what the last process had handled and perhaps not
/// confirmed.
///
/// # Errors
/// [`Fatal`] where no pause would help.
pub async fn poll(
    api: &Api,
    handlers: &Arc<Handlers>,
    store: &Store,
    handled: Vec<(i64, u64)>,
    timings: &Timings,
    stop: &CancellationToken,
) -> Result<(), Fatal> {
    let mut inbox = Inbox { before: handled.into_iter().collect(), ..Inbox::default() };
    let mut failures = 0;
    loop {
        let begun = Instant::now();
        let batch = tokio::select! {
            () = stop.cancelled() => break,
            batch = inbox.fetch(api, timings.poll, BATCH, timings.poll + timings.call) => batch,
        };
        match batch {
            Ok(updates) => {
                failures = 0;
                inbox.handle(&updates, handlers, store).await;
                let gap = POLL_GAP.saturating_sub(begun.elapsed());
                if updates.len() < usize::from(BATCH) && !gap.is_zero() {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(gap) => {}
                    }
                }
            }
            Err(ApiError::Unauthorized | ApiError::NotFound) => return Err(Fatal::Unauthorized),
            Err(error) => {
                let pause = pause_after(&error, timings, failures);
                failures += 1;
                tracing::warn!(%error, ?pause, "no updates; trying again");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
    // Without this, the command that stopped the bot would stop it again at every start.
    if let Err(error) = inbox.fetch(api, Duration::ZERO, 1, GOODBYE).await {
        tracing::warn!(%error, "the last updates could not be confirmed; they may come again at the next start");
    }
    Ok(())
}

#[derive(Default)]
struct Inbox {
    offset: Option<i64>,
    /// What the last process had handled at its end, each with its fingerprint: other updates may have these numbers.
    before: HashMap<i64, u64>,
    seen: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Inbox {
    async fn fetch(
        &self,
        api: &Api,
        hold: Duration,
        limit: u8,
        time: Duration,
    ) -> Result<Vec<Box<RawValue>>, ApiError> {
        let call =
            GetUpdates { offset: self.offset, limit, timeout: hold.as_secs(), allowed_updates: ALLOWED };
        api.json("GetUpdates", &call, time).await
    }

    /// Handles what came. It begins with one after the other, in order, and ends when all of it is stored: in one commit, as
    /// far as it can be. The next fetch confirms it.
    async fn handle(&mut self, updates: &[Box<RawValue>], handlers: &Arc<Handlers>, store: &Store) {
        let mut handled = Vec::with_capacity(updates.len());
        let fresh = FuturesUnordered::new();
        for raw in updates {
            let Ok(Envelope { update_id }) = serde_json::from_str(raw.get()) else {
                tracing::error!("an update without an id");
                continue;
            };
            self.offset = Some(update_id + 1);
            let mark = (update_id, fingerprint(raw.get()));
            if !self.remember(update_id) || self.before.get(&mark.0) == Some(&mark.1) {
                tracing::debug!(update = update_id, "delivered twice");
                handled.push(mark);
            } else if let Some(update) = read(update_id, raw) {
                fresh.push(handlers.handle(update).map(move |()| mark));
            }
        }
        let mut done = fresh.ready_chunks(usize::from(BATCH));
        while let Some(marks) = done.next().await {
            handled.extend(marks);
            // Nobody waits for it. Without it, a crash before the confirmation repeats answers, and no job.
            drop(store.write(Write::Handled(handled.clone())));
        }
    }

    /// False where the update was handled before.
    fn remember(&mut self, update: i64) -> bool {
        let new = self.seen.insert(update);
        if new {
            self.order.push_back(update);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        new
    }
}

pub(super) fn read(id: i64, raw: &RawValue) -> Option<Update> {
    match serde_json::from_str::<Update>(raw.get()) {
        Ok(Update { kind: UpdateKind::Error(_), .. }) => {
            tracing::warn!(update = id, "an update of a kind that this version cannot read");
            None
        }
        Ok(update) => Some(update),
        Err(error) => {
            tracing::warn!(update = id, %error, "an update that cannot be read");
            None
        }
    }
}

/// Tells updates of the same number apart (FNV-1a, 64 bits): stored, so it must not change with the compiler.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
