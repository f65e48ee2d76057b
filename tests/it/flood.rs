//! More to be said than Telegram lets through. A minute of the paces, and of Telegram's limits, is some seconds.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jobboard::{
    sandbox::{Call, Failure, Fault, Message, Outcome, View},
    work::Engine,
};

use crate::world::{Held, Setup, Speaker, World, config};

const FASTER: u32 = 8;
const MINUTE: Duration = Duration::from_millis(60_000 / FASTER as u64);

/// The default paces, and a Telegram that enforces its limits.
fn limited(setup: &mut Setup) {
    setup.config = config(&["--max-live-jobs", "1000"]);
    (setup.config.rate_all, setup.config.rate_private, setup.config.rate_group) = (30, 60, 20);
    let timings = &mut setup.config.timings;
    timings.rate_period = MINUTE;
    for time in [&mut timings.dash_private, &mut timings.dash_group, &mut timings.merge_after] {
        *time /= FASTER;
    }
    timings.merge_join /= FASTER;
    setup.options.flood_limits = true;
    setup.options.flood_speed = FASTER;
}

/// Numbers above 90 are held.
fn mixed(held: &Held) -> Engine {
    let held = held.clone();
    Engine::on_workers(std::sync::Arc::new(move |n, control| {
        if n > 90 { held.attend(n, control) } else { jobboard::work::fib::fib(n, control) }
    }))
}

/// The tasks that somebody was told of, and whether their end is shown.
fn told(messages: &[Message]) -> BTreeMap<u64, bool> {
    let mut told = BTreeMap::new();
    for message in messages.iter().filter(|message| message.from_bot) {
        let first = message.text.lines().next().unwrap_or_default();
        if let Some(task) = first.strip_prefix("Task ").and_then(|rest| rest.strip_suffix(" is submitted")) {
            let ended = ["succeeded", "cancelled", "failed"].iter().any(|word| message.text.contains(word));
            told.insert(task.parse().unwrap(), ended);
        } else if first.starts_with("Tasks ") && first.ends_with(" are submitted") {
            for line in message.text.lines() {
                let Some((task, rest)) = line.trim_start().split_once(' ') else { continue };
                let Ok(task) = task.parse() else { continue };
                if rest.starts_with("fib") {
                    let open = rest.ends_with("queued") || rest.ends_with("running");
                    told.insert(task, !open);
                }
            }
        }
    }
    told
}

/// The calls that Telegram counts, of one chat.
fn counted(calls: Vec<Call>, of: &Speaker<'_>) -> Vec<Call> {
    let is_counted = |call: &Call| {
        call.chat == Some(of.chat) && (call.method.starts_with("send") || call.method.starts_with("edit"))
    };
    calls.into_iter().filter(is_counted).collect()
}

fn is_429(call: &Call) -> bool {
    matches!(call.outcome, Outcome::Refused { code: 429, .. })
}

#[tokio::test]
async fn two_hundred_submissions_keep_nobody_from_an_answer() {
    let held = Held::new();
    let world = World::with(|setup| {
        limited(setup);
        setup.engine = mixed(&held);
    })
    .await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let since = Instant::now();
    ann.writes("/fib 91");
    held.began(1).await;
    for n in 0..199 {
        ann.writes(&format!("/fib {}", n % 90 + 1));
    }
    let before = |message| {
        let ben = &ben;
        let find = move |view: &View<'_>| {
            let messages = view.messages(ben.chat);
            let found = messages.iter().find(|found| found.reply_to == Some(message)).cloned();
            found.map(|found| (found, told(&messages).len()))
        };
        world.until("an answer in the flood", ben.chat, find)
    };
    let commands = ["/kill 1", "/dash", "/job 1"].map(|command| ann.writes(command));
    let calls_before = counted(world.telegram.calls(), &ben).len();
    let (killed, told_then) = before(commands[0]).await;
    let calls = counted(world.telegram.calls(), &ben);
    let is_kill = |call: &Call| call.params["reply_parameters"]["message_id"] == commands[0].0;
    let before_it = calls.iter().skip(calls_before).take_while(|call| !is_kill(call)).count();
    assert!(before_it <= 10, "{before_it} calls were before the answer to the kill");
    assert_eq!(killed.text, "Task \"fib 91\" is killed");
    assert!(told_then < 200, "the kill was answered after all cards");
    let (dash, _) = before(commands[1]).await;
    assert!(dash.text.starts_with("Board: 200 tasks"), "{}", dash.text);
    let (job, _) = before(commands[2]).await;
    assert!(job.text.contains("Task 1 "), "{}", job.text);

    let all = |view: &View<'_>| {
        let told = told(&view.messages(ben.chat));
        (told.len() == 200 && told.values().all(|ended| *ended)).then_some(())
    };
    world.until("all ends", ben.chat, all).await;
    // The live dash shows the end, too.
    ben.sees_in(&dash, "Board: 200 tasks, 0 running, 0 queued").await;
    let took = since.elapsed();

    let several: Vec<_> = ben.heard().into_iter().filter(|found| found.text.starts_with("Tasks ")).collect();
    assert!((2..=4).contains(&several.len()), "{}", world.telegram.dump(ben.chat));
    assert!(several.iter().all(|message| message.text.contains("\nAll ")));
    let calls = counted(world.telegram.calls(), &ben);
    let most = 20.0 * (took.as_secs_f64() / MINUTE.as_secs_f64() + 1.0);
    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    let count = calls.len() as f64;
    assert!(count <= most, "{count} calls in {took:?}");
    assert!(!calls.windows(2).any(|two| two.iter().all(is_429)), "two 429 in a row");
    world.stop().await;
}

/// Ten tasks of a group that cannot end yet, in a message of several.
async fn several(world: &World, ann: &Speaker<'_>) -> Message {
    for n in 0..14 {
        ann.writes(&format!("/fib {}", 91 + n));
    }
    let all = |view: &View<'_>| {
        let messages = view.messages(ann.chat);
        (told(&messages).len() == 14)
            .then(|| messages.into_iter().find(|found| found.text.starts_with("Tasks ")))
    };
    world.until("a message of several", ann.chat, all).await.unwrap()
}

#[tokio::test]
async fn a_message_of_several_survives_a_restart_and_is_edited_to_the_end() {
    let held = Held::new();
    let mut world = World::with(|setup| {
        limited(setup);
        setup.engine = held.attentive();
    })
    .await;
    let (chat, message) = {
        let [ann] = world.group(["Ann"]);
        (ann.chat, several(&world, &ann).await)
    };
    world.stop_bot().await;
    let sent = world.telegram.messages(chat).len();
    world.start_again(Engine::new());
    let ended = |view: &View<'_>| {
        let found = view.message(chat, message.id)?;
        let told = told(&view.messages(chat));
        (found.text.contains("\nAll ") && told.values().all(|ended| *ended)).then_some(told.len())
    };
    assert_eq!(world.until("the ends", chat, ended).await, 14);
    assert_eq!(world.telegram.messages(chat).len(), sent, "nothing is said again");
    world.stop().await;
}

#[tokio::test]
async fn a_bare_word_in_reply_to_several_is_answered_with_a_question() {
    let held = Held::new();
    let world = World::with(|setup| {
        limited(setup);
        setup.engine = held.attentive();
    })
    .await;
    let [ann] = world.group(["Ann"]);
    let message = several(&world, &ann).await;
    for word in ["kill", "job", "retry"] {
        let answer = ann.replies(message.id, word).await.text;
        assert!(answer.starts_with("That message is about several: Tasks "), "{answer}");
        assert!(answer.contains(&format!("as in {word} ")), "{answer}");
    }
    assert_eq!(held.cancels(), 0);
    let last = ann.replies(message.id, "kill 14").await;
    assert_eq!(last.text, "Task \"fib 104\" is killed");
    ann.sees_in(&message, "14 fib 104 cancelled").await;
    world.stop().await;
}

#[tokio::test]
async fn a_burst_in_a_private_chat_keeps_within_the_limits() {
    let world = World::with(limited).await;
    let ann = world.person("Ann");
    for n in 1..=60 {
        ann.writes(&format!("fib {n}"));
    }
    let all = |view: &View<'_>| {
        let told = told(&view.messages(ann.chat));
        (told.len() == 60 && told.values().all(|ended| *ended)).then_some(())
    };
    world.until("all ends", ann.chat, all).await;
    let calls = counted(world.telegram.calls(), &ann);
    assert!(calls.len() < 30, "{} calls", calls.len());
    assert!(!calls.windows(2).any(|two| two.iter().all(is_429)), "two 429 in a row");
    world.stop().await;
}

#[tokio::test]
async fn a_kill_does_not_wait_for_the_cards_of_all_other_chats() {
    let held = Held::new();
    let world = World::with(|setup| {
        // Two at once, and two a second.
        setup.config.rate_all = 4;
        setup.engine = mixed(&held);
    })
    .await;
    let people: Vec<_> = (0..40).map(|n| world.person(&format!("Person {n}"))).collect();
    for person in &people {
        person.writes("fib 10");
    }
    let cards = |view: &View<'_>| {
        people.iter().filter(|person| !told(&view.messages(person.chat)).is_empty()).count()
    };
    // Whose it is, nobody knows.
    let ann = world.person("Ann");
    world.until("the first card", ann.chat, |view| (cards(view) > 0).then_some(())).await;
    ann.writes("fib 91");
    held.began(1).await;
    // Her card stands behind forty others.
    let kill = ann.writes("kill 1");
    let answered = |view: &View<'_>| {
        view.answer(ann.chat, kill)?;
        Some(cards(view))
    };
    let cards = world.until("the answer to the kill", ann.chat, answered).await;
    assert!(cards < 30, "the kill was answered after {cards} cards");
    world.stop().await;
}

#[tokio::test]
async fn tasks_whose_common_message_is_refused_are_told_of_one_by_one() {
    let held = Held::new();
    let world = World::with(|setup| {
        limited(setup);
        setup.options.flood_limits = false;
        setup.config.timings.rate_period = MINUTE / 5;
        setup.config.timings.merge_after = Duration::ZERO;
        setup.engine = held.attentive();
    })
    .await;
    let [ann] = world.group(["Ann"]);
    several(&world, &ann).await;
    let fault = Fault::on("editMessageText").chat(ann.chat);
    world.telegram.fault(fault.answer(Failure::BadRequest("not on Tuesdays".to_owned())));
    ann.says("/kill 14").await;
    // The message that was refused shows them as they were.
    let tells = |task| move |found: &Message| told(std::slice::from_ref(found)).get(&task) == Some(&true);
    ann.sees("the end of what was killed", tells(14)).await;
    held.release();
    for task in 1..14 {
        ann.sees("an end", tells(task)).await;
    }
    world.stop().await;
}
