//! A Bot API server and a small PokeAPI on loopback, with a chat page.
//!
//! It is the demo that runs without a token and the Telegram of the tests. It follows the published Bot API
//! (see `schema`) and knows nothing of our bot. What it does not implement it refuses in words, so that no test passes
//! because a call was ignored.
//!
//! ```text
//! bot ──▶ api ──▶ request ──▶ schema ──▶ faults ──▶ methods ─┐
//!          └────▶ polling ◀── updates ──┐                    ▼
//! bot ◀────────── webhook ◀── updates ──┤
//! people ─▶ page, telegram ─────────────┴───────────────▶ world ──▶ page, view
//! ```

mod acts;
mod api;
mod errors;
mod faults;
mod html;
mod inline;
mod json;
mod language;
mod members;
mod methods;
mod migration;
mod page;
mod page_acts;
mod people;
mod pokeapi;
mod polling;
mod render;
mod request;
mod rich;
mod schema;
mod service;
mod shared;
mod table;
mod telegram;
mod text;
mod topics;
mod view;
mod webhook;
mod world;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, middleware, serve::ListenerExt};
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::{
    faults::{Failure, Fault, Fired, Gate},
    telegram::Telegram,
    view::{Call, CallbackAnswer, ChatId, File, InlineAnswer, Message, MessageId, Outcome, PersonId, View},
};
use self::{shared::Shared, world::World};

/// The text of Telegram's HTML, or what is wrong with it.
///
/// # Errors
/// What the Bot API would say.
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub fn read_html(markup: &str) -> Result<String, String> {
    html::parse(markup).map(|text| text.text)
}

/// How long a stopping sandbox waits for answers that are under way.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// The biggest file that a bot may upload (Bot API, Sending files).
const MAX_UPLOAD: usize = 50 << 20;

/// How the sandbox is set up.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named where it is set")]
pub struct Options {
    /// Where to listen; port 0 is a free one.
    pub addr: SocketAddr,
    /// The bot's token, `NUMBER:SECRET`; the number is the bot's id.
    pub token: String,
    /// The bot's name in the page.
    pub first_name: String,
    /// The bot's user name, without `@`.
    pub username: String,
    /// Whether Ann, Ben, Cleo and their group are there from the start.
    pub demo: bool,
    /// Whether calls are kept for [`Telegram::calls`]; off for benchmarks.
    pub call_log: bool,
    /// Whether the bot sees only what is meant for it in groups. Off: it sees all.
    pub privacy_mode: bool,
    /// Whether sending and editing are limited about as strictly as Telegram does it (30 a second in all, 1 a second in a
    /// private chat with bursts, 20 a minute in a group). Off: as fast as the bot can.
    pub flood_limits: bool,
    /// How much faster the time of these limits passes, for tests that would not wait for minutes.
    pub flood_speed: u32,
    /// Bytes of the biggest file that the bot may upload.
    pub max_upload: usize,
    /// How long a pressed button waits for its answer; Telegram gives no number, observed are some 15 s and more.
    pub callback_lifetime: Duration,
    /// Whether the server is new enough for rich messages (Bot API 10.1). Off: it knows neither their method nor their
    /// parameter, as the servers before it.
    pub rich_messages: bool,
    /// How long a second of the pauses between two tries to bring an update to a webhook is, for tests that would not
    /// wait for them.
    pub webhook_second: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: "4242:a-bot-of-the-sandbox".to_owned(),
            first_name: "Jobboard".to_owned(),
            username: "jobboard_sandbox_bot".to_owned(),
            demo: false,
            call_log: true,
            privacy_mode: false,
            flood_limits: false,
            flood_speed: 1,
            max_upload: MAX_UPLOAD,
            callback_lifetime: Duration::from_mins(1),
            rich_messages: true,
            webhook_second: Duration::from_secs(1),
        }
    }
}

/// A running sandbox. Dropping it stops it too, without waiting.
pub struct Sandbox {
    addr: SocketAddr,
    telegram: Telegram,
    server: JoinHandle<io::Result<()>>,
    /// Brings updates to the bot's webhook, if it has one.
    messenger: JoinHandle<()>,
}

impl Sandbox {
    /// Starts to listen.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.addr).await?;
        let mut addr = listener.local_addr()?;
        if addr.ip().is_unspecified() {
            addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let shared = Arc::new(Shared::new(World::new(options)));
        let stop = shared.stop.clone();
        let app = routes(&shared, addr.port());
        // Small answers and events must not wait for the peer's acknowledgement of the ones before. That it cannot be
        // set costs milliseconds and nothing else.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
        let server = tokio::spawn(server.into_future());
        let messenger = tokio::spawn(webhook::bring(Arc::clone(&shared)));
        Ok(Self { addr, telegram: Telegram(shared), server, messenger })
    }

    /// Where it can be reached from this machine.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The Bot API's URL, as `TELOXIDE_API_URL` wants it, and the page's: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The small PokeAPI's URL, as `JOBBOARD_POKEAPI_URL` wants it.
    #[must_use]
    pub fn pokeapi_url(&self) -> String {
        format!("http://{}/pokeapi/api/v2", self.addr)
    }

    /// The people's and the tests' side.
    #[must_use]
    pub fn telegram(&self) -> &Telegram {
        &self.telegram
    }

    /// Ends long polls and pages, waits for answers under way (2 s at most) and closes.
    pub async fn stop(mut self) {
        self.telegram.0.stop.cancel();
        if tokio::time::timeout(STOP_GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        // It ends with the token.
        let _ = (&mut self.messenger).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.telegram.0.stop.cancel();
    }
}

fn routes(shared: &Arc<Shared>, port: u16) -> Router {
    let pages = page::router().layer(middleware::from_fn_with_state(port, page::guard_host));
    let for_api = Arc::clone(shared);
    Router::new()
        .merge(pages)
        .nest("/pokeapi", pokeapi::router())
        .fallback(move |request| api::handle(Arc::clone(&for_api), request))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(page::guard_origin))
        .with_state(Arc::clone(shared))
}
