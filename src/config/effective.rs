//! The settings as they hold, for `jobboard check`.

use clap::{ArgMatches, CommandFactory, parser::ValueSource};
use reqwest::Url;

use super::{Cli, Config};

/// One setting as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its variable.
    pub name: String,
    /// Its value; of a secret only whether there is one.
    pub value: String,
    /// Where it comes from: `flag`, `variable` or `default`.
    pub source: &'static str,
}

/// All of them, in the order of `--help`.
pub(super) fn effective(matches: &ArgMatches, config: &Config) -> Vec<Effective> {
    let command = Cli::command();
    let read = |arg: &clap::Arg| {
        let (name, id) = (arg.get_env()?.to_string_lossy().into_owned(), arg.get_id().as_str());
        let raw: Vec<_> =
            matches.get_raw(id).into_iter().flatten().map(|raw| raw.to_string_lossy()).collect();
        let value = raw.join(" ");
        let value = match id {
            "nats_url" if !config.machines.nats_url.is_empty() => config.machines.nats_url.to_string(),
            _ if arg.is_hide_env_values_set() => {
                if value.trim().is_empty() { "not set" } else { "set (not shown)" }.to_owned()
            }
            "cpu_workers" => config.cpu_workers().to_string(),
            "memory" => format!("{}MB", config.memory() / 1_000_000),
            _ if value.is_empty() => "not set".to_owned(),
            _ => without_password(&value),
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "variable",
            _ => "default",
        };
        Some(Effective { name, value, source })
    };
    command.get_arguments().filter_map(read).collect()
}

/// An address may hold a person's name and password.
fn without_password(value: &str) -> String {
    match Url::parse(value) {
        Ok(mut url) if url.password().is_some() || !url.username().is_empty() => {
            let hidden = url.set_username("").and_then(|()| url.set_password(None));
            hidden.map_or_else(|()| "set (not shown)".to_owned(), |()| url.into())
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_left_out() {
        assert_eq!(without_password("https://ann:secret@api.example/v2"), "https://api.example/v2");
        assert_eq!(without_password("https://api.example/v2"), "https://api.example/v2");
        assert_eq!(without_password("./data"), "./data");
    }
}
