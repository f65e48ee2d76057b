//! Stores and logs that do not fit each other: what is led, what is copied anew, and what is put aside.

use futures_util::StreamExt;
use jobboard::store::{
    Store,
    replica::{ReplicaError, Step},
};

use super::{ALL, BOUND, NEVER, accept, aside, close, follow, following, hosts, ids, lead, log_of, start};
use crate::nats::Nats;

#[tokio::test(flavor = "multi_thread")]
async fn another_store_in_the_folder_is_put_aside_and_one_that_is_alone_is_led() {
    let Some((_server, nats, [first, second])) = hosts().await else { return };
    // Both were bots of their own until now.
    for (folder, jobs) in [(&first, 3), (&second, 5)] {
        let (store, _) = Store::open(folder.path(), ALL).unwrap();
        for id in 1..=jobs {
            store.write(accept(id)).await.unwrap();
        }
        store.close();
    }
    let leader = start(&first, &nats).await;
    assert_eq!(ids(&leader.loaded), [1, 2, 3]);
    assert!(!aside(first.path()));
    drop(leader);
    let next = start(&second, &nats).await;
    assert_eq!(ids(&next.loaded), [1, 2, 3]);
    assert!(aside(second.path()), "five jobs are gone");
    // What is done beside the log is no part of it.
    close(next).await;
    let (store, _) = Store::open(second.path(), ALL).unwrap();
    store.write(accept(4)).await.unwrap();
    store.close();
    let again = start(&second, &nats).await;
    assert_eq!(ids(&again.loaded), [1, 2, 3]);
}

/// NATS loses all of the log but the first entries.
async fn lose_the_end(server: &Nats, kept: u64) {
    let (jetstream, log) = (server.jetstream().await, log_of(server).await);
    let config = log.get_info().await.unwrap().config;
    let mut entries = Vec::new();
    for sequence in 1..=kept {
        entries.push(log.get_raw_message(sequence).await.unwrap());
    }
    jetstream.delete_stream(&config.name).await.unwrap();
    jetstream.create_stream(config).await.unwrap();
    for entry in entries {
        let sent = jetstream.publish_with_headers(entry.subject, entry.headers, entry.payload).await.unwrap();
        assert_eq!(sent.await.unwrap().sequence, entry.sequence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nats_has_lost_of_the_log_is_still_led_by_who_confirmed_it() {
    let Some((server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts(1..=9).await;
    let mut other = following(&second, &nats).await;
    lose_the_end(&server, 5).await;
    // Whoever leads finds out, instead of waiting for ever.
    let mut late = Box::pin(leader.store.write(accept(10)));
    tokio::time::timeout(BOUND, leader.term.lost().cancelled())
        .await
        .expect("it goes on as if it could lead");
    assert!(futures_util::poll!(&mut late).is_pending());
    // Who has followed leaves it to the one who has led.
    assert_eq!(other.step().await.unwrap(), Step::Nothing);
    assert!(!other.has_own());
    close(leader).await;
    let follower = follow(&first, &nats).await;
    assert!(follower.has_own());
    let again = lead(&first, follower, NEVER).await;
    assert_eq!(ids(&again.loaded), (1..=9).collect::<Vec<_>>());
    assert!(!aside(first.path()));
    again.accepts([10]).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    assert_eq!(ids(&lead(&second, other, NEVER).await.loaded), (1..=10).collect::<Vec<_>>());
    assert!(aside(second.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_others_went_on_after_nats_lost_the_end_of_the_log_what_was_confirmed_is_put_aside() {
    let Some((server, nats, [first, second, third])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts(1..=9).await;
    let other = following(&third, &nats).await;
    close(leader).await;
    drop(other);
    lose_the_end(&server, 5).await;
    // A snapshot of what is lost is none.
    let snapshots = server.jetstream().await.get_object_store("jobboard-42-snapshots").await.unwrap();
    let snapshot = snapshots.list().await.unwrap().next().await.unwrap().unwrap().name;
    let lost = snapshot.replace(".1", ".9");
    assert_ne!(lost, snapshot);
    snapshots.put(lost.as_str(), &mut "what is lost".as_bytes()).await.unwrap();
    let next = start(&second, &nats).await;
    let known: Vec<_> = ids(&next.loaded);
    assert_eq!(known, [1, 2, 3, 4]);
    next.accepts([20]).await;
    // It is ahead of a log that somebody else has written to.
    let _before = following(&first, &nats).await;
    assert!(aside(first.path()), "nine jobs are gone");
    // Now the log has entries of the same numbers.
    next.accepts(21..=30).await;
    let other = following(&third, &nats).await;
    assert!(aside(third.path()), "nine jobs are gone");
    let all: Vec<_> = (1..=4).chain(20..=30).collect();
    assert_eq!(ids(&lead(&third, other, NEVER).await.loaded), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_fit_the_log_is_copied_anew() {
    let Some((_server, nats, [first, second])) = hosts().await else { return };
    let leader = start(&first, &nats).await;
    leader.accepts([1]).await;
    let mut other = following(&second, &nats).await;
    // Somebody has been at it: the next job's number is taken.
    let by_hand = rusqlite::Connection::open(second.path().join(Store::FILE)).unwrap();
    assert_eq!(by_hand.execute("UPDATE job SET id = 2", []).unwrap(), 1);
    drop(by_hand);
    leader.accepts([2]).await;
    assert_eq!(other.step().await.unwrap(), Step::Following);
    assert!(aside(second.path()));
    assert_eq!(ids(&lead(&second, other, NEVER).await.loaded), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_newer_tables_is_left_alone() {
    let Some((server, nats, [first, second])) = hosts().await else { return };
    drop(start(&first, &nats).await);
    let head = r#"{"history":"h","schema":99,"writer":"w","kind":"Snapshot"}"#;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Jobboard-Head", head);
    let jetstream = server.jetstream().await;
    let sent = jetstream.publish_with_headers("jobboard.42.store", headers, "".into()).await.unwrap();
    sent.await.unwrap();
    let mut follower = follow(&second, &nats).await;
    assert_eq!(follower.step().await, Err(ReplicaError::Newer(99)));
}
