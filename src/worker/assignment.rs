//! An order that this worker has, from its delivery to its end.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Subject,
    jetstream::{AckKind, message::Message},
};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{Worker, pieces};
use crate::{
    job::{Failure, Member},
    nats::{
        Blob, Key, Order,
        message::{self, WorkEnd},
    },
    work::{Control, Found, Unfinished},
};

/// The pause before an order that this worker cannot do is given to anybody again.
const NOT_MINE: Duration = Duration::from_millis(500);
/// How long an order waits here for memory that others use, at its first delivery, before another worker may have it.
const PATIENCE: Duration = Duration::from_secs(1);
/// It waits twice as long at the next delivery, so often: where no other worker has the memory either, it has its turn here, and
/// smaller ones do not pass it by for ever.
const DOUBLINGS: u64 = 6;

/// An order that is here.
pub(super) struct Assignment {
    pub(super) key: Key,
    /// The how-manieth delivery it is, from 1.
    pub(super) delivery: u64,
    /// Where to speak of its newest delivery. A std lock, held to look or to put another one in.
    reply: Mutex<Subject>,
    /// The job was cancelled.
    pub(super) cancel: CancellationToken,
    pub(super) control: Arc<Control>,
    pub(super) runs: AtomicBool,
    /// That it was begun here is noted.
    begun: AtomicBool,
}

impl Assignment {
    pub(super) fn reply(&self) -> Subject {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// As long as it is there, the order is assigned to this worker: where its task breaks, too, it is spoken of no more, and others get it.
struct Here<'a> {
    worker: &'a Worker,
    key: Key,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.worker.assigned().remove(&self.key);
        self.worker.changed.notify_one();
    }
}

/// It goes back as it came, for anybody, at once or after a pause: nothing was begun.
struct Back(Option<Duration>);

/// How an order leaves.
enum Leaves {
    Ended(WorkEnd, Blob),
    Back(Back),
    /// Its result is there already.
    Done,
}

impl Worker {
    /// Has an order until its end.
    pub(super) async fn take(&self, message: Message) {
        let delivery = message.info().map_or(1, |info| u64::try_from(info.delivered).unwrap_or(1));
        let (Some(key), Some(reply)) = (self.nats.names().key(&message.subject), message.reply.clone())
        else {
            tracing::error!(subject = %message.subject, "not an order's name");
            let _ = message.ack_with(AckKind::Term).await;
            return;
        };
        let Some(assignment) = self.assign(key, delivery, reply) else { return };
        let here = Here { worker: self, key };
        let back = match Order::read(&message.payload) {
            Ok(order) => self.see_through(&assignment, order).await,
            Err(error) => {
                tracing::warn!(%key, %error, "an order is left to a newer worker");
                Some(Back(Some(NOT_MINE)))
            }
        };
        if let Some(Back(pause)) = back {
            // First, or it could come again while it seems to be here.
            drop(here);
            return self.give_back(&assignment, pause).await;
        }
        // Only now: whoever dies before has crashed, as far as the next one knows.
        if delivery > 1 || assignment.begun.load(Ordering::Relaxed) {
            self.take_back_begun(key).await;
        }
    }

    /// Notes that it is here. `None` where it was already: NATS has not heard of it for too long, and gave it out again.
    fn assign(&self, key: Key, delivery: u64, reply: Subject) -> Option<Arc<Assignment>> {
        let (cancel, runs, begun) =
            (CancellationToken::new(), AtomicBool::new(false), AtomicBool::new(false));
        let control = Arc::new(Control::new(cancel.clone(), self.exit.clone()));
        let newest = Mutex::new(reply.clone());
        let assignment = Arc::new(Assignment { key, delivery, reply: newest, cancel, control, runs, begun });
        let known = {
            let mut assigned = self.assigned();
            let known = assigned.get(&key).cloned();
            if known.is_none() {
                assigned.insert(key, assignment.clone());
            }
            known
        };
        self.changed.notify_one();
        let Some(known) = known else { return Some(assignment) };
        *known.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
        None
    }

    /// Has it ended and that told, unless it is to be given back.
    async fn see_through(&self, assignment: &Assignment, order: Order) -> Option<Back> {
        // Kept until the digits are told, and with them gone: they are a part of what the order needs.
        let (leaves, _memory) = match self.admit(assignment, &order).await {
            Ok(memory) => (self.run(assignment, &order).await, Some(memory)),
            Err(leaves) => (leaves, None),
        };
        match leaves {
            Leaves::Ended(end, blob) => self.report(assignment, order.member, end, blob).await,
            Leaves::Done => self.acknowledge(assignment).await,
            Leaves::Back(back) => return Some(back),
        }
        None
    }

    /// Gives the memory for it as soon as it may begin; or says how it leaves.
    async fn admit(&self, assignment: &Assignment, order: &Order) -> Result<SemaphorePermit<'_>, Leaves> {
        let key = assignment.key;
        // How often it was begun and not ended.
        let mut begun = 0;
        // What must not be begun twice may also have come out of a stream that was made anew, or was put into it again.
        if assignment.delivery > 1 || is_begun_once(order) {
            if self.has_result(key).await {
                return Err(Leaves::Done);
            }
            let by;
            (begun, by) = self.begun(key).await;
            if begun >= order.max_attempts {
                if is_begun_once(order) && self.is_there(&by).await {
                    // NATS was away for a while, and whoever has it goes on.
                    return Err(Leaves::Back(Back(Some(NOT_MINE))));
                }
                tracing::error!(%key, begun, "an order has crashed its workers: left alone");
                return Err(Leaves::Ended(WorkEnd::Failed(left_alone(&order.member, begun)), Blob::new()));
            }
        }
        let memory = self.memory_for(assignment, order).await?;
        self.note_begun(key, begun + 1).await;
        assignment.begun.store(true, Ordering::Relaxed);
        // Only now: until it was noted, whoever cancelled the job could say that nobody had begun it. What is said later is heard.
        if self.is_cancelled(key.job).await {
            return Err(Leaves::Ended(WorkEnd::Cancelled, Blob::new()));
        }
        Ok(memory)
    }

    /// Waits for the memory, but not for as long as another worker may have it.
    async fn memory_for(
        &self,
        assignment: &Assignment,
        order: &Order,
    ) -> Result<SemaphorePermit<'_>, Leaves> {
        let (key, bytes) = (assignment.key, order.memory);
        if bytes > self.bytes {
            tracing::warn!(%key, bytes, "an order needs more memory than this worker has");
            return Err(Leaves::Back(Back(Some(NOT_MINE))));
        }
        let doublings = assignment.delivery.saturating_sub(1).min(DOUBLINGS);
        tokio::select! {
            biased;
            () = assignment.cancel.cancelled() => Err(Leaves::Ended(WorkEnd::Cancelled, Blob::new())),
            () = self.draining.cancelled() => Err(Leaves::Back(Back(None))),
            // Nothing closes it.
            Ok(memory) = self.memory.acquire_many(pieces(bytes)) => Ok(memory),
            () = tokio::time::sleep(PATIENCE * (1 << doublings)) => {
                tracing::debug!(%key, bytes, "an order that waits for memory is given back");
                Err(Leaves::Back(Back(None)))
            }
        }
    }

    async fn run(&self, assignment: &Assignment, order: &Order) -> Leaves {
        assignment.runs.store(true, Ordering::Relaxed);
        tracing::debug!(key = %assignment.key, delivery = assignment.delivery, member = %order.member, "begun");
        self.sign(assignment).await;
        let key = assignment.key;
        let found = self.work.here((key.job, key.member), &order.member, &assignment.control).await;
        assignment.runs.store(false, Ordering::Relaxed);
        let (end, blob) = match found {
            Ok(Found::Number(number)) => message::of_number(number),
            Ok(Found::Pokemon(pokemon)) => message::of_pokemon(pokemon),
            Ok(Found::Printed(printed)) => (WorkEnd::Printed(printed), Blob::new()),
            Err(Unfinished::Failed(failure)) => (WorkEnd::Failed(failure), Blob::new()),
            Err(Unfinished::Cancelled) if assignment.cancel.is_cancelled() => {
                (WorkEnd::Cancelled, Blob::new())
            }
            // It has begun, and nobody may begin it again.
            Err(Unfinished::Cancelled | Unfinished::Left) if is_begun_once(order) => {
                (WorkEnd::Failed(left_alone(&order.member, 1)), Blob::new())
            }
            Err(Unfinished::Cancelled | Unfinished::Left) => (WorkEnd::Returned, Blob::new()),
        };
        Leaves::Ended(end, blob)
    }
}

/// A program that is not to be run again.
fn is_begun_once(order: &Order) -> bool {
    order.max_attempts == 1 && matches!(order.member, Member::Declared(_))
}

/// Why what was begun so often is not begun again.
fn left_alone(member: &Member, begun: u32) -> Failure {
    match member {
        Member::Declared(_) => Failure::Interrupted,
        Member::Fib(_) | Member::Dex { .. } => Failure::StoppedTheWorkers(begun),
    }
}
