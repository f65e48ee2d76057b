//! The moments of a commit: whoever leads is gone between the log and its own store, or between its store and the confirmation.

use std::{net::SocketAddr, path::Path, time::Instant};

use jobboard::sandbox::{Failure, Fault, Options};
use rusqlite::{Connection, OpenFlags};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use super::{
    BOUND, accept, connect, folder, hosts, ids, log_of, long, start,
    takeover::{ends, ground, leads, pair},
};
use crate::{
    nats::{Nats, until},
    process::Ground,
};

/// A wire on which answers can be lost while questions arrive.
struct Deaf {
    url: String,
    hears: watch::Sender<bool>,
    /// Said over it, this is the last that was answered.
    last: watch::Sender<Option<&'static str>>,
    whole: CancellationToken,
}

impl Deaf {
    async fn to(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let (hears, last, whole) =
            (watch::Sender::new(true), watch::Sender::new(None), CancellationToken::new());
        let (first, ears, word) = (whole.clone(), hears.clone(), last.clone());
        tokio::spawn(async move {
            let mut cut = Some(first);
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(addr).await.unwrap();
                let (cut, ears, word) = (cut.take().unwrap_or_default(), ears.clone(), word.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = cut.cancelled() => {}
                        () = both(near, far, ears, word) => {}
                    }
                });
            }
        });
        Self { url, hears, last, whole }
    }

    /// Hears nothing from the moment on that this goes over it.
    fn is_deaf_after(&self, word: &'static str) {
        self.last.send_replace(Some(word));
    }
}

async fn both(
    near: TcpStream,
    far: TcpStream,
    hears: watch::Sender<bool>,
    last: watch::Sender<Option<&'static str>>,
) {
    let ((mut asked, mut told), (mut answers, mut asks)) = (near.into_split(), far.into_split());
    let ears = &hears;
    let questions = async move {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = asked.read(&mut bytes).await {
            let is_last =
                last.borrow().is_some_and(|word| String::from_utf8_lossy(&bytes[..count]).contains(word));
            if is_last {
                ears.send_replace(false);
            }
            asks.write_all(&bytes[..count]).await.ok();
        }
    };
    let answers = async move {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = answers.read(&mut bytes).await {
            if *ears.borrow() {
                told.write_all(&bytes[..count]).await.ok();
            }
        }
    };
    tokio::select! {
        () = questions => {}
        () = answers => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_known_again() {
    let Some(server) = Nats::start() else { return };
    let wire = Deaf::to(server.addr()).await;
    let (nats, folders) = (connect(&wire.url).await, [folder(), folder()]);
    let leader = start(&folders[0], &nats).await;
    let mut log = log_of(&server).await;
    let before = log.info().await.unwrap().state.last_sequence;
    wire.hears.send_replace(false);
    let write = leader.store.write(accept(1));
    let has_arrived = async || log.info().await.unwrap().state.last_sequence != before;
    until(BOUND, "the commit arrives", has_arrived).await;
    wire.hears.send_replace(true);
    wire.whole.cancel();
    tokio::time::timeout(BOUND, write).await.expect("it takes its own entry for somebody else's").unwrap();
    assert!(!leader.term.lost().is_cancelled());
    leader.accepts([2]).await;
    let next = start(&folders[1], &connect(&server.url()).await).await;
    assert_eq!(ids(&next.loaded), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_which_the_log_has_a_part_is_none() {
    let Some((server, _, [second])) = hosts().await else { return };
    let wire = Deaf::to(server.addr()).await;
    let first = folder();
    let leader = start(&first, &connect(&wire.url).await).await;
    leader.accepts([1]).await;
    let mut log = log_of(&server).await;
    let before = log.info().await.unwrap().state.last_sequence;
    wire.hears.send_replace(false);
    // The second of three pieces waits for the first one's answer.
    let _never = leader.store.write(long(1, 1_300_000));
    let has_begun = async || log.info().await.unwrap().state.last_sequence > before;
    until(BOUND, "a part of the commit is in the log", has_begun).await;
    let next = start(&second, &connect(&server.url()).await).await;
    assert_eq!((ids(&next.loaded), next.loaded.answers.len()), (vec![1], 0));
    next.store.write(accept(2)).await.unwrap();
    drop(next);
    // The one before has it neither, and follows.
    leader.term.lost().cancel();
    super::close(leader).await;
    let again = start(&first, &connect(&server.url()).await).await;
    assert_eq!((ids(&again.loaded), again.loaded.answers.len()), (vec![1, 2], 0));
}

/// How many tasks a folder's store has, beside the bot that writes to it.
fn stored(ground: &Ground, folder: &str) -> u32 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(ground.folder().path().join(folder).join("jobboard.db"), flags);
    store.unwrap().query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_between_the_log_and_its_own_store_has_its_task_done_once_by_the_next() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let wire = Deaf::to(nats.addr()).await;
    let first = ground.start_in("first", &[("JOBBOARD_NATS_URL", &wire.url)]);
    leads(&first, Instant::now()).await;
    let second = ground.start_in("second", &[]);
    second.logs("leads, this bot follows").await;
    ground.private(&first, ann).says("fib 10").await;
    let word = r#"Fib\":1987"#;
    wire.is_deaf_after(word);
    let said = ground.private(&first, ann).writes("fib 1987");
    // The log has it, and the bot cannot know that.
    let bot = Options::default().token.split(':').next().unwrap().to_owned();
    let log = nats.jetstream().await.get_stream(format!("jobboard-{bot}-store")).await.unwrap();
    let has_it = async || {
        let last = log.get_info().await.unwrap().state.last_sequence;
        let entry = log.get_raw_message(last).await.unwrap();
        String::from_utf8_lossy(&entry.payload).contains(word)
    };
    until(BOUND, "the task is in the log", has_it).await;
    assert_eq!(stored(&ground, "first"), 2, "it is in the store already");
    let talk = ground.private(&second, ann);
    assert!(talk.answers_to(said).is_empty());
    first.kill();
    leads(&second, Instant::now()).await;
    assert_eq!(ends(&talk, said, "The 1987th fibonacci number is").await, 0);
    assert!(talk.says("dash").await.text.starts_with("Board: 3 tasks, 0 running, 0 queued"));
    // What it had not stored comes to it by following.
    let first = ground.start_in("first", &[]);
    first.logs("leads, this bot follows").await;
    until(BOUND, "it has all", async || stored(&ground, "first") == 3).await;
    second.stop().await;
    leads(&first, Instant::now()).await;
    let talk = ground.private(&first, ann);
    assert_eq!(ends(&talk, said, "The 1987th fibonacci number is").await, 0);
    assert!(!super::aside(Path::new(&ground.folder().path().join("first"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_between_its_store_and_the_confirmation_has_its_task_done_once_by_the_next() {
    let Some(nats) = Nats::start() else { return };
    let (ground, ann) = ground(&nats).await;
    let (first, second) = pair(&ground).await;
    let talk = ground.private(&first, ann);
    talk.says("fib 10").await;
    talk.until("all is confirmed, and it asks for more", |view| (view.pending_updates() == 0).then_some(()))
        .await;
    // What it asked for before still comes; it cannot answer, and not confirm.
    ground.telegram.fault(Fault::on_any().always().answer(Failure::DropBefore));
    let said = talk.writes("fib 1987");
    until(BOUND, "it is stored", async || stored(&ground, "first") == 3).await;
    assert!(ground.telegram.view(|view| view.pending_updates() == 1), "it is confirmed");
    first.kill();
    ground.telegram.clear_faults();
    leads(&second, Instant::now()).await;
    let talk = ground.private(&second, ann);
    assert_eq!(ends(&talk, said, "The 1987th fibonacci number is").await, 0);
    assert!(talk.says("dash").await.text.starts_with("Board: 3 tasks, 0 running, 0 queued"));
    assert_eq!(ends(&talk, said, "The 1987th fibonacci number is").await, 0);
}
