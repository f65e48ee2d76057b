//! Who follows has what the leader has, row by row.

use proptest::prelude::*;
use rusqlite::types::Value;

use super::*;
use crate::store::{apply::apply, replica::changes, schema};

/// A database in memory.
fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::create(&mut connection).unwrap();
    connection
}

/// All rows of all tables, with their rowids.
fn dump(connection: &Connection) -> Vec<(String, Vec<Vec<Value>>)> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names: Vec<String> = rows::list(connection, sql, |row| row.get(0)).unwrap();
    let rows = |name: &String| {
        let sql = format!("SELECT rowid, * FROM \"{name}\" ORDER BY rowid");
        let columns = connection.prepare(&sql).unwrap().column_count();
        rows::list(connection, &sql, |row| (0..columns).map(|column| row.get(column)).collect()).unwrap()
    };
    names
        .into_iter()
        .map(|name| {
            let rows = rows(&name);
            (name, rows)
        })
        .collect()
}

/// What of a transaction goes over, as it goes over.
fn sent(connection: &Connection) -> changes::Changes {
    let changes = changes::collect(connection).unwrap();
    changes::forget(connection).unwrap();
    serde_json::from_slice(&serde_json::to_vec(&changes).unwrap()).unwrap()
}

fn any_write() -> impl Strategy<Value = Write> {
    let chat = || (1..4_i64).prop_map(ChatId);
    let id = || (1..6_u64).prop_map(JobId);
    let number = || 1..8_u64;
    let message = || (1..6_i32).prop_map(MessageId);
    let body = "[a-zäß\u{0}\"]{0,6}";
    prop_oneof![
        6 => (chat(), 1..6_u64, 1..9_i32).prop_map(|(chat, id, message)| {
            let mut job = job(id);
            job.origin.message = MessageId(message);
            Write::Accept(chat, Box::new(job))
        }),
        2 => (chat(), id()).prop_map(|(chat, id)| Write::Start { chat, id, attempt: 1, started: at(1) }),
        1 => (chat(), id()).prop_map(|(chat, id)| Write::Pause(chat, id)),
        3 => (chat(), id(), 1..5_usize).prop_map(|(chat, id, digits)| Write::Finish {
            chat, id, started: None, finished: at(5), outcome: numbers(&[digits]).into(),
        }),
        2 => (chat(), id(), body).prop_map(|(chat, id, body)| Write::Times { chat, id, body }),
        2 => (chat(), number(), id()).prop_map(|(chat, kill, id)| Write::Kill {
            chat, kill, ids: vec![id], by: "Ann".to_owned(), body: r#"{"reply_to": 1}"#.to_owned(),
        }),
        2 => (chat(), number(), body).prop_map(|(chat, answer, body)| Write::Say {
            chat, answer, body, instead: Some(Instead::Kill(answer)),
        }),
        1 => number().prop_map(Write::Said),
        1 => (chat(), number(), body).prop_map(|(chat, question, body)| Write::Ask { chat, question, body }),
        1 => (chat(), id(), message()).prop_map(|(chat, id, message)| Write::Card {
            chat, id, message: Some(message), done: true,
        }),
        3 => (chat(), 0..3_i32, message(), body).prop_map(|(chat, thread, message, body)| Write::Dash {
            chat, thread: Some(thread), message, body,
        }),
        1 => (chat(), message()).prop_map(|(chat, message)| Write::DashGone(chat, message)),
        1 => chat().prop_map(|chat| Write::Leave(chat, at(3))),
        1 => chat().prop_map(Write::Return),
        2 => (chat(), prop_oneof![Just("language"), Just("kill")], body)
            .prop_map(|(chat, key, value)| Write::Set { chat, key, value }),
        1 => (chat(), any::<bool>()).prop_map(|(chat, allowed)| Write::Access { chat, allowed }),
        1 => any::<bool>().prop_map(Write::Paused),
        3 => (chat(), number(), prop::option::of(body))
            .prop_map(|(chat, number, body)| Write::Schedule { chat, number, body }),
        1 => (chat(), number(), body, prop::option::of(body)).prop_map(|(chat, number, body, schedule)| Write::Say {
            chat, answer: number, body, instead: Some(Instead::Schedule(number, schedule)),
        }),
        1 => prop::collection::vec(any::<(i64, u64)>(), 0..3).prop_map(Write::Handled),
        3 => (chat(), chat()).prop_map(|(from, to)| Write::Move { from, to }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn who_follows_has_the_same_rows(
        groups in prop::collection::vec(prop::collection::vec(any_write(), 1..12), 1..12),
        forgotten in prop::collection::vec((1..4_i64, 1..6_u64), 0..6),
    ) {
        let (mut leader, follower) = (database(), database());
        changes::watch(&leader).unwrap();
        changes::follow(&follower).unwrap();
        let mut forgotten = forgotten.into_iter();
        for group in groups {
            let transaction = leader.transaction().unwrap();
            // Some writes cannot be done, as an id that is there already: their group is not committed.
            let done = group.iter().try_for_each(|write| apply(&transaction, Path::new("nowhere"), write));
            if let Some((chat, id)) = forgotten.next() {
                rows::forget(&transaction, ChatId(chat), JobId(id)).unwrap();
            }
            if done.is_err() {
                continue;
            }
            let sent = sent(&transaction);
            transaction.commit().unwrap();
            sent.apply(&follower).unwrap();
            prop_assert_eq!(dump(&leader), dump(&follower));
        }
    }
}

#[test]
fn what_was_not_committed_is_not_sent_with_the_next() {
    let mut leader = database();
    changes::watch(&leader).unwrap();
    let transaction = leader.transaction().unwrap();
    apply(&transaction, Path::new("nowhere"), &accept(CHAT, 1)).unwrap();
    drop(transaction);
    assert!(changes::collect(&leader).unwrap().is_empty());
}
