//! Jobboard from outside: people, chats, a Telegram and a PokeAPI on loopback, and the real bot between them.

mod boards;
mod cards;
mod commands;
mod dex;
mod faults;
mod kill;
mod pokeapi;
mod program;
mod world;
