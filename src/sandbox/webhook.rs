//! Updates by webhook: brought by POST, and again until they are answered with a 200.
//!
//! As the published server does it (`WebhookActor.cpp`): of a chat's updates only the first is under way, and the next one
//! when that was taken; as many at once as the bot wants; a failure is tried again at once, and then in growing pauses or
//! when the answer says (`Retry-After`).

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use reqwest::{Client, Response, Url, header::RETRY_AFTER, redirect::Policy};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::{shared::Shared, world::World};

/// Seconds of the longest pause between two tries.
const MAX_PAUSE: u32 = 60;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_mins(1);
/// When nothing has to be tried again.
const LATER: Duration = Duration::from_hours(1);

/// Where the bot wants its updates.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) url: Url,
    /// As it was given.
    pub(super) given: String,
    pub(super) secret: String,
    pub(super) max_connections: usize,
    pub(super) ip_address: Option<String>,
    pub(super) has_certificate: bool,
    pub(super) last_error: Option<LastError>,
}

/// What happened when an update could not be brought.
#[derive(Clone, Debug)]
pub(super) struct LastError {
    /// Unix seconds.
    pub(super) date: i64,
    pub(super) message: String,
}

/// An update on its way.
struct Errand {
    /// Of the webhook that it is brought to.
    number: u64,
    update: i64,
    queue: Queue,
    webhook: Webhook,
    body: String,
}

/// Updates of one chat come in order; others have an order of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Queue {
    Chat(i64),
    Update(i64),
}

/// A failure.
struct Failed {
    message: String,
    /// Seconds, as the answer says.
    retry_after: Option<u32>,
}

/// When an update that failed is brought again.
struct Rest {
    until: Instant,
    failures: u32,
}

type UnderWay = FuturesUnordered<Pin<Box<dyn Future<Output = (Errand, Result<(), Failed>)> + Send>>>;

/// Brings updates until the sandbox stops.
pub(super) async fn bring(shared: Arc<Shared>) {
    // A redirection is no 200.
    let client = Client::builder().redirect(Policy::none()).build().unwrap_or_default();
    let mut changes = shared.update_changes();
    let mut under_way = UnderWay::new();
    let mut busy = HashSet::new();
    let mut rests: HashMap<i64, Rest> = HashMap::new();
    loop {
        changes.mark_unchanged();
        for errand in shared.read(|world| next(world, &busy, &rests)) {
            busy.insert(errand.queue);
            let client = client.clone();
            under_way.push(Box::pin(async move {
                let brought = tokio::time::timeout(ANSWER, carry(&client, &errand)).await;
                let late = || Failed { message: "Read timeout expired".to_owned(), retry_after: None };
                let brought = brought.unwrap_or_else(|_| Err(late()));
                (errand, brought)
            }));
        }
        let wake = rests.values().map(|rest| rest.until).filter(|until| *until > Instant::now()).min();
        tokio::select! {
            () = shared.stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = sleep_until(wake.unwrap_or_else(|| Instant::now() + LATER)) => {}
            Some((errand, brought)) = under_way.next(), if !under_way.is_empty() => {
                busy.remove(&errand.queue);
                end(&shared, &errand, &brought, &mut rests);
            }
        }
    }
}

/// What can be brought now.
fn next(world: &World, busy: &HashSet<Queue>, rests: &HashMap<i64, Rest>) -> Vec<Errand> {
    let Some(webhook) = world.webhook.as_ref().filter(|webhook| webhook.url.scheme() == "http") else {
        return Vec::new();
    };
    let mut taken = busy.clone();
    let now = Instant::now();
    let mut errands = Vec::new();
    for (id, update) in &world.updates {
        if taken.len() >= webhook.max_connections {
            break;
        }
        let queue = queue(*id, update);
        let rests = rests.get(id).is_some_and(|rest| rest.until > now);
        // What follows it in its chat waits, too.
        if taken.insert(queue) && !rests {
            let (number, webhook) = (world.webhooks, webhook.clone());
            errands.push(Errand { number, update: *id, queue, webhook, body: update.to_string() });
        }
    }
    errands
}

fn queue(id: i64, update: &Value) -> Queue {
    let chat = ["message", "edited_message", "my_chat_member", "chat_member"]
        .iter()
        .find_map(|kind| update[kind]["chat"]["id"].as_i64())
        .or_else(|| update["callback_query"]["message"]["chat"]["id"].as_i64());
    chat.map_or(Queue::Update(id), Queue::Chat)
}

async fn carry(client: &Client, errand: &Errand) -> Result<(), Failed> {
    let Errand { webhook, body, .. } = errand;
    let mut request = client.post(webhook.url.clone()).header("Content-Type", "application/json");
    if !webhook.secret.is_empty() {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", &webhook.secret);
    }
    let answer = request.body(body.clone()).send().await;
    let answer = answer.map_err(|error| Failed { message: words(&error).to_owned(), retry_after: None })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    Err(Failed {
        message: format!("Wrong response from the webhook: {status}"),
        retry_after: retry_after(&answer),
    })
}

fn words(error: &reqwest::Error) -> &'static str {
    if error.is_connect() { "Connection refused" } else { "Webhook connection closed" }
}

fn retry_after(answer: &Response) -> Option<u32> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// Forgets an update that was taken; one that was not is brought again.
fn end(shared: &Shared, errand: &Errand, brought: &Result<(), Failed>, rests: &mut HashMap<i64, Rest>) {
    let second = shared.change(|world| {
        // The answer comes too late where the webhook is another one by now.
        if world.webhooks == errand.number {
            match brought {
                Ok(()) => world.updates.retain(|(id, _)| *id != errand.update),
                Err(Failed { message, .. }) => {
                    let error = LastError { date: super::world::now(), message: message.clone() };
                    if let Some(webhook) = &mut world.webhook {
                        webhook.last_error = Some(error);
                    }
                }
            }
        }
        world.options.webhook_second
    });
    let Err(Failed { retry_after, .. }) = brought else {
        rests.remove(&errand.update);
        return;
    };
    let rest = rests.entry(errand.update).or_insert_with(|| Rest { until: Instant::now(), failures: 0 });
    let seconds = match (retry_after, rest.failures) {
        (Some(seconds), _) => *seconds,
        (None, 0) => 0,
        (None, failures) => (1 << failures.min(10)).min(MAX_PAUSE),
    };
    rest.failures += 1;
    rest.until = Instant::now() + second * seconds;
}
