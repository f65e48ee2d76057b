//! The only folder that knows teloxide: updates in, messages out.

mod access;
pub mod api;
mod buttons;
mod dash;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod handlers;
mod incoming;
mod keyboard;
mod lane;
mod language;
mod look;
mod menus;
mod outbox;
mod pace;
mod progress;
mod render;
mod rich;
mod send;
mod sentences;
mod settings;
mod timeline;
mod updates;
mod whole;

use std::time::Duration;

use teloxide::payloads::{DeleteWebhook, GetMe};

use self::api::{Api, ApiError};
pub use self::{
    access::Access,
    handlers::{Bot, Handlers, Inline},
    look::{WebhookState, look},
    menus::Menus,
    outbox::Outbox,
    settings::Settings,
    updates::{Fatal, Webhook, delete_webhook, poll, serve_webhook},
};
use crate::{config::Timings, declared::Declaration};

/// Says hello to Telegram: who the bot is. Who polls removes a webhook that was left over, since nothing would come
/// while it is set; the updates that wait are kept.
///
/// # Errors
/// [`ApiError`].
pub async fn hello(api: &Api, polls: bool) -> Result<Bot, ApiError> {
    let bot: Bot = api.call(&GetMe::new()).await?;
    if polls {
        remove_webhook(api).await;
    }
    Ok(bot)
}

/// Removes a webhook that is in the way of polling. Where it stays, polling says so and asks for this again.
async fn remove_webhook(api: &Api) {
    if let Err(error) = api.call::<_, serde::de::IgnoredAny>(&DeleteWebhook::new()).await {
        tracing::warn!(%error, "a webhook that may be set could not be removed");
    }
}

/// A declared command as a person sees it who asks for help, a line each, in English.
pub fn help_of(declaration: &Declaration) -> Vec<String> {
    sentences::declared::help(declaration, None).lines().map(str::to_owned).collect()
}

/// How long to wait after a failed call: as long as Telegram asks for, or longer with each of the `failures` before it.
pub(crate) fn pause_after(error: &ApiError, timings: &Timings, failures: u32) -> Duration {
    if let ApiError::RetryAfter(pause) = error {
        // What is longer would only overflow.
        return (*pause).min(MAX_PAUSE);
    }
    let pause = timings.backoff.saturating_mul(1 << failures.min(16)).min(timings.backoff_max);
    // Many bots, or many chats of one, do not come back in the same moment.
    pause.mul_f64(rand::random_range(0.75..1.25))
}

/// The longest pause that is believed.
const MAX_PAUSE: Duration = Duration::from_hours(24);
