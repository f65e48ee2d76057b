//! A PokeAPI, or any other server, that misbehaves as it is told.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// What the next requests meet.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// The answer never comes.
    Hang,
    /// The connection is closed.
    Close,
    /// This status, this body.
    Answer(u16, String),
    /// This status, these lines of the head, this body.
    Headed(u16, String, String),
    /// A PNG.
    Picture(Vec<u8>),
    /// Not before the token is cancelled.
    Held(CancellationToken, Box<Behaviour>),
    /// That many times the first, then the second.
    First(usize, Box<Behaviour>, Box<Behaviour>),
}

/// A server on loopback, one request a connection.
pub(crate) struct PokeApi {
    port: u16,
    asked: Arc<Semaphore>,
    hung_up: Arc<Semaphore>,
    paths: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl PokeApi {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, hung_up) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let paths = Arc::new(Mutex::new(Vec::new()));
        let behaviour = Arc::new(Mutex::new(behaviour));
        let server = tokio::spawn({
            let (asked, hung_up, paths) = (asked.clone(), hung_up.clone(), paths.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (asked, hung_up) = (asked.clone(), hung_up.clone());
                    let (paths, behaviour) = (paths.clone(), behaviour.clone());
                    tokio::spawn(async move {
                        let _ = serve(stream, &asked, &paths, &behaviour, port).await;
                        hung_up.add_permits(1);
                    });
                }
            }
        });
        Self { port, asked, hung_up, paths, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/api/v2", self.origin())
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits for that many more requests.
    pub(crate) async fn asked(&self, count: u32) {
        wait(&self.asked, count).await;
    }

    /// Waits until that many more connections have ended.
    pub(crate) async fn hung_up(&self, count: u32) {
        wait(&self.hung_up, count).await;
    }

    /// What was asked for so far.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

impl Drop for PokeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn wait(events: &Semaphore, count: u32) {
    let permit = tokio::time::timeout(Duration::from_secs(30), events.acquire_many(count)).await;
    permit.expect("PokeAPI waits in vain").unwrap().forget();
}

async fn serve(
    mut stream: TcpStream,
    asked: &Semaphore,
    paths: &Mutex<Vec<String>>,
    behaviour: &Mutex<Behaviour>,
    port: u16,
) -> io::Result<()> {
    let mut request = vec![0; 16 << 10];
    let length = stream.read(&mut request).await?;
    let head = String::from_utf8_lossy(&request[..length]).into_owned();
    paths.lock().unwrap().push(head.split(' ').nth(1).unwrap_or_default().to_owned());
    asked.add_permits(1);
    let mut now = next(&mut behaviour.lock().unwrap());
    while let Behaviour::Held(gate, then) = now {
        gate.cancelled().await;
        now = *then;
    }
    match now {
        Behaviour::Hang => {
            // Until the client hangs up.
            while stream.read(&mut request).await? > 0 {}
        }
        Behaviour::Picture(png) => {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", png.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&png).await?;
        }
        Behaviour::Close | Behaviour::First(..) | Behaviour::Held(..) => {}
        Behaviour::Headed(status, lines, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\n{lines}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
        Behaviour::Answer(status, body) => {
            let body = body.replace("{sprites}", &format!("http://127.0.0.1:{port}/sprites"));
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
    }
    Ok(())
}

fn next(behaviour: &mut Behaviour) -> Behaviour {
    match behaviour {
        Behaviour::First(0, _, then) => {
            *behaviour = (**then).clone();
            next(behaviour)
        }
        Behaviour::First(left, now, _) => {
            *left -= 1;
            (**now).clone()
        }
        other => other.clone(),
    }
}

/// A body as PokeAPI sends it, with much that nobody reads.
pub(crate) fn pikachu() -> Value {
    json!({
        "abilities": [
            {"ability": {"name": "static", "url": "x"}, "is_hidden": false, "slot": 1},
            {"ability": {"name": "lightning-rod", "url": "x"}, "is_hidden": true, "slot": 3}
        ],
        "base_experience": 112, "height": 4, "id": 25, "is_default": true, "moves": vec![json!({"move": {"name": "x".repeat(500)}}); 1000],
        "name": "pikachu", "order": 35, "past_abilities": [{"abilities": [{"ability": null, "is_hidden": true}]}],
        "sprites": {"back_default": null, "front_default": "{sprites}/25.png", "other": {}},
        "stats": [{"base_stat": 35, "effort": 0, "stat": {"name": "hp", "url": "x"}}],
        "types": [{"slot": 1, "type": {"name": "electric", "url": "x"}}], "weight": 60
    })
}
