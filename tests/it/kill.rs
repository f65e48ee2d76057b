//! A kill is confirmed when it is true.

use jobboard::sandbox::{Failure, Fault, Gate};

use crate::{
    pokeapi::{Behaviour, PokeApi},
    world::{Held, World, config},
};

#[tokio::test]
async fn no_confirmation_before_the_work_has_stopped() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.deaf()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 100000000").await;
    held.began(1).await;
    let kill = ann.writes("kill 1");
    ann.sees_in(&card, "cancelling").await;
    // The board is asked after the kill: what it would have said is said by then.
    assert!(ann.says("dash").await.text.contains("cancelling"));
    assert!(ann.answers_to(kill).is_empty(), "confirmed while the work runs");
    held.release();
    assert_eq!(ann.answer_to(kill).await.text, "Task \"fib 100000000\" is killed");
    let end = ann.sees_in(&card, "Cancelled by Ann").await;
    assert_eq!(end.buttons.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(), ["Retry"]);
    world.stop().await;
}

#[tokio::test]
async fn a_queued_job_is_killed_while_every_worker_is_busy() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.deaf()).await;
    let ann = world.person("Ann");
    for n in [11, 12, 13] {
        ann.writes(&format!("fib {n}"));
    }
    held.began(2).await;
    assert_eq!(ann.says("kill 3").await.text, "Task \"fib 13\" is killed");
    held.release();
    ann.sees("the second", |card| card.text.contains("The 12th")).await;
    assert!(ann.says("job 3").await.text.starts_with("Cancelled by Ann"));
    world.stop().await;
}

#[tokio::test]
async fn a_real_computation_stops() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let card = ann.says("fib 900000000").await;
    ann.sees_in(&card, "running").await;
    assert_eq!(ann.presses(&card, "Kill").await, "Killing task 1 …");
    let confirmation = ann.sees("the confirmation", |message| message.reply_to == Some(card.id)).await;
    assert_eq!(confirmation.text, "Task \"fib 900000000\" is killed");
    world.stop().await;
}

#[tokio::test]
async fn an_io_job_stops_by_dropping_its_request() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
    let ann = world.person("Ann");
    ann.writes("dex pikachu");
    pokeapi.asked(1).await;
    assert_eq!(ann.says("kill 1").await.text, "Task \"dex pikachu\" is killed");
    pokeapi.hung_up(1).await;
    world.stop().await;
}

#[tokio::test]
async fn several_at_once_and_each_is_answered() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    ann.writes("fib 11");
    ann.writes("fib-multi 12 13");
    held.began(2).await;
    let answer = ann.says("kill 1 2, 57").await.text;
    let expected = "Task \"fib 11\" is killed\nTask \"fib-multi 12 13\" is killed\nThere is no task 57";
    assert_eq!(answer, expected);
    assert!(held.cancels() >= 2, "the work was not told");
    assert_eq!(
        ann.says("kill 1").await.text,
        "Task \"fib 11\" finished before it could be killed: it was cancelled already"
    );
    world.stop().await;
}

#[tokio::test]
async fn kill_all_kills_what_it_asked_about() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    ann.says("fib 11").await;
    let question = ann.says("kill all").await;
    ann.says("fib 12").await;
    ann.presses(&question, "Kill 1").await;
    let report = ann.sees("the report", |message| message.reply_to == Some(question.id)).await;
    assert_eq!(report.text, "Task \"fib 11\" is killed");
    assert!(ann.says("job 2").await.text.starts_with("Still waiting"));
    world.stop().await;
}

#[tokio::test]
async fn kill_all_asks_first() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    for n in [11, 12, 13] {
        ann.says(&format!("fib {n}")).await;
    }
    let question = ann.says("kill all").await;
    assert!(question.text.contains("Kill all 3 unfinished tasks?"));
    ann.presses(&question, "Keep").await;
    ann.sees_in(&question, "Nothing was killed").await;
    assert_eq!(held.cancels(), 0);

    let question = ann.says("kill all").await;
    ann.presses(&question, "Kill 3").await;
    let report = ann.sees("the report", |message| message.reply_to == Some(question.id)).await;
    assert_eq!(report.text.matches("is killed").count(), 3, "{}", report.text);
    // A second press finds nothing to kill.
    world.telegram.press(ann.chat, ann.person, question.id, &question.buttons[0].1);
    ann.sees_in(&question, "Nothing is running").await;
    world.stop().await;
}

#[tokio::test]
async fn a_kill_that_comes_too_late_says_so() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let card = ann.says("fib 10").await;
    let running = ann.sees_in(&card, "running").await;
    held.release();
    let card = ann.sees_in(&card, "is 34").await;
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 10\" finished before it could be killed");
    assert!(card.buttons.is_empty());
    // What an older client may still show.
    let query = world.telegram.press(ann.chat, ann.person, card.id, &running.buttons[0].1);
    assert_eq!(ann.toast(&query).await, "Task 1 is succeeded already");
    world.stop().await;
}

#[tokio::test]
async fn a_telegram_that_does_not_answer_delays_no_kill() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let gate = Gate::new();
    world.telegram.fault(Fault::on("sendMessage").chat(ann.chat).answer(Failure::Hold(gate.clone())));
    ann.writes("fib 11");
    ben.writes("fib 12");
    held.began(2).await;
    // Ann's card hangs in Telegram; the work stops all the same, and Ben is answered.
    ann.writes("kill 1");
    assert_eq!(ben.says("kill 1").await.text, "Task \"fib 12\" is killed");
    gate.release();
    ann.sees("the confirmation", |message| message.text == "Task \"fib 11\" is killed").await;
    world.stop().await;
}
