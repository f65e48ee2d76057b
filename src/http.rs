//! What the bot serves over HTTP: health, metrics, and updates by webhook.
//!
//! ```text
//! /healthz  the process runs        /metrics  for Prometheus
//! /readyz   it can do its work      the webhook's path, by POST
//! ```
//!
//! Everything is bounded: connections, the time of a request, its head and its body.

mod hook;
mod ready;
mod site;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    hook::{Deliveries, Delivery, Hook},
    ready::{Following, Ready},
    site::{Looker, Site},
};

/// Connections at once: those of Telegram (100), of who watches, and some that wait. More wait in the kernel.
const MAX_CONNECTIONS: usize = 256;
/// How long the head of a request may take, or the pause before it.
const HEAD: Duration = Duration::from_mins(1);
/// Bytes of the head: Telegram's has some hundred.
const MAX_HEAD: usize = 16 << 10;
/// After a failed accept, as when there are too many descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A running server. Dropping it stops it too, without waiting.
pub struct Server {
    addr: SocketAddr,
    tasks: TaskTracker,
    rounds: Arc<Rounds>,
    /// Nothing new is taken.
    stop: DropGuard,
    /// What is under way ends at once.
    abort: DropGuard,
}

/// Connections end in rounds, so that answers can be waited for while others are served.
#[derive(Default)]
struct Rounds {
    // A std lock: held to join a round, or to begin one.
    now: Mutex<Round>,
}

#[derive(Clone, Default)]
struct Round {
    over: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    /// Listens, and serves the site.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn start(addr: SocketAddr, site: Arc<Site>) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (tasks, rounds) = (TaskTracker::new(), Arc::<Rounds>::default());
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let doorman = Doorman { site, rounds: rounds.clone(), tasks: tasks.clone(), abort: abort.clone() };
        let stopped = stop.clone();
        tasks.spawn(async move { doorman.accept(listener, stopped).await });
        tracing::info!(%addr, "health and metrics are here");
        Ok(Self { addr, tasks, rounds, stop: stop.drop_guard(), abort: abort.drop_guard() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until the answers under way have left, but no longer than `limit`. New connections are served meanwhile.
    pub async fn answered(&self, limit: Duration) {
        let round = self.rounds.begin();
        round.over.cancel();
        round.connections.close();
        if tokio::time::timeout(limit, round.connections.wait()).await.is_err() {
            tracing::info!("some answers over HTTP take long and are not waited for");
        }
    }

    /// Ends what is under way, within `limit`, and closes.
    pub async fn stop(self, limit: Duration) {
        let Self { tasks, rounds, stop, abort, .. } = self;
        drop(stop);
        tasks.close();
        let round = rounds.begin();
        round.over.cancel();
        if tokio::time::timeout(limit, tasks.wait()).await.is_err() {
            tracing::info!("some connections over HTTP did not end in time");
            drop(abort);
            tasks.wait().await;
        }
    }
}

impl Rounds {
    fn now(&self) -> Round {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new round; gives the one before.
    fn begin(&self) -> Round {
        std::mem::take(&mut *self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who lets connections in.
struct Doorman {
    site: Arc<Site>,
    rounds: Arc<Rounds>,
    tasks: TaskTracker,
    abort: CancellationToken,
}

impl Doorman {
    /// Takes connections until `stop`.
    async fn accept(self, listener: TcpListener, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = next => next,
            };
            // Nothing closes the semaphore.
            let Ok(place) = place else { return };
            match accepted {
                Ok((stream, _)) => self.let_in(stream, place),
                Err(error) => {
                    tracing::warn!(%error, "a connection over HTTP could not be taken");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn let_in(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let (round, abort) = (self.rounds.now(), self.abort.clone());
        let connection = serve(stream, self.site.clone(), round.over, place);
        // Both wait for it: who waits for answers, and who closes.
        self.tasks.spawn(round.connections.track_future(async move {
            tokio::select! {
                () = connection => {}
                () = abort.cancelled() => {}
            }
        }));
    }
}

/// Serves one connection, until it is closed or its round is over and what it was asked is answered.
async fn serve(stream: TcpStream, site: Arc<Site>, over: CancellationToken, _place: OwnedSemaphorePermit) {
    // That it cannot be set costs milliseconds and nothing else.
    stream.set_nodelay(true).ok();
    let service = service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = over.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection over HTTP ended");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{config::Timings, metrics::Metrics};

    const BOUND: Duration = Duration::from_secs(30);

    async fn server() -> (Server, Deliveries) {
        let (url, secret) = ("http://127.0.0.1/hook".parse().unwrap(), "s3cret".parse().unwrap());
        let (hook, deliveries) = Hook::new(&url, &secret);
        let site = Site::new(Metrics::new(), Ready::new(&Timings::default(), true), Some(hook));
        (Server::start(([127, 0, 0, 1], 0).into(), site).await.unwrap(), deliveries)
    }

    /// What is answered to these bytes, until the server closes.
    async fn ask(addr: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        // It may have been refused before all of it was sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn answers_are_waited_for_and_others_are_served_meanwhile() {
        let (server, mut deliveries) = server().await;
        let update = b"POST /hook HTTP/1.1\r\nHost: x\r\nX-Telegram-Bot-Api-Secret-Token: s3cret\r\n\
            Content-Length: 16\r\n\r\n{\"update_id\": 7}";
        let asked = ask(server.addr(), update);
        tokio::pin!(asked);
        let delivery = tokio::select! {
            answer = &mut asked => panic!("{answer}"),
            delivery = deliveries.recv() => delivery.unwrap(),
        };
        let mut answered = Box::pin(server.answered(BOUND));
        tokio::select! {
            biased;
            () = &mut answered => panic!("it is not answered"),
            health = ask(server.addr(), HEALTH) => assert!(health.starts_with("HTTP/1.1 200"), "{health}"),
        }
        delivery.stored.send(()).unwrap();
        let (answer, ()) =
            tokio::time::timeout(BOUND, async { tokio::join!(asked, &mut answered) }).await.unwrap();
        // The connection is closed: there is no other update in it that nobody would answer.
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        drop(answered);
        // What is dropped is told to come again.
        let update = String::from_utf8_lossy(update).replace("Host: x", "Connection: close");
        let refused = async { drop(deliveries.recv().await) };
        let (answer, ()) = tokio::join!(ask(server.addr(), update.as_bytes()), refused);
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
        server.stop(BOUND).await;
    }

    #[tokio::test]
    async fn connections_and_heads_are_bounded() {
        let (server, _deliveries) = server().await;
        let head = format!("GET /healthz HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(2 * MAX_HEAD));
        let answer = ask(server.addr(), head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
        let mut idle = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            idle.push(TcpStream::connect(server.addr()).await.unwrap());
        }
        let health = ask(server.addr(), HEALTH);
        tokio::pin!(health);
        tokio::select! {
            biased;
            answer = &mut health => panic!("there was no place: {answer}"),
            // Time enough, if there were one.
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        drop(idle);
        let answer = tokio::time::timeout(BOUND, health).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server.stop(BOUND).await;
    }

    #[tokio::test]
    async fn a_stop_ends_what_does_not_end_by_itself() {
        let (server, _deliveries) = server().await;
        let mut idle = TcpStream::connect(server.addr()).await.unwrap();
        idle.write_all(b"GET /hea").await.unwrap();
        let (addr, begun) = (server.addr(), std::time::Instant::now());
        // That this one is there.
        ask(server.addr(), HEALTH).await;
        server.stop(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < HEAD);
        assert_eq!(idle.read(&mut [0; 10]).await.unwrap_or_default(), 0);
        assert!(TcpStream::connect(addr).await.is_err());
    }
}
