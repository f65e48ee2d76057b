//! A press is answered with what is true now, and does what it does once.

use std::time::Duration;

use jobboard::sandbox::Message;

use crate::{
    process::Ground,
    world::{Held, Speaker, World, config},
};

/// The button's data, as a client keeps it.
fn data<'a>(message: &'a Message, label: &str) -> &'a str {
    let button = message.buttons.iter().find(|(text, _)| text == label);
    button.map_or_else(|| panic!("no {label} in {:?}", message.buttons), |(_, data)| data.as_str())
}

/// Presses what the message does not show any more, or never did.
async fn press(world: &World, ann: &Speaker<'_>, message: &Message, data: &str) -> String {
    let query = world.telegram.press(ann.chat, ann.person, message.id, data);
    ann.toast(&query).await
}

#[tokio::test]
async fn a_button_means_nothing_in_another_chat() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let (anns, bens) = (ann.says("fib 11").await, ben.says("fib 12").await);
    held.began(2).await;
    let toast = press(&world, &ben, &bens, data(&anns, "Kill")).await;
    assert!(toast.contains("from an older board"), "{toast}");
    assert!(ben.says("job 1").await.text.starts_with("Still waiting"));
    assert_eq!(ann.presses(&anns, "Kill").await, "Killing task 1 …");
    world.stop().await;
}

#[tokio::test]
async fn nonsense_and_buttons_of_older_versions_are_answered_and_touch_nothing() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 11").await;
    held.began(1).await;
    let kill = data(&card, "Kill");
    assert!(kill.len() <= 64, "{kill}");
    let other_task = kill.replacen("2k1", "2k2", 1);
    let no_tag = kill.split(':').next().unwrap();
    for data in ["1:kill:1", "1:keep-all", "9:kill:1", "x", "<b>", "2k1:0", "2k1:zzzz", &other_task, no_tag] {
        let toast = press(&world, &ann, &card, data).await;
        assert!(toast.contains("This button is from an older board"), "{data}: {toast}");
    }
    assert!(ann.says("job 1").await.text.starts_with("Still waiting"));
    world.stop().await;
}

#[tokio::test]
async fn a_button_below_what_is_older_than_its_task_is_of_another_board() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let before = ann.says("help").await;
    let card = ann.says("fib 11").await;
    held.began(1).await;
    let question = ann.says("kill all").await;
    for data in [data(&card, "Kill"), data(&question, "Kill 1")] {
        assert!(press(&world, &ann, &before, data).await.contains("from an older board"), "{data}");
    }
    assert!(ann.says("job 1").await.text.starts_with("Still waiting"));
    world.stop().await;
}

#[tokio::test]
async fn a_press_on_a_task_that_was_forgotten_says_so() {
    let world = World::with(|setup| setup.config = config(&["--keep-jobs", "1"])).await;
    let ann = world.person("Ann");
    let first = ann.runs("fib 30000", "The 30000th").await;
    ann.runs("fib 10", "is 34").await;
    let toast = ann.presses(&first, "Whole number").await;
    assert!(toast.starts_with("Task 1 is not kept any more"), "{toast}");
    world.stop().await;
}

#[tokio::test]
async fn a_kill_that_is_pressed_twice_is_confirmed_once() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.deaf()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 11").await;
    held.began(1).await;
    for _ in 0..2 {
        // The second one comes while the work stops.
        assert_eq!(press(&world, &ann, &card, data(&card, "Kill")).await, "Killing task 1 …");
    }
    held.release();
    ann.sees_in(&card, "Cancelled by Ann").await;
    assert_eq!(press(&world, &ann, &card, data(&card, "Kill")).await, "Task 1 is cancelled already");
    assert!(ann.says("dash").await.text.contains("cancelled"));
    let confirmations: Vec<_> = ann.answers_to(card.id);
    assert_eq!(confirmations.len(), 1, "{confirmations:?}");
    assert_eq!(confirmations[0].text, "Task \"fib 11\" is killed");
    world.stop().await;
}

#[tokio::test]
async fn a_retry_that_is_pressed_twice_makes_one_task() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 11").await;
    held.began(1).await;
    ann.says("kill 1").await;
    let card = ann.sees_in(&card, "Cancelled by Ann").await;
    for _ in 0..3 {
        assert_eq!(press(&world, &ann, &card, data(&card, "Retry")).await, "Task 2 is submitted");
    }
    held.began(1).await;
    assert!(ann.says("dash").await.text.starts_with("Board: 2 tasks, 1 running, 0 queued"));
    // The new task's card has a button of its own.
    ann.says("kill 2").await;
    let second = ann.sees("the second card", |found| found.text.starts_with("Task 2 is submitted")).await;
    let second = ann.sees_in(&second, "Cancelled by Ann").await;
    assert_eq!(ann.presses(&second, "Retry").await, "Task 3 is submitted");
    world.stop().await;
}

#[tokio::test]
async fn news_that_are_cut_have_a_button_for_the_result_and_it_comes_once() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.announce_after = Duration::ZERO;
    })
    .await;
    let ann = world.person("Ann");
    let command = ann.writes("fib 30000");
    let card = ann.answer_to(command).await;
    ann.sees_in(&card, "running").await;
    held.release();
    let is_news = |found: &Message| found.reply_to == Some(command) && found.id != card.id;
    let news = ann.sees("the announcement", is_news).await;
    assert_eq!(ann.presses(&news, "Result").await, "The file is on its way");
    let again = ann.presses(&news, "Result").await;
    assert!(again.contains("asked for a moment ago"), "{again}");
    ann.sees("the document", |found| found.reply_to == Some(news.id) && found.document.is_some()).await;
    ann.says("dash").await;
    let sent = ann.answers_to(news.id);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].text.starts_with("The 30000th fibonacci number is"), "{sent:?}");

    // Nothing was cut of a short one.
    let command = ann.writes("fib 10");
    let card = ann.answer_to(command).await;
    ann.sees_in(&card, "is 34").await;
    assert!(ann.answers_to(command).iter().all(|message| message.buttons.is_empty()));
    world.stop().await;
}

#[tokio::test]
async fn a_button_lives_on_after_a_crash() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card = talk.says("fib 1000000000").await;
    let card = talk.sees_in(&card, "running").await;
    // Said after the card is stored.
    talk.says("help").await;
    bot.kill();
    let chat = ground.telegram.private_chat(ann);
    let query = ground.telegram.press(chat, ann, card.id, data(&card, "Kill"));
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let is_toast = |view: &jobboard::sandbox::View<'_>| {
        view.callback_answers().into_iter().find(|answer| answer.query == query)
    };
    assert_eq!(talk.until("the toast", is_toast).await.text, "Killing task 1 …");
    talk.sees_in(&card, "Cancelled by Ann").await;
    bot.stop().await;
}
