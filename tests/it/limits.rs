//! What one person may have, say and ask for: each refusal names the limit and the number there is.

use std::{num::NonZeroUsize, time::Duration};

use jobboard::sandbox::Message;

use crate::world::{Held, Setup, Speaker, World, config};

/// A bot whose work goes on until it is killed.
async fn endless(change: impl FnOnce(&mut Setup)) -> (World, Held) {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        change(setup);
    })
    .await;
    (world, held)
}

fn two_each(setup: &mut Setup) {
    setup.config.max_live_jobs_person = NonZeroUsize::new(2);
}

/// Commands a minute, which is as long as it is.
fn three_a_minute(setup: &mut Setup) {
    setup.config = config(&["--owners", "1000001"]);
    setup.config.rate_person = 3;
}

async fn submits(person: &Speaker<'_>, command: &str) -> Message {
    let card = person.says(command).await;
    assert!(card.text.starts_with("Task "), "{}", card.text);
    card
}

/// Whether the bot has answered this by now: others' messages were handled after it, and were answered.
async fn is_answered(
    person: &Speaker<'_>,
    message: jobboard::sandbox::MessageId,
    other: &Speaker<'_>,
) -> bool {
    other.says("/help").await;
    other.says("/help").await;
    !person.answers_to(message).is_empty()
}

#[tokio::test]
async fn a_persons_unfinished_tasks_are_counted_over_all_chats() {
    let (mut world, held) = endless(two_each).await;
    {
        let [ann, ben] = world.group(["Ann", "Ben"]);
        let private = ann.in_chat(world.telegram.private_chat(ann.person));
        submits(&private, "fib 11").await;
        submits(&ann, "/fib 12").await;
        let refusal = "You have 2 unfinished tasks in all chats together and may have 2. Wait for one to finish, or kill one.";
        assert_eq!(ann.says("/fib 13").await.text, refusal);
        assert_eq!(private.says("fib 13").await.text, refusal);
        // Nothing of it is on a board, and others have places of their own.
        assert!(submits(&ben, "/fib 14").await.text.starts_with("Task 2 "));
        assert!(private.says("dash").await.text.starts_with("Board: 1 task"));
        // The end of one, in whatever chat, is a place for another.
        assert_eq!(private.says("kill 1").await.text, "Task \"fib 11\" is killed");
        submits(&ann, "/fib 15").await;
        // A retry is a task like any other.
        assert_eq!(private.says("retry 1").await.text, refusal);
    }
    // They are counted again after a restart.
    world.stop_bot().await;
    world.start_again(held.attentive());
    let cleo = world.person("Cleo");
    submits(&cleo, "fib 11").await;
    let ann = world.speaker(
        world.telegram.private_chat(jobboard::sandbox::PersonId(1_000_001)),
        jobboard::sandbox::PersonId(1_000_001),
    );
    assert!(ann.says("fib 13").await.text.starts_with("You have 2 unfinished tasks"));
    held.release();
    let answered = async { while !ann.says("fib 10").await.text.starts_with("Task ") {} };
    tokio::time::timeout(Duration::from_secs(30), answered).await.expect("the ends are not counted");
    world.stop().await;
}

#[tokio::test]
async fn a_chats_limit_stands_beside_it() {
    let (world, _held) = endless(|setup| {
        setup.config = config(&["--max-live-jobs", "3"]);
        two_each(setup);
    })
    .await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    submits(&ann, "/fib 11").await;
    submits(&ann, "/fib 12").await;
    submits(&ben, "/fib 13").await;
    let refusal = ben.says("/fib 14").await.text;
    assert!(refusal.starts_with("This chat has 3 unfinished tasks and may have 3."), "{refusal}");
    // Who was refused by the chat has kept the place.
    let private = ben.in_chat(world.telegram.private_chat(ben.person));
    submits(&private, "fib 15").await;
    assert!(private.says("fib 16").await.text.starts_with("You have 2 unfinished tasks"));
    world.stop().await;
}

#[tokio::test]
async fn members_are_bounded_by_a_setting() {
    let world = World::with(|setup| setup.config = config(&["--max-members", "3"])).await;
    let ann = world.person("Ann");
    ann.runs("fib-multi 1 2 3", "The 3rd").await;
    let refusal = "One task takes up to 3 numbers or names at once, not 4.";
    assert_eq!(ann.says("fib-multi 1 2 3 4").await.text, refusal);
    assert_eq!(ann.says("dex-multi 1 2 3 4").await.text, refusal);
    assert!(ann.says("kill 1 2 3 4").await.text.contains("There is no task 4"));
    world.stop().await;
}

#[tokio::test]
async fn more_than_a_hundred_members_where_the_setting_says_so() {
    let world = World::with(|setup| setup.config = config(&["--max-members", "150"])).await;
    let ann = world.person("Ann");
    let many = |count: usize| format!("fib-multi{}", " 1".repeat(count));
    ann.runs(&many(150), "The 1st fibonacci number is 0").await;
    assert!(ann.says(&many(151)).await.text.contains("up to 150 numbers or names at once, not 151"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_kept_says_what_is() {
    let world = World::with(|setup| setup.config = config(&["--keep-jobs", "2", "--keep-for", "90d"])).await;
    let ann = world.person("Ann");
    for n in 10..13 {
        ann.runs(&format!("fib {n}"), "fibonacci number is").await;
    }
    let forgotten = ann.says("job 1").await.text;
    let kept = "Task 1 is not kept any more: a board keeps its last 2 finished tasks, and none for longer than 90 days";
    assert_eq!(forgotten, kept);
    world.stop().await;
}

#[tokio::test]
async fn who_says_too_much_is_told_once_and_then_nothing() {
    let (world, _held) = endless(three_a_minute).await;
    let owner = world.person("Olga");
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let private = ann.in_chat(world.telegram.private_chat(ann.person));
    let card = submits(&private, "fib 11").await;
    // In all chats together, and what is wrong counts too.
    submits(&ann, "/fib 12").await;
    assert!(private.says("hello").await.text.contains("\"hello\""));
    let warning = ann.says("/dash").await.text;
    assert!(
        warning.starts_with("You have sent 3 commands within a minute, and I take no more from one person."),
        "{warning}"
    );
    assert!(warning.contains("The next is taken in "), "{warning}");
    for (person, text) in [(&ann, "/dash"), (&private, "fib 13"), (&private, "hello"), (&private, "job 1")] {
        let message = person.writes(text);
        assert!(!is_answered(person, message, &owner).await, "{text}");
    }
    assert!(ben.says("/dash").await.text.starts_with("Board: 1 task"), "it is Ann's matter alone");
    // A press is answered all the same, and does nothing; a kill does what it says.
    let board = ben.says("/dash").await;
    let toast = ann.presses(&board, "Refresh").await;
    assert!(toast.starts_with("Too fast: I take 3 commands a minute"), "{toast}");
    assert_eq!(private.presses(&card, "Kill").await, "Killing task 1 …");
    assert_eq!(ann.says("/kill 1").await.text, "Task \"fib 12\" is killed");
    world.stop().await;
}

#[tokio::test]
async fn the_warning_does_not_wait_for_the_answers_to_all_of_it() {
    let (world, _held) = endless(|setup| {
        setup.config = config(&["--owners", "1000001"]);
        (setup.config.rate_person, setup.config.rate_group) = (30, 20);
    })
    .await;
    let [_olga, ann] = world.group(["Olga", "Ann"]);
    for n in 0..30 {
        ann.writes(&format!("/fib x{n}"));
    }
    // The last of them is answered in more than a minute.
    assert!(ann.says("/fib x30").await.text.starts_with("You have sent 30 commands"));
    world.stop().await;
}

#[tokio::test]
async fn chatter_does_not_count() {
    let (world, _held) = endless(three_a_minute).await;
    let [_olga, ann] = world.group(["Olga", "Ann"]);
    let card = submits(&ann, "/fib 11").await;
    for _ in 0..10 {
        world.telegram.reply(ann.chat, ann.person, card.id, "thanks!");
    }
    ann.says("/dash").await;
    assert!(ann.says("/job 1").await.text.starts_with("Still waiting"));
    assert!(ann.says("/job 1").await.text.starts_with("You have sent 3 commands"));
    world.stop().await;
}

#[tokio::test]
async fn owners_are_free_of_it() {
    let (world, _held) = endless(three_a_minute).await;
    let olga = world.person("Olga");
    for _ in 0..10 {
        assert!(olga.says("dash").await.text.contains("The board is empty"));
    }
    world.stop().await;
}

#[tokio::test]
async fn kills_do_not_go_on_for_ever() {
    let (world, _held) = endless(three_a_minute).await;
    let (olga, ann) = (world.person("Olga"), world.person("Ann"));
    for _ in 0..13 {
        assert_eq!(ann.says("kill 7").await.text, "There is no task 7");
    }
    assert!(ann.says("kill 7").await.text.starts_with("You have sent 3 commands"));
    let message = ann.writes("kill 7");
    assert!(!is_answered(&ann, message, &olga).await);
    world.stop().await;
}

#[tokio::test]
async fn when_the_minute_is_over_it_goes_on() {
    let (world, _held) = endless(|setup| {
        three_a_minute(setup);
        setup.config.timings.rate_period = Duration::from_secs(1);
    })
    .await;
    let (olga, ann) = (world.person("Olga"), world.person("Ann"));
    let again = async {
        let mut warned = 0;
        loop {
            let message = ann.writes("dash");
            if !is_answered(&ann, message, &olga).await {
                continue;
            }
            let text = ann.answer_to(message).await.text;
            if text.starts_with("You have sent") {
                warned += 1;
            } else if warned == 1 {
                return;
            }
            assert!(warned < 2, "warned twice before anything was taken");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.expect("nothing is taken any more");
    world.stop().await;
}
