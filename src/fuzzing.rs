//! What the fuzz targets in `fuzz/` reach of the bot's insides. Each function panics where something is not as it should
//! be; none of it is in a build without the feature `fuzzing`.

use crate::{
    command::{COMMANDS, Command, Context, Parsed, parse},
    declared::{Catalog, Viewer},
    job::{JobId, Spec},
};

pub use crate::{
    board::fuzzing::kill,
    declared::fuzzing::{arguments, file as jobs_file},
    store::fuzzing::{Row, file, row},
    telegram::fuzzing::{button, html, schedule, stored, update},
};

/// The grammar: nothing stops it, and a command means the same when it is read again as it is written back.
pub fn grammar(text: &str, [private, reply_to_bot, owner]: [bool; 3], card: Option<u64>) {
    let (catalog, viewer) = (Catalog::nothing(), Viewer::NOBODY);
    let context =
        Context { private, bot: "board_bot", reply_to_bot, card: card.map(JobId), owner, catalog, viewer };
    let alone = Context { private: true, reply_to_bot: false, card: None, ..context };
    match parse(text, context) {
        Parsed::Command(command) => {
            assert_eq!(parse(&command.to_string(), alone), Parsed::Command(command.clone()), "{command}");
            if let Command::Submit(spec) = command {
                members(&spec);
            }
        }
        Parsed::Error(error) => {
            let words = crate::telegram::fuzzing::parse_error(&error);
            assert!(words.chars().count() <= text.chars().count() + 2_000, "{} characters", words.len());
        }
        Parsed::NotForUs => {
            let is_command = |name: &str| text.split_whitespace().next() == Some(name);
            assert!(
                !private || !COMMANDS.iter().any(|entry| is_command(entry.name)),
                "{text:?} is a command"
            );
        }
    }
}

fn members(spec: &Spec) {
    assert!(!spec.members().is_empty());
    if let Spec::Dex(key) = spec {
        path(key.as_str());
    }
    if let Spec::DexMulti(keys) = spec {
        for key in keys {
            path(key.as_str());
        }
    }
}

/// A Pokémon's name is one segment of a path, whoever reads it.
fn path(key: &str) {
    let url = format!("https://pokeapi.example/api/v2/pokemon/{key}/");
    let read = reqwest::Url::parse(&url).map(|url| url.to_string());
    assert_eq!(read.as_deref(), Ok(&*url));
}
