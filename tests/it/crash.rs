//! Starts and stops of the whole program: what one process leaves, the next one takes up.

use jobboard::sandbox::Message;

use crate::{
    pokeapi::{Behaviour, PokeApi},
    process::{Bot, Ground},
};

const PIKACHU: &str = "The pokemon with id 25 is pikachu";

/// The program did not start: its status and its one line.
async fn refusal(bot: Bot) -> String {
    let (status, log) = bot.ended().await;
    assert!(status.code().is_some_and(|code| code != 0), "{status}\n{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
    log
}

#[tokio::test]
async fn a_job_that_stops_the_bot_three_times_is_left_alone() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi.url());
    let ann = ground.telegram.person("Ann");
    let mut command = None;
    for _ in 0..3 {
        let bot = ground.start();
        let talk = ground.private(&bot, ann);
        command = command.or_else(|| Some(talk.writes("dex pikachu")));
        pokeapi.asked(1).await;
        // What was accepted after it began was stored after it, too.
        talk.says("fib 10").await;
        bot.kill();
    }
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let command = command.unwrap();
    let is_end =
        |found: &Message| found.reply_to == Some(command) && found.text.contains("stopped the bot 3 times");
    talk.sees("the end of the job", is_end).await;
    assert!(talk.says("job 1").await.text.contains("stopped the bot 3 times"));
    assert!(talk.says("dex raichu").await.text.starts_with("Task 5 is submitted"));
    pokeapi.asked(1).await;
    assert_eq!(pokeapi.paths().iter().filter(|path| path.contains("pikachu")).count(), 3);
    bot.kill();
}

#[tokio::test]
async fn a_long_member_beside_a_small_one_counts_its_crashes() {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_MAX_ATTEMPTS", "2");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card = talk.says("fib-multi 10 1000000000").await;
    talk.sees_in(&card, "running").await;
    // Said after the card is stored.
    talk.says("help").await;
    bot.kill();
    let bot = ground.start();
    ground.private(&bot, ann).sees_in(&card, "attempt 2").await;
    bot.kill();
    let bot = ground.start();
    ground.private(&bot, ann).sees_in(&card, "stopped the bot 2 times").await;
    bot.stop().await;
}

#[tokio::test]
async fn what_was_said_while_the_bot_was_away_is_done_in_order() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let chat = ground.telegram.private_chat(ann);
    // They come in one batch: the job is not stored yet when the kill is read.
    ground.telegram.say(chat, ann, "fib 1000000000");
    let kill = ground.telegram.say(chat, ann, "kill 1");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert_eq!(talk.answer_to(kill).await.text, "Task \"fib 1000000000\" is killed");
    bot.stop().await;
}

#[tokio::test]
async fn stops_in_good_order_are_no_crashes() {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_MAX_ATTEMPTS", "1");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card = talk.says("fib 1000000000").await;
    talk.sees_in(&card, "running").await;
    bot.stop().await;
    let bot = ground.start();
    ground.private(&bot, ann).sees_in(&card, "attempt 2").await;
    bot.stop().await;
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.sees_in(&card, "attempt 3").await;
    bot.kill();
}

#[tokio::test]
async fn a_stop_in_good_order_leaves_what_is_unfinished_to_the_next_start() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let mut ground = Ground::new().await;
    let working = ground.sandbox.pokeapi_url();
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi.url());
    ground.set("JOBBOARD_CPU_WORKERS", "1");
    let ann = ground.telegram.person("Ann");

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let dex = talk.says("dex pikachu").await;
    pokeapi.asked(1).await;
    let long = talk.says("fib 1000000000").await;
    talk.sees_in(&long, "running").await;
    let queued = talk.says("fib 30000").await;
    talk.sees_in(&queued, "queued").await;
    bot.stop().await;
    let cards = [dex, long, queued];
    for card in &cards {
        let now = ground.telegram.message(ground.telegram.private_chat(ann), card.id).unwrap();
        assert!(now.edits > card.edits && !now.text.contains("ancelled"), "{:?}", now.text);
        assert!(now.text.contains("goes on when it is back"), "{:?}", now.text);
    }

    ground.set("JOBBOARD_POKEAPI_URL", &working);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.sees_in(&cards[0], PIKACHU).await;
    talk.sees_in(&cards[1], "running").await;
    assert_eq!(talk.says("kill 2").await.text, "Task \"fib 1000000000\" is killed");
    talk.sees_in(&cards[1], "Cancelled by Ann").await;
    talk.sees_in(&cards[2], "The 30000th fibonacci number is").await;
    for card in &cards {
        assert_eq!(talk.answers_to(card.reply_to.unwrap()).len(), 1, "the card came again");
    }
    bot.stop().await;
}

#[tokio::test]
async fn a_queue_keeps_its_order_over_a_crash() {
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_CPU_WORKERS", "1");
    ground.set("JOBBOARD_MAX_ATTEMPTS", "1000000");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let long = talk.says("fib 1000000000").await;
    talk.sees_in(&long, "running").await;
    let mut cards = Vec::new();
    // Long enough that the end of one is stored before the next one ends.
    for n in 10_000_001..10_000_007 {
        cards.push(talk.says(&format!("fib {n}")).await);
    }
    // A chat's next message leaves when the last one is stored: this card does not come twice.
    talk.says("help").await;
    bot.kill();

    let since = ground.seq();
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert_eq!(talk.says("kill 1").await.text, "Task \"fib 1000000000\" is killed");
    for card in &cards {
        talk.sees_in(card, "succeeded").await;
    }
    // The last change of each card is its end.
    let changed: Vec<_> = ground.telegram.view(|view| view.changed(since).unwrap().collect());
    let ends: Vec<_> =
        cards.iter().map(|card| changed.iter().rposition(|(_, id)| *id == card.id).unwrap()).collect();
    assert!(ends.is_sorted(), "they did not finish in order: {ends:?}");
    bot.stop().await;
}

#[tokio::test]
async fn a_second_bot_on_the_folder_says_so_and_stops() {
    let mut ground = Ground::new().await;
    ground.set("RUST_LOG", "warn");
    let ann = ground.telegram.person("Ann");
    let first = ground.start();
    let talk = ground.private(&first, ann);
    talk.says("fib 10").await;
    let line = refusal(ground.start()).await;
    assert!(line.contains("data"), "{line}");
    assert!(talk.says("job 1").await.text.contains("is 34"));
    first.stop().await;
}

#[tokio::test]
async fn a_quit_is_no_quit_for_the_next_start() {
    let mut ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    ground.set("JOBBOARD_OWNERS", &ann.to_string());
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.says("fib 10").await;
    assert_eq!(talk.says("quit").await.text, "Exiting");
    let (status, log) = bot.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert!(talk.says("job 1").await.text.contains("is 34"));
    assert!(talk.says("fib 20").await.text.starts_with("Task 2 is submitted"));
    bot.stop().await;
}

#[tokio::test]
async fn a_damaged_store_stops_the_start_and_is_not_touched() {
    let mut ground = Ground::new().await;
    ground.set("RUST_LOG", "warn");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    for n in 1..=50 {
        talk.says(&format!("fib {n}")).await;
    }
    bot.stop().await;

    let mut content = std::fs::read(ground.store()).unwrap();
    let size = content.len();
    content[size / 4..size * 3 / 4].fill(0xa5);
    std::fs::write(ground.store(), &content).unwrap();
    let line = refusal(ground.start()).await;
    assert!(line.contains("jobboard.db"), "{line}");
    assert!(std::fs::read(ground.store()).unwrap() == content, "the damaged file was changed");
}

#[tokio::test]
async fn a_full_disk_refuses_in_words_and_is_forgotten_when_there_is_room() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert!(talk.says("fib 10").await.text.contains("is 34"));
    bot.limit_files(Some(0));
    for command in ["fib 20", "dex pikachu", "fib 30000"] {
        let refused = talk.says(command).await.text;
        assert!(!refused.contains("submitted") && !refused.is_empty(), "{refused:?}");
    }
    assert!(talk.says("dash").await.text.starts_with("Board: 1 task,"));
    bot.limit_files(None);
    let card = talk.says("fib 21").await;
    assert!(card.text.contains("is submitted") && card.text.contains("is 6765"), "{:?}", card.text);
    bot.kill();
    // What was accepted is there, what was refused is not.
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let board = talk.says("dash").await.text;
    assert!(board.starts_with("Board: 2 tasks, 0 running, 0 queued"), "{board}");
    assert!(board.contains("fib 10") && board.contains("fib 21"), "{board}");
    bot.stop().await;
}
