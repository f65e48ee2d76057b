//! Jobboard: a Telegram bot that gives every chat a shared job board.

pub mod sandbox;
pub mod work;
