//! The NATS between a bot and its workers: the connection, and the names and messages that they share.
//!
//! What is kept there is kept by NATS: no queue, lease or redelivery is of our own making. `names` has every stream, bucket
//! and subject, `setup` makes them, `message` is what is said over them.

mod bucket;
mod link;
pub mod message;
pub mod names;
mod setup;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_nats::{Client, ConnectOptions, ServerAddr, jetstream};
use tokio::sync::watch;

pub(crate) use self::{bucket::current, link::Failing};
pub use self::{
    link::LinkState,
    message::{Blob, Order, Report, Sign},
    names::{JobKey, Key, Kind, Names},
};
use crate::config::Config;

/// The oldest server that has all that is asked of it.
pub const MIN_VERSION: (i64, i64, i64) = (2, 11, 0);
/// Bytes of a message that a server has to take at least; it takes 1 MiB where nobody has set `max_payload`.
pub const MIN_PAYLOAD: usize = 640 * 1024;
/// How long one request to NATS may take before it is tried again.
const REQUEST: Duration = Duration::from_secs(5);
/// How long one try to connect may take.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest pause between two tries to connect again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often an idle connection is tried: a machine that is gone without a word is noticed after twice that.
const PING: Duration = Duration::from_secs(5);

/// Who connects. What NATS answers to the one the other may not hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A bot, leading or not.
    Bot,
    /// A worker.
    Worker,
}

impl Side {
    /// Where answers to it go: contrib/nats.conf lets a worker hear no others.
    fn inbox(self) -> &'static str {
        match self {
            Self::Bot => "_INBOX.bot",
            Self::Worker => "_INBOX.worker",
        }
    }
}

/// Where NATS is and how it is used.
#[derive(Clone)]
pub struct Options {
    /// Servers: `nats://HOST:PORT` or `tls://HOST:PORT`. They may hold passwords.
    pub urls: Vec<String>,
    /// A file of credentials.
    pub creds: Option<PathBuf>,
    /// A PEM file of the authorities that vouch for the servers.
    pub ca: Option<PathBuf>,
    /// Servers that keep each message, 1 to 5. It is the bot's that counts: a worker makes nothing.
    pub replicas: usize,
    /// The bot's id, below which all names are.
    pub bot: u64,
    /// Who connects.
    pub side: Side,
    /// What the connection is called on the server: "bot", or the worker's id.
    pub name: String,
}

impl Options {
    /// As the settings say, for a connection of this name.
    pub fn of(config: &Config, bot: u64, side: Side, name: String) -> Self {
        let machines = &config.machines;
        Self {
            urls: machines.nats_url.addresses().to_vec(),
            creds: machines.nats_creds.clone(),
            ca: machines.nats_ca.clone(),
            replicas: usize::from(machines.nats_replicas),
            bot,
            side,
            name,
        }
    }
}

/// The addresses may hold passwords.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("bot", &self.bot).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What can go wrong with NATS.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// A file of the settings cannot be used; nothing but another one helps.
    #[error("{setting}: {}: {why}", path.display())]
    File {
        /// The variable that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: std::io::Error,
    },
    /// An address is none.
    #[error("JOBBOARD_NATS_URL: an address cannot be read")]
    Address,
    /// The connection could not be set up.
    #[error("NATS cannot be reached: {0}")]
    Connect(async_nats::ConnectErrorKind),
    /// The server did not do what it was asked, or did not answer; it may, the next time.
    #[error("NATS: {what}: {why}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// A message of somebody else, or of a version that is too new.
    #[error("a message cannot be read: {0}")]
    Message(String),
}

impl NatsError {
    /// Made of what the client says of a request.
    pub fn refused(what: &'static str) -> impl Fn(&(dyn std::error::Error + 'static)) -> Self {
        move |why| {
            let mut text = why.to_string();
            let mut source = why.source();
            while let Some(inner) = source {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text = format!("{text}: {inner_text}");
                }
                source = inner.source();
            }
            Self::Refused { what, why: text }
        }
    }

    /// Whether only other settings help.
    pub fn is_about_settings(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Address)
    }
}

/// A connection, which is set up again for as long as it takes. Cheap to clone.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    jetstream: jetstream::Context,
    names: Names,
    replicas: usize,
    link: Arc<watch::Sender<LinkState>>,
}

impl Nats {
    /// Begins to connect; it does not wait for the server, which may come later.
    ///
    /// # Errors
    /// [`NatsError`], all of them about the settings.
    pub async fn connect(options: &Options) -> Result<Self, NatsError> {
        let addresses: Vec<ServerAddr> = options
            .urls
            .iter()
            .map(|url| url.parse().map_err(|_| NatsError::Address))
            .collect::<Result<_, _>>()?;
        if addresses.is_empty() {
            return Err(NatsError::Address);
        }
        let link = Arc::new(watch::Sender::new(LinkState::new()));
        let linked = link.clone();
        let mut connect = ConnectOptions::new()
            .name(format!("jobboard {}", options.name))
            .custom_inbox_prefix(options.side.inbox())
            .retry_on_initial_connect()
            .connection_timeout(CONNECT)
            .request_timeout(Some(REQUEST))
            .ping_interval(PING)
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                link::note(&linked, &event);
                std::future::ready(())
            });
        connect = with_name(connect, &addresses);
        if let Some(path) = &options.creds {
            let why = |why| NatsError::File { setting: "JOBBOARD_NATS_CREDS", path: path.clone(), why };
            connect = connect.credentials_file(path).await.map_err(why)?;
        }
        if let Some(path) = &options.ca {
            readable(path).await?;
            connect = connect.add_root_certificates(path.clone()).require_tls(true);
        }
        let client = connect.connect(addresses).await.map_err(|error| NatsError::Connect(error.kind()))?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(REQUEST);
        let names = Names::of(options.bot);
        Ok(Self { client, jetstream, names, replicas: options.replicas.max(1), link })
    }

    /// The plain connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is kept.
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// What everything is called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The version of the server that the connection is to; `None` before the first one.
    pub fn version(&self) -> Option<String> {
        let version = self.client.server_info().version;
        (!version.is_empty()).then_some(version)
    }

    /// Bytes of a message that it takes at most; 0 before the first connection.
    pub fn max_payload(&self) -> usize {
        self.client.server_info().max_payload
    }

    /// Whether that server is new enough.
    pub fn is_new_enough(&self) -> bool {
        let (major, minor, patch) = MIN_VERSION;
        self.client.is_server_compatible(major, minor, patch)
    }
}

/// The client takes no heed of what stands before the host: `NAME:PASSWORD@`, or `TOKEN@`. The servers of a cluster have the same
/// users, so the first one's holds for all.
fn with_name(connect: ConnectOptions, addresses: &[ServerAddr]) -> ConnectOptions {
    let Some(address) = addresses.iter().find(|address| address.has_user_pass()) else { return connect };
    match (address.username().map(decoded), address.password().map(decoded)) {
        (Some(name), Some(password)) => connect.user_and_password(name, password),
        (Some(token), None) => connect.token(token),
        (None, _) => connect,
    }
}

/// As it was before it stood in an address: `%40` is `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *byte == b'%').and_then(|code| str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// From 10 ms on, doubled.
fn pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.min(10)).unwrap_or(10);
    (Duration::from_millis(5) * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// The client would only find out when it connects, and try for ever.
async fn readable(path: &Path) -> Result<(), NatsError> {
    let read = tokio::task::spawn_blocking({
        let path = path.to_owned();
        move || std::fs::read(path)
    });
    let read = read.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    read.map(drop).map_err(|why| NatsError::File { setting: "JOBBOARD_NATS_CA", path: path.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_are_not_there_are_told_by_their_setting() {
        let options = Options {
            urls: vec!["nats://u:secret@127.0.0.1:1".to_owned()],
            creds: Some("/nowhere/x.creds".into()),
            ca: None,
            replicas: 1,
            bot: 1,
            side: Side::Bot,
            name: "bot".to_owned(),
        };
        let Err(error) = Nats::connect(&options).await else { panic!("it connected") };
        assert!(error.is_about_settings() && error.to_string().starts_with("JOBBOARD_NATS_CREDS: /nowhere"));
        let options = Options { creds: None, ca: Some("/nowhere/ca.pem".into()), ..options };
        let Err(error) = Nats::connect(&options).await else { panic!("it connected") };
        assert!(error.to_string().starts_with("JOBBOARD_NATS_CA: /nowhere"), "{error}");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn a_password_in_an_address_may_be_any() {
        assert_eq!(decoded("a%40b%3A%25"), "a@b:%");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }

    #[test]
    fn pauses_grow_to_a_second() {
        assert_eq!(pause(1), Duration::from_millis(10));
        assert_eq!(pause(100), LONGEST_PAUSE);
    }
}
