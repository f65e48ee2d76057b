//! What is run again and again, or later. The clock is the test's: nobody waits for it.

mod missed;
pub(crate) mod process;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use jobboard::{config::Clock, sandbox::Message, work::Engine};

use crate::world::{Held, Setup, Speaker, World, config};

/// A clock that is moved by hand.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    /// Seconds since 1970 of a time as `2026-03-28T12:00:00Z`.
    pub(crate) fn at(time: &str) -> Self {
        Self(Arc::new(AtomicI64::new(seconds(time))))
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = self.0.clone();
        Clock::new(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(hands.load(Ordering::SeqCst).unsigned_abs())
        })
    }

    pub(crate) fn turn_to(&self, time: &str) {
        self.0.store(seconds(time), Ordering::SeqCst);
    }
}

fn seconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_second()
}

async fn world(hands: &Hands, change: impl FnOnce(&mut Setup)) -> World {
    World::with(|setup| {
        change(setup);
        setup.config.clock = hands.clock();
        setup.config.timings.clock_look = Duration::from_millis(2);
    })
    .await
}

/// The card of this task.
async fn card(person: &Speaker<'_>, task: u64) -> Message {
    let start = format!("Task {task} is submitted");
    person.sees(&format!("the card of task {task}"), |found| found.text.starts_with(&start)).await
}

/// So many tasks are on the board, and there is no more to come: what is due has been looked at many times by now.
async fn has_tasks(person: &Speaker<'_>, count: usize) {
    for _ in 0..20 {
        person.says("help").await;
    }
    let board = person.says("dash").await.text;
    let head = match count {
        0 => "The board is empty".to_owned(),
        1 => "Board: 1 task,".to_owned(),
        count => format!("Board: {count} tasks,"),
    };
    assert!(board.starts_with(&head), "{head} {board}");
}

#[tokio::test]
async fn every_runs_again_and_again_and_its_cards_say_so() {
    let hands = Hands::at("2026-01-01T00:00:10Z");
    let world = world(&hands, |_| ()).await;
    let ann = world.person("Ann");
    let made = ann.says("every 6h fib 10").await;
    assert_eq!(
        made.text, "Schedule 1: every 6h fib 10\nNext: 2026-01-01 06:00:10 UTC, in 6 h",
        "an interval needs no time zone"
    );
    hands.turn_to("2026-01-01T06:00:09Z");
    has_tasks(&ann, 0).await;
    hands.turn_to("2026-01-01T06:00:10Z");
    let first = ann.sees_in(&card(&ann, 1).await, "is 34").await;
    assert!(first.text.starts_with("Task 1 is submitted · schedule 1\nfib 10 · succeeded"), "{}", first.text);
    assert_eq!(first.reply_to, made.reply_to, "it answers the message that made the schedule");
    assert!(ann.says("job 1").await.text.ends_with(" · schedule 1"));
    hands.turn_to("2026-01-01T12:00:20Z");
    ann.sees_in(&card(&ann, 2).await, "is 34").await;
    let all = ann.says("schedules").await.text;
    assert_eq!(all, "1 schedule:\n1: every 6h fib 10 · Ann · next 2026-01-01 18:00:10 UTC, in 6 h");
    assert_eq!(
        ann.says("unschedule 1").await.text,
        "Schedule 1, every 6h fib 10, is gone. What it has started goes on."
    );
    hands.turn_to("2026-01-03T00:00:00Z");
    has_tasks(&ann, 2).await;
    assert_eq!(ann.says("schedules").await.text, "Nothing is scheduled here. Try: every day 03:00 fib 100");
    // Numbers are not given again.
    assert!(ann.says("every 6h fib 10").await.text.starts_with("Schedule 2: "));
    world.stop().await;
}

#[tokio::test]
async fn many_that_are_taken_back_at_once_fit_a_message() {
    let hands = Hands::at("2026-01-01T00:00:10Z");
    let world = world(&hands, |_| ()).await;
    let ann = world.person("Ann");
    let long: Vec<_> = (100_000..100_050).map(|n: u32| n.to_string()).collect();
    let mut ids = Vec::new();
    for id in 1..=20 {
        ann.says(&format!("every 6h fib-multi {}", long.join(" "))).await;
        ids.push(id.to_string());
    }
    let told = ann.says(&format!("unschedule {} 99", ids.join(" "))).await.text;
    assert_eq!(
        told,
        format!(
            "20 schedules are gone: {}. What they have started goes on.\nThere is no schedule 99",
            ids.join(", ")
        )
    );
    world.stop().await;
}

#[tokio::test]
async fn a_day_is_as_long_as_the_chats_clock_says() {
    let hands = Hands::at("2026-03-28T12:00:00Z");
    let world = world(&hands, |_| ()).await;
    let ann = world.person("Ann");
    let made = ann.says("every day 03:00 fib 10").await.text;
    assert!(
        made.contains("Next: 2026-03-29 03:00 UTC, in 15 h\nThe time zone is UTC, since nobody chose"),
        "{made}"
    );
    let set = ann.says("settings timezone europe/berlin").await.text;
    assert!(set.starts_with("New schedules go by the clock of Europe/Berlin."), "{set}");
    let made = ann.says("every day 03:00 fib 20").await.text;
    // The clock is put forward in this night.
    assert_eq!(made, "Schedule 2: every day 03:00 fib 20\nNext: 2026-03-29 03:00 Europe/Berlin, in 13 h");
    let skipped = ann.says("at 2026-03-29 02:30 fib 30").await.text;
    assert!(skipped.starts_with("at 2026-03-29 02:30: there is no such time in the time zone"), "{skipped}");
    hands.turn_to("2026-03-29T01:00:00Z");
    ann.sees_in(&card(&ann, 1).await, "fib 20").await;
    hands.turn_to("2026-03-29T03:00:00Z");
    ann.sees_in(&card(&ann, 2).await, "fib 10").await;
    let all = ann.says("schedules").await.text;
    assert!(all.contains("1: every day 03:00 fib 10 · Ann · next 2026-03-30 03:00 UTC, in 24 h\n"), "{all}");
    assert!(
        all.contains("2: every day 03:00 fib 20 · Ann · next 2026-03-30 03:00 Europe/Berlin, in 22 h"),
        "{all}"
    );
    world.stop().await;
}

#[tokio::test]
async fn at_runs_once() {
    let hands = Hands::at("2026-10-24T16:29:00Z");
    let world = world(&hands, |_| ()).await;
    let ann = world.person("Ann");
    ann.says("settings timezone Europe/Berlin").await;
    let made = ann.says("at 18:30 fib 10").await.text;
    assert_eq!(made, "Schedule 1: at 2026-10-24 18:30 fib 10\nNext: 2026-10-24 18:30 Europe/Berlin, in 60 s");
    // The clock is put back in this night: half past two comes twice.
    ann.says("at 02:30 fib 20").await;
    let past = ann.says("at 2026-10-24 18:29 fib 10").await.text;
    assert_eq!(past, "at 2026-10-24 18:29: that is in the past, in the time zone Europe/Berlin.");
    hands.turn_to("2026-10-24T16:30:00Z");
    ann.sees_in(&card(&ann, 1).await, "fib 10").await;
    hands.turn_to("2026-10-25T00:30:00Z");
    ann.sees_in(&card(&ann, 2).await, "fib 20").await;
    hands.turn_to("2026-10-25T01:30:00Z");
    has_tasks(&ann, 2).await;
    assert!(ann.says("schedules").await.text.starts_with("Nothing is scheduled here."));
    world.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_would_be_right() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let world = world(&hands, |setup| setup.config.max_fib = 1_000).await;
    let ann = world.person("Ann");
    for (command, answer) in [
        ("every", "every wants a time and a command: every day 03:00 fib 100"),
        ("every 6h", "every wants the command of a task behind the time: every day 03:00 fib 100"),
        ("every 6h fbi 100", "I do not know \"fbi\": did you mean fib?"),
        ("every 6h fib", "fib wants a number: fib 100"),
        (
            "every 6h kill 3",
            "every: only tasks can be scheduled, and kill makes none: every day 03:00 fib 100",
        ),
        ("at 18:30 dash", "at: only tasks can be scheduled, and dash makes none: at 18:30 fib 100"),
        ("every 10s fib 1", "every: 10s is too often, the shortest is 1m: every 1m fib 100"),
        ("every 400d fib 1", "every: 400d is too seldom, the longest is 366d: every 366d fib 100"),
        ("every month fib 1", "every: month is no time of mine, since months and years differ in length."),
        (
            "every 1M fib 1",
            "every: 1M is no time of mine, since months and years differ in length. Minutes are 30m",
        ),
        (
            "every fib 1",
            "every: \"fib\" is neither a time like 30m, 6h or 2d nor a day: every 6h fib 100, every day",
        ),
        (
            "every day fib 1",
            "every wants a time from 00:00 to 23:59 here, and then the command; \"fib\" is none: every",
        ),
        (
            "every day",
            "every wants a time from 00:00 to 23:59 here, and then the command: every day 03:00 fib 100",
        ),
        (
            "at 25:00 fib 1",
            "at wants a time from 00:00 to 23:59 here, and then the command; \"25:00\" is none: at 18:30",
        ),
        (
            "at 2026-13-01 18:30 fib 1",
            "at: \"2026-13-01\" is not a day; write year, month and day: at 2026-12-24",
        ),
        ("every 6h fib 1001", "fib: 1001 is too large, the largest I take is 1000."),
        ("unschedule 9", "There is no schedule 9"),
        ("unschedule x", "unschedule: \"x\" is not a schedule's number: unschedule 3."),
        (
            "settings timezone Berlin",
            "settings timezone: I do not know \"Berlin\": did you mean Europe/Berlin?",
        ),
        ("settings timezone", "settings timezone wants a time zone: settings timezone Europe/Berlin"),
        ("settings missed never", "settings missed: \"never\" is neither run nor skip."),
        ("schedule", "I do not know \"schedule\": did you mean schedules?"),
        ("help at", "at [DATE] TIME COMMAND\nRun a task once, later"),
    ] {
        let said = ann.says(command).await.text;
        assert!(said.starts_with(answer), "{command}: {said}");
    }
    assert!(ann.says("schedules").await.text.starts_with("Nothing is scheduled here."));
    let commands: Vec<_> = world.telegram.commands().into_iter().map(|(name, _)| name).collect();
    for name in ["every", "at", "schedules", "unschedule"] {
        assert!(commands.iter().any(|known| known == name), "{name} is in no menu: {commands:?}");
    }
    ann.says("settings language de").await;
    let said = ann.says("every 6h kill 3").await.text;
    assert!(said.starts_with("every: Nur Tasks lassen sich planen, und kill ist keiner: "), "{said}");
    world.stop().await;
}

#[tokio::test]
async fn who_may_take_a_schedule_back() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let world = world(&hands, |_| ()).await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    world.telegram.set_admin(ann.chat, cleo.person, true);
    for _ in 0..3 {
        ann.says("/every 6h fib 10").await;
    }
    assert_eq!(
        ben.says("/unschedule 1 9").await.text,
        "Schedule 1 is Ann's: only Ann, an admin of this chat or an owner of this bot may take it back.\n\
         There is no schedule 9"
    );
    assert!(ben.says("/settings timezone Europe/Berlin").await.text.starts_with("Only an admin"));
    let all = ben.says("/schedules").await.text;
    assert!(all.starts_with("3 schedules:\n1: every 6h fib 10 · Ann · next "), "{all}");
    assert!(ann.says("/unschedule 1").await.text.ends_with("is gone. What it has started goes on."));
    let gone = cleo.says("/unschedule 2 3").await.text;
    assert!(
        gone.starts_with("Schedule 2, every 6h fib 10, is gone.") && gone.contains("\nSchedule 3, "),
        "{gone}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_chat_has_so_many_and_one_message_makes_one() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let world = world(&hands, |setup| setup.config = config(&["--max-schedules", "2"])).await;
    let ann = world.person("Ann");
    let message = ann.writes("every 6h fib 10");
    ann.answer_to(message).await;
    world.telegram.deliver_again(ann.chat, message);
    ann.says("every 6h fib 11").await;
    let full = "This chat has 2 schedules and may have 2. Take one back with unschedule.";
    assert_eq!(ann.says("every 6h fib 12").await.text, full);
    ann.says("unschedule 1").await;
    assert!(ann.says("every 6h fib 12").await.text.starts_with("Schedule 3: every 6h fib 12"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_told_once_and_runs_as_who_said_it() {
    let (hands, held) = (Hands::at("2026-01-01T00:00:00Z"), Held::new());
    let world = world(&hands, |setup| {
        setup.engine = held.attentive();
        setup.config.max_live_jobs_person = std::num::NonZeroUsize::new(1);
    })
    .await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    ann.says("/every 1h fib 10").await;
    // Ann has one task that goes on; Ben has none.
    ann.says("/fib 20").await;
    held.began(1).await;
    for hour in 1..5 {
        hands.turn_to(&format!("2026-01-01T0{hour}:00:00Z"));
        is_refused(&ben, hour).await;
    }
    let refused = not_run(&ann);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0]
            .starts_with("Schedule 1, every 1h fib 10, was not run: You have 1 unfinished task in all chats")
            && refused[0].ends_with("Its next time is 2026-01-01 02:00 UTC."),
        "{refused:?}"
    );
    held.release();
    ann.sees_in(&card(&ann, 1).await, "is 4181").await;
    hands.turn_to("2026-01-01T05:00:00Z");
    ann.sees_in(&card(&ann, 2).await, "is 34").await;
    let all = ben.says("/schedules").await.text;
    assert!(!all.contains("not taken"), "{all}");
    world.stop().await;
}

/// Waits until so many tasks in a row were not taken.
async fn is_refused(asker: &Speaker<'_>, times: u64) {
    let wanted =
        if times == 1 { "its last task was".to_owned() } else { format!("its last {times} tasks were") };
    let asked = async { while !asker.says("/schedules").await.text.contains(&wanted) {} };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("it is not refused");
}

/// All that was said of what was not run.
fn not_run(person: &Speaker<'_>) -> Vec<String> {
    let heard = person.heard().into_iter().map(|found| found.text);
    heard.filter(|text| text.contains("was not run")).collect()
}

#[tokio::test]
async fn one_task_of_a_schedule_at_a_time() {
    let (hands, held) = (Hands::at("2026-01-01T00:00:00Z"), Held::new());
    let world = world(&hands, |setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    ann.says("every 1h fib 10").await;
    hands.turn_to("2026-01-01T01:00:00Z");
    held.began(1).await;
    for hour in 2..5 {
        hands.turn_to(&format!("2026-01-01T0{hour}:00:00Z"));
        is_refused(&ann, hour - 1).await;
    }
    let why = "was not run: its task 1 from the time before is not finished. Its next time is 2026-01-01 03:00 UTC.";
    assert_eq!(not_run(&ann), [format!("Schedule 1, every 1h fib 10, {why}")]);
    held.release();
    ann.sees_in(&card(&ann, 1).await, "is 34").await;
    hands.turn_to("2026-01-01T05:00:00Z");
    ann.sees_in(&card(&ann, 2).await, "is 34").await;
    has_tasks(&ann, 2).await;
    world.stop().await;
}

#[tokio::test]
async fn who_removes_the_bot_has_nothing_scheduled_any_more() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let mut world = world(&hands, |setup| setup.config = config(&["--owners", "1000001"])).await;
    let (ann_chat, ann_person) = {
        let (olga, ann, ben) = (world.person("Olga"), world.person("Ann"), world.person("Ben"));
        // Ben has a board, too, and Ann has none.
        ben.runs("fib 10", "is 34").await;
        for person in [ann, ben] {
            person.says("every 1h fib 11").await;
        }
        world.telegram.block(ann.person);
        olga.says(&format!("deny {}", ben.chat.0)).await;
        olga.says("help").await;
        hands.turn_to("2026-01-01T05:00:00Z");
        has_tasks(&olga, 0).await;
        world.telegram.unblock(ann.person);
        olga.says(&format!("allow {}", ben.chat.0)).await;
        for person in [ann, ben] {
            assert!(person.says("schedules").await.text.starts_with("Nothing is scheduled here."));
        }
        has_tasks(&ann, 0).await;
        has_tasks(&ben, 1).await;
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    world.start_again(Engine::new());
    let ann = world.speaker(ann_chat, ann_person);
    hands.turn_to("2026-01-01T08:00:00Z");
    has_tasks(&ann, 0).await;
    assert!(ann.says("every 1h fib 12").await.text.starts_with("Schedule 2: "));
    world.stop().await;
}

#[tokio::test]
async fn a_supergroup_has_what_its_group_had() {
    let hands = Hands::at("2026-01-01T00:00:00Z");
    let mut world = world(&hands, |_| ()).await;
    let (there, person) = {
        let [ann] = world.group(["Ann"]);
        ann.says("/settings timezone Asia/Tokyo").await;
        ann.says("/every 1h fib 10").await;
        hands.turn_to("2026-01-01T01:00:00Z");
        card(&ann, 1).await;
        let there = world.telegram.migrate(ann.chat);
        let ann = ann.in_chat(there);
        hands.turn_to("2026-01-01T02:00:00Z");
        let card = ann.sees_in(&card(&ann, 2).await, "is 34").await;
        assert_eq!(card.reply_to, None, "what it answers is not in this chat");
        assert!(card.text.starts_with("Task 2 is submitted · schedule 1\n"), "{}", card.text);
        let all = ann.says("/schedules").await.text;
        assert!(all.ends_with("next 2026-01-01 12:00 Asia/Tokyo, in 60 min"), "{all}");
        (there, ann.person)
    };
    world.stop_bot().await;
    world.start_again(Engine::new());
    let ann = world.speaker(there, person);
    let all = ann.says("/schedules").await.text;
    assert!(all.ends_with("1: every 1h fib 10 · Ann · next 2026-01-01 12:00 Asia/Tokyo, in 60 min"), "{all}");
    hands.turn_to("2026-01-01T03:00:00Z");
    card(&ann, 3).await;
    assert!(ann.says("/every 1h fib 11").await.text.starts_with("Schedule 2: "));
    world.stop().await;
}
