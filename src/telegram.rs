//! The only folder that knows teloxide: updates in, messages out.

pub mod api;
mod buttons;
mod handlers;
mod lane;
mod outbox;
mod pace;
mod render;
mod send;
mod sentences;
mod updates;

use teloxide::{
    payloads::{DeleteWebhook, GetMe, SetMyCommands},
    types::BotCommand,
};
use tokio_util::sync::CancellationToken;

use self::api::{Api, ApiError};
pub use self::{
    handlers::{Bot, Handlers},
    lane::backoff,
    outbox::Outbox,
    updates::{Fatal, poll},
};
use crate::command::COMMANDS;

/// Says hello to Telegram: who the bot is. A webhook that was left over is removed, since nothing would come by
/// polling while it is set; the updates that wait are kept.
///
/// # Errors
/// [`ApiError`].
pub async fn hello(api: &Api) -> Result<Bot, ApiError> {
    let bot: Bot = api.call(&GetMe::new()).await?;
    api.call::<_, serde::de::IgnoredAny>(&DeleteWebhook::new()).await?;
    Ok(bot)
}

/// Registers the command menu. The bot works without it, so a failure is only logged.
pub async fn register_commands(api: &Api, stop: &CancellationToken) {
    let menu = COMMANDS.iter().filter(|entry| entry.in_menu);
    let commands = menu.map(|entry| {
        let args = if entry.args.is_empty() { String::new() } else { format!(" ({})", entry.args) };
        BotCommand::new(entry.menu_name(), format!("{}{args}", entry.help))
    });
    let call = SetMyCommands::new(commands);
    tokio::select! {
        () = stop.cancelled() => {}
        registered = api.call::<_, serde::de::IgnoredAny>(&call) => {
            if let Err(error) = registered {
                tracing::warn!(%error, "the command menu could not be registered");
            }
        }
    }
}
