//! Chats that have removed the bot, and questions that are not found out yet.

use super::*;

const OTHER: ChatId = ChatId(1);

fn finished(store: &Store, chat: ChatId, id: u64, when: u64) {
    write(store, accept(chat, id));
    let (id, outcome) = (JobId(id), Arc::new(numbers(&[5])));
    write(store, Write::Finish { chat, id, started: None, finished: at(when), outcome });
}

fn ask(chat: ChatId, question: u64, body: &str) -> Write {
    Write::Ask { chat, question, body: body.to_owned() }
}

#[test]
fn a_chat_that_left_is_told_nothing_and_its_board_is_kept_for_its_time() {
    let folder = folder();
    let keep = Keep { time: Duration::from_secs(10), away: Duration::from_secs(1000), ..ALL };
    let (store, _) = Store::open(folder.path(), keep).unwrap();
    finished(&store, CHAT, 1, 0);
    finished(&store, OTHER, 1, 0);
    write(&store, accept(CHAT, 2));
    write(&store, kill(1, &[2], "Ann"));
    for (answer, chat) in [(1, CHAT), (2, OTHER)] {
        write(&store, Write::Say { chat, answer, body: "hello".to_owned(), instead: None });
    }
    write(&store, ask(CHAT, 1, "?"));
    write(&store, Write::Leave(CHAT, at(100)));
    // The first time counts.
    write(&store, Write::Leave(CHAT, at(900)));
    let loaded = open(&crashed(&folder)).1;
    assert_eq!(loaded.away, [CHAT]);
    assert_eq!(loaded.answers, [(OTHER, 2, "hello".to_owned())]);
    assert_eq!((loaded.kills, loaded.questions), (vec![], vec![]));
    assert!(loaded.jobs.iter().filter(|job| job.chat == CHAT).all(|job| job.card_done));

    write(&store, finish(2, numbers(&[5])));
    // Older than finished jobs may get elsewhere, and there still.
    assert_eq!(store.retain(at(1100)).unwrap().jobs, [(OTHER, JobId(1))]);
    assert_eq!(store.retain(at(1101)).unwrap().jobs, [(CHAT, JobId(1)), (CHAT, JobId(2))]);
    let loaded = open(&crashed(&folder)).1;
    assert_eq!((loaded.away, loaded.last_ids), (vec![], vec![(CHAT, JobId(2)), (OTHER, JobId(1))]));
}

#[test]
fn a_chat_that_is_back_keeps_its_board() {
    let folder = folder();
    let (store, _) = Store::open(folder.path(), Keep { away: Duration::from_secs(10), ..ALL }).unwrap();
    finished(&store, CHAT, 1, 0);
    write(&store, Write::Leave(CHAT, at(100)));
    write(&store, Write::Return(CHAT));
    assert_eq!(store.retain(at(1000)).unwrap(), Dropped::default());
    let loaded = open(&crashed(&folder)).1;
    assert_eq!((ids(&loaded), loaded.away), (vec![1], vec![]));
}

#[test]
fn a_question_is_there_until_it_was_asked_and_moves_with_its_chat() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, ask(CHAT, 1, r#"{"reply_to":{"message":7},"wish":"x"}"#));
    write(&store, ask(CHAT, 2, "{}"));
    write(&store, Write::Asked(2));
    write(&store, Write::Move { from: CHAT, to: OTHER });
    let questions = open(&crashed(&folder)).1.questions;
    let [(OTHER, 1, body)] = questions.as_slice() else { panic!("{questions:?}") };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["wish"], &body["reply_to"]["message"]), (&"x".into(), &0.into()));
}
