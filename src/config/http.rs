//! Where the bot listens, and how Telegram finds it there.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use reqwest::Url;

/// Paths that are the bot's own.
const TAKEN: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// Telegram's bound for the secret.
const MAX_SECRET: usize = 256;

/// `IP:PORT`, or `PORT` or `:PORT`, which are of loopback.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let port = text.strip_prefix("localhost:").and_then(|port| port.parse::<u16>().ok());
    match port {
        Some(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        None => text.parse().map_err(|_| "IP:PORT is wanted, or a port: 127.0.0.1:9090, 9090".to_owned()),
    }
}

/// Where Telegram sends updates. Its path may be a secret of somebody's, so it is in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    url: String,
    path: String,
    is_local: bool,
}

impl WebhookUrl {
    /// The address, for Telegram.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// The path of the requests that come in.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for WebhookUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| error.to_string())?;
        // A server on this machine, as tests have it, needs no TLS.
        let is_local = url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
        if !url.has_host() || (url.scheme() != "https" && !is_local) {
            return Err("an https:// address is wanted".to_owned());
        }
        if url.fragment().is_some() || url.query().is_some() || !url.username().is_empty() {
            return Err("an address without user, query and fragment is wanted".to_owned());
        }
        if TAKEN.contains(&url.path()) {
            return Err(format!("{} is the bot's own, another path is wanted", url.path()));
        }
        Ok(Self { path: url.path().to_owned(), is_local, url: url.into() })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a webhook)")
    }
}

/// What Telegram has to show with each update. It is in no `Debug`, no log and no error.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// 256 bits, made now.
    pub fn random() -> Self {
        let bytes: [u8; 32] = rand::random();
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Self(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
    }

    /// The secret itself, for Telegram and to compare with.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=MAX_SECRET).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("1 to {MAX_SECRET} of A-Z a-z 0-9 _ - are wanted"))
        }
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr as Ipv6;

    use super::*;
    use crate::config::{Cli, CliError};

    #[test]
    fn an_address_may_be_a_port_of_loopback() {
        let local = SocketAddr::from(([127, 0, 0, 1], 9090));
        for text in ["9090", ":9090", "localhost:9090", "127.0.0.1:9090"] {
            assert_eq!(address(text), Ok(local), "{text}");
        }
        assert_eq!(address("0.0.0.0:80"), Ok(SocketAddr::from(([0, 0, 0, 0], 80))));
        assert_eq!(address("[::1]:80"), Ok(SocketAddr::from((Ipv6::LOCALHOST, 80))));
        for text in ["", "host:80", "1.2.3.4", "99999", "-1"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_webhook_is_https_or_on_this_machine() {
        let path = |text: &str| text.parse::<WebhookUrl>().map(|url| url.path);
        assert_eq!(path("https://bot.example.org/a/b"), Ok("/a/b".to_owned()));
        assert_eq!(path("https://bot.example.org"), Ok("/".to_owned()));
        assert_eq!(path("http://127.0.0.1:9/x"), Ok("/x".to_owned()));
        assert_eq!(path("http://[::1]:9/x"), Ok("/x".to_owned()));
        for text in [
            "http://bot.example.org/x",
            "ftp://bot.example.org/x",
            "bot.example.org",
            "https://a@b.example/x",
            "https://b.example/x?y",
            "https://b.example/metrics",
        ] {
            assert!(path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_secret_is_in_no_error() {
        let refusal = |flags: &[&str]| {
            let base = ["jobboard", "--http-addr", "9090"];
            match Cli::read(base.iter().chain(flags).map(Into::into)) {
                Err(CliError::Bad(line)) => line,
                other => panic!("{other:?}"),
            }
        };
        let line = refusal(&["--webhook-secret", "not allowed!"]);
        assert!(
            line.starts_with("JOBBOARD_WEBHOOK_SECRET: 1 to 256") && !line.contains("allowed!"),
            "{line}"
        );
        let line = refusal(&["--webhook-url", "http://bot.example.org/hush"]);
        assert!(line.starts_with("JOBBOARD_WEBHOOK_URL: an https") && !line.contains("hush"), "{line}");
        let made = WebhookSecret::random();
        assert!(made.secret().parse() == Ok(made.clone()) && made != WebhookSecret::random());
        assert_eq!(format!("{made:?}"), "(secret)");
    }

    #[test]
    fn a_webhook_needs_an_address() {
        let read = Cli::read(["jobboard", "--webhook-url", "https://b.example/x"].map(Into::into));
        let Err(CliError::Bad(line)) = read else { panic!("{read:?}") };
        assert!(line.starts_with("JOBBOARD_WEBHOOK_URL: JOBBOARD_HTTP_ADDR"), "{line}");
    }
}
