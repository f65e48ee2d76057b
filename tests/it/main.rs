//! Jobboard from outside: people, chats, a Telegram and a PokeAPI on loopback, and the real bot between them.
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects")]

mod away;
mod boards;
mod browser;
mod buttons;
mod cards;
mod chaos;
mod commands;
mod crash;
mod credentials;
mod deployment;
mod dex;
mod faults;
mod fleet;
mod fleet_chaos;
mod flood;
mod http;
mod inline;
mod kill;
mod languages;
mod limits;
mod live;
mod manned;
mod memory;
mod migration;
mod nats;
mod operate;
mod overload;
mod owners;
mod pokeapi;
mod process;
mod program;
mod queue;
mod rich;
mod roles;
mod seam;
mod security;
mod standby;
mod timeline;
mod topics;
mod web;
mod webhook;
mod whole;
mod workers;
mod world;
