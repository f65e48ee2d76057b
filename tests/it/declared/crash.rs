//! What becomes of a program's task when the bot ends.

use super::Yard;
use crate::process::Ground;

const INTERRUPTED: &str =
    "It was interrupted when the bot or its worker stopped, and is not run again by itself.";

async fn ground(yard: &Yard) -> Ground {
    yard.declare(&[("deploy", "hold", "at_once = 1"), ("index", "hold", "rerun = true\nat_once = 1")]);
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_JOBS_FILE", &yard.file().display().to_string());
    ground
}

#[tokio::test]
async fn what_ran_at_a_crash_is_interrupted_or_run_again_as_it_is_declared() {
    let yard = Yard::new();
    let ground = ground(&yard).await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let deploy = talk.says("deploy a").await;
    yard.began(1).await;
    let index = talk.says("index b").await;
    yard.began(2).await;
    let queued = talk.says("deploy c").await;
    talk.sees_in(&queued, "waits for another deploy").await;
    // Said after the cards are stored.
    talk.says("help").await;
    bot.kill();

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.sees_in(&deploy, INTERRUPTED).await;
    yard.began(4).await;
    let mut again = yard.begun().split_off(2);
    again.sort();
    assert_eq!(again, ["b", "c"], "what had not begun runs, and what may run twice");
    talk.sees_in(&index, "attempt 2").await;
    yard.release();
    talk.sees_in(&queued, "held c").await;
    talk.sees_in(&index, "held b").await;
    assert_eq!(yard.begun().len(), 4);
    bot.stop().await;
}

#[tokio::test]
async fn a_stop_in_good_order_interrupts_it_too_and_says_so_at_once() {
    let yard = Yard::new();
    let ground = ground(&yard).await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let deploy = talk.says("deploy a").await;
    yard.began(1).await;
    let index = talk.says("index b").await;
    yard.began(2).await;
    let queued = talk.says("deploy c").await;
    talk.sees_in(&queued, "queued").await;
    bot.stop().await;
    let chat = ground.telegram.private_chat(ann);
    let card = ground.telegram.message(chat, deploy.id).unwrap();
    assert!(card.text.contains(INTERRUPTED), "{}", card.text);

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    yard.began(4).await;
    yard.release();
    talk.sees_in(&queued, "held c").await;
    talk.sees_in(&index, "held b").await;
    // Whoever wants it runs it again.
    assert!(talk.says("retry 1").await.text.starts_with("Task 4 is submitted"));
    yard.began(5).await;
    bot.stop().await;
}

#[tokio::test]
async fn what_is_run_again_is_left_alone_after_so_many_crashes() {
    let yard = Yard::new();
    let mut ground = ground(&yard).await;
    ground.set("JOBBOARD_MAX_ATTEMPTS", "2");
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card = talk.says("index b").await;
    yard.began(1).await;
    // Said after the card is stored.
    talk.says("help").await;
    bot.kill();
    let bot = ground.start();
    ground.private(&bot, ann).sees_in(&card, "attempt 2").await;
    yard.began(2).await;
    bot.kill();
    let bot = ground.start();
    ground.private(&bot, ann).sees_in(&card, "stopped the bot 2 times").await;
    assert_eq!(yard.begun().len(), 2);
    bot.stop().await;
}

#[tokio::test]
async fn what_nobody_declares_any_more_does_not_run() {
    let yard = Yard::new();
    let ground = ground(&yard).await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let running = talk.says("index a").await;
    yard.began(1).await;
    let queued = talk.says("index b").await;
    talk.sees_in(&queued, "queued").await;
    talk.says("help").await;
    bot.kill();
    yard.declare(&[("greet", "hello", "")]);
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.sees_in(&queued, "does not offer this command any more").await;
    // It ran, and whether it may twice is not said any more.
    talk.sees_in(&running, INTERRUPTED).await;
    assert_eq!(talk.says("retry 1").await.text, "index is not offered any more.");
    bot.stop().await;
}
