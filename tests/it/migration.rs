//! A group that becomes a supergroup keeps its board, whatever the bot learns it from.

use jobboard::sandbox::{ChatId, PersonId};

use crate::{
    pokeapi::{Behaviour, PokeApi},
    process::{Ground, Talk},
};

const PIKACHU: &str = "The pokemon with id 25 is pikachu";
/// Finished tasks of the old group. Every other message there was a command: among the new chat's first ones, some have
/// the same numbers.
const OLD: usize = 10;

/// A group with a finished task and a running one, left by a crash of the bot.
async fn crashed_group(ground: &mut Ground, announced: bool) -> (ChatId, PersonId) {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let working = ground.sandbox.pokeapi_url();
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi.url());
    let people = ["Ann", "Ben"].map(|name| ground.telegram.person(name));
    let group = ground.telegram.group("Engineers", &people);
    let bot = ground.start();
    let ann = ground.talk(&bot, group, people[0]);
    for _ in 0..OLD {
        assert!(ann.says("/fib 10").await.text.contains("is 34"));
    }
    let card = ann.says("/dex pikachu").await;
    pokeapi.asked(1).await;
    ann.sees_in(&card, "running").await;
    ground.set("JOBBOARD_POKEAPI_URL", &working);
    if !announced {
        // While it is dead, so that no call of the running bot is before this.
        bot.kill();
        // Nor does what was said last in the old group get lost, or a message there to reply to.
        ground.telegram.say(group, people[0], "/fib 30");
        return (ground.telegram.migrate_in_silence(group), people[0]);
    }
    let supergroup = ground.telegram.migrate(group);
    let ann = ground.talk(&bot, supergroup, people[0]);
    assert!(
        ann.says(&format!("/job@jobboard_sandbox_bot {}", OLD + 1)).await.text.starts_with("Still waiting")
    );
    bot.kill();
    (supergroup, people[0])
}

/// The board is here, and the new messages, whose ids begin anew, are not taken for old ones. `newest` is the last of the
/// old group's tasks.
async fn check_the_board(ann: &Talk<'_>, newest: usize) {
    // The old card cannot be edited any more: the end of the task comes as a new message.
    let end = ann.sees("the end of the running task", |found| found.text.contains(PIKACHU)).await;
    assert!(end.text.contains(&format!("Task {} is submitted", OLD + 1)), "{:?}", end.text);
    assert_eq!(end.reply_to, None, "what it answers is not in this chat");
    if newest > OLD + 1 {
        let last = ann.sees("the last task of the old group", |found| found.text.contains("is 514229")).await;
        assert!(last.text.contains(&format!("Task {newest} is submitted")), "{:?}", last.text);
        assert_eq!(last.reply_to, None);
    }
    let commands: Vec<_> = (20..26).map(|n| ann.writes(&format!("/fib {n}"))).collect();
    for (task, command) in (newest + 1..).zip(commands) {
        let card = ann.answer_to(command).await;
        assert!(card.text.starts_with(&format!("Task {task} is submitted")), "{:?}", card.text);
    }
    check_the_tasks(ann, newest + 6).await;
}

async fn check_the_tasks(ann: &Talk<'_>, newest: usize) {
    assert!(ann.says("/job@jobboard_sandbox_bot 1").await.text.contains("is 34"));
    assert!(ann.says(&format!("/job {}", OLD + 1)).await.text.contains(PIKACHU));
    assert!(ann.says(&format!("/job {newest}")).await.text.contains("The 25th fibonacci number is 46368"));
    assert!(ann.says("/dash").await.text.starts_with(&format!("Board: {newest} tasks")));
}

#[tokio::test]
async fn the_service_message_moves_the_board() {
    let mut ground = Ground::new().await;
    let (supergroup, ann) = crashed_group(&mut ground, true).await;
    let bot = ground.start();
    check_the_board(&ground.talk(&bot, supergroup, ann), OLD + 1).await;
    bot.stop().await;
}

#[tokio::test]
async fn the_error_alone_moves_the_board() {
    let mut ground = Ground::new().await;
    let (supergroup, ann) = crashed_group(&mut ground, false).await;
    let bot = ground.start();
    check_the_board(&ground.talk(&bot, supergroup, ann), OLD + 2).await;
    // And it stays there.
    bot.kill();
    let bot = ground.start();
    check_the_tasks(&ground.talk(&bot, supergroup, ann), OLD + 8).await;
    bot.stop().await;
}
