//! Chats that remove the bot: their jobs stop, nothing is said there, and their boards wait for them.

use std::time::Duration;

use jobboard::sandbox::{ChatId, Failure, Fault, View};

use crate::{
    process::Ground,
    world::{Held, Speaker, World},
};

/// Calls that were to show something in this chat.
fn shown(view: &View<'_>, chat: ChatId) -> usize {
    let is_shown = |method: &str| method.starts_with("send") || method.starts_with("edit");
    view.calls().iter().filter(|call| call.chat == Some(chat) && is_shown(call.method)).count()
}

/// A bot that says nothing of running tasks by itself: no 403 tells it what only the update does.
async fn quiet(held: &Held) -> World {
    World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.card_refresh = Duration::from_hours(1);
    })
    .await
}

/// What `job` says of a task once it has ended. Nobody is told when that is: it is asked for until it is so.
async fn end(person: &Speaker<'_>, job: &str) -> String {
    let asked = async {
        loop {
            let answer = person.says(job).await.text;
            if !answer.starts_with("Still waiting") {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("it does not end")
}

/// Waits until so many works were told to stop. Telegram hears nothing of it: somebody else's answers keep the time.
async fn stopped(held: &Held, works: u64, other: &Speaker<'_>) {
    let told = async {
        while held.cancels() < works {
            other.says("help").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("the work is not stopped");
}

#[tokio::test]
async fn who_blocks_the_bot_has_their_board_back_when_they_return() {
    let held = Held::new();
    let world = quiet(&held).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.says("help").await;
    let card = ann.says("fib 11").await;
    let card = ann.sees_in(&card, "running").await;
    let queued = ["fib 12", "fib 13"].map(|command| ann.writes(command));
    let last = ann.answer_to(queued[1]).await;
    ann.sees_in(&last, "queued").await;
    held.began(2).await;
    world.telegram.block(ann.person);
    // The work stops without another message to Ann.
    stopped(&held, 2, &ben).await;
    let before = world.telegram.view(|view| shown(view, ann.chat));
    held.release();
    ben.runs("fib 20", "is 4181").await;
    assert_eq!(world.telegram.view(|view| shown(view, ann.chat)), before);

    world.telegram.unblock(ann.person);
    assert!(end(&ann, "job 1").await.starts_with("Cancelled: the bot was blocked"));
    let board = ann.says("dash").await.text;
    assert!(board.starts_with("Board: 3 tasks, 0 running, 0 queued"), "{board}");
    assert_eq!(board.matches("cancelled").count(), 3, "{board}");
    // The old cards are not touched; their buttons say what is true.
    let now = world.telegram.message(ann.chat, card.id).unwrap();
    assert_eq!((now.edits, &now.text), (card.edits, &card.text));
    assert_eq!(ann.presses(&card, "Kill").await, "Task 1 is cancelled already");
    assert!(ann.runs("retry 1", "is 55").await.text.starts_with("Task 4 is submitted"));
    world.stop().await;
}

#[tokio::test]
async fn a_group_that_removes_the_bot_has_its_board_back_when_it_is_invited() {
    let held = Held::new();
    let world = quiet(&held).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let card = ann.says("/fib 11").await;
    ann.sees_in(&card, "running").await;
    held.began(1).await;
    world.telegram.kick_bot(ann.chat);
    stopped(&held, 1, &world.person("Cleo")).await;
    held.release();
    world.telegram.invite_bot(ann.chat);
    assert!(end(&ben, "/job 1").await.starts_with("Cancelled: the bot was removed from the chat"));
    assert!(ben.runs("/fib 12", "is 89").await.text.starts_with("Task 2 is submitted"));
    world.stop().await;
}

#[tokio::test]
async fn a_403_alone_tells_it_too() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let forbidden = Failure::Forbidden("bot was blocked by the user".to_owned());
    let fired = world.telegram.fault(Fault::on("sendMessage").chat(ann.chat).times(1).answer(forbidden));
    ann.writes("fib 11");
    world.until("the refusal", ann.chat, |_| (fired.count() > 0).then_some(())).await;
    ben.says("help").await;
    // Whoever writes has the bot.
    assert!(end(&ann, "job 1").await.starts_with("Cancelled: the bot was blocked"));
    held.release();
    ann.runs("fib 10", "is 34").await;
    world.stop().await;
}

#[tokio::test]
async fn an_admin_that_makes_the_bot_one_removes_nothing() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let [ann] = world.group(["Ann"]);
    let card = ann.says("/fib 11").await;
    ann.sees_in(&card, "running").await;
    world.telegram.set_bot_admin(ann.chat, true);
    world.telegram.set_bot_admin(ann.chat, false);
    assert!(ann.says("/job 1").await.text.starts_with("Still waiting"));
    held.release();
    ann.sees_in(&card, "is 55").await;
    world.stop().await;
}

#[tokio::test]
async fn a_crash_after_it_runs_nothing_again_and_keeps_the_board() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert!(talk.says("fib 10").await.text.contains("is 34"));
    let card = talk.says("fib 1000000000").await;
    talk.sees_in(&card, "running").await;
    ground.telegram.block(ann);
    talk.until("the update, confirmed", |view| (view.pending_updates() == 0).then_some(())).await;
    bot.kill();
    let before = ground.telegram.view(|view| shown(view, ChatId(ann.0)));

    let bot = ground.start();
    let ben = ground.telegram.person("Ben");
    ground.private(&bot, ben).says("fib 20").await;
    assert_eq!(ground.telegram.view(|view| shown(view, ChatId(ann.0))), before);
    ground.telegram.unblock(ann);
    let talk = ground.private(&bot, ann);
    assert!(talk.says("job 2").await.text.starts_with("Cancelled: the bot was blocked"));
    assert!(talk.says("job 1").await.text.contains("is 34"));
    assert!(talk.says("fib 20").await.text.starts_with("Task 3 is submitted"));
    bot.stop().await;
}
