//! The newest dash edits itself.

use std::time::{Duration, Instant};

use jobboard::{
    sandbox::{Call, Failure, Fault, Message, Outcome, View},
    work::Engine,
};

use crate::world::{Held, Setup, Speaker, World};

const PAUSE: Duration = Duration::from_millis(20);

/// A bot whose dashes edit themselves in quick succession.
fn quick(setup: &mut Setup) {
    setup.config.timings.dash_private = PAUSE;
    setup.config.timings.dash_group = PAUSE;
}

fn labels(message: &Message) -> Vec<&str> {
    message.buttons.iter().map(|(label, _)| label.as_str()).collect()
}

/// The bot has the time to edit a dash some times.
async fn pauses(ann: &Speaker<'_>) {
    let since = Instant::now();
    while since.elapsed() < 5 * PAUSE {
        ann.says("help").await;
    }
}

/// No edit was one that changes nothing.
fn all_edits_were_news(world: &World) {
    let calls = world.telegram.calls();
    let is_idle = |call: &&Call| matches!(&call.outcome, Outcome::Refused { description, .. } if description.contains("not modified"));
    assert_eq!(calls.iter().filter(is_idle).count(), 0);
}

/// The dash shows what is true, and stays as it is.
async fn is_quiet(ann: &Speaker<'_>, world: &World, dash: &Message) {
    let before = world.telegram.message(ann.chat, dash.id).unwrap();
    pauses(ann).await;
    let after = world.telegram.message(ann.chat, dash.id).unwrap();
    assert_eq!((before.edits, before.text), (after.edits, after.text));
}

#[tokio::test]
async fn a_dash_moves_with_the_jobs_and_then_is_quiet() {
    let held = Held::new();
    let world = World::with(|setup| {
        quick(setup);
        setup.engine = held.attentive();
    })
    .await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    assert!(dash.text.contains("The board is empty") && dash.text.contains("● live"), "{}", dash.text);
    is_quiet(&ann, &world, &dash).await;
    ann.says("fib-multi 10 20").await;
    let running = ann.sees_in(&dash, "running").await;
    assert!(running.text.starts_with("Board: 1 task, 1 running, 0 queued · ● live\n"), "{}", running.text);
    pauses(&ann).await;
    held.release();
    let end = ann.sees_in(&dash, "= 34, 4181").await;
    assert!(end.text.contains("0 running") && end.text.contains("● live"), "{}", end.text);
    is_quiet(&ann, &world, &dash).await;
    all_edits_were_news(&world);
    world.stop().await;
}

#[tokio::test]
async fn one_edit_carries_all_changes() {
    let pause = Duration::from_millis(400);
    let world = World::with(|setup| setup.config.timings.dash_private = pause).await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    let since = Instant::now();
    for n in 1..=40 {
        ann.runs(&format!("fib {n}"), "fibonacci").await;
    }
    let end = ann.sees_in(&dash, "Board: 40 tasks, 0 running").await;
    // The first one keeps its distance from the dash itself.
    let most = since.elapsed().as_millis() / pause.as_millis() + 1;
    assert!(u128::from(end.edits) <= most, "{} edits in {:?}", end.edits, since.elapsed());
    world.stop().await;
}

#[tokio::test]
async fn an_older_dash_loses_its_live_line_and_stays_as_it_is() {
    let world = World::with(quick).await;
    let ann = world.person("Ann");
    ann.runs("fib 10", "is 34").await;
    let (first, second) = (ann.says("dash").await, ann.says("dash").await);
    let is_older =
        |message: &Message| message.id == first.id && !message.text.contains("live") && message.edits > 0;
    let older = ann.sees("the older dash without its line", is_older).await;
    assert_eq!(older.text, first.text.replace(" · ● live", ""));
    ann.runs("fib 20", "is 4181").await;
    ann.sees_in(&second, "Board: 2 tasks").await;
    assert_eq!(world.telegram.message(ann.chat, first.id).unwrap().edits, older.edits);
    // A press tells what is true now, and does not make it live.
    ann.presses(&older, "Refresh").await;
    let pressed = ann.sees_in(&first, "Board: 2 tasks").await;
    assert!(!pressed.text.contains("live"), "{}", pressed.text);
    ann.runs("fib 30", "is 514229").await;
    ann.sees_in(&second, "Board: 3 tasks").await;
    assert!(world.telegram.message(ann.chat, first.id).unwrap().text.contains("Board: 2 tasks"));
    world.stop().await;
}

#[tokio::test]
async fn a_page_and_a_filter_belong_to_their_message() {
    let held = Held::new();
    let world = World::with(|setup| {
        quick(setup);
        let held = held.clone();
        setup.engine = Engine::on_workers(std::sync::Arc::new(move |n, control| {
            if n == 99 { held.attend(n, control) } else { jobboard::work::fib::fib(n, control) }
        }));
    })
    .await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    for n in 1..=12 {
        ann.runs(&format!("/fib {n}"), "fibonacci").await;
    }
    let long = ben.says("/fib 99").await;
    ben.sees_in(&long, "running").await;
    let anns = ann.says("/dash").await;
    let bens = ben.says("/dash").await;
    assert_eq!(labels(&bens), ["Refresh 1/2", "Older ›", "• All", "Running", "Finished", "Mine"]);

    ann.presses(&anns, "Older ›").await;
    let older = ann.sees_in(&anns, "\n 1 fib 1 ").await;
    assert!(labels(&older).contains(&"Refresh 2/2"));
    ben.presses(&bens, "Mine").await;
    let is_mine = |found: &Message| found.id == bens.id && labels(found).contains(&"• Mine");
    let mine = ben.sees("what is his", is_mine).await;
    let rows: Vec<_> = mine.text.lines().skip(2).filter(|line| line.contains(" fib ")).collect();
    assert_eq!(rows.len(), 1, "{}", mine.text);
    assert!(rows[0].starts_with("13 fib 99 "), "{}", mine.text);
    assert_eq!(labels(&mine), ["Refresh", "All", "Running", "Finished", "• Mine"]);
    // Hers is as it was; in hers, "mine" are hers, whoever presses.
    assert!(world.telegram.message(ann.chat, anns.id).unwrap().text.contains("\n 1 fib 1 "));
    ben.presses(&older, "Mine").await;
    let hers = ben.sees_in(&anns, "\n12 fib 12 ").await;
    assert!(!hers.text.contains("fib 99"), "{}", hers.text);
    // The live one moves on with its own filter.
    ben.presses(&mine, "Running").await;
    let running = ben.sees("what is running", |found| {
        found.id == bens.id && labels(found).contains(&"• Running") && found.text.contains("fib 99")
    });
    assert!(!running.await.text.contains("fib 12"));
    held.release();
    ben.sees_in(&bens, "Nothing is running").await;
    ben.presses(&world.telegram.message(ben.chat, bens.id).unwrap(), "Finished").await;
    ben.sees_in(&bens, "\n13 fib 99 ").await;
    world.stop().await;
}

#[tokio::test]
async fn a_dash_that_was_deleted_is_posted_again() {
    let world = World::with(quick).await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    world.telegram.delete(ann.chat, dash.id);
    ann.runs("fib 10", "is 34").await;
    let again = ann.sees("the dash again", |found| found.text.contains("● live")).await;
    assert!(again.text.contains("Board: 1 task,"), "{}", again.text);
    ann.runs("fib 20", "is 4181").await;
    ann.sees_in(&again, "Board: 2 tasks").await;
    world.stop().await;
}

#[tokio::test]
async fn a_live_dash_survives_a_restart_with_its_filter() {
    let held = Held::new();
    let mut world = World::with(|setup| {
        quick(setup);
        setup.engine = held.attentive();
    })
    .await;
    let (chat, first, dash) = {
        let ann = world.person("Ann");
        let first = ann.says("dash").await;
        let dash = ann.says("dash").await;
        ann.says("fib 10").await;
        ann.sees_in(&dash, "running").await;
        ann.presses(&world.telegram.message(ann.chat, dash.id).unwrap(), "Running").await;
        ann.sees("the filter", |found| found.id == dash.id && labels(found).contains(&"• Running")).await;
        (ann.chat, first, dash)
    };
    world.stop_bot().await;
    world.start_again(Engine::new());
    let ended =
        |view: &View<'_>| view.message(chat, dash.id).filter(|dash| dash.text.contains("Nothing is running"));
    let end = world.until("the end in the dash", chat, ended).await;
    assert!(labels(&end).contains(&"• Running") && end.text.contains("● live"), "{}", end.text);
    assert!(!world.telegram.message(chat, first.id).unwrap().text.contains("live"));
    let live = world.telegram.messages(chat).iter().filter(|found| found.text.contains("● live")).count();
    assert_eq!(live, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_429_pauses_the_dash_and_then_it_shows_what_is_true() {
    let world = World::with(quick).await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    let fault = Fault::on("editMessageText").chat(ann.chat);
    let fired = world.telegram.fault(fault.answer(Failure::TooManyRequests { retry_after: 1 }));
    ann.runs("fib 10", "is 34").await;
    world.until("the 429", ann.chat, |_| (fired.count() > 0).then_some(())).await;
    ann.writes("fib 20");
    ann.sees_in(&dash, "Board: 2 tasks, 0 running").await;
    assert_eq!(fired.count(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_group_that_moves_gets_its_dash_again_when_its_board_moves() {
    let world = World::with(quick).await;
    let [ann] = world.group(["Ann"]);
    ann.says("/dash").await;
    ann.runs("/fib 10", "is 34").await;
    let moved = ann.in_chat(world.telegram.migrate(ann.chat));
    moved.runs("/fib 20", "is 4181").await;
    let dash = moved.sees("the dash", |found| found.text.contains("● live")).await;
    moved.sees_in(&dash, "Board: 2 tasks, 0 running").await;
    world.stop().await;
}

#[tokio::test]
async fn a_chat_that_was_gone_gets_no_dash_it_did_not_ask_for() {
    let held = Held::new();
    let world = World::with(|setup| {
        quick(setup);
        setup.engine = held.attentive();
    })
    .await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    ann.says("fib 10").await;
    ann.sees_in(&dash, "running").await;
    world.telegram.block(ann.person);
    held.release();
    world.telegram.unblock(ann.person);
    ann.runs("fib 20", "is 4181").await;
    pauses(&ann).await;
    let left = world.telegram.message(ann.chat, dash.id).unwrap();
    assert!(left.text.contains("Board: 1 task, 1 running"), "{}", left.text);
    assert!(ann.says("dash").await.text.contains("Board: 2 tasks"));
    world.stop().await;
}

#[tokio::test]
async fn cards_and_dash_tell_the_place_in_the_line() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.config.cpu_workers = Some(1);
        quick(setup);
        // A minute each.
        setup.engine = held.attentive().with_cost(|_| 60_000_000_000);
    })
    .await;
    let ann = world.person("Ann");
    ann.says("fib 11").await;
    held.began(1).await;
    let [second, third] = [ann.says("fib-multi 12 13").await, ann.says("fib 14").await];
    assert!(second.text.contains("queued, 1st, about 60 s"), "{}", second.text);
    assert!(third.text.contains("queued, 2nd, about 3 min"), "{}", third.text);
    let dash = ann.says("dash").await;
    assert!(dash.text.contains("\n   2nd, about 3 min"), "{}", dash.text);
    ann.presses(&second, "Kill").await;
    ann.sees_in(&dash, "\n   1st, about 60 s").await;
    held.release();
    ann.sees_in(&third, "The 14th fibonacci number is 233").await;
    world.stop().await;
}

#[tokio::test]
async fn a_dash_that_telegram_refuses_once_edits_itself_on() {
    let world = World::with(quick).await;
    let ann = world.person("Ann");
    let dash = ann.says("dash").await;
    let fault = Fault::on("editMessageText").chat(ann.chat);
    let fired = world.telegram.fault(fault.answer(Failure::BadRequest("not on Tuesdays".to_owned())));
    ann.writes("fib 10");
    world.until("the refusal", ann.chat, |_| (fired.count() > 0).then_some(())).await;
    let end = ann.sees_in(&dash, "Board: 1 task, 0 running").await;
    assert!(end.text.contains("● live"), "{}", end.text);
    world.stop().await;
}
