//! Who sees which board.

use std::time::Duration;

use crate::world::{Held, World, config};

const BOT: &str = "@jobboard_sandbox_bot";

#[tokio::test]
async fn a_group_shares_its_board_and_nobody_else_sees_it() {
    let world = World::new().await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let cleo = world.person("Cleo");
    ann.runs("/fib 10", "is 34").await;
    let dash = ben.says(&format!("/dash{BOT}")).await;
    assert!(dash.text.contains("fib 10") && dash.text.contains("succeeded"), "{}", dash.text);
    assert!(ben.says("/job 1").await.text.starts_with("The 10th fibonacci number is 34"));

    assert_eq!(cleo.says("job 1").await.text, "There is no task 1");
    assert!(cleo.says("dash").await.text.contains("The board is empty"));
    let first = cleo.runs("fib 20", "is 4181").await;
    assert!(first.text.starts_with("Task 1 is submitted"), "ids count per chat");
    assert!(ben.says("/job 2").await.text.contains("There is no task 2"));
    world.stop().await;
}

#[tokio::test]
async fn in_a_group_only_what_is_addressed_is_answered() {
    let world = World::new().await;
    let [ann, _ben] = world.group(["Ann", "Ben"]);
    let chatter = [
        "fib 10",
        "job well done",
        "hello",
        "/fib@other_bot 10",
        "/unknown 1",
        "kill all",
        "me@example.org fib 10",
    ];
    let unanswered = chatter.map(|text| ann.writes(text));
    let card = ann.runs("/fib 10", "is 34").await;
    assert!(ann.says(&format!("/fbi{BOT} 10")).await.text.contains("did you mean fib?"));
    assert!(ann.says(&format!("{BOT} dash")).await.text.contains("1 task"));
    // Everything before was read before: updates are handled in order.
    assert!(unanswered.iter().all(|message| ann.answers_to(*message).is_empty()));
    // A reply to the bot needs no slash; a bare word means that card's task.
    assert!(ann.replies(card.id, "job").await.text.starts_with("The 10th"));
    assert!(ann.replies(card.id, "kill").await.text.contains("finished before it could be killed"));
    world.stop().await;
}

#[tokio::test]
async fn an_edited_or_repeated_command_is_not_run_again() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let message = ann.writes("fib 10");
    ann.answer_to(message).await;
    world.telegram.deliver_again(ann.chat, message);
    world.telegram.edit(ann.chat, ann.person, message, "fib 20");
    let dash = ann.says("dash").await;
    assert!(dash.text.starts_with("Board: 1 task,"), "{}", dash.text);
    assert_eq!(ann.answers_to(message).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn the_board_has_pages_and_a_page_belongs_to_its_message() {
    let world = World::new().await;
    let ann = world.person("Ann");
    for n in 1..=23 {
        ann.writes(&format!("fib {n}"));
    }
    ann.sees("the last result", |card| card.text.contains("The 23rd fibonacci number is 17711")).await;
    let (first, second) = (ann.says("dash").await, ann.says("dash").await);
    assert!(first.text.contains("Board: 23 tasks, 0 running, 0 queued"), "{}", first.text);
    assert!(first.text.contains("\n23 fib 23 ") && first.text.contains("\n14 fib 14 "), "{}", first.text);
    let labels: Vec<_> = first.buttons.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Refresh 1/3", "Older ›", "• All", "Running", "Finished"]);

    ann.presses(&first, "Older ›").await;
    let older = ann.sees_in(&first, "\n13 fib 13 ").await;
    ann.presses(&older, "Older ›").await;
    let oldest = ann.sees_in(&first, "\n 1 fib 1 ").await;
    let labels: Vec<_> = oldest.buttons.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["‹ Newer", "Refresh 3/3", "• All", "Running", "Finished"]);
    let untouched = world.telegram.message(ann.chat, second.id).unwrap();
    assert!(untouched.text.contains("\n23 fib 23 "), "{}", untouched.text);
    // A refresh that changes nothing is answered too.
    assert_eq!(ann.presses(&oldest, "Refresh 3/3").await, "");
    world.stop().await;
}

#[tokio::test]
async fn the_board_fits_a_phone() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.runs("fib-multi 1000 2000 3000", "The 3000th").await;
    ann.runs("dex 99999", "There is no Pokémon 99999").await;
    ann.runs("fib 1_000_000", "208,988 digits").await;
    let dash = ann.says("dash").await;
    let table: Vec<_> = dash.text.lines().skip(1).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 31), "{}", dash.text);
    assert!(dash.text.contains("fib-multi 1000 2"), "at least 16 characters of a command: {}", dash.text);
    assert!(dash.html.contains("<pre>"), "{}", dash.html);
    world.stop().await;
}

#[tokio::test]
async fn a_chat_has_a_bound_of_unfinished_tasks() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config = config(&["--max-live-jobs", "3"]);
    })
    .await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    for _ in 0..3 {
        ann.says("fib 10").await;
    }
    let refusal = ann.says("fib 10").await.text;
    assert!(refusal.contains("has 3 unfinished tasks and may have 3"), "{refusal}");
    assert!(
        ben.says("fib 10").await.text.starts_with("Task 1 is submitted"),
        "another chat has its own bound"
    );
    held.release();
    world.stop().await;
}

#[tokio::test]
async fn a_small_number_does_not_wait_for_workers() {
    let world = World::new().await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.runs("fib-multi 100000000 100000000 100000000 100000000", "running").await;
    ben.runs("fib 100", "The 100th fibonacci number is 218922995834555169026").await;
    world.stop().await;
}

#[tokio::test]
async fn what_was_dropped_is_said_so_and_digits_are_computed_again() {
    let world = World::with(|setup| setup.config = config(&["--keep-mb", "0", "--keep-jobs", "1"])).await;
    let ann = world.person("Ann");
    ann.runs("fib 10", "is 34").await;
    ann.runs("fib 30000", "The 30000th fibonacci number is").await;
    assert!(ann.says("job 1").await.text.contains("Task 1 is not kept any more"));
    // Nobody is told when it happens: it is asked for until it is so.
    let dropped = async {
        while !ann.says("job 2").await.text.contains("its digits were dropped; retry 2 computes them again") {
        }
    };
    tokio::time::timeout(Duration::from_secs(30), dropped).await.expect("the digits are not dropped");
    let again = ann.runs("retry 2", "The 30000th fibonacci number is").await;
    assert!(again.text.starts_with("Task 3 is submitted"), "{}", again.text);
    world.stop().await;
}
