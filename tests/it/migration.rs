//! A group that becomes a supergroup keeps its board, whatever the bot learns it from.

use jobboard::sandbox::{ChatId, PersonId};

use crate::{
    pokeapi::{Behaviour, PokeApi},
    process::{Ground, Talk},
};

const PIKACHU: &str = "The pokemon with id 25 is pikachu";

/// A group with a finished task and a running one, left by a crash of the bot.
async fn crashed_group(ground: &mut Ground, announced: bool) -> (ChatId, PersonId) {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let working = ground.sandbox.pokeapi_url();
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi.url());
    let people = ["Ann", "Ben"].map(|name| ground.telegram.person(name));
    let group = ground.telegram.group("Engineers", &people);
    let bot = ground.start();
    let ann = ground.talk(&bot, group, people[0]);
    assert!(ann.says("/fib 10").await.text.contains("is 34"));
    let card = ann.says("/dex pikachu").await;
    pokeapi.asked(1).await;
    ann.sees_in(&card, "running").await;
    ground.set("JOBBOARD_POKEAPI_URL", &working);
    if !announced {
        // While it is dead, so that no call of the running bot is before this.
        bot.kill();
        return (ground.telegram.migrate_in_silence(group), people[0]);
    }
    let supergroup = ground.telegram.migrate(group);
    let ann = ground.talk(&bot, supergroup, people[0]);
    assert!(ann.says("/job@jobboard_sandbox_bot 2").await.text.starts_with("Still waiting"));
    bot.kill();
    (supergroup, people[0])
}

/// The board is here, and the new messages, whose ids begin anew, are not taken for old ones.
async fn check_the_board(ann: &Talk<'_>) {
    // The old card cannot be edited any more: the end of the task comes as a new message.
    let end = ann.sees("the end of the running task", |found| found.text.contains(PIKACHU)).await;
    assert!(end.text.contains("Task 2 is submitted"), "{:?}", end.text);
    assert_eq!(end.reply_to, None, "what it answers is not in this chat");
    let first = ann.says("/job@jobboard_sandbox_bot 1").await;
    assert!(first.text.contains("is 34"), "{:?}", first.text);
    assert!(ann.says("/job 2").await.text.contains(PIKACHU));
    let commands: Vec<_> = (20..26).map(|n| ann.writes(&format!("/fib {n}"))).collect();
    for (task, command) in (3..).zip(commands) {
        let card = ann.answer_to(command).await;
        assert!(card.text.starts_with(&format!("Task {task} is submitted")), "{:?}", card.text);
    }
    assert!(ann.says("/dash").await.text.starts_with("Board: 8 tasks"));
    ann.sees_in(&first, "is 34").await;
}

#[tokio::test]
async fn the_service_message_moves_the_board() {
    let mut ground = Ground::new().await;
    let (supergroup, ann) = crashed_group(&mut ground, true).await;
    let bot = ground.start();
    check_the_board(&ground.talk(&bot, supergroup, ann)).await;
    bot.stop().await;
}

#[tokio::test]
async fn the_error_alone_moves_the_board() {
    let mut ground = Ground::new().await;
    let (supergroup, ann) = crashed_group(&mut ground, false).await;
    let bot = ground.start();
    check_the_board(&ground.talk(&bot, supergroup, ann)).await;
    // And it stays there.
    bot.kill();
    let bot = ground.start();
    let talk = ground.talk(&bot, supergroup, ann);
    assert!(talk.says("/job 8").await.text.contains("The 25th fibonacci number is 46368"));
    bot.stop().await;
}
