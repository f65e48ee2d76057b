//! What chats have scheduled.

use jiff::Timestamp;

use super::*;
use crate::{
    board::schedules::{NotScheduled, Occurred, Wanted},
    schedule::{Interval, NoTime, ScheduleId, When, Zone},
    store::{Keep, Loaded},
};

const KEEP: Keep = Keep { jobs: 10, time: Duration::MAX, bytes: u64::MAX, away: Duration::MAX };
const LIMIT: usize = 5;
const LOOK: Duration = Duration::from_millis(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// Something every so many seconds, said in this message.
fn every(seconds: u64, message: i32) -> Wanted {
    let when = When::Every(Interval::try_from(seconds).unwrap());
    Wanted { when, zone: Zone::UTC, spec: Spec::Fib(7), person: person("Ann"), reply_to: origin(message) }
}

fn numbers(boards: &Boards, chat: ChatId) -> Vec<u64> {
    boards.schedules(chat).iter().map(|schedule| schedule.id.0).collect()
}

#[tokio::test]
async fn one_message_makes_one_schedule_and_a_number_is_given_once() {
    let boards = boards(quick(), LIMITS);
    for (chat, message, number) in [(1, 1, 1), (1, 2, 2), (2, 1, 1), (1, 2, 2)] {
        let made = boards.schedule(ChatId(chat), every(60, message), LIMIT, at(0)).await.unwrap();
        assert_eq!((made.id.0, made.next), (number, at(60)));
    }
    assert_eq!((numbers(&boards, ChatId(1)), numbers(&boards, ChatId(2))), (vec![1, 2], vec![1]));
    assert!(boards.unschedule(ChatId(1), ScheduleId(2)).await.unwrap().is_ok());
    assert!(boards.unschedule(ChatId(1), ScheduleId(2)).await.is_none());
    assert_eq!(boards.schedule(ChatId(1), every(60, 3), LIMIT, at(0)).await.unwrap().id, ScheduleId(3));
}

#[tokio::test]
async fn what_no_board_would_take_is_not_scheduled() {
    let boards = boards(quick(), LIMITS);
    let refused = |wanted, limit| boards.schedule(CHAT, wanted, limit, at(0));
    let large = Wanted { spec: Spec::Fib(1001), ..every(60, 1) };
    let too_large = Refusal::FibTooLarge { n: 1001, limit: 1000 };
    assert_eq!(refused(large, LIMIT).await, Err(NotScheduled::Refused(too_large)));
    assert_eq!(refused(every(60, 2), 0).await, Err(NotScheduled::TooMany { count: 0, limit: 0 }));
    let day = crate::schedule::Day::On(jiff::civil::date(1969, 1, 1));
    let past = Wanted { when: When::At(day, jiff::civil::time(3, 0, 0, 0)), ..every(60, 3) };
    assert_eq!(refused(past, LIMIT).await, Err(NotScheduled::NoTime(NoTime::Past)));
    assert!(boards.schedules(CHAT).is_empty());
}

#[tokio::test]
async fn what_is_not_stored_is_not_scheduled() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), KEEP).unwrap();
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let work = Work::new(CpuPool::new(1).unwrap(), Engine::on_workers(quick()), pokeapi);
    let boards = Boards::new(work, store.clone(), LIMITS);
    store.close();
    let refused = boards.schedule(CHAT, every(60, 1), LIMIT, at(0)).await;
    assert!(matches!(refused, Err(NotScheduled::Refused(Refusal::NotStored(_)))), "{refused:?}");
    assert!(boards.schedules(CHAT).is_empty());
}

#[tokio::test]
async fn all_that_is_due_is_handed_out_and_comes_again_later() {
    let boards = boards(quick(), LIMITS);
    for chat in 1..=100 {
        boards.schedule(ChatId(chat), every(60, 1), LIMIT, at(0)).await.unwrap();
    }
    boards.schedule(ChatId(1), every(90, 2), LIMIT, at(0)).await.unwrap();
    let mut handed_out = 0;
    while handed_out < 100 {
        for (chat, schedule) in boards.next_due(|| at(60), LOOK).await {
            assert_eq!(schedule.next, at(60));
            let after = boards.advance(chat, schedule.id, at(61), Occurred::Refused).unwrap();
            assert_eq!((after.schedule.next, after.schedule.refused), (at(120), 1));
            handed_out += 1;
        }
    }
    let due = boards.next_due(|| at(90), LOOK).await;
    assert_eq!(due.iter().map(|(chat, due)| (chat.0, due.id.0)).collect::<Vec<_>>(), [(1, 2)]);
    // What was taken back meanwhile does not come again.
    assert!(boards.unschedule(ChatId(1), ScheduleId(2)).await.is_some());
    assert!(boards.advance(ChatId(1), ScheduleId(2), at(91), Occurred::Done).is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_left_alone_and_who_left_has_nothing() {
    let boards = boards(quick(), LIMITS);
    let made = boards.schedule(CHAT, every(60, 1), LIMIT, at(0)).await.unwrap();
    let body = serde_json::to_string(&made).unwrap();
    let (gone, denied) = (ChatId(7), ChatId(8));
    let loaded = Loaded {
        schedules: vec![
            (ChatId(3), 1, "of a later version".to_owned()),
            (ChatId(3), 4, body.clone()),
            (gone, 1, body.clone()),
            (denied, 1, body),
        ],
        last_schedules: vec![(ChatId(3), 9)],
        away: vec![gone],
        access: vec![(denied, false)],
        ..Loaded::default()
    };
    let boards = super::boards(quick(), LIMITS);
    boards.restore(&loaded);
    assert_eq!([ChatId(3), gone, denied].map(|chat| numbers(&boards, chat)), [vec![4], vec![], vec![]]);
    let next = boards.schedule(ChatId(3), every(60, 2), LIMIT, at(0)).await.unwrap();
    assert_eq!(next.id, ScheduleId(10));
}
