//! What is scheduled.

use super::*;

const THERE: ChatId = ChatId(-1_000_000_000_007);

fn schedule(chat: ChatId, number: u64, body: Option<&str>) -> Write {
    Write::Schedule { chat, number, body: body.map(str::to_owned) }
}

fn rows(chat: ChatId, rows: &[(u64, &str)]) -> Vec<(ChatId, u64, String)> {
    rows.iter().map(|(number, body)| (chat, *number, (*body).to_owned())).collect()
}

/// A job of a schedule's occurrence.
fn occurrence(chat: ChatId, id: u64, message: i32) -> Write {
    let mut job = job(id);
    job.origin =
        Origin { message: MessageId(message), thread: None, callback: None }.of_schedule(3, 1_767_225_600);
    Write::Accept(chat, Box::new(job))
}

#[test]
fn schedules_come_back_and_their_numbers_are_not_given_again() {
    let folder = folder();
    let (store, _) = open(&folder);
    for write in [
        schedule(CHAT, 1, Some("one")),
        schedule(CHAT, 2, Some("two")),
        schedule(CHAT, 3, Some("three")),
        schedule(CHAT, 2, Some("two, later")),
        schedule(CHAT, 3, None),
        schedule(CHAT, 7, None),
    ] {
        super::write(&store, write);
    }
    let loaded = open(&crashed(&folder)).1;
    assert_eq!(loaded.schedules, rows(CHAT, &[(1, "one"), (2, "two, later")]));
    assert_eq!(loaded.last_schedules, [(CHAT, 3)]);
}

#[test]
fn what_is_told_of_a_schedule_is_stored_with_what_becomes_of_it() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, schedule(CHAT, 1, Some("now")));
    write(&store, schedule(CHAT, 2, Some("once")));
    for (answer, number, body) in [(1, 1, Some("later")), (2, 2, None)] {
        let instead = Some(Instead::Schedule(number, body.map(str::to_owned)));
        write(&store, Write::Say { chat: CHAT, answer, body: "missed".to_owned(), instead });
    }
    let loaded = open(&crashed(&folder)).1;
    assert_eq!((loaded.schedules, loaded.answers.len()), (rows(CHAT, &[(1, "later")]), 2));
}

#[test]
fn schedules_move_with_their_chat_and_go_with_it() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, schedule(CHAT, 4, Some(r#"{"reply_to":{"message":7},"spec":1}"#)));
    write(&store, schedule(THERE, 9, None));
    write(&store, occurrence(CHAT, 1, 7));
    write(&store, Write::Move { from: CHAT, to: THERE });
    let loaded = open(&crashed(&folder)).1;
    let [(THERE, 4, body)] = loaded.schedules.as_slice() else { panic!("{:?}", loaded.schedules) };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["spec"], &body["reply_to"]["message"]), (&1.into(), &0.into()));
    assert_eq!(loaded.last_schedules, [(THERE, 4)]);
    // Its jobs are known as what they are: no occurrence runs twice.
    let origin = &loaded.jobs[0].job.origin;
    assert_eq!((origin.message, origin.schedule()), (MessageId(0), Some(3)));
    assert!(try_write(&store, occurrence(THERE, 2, 0)).is_err());

    write(&store, Write::Leave(THERE, at(5)));
    let loaded = open(&crashed(&folder)).1;
    assert_eq!((loaded.schedules, loaded.last_schedules), (vec![], vec![(THERE, 4)]));
}

#[test]
fn an_occurrence_makes_one_job() {
    let folder = folder();
    let (store, _) = open(&folder);
    assert!(try_write(&store, occurrence(CHAT, 1, 0)).is_ok());
    assert!(try_write(&store, occurrence(CHAT, 2, 0)).is_err());
    assert!(try_write(&store, occurrence(CHAT, 3, 9)).is_err());
    assert!(try_write(&store, occurrence(THERE, 1, 0)).is_ok());
}
