//! A Bot API server and a small PokeAPI on loopback, with a chat page.

mod pokeapi;
