//! A look at the bot from outside: who it is, and how Telegram hands over what people write. Changes nothing.

use serde::Deserialize;
use teloxide::payloads::{GetMe, GetWebhookInfo};

use super::{
    Bot,
    api::{Api, ApiError},
};
use crate::{config::Config, store::Secret};

/// What Telegram says of the webhook. Its address may be a secret: it is compared, and not shown.
#[derive(Debug, Deserialize)]
pub struct WebhookState {
    url: String,
    /// Updates that wait.
    #[serde(rename = "pending_update_count")]
    pub waiting: u64,
    /// Why the last one could not be delivered.
    #[serde(rename = "last_error_message")]
    pub last_error: Option<String>,
}

impl WebhookState {
    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        !self.url.is_empty()
    }

    /// Whether it is this one.
    pub fn is_at(&self, url: &str) -> bool {
        self.url == url
    }
}

/// Asks for both; the second may be unknown though the first is not.
///
/// # Errors
/// [`ApiError`].
pub async fn look(config: &Config) -> Result<(Bot, Result<WebhookState, ApiError>), ApiError> {
    // Nothing is signed here.
    let api = Api::new(config, &Secret::default())
        .map_err(|error| ApiError::Connection(error.without_url().to_string()))?;
    let bot = api.call(&GetMe::new()).await?;
    Ok((bot, api.call(&GetWebhookInfo::new()).await))
}
