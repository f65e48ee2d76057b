//! One message a job, from submitted to its end.

use std::{sync::Arc, time::Duration};

use jobboard::work::Engine;

use crate::world::{Held, World};

#[tokio::test]
async fn a_card_moves_with_its_job() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let command = ann.writes("fib-multi 10 20");
    let card = ann.answer_to(command).await;
    assert!(card.text.starts_with("Task 1 is submitted\n"), "{}", card.text);
    let running = ann.sees_in(&card, "running").await;
    assert_eq!(running.buttons.len(), 1);
    held.began(2).await;
    held.release();
    let end = ann.sees_in(&card, "The 20th fibonacci number is 4181").await;
    assert!(end.text.starts_with("Task 1 is submitted\n") && end.buttons.is_empty());
    assert_eq!(ann.answers_to(command).len(), 1, "a short job is announced by its card alone");
    world.stop().await;
}

#[tokio::test]
async fn the_end_of_a_long_job_is_a_message_of_its_own() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.announce_after = Duration::ZERO;
    })
    .await;
    let ann = world.person("Ann");
    let command = ann.writes("fib 100");
    let card = ann.answer_to(command).await;
    ann.sees_in(&card, "running").await;
    held.release();
    let news = ann
        .sees("the announcement", |message| message.reply_to == Some(command) && message.id != card.id)
        .await;
    assert!(news.text.contains("218922995834555169026") && news.text.contains("succeeded"), "{}", news.text);
    // A reply to it means its task, as a reply to the card does.
    assert!(ann.replies(news.id, "job").await.text.starts_with("The 100th"));
    world.stop().await;
}

#[tokio::test]
async fn a_job_that_runs_on_shows_its_progress() {
    let (step, steps) = std::sync::mpsc::channel::<()>();
    let steps = std::sync::Mutex::new(steps);
    let world = World::with(|setup| {
        setup.config.timings.card_refresh = Duration::from_millis(20);
        setup.engine = Engine::on_workers(Arc::new(move |n, control| {
            control.expect(100);
            let _ = steps.lock().unwrap().recv();
            control.advance(42);
            let _ = steps.lock().unwrap().recv();
            jobboard::work::fib::fib(n, &jobboard::work::Control::default())
        }));
    })
    .await;
    let ann = world.person("Ann");
    let card = ann.says("fib 10").await;
    ann.sees_in(&card, "▱▱▱▱▱▱▱▱▱▱ 0 %").await;
    // Nothing but time brings the next edit.
    step.send(()).unwrap();
    ann.sees_in(&card, "▰▰▰▰▱▱▱▱▱▱ 42 %").await;
    step.send(()).unwrap();
    ann.sees_in(&card, "is 34").await;
    world.stop().await;
}

#[tokio::test]
async fn several_numbers_have_one_progress_and_a_time_that_is_left() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.config.timings.card_refresh = Duration::from_millis(20);
        let held = held.clone();
        // The first number is done at once and is a quarter of the work; the second one waits.
        setup.engine = Engine::on_workers(Arc::new(move |n, control| {
            if n == 10 {
                control.advance(n);
                return Ok(34_u64.into());
            }
            held.attend(n, control)
        }))
        .with_cost(|n| n);
    })
    .await;
    let ann = world.person("Ann");
    let card = ann.says("fib-multi 10 30").await;
    ann.sees_in(&card, "▰▰▱▱▱▱▱▱▱▱ 25 %").await;
    let card = ann.sees_in(&card, " s left").await;
    let lines: Vec<_> = card.text.lines().collect();
    assert!(lines[1].starts_with("fib-multi 10 30 · running, "), "{}", card.text);
    assert!(lines[2].starts_with("▰▰▱▱▱▱▱▱▱▱ 25 % · about "), "{}", card.text);
    let board = ann.says("dash").await.text;
    assert!(board.lines().any(|line| line.contains("▰▱▱▱▱ 25 %, ~") && line.ends_with("s left")), "{board}");
    ann.presses(&card, "Kill").await;
    ann.sees_in(&card, "Cancelled by Ann").await;
    world.stop().await;
}

#[tokio::test]
async fn a_panic_in_a_job_is_a_failure_of_that_job() {
    let world = World::with(|setup| {
        setup.engine = Engine::on_workers(Arc::new(|n, control| {
            assert!(n != 13, "on purpose");
            jobboard::work::fib::fib(n, control)
        }));
    })
    .await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 13", "a mistake in the bot").await;
    assert!(card.text.contains("failed"));
    ann.runs("fib-multi 10 13", "a mistake in the bot").await;
    ann.runs("fib 10", "is 34").await;
    world.stop().await;
}

#[tokio::test]
async fn a_failed_task_is_run_again_as_a_new_one() {
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let flag = broken.clone();
    let world = World::with(|setup| {
        setup.engine = Engine::on_workers(Arc::new(move |n, control| {
            assert!(!flag.load(std::sync::atomic::Ordering::SeqCst), "on purpose");
            jobboard::work::fib::fib(n, control)
        }));
    })
    .await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 10", "failed").await;
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    let second = ann.replies(card.id, "retry").await;
    assert!(second.text.starts_with("Task 2 is submitted"));
    ann.sees_in(&second, "is 34").await;
    assert_eq!(ann.presses(&card, "Retry").await, "Task 3 is submitted");
    ann.sees("the third", |message| message.reply_to == Some(card.id) && message.text.contains("is 34"))
        .await;
    assert!(ann.says("retry 2").await.text.contains("a task that failed, was cancelled"));
    world.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_the_paces() {
    let held = Held::new();
    let mut world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.rate_private = 60;
    })
    .await;
    let ann = world.person("Ann");
    let chat = ann.chat;
    let commands: Vec<_> = (11..31).map(|n| ann.writes(&format!("fib {n}"))).collect();
    held.began(2).await;
    ann.sees("the first cards", |card| card.text.contains("running")).await;
    world.stop_bot().await;
    let all = world.telegram.messages(chat);
    for (task, command) in (1..).zip(commands) {
        // A card of its own, or a line in a message of several.
        let card = all.iter().find(|message| message.reply_to == Some(command));
        let line = format!("\n{task:>2} fib {}", task + 10);
        let told = card.is_some_and(|card| card.text.contains("this task goes on when it is back"))
            || all.iter().any(|found| found.text.contains(&line) && found.text.contains("these tasks go on"));
        assert!(told, "task {task} is not told of\n{}", world.telegram.dump(chat));
    }
}

#[tokio::test]
async fn a_stop_pauses_jobs_and_says_so() {
    let held = Held::new();
    let mut world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let (chat, command) = (ann.chat, ann.writes("fib-multi 11 12 13"));
    let card = ann.answer_to(command).await;
    ann.sees_in(&card, "running").await;
    world.stop_bot().await;
    let end = world.telegram.message(chat, card.id).unwrap();
    assert!(end.text.contains("this task goes on when it is back"), "{}", end.text);
    assert!(world.telegram.view(|view| view.pending_updates() == 0));
}
