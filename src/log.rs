//! Logs: one line an event, on stderr. No secret is in them, whoever wrote the line: what crates log at `trace`, and what
//! servers send back, may hold the address of a call, and with it the token.

use std::{
    io::{self, IsTerminal, Write},
    sync::{PoisonError, RwLock},
};

use tracing_subscriber::{
    EnvFilter,
    filter::{Directive, LevelFilter},
};

use crate::config::{LogFormat, Token};

/// What stands in the place of a secret.
const HIDDEN: &str = "(secret)";
/// A shorter text is found by chance in what has nothing to do with it.
const SHORTEST: usize = 8;
/// What these log below `info` are the addresses and headers of calls.
const CAPPED: [&str; 6] = ["async_nats", "reqwest", "hyper", "hyper_util", "h2", "rustls"];

/// The longest first: a part of a secret is looked for only where the whole of it is not.
static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// From now on, what contains this is logged without it.
pub fn hide(secret: &str) {
    let encoded: String = secret
        .bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    // The half of a token behind its bot's id, which anybody may know.
    let half = secret.split_once(':').map(|(_, half)| half);
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for form in [Some(secret), Some(&*encoded), Some(&*encoded.to_lowercase()), half].into_iter().flatten() {
        if form.len() >= SHORTEST && !secrets.iter().any(|known| known == form) {
            secrets.push(form.to_owned());
        }
    }
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
}

/// The same text without secrets.
pub fn without_secrets(text: &str) -> String {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    secrets.iter().fold(text.to_owned(), |text, secret| {
        if text.contains(secret.as_str()) { text.replace(secret.as_str(), HIDDEN) } else { text }
    })
}

/// Begins to log as `RUST_LOG` says, panics too: one that reaches a thread's top is a bug, and must be found in the log.
///
/// # Errors
/// One line: `RUST_LOG` cannot be read.
pub fn start(format: LogFormat, token: &Token) -> Result<(), String> {
    hide(token.secret());
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let wanted = if wanted.is_empty() { "info" } else { &wanted };
    let filter =
        EnvFilter::try_new(wanted).map_err(|error| format!("{}: {error}", EnvFilter::DEFAULT_ENV))?;
    let filter = match filter.max_level_hint() {
        Some(level) if level <= LevelFilter::INFO => filter,
        _ => CAPPED.iter().filter_map(|target| capped(target)).fold(filter, EnvFilter::add_directive),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Lines::default);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
    Ok(())
}

fn capped(target: &str) -> Option<Directive> {
    format!("{target}=info").parse().ok()
}

/// An event, which is written when it is complete: a secret may come in pieces.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = without_secrets(&String::from_utf8_lossy(&self.0));
        self.0.clear();
        io::stderr().write_all(line.as_bytes())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            // Where nobody can read it, nothing is to be done.
            drop(self.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_secret_stays() {
        hide("987654321:AAF-secret_of_a.bot");
        for line in [
            "https://api.telegram.org/bot987654321:AAF-secret_of_a.bot/getMe",
            "/bot987654321%3AAAF-secret_of_a.bot/getMe",
            "/bot987654321%3aaaf-secret_of_a.bot/getMe",
            "it ends in AAF-secret_of_a.bot",
        ] {
            let shown = without_secrets(line);
            assert!(shown.contains(HIDDEN) && !shown.to_lowercase().contains("secret_of"), "{shown}");
        }
        assert_eq!(without_secrets("bot 987654321 is well"), "bot 987654321 is well");
        hide("");
        hide("a");
        assert_eq!(without_secrets("a bot"), "a bot");
    }
}
