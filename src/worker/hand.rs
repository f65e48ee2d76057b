//! An order in this worker's hands, from its delivery to its end.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    AckKind,
    message::{Acker, Message},
};
use tokio_util::sync::CancellationToken;

use super::{Worker, pieces};
use crate::{
    job::Failure,
    nats::{
        Blob, Key, Order,
        message::{self, WorkEnd},
    },
    work::{Control, Found, Unfinished},
};

/// The pause before an order that this worker cannot do is given to anybody again.
const NOT_MINE: Duration = Duration::from_millis(500);

/// An order that is here.
pub(super) struct Hand {
    pub(super) key: Key,
    /// The how-manieth delivery it is, from 1.
    pub(super) delivery: u64,
    /// Of its newest delivery. A std lock, held to look or to put another one in.
    acker: Mutex<Arc<Acker>>,
    /// The job was cancelled.
    pub(super) cancel: CancellationToken,
    pub(super) control: Arc<Control>,
    pub(super) runs: AtomicBool,
    /// That it was begun here is noted.
    begun: AtomicBool,
}

impl Hand {
    pub(super) fn acker(&self) -> Arc<Acker> {
        self.acker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// As long as it is there, the order is in hand: where its task breaks, too, it is spoken of no more, and others get it.
struct Here<'a> {
    worker: &'a Worker,
    key: Key,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.worker.hands().remove(&self.key);
        self.worker.changed.notify_one();
    }
}

/// How an order leaves.
enum Leaves {
    Ended(WorkEnd, Blob),
    /// As it came, for anybody: nothing was begun.
    Back(Option<Duration>),
    /// Its result is there already.
    Done,
}

impl Worker {
    /// Has an order until its end.
    pub(super) async fn take(&self, message: Message) {
        let delivery = message.info().map_or(1, |info| u64::try_from(info.delivered).unwrap_or(1));
        let (message, acker) = message.split();
        let Some(key) = self.nats.names().key(&message.subject) else {
            tracing::error!(subject = %message.subject, "not an order's name");
            let _ = acker.ack_with(AckKind::Term).await;
            return;
        };
        let Some(hand) = self.hold(key, delivery, acker) else { return };
        let _here = Here { worker: self, key };
        let leaves = match Order::read(&message.payload) {
            Ok(order) => {
                let leaves = self.decide(&hand, &order).await;
                (leaves, Some(order.member))
            }
            Err(error) => {
                tracing::warn!(%key, %error, "an order is left to a newer worker");
                (Leaves::Back(Some(NOT_MINE)), None)
            }
        };
        let ends = !matches!(leaves.0, Leaves::Back(_));
        match leaves {
            (Leaves::Ended(end, blob), Some(member)) => self.report(&hand, member, end, blob).await,
            (Leaves::Back(pause), _) => self.give_back(&hand, pause).await,
            (Leaves::Ended(..) | Leaves::Done, _) => self.acknowledge(&hand).await,
        }
        // Only now: whoever dies before has crashed, as far as the next one knows.
        if ends && delivery + u64::from(hand.begun.load(Ordering::Relaxed)) > 1 {
            self.take_back_begun(key).await;
        }
    }

    /// Notes that it is here. `None` where it was already: NATS has not heard of it for too long, and gave it out again.
    fn hold(&self, key: Key, delivery: u64, acker: Acker) -> Option<Arc<Hand>> {
        let acker = Arc::new(acker);
        let (cancel, runs, begun) =
            (CancellationToken::new(), AtomicBool::new(false), AtomicBool::new(false));
        let control = Arc::new(Control::new(cancel.clone(), self.exit.clone()));
        let hand =
            Arc::new(Hand { key, delivery, acker: Mutex::new(acker.clone()), cancel, control, runs, begun });
        let known = {
            let mut hands = self.hands();
            let known = hands.get(&key).cloned();
            if known.is_none() {
                hands.insert(key, hand.clone());
            }
            known
        };
        self.changed.notify_one();
        let Some(known) = known else { return Some(hand) };
        *known.acker.lock().unwrap_or_else(PoisonError::into_inner) = acker;
        None
    }

    async fn decide(&self, hand: &Hand, order: &Order) -> Leaves {
        let key = hand.key;
        // It is in hand: a cancel that comes later is heard.
        if self.is_cancelled(key.job).await {
            return Leaves::Ended(WorkEnd::Cancelled, Blob::new());
        }
        // How often it was begun and not ended.
        let mut begun = 0;
        if hand.delivery > 1 {
            if self.has_result(key).await {
                return Leaves::Done;
            }
            begun = self.begun(key).await;
            if begun >= order.max_attempts {
                tracing::error!(%key, begun, "an order has crashed its workers: left alone");
                let failure = Failure::StoppedTheWorkers(begun);
                return Leaves::Ended(WorkEnd::Failed(failure), Blob::new());
            }
        }
        if order.memory > self.bytes {
            tracing::warn!(%key, bytes = order.memory, "an order needs more memory than this worker has");
            return Leaves::Back(Some(NOT_MINE));
        }
        let _memory = tokio::select! {
            biased;
            () = hand.cancel.cancelled() => return Leaves::Ended(WorkEnd::Cancelled, Blob::new()),
            () = self.draining.cancelled() => return Leaves::Back(None),
            memory = self.memory.acquire_many(pieces(order.memory)) => memory,
        };
        self.note_begun(key, begun + 1).await;
        hand.begun.store(true, Ordering::Relaxed);
        self.run(hand, order).await
    }

    async fn run(&self, hand: &Hand, order: &Order) -> Leaves {
        hand.runs.store(true, Ordering::Relaxed);
        tracing::debug!(key = %hand.key, delivery = hand.delivery, member = %order.member, "begun");
        self.sign(hand).await;
        let found = self.work.here(&order.member, &hand.control).await;
        hand.runs.store(false, Ordering::Relaxed);
        let (end, blob) = match found {
            Ok(Found::Number(number)) => message::of_number(number),
            Ok(Found::Pokemon(pokemon)) => message::of_pokemon(pokemon),
            Err(Unfinished::Failed(failure)) => (WorkEnd::Failed(failure), Blob::new()),
            Err(Unfinished::Cancelled) if hand.cancel.is_cancelled() => (WorkEnd::Cancelled, Blob::new()),
            Err(Unfinished::Cancelled | Unfinished::Left) => (WorkEnd::Returned, Blob::new()),
        };
        Leaves::Ended(end, blob)
    }
}
