//! The bot that ours is compared with: teloxide's dispatcher with its own long polling, and nothing else.

use anyhow::Result;
use teloxide::{
    dispatching::{Dispatcher, UpdateFilterExt},
    payloads::SendMessageSetters,
    prelude::{Bot, Requester},
    types::{Message, ReplyParameters, Update},
};

/// The argument that makes this program the echo bot; the Bot API's URL and the token follow it.
pub(crate) const ARGUMENT: &str = "--echo-bot";

/// Answers every text with itself until the process is killed.
pub(crate) async fn run(url: &str, token: &str) -> Result<()> {
    let bot = Bot::new(token).set_api_url(url.parse()?);
    Dispatcher::builder(bot, Update::filter_message().endpoint(echo)).build().dispatch().await;
    Ok(())
}

async fn echo(bot: Bot, message: Message) -> Result<(), teloxide::RequestError> {
    if let Some(text) = message.text() {
        bot.send_message(message.chat.id, text).reply_parameters(ReplyParameters::new(message.id)).await?;
    }
    Ok(())
}
