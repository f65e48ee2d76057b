//! Schedules over the end of the process. Its clock is the system's: instead of it, what the store has is moved.

use jobboard::sandbox::{ChatId, View};
use rusqlite::{Connection, params};

use crate::process::{Ground, Talk};

/// When the schedule is planned next.
fn next(ground: &Ground) -> i64 {
    let connection = Connection::open(ground.store()).unwrap();
    let sql = "SELECT json_extract(body, '$.next') FROM schedule WHERE number = 1";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// It was made a day before this, its next time.
pub(crate) fn make_due(ground: &Ground, since: i64) {
    let connection = Connection::open(ground.store()).unwrap();
    let sql =
        "UPDATE schedule SET body = json_set(body, '$.said', ?1 - 86400, '$.next', ?1) WHERE number = 1";
    assert_eq!(connection.execute(sql, params![since]).unwrap(), 1);
}

/// As it was before the note that it ran.
fn forget_that_it_ran(ground: &Ground, planned: i64) {
    let connection = Connection::open(ground.store()).unwrap();
    let sql = "UPDATE schedule SET body = json_set(body, '$.next', ?1) WHERE number = 1";
    assert_eq!(connection.execute(sql, params![planned]).unwrap(), 1);
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// How often it was told that something was missed.
fn missed(view: &View<'_>, chat: ChatId) -> usize {
    view.messages(chat).iter().filter(|found| found.text.contains("missed")).count()
}

async fn tasks(talk: &Talk<'_>) -> String {
    talk.says("help").await;
    talk.says("dash").await.text.lines().next().unwrap_or_default().replace(" · ● live", "")
}

#[tokio::test]
async fn an_occurrence_is_run_once_however_the_bot_ends() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let made = talk.says("every 1d fib 20").await;
    assert!(made.text.starts_with("Schedule 1: every 1d fib 20\n"), "{}", made.text);
    bot.kill();

    // Ten days ago: ten were missed, and the last of them runs.
    let planned = next(&ground) - 10 * 86_400 - 3_600;
    make_due(&ground, planned);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let told = talk.sees("what was missed", |found| found.text.contains("were missed")).await;
    assert!(told.text.starts_with("Schedule 1, every 1d fib 20: 10 runs were missed"), "{}", told.text);
    let card = talk.sees("the card", |found| found.text.contains("schedule 1\nfib 20")).await;
    assert!(card.text.starts_with("Task 1 is submitted") && card.reply_to == made.reply_to, "{card:?}");
    talk.sees_in(&card, "is 4181").await;
    talk.says("help").await;
    bot.kill();

    // Between the task and the note that there is one: the store has the one and not the other. What was not told yet is told.
    let after = next(&ground);
    assert_eq!((after - planned) % 86_400, 0);
    for round in 1..3 {
        forget_that_it_ran(&ground, after - 86_400);
        let bot = ground.start();
        let talk = ground.private(&bot, ann);
        let told = |view: &View<'_>| (missed(view, talk.chat) == 1 + round).then_some(());
        talk.until("what was missed", told).await;
        assert_eq!(tasks(&talk).await, "Board: 1 task, 0 running, 0 queued");
        assert!(talk.says("schedules").await.text.starts_with("1 schedule:\n1: every 1d fib 20 · Ann"));
        bot.kill();
        assert_eq!(next(&ground), after);
    }

    // The same of one that comes in time.
    let planned = now() + 2;
    make_due(&ground, planned);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card =
        talk.sees("the card", |found| found.text.starts_with("Task 2 is submitted · schedule 1")).await;
    talk.sees_in(&card, "is 4181").await;
    bot.kill();
    forget_that_it_ran(&ground, planned);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert_eq!(tasks(&talk).await, "Board: 2 tasks, 0 running, 0 queued");
    assert_eq!(ground.telegram.view(|view| missed(view, talk.chat)), 3, "what has run was not missed");
    bot.stop().await;
    assert_eq!(next(&ground), planned + 86_400);
}

#[tokio::test]
async fn killed_again_and_again_while_it_is_due_it_is_run_once() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.says("every 1d fib 20").await;
    bot.kill();
    make_due(&ground, next(&ground) - 86_400 - 3_600);
    for round in 0..8 {
        let bot = ground.start();
        bot.logs("started").await;
        // A little later in each round, by what has happened meanwhile and not by a clock.
        for _ in 0..round {
            ground.telegram.say(ground.telegram.private_chat(ann), ann, "help");
        }
        bot.kill();
    }
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.sees("the end", |found| found.text.contains("schedule 1\nfib 20") && found.text.contains("is 4181"))
        .await;
    assert_eq!(tasks(&talk).await, "Board: 1 task, 0 running, 0 queued");
    let told = ground.telegram.view(|view| missed(view, talk.chat));
    // The one message that was on its way at a crash may come twice.
    assert!((1..=9).contains(&told), "{told}");
    bot.stop().await;
}
