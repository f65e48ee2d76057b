//! Jobboard: a Telegram bot that gives every chat a shared job board.

pub mod board;
pub mod command;
pub mod job;
pub mod sandbox;
pub mod work;
