//! The only folder that knows teloxide: updates in, messages out.

pub mod api;
mod buttons;
mod dash;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod handlers;
mod keyboard;
mod lane;
mod language;
mod look;
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

use teloxide::{
    payloads::{DeleteWebhook, GetMe, SetMyCommands, SetMyCommandsSetters},
    types::BotCommand,
};
use tokio_util::sync::CancellationToken;

use self::api::{Api, ApiError};
pub use self::{
    handlers::{Bot, Handlers, Inline},
    look::{WebhookState, look},
    outbox::Outbox,
    settings::Settings,
    updates::{Fatal, Webhook, delete_webhook, poll, serve_webhook},
};
use crate::{
    command::{COMMANDS, Language},
    config::Timings,
};

/// Says hello to Telegram: who the bot is. Who polls removes a webhook that was left over, since nothing would come
/// while it is set; the updates that wait are kept.
///
/// # Errors
/// [`ApiError`].
pub async fn hello(api: &Api, polls: bool) -> Result<Bot, ApiError> {
    let bot: Bot = api.call(&GetMe::new()).await?;
    if polls && let Err(error) = api.call::<_, serde::de::IgnoredAny>(&DeleteWebhook::new()).await {
        tracing::warn!(%error, "if a webhook is set, no updates will come");
    }
    Ok(bot)
}

/// Registers the command menu in every language.
pub async fn register_commands(api: &Api, timings: &Timings, stop: &CancellationToken) {
    for language in Language::ALL {
        register_menu(api, language, timings, stop).await;
    }
}

/// Registers the command menu of people whose app speaks this; the English one is everybody else's too. The bot works
/// without it, so a failure is only logged, and it is tried again.
async fn register_menu(api: &Api, language: Language, timings: &Timings, stop: &CancellationToken) {
    let menu = COMMANDS.iter().filter(|entry| entry.in_menu);
    let commands: Vec<_> = language::within(language, || {
        menu.map(|entry| BotCommand::new(entry.menu_name(), sentences::menu_line(entry))).collect()
    });
    let mut call = SetMyCommands::new(commands);
    if language != Language::default() {
        call = call.language_code(language.code());
    }
    for failures in 0.. {
        let registered = tokio::select! {
            () = stop.cancelled() => return,
            registered = api.call::<_, serde::de::IgnoredAny>(&call) => registered,
        };
        let Err(error) = registered else { return };
        let pause = pause_after(&error, timings, failures);
        tracing::warn!(%error, ?pause, "the command menu could not be registered; trying again");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
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
