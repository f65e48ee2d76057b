//! Updates in: by long polling that confirms an update only when it was handled, or by webhook (`webhook`). The inbox is
//! the same.
//!
//! teloxide's own poller confirms on receipt; here Telegram is the inbox, and the next `getUpdates` says what of it
//! is done. Its dispatcher is not needed either: a handler never waits, so one loop serves all chats.

mod webhook;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::webhook::{Webhook, delete_webhook, serve_webhook};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, ApiError, GET_UPDATES},
    handlers::Handlers,
    incoming::{Envelope, Kind, Update},
    pause_after, remove_webhook,
};
use crate::{
    config::Timings,
    metrics::{self, Handled, Metrics},
    store::{Store, Write},
};

/// The kinds of updates that mean something to the bot: a command that is edited is not run again. Sent with every call, since
/// Telegram keeps the last list it saw.
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

/// Why no updates can come any more.
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
    let mut inbox = Inbox::new(handled);
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
                // Those before are confirmed.
                inbox.handled.clear();
                let updates: Vec<_> = updates.iter().map(|update| &**update).collect();
                inbox.handle(&updates, handlers, store, api.metrics(), |_| ()).await;
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
                let again = async {
                    if error.is_about_webhook() {
                        // Left over where it could not be removed at the start, or set since: nothing else ends this.
                        remove_webhook(api).await;
                    }
                    tokio::time::sleep(pause).await;
                };
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = again => {}
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
    /// What was handled and is perhaps not confirmed.
    handled: VecDeque<(i64, u64)>,
    seen: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Inbox {
    /// An empty one; `handled` is what the last process had handled and perhaps not confirmed.
    fn new(handled: Vec<(i64, u64)>) -> Self {
        // A webhook brings those that are not confirmed whenever it likes, perhaps after the next start.
        Self { before: handled.iter().copied().collect(), handled: handled.into(), ..Self::default() }
    }

    async fn fetch(
        &self,
        api: &Api,
        hold: Duration,
        limit: u8,
        time: Duration,
    ) -> Result<Vec<Box<RawValue>>, ApiError> {
        let call =
            GetUpdates { offset: self.offset, limit, timeout: hold.as_secs(), allowed_updates: ALLOWED };
        api.json(GET_UPDATES, &call, time).await
    }

    /// Handles what came. It begins with one after the other, in order, and ends when all of it is stored: in one commit, as
    /// far as it can be. `done` is told which of them may be confirmed, as soon as its effect is stored.
    async fn handle(
        &mut self,
        updates: &[&RawValue],
        handlers: &Arc<Handlers>,
        store: &Store,
        metrics: &Metrics,
        mut done: impl FnMut(usize),
    ) {
        let begun = Instant::now();
        // As many as there can be: there are more.
        handlers.fall_behind(updates.len() >= usize::from(BATCH));
        let fresh = FuturesUnordered::new();
        // Nothing is to be done for these. One that came twice may wait for its first, which is among the fresh ones.
        let mut idle = Vec::new();
        for (index, raw) in updates.iter().enumerate() {
            let (mark, update) = self.open(raw, metrics);
            match update {
                Some(update) => {
                    fresh.push(handlers.handle(update).map(move |()| (index, mark)));
                }
                None => idle.push(index),
            }
        }
        let mut stored = fresh.ready_chunks(usize::from(BATCH));
        while let Some(chunk) = stored.next().await {
            chunk.iter().filter_map(|(_, mark)| *mark).for_each(|mark| self.note(mark));
            // Nobody waits for it. Without it, a crash before the confirmation repeats answers, and no job.
            drop(store.write(Write::Handled(self.handled.iter().copied().collect())));
            for (index, _) in chunk {
                metrics.handled(Handled::Handled);
                metrics.handling(begun.elapsed());
                done(index);
            }
        }
        idle.into_iter().for_each(done);
    }

    /// Its number with what tells it from others of the same number, and the update, where there is something to do.
    fn open(&mut self, raw: &RawValue, metrics: &Metrics) -> (Option<(i64, u64)>, Option<Update>) {
        let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(raw.get()) else {
            tracing::error!("an update without an id");
            return (None, None);
        };
        let update_id = envelope.update_id;
        self.offset = Some(update_id + 1);
        if !self.remember(update_id) {
            // It is noted when it is stored.
            tracing::debug!(update = update_id, "delivered twice");
            metrics.handled(Handled::Again);
            return (None, None);
        }
        let update = read(&envelope);
        let mark = (update_id, fingerprint(update.as_ref(), raw));
        if self.before.get(&mark.0) == Some(&mark.1) {
            tracing::debug!(update = update_id, "handled by the process before this one");
            metrics.handled(Handled::Again);
            self.note(mark);
            return (Some(mark), None);
        }
        metrics.received(update.as_ref().map_or(metrics::Update::Other, |update| kind(&update.kind)));
        if update.is_none() {
            metrics.handled(Handled::Skipped);
        }
        (Some(mark), update)
    }

    /// An update was handled. As many are kept as may be unconfirmed.
    fn note(&mut self, mark: (i64, u64)) {
        self.handled.retain(|known| *known != mark);
        if self.handled.len() >= usize::from(BATCH) {
            self.handled.pop_front();
        }
        self.handled.push_back(mark);
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

pub(super) fn read(envelope: &Envelope<'_>) -> Option<Update> {
    match envelope.open() {
        Ok(Some(update)) => Some(update),
        Ok(None) => {
            tracing::warn!(update = envelope.update_id, "an update of a kind that was not asked for");
            None
        }
        Err(error) => {
            tracing::warn!(update = envelope.update_id, %error, "an update that cannot be read");
            None
        }
    }
}

fn kind(update: &Kind) -> metrics::Update {
    match update {
        Kind::Message(_) => metrics::Update::Message,
        Kind::CallbackQuery(_) => metrics::Update::CallbackQuery,
        Kind::InlineQuery(_) => metrics::Update::InlineQuery,
        Kind::MyChatMember(_) => metrics::Update::MyChatMember,
    }
}

/// Tells updates of the same number apart (FNV-1a, 64 bits): stored, so it must not change with the compiler. By what
/// they say: the same one may be written differently when it comes by the other way.
fn fingerprint(update: Option<&Update>, raw: &RawValue) -> u64 {
    let said = match update.map(|update| &update.kind) {
        Some(Kind::Message(message)) => {
            let (chat, id, date) = (message.chat.id, message.id, message.date);
            let words = message.words().unwrap_or_default();
            format!("message {chat} {id} {date} {words}")
        }
        Some(Kind::CallbackQuery(query)) => format!("press {}", query.id),
        Some(Kind::InlineQuery(query)) => format!("inline {} {}", query.id, query.query),
        Some(Kind::MyChatMember(change)) => {
            format!("member {} {} {}", change.chat.id, change.from.id, change.date)
        }
        None => raw.get().to_owned(),
    };
    said.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> u64 {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        let envelope: Envelope<'_> = serde_json::from_str(raw.get()).unwrap();
        fingerprint(read(&envelope).as_ref(), &raw)
    }

    #[test]
    fn what_was_handled_two_starts_ago_is_known() {
        let mut inbox = Inbox::new(vec![(1, 10), (2, 20)]);
        for mark in [(3, 30), (2, 20)] {
            inbox.note(mark);
        }
        assert_eq!(inbox.handled, [(1, 10), (3, 30), (2, 20)]);
        (4..104).for_each(|id| inbox.note((id, 0)));
        assert!(inbox.handled.len() == usize::from(BATCH) && inbox.handled[0] == (4, 0));
    }

    #[test]
    fn an_update_is_known_however_it_is_written() {
        let one = r#"{"update_id":7,"message":{"message_id":1,"date":1700000000,"text":"fib \u0031",
            "chat":{"id":5,"type":"private","first_name":"Ann"},"from":{"id":5,"is_bot":false,"first_name":"Ann"}}}"#;
        let same = r#"{"message": {"from": {"id": 5, "is_bot": false, "first_name": "Ann"}, "date": 1700000000,
            "chat": {"first_name": "Ann", "id": 5, "type": "private"}, "message_id": 1, "text": "fib 1"}, "update_id": 7}"#;
        assert_eq!(mark(one), mark(same));
        for (from, to) in
            [("1700000000", "1700000001"), ("fib ", "Fib "), ("\"id\":5,\"type", "\"id\":6,\"type")]
        {
            assert_ne!(mark(one), mark(&one.replace(from, to)), "{to}");
        }
    }
}
