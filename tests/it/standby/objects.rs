//! What is beside the log on NATS: snapshots and files of results, and consumers.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{
        consumer::pull,
        object_store::ObjectStore,
        stream::{Config, Stream},
    },
};
use futures_util::{StreamExt, TryStreamExt};
use jobboard::{
    job::{Number, Outcome, Output},
    store::replica::{ReplicaError, Step},
    work::{Control, fib},
};
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use super::{BOUND, Leader, follow, following, hosts, ids, lead, log_of, start};
use crate::nats::{Nats, until};

const FILES: &str = "jobboard-42-files";
const SNAPSHOTS: &str = "jobboard-42-snapshots";

async fn bucket(server: &Nats, name: &str) -> (ObjectStore, Stream) {
    let jetstream = server.jetstream().await;
    let stream = jetstream.get_stream(format!("OBJ_{name}")).await.unwrap();
    (jetstream.get_object_store(name).await.unwrap(), stream)
}

/// What a bucket is made of: pieces (`C`) or words on them (`M`), each subject with its number.
async fn subjects(stream: &Stream, name: &str, kind: char) -> Vec<(String, usize)> {
    let found = stream.info_with_subjects(format!("$O.{name}.{kind}.*")).await.unwrap();
    found.try_collect().await.unwrap()
}

/// A result of several pieces.
fn long() -> Outcome {
    let digits = fib::fib(3_000_000, &Control::default()).unwrap();
    Outcome::Succeeded(Output::Numbers(vec![Number { n: 3_000_000, digits }]))
}

/// Keeps everything in order until it is so.
async fn tended(leader: &Leader, what: &str, is: impl AsyncFnMut() -> bool) {
    let stop = CancellationToken::new();
    let tending = tokio::spawn(leader.store.keeper().unwrap().tend(stop.clone()));
    until(BOUND, what, is).await;
    stop.cancel();
    tending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_nats_took_in_part_does_not_stay_there() {
    let Some((server, nats, [first])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts([1]).await;
    let (_, stream) = bucket(&server, FILES).await;
    let jetstream = server.jetstream().await;
    let config = stream.get_info().await.unwrap().config;
    // There is room for two pieces.
    jetstream.update_stream(Config { max_bytes: 300 * 1024, ..config.clone() }).await.unwrap();
    let room = async {
        // A number that was used once is not used again, whether or not its piece is still there.
        let tries = async || stream.get_info().await.unwrap().state.last_sequence >= 6;
        until(BOUND, "it has tried three times", tries).await;
        jetstream.update_stream(config).await.unwrap();
    };
    tokio::join!(leader.finishes(1, long()), room);
    assert_eq!(subjects(&stream, FILES, 'C').await.len(), 1, "pieces of uploads that failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_by_others_goes_and_what_is_not_whole_is_put_there_again() {
    let Some((server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts([1]).await;
    leader.finishes(1, long()).await;
    let (files, stream) = bucket(&server, FILES).await;
    let [(whole, _)] = &subjects(&stream, FILES, 'C').await[..] else { panic!("one is there") };
    // Something was there and is gone, somebody died while putting something there, and a piece is lost.
    files.put("-1-1.txt", &mut "gone".as_bytes()).await.unwrap();
    files.delete("-1-1.txt").await.unwrap();
    let left = format!("$O.{FILES}.C.left");
    server.jetstream().await.publish(left.clone(), "left".into()).await.unwrap().await.unwrap();
    stream.delete_message(1).await.unwrap();
    assert_eq!(subjects(&stream, FILES, 'M').await.len(), 2);
    let is_tidy = async || {
        let (pieces, words) = (subjects(&stream, FILES, 'C').await, subjects(&stream, FILES, 'M').await);
        pieces.len() == 1 && pieces[0].0 != *whole && words.len() == 1
    };
    tended(&leader, "all is in order", is_tidy).await;
    let next = start(&second, &nats).await;
    assert_eq!(ids(&next.loaded), [1], "its result is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wakes_up_when_another_one_leads_takes_nothing_of_that_ones_away() {
    let Some((server, nats, [first])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    // No timer has told it that its term ended in its sleep.
    leader.term.lasts_until(Duration::ZERO);
    let streams = [bucket(&server, FILES).await.1, bucket(&server, SNAPSHOTS).await.1];
    for name in [FILES, SNAPSHOTS] {
        let (jetstream, piece) = (server.jetstream().await, format!("$O.{name}.C.coming"));
        jetstream.publish(piece, "a piece of what comes".into()).await.unwrap().await.unwrap();
    }
    let tending = leader.store.keeper().unwrap().tend(CancellationToken::new());
    tokio::time::timeout(BOUND, tending).await.expect("it goes on as if it led");
    for (stream, name) in streams.iter().zip([FILES, SNAPSHOTS]) {
        let pieces = subjects(stream, name, 'C').await;
        assert!(pieces.iter().any(|(piece, _)| piece.ends_with(".coming")), "{pieces:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_copied_once_and_an_older_one_is_taken_where_it_will_do() {
    let Some((server, nats, [first, second, third])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts(1..=5).await;
    let (snapshots, stream) = bucket(&server, SNAPSHOTS).await;
    let name = snapshots.list().await.unwrap().next().await.unwrap().unwrap().name;
    let newer = format!("{}.4", name.split_once('.').unwrap().0);
    snapshots.put(newer.as_str(), &mut "no store".as_bytes()).await.unwrap();
    let other = following(&second, &nats).await;
    snapshots.delete(&newer).await.unwrap();

    // Now the only one is damaged: it is told to have other bytes than it has.
    let mut bytes = Vec::new();
    snapshots.get(&name).await.unwrap().read_to_end(&mut bytes).await.unwrap();
    let word = word_on(&stream, &name).await;
    let mut wrong: serde_json::Value = serde_json::from_slice(&word.1).unwrap();
    wrong["digest"] = "SHA-256=AAAA".into();
    tell(&server, &word.0, serde_json::to_vec(&wrong).unwrap()).await;
    let mut late = follow(&third, &nats).await;
    assert_eq!(late.step().await, Err(ReplicaError::Damaged));
    // It is not looked at again: nobody would see that it is whole now.
    tell(&server, &word.0, word.1).await;
    assert_eq!(late.step().await, Err(ReplicaError::Damaged));
    snapshots.put(name.as_str(), &mut bytes.as_slice()).await.unwrap();
    assert_eq!(late.step().await, Ok(Step::Following));
    assert_eq!(ids(&lead(&third, late, super::NEVER).await.loaded), [1, 2, 3, 4, 5]);
    assert_eq!(ids(&lead(&second, other, super::NEVER).await.loaded), [1, 2, 3, 4, 5]);
}

/// The word that tells of an object, and its subject.
async fn word_on(stream: &Stream, name: &str) -> (String, Vec<u8>) {
    for (subject, _) in subjects(stream, SNAPSHOTS, 'M').await {
        let word = stream.get_last_raw_message_by_subject(&subject).await.unwrap().payload.to_vec();
        if String::from_utf8_lossy(&word).contains(name) {
            return (subject, word);
        }
    }
    panic!("nothing tells of {name}");
}

async fn tell(server: &Nats, subject: &str, word: Vec<u8>) {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Rollup", "sub");
    let jetstream = server.jetstream().await;
    let told = jetstream.publish_with_headers(subject.to_owned(), headers, word.into());
    told.await.unwrap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_makes_no_consumer_for_a_few_entries() {
    let Some((server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    let mut other = following(&second, &nats).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let made = "$JS.EVENT.ADVISORY.CONSUMER.CREATED.jobboard-42-store.*";
    let mut made = client.subscribe(made).await.unwrap();
    client.flush().await.unwrap();
    for id in 1..=5 {
        leader.accepts([id]).await;
        assert_eq!(other.step().await, Ok(Step::Following));
    }
    leader.accepts(6..=105).await;
    assert_eq!(other.step().await, Ok(Step::Following));
    // The last one is the test's own.
    let own = pull::Config { durable_name: Some("own".to_owned()), ..pull::Config::default() };
    log_of(&server).await.create_consumer(own).await.unwrap();
    let mut count = 0;
    while !made.next().await.unwrap().subject.ends_with(".own") {
        count += 1;
    }
    assert_eq!(count, 1, "consumers for the hundred that came at once, and for five that came one by one");
    assert_eq!(ids(&lead(&second, other, super::NEVER).await.loaded), (1..=105).collect::<Vec<_>>());
}
