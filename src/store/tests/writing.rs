//! What is written comes back, in order, in groups, each write by itself.

use super::*;

/// Transactions in the log.
fn commits(folder: &TempDir) -> usize {
    let log = fs::read(folder.path().join("jobboard.db-wal")).unwrap();
    // A header of 32 bytes, then frames: a header of 24, whose second number is not 0 in a commit's last, and a page.
    log[32..].chunks(24 + 4096).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn jobs_come_back_as_they_were_accepted_in_order() {
    let folder = folder();
    let (store, loaded) = open(&folder);
    assert!(loaded.jobs.is_empty());
    let mut pressed = job(3);
    pressed.origin = Origin { message: MessageId(1), thread: Some(9), callback: Some("c\0'".to_owned()) };
    pressed.spec = Spec::DexMulti(vec!["pikachu".parse().unwrap(), "25".parse().unwrap()]);
    pressed.submitted = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
    write(&store, accept(CHAT, 2));
    write(&store, Write::Accept(ChatId(5), Box::new(job(1))));
    write(&store, Write::Accept(CHAT, Box::new(pressed.clone())));
    store.close();
    let (_store, loaded) = open(&folder);
    assert_eq!(loaded.jobs.iter().map(|job| job.chat).collect::<Vec<_>>(), [CHAT, ChatId(5), CHAT]);
    assert_eq!(lines(&loaded)[0], line(job(2)));
    assert_eq!(lines(&loaded)[2], line(pressed));
}

#[test]
fn every_outcome_comes_back() {
    let outcomes = [
        numbers(&[5, 1]),
        Outcome::Succeeded(Output::Pokemon(vec![MemberResult {
            key: "x".parse().unwrap(),
            result: Err(Failure::NoSuchPokemon("x".parse().unwrap())),
        }])),
        Outcome::Failed(Failure::TookTooLong(Duration::from_millis(1500))),
        Outcome::Failed(Failure::StoppedTheBot(3)),
        Outcome::Cancelled(CancelReason::Killed { by: "Ann".to_owned() }),
    ];
    let folder = folder();
    let (store, _) = open(&folder);
    for (id, outcome) in (1..).zip(&outcomes) {
        write(&store, accept(CHAT, id));
        write(&store, finish(id, outcome.clone()));
    }
    let (_store, loaded) = open(&crashed(&folder));
    for (id, (outcome, stored)) in (1..).zip(outcomes.iter().zip(&loaded.jobs)) {
        let (started, finished) = (Some(at(1000 + id)), at(2000 + id));
        let outcome = Arc::new(outcome.clone());
        assert_eq!(stored.job.state, State::Finished { started, finished, outcome });
    }
    assert_eq!(loaded.jobs.len(), outcomes.len());
}

#[test]
fn kills_cards_answers_and_handled_updates_come_back() {
    let folder = folder();
    let (store, _) = open(&folder);
    for id in 1..=2 {
        write(&store, accept(CHAT, id));
    }
    write(&store, kill(8, &[1, 77], "Ann"));
    write(&store, kill(9, &[1, 2], "Bob"));
    write(&store, Write::Card { chat: CHAT, id: JobId(2), message: Some(MessageId(40)), done: true });
    for answer in [11, 10, u64::MAX] {
        let kill = (answer == 10).then_some(8);
        write(
            &store,
            Write::Say {
                chat: CHAT,
                answer,
                body: format!("say {answer}"),
                instead: kill.map(Instead::Kill),
            },
        );
    }
    write(&store, Write::Said(11));
    write(&store, Write::Handled(vec![(1, 2)]));
    write(&store, Write::Handled(vec![(3, u64::MAX), (-4, 0)]));
    let (_store, loaded) = open(&crashed(&folder));
    let killed_by: Vec<_> = loaded.jobs.iter().map(|job| job.killed_by.as_deref()).collect();
    assert_eq!(killed_by, [Some("Ann"), Some("Bob")]);
    assert_eq!(loaded.kills, [(CHAT, 9, "kill 9".to_owned())]);
    let answers: Vec<_> =
        loaded.answers.iter().map(|(chat, answer, body)| (*chat, *answer, &**body)).collect();
    assert_eq!(answers, [(CHAT, u64::MAX, "say 18446744073709551615"), (CHAT, 10, "say 10")]);
    assert_eq!(loaded.handled, [(3, u64::MAX), (-4, 0)]);
    assert_eq!((loaded.jobs[0].card, loaded.jobs[0].card_done), (None, false));
    assert_eq!((loaded.jobs[1].card, loaded.jobs[1].card_done), (Some(MessageId(40)), true));
}

#[test]
fn a_finished_job_never_changes_but_its_card_does() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    write(&store, start(1));
    write(&store, finish(1, numbers(&[3])));
    let (_before, before) = open(&crashed(&folder));
    write(&store, Write::Start { chat: CHAT, id: JobId(1), attempt: 9, started: at(9000) });
    write(&store, finish(1, Outcome::Failed(Failure::Panicked)));
    write(&store, kill(1, &[1], "Ann"));
    write(&store, Write::Pause(CHAT, JobId(1)));
    let (_after, after) = open(&crashed(&folder));
    assert_eq!(lines(&before), lines(&after));
    write(&store, Write::Card { chat: CHAT, id: JobId(1), message: Some(MessageId(4)), done: true });
    let (_after, after) = open(&crashed(&folder));
    assert_eq!((after.jobs[0].card, after.jobs[0].card_done), (Some(MessageId(4)), true));
}

#[test]
fn a_group_that_moves_takes_all_with_it() {
    let (folder, to) = (folder(), ChatId(-500));
    let (store, _) = open(&folder);
    for id in 1..=2 {
        write(&store, accept(CHAT, id));
    }
    write(&store, Write::Card { chat: CHAT, id: JobId(1), message: Some(MessageId(4)), done: false });
    write(&store, kill(1, &[1], "Ann"));
    write(&store, Write::Say { chat: CHAT, answer: 1, body: "say".to_owned(), instead: None });
    for _ in 0..2 {
        write(&store, Write::Move { from: CHAT, to });
    }
    // It has messages of its own, with the same numbers.
    write(&store, Write::Accept(to, Box::new(job(3))));
    let mut same = job(4);
    same.origin.message = MessageId(1);
    write(&store, Write::Accept(to, Box::new(same)));
    let (_store, loaded) = open(&crashed(&folder));
    assert!(loaded.jobs.iter().all(|job| job.chat == to));
    assert_eq!(ids(&loaded), [1, 2, 3, 4]);
    assert_eq!(loaded.jobs[0].card, None);
    assert_eq!(loaded.jobs[1].job.origin, Origin { message: MessageId(0), thread: None, callback: None });
    assert_eq!((loaded.kills[0].0, loaded.answers[0].0), (to, to));
    assert_eq!(loaded.moved, [(CHAT, to)]);
}

#[test]
fn the_newest_dash_of_each_topic_is_the_live_one() {
    let (folder, to) = (folder(), ChatId(-500));
    let (store, _) = open(&folder);
    let dash = |message, thread| {
        let body = format!("dash {message}");
        write(&store, Write::Dash { chat: CHAT, thread, message: MessageId(message), body });
    };
    let loaded = || {
        let dashes = open(&crashed(&folder)).1.dashes;
        dashes.into_iter().map(|dash| (dash.chat, dash.message, dash.thread, dash.live)).collect::<Vec<_>>()
    };
    let message = |message| Some(MessageId(message));
    for (message, thread) in [(1, None), (2, Some(9)), (3, None), (4, None)] {
        dash(message, thread);
    }
    write(&store, Write::DashGone(CHAT, MessageId(1)));
    let all =
        [(CHAT, message(2), Some(9), true), (CHAT, message(3), None, false), (CHAT, message(4), None, true)];
    assert_eq!(loaded(), all);
    // Turned.
    dash(4, None);
    assert_eq!(loaded(), all);
    write(&store, Write::DashGone(CHAT, MessageId(2)));
    write(&store, Write::Move { from: CHAT, to });
    assert_eq!(loaded(), [(to, None, None, true)]);
    write(&store, Write::Dash { chat: to, thread: None, message: MessageId(7), body: String::new() });
    assert_eq!(loaded(), [(to, message(7), None, true)]);
}

#[test]
fn a_board_is_not_mixed_with_another_one() {
    let (folder, to) = (folder(), ChatId(-500));
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    write(&store, Write::Accept(to, Box::new(job(1))));
    assert!(try_write(&store, Write::Move { from: CHAT, to }).is_err());
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!(loaded.jobs.iter().map(|job| job.chat).collect::<Vec<_>>(), [CHAT, to]);
    assert!(loaded.moved.is_empty());
}

#[test]
fn what_waits_is_committed_together() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    let before = commits(&folder);
    let held = hold(&store);
    let committed: Vec<_> = (2..=301).map(|id| store.write(accept(CHAT, id))).collect();
    assert_eq!(commits(&folder), before);
    drop(held);
    for committed in committed {
        block_on(committed).unwrap();
    }
    // 256, and the rest.
    assert_eq!(commits(&folder), before + 2);
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!(ids(&loaded), (1..=301).collect::<Vec<_>>());
}

#[test]
fn a_bad_write_harms_no_other() {
    let folder = folder();
    let (store, _) = open(&folder);
    let held = hold(&store);
    let [first, again, other] = [1, 1, 2].map(|id| store.write(accept(CHAT, id)));
    drop(held);
    assert_eq!(block_on(first), Ok(()));
    assert!(matches!(block_on(again), Err(WriteError::Io(_))));
    assert_eq!(block_on(other), Ok(()));
    assert_eq!(ids(&open(&crashed(&folder)).1), [1, 2]);
}

#[test]
fn an_origin_makes_one_job() {
    let folder = folder();
    let (store, _) = open(&folder);
    let with = |id, message, callback: Option<&str>| {
        let mut job = job(id);
        job.origin.message = MessageId(message);
        job.origin.callback = callback.map(str::to_owned);
        try_write(&store, Write::Accept(CHAT, Box::new(job)))
    };
    assert!(with(1, 7, None).is_ok());
    assert!(with(2, 7, None).is_err());
    assert!(with(3, 7, Some("a")).is_ok());
    assert!(with(4, 7, Some("b")).is_ok());
    assert!(with(5, 7, Some("a")).is_err());
}

#[test]
fn what_nobody_waits_for_is_written_too() {
    let folder = folder();
    let (store, _) = open(&folder);
    drop(store.write(accept(CHAT, 1)));
    store.close();
    assert_eq!(ids(&open(&folder).1), [1]);
}

#[test]
fn a_store_that_keeps_nothing_says_yes_to_all() {
    let store = Store::none();
    write(&store, accept(CHAT, 1));
    let outcome = numbers(&[9000]);
    assert_eq!(block_on(store.keep(CHAT, JobId(1), outcome.clone())), Ok(outcome));
    assert_eq!(store.retain(at(0)), Ok(Dropped::default()));
    store.close();
}

#[test]
fn what_is_noted_of_a_transaction_is_in_memory() {
    let folder = folder();
    let (store, _) = open(&folder);
    let kept = |connection: &mut Connection| {
        connection.pragma_query_value(None, "temp_store", |row| row.get::<_, u32>(0))
    };
    // 2: not in files, which is what SQLite does by itself.
    assert_eq!(inside(&store, kept), 2);
}
