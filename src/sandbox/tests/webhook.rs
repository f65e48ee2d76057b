//! setWebhook and what follows: how updates are brought, and when again.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot},
};

use super::{super::Options, Bench};

/// A bot that is asked what to answer: a status, and seconds to wait.
struct Hook {
    url: String,
    asked: mpsc::UnboundedReceiver<Asked>,
}

struct Asked {
    secret: Option<String>,
    update: Value,
    answer: oneshot::Sender<(u16, Option<u32>)>,
}

impl Asked {
    fn text(&self) -> &str {
        self.update["message"]["text"].as_str().unwrap()
    }

    fn answer(self, status: u16) {
        self.answer.send((status, None)).unwrap();
    }
}

impl Hook {
    async fn new() -> Self {
        let (ask, asked) = mpsc::unbounded_channel();
        let handle = async |State(ask): State<Arc<Mutex<mpsc::UnboundedSender<Asked>>>>,
                            headers: HeaderMap,
                            body: Bytes| {
            let secret = headers.get("x-telegram-bot-api-secret-token");
            let secret = secret.map(|secret| secret.to_str().unwrap().to_owned());
            let (answer, answered) = oneshot::channel();
            let update = serde_json::from_slice(&body).unwrap();
            ask.lock().await.send(Asked { secret, update, answer }).unwrap();
            let (status, wait) = answered.await.unwrap();
            let mut headers = HeaderMap::new();
            headers.extend(wait.map(|wait| (axum::http::header::RETRY_AFTER, wait.into())));
            (axum::http::StatusCode::from_u16(status).unwrap(), headers)
        };
        let app = Router::new().route("/hook", post(handle)).with_state(Arc::new(Mutex::new(ask)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { url, asked }
    }

    async fn next(&mut self) -> Asked {
        tokio::time::timeout(Duration::from_secs(30), self.asked.recv()).await.unwrap().unwrap()
    }
}

async fn bench() -> Bench {
    Bench::with(Options { webhook_second: Duration::from_millis(5), ..Options::default() }).await
}

/// Waits until so many updates wait.
async fn pending(bench: &Bench, count: usize) {
    bench.telegram().until(|view| (view.0.updates.len() == count).then_some(())).await;
}

#[tokio::test]
async fn updates_are_brought_in_a_chats_order_until_they_are_taken() {
    let (bench, mut hook) = (bench().await, Hook::new().await);
    bench.telegram().say(bench.chat, bench.ann, "first");
    bench.telegram().say(bench.chat, bench.ann, "second");
    bench.ok("setWebhook", json!({"url": hook.url, "secret_token": "s_-3"})).await;
    for status in [500, 302, 404] {
        let asked = hook.next().await;
        assert_eq!((asked.text(), asked.secret.as_deref()), ("first", Some("s_-3")));
        asked.answer(status);
    }
    let asked = hook.next().await;
    let info = bench.ok("getWebhookInfo", json!({})).await;
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 404 Not Found", "{info}");
    assert!(info["last_error_date"].as_i64().unwrap() > 0);
    assert_eq!((asked.text(), &info["pending_update_count"]), ("first", &json!(2)));
    // Another chat need not wait.
    let ben = bench.telegram().person("Ben");
    bench.telegram().say(bench.telegram().private_chat(ben), ben, "beside");
    let beside = hook.next().await;
    assert_eq!(beside.text(), "beside");
    asked.answer(200);
    let second = hook.next().await;
    assert_eq!(second.text(), "second");
    second.answer(204);
    beside.answer(200);
    pending(&bench, 0).await;
}

#[tokio::test]
async fn no_more_are_under_way_than_the_bot_wants() {
    let (bench, mut hook) = (bench().await, Hook::new().await);
    for name in ["Ben", "Cleo", "Dan"] {
        let person = bench.telegram().person(name);
        bench.telegram().say(bench.telegram().private_chat(person), person, name);
    }
    bench.ok("setWebhook", json!({"url": hook.url, "max_connections": 1})).await;
    for name in ["Ben", "Cleo", "Dan"] {
        let asked = hook.next().await;
        assert_eq!((asked.text(), asked.secret.as_deref()), (name, None));
        assert!(hook.asked.try_recv().is_err());
        asked.answer(200);
    }
    pending(&bench, 0).await;
}

#[tokio::test]
async fn what_was_not_taken_waits_for_the_next_who_asks() {
    let (bench, mut hook) = (bench().await, Hook::new().await);
    bench.ok("setWebhook", json!({"url": hook.url})).await;
    bench.telegram().say(bench.chat, bench.ann, "kept");
    let asked = hook.next().await;
    bench.ok("deleteWebhook", json!({})).await;
    // Too late.
    asked.answer(200);
    let updates = bench.updates(0).await;
    assert_eq!(updates[0]["message"]["text"], "kept");
    bench.ok("setWebhook", json!({"url": hook.url})).await;
    hook.next().await.answer(200);
    pending(&bench, 0).await;
    bench.ok("setWebhook", json!({"url": ""})).await;
    assert!(bench.updates(0).await.is_empty());
}

#[tokio::test]
async fn settings_that_the_real_server_refuses() {
    let bench = bench().await;
    let refused = async |params: Value| bench.refused("setWebhook", params).await;
    let url = "https://bot.example.org/hook";
    assert!(refused(json!({"url": url, "secret_token": "no blanks"})).await.contains("unallowed characters"));
    assert!(!refused(json!({"url": url, "secret_token": "x".repeat(257)})).await.is_empty());
    assert!(refused(json!({"url": "http://bot.example.org/hook"})).await.contains("HTTPS"));
    assert!(refused(json!({"url": "nonsense"})).await.contains("invalid webhook URL"));
    assert!(refused(json!({"url": url, "max_connections": 101})).await.contains("max_connections"));
    bench.ok("setWebhook", json!({"url": url, "max_connections": 100})).await;
    let info = bench.ok("getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["max_connections"]), (&json!(url), &json!(100)));
}
