//! Where Telegram brings updates. A request waits here until its update's effect is stored.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use hyper::{
    HeaderMap, Method, Request,
    body::{Body as _, Incoming},
    header::EXPECT,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::{WebhookSecret, WebhookUrl},
    metrics::Answer,
};

/// A message has 4,096 characters at most, and what it replies to as many; what is far above is no update.
const MAX_BODY: usize = 1 << 20;
/// How long a body may take to come.
const BODY: Duration = Duration::from_secs(10);
/// Bytes of a body that is not wanted, and how long they may take.
const MAX_REST: usize = 64 << 20;
const REST: Duration = Duration::from_secs(5);
/// How long its effect may take to be stored. It is stored after that, too; brought again, it is known.
const STORED: Duration = Duration::from_secs(15);
/// Updates that wait for those before them. As many may be under way beside them.
const MAX_WAITING: usize = 100;
const SECRET: &str = "x-telegram-bot-api-secret-token";

/// One update, and who is told when its effect is stored. Dropping it says that it was not handled.
pub struct Delivery {
    /// The update.
    pub update: Box<RawValue>,
    /// To be used when its effect is stored.
    pub stored: oneshot::Sender<()>,
}

/// Updates in the order in which they came.
pub type Deliveries = mpsc::Receiver<Delivery>;

/// The path, and what Telegram has to show there.
pub struct Hook {
    path: String,
    /// Secrets are compared by their tags under a key that nobody knows: how long that takes tells nothing of them.
    key: Hmac<Sha256>,
    tag: Vec<u8>,
    queue: mpsc::Sender<Delivery>,
}

/// All that an update has to have; the rest is read where it is handled.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "update_id")]
    _id: i64,
}

impl Hook {
    /// Where updates come in, and where they come out.
    pub fn new(url: &WebhookUrl, secret: &WebhookSecret) -> (Self, Deliveries) {
        let (queue, deliveries) = mpsc::channel(MAX_WAITING);
        let key = Hmac::new(&rand::random::<[u8; 64]>().into());
        let tag = mac(&key, secret.secret().as_bytes()).finalize().into_bytes().to_vec();
        (Self { path: url.path().to_owned(), key, tag, queue }, deliveries)
    }

    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// Takes an update and waits until its effect is stored.
    pub(super) async fn take(&self, request: Request<Incoming>) -> Answer {
        let said = request.body().size_hint().lower();
        let (head, body) = request.into_parts();
        let mut body = Body::new(body).into_data_stream();
        let read = if head.method != Method::POST {
            Err(Answer::WrongMethod)
        } else if !self.knows(&head.headers) {
            Err(Answer::WrongSecret)
        } else if said > MAX_BODY as u64 {
            Err(Answer::TooLarge)
        } else {
            tokio::time::timeout(BODY, read(&mut body)).await.unwrap_or(Err(Answer::TooSlow))
        };
        match read {
            Ok(body) => self.hand_over(&body).await,
            Err(answer) => {
                // Who asks before sending does not send.
                if answer != Answer::TooSlow && !head.headers.contains_key(EXPECT) {
                    let _ = tokio::time::timeout(REST, skip(&mut body)).await;
                }
                answer
            }
        }
    }

    async fn hand_over(&self, body: &[u8]) -> Answer {
        let Some(update) = update(body) else { return Answer::NoUpdate };
        let (stored, is_stored) = oneshot::channel();
        if self.queue.try_send(Delivery { update, stored }).is_err() {
            // There are too many, or the bot stops: Telegram brings it again.
            return Answer::Busy;
        }
        match tokio::time::timeout(STORED, is_stored).await {
            Ok(Ok(())) => Answer::Taken,
            // The bot stops, or the disk is slow.
            Ok(Err(_)) | Err(_) => Answer::Busy,
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(SECRET).iter();
        let (Some(secret), None) = (shown.next(), shown.next()) else { return false };
        mac(&self.key, secret.as_bytes()).verify_slice(&self.tag).is_ok()
    }
}

/// The whole body.
async fn read(body: &mut BodyDataStream) -> Result<Vec<u8>, Answer> {
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await {
        // Or the connection is gone, and nobody reads the answer.
        let Ok(piece) = piece else { return Err(Answer::TooLarge) };
        if whole.len() + piece.len() > MAX_BODY {
            return Err(Answer::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Lets the rest of a body that is not wanted come, and keeps none of it: whoever is still sending when the connection is
/// closed does not see the answer.
async fn skip(body: &mut BodyDataStream) {
    let mut skipped = 0;
    while skipped < MAX_REST
        && let Some(Ok(piece)) = body.next().await
    {
        skipped += piece.len();
    }
}

fn mac(key: &Hmac<Sha256>, text: &[u8]) -> Hmac<Sha256> {
    key.clone().chain_update(text)
}

/// The text, if it is an object with an update's number. What kind of update it is, nobody asks here: one of a kind that
/// is not known yet is no mistake of Telegram's.
fn update(body: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice::<Envelope>(body).ok()?;
    // What it has not read may be no text.
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook() -> (Hook, Deliveries) {
        Hook::new(&"https://bot.example.org/hook".parse().unwrap(), &"s3cret".parse().unwrap())
    }

    #[test]
    fn only_the_one_secret_is_known() {
        let (hook, _deliveries) = hook();
        let knows = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(SECRET, value.parse().unwrap());
            }
            hook.knows(&headers)
        };
        assert!(knows(&["s3cret"]));
        for wrong in [&[][..], &[""], &["s3cre"], &["s3crets"], &["S3CRET"], &["s3cret", "s3cret"]] {
            assert!(!knows(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn an_update_is_an_object_with_a_number() {
        let is_update = |text: &str| update(text.as_bytes()).is_some();
        assert!(is_update(r#"{"update_id": 7, "of_the_future": {"x": [1]}}"#));
        assert!(is_update("\n{\"update_id\": 7}\r\n"));
        for text in [
            "",
            "7",
            "[]",
            "{}",
            r#"{"update_id": "7"}"#,
            r#"{"update_id": 7} {}"#,
            r#"{"update_id": 7, "message": {"text": }}"#,
            r#"{"update_id": 7"#,
            "\u{0}",
        ] {
            assert!(!is_update(text), "{text}");
        }
        assert!(update(b"{\"update_id\": 7, \"x\": \"\xff\"}").is_none());
    }
}
