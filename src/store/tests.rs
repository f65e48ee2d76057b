mod access;
mod away;
mod backup;
mod damage;
mod failing;
mod history;
mod opening;
mod replica;
mod results;
mod retention;
mod schedules;
mod times;
mod writing;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::job::{CancelReason, Failure, MemberResult, Number, Origin, Output, Person, Spec, State};

const CHAT: ChatId = ChatId(-100_200);

/// Bounds that nothing here reaches.
const ALL: Keep = Keep { jobs: usize::MAX, time: Duration::MAX, bytes: u64::MAX, away: Duration::MAX };

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> (Store, Loaded) {
    Store::open(folder.path(), ALL).unwrap()
}

/// What a process finds that starts after this one was killed right now.
fn crashed(folder: &TempDir) -> TempDir {
    let copy = self::folder();
    copy_all(folder.path(), copy.path());
    copy
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn try_write(store: &Store, write: Write) -> Result<(), WriteError> {
    block_on(store.write(write))
}

fn write(store: &Store, write: Write) {
    try_write(store, write).unwrap();
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000 + seconds, 123_456_789)
}

fn job(id: u64) -> Job {
    let origin = Origin { message: MessageId(i32::try_from(id).unwrap()), thread: None, callback: None };
    let person = Person { id: 7, name: "Ann <b>".to_owned() };
    let spec = Spec::Fib(100 + id);
    Job { id: JobId(id), spec, person, origin, submitted: at(id), attempt: 0, state: State::Queued }
}

fn accept(chat: ChatId, id: u64) -> Write {
    Write::Accept(chat, Box::new(job(id)))
}

fn start(id: u64) -> Write {
    Write::Start { chat: CHAT, id: JobId(id), attempt: 1, started: at(1000 + id) }
}

fn finish(id: u64, outcome: Outcome) -> Write {
    let (started, finished) = (Some(at(1000 + id)), at(2000 + id));
    Write::Finish { chat: CHAT, id: JobId(id), started, finished, outcome: outcome.into() }
}

fn kill(kill: u64, ids: &[u64], by: &str) -> Write {
    let ids = ids.iter().copied().map(JobId).collect();
    Write::Kill { chat: CHAT, kill, ids, by: by.to_owned(), body: format!("kill {kill}") }
}

fn number(digits: usize) -> Number {
    let text = (0..digits).map(|place| char::from(b'1' + u8::try_from(place % 9).unwrap())).collect();
    Number { n: digits as u64, digits: Digits::from_canonical(text) }
}

fn numbers(lengths: &[usize]) -> Outcome {
    Outcome::Succeeded(Output::Numbers(lengths.iter().copied().map(number).collect()))
}

/// Lines that tell jobs apart in all that is stored of them.
fn lines(loaded: &Loaded) -> Vec<String> {
    loaded.jobs.iter().map(|job| format!("{job:?}")).collect()
}

fn line(job: Job) -> String {
    let crashes = 0;
    let (killed_by, card, card_done, dropped) = (None, None, false, false);
    format!("{:?}", LoadedJob { chat: CHAT, job, crashes, killed_by, card, card_done, dropped })
}

fn ids(loaded: &Loaded) -> Vec<u64> {
    loaded.jobs.iter().map(|job| job.job.id.0).collect()
}

/// Does something on the connection that writes.
fn inside<T: Send + 'static>(
    store: &Store,
    task: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> T {
    writer(store).run(move |connection, _| Ok(task(connection)?)).unwrap()
}

fn writer(store: &Store) -> Arc<writer::Writer> {
    store.0.clone().unwrap()
}

/// Keeps the thread from taking anything until what is returned is dropped.
fn hold(store: &Store) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (begun, began) = mpsc::channel();
    let writer = writer(store);
    std::thread::spawn(move || {
        writer.run(move |_, _| {
            begun.send(()).unwrap();
            held.recv().ok();
            Ok(())
        })
    });
    began.recv().unwrap();
    release
}

/// The bytes of what must not be touched. That SQLite leaves an empty log beside a file that had none is nothing.
fn bytes(folder: &TempDir) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    ["", "-wal", "-journal"]
        .map(|end| folder.path().join(format!("{}{end}", Store::FILE)))
        .map(|path| (path.clone(), fs::read(path).ok().filter(|bytes| !bytes.is_empty())))
        .to_vec()
}
