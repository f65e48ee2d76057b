//! The bot's own HTTP, as a proxy, Prometheus and strangers see it.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use jobboard::config::Config;
use reqwest::{Client, Response, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_secs(30);
/// Between two looks at what tells nobody of a change.
const LOOK: Duration = Duration::from_millis(10);

/// Where a bot serves, and what Telegram has to show there.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) addr: SocketAddr,
    client: Client,
}

/// The secret of those tests that bring updates themselves.
pub(crate) const SECRET: &str = "a-secret_of-the-tests";

impl Web {
    /// An address that is free, and stays so while a bot is stopped: the system gives these ports to nobody by itself.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let first = std::process::id() * 97 + NEXT.fetch_add(1, Ordering::Relaxed) * 13;
        let ports = (first..).map(|number| 10_000 + u16::try_from(number % 20_000).unwrap());
        let addr = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let addr = addr.into_iter().find(|addr| TcpListener::bind(addr).is_ok()).unwrap();
        Self { addr, client: Client::new() }
    }

    /// Health and metrics.
    pub(crate) fn serve(&self, config: &mut Config) {
        config.http_addr = Some(self.addr);
        config.timings.ready_kept = Duration::ZERO;
    }

    /// Updates by webhook, too.
    pub(crate) fn hook(&self, config: &mut Config) {
        self.serve(config);
        config.webhook_url = Some(self.url("/hook").parse().unwrap());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// Brings something to the webhook.
    pub(crate) async fn bring(&self, secret: Option<&str>, body: impl Into<reqwest::Body>) -> Response {
        let mut request = self.client.post(self.url("/hook"));
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        request.body(body).send().await.unwrap()
    }

    /// Brings an update as Telegram does.
    pub(crate) async fn update(&self, update: &Value) -> StatusCode {
        self.bring(Some(SECRET), update.to_string()).await.status()
    }

    /// Status and line of an answer, when they are as wanted.
    pub(crate) async fn until(&self, path: &str, status: u16, text: &str) {
        let look = async {
            loop {
                let answer = self.client.get(self.url(path)).send().await;
                if let Ok(answer) = answer
                    && answer.status() == status
                    && answer.text().await.unwrap_or_default().contains(text)
                {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let found = tokio::time::timeout(BOUND, look).await;
        assert!(
            found.is_ok(),
            "{path} is not {status} with {text:?}: {:?}",
            self.get(path).await.text().await
        );
    }

    pub(crate) async fn metrics(&self) -> Series {
        Series::read(&self.get("/metrics").await.error_for_status().unwrap().text().await.unwrap())
    }

    /// Waits until a series has at least this value.
    pub(crate) async fn counted(&self, series: &str, least: f64) {
        let look = async {
            while self.metrics().await.value(series) < least {
                tokio::time::sleep(LOOK).await;
            }
        };
        let found = tokio::time::timeout(BOUND, look).await;
        assert!(found.is_ok(), "{series} is {}", self.metrics().await.value(series));
    }
}

/// What Prometheus reads.
pub(crate) struct Series(pub(crate) BTreeMap<String, f64>);

impl Series {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let read = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.strip_prefix("jobboard_").unwrap().to_owned(), value.parse().unwrap())
        });
        Self(read.collect())
    }

    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series}"))
    }
}

/// A text of somebody's, in their private chat.
pub(crate) fn message(update: i64, person: i64, message: i32, text: &str) -> Value {
    json!({"update_id": update, "message": {
        "message_id": message,
        "date": 1_700_000_000,
        "chat": {"id": person, "type": "private", "first_name": "Ann"},
        "from": {"id": person, "is_bot": false, "first_name": "Ann"},
        "text": text,
    }})
}

/// A disk that takes its time: nothing can be committed before this is dropped.
pub(crate) struct SlowDisk(Connection);

impl SlowDisk {
    pub(crate) fn new(store: &std::path::Path) -> Self {
        let connection = Connection::open(store).unwrap();
        connection.busy_timeout(BOUND).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    /// How many jobs are stored.
    pub(crate) fn jobs(store: &std::path::Path) -> i64 {
        Connection::open(store).unwrap().query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap()
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}
