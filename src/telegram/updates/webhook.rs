//! Updates by webhook: Telegram brings them, and what is answered with 200 is confirmed.
//!
//! Telegram brings a chat's updates one after the other, the next one when the last is confirmed; so the chats' orders are
//! kept however many connections there are. What is under way at once is handled as one batch of polling would be.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{ALLOWED, BATCH, Fatal, GOODBYE, Inbox};
use crate::{
    config::{Timings, WebhookSecret, WebhookUrl},
    http::{Deliveries, Delivery, Ready},
    store::Store,
    telegram::{
        api::{Api, ApiError},
        handlers::Handlers,
        pause_after,
    },
};

/// A webhook, and what comes in there.
pub struct Webhook {
    /// Where.
    pub url: WebhookUrl,
    /// What Telegram has to show.
    pub secret: WebhookSecret,
    /// What it brings.
    pub deliveries: Deliveries,
}

#[derive(Serialize)]
struct SetWebhook<'a> {
    url: &'a str,
    secret_token: &'a str,
    max_connections: u8,
    allowed_updates: &'static [&'static str],
}

/// The parts of the `WebhookInfo` that are used.
#[derive(Deserialize)]
struct Info {
    url: String,
    #[serde(default)]
    pending_update_count: u64,
    last_error_date: Option<i64>,
    last_error_message: Option<String>,
}

/// Takes updates until `stop`, and sees to it that the webhook is set. What is not handled then is not confirmed, and
/// comes again. `handled` is what the last process had handled and perhaps not confirmed.
///
/// # Errors
/// [`Fatal`] where no pause would help.
pub async fn serve_webhook(
    api: &Api,
    handlers: &Arc<Handlers>,
    store: &Store,
    handled: Vec<(i64, u64)>,
    webhook: Webhook,
    (timings, ready): (&Timings, &Ready),
    stop: &CancellationToken,
) -> Result<(), Fatal> {
    let Webhook { url, secret, mut deliveries } = webhook;
    let mut inbox = Inbox::new(handled);
    let keep = keep(api, &url, &secret, timings, ready);
    tokio::pin!(keep);
    let mut batch = Vec::with_capacity(usize::from(BATCH));
    loop {
        let taken = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            fatal = &mut keep => return Err(fatal),
            taken = deliveries.recv_many(&mut batch, usize::from(BATCH)) => taken,
        };
        if taken == 0 {
            break;
        }
        api.metrics().reached();
        let (updates, mut told): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|Delivery { update, stored }| (update, Some(stored))).unzip();
        let updates: Vec<&RawValue> = updates.iter().map(|update| &**update).collect();
        let done = |index: usize| {
            if let Some(stored) = told.get_mut(index).and_then(Option::take) {
                // Telegram may have given it up; then it brings it again.
                let _ = stored.send(());
            }
        };
        inbox.handle(&updates, handlers, store, api.metrics(), done).await;
    }
    ready.hooked(false);
    // What waits is dropped, and answered by that: Telegram brings it to the next start.
    drop(deliveries);
    Ok(())
}

/// Removes the webhook and keeps the updates that wait: the next start finds them, however it asks. To be called when
/// what was handled is answered.
pub async fn delete_webhook(api: &Api) {
    let deleted = api.json::<serde::de::IgnoredAny>("DeleteWebhook", &serde_json::json!({}), GOODBYE).await;
    if let Err(error) = deleted {
        tracing::warn!(%error, "the webhook could not be deleted; the next start does that, or sets it anew");
    }
}

/// Sets the webhook, and looks from time to time whether it is still there. Ends only where no pause would help.
async fn keep(
    api: &Api,
    url: &WebhookUrl,
    secret: &WebhookSecret,
    timings: &Timings,
    ready: &Ready,
) -> Fatal {
    let mut last_error = None;
    let mut failures = 0;
    let mut is_set = false;
    loop {
        let looked = if is_set { look(api, url, &mut last_error).await } else { set(api, url, secret).await };
        let pause = match looked {
            Ok(found) => {
                if !is_set {
                    tracing::info!("updates come by webhook");
                }
                (is_set, failures) = (found, 0);
                if found { timings.webhook_look } else { Duration::ZERO }
            }
            Err(ApiError::Unauthorized | ApiError::NotFound) => return Fatal::Unauthorized,
            Err(error) => {
                let pause = pause_after(&error, timings, failures);
                failures += 1;
                let what = if is_set { "looked at" } else { "set" };
                tracing::warn!(%error, ?pause, "the webhook could not be {what}; trying again");
                pause
            }
        };
        ready.hooked(is_set);
        tokio::time::sleep(pause).await;
    }
}

async fn set(api: &Api, url: &WebhookUrl, secret: &WebhookSecret) -> Result<bool, ApiError> {
    let call = SetWebhook {
        url: url.url(),
        secret_token: secret.secret(),
        max_connections: BATCH,
        allowed_updates: ALLOWED,
    };
    api.json("SetWebhook", &call, api.timings().call).await
}

/// Whether the webhook is still ours; says in the log what Telegram says of it.
async fn look(api: &Api, url: &WebhookUrl, last_error: &mut Option<i64>) -> Result<bool, ApiError> {
    let info: Info = api.json("GetWebhookInfo", &serde_json::json!({}), api.timings().call).await?;
    if info.last_error_date.is_some() && info.last_error_date != *last_error {
        *last_error = info.last_error_date;
        let (error, waiting) = (info.last_error_message.unwrap_or_default(), info.pending_update_count);
        tracing::warn!(error, waiting, "Telegram could not bring an update");
    }
    if info.url != url.url() {
        tracing::warn!(
            "the webhook is not set any more, or is another one's: is there a second bot with this token?"
        );
    }
    Ok(info.url == url.url())
}
