//! The thread that writes.
//!
//! Whoever writes puts it in a queue and gets a future. The thread takes what waits, commits it as one transaction, and
//! answers all: while it waits for the disk, the next group gathers. Where too many wait already, no more jobs are
//! accepted; the other writes belong to jobs, answers and cards that are there, which are bounded.
//!
//! Nothing is sticky. A write that cannot be done is answered with why, and the next one is tried anew. Only where others follow and
//! this bot does not lead any more, nothing is written or answered again: the process is about to end.

use std::{
    collections::VecDeque,
    fs::File,
    iter, mem,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    task::{Context, Poll},
    thread::{self, JoinHandle},
    time::Instant,
};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    Keep, Write, WriteError,
    apply::apply,
    open,
    replica::{Files, Keeper, Replica},
};
use crate::{lease::Term, metrics::Metrics};

/// Writes in one transaction: what it costs to sync the disk is shared by so many, and none waits for much more.
const GROUP: usize = 256;
/// Writes that wait: with more, no job is accepted. Some seconds of a slow disk's work.
pub(super) const MAX_WAITING: usize = 10_000;

/// A write that is under way. It is done whether or not this is awaited.
#[derive(Debug)]
#[must_use = "what is not awaited may not be on the disk"]
pub struct Committed(Option<oneshot::Receiver<Result<(), WriteError>>>);

impl Committed {
    /// One that is done.
    pub(super) fn now() -> Self {
        Self(None)
    }
}

impl Future for Committed {
    type Output = Result<(), WriteError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            None => Poll::Ready(Ok(())),
            Some(answer) => {
                Pin::new(answer).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(closed())))
            }
        }
    }
}

/// The one who writes to the store's file.
pub(super) struct Writer {
    folder: PathBuf,
    keep: Keep,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    files: Option<(Files, Term)>,
    // Taken out once, at the start.
    keeper: Mutex<Option<Keeper>>,
}

impl Writer {
    /// Starts the thread. It holds the lock of the folder until it ends.
    pub(super) fn start(
        folder: &Path,
        keep: Keep,
        (connection, replica): (Connection, Option<Replica>),
        lock: File,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let shared = replica.as_ref().map(|replica| (replica.files(), replica.keeper(folder)));
        let (files, keeper) = shared.unzip();
        let queue = Arc::new(Queue::default());
        let worker = Worker {
            metrics,
            folder: folder.to_owned(),
            connection: Some(connection),
            replica,
            unanswered: Vec::new(),
            queue: Closing(queue.clone()),
            _lock: lock,
        };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(|| worker.work())?;
        let (thread, keeper) = (Mutex::new(Some(thread)), Mutex::new(keeper));
        Ok(Self { folder: folder.to_owned(), keep, queue, thread, files, keeper })
    }

    /// Where files of results are put for those who follow, and how long this is of use.
    pub(super) fn files(&self) -> Option<&(Files, Term)> {
        self.files.as_ref()
    }

    /// Who keeps the log short, once.
    pub(super) fn keeper(&self) -> Option<Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn bounds(&self) -> Keep {
        self.keep
    }

    pub(super) fn write(&self, write: Write) -> Committed {
        let (answer, committed) = oneshot::channel();
        if matches!(write, Write::Accept(..)) && self.queue.lock().items.len() >= MAX_WAITING {
            answer.send(Err(WriteError::Busy)).ok();
            return Committed(Some(committed));
        }
        // Refused, the answer is dropped, which says that the store is closed.
        self.queue.push(Item::Write(write, answer));
        Committed(Some(committed))
    }

    /// Does something else with the connection, in its turn, and waits for it. It sees to its transaction by itself, but
    /// for the commit.
    pub(super) fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Connection, Commit<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (answer, done) = mpsc::channel();
        self.queue.push(Item::Run(Box::new(move |worker| {
            answer.send(worker.and_then(|(connection, commit)| task(connection, commit))).ok();
        })));
        done.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Writes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().items.len()
    }

    /// See [`Store::close`](super::Store::close).
    pub(super) fn close(&self) {
        self.queue.close();
        // Whoever comes second waits for the lock until the thread has ended.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread has panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

type Answer = oneshot::Sender<Result<(), WriteError>>;
type Task = Box<dyn FnOnce(Result<(&mut Connection, Commit<'_>), WriteError>) + Send>;

/// How a transaction is committed: where others follow, it is in their log before.
pub(super) struct Commit<'a>(Option<&'a mut Replica>);

impl Commit<'_> {
    pub(super) fn commit(self, transaction: Transaction<'_>) -> Result<(), WriteError> {
        match self.0 {
            Some(replica) => replica.commit(transaction),
            None => Ok(transaction.commit()?),
        }
    }
}

enum Item {
    Write(Write, Answer),
    Run(Task),
}

/// What is to be done next.
enum Next {
    Group(Vec<(Write, Answer)>),
    Run(Task),
}

#[derive(Default)]
struct Queue {
    // A std lock: held to put something in or take it out, never while the disk is waited for.
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    closed: bool,
}

impl Queue {
    fn push(&self, item: Item) {
        let mut waiting = self.lock();
        if !waiting.closed {
            waiting.items.push_back(item);
            drop(waiting);
            self.more.notify_one();
        }
    }

    /// Waits for something to do; `None` once it is closed and empty.
    fn next(&self) -> Option<Next> {
        let mut waiting = self.lock();
        loop {
            let mut group = Vec::new();
            while group.len() < GROUP {
                match waiting.items.pop_front() {
                    Some(Item::Write(write, answer)) => group.push((write, answer)),
                    Some(Item::Run(task)) if group.is_empty() => return Some(Next::Run(task)),
                    Some(task) => {
                        waiting.items.push_front(task);
                        break;
                    }
                    None => break,
                }
            }
            if !group.is_empty() {
                return Some(Next::Group(group));
            }
            if waiting.closed {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.more.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the queue when the thread ends, also by a panic: nobody waits for a thread that is not there.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
        let left = mem::take(&mut self.0.lock().items);
        drop(left);
    }
}

// Dropped from the first field to the last: the lock is the last to go.
struct Worker {
    /// `None` where it was of no use any more and could not be opened again yet.
    connection: Option<Connection>,
    /// Where others follow.
    replica: Option<Replica>,
    /// Kept until the end, since whoever waits for one that is dropped hears of a failure.
    unanswered: Vec<Answer>,
    folder: PathBuf,
    metrics: Arc<Metrics>,
    queue: Closing,
    _lock: File,
}

/// Why a group is not on the disk.
enum Failed {
    /// It could not even begin: none of its writes is to blame.
    Begin(WriteError),
    /// One of its writes could not be done, or all of them together could not be committed.
    Writes(WriteError),
}

impl Worker {
    fn work(mut self) {
        while let Some(next) = self.queue.0.next() {
            match next {
                Next::Group(group) => self.group(group),
                Next::Run(task) => task(self.parts()),
            }
        }
        let checkpointed = self.parts().and_then(|(connection, _)| Ok(open::checkpoint(connection)?));
        if let Err(error) = checkpointed {
            // Nothing is lost: it is all in the log that is read at the next start.
            tracing::warn!(%error, "the store is closed with its log");
        }
    }

    fn group(&mut self, group: Vec<(Write, Answer)>) {
        let mut result = self.commit(group.iter().map(|(write, _)| write));
        if group.len() > 1 && matches!(result, Err(Failed::Writes(_))) {
            for (write, answer) in group {
                // Each by itself: a bad one harms no other. Where none can begin any more, the rest need not try.
                if !matches!(result, Err(Failed::Begin(_))) {
                    result = self.commit(iter::once(&write));
                }
                self.answer(answer, &result);
            }
        } else {
            for (_, answer) in group {
                self.answer(answer, &result);
            }
        }
    }

    /// Where this bot does not lead any more, nobody hears anything: whoever leads now does all that was not confirmed.
    fn answer(&mut self, answer: Answer, result: &Result<(), Failed>) {
        if self.replica.as_ref().is_some_and(Replica::is_lost) {
            self.unanswered.push(answer);
        } else {
            tell(answer, result);
        }
    }

    fn commit<'a>(&mut self, writes: impl ExactSizeIterator<Item = &'a Write>) -> Result<(), Failed> {
        let (count, begun) = (writes.len(), Instant::now());
        let done = self.try_commit(writes);
        self.metrics.committed(count, begun.elapsed(), done.is_ok());
        done
    }

    fn try_commit<'a>(&mut self, writes: impl Iterator<Item = &'a Write>) -> Result<(), Failed> {
        self.usable().map_err(Failed::Begin)?;
        let folder = self.folder.clone();
        let (connection, commit) = self.parts().map_err(Failed::Begin)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| Failed::Begin(error.into()))?;
        for write in writes {
            apply(&transaction, &folder, write).map_err(Failed::Writes)?;
        }
        // Where others follow, nothing is to be tried again: this bot does not lead any more then.
        let failed = if commit.0.is_some() { Failed::Begin } else { Failed::Writes };
        commit.commit(transaction).map_err(failed)
    }

    /// Sees to it that a transaction can begin. A connection that an error has left in the middle of one, or that cannot
    /// read its file any more, is given up for a new one.
    fn usable(&mut self) -> Result<(), WriteError> {
        let (connection, _) = self.parts()?;
        let reads =
            |connection: &Connection| connection.prepare_cached("SELECT 1 FROM meta")?.exists([]).map(drop);
        if connection.is_autocommit() && reads(connection).is_ok() {
            return Ok(());
        }
        tracing::warn!("the store's file is opened again");
        self.connection = None;
        self.parts().map(drop)
    }

    fn parts(&mut self) -> Result<(&mut Connection, Commit<'_>), WriteError> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let connection = open::connect(&self.folder)?;
            if self.replica.is_some() {
                Replica::watch(&connection)?;
            }
            connection
        };
        let connection = self.connection.insert(connection);
        Ok((connection, Commit(self.replica.as_mut())))
    }
}

fn tell(answer: Answer, result: &Result<(), Failed>) {
    let result = match result {
        Ok(()) => Ok(()),
        Err(Failed::Begin(error) | Failed::Writes(error)) => Err(error.clone()),
    };
    if let Err(error) = &result {
        tracing::error!(%error, "the store cannot write");
    }
    // Nobody may be waiting for it any more.
    answer.send(result).ok();
}

fn closed() -> WriteError {
    WriteError::Io("the store is closed".to_owned())
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for WriteError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::Full,
            ReadOnlyFilesystem | PermissionDenied => Self::ReadOnly,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Io(error.to_string())
    }
}
