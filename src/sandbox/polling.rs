//! getUpdates: updates wait here until the bot confirms them.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    errors::{ApiError, conflict},
    methods::{Params, remember_allowed},
    shared::Shared,
    world::World,
};

/// The longest poll (the real server's bound), in seconds.
const MAX_TIMEOUT: i64 = 50;

/// Waits for updates until there are some, the timeout is over, or another poll takes over.
pub(super) async fn get_updates(shared: &Shared, params: &Params) -> Result<Value, ApiError> {
    let seconds = params.int("timeout").unwrap_or_default().clamp(0, MAX_TIMEOUT);
    let deadline = Instant::now() + Duration::from_secs(seconds.unsigned_abs());
    let limit =
        params.int("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100).clamp(1, 100);
    // Subscribed before the first look, so that nothing is missed between a look and the wait.
    let mut changes = shared.update_changes();
    let poll = shared.change(|world| start(world, params))?;
    changes.mark_unchanged();
    loop {
        let updates = shared.read(|world| look(world, poll, limit))?;
        if !updates.is_empty() || Instant::now() >= deadline {
            return Ok(Value::Array(updates));
        }
        tokio::select! {
            // A timeout is the empty answer of the next round.
            _ = timeout_at(deadline, changes.changed()) => {}
            () = shared.stop.cancelled() => return Ok(Value::Array(Vec::new())),
        }
    }
}

/// Ends any other poll, confirms what is before the offset and gives this poll its number.
fn start(world: &mut World, params: &Params) -> Result<u64, ApiError> {
    if world.webhook.is_some() {
        return Err(conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        ));
    }
    world.poll += 1;
    remember_allowed(world, params);
    match params.int("offset").unwrap_or_default() {
        0 => {}
        offset if offset > 0 => {
            // An offset beyond the queue confirms what is in it, not what comes later.
            while world.updates.front().is_some_and(|(id, _)| *id < offset) {
                world.updates.pop_front();
            }
            world.confirmed = world.confirmed.max(offset);
        }
        from_end => {
            let keep = usize::try_from(from_end.unsigned_abs()).unwrap_or(usize::MAX);
            let forgotten = world.updates.len().saturating_sub(keep);
            world.updates.drain(..forgotten);
            let first = world.updates.front().map_or(world.next_update, |(id, _)| *id);
            world.confirmed = world.confirmed.max(first);
        }
    }
    Ok(world.poll)
}

fn look(world: &World, poll: u64, limit: usize) -> Result<Vec<Value>, ApiError> {
    if world.webhook.is_some() {
        return Err(conflict("terminated by setWebhook request"));
    }
    if world.poll != poll {
        return Err(conflict(
            "terminated by other getUpdates request; make sure that only one bot instance is running",
        ));
    }
    Ok(world.updates.iter().take(limit).map(|(_, update)| update.clone()).collect())
}
