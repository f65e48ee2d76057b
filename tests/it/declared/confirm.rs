//! Questions before something runs.

use std::time::Duration;

use super::{OLGA, Yard, olga};
use crate::{process::Ground, world::World};

const QUESTION: &str = "Run deploy staging?\nIt runs only if you say yes within 10 min.";
const EMPTY: &str = "The board is empty. Try: fib 100";
const OVER: &str = "This question is not open any more: it was answered, or is too old.";

async fn world(yard: &Yard) -> World {
    yard.declare(&[("deploy", "hello", "confirm = true"), ("strict", "fails", "confirm = true")]);
    yard.world(|_| ()).await
}

#[tokio::test]
async fn it_runs_once_and_only_if_who_wants_it_says_yes() {
    let yard = Yard::new();
    let world = world(&yard).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let question = ben.says("/deploy staging").await;
    assert_eq!(question.text, QUESTION);
    for label in ["Yes", "No"] {
        assert_eq!(ann.presses(&question, label).await, "Only Ben, who wants it, may answer this.");
    }
    // Pressed twice before the first press is answered.
    let [first, second] =
        [(); 2].map(|()| world.telegram.press_label(ben.chat, ben.person, question.id, "Yes"));
    assert_eq!(ben.toast(&first).await, "Task 1 is submitted");
    let second = ben.toast(&second).await;
    assert!([OVER, "Task 1 is submitted"].contains(&second.as_str()), "{second}");
    ben.sees_in(&question, "Run deploy staging? Yes: it is task 1.").await;
    let card = ben.sees("the card", |found| found.text.starts_with("Task 1 is submitted")).await;
    assert_eq!(card.reply_to, question.reply_to, "it answers the command");
    ben.sees_in(&card, "hello staging").await;
    assert!(ben.says("/job").await.text.contains("Task 1"), "there is no other");
    world.stop().await;
}

#[tokio::test]
async fn it_does_not_run_after_a_no_and_a_retry_asks_again() {
    let yard = Yard::new();
    let world = world(&yard).await;
    let ann = world.person("Ann");
    let question = ann.says("deploy staging").await;
    let yes = question.buttons.iter().find(|(label, _)| label == "Yes").unwrap().1.clone();
    assert_eq!(ann.presses(&question, "No").await, "");
    ann.sees_in(&question, "Run deploy staging? No: it does not run.").await;
    let query = world.telegram.press(ann.chat, ann.person, question.id, &yes);
    assert_eq!(ann.toast(&query).await, OVER);
    assert_eq!(ann.says("job").await.text, EMPTY);

    let question = ann.says("strict x").await;
    ann.presses(&question, "Yes").await;
    let card = ann.sees("the card", |found| found.text.starts_with("Task 1 is submitted")).await;
    let card = ann.sees_in(&card, "It ended with status 3.").await;
    assert_eq!(ann.presses(&card, "Retry").await, "Say yes or no in my answer.");
    assert!(ann.presses(&card, "Retry").await.contains("asked for a moment ago"));
    let again = ann.sees("the question", |found| found.reply_to == Some(card.id)).await;
    assert!(again.text.starts_with("Run strict x?"), "{}", again.text);
    assert_eq!(ann.presses(&again, "Yes").await, "Task 2 is submitted");
    world.stop().await;
}

#[tokio::test]
async fn it_expires_with_a_note() {
    let yard = Yard::new();
    yard.declare(&[("deploy", "hello", "confirm = true")]);
    let world = yard.world(|setup| setup.config.timings.confirm = Duration::from_millis(300)).await;
    let ann = world.person("Ann");
    let command = ann.writes("deploy staging");
    let question = ann.answer_to(command).await;
    let note = "deploy staging does not run.";
    ann.sees("the note", |found| found.reply_to == Some(command) && found.text.ends_with(note)).await;
    assert_eq!(ann.presses(&question, "Yes").await, OVER);
    ann.sees_in(&question, OVER).await;
    world.stop().await;
}

#[tokio::test]
async fn what_has_changed_since_was_not_asked_about() {
    let yard = Yard::new();
    let world = world(&yard).await;
    let ann = world.person("Ann");
    let question = ann.says("deploy staging").await;
    yard.declare(&[("deploy", "hello", "confirm = true\ntimeout = \"1m\"")]);
    assert!(olga(&world).says("reload").await.text.contains("Changed: deploy"));
    assert!(ann.presses(&question, "Yes").await.starts_with("What deploy does has changed since I asked"));
    // It is for others now.
    let question = ann.says("deploy staging").await;
    yard.declare(&[("deploy", "hello", "confirm = true\ntimeout = \"1m\"\nallow = \"owners\"")]);
    olga(&world).says("reload").await;
    assert!(ann.presses(&question, "Yes").await.contains("it is for others"));
    // It is gone.
    yard.declare(&[("deploy", "hello", "confirm = true"), ("strict", "fails", "confirm = true")]);
    olga(&world).says("reload").await;
    let question = ann.says("strict x").await;
    yard.declare(&[("deploy", "hello", "confirm = true")]);
    assert!(olga(&world).says("reload").await.text.contains("Removed: strict"));
    assert_eq!(ann.presses(&question, "Yes").await, "strict is not offered any more.");
    let closed = ann.sees_in(&question, "strict is not offered any more.").await;
    assert_eq!(closed.buttons, []);
    assert_eq!(ann.says("job").await.text, EMPTY);
    world.stop().await;
}

#[tokio::test]
async fn a_chat_has_so_many_questions_open() {
    let yard = Yard::new();
    let world = world(&yard).await;
    let ann = world.person("Ann");
    for at in 0..20 {
        assert!(ann.says(&format!("deploy {at}")).await.text.starts_with("Run deploy"));
    }
    assert!(ann.says("deploy 20").await.text.starts_with("20 questions of mine are open here."));
    assert!(world.person("Ben").says("deploy 20").await.text.starts_with("Run deploy 20?"));
    world.stop().await;
}

#[tokio::test]
async fn a_question_survives_a_crash_and_is_answered_once() {
    let yard = Yard::new();
    yard.declare(&[("deploy", "hold", "confirm = true\nrerun = true")]);
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_JOBS_FILE", &yard.file().display().to_string());
    ground.set("JOBBOARD_OWNERS", &OLGA.0.to_string());
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let question = talk.says("deploy staging").await;
    talk.says("help").await;
    bot.kill();

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let press = || ground.telegram.press_label(talk.chat, ann, question.id, "Yes");
    press();
    yard.began(1).await;
    let yes = question.buttons[0].1.clone();
    bot.kill();

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    yard.began(2).await;
    ground.telegram.press(talk.chat, ann, question.id, &yes);
    // It says how it was answered, or that it was.
    talk.sees("its end", |found| found.id == question.id && found.buttons.is_empty()).await;
    yard.release();
    let card = talk.sees("the card", |found| found.text.starts_with("Task 1 is submitted")).await;
    talk.sees_in(&card, "held staging").await;
    assert!(talk.says("job").await.text.contains("Task 1"), "there is no other");
    assert_eq!(yard.begun().len(), 2, "it was run again after the crash, and by nothing else");
    bot.stop().await;
}
