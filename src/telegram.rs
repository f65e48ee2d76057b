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
    types::{BotCommand, BotCommandScope, ChatId, Recipient},
};
use tokio_util::sync::CancellationToken;

use self::api::{Api, ApiError};
pub use self::{
    access::Access,
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

/// Registers the command menu in every language, and a longer one in the private chats of the owners.
pub async fn register_commands(api: &Api, owners: &[i64], timings: &Timings, stop: &CancellationToken) {
    for language in Language::ALL {
        register_menu(api, language, None, timings, stop).await;
    }
    for owner in owners {
        for language in Language::ALL {
            register_menu(api, language, Some(*owner), timings, stop).await;
        }
    }
}

/// Registers the command menu of people whose app speaks this; the English one is everybody else's too. The bot works
/// without it, so a failure is only logged, and it is tried again. An owner who has never written has no chat yet, and has
/// the menu after the next start.
async fn register_menu(
    api: &Api,
    language: Language,
    owner: Option<i64>,
    timings: &Timings,
    stop: &CancellationToken,
) {
    let menu = COMMANDS.iter().filter(|entry| entry.in_menu && (owner.is_some() || !entry.owners));
    let commands: Vec<_> = language::within(language, || {
        menu.map(|entry| BotCommand::new(entry.menu_name(), sentences::menu_line(entry))).collect()
    });
    let mut call = SetMyCommands::new(commands);
    if language != Language::default() {
        call = call.language_code(language.code());
    }
    if let Some(owner) = owner {
        call = call.scope(BotCommandScope::Chat { chat_id: Recipient::Id(ChatId(owner)) });
    }
    for failures in 0.. {
        let registered = tokio::select! {
            () = stop.cancelled() => return,
            registered = api.call::<_, serde::de::IgnoredAny>(&call) => registered,
        };
        let Err(error) = registered else { return };
        if owner.is_some() && matches!(error, ApiError::BadRequest(_) | ApiError::Forbidden(_)) {
            tracing::info!(%error, owner, "an owner's command menu could not be registered");
            return;
        }
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
