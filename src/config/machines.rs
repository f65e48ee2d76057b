//! Many machines: which part of the bot this process is, and the NATS that it shares with the others.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum, builder::BoolishValueParser};
use reqwest::Url;

use super::{Cli, Mode, Operation, Token};

/// NATS keeps a stream on 1, 3 or 5 of its servers; even numbers are no safer than the odd one below them.
const MAX_REPLICAS: i64 = 5;

/// What this process is beside others on other machines.
#[derive(Clone, Debug, Args)]
pub struct Machines {
    /// What this process does: all, or bot (its tasks run on workers, which it reaches over NATS; see `jobboard worker`)
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_ROLE",
        default_value = "all",
        value_name = "ROLE",
        hide_possible_values = true
    )]
    pub role: Role,

    /// For each of two bots or more of `--role bot`: one leads, the others follow its store and take its place when it is gone
    #[arg(long, global = true, env = "JOBBOARD_STANDBY", value_parser = BoolishValueParser::new())]
    pub standby: bool,

    /// NATS servers, separated by commas: nats://HOST:PORT, or tls://HOST:PORT
    #[arg(
        long,
        global = true,
        env = "JOBBOARD_NATS_URL",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_name = "URLS"
    )]
    pub nats_url: NatsUrls,

    /// The file with this process's credentials for NATS
    #[arg(long, global = true, env = "JOBBOARD_NATS_CREDS", value_name = "FILE")]
    pub nats_creds: Option<PathBuf>,

    /// A file of certificates (PEM) that vouch for the NATS servers [default: those that the system trusts]
    #[arg(long, global = true, env = "JOBBOARD_NATS_CA", value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,

    /// NATS servers that keep each message: 3 where there are three; the bot's says it for its workers, too
    #[arg(long, global = true, env = "JOBBOARD_NATS_REPLICAS", default_value_t = 1, value_name = "NUM",
          value_parser = clap::value_parser!(u8).range(1..=MAX_REPLICAS))]
    pub nats_replicas: u8,

    /// Which bot a worker works for: its id, the number before the colon of its token [default: that of the token, where
    /// one is set]
    #[arg(long, global = true, env = "JOBBOARD_BOT_ID", value_name = "ID",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub bot_id: Option<u64>,
}

impl Machines {
    /// Whether the work is done elsewhere.
    pub fn is_bot_alone(&self) -> bool {
        self.role == Role::Bot
    }

    /// Whether this process, or one with the same settings, has to do with NATS.
    pub fn is_used(&self) -> bool {
        self.is_bot_alone() || (self.bot_id.is_some() && !self.nats_url.is_empty())
    }

    /// What of it does not fit together, as one line that names the setting.
    pub(super) fn check(&self, mode: Option<&Mode>, token: &Token) -> Result<(), &'static str> {
        let is_worker = matches!(mode, Some(Mode::Worker));
        let runs =
            is_worker || matches!(mode, None | Some(Mode::Sandbox { .. } | Mode::Operate(Operation::Check)));
        if !runs {
            return Ok(());
        }
        if self.is_bot_alone() && self.nats_url.is_empty() {
            return Err("JOBBOARD_ROLE: JOBBOARD_NATS_URL has to be set, too: the workers are reached there");
        }
        if self.standby && !self.is_bot_alone() && !is_worker {
            return Err("JOBBOARD_STANDBY: JOBBOARD_ROLE has to be bot, too");
        }
        if is_worker && self.nats_url.is_empty() {
            return Err("JOBBOARD_NATS_URL: a worker needs it: its bot is reached there");
        }
        if is_worker && self.bot_id.or(token.bot_id()).is_none() {
            return Err("JOBBOARD_BOT_ID: a worker needs it: the number before the colon of its bot's token");
        }
        Ok(())
    }
}

impl Cli {
    /// What fits together, and what does not.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        self.config.machines.check(self.mode.as_ref(), &self.config.token)
    }
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything, without NATS.
    All,
    /// The boards and the talking; the work is done by workers.
    Bot,
}

/// Where NATS is. A password in it is in no `Debug`, no log and no error.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NatsUrls(Vec<String>);

impl NatsUrls {
    /// The servers' addresses, with what of names and passwords they hold.
    pub fn addresses(&self) -> &[String] {
        &self.0
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The passwords in them, for [`log::hide`](crate::log::hide).
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        let urls = self.0.iter().filter_map(|url| Url::parse(url).ok());
        urls.filter_map(|url| {
            // `nats://TOKEN@host` has a token where others have a name.
            url.password()
                .map(str::to_owned)
                .or_else(|| Some(url.username().to_owned()).filter(|name| !name.is_empty()))
        })
    }
}

/// Host and port of each, separated by commas.
impl fmt::Display for NatsUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, url) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (scheme, rest) = url.split_once("://").unwrap_or_default();
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            write!(f, "{comma}{scheme}://{host}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for NatsUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for NatsUrls {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words
            .map(nats_url)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or("nats://HOST:PORT or tls://HOST:PORT is wanted, several separated by commas")
    }
}

/// One address in full; `HOST:PORT` is enough.
fn nats_url(text: &str) -> Option<String> {
    let text = if text.contains("://") { text.to_owned() } else { format!("nats://{text}") };
    let url = Url::parse(&text).ok()?;
    let fits = matches!(url.scheme(), "nats" | "tls")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    fits.then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CliError;

    #[test]
    fn addresses_of_nats_are_shown_without_passwords() {
        let read = |text: &str| text.parse::<NatsUrls>().map(|urls| urls.to_string());
        assert_eq!(read("localhost:4222").as_deref(), Ok("nats://localhost:4222"));
        assert_eq!(read("nats://a:4222, tls://b,").as_deref(), Ok("nats://a:4222,tls://b"));
        assert_eq!(read("nats://bot:hush-hush@a:1/").as_deref(), Ok("nats://a:1"));
        assert_eq!(read("").as_deref(), Ok(""));
        for text in ["http://a:4222", "nats://", "nats://a/b", "a b", "nats://a?x"] {
            assert!(read(text).is_err(), "{text}");
        }
        let urls: NatsUrls = "nats://bot:hush-hush@a:1,nats://tokentoken@b,c".parse().unwrap();
        assert_eq!(urls.secrets().collect::<Vec<_>>(), ["hush-hush", "tokentoken"]);
        assert_eq!(format!("{urls:?}"), "nats://a:1,nats://b,nats://c");
    }

    #[test]
    fn roles_need_what_they_are_reached_by() {
        let refusal =
            |words: &str| match Cli::read(["jobboard"].into_iter().chain(words.split(' ')).map(Into::into)) {
                Err(CliError::Bad(line)) => line,
                Ok(_) => "ok".to_owned(),
                Err(other) => panic!("{other:?}"),
            };
        let nats = "--nats-url localhost:4222";
        assert!(refusal("--role bot").starts_with("JOBBOARD_ROLE: JOBBOARD_NATS_URL"));
        assert!(refusal("worker").starts_with("JOBBOARD_NATS_URL"));
        assert!(refusal(&format!("worker {nats}")).starts_with("JOBBOARD_BOT_ID"));
        assert!(refusal(&format!("worker {nats} --token nonsense")).starts_with("JOBBOARD_BOT_ID"));
        assert!(refusal(&format!("{nats} --standby")).starts_with("JOBBOARD_STANDBY"));
        assert!(refusal("--nats-url http://hush@a:1").starts_with("JOBBOARD_NATS_URL: nats://HOST"));
        assert!(refusal("--nats-replicas 6").starts_with("JOBBOARD_NATS_REPLICAS"));
        for words in ["worker --bot-id 42", "worker --token 42:x", "--role bot", "--role bot --standby"] {
            assert_eq!(refusal(&format!("{words} {nats}")), "ok", "{words}");
        }
        // What runs nothing needs nothing of it.
        assert_eq!(refusal("health --role bot"), "ok");
    }
}
