//! A Telegram that is not always well: the bot goes on, nothing is lost, nothing is said twice.

use jobboard::sandbox::{Failure, Fault};

use crate::world::{Held, World};

#[tokio::test]
async fn a_429_is_obeyed_and_the_message_comes_once() {
    let world = World::new().await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let fault = Fault::on("sendMessage").chat(ann.chat).times(1);
    let fired = world.telegram.fault(fault.answer(Failure::TooManyRequests { retry_after: 2 }));
    let before = std::time::Instant::now();
    let command = ann.writes("fib 10");
    // Nobody else waits for it.
    ben.runs("fib 20", "is 4181").await;
    assert!(ann.answers_to(command).is_empty());
    ann.answer_to(command).await;
    // Only a lower bound: the pause that was asked for was kept.
    assert!(before.elapsed() >= std::time::Duration::from_secs(2));
    assert_eq!((fired.count(), ann.answers_to(command).len()), (1, 1));
    world.stop().await;
}

#[tokio::test]
async fn a_problem_that_passes_costs_nothing() {
    for failure in [Failure::Server(502), Failure::Server(500), Failure::DropBefore] {
        let world = World::new().await;
        let ann = world.person("Ann");
        let fired = world.telegram.fault(Fault::on("sendMessage").times(3).answer(failure));
        let command = ann.writes("fib 10");
        assert!(ann.answer_to(command).await.text.contains("is 34"));
        ann.says("dash").await;
        assert_eq!((fired.count(), ann.answers_to(command).len()), (3, 1));
        world.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_repeated_once_at_most() {
    let world = World::new().await;
    let ann = world.person("Ann");
    world.telegram.fault(Fault::on("sendMessage").answer(Failure::DropAfter));
    let command = ann.writes("fib 10");
    let twice = |view: &jobboard::sandbox::View<'_>| {
        let answers =
            view.messages(ann.chat).into_iter().filter(|message| message.reply_to == Some(command)).count();
        (answers == 2).then_some(())
    };
    world.until("the repeated send", ann.chat, twice).await;
    ann.says("dash").await;
    assert_eq!(ann.answers_to(command).len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn edits_meet_the_same_and_end_with_the_result() {
    for failure in [
        Failure::TooManyRequests { retry_after: 1 },
        Failure::Server(503),
        Failure::DropBefore,
        Failure::DropAfter,
        Failure::BadRequest("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message".to_owned()),
    ] {
        let held = Held::new();
        let world = World::with(|setup| setup.engine = held.attentive()).await;
        let ann = world.person("Ann");
        let card = ann.says("fib 10").await;
        ann.sees_in(&card, "running").await;
        let not_modified = matches!(failure, Failure::BadRequest(_));
        let fired = world.telegram.fault(Fault::on("editMessageText").answer(failure));
        held.release();
        if not_modified {
            // Telegram says that the message shows it already: the bot takes its word, and goes on.
            world.until("the edit", ann.chat, |_| (fired.count() > 0).then_some(())).await;
        } else {
            ann.sees_in(&card, "is 34").await;
        }
        assert!(ann.says("job 1").await.text.contains("is 34"));
        assert_eq!(fired.count(), 1);
        world.stop().await;
    }
}

#[tokio::test]
async fn a_card_that_was_deleted_comes_again_with_the_result() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let command = ann.writes("fib 10");
    let card = ann.answer_to(command).await;
    ann.sees_in(&card, "running").await;
    world.telegram.delete(ann.chat, card.id);
    // The command too: the answer does not need it.
    world.telegram.delete(ann.chat, command);
    held.release();
    ann.sees("a new card", |new| new.id != card.id && new.text.contains("is 34")).await;
    world.stop().await;
}

#[tokio::test]
async fn a_403_in_one_chat_is_of_no_account_in_another() {
    let world = World::new().await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let forbidden = Failure::Forbidden("bot was kicked from the group chat".to_owned());
    let fired = world.telegram.fault(Fault::on_any().chat(ann.chat).always().answer(forbidden));
    ann.writes("fib 10");
    world.until("the refusal", ann.chat, |_| (fired.count() > 0).then_some(())).await;
    ben.runs("fib 10", "is 34").await;
    world.telegram.clear_faults();
    ann.says("dash").await;
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_telegram_refuses_blocks_nothing() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let refused = Failure::BadRequest("can't parse entities".to_owned());
    world.telegram.fault(Fault::on("sendMessage").answer(refused));
    let command = ann.writes("help");
    ann.runs("fib 10", "is 34").await;
    assert!(ann.answers_to(command).is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_card_that_telegram_refuses_comes_in_fewer_words() {
    let world = World::new().await;
    let ann = world.person("Ann");
    world
        .telegram
        .fault(Fault::on("sendMessage").answer(Failure::BadRequest("can't parse entities".to_owned())));
    let card = ann.says("fib 10").await;
    assert_eq!(card.text, "Task 1 is submitted\nIt is succeeded: dash tells more");
    world.stop().await;
}

#[tokio::test]
async fn a_picture_that_telegram_refuses_is_left_out() {
    let world = World::new().await;
    let ann = world.person("Ann");
    world
        .telegram
        .fault(Fault::on("sendPhoto").answer(Failure::BadRequest("IMAGE_PROCESS_FAILED".to_owned())));
    world
        .telegram
        .fault(Fault::on("editMessageMedia").answer(Failure::BadRequest("IMAGE_PROCESS_FAILED".to_owned())));
    let card = ann.runs("dex 25", "The pokemon with id 25 is pikachu").await;
    assert!(card.photo.is_none());
    world.stop().await;
}

#[tokio::test]
async fn polling_goes_on_after_every_failure() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.runs("fib 10", "is 34").await;
    for failure in [
        Failure::Server(502),
        Failure::DropBefore,
        Failure::DropAfter,
        Failure::TooManyRequests { retry_after: 1 },
    ] {
        world.telegram.fault(Fault::on("getUpdates").times(2).answer(failure));
        // The poll that is under way ends with this.
        ann.runs("fib 10", "is 34").await;
        let card = ann.runs("fib 20", "is 4181").await;
        assert_eq!(ann.answers_to(card.reply_to.unwrap()).len(), 1);
    }
    world.stop().await;
}

#[tokio::test]
async fn start_waits_for_a_telegram_that_is_not_there_yet() {
    let world = World::with(|_| ()).await;
    world.telegram.fault(Fault::on("getMe").times(2).answer(Failure::Server(502)));
    let ann = world.person("Ann");
    ann.runs("fib 10", "is 34").await;
    world.stop().await;
}

#[tokio::test]
async fn a_failed_answer_to_a_press_is_tried_again() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let dash = {
        ann.runs("fib 10", "is 34").await;
        ann.says("dash").await
    };
    let fired = world.telegram.fault(Fault::on("answerCallbackQuery").answer(Failure::Server(502)));
    ann.presses(&dash, "Refresh").await;
    assert_eq!(fired.count(), 1);
    world.stop().await;
}
