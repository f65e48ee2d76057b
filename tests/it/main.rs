//! Jobboard from outside: people, chats, a Telegram and a PokeAPI on loopback, and the real bot between them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects")]

mod boards;
mod browser;
mod cards;
mod chaos;
mod commands;
mod crash;
mod dex;
mod faults;
mod kill;
mod memory;
mod migration;
mod pokeapi;
mod process;
mod program;
mod timeline;
mod whole;
mod world;
