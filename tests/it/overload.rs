//! More than the bot can do: it says so at once, goes on with what it has, and is there again by itself.

use std::time::Duration;

use jobboard::{
    sandbox::{ChatId, View},
    work::Engine,
};

use crate::world::{Held, Speaker, World, config};

/// The seconds of "busy, try in N s".
fn busy(text: &str) -> Option<u64> {
    text.strip_prefix("The bot is busy, try in ")?.strip_suffix(" s.")?.parse().ok()
}

/// A bot that takes four unfinished tasks, whose numbers are held.
async fn small(held: &Held) -> World {
    World::with(|setup| {
        setup.config = config(&["--max-live-jobs-all", "4"]);
        setup.engine = held.attentive();
    })
    .await
}

#[tokio::test]
async fn over_the_bound_it_is_busy_and_who_has_nothing_comes_first() {
    let held = Held::new();
    let world = small(&held).await;
    let [ann, ben, cleo, dora, eve] = ["Ann", "Ben", "Cleo", "Dora", "Eve"].map(|name| world.person(name));
    for person in [&ann, &ann, &ben, &cleo] {
        assert!(person.says("fib 91").await.text.starts_with("Task "));
    }
    // Nothing has ended, so nobody knows.
    assert_eq!(busy(&ann.says("fib 92").await.text), Some(60), "she has more than others");
    assert_eq!(busy(&ben.says("fib 92").await.text), Some(60));
    assert!(dora.says("fib 91").await.text.starts_with("Task 1 "), "a quarter more, for who has none");
    assert_eq!(busy(&eve.says("fib 91").await.text), Some(60));
    // Once is enough.
    let again = eve.writes("fib 92");

    // What is no task is answered all the time.
    assert!(
        eve.says("dash").await.text.starts_with("The board is empty"),
        "{}",
        world.telegram.dump(eve.chat)
    );
    assert!(eve.says("help").await.text.starts_with("What can be said"));
    assert!(eve.says("nonsense").await.text.starts_with("I do not know"));
    assert_eq!(ann.says("job 2").await.text.lines().next(), Some("Still waiting"));
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 91\" is killed");
    assert!(eve.answers_to(again).is_empty());

    // There is room again, and she that was sent away comes in.
    assert!(eve.says("fib 91").await.text.starts_with("Task 1 "));
    // One has ended meanwhile: it is known how long that takes.
    let seconds = busy(&world.person("Finn").says("fib 91").await.text);
    assert!(seconds.is_some_and(|seconds| seconds < 60), "{seconds:?}");
    held.release();
    for person in [&ann, &ben, &cleo, &dora, &eve] {
        person.sees("an end", |found| found.text.contains("The 91st fibonacci number")).await;
    }
    ann.runs("fib 91", "The 91st fibonacci number").await;
    world.stop().await;
}

#[tokio::test]
async fn while_it_is_paused_it_does_not_tell_when_there_will_be_room() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.config = config(&["--max-live-jobs-all", "1", "--owners", "1000001"]);
        setup.engine = held.attentive();
    })
    .await;
    let [olga, ann] = ["Olga", "Ann"].map(|name| world.person(name));
    assert!(olga.says("pause").await.text.starts_with("Paused"));
    ann.says("fib 91").await;
    let refused = ann.says("fib 92").await.text;
    assert_eq!(
        refused,
        "The bot is paused by its owner and takes no more for now: try again when it goes on."
    );
    held.release();
    olga.says("resume").await;
    ann.sees("an end", |found| found.text.contains("The 91st fibonacci number")).await;
    ann.runs("fib 92", "The 92nd fibonacci number").await;
    world.stop().await;
}

#[tokio::test]
async fn a_press_is_told_at_once_in_german_too() {
    let held = Held::new();
    let world = small(&held).await;
    let [ann, ben, cleo] = ["Ann", "Ben", "Cleo"].map(|name| world.person(name));
    ann.says("fib 91").await;
    let killed = ann.says("fib 91").await;
    ann.says("kill 2").await;
    let killed = ann.sees_in(&killed, "Cancelled").await;
    for person in [&ben, &ben, &cleo] {
        person.says("fib 91").await;
    }
    ben.says("settings language de").await;
    let german = ben.says("fib 92").await.text;
    assert!(german.starts_with("Der Bot ist überlastet, bitte in ") && german.contains(" s "), "{german}");
    // Every time: a toast costs nobody else anything.
    for _ in 0..2 {
        assert!(ann.presses(&killed, "Retry").await.starts_with("The bot is busy, try in "));
    }
    world.stop().await;
}

#[tokio::test]
async fn more_than_the_bound_in_the_store_goes_on_and_nothing_is_added() {
    let held = Held::new();
    let mut world = World::with(|setup| setup.engine = held.attentive()).await;
    let (ann, ben) = {
        let (ann, ben) = (world.person("Ann"), world.person("Ben"));
        for _ in 0..6 {
            ann.says("fib 91").await;
        }
        ((ann.chat, ann.person), (ben.chat, ben.person))
    };
    world.stop_bot().await;
    let held = Held::new();
    world.change(|config| config.max_live_jobs_all = std::num::NonZeroUsize::new(2).unwrap());
    world.start_again(held.attentive());
    let (ann, ben) = (world.speaker(ann.0, ann.1), world.speaker(ben.0, ben.1));
    assert_eq!(busy(&ben.says("fib 91").await.text), Some(60));
    held.release();
    let ended = |view: &View<'_>| {
        let messages = view.messages(ann.chat);
        let ends = messages.iter().filter(|found| found.text.contains("The 91st fibonacci number")).count();
        (ends == 6).then_some(())
    };
    world.until("all ends", ann.chat, ended).await;
    ben.runs("fib 91", "The 91st fibonacci number").await;
    world.stop().await;
}

/// Whether there is a card of a task in the chat.
fn has_card(view: &View<'_>, chat: ChatId) -> bool {
    view.messages(chat).iter().any(|found| found.from_bot && found.text.starts_with("Task "))
}

/// A bot that sends two messages at once and ten a second; no more than twelve are to wait. Forty people have said "fib 10".
async fn hurried(flags: &[&str]) -> (World, Vec<ChatId>) {
    let world = World::with(|setup| {
        setup.config = config(flags);
        setup.config.rate_all = 4;
        setup.config.timings.rate_period = Duration::from_secs(12);
        setup.config.timings.unsaid = Duration::from_secs(1);
    })
    .await;
    let chats: Vec<_> = (0..40)
        .map(|n| {
            let person = world.person(&format!("Person {n}"));
            person.writes("fib 10");
            person.chat
        })
        .collect();
    let first = |view: &View<'_>| chats.iter().any(|chat| has_card(view, *chat)).then_some(());
    world.until("the first card", chats[0], first).await;
    (world, chats)
}

#[tokio::test]
async fn a_stranger_who_was_only_told_that_it_is_busy_is_told_the_rest_later() {
    let listed: Vec<_> = (1_000_001..=1_000_040).map(|id: u32| id.to_string()).collect();
    let (world, chats) = hurried(&["--allowed-chats", &listed.join(",")]).await;
    let stranger = world.person("Stranger");
    let first = stranger.says("hello").await.text;
    assert!(busy(&first).is_some(), "{first}");
    let all = |view: &View<'_>| chats.iter().all(|chat| has_card(view, *chat)).then_some(());
    world.until("the cards", stranger.chat, all).await;
    assert!(stranger.says("hello").await.text.starts_with("This bot works for other chats."));
    world.stop().await;
}

#[tokio::test]
async fn words_that_are_no_task_are_told_to_wait_too_but_for_what_is_asked() {
    let (world, _) = hurried(&[]).await;
    let ann = world.person("Ann");
    let first = ann.says("nonsense").await.text;
    assert!(busy(&first).is_some(), "{first}");
    assert!(ann.says("help").await.text.starts_with("What can be said"));
    world.stop().await;
}

#[tokio::test]
async fn more_to_be_said_than_the_pace_lets_through_is_busy_until_it_is_said() {
    let held = Held::new();
    let world = World::with(|setup| {
        // Two at once, and ten a second; no more than ten to be said, or twelve for who has nothing.
        setup.config.rate_all = 4;
        setup.config.timings.rate_period = Duration::from_secs(12);
        setup.config.timings.unsaid = Duration::from_secs(1);
        let held = held.clone();
        setup.engine = Engine::on_workers(std::sync::Arc::new(move |n, control| {
            if n > 90 { held.attend(n, control) } else { jobboard::work::fib::fib(n, control) }
        }));
    })
    .await;
    let ann = world.person("Ann");
    ann.says("fib 91").await;
    let people: Vec<_> = (0..40).map(|n| world.person(&format!("Person {n}"))).collect();
    let late: Vec<_> = (0..20).map(|n| world.person(&format!("Late {n}"))).collect();
    for person in &people {
        person.writes("fib 10");
    }
    let cards = |view: &View<'_>| people.iter().filter(|person| has_card(view, person.chat)).count();
    world.until("the first card", ann.chat, |view| (cards(view) > 0).then_some(())).await;
    for person in &late {
        person.writes("fib 10");
    }
    let told = |view: &View<'_>| {
        let texts = late.iter().flat_map(|person| view.messages(person.chat));
        texts.filter(|found| found.from_bot).find_map(|found| busy(&found.text))
    };
    let seconds = world.until("\"busy\"", ann.chat, told).await;
    // Ten a second: forty cards, and what the others before were told.
    assert!((2..=7).contains(&seconds), "{seconds}");
    // Neither waits for the cards, nor for all who are told to try later.
    let kill = ann.writes("kill 1");
    let dash = ann.writes("dash");
    for message in [kill, dash] {
        let answered = |view: &View<'_>| view.answer(ann.chat, message).map(|_| cards(view));
        let before = world.until("an answer", ann.chat, answered).await;
        assert!(before < 35, "{before} cards came before it");
    }
    // Nobody of those that were taken is forgotten, and then there is room.
    world.until("the cards", ann.chat, |view| (cards(view) == people.len()).then_some(())).await;
    let (taken, told) = world.telegram.view(|view| {
        let is_told = |person: &&Speaker<'_>| {
            view.messages(person.chat).iter().any(|found| found.from_bot && busy(&found.text).is_some())
        };
        let taken = late.iter().filter(|person| has_card(view, person.chat)).count();
        (taken, late.iter().filter(is_told).count())
    });
    assert!(taken == 0 && (1..15).contains(&told), "{taken} were taken, {told} told");
    let [last] = world.group(["Zoe"]);
    last.runs("/fib 10", "The 10th fibonacci number is 34").await;
    world.stop().await;
}
