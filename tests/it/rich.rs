//! Rich messages, which a chat has to choose; and the colours of buttons.

use std::time::Duration;

use jobboard::sandbox::{Failure, Fault, Outcome};
use serde_json::Value;

use crate::{
    process::Ground,
    world::{Held, World},
};

/// The rows of the one table of a rich message.
fn rows(rich: &Value) -> Vec<Vec<String>> {
    let table = rich.as_array().unwrap().iter().find(|block| block["type"] == "table").expect("a table");
    let cell = |cell: &Value| match &cell["text"] {
        Value::String(text) => text.clone(),
        styled => styled["text"].as_str().unwrap_or_default().to_owned(),
    };
    let row = |row: &Value| row.as_array().unwrap().iter().map(cell).collect();
    table["cells"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn a_chat_that_wants_it_has_its_board_as_a_table() {
    let world = World::with(|setup| setup.config.timings.dash_group = Duration::from_millis(20)).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    ann.runs("/fib 10", "is 34").await;
    assert!(ann.says("/settings").await.text.contains("rich: off"));
    assert_eq!(ann.says("/dash").await.rich, None, "the plain form is the default");

    assert!(ann.says("/settings rich on").await.text.contains("Rich messages are on"));
    assert!(ben.says("/settings").await.text.contains("rich: on"));
    let dash = ben.says("/dash").await;
    let table = rows(dash.rich.as_ref().expect("a rich message"));
    assert_eq!(table, [["id", "command", "state", "result"], ["1", "fib 10", "succeeded", "34"]]);
    assert_eq!(dash.buttons[0].0, "Refresh");
    // A press edits it, and it stays rich.
    ann.runs("/fib 11", "is 55").await;
    ann.presses(&dash, "Refresh").await;
    let edited =
        ann.sees("the new page", |message| message.id == dash.id && message.text.contains("fib 11")).await;
    assert_eq!(rows(edited.rich.as_ref().unwrap()).len(), 3);

    // Who is no admin may look, and change nothing.
    assert!(ben.says("/settings rich off").await.text.contains("Only an admin"));
    let newest = ben.says("/dash").await;
    assert!(newest.rich.is_some());

    // Another chat has chosen nothing.
    let cleo = world.person("Cleo");
    cleo.runs("fib 10", "is 34").await;
    assert_eq!(cleo.says("dash").await.rich, None);
    // The live one moves on by itself, and stays rich.
    ann.runs("/fib 12", "is 89").await;
    let live = ben
        .sees("the live board", |message| message.id == newest.id && message.text.contains("fib 12"))
        .await;
    assert!(live.rich.is_some());
    // And back: the message that was rich becomes plain.
    ann.says("/settings rich off").await;
    ann.presses(&dash, "Refresh").await;
    ann.sees("the plain page", |message| message.id == dash.id && message.rich.is_none()).await;
    world.stop().await;
}

#[tokio::test]
async fn a_long_result_is_folded_and_whole() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.says("settings rich on").await;
    let digits = jobboard::work::fib::fib(30_000, &jobboard::work::Control::default()).unwrap();
    let digits = digits.here().unwrap();
    let card = ann.says("fib 30000").await;
    let card = ann.sees_in(&card, "All 6,270 digits").await;
    let answer = ann.says("job 1").await;
    for message in [&card, &answer] {
        let blocks = message.rich.as_ref().unwrap().as_array().unwrap();
        let details = blocks.iter().find(|block| block["type"] == "details").expect("something folded");
        assert!(details.get("is_open").is_none());
        assert_eq!(details["blocks"][0]["text"], digits, "{}", message.text);
        assert!(message.text.contains("The 30000th fibonacci number is "), "{}", message.text);
    }
    assert!(card.text.contains("Task 1 is submitted"));
    // Several, and a short one.
    let several = ann
        .says(&format!("fib-multi {}", (1..=60).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")))
        .await;
    ann.sees_in(&several, "All 60 results").await;
    assert_eq!(ann.runs("fib 10", "is 34").await.rich, None);
    world.stop().await;
}

#[tokio::test]
async fn an_older_server_gets_the_same_as_plain_messages() {
    let world = World::with(|setup| setup.options.rich_messages = false).await;
    let ann = world.person("Ann");
    ann.says("settings rich on").await;
    ann.runs("fib 10", "is 34").await;
    for _ in 0..3 {
        let dash = ann.says("dash").await;
        assert!(dash.rich.is_none() && dash.text.starts_with("Board: 1 task"), "{}", dash.text);
        ann.presses(&dash, "Refresh").await;
    }
    // Not even an edit, whose parameter it would ignore, was tried after the first refusal.
    assert!(!world.telegram.calls().iter().any(|call| call.params.get("rich_message").is_some()));
    world.stop().await;
}

#[tokio::test]
async fn that_a_server_is_too_old_is_kept_in_mind() {
    let world = World::new().await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let unknown = world.telegram.fault(Fault::on("sendRichMessage").always().answer(Failure::NotFound));
    for speaker in [&ann, &ben] {
        speaker.says("settings rich on").await;
        speaker.runs("fib 10", "is 34").await;
        for _ in 0..3 {
            let dash = speaker.says("dash").await;
            assert!(dash.rich.is_none() && dash.text.starts_with("Board: 1 task"), "{}", dash.text);
        }
    }
    assert_eq!(unknown.count(), 1);
    world.stop().await;
}

#[tokio::test]
async fn what_a_server_does_not_take_is_sent_plainly_and_nothing_is_lost() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.says("settings rich on").await;
    ann.runs("fib 10", "is 34").await;
    let fault = Fault::on("sendRichMessage").answer(Failure::BadRequest("RICH_MESSAGE_INVALID".to_owned()));
    let fired = world.telegram.fault(fault);
    let dash = ann.says("dash").await;
    assert!(dash.rich.is_none() && dash.text.starts_with("Board: 1 task"), "{}", dash.text);
    assert_eq!(fired.count(), 1);
    // That was this one message.
    assert!(ann.says("dash").await.rich.is_some());
    // A pause is no refusal.
    world.telegram.fault(Fault::on("sendRichMessage").answer(Failure::Server(502)));
    assert!(ann.says("dash").await.rich.is_some());
    world.stop().await;
}

#[tokio::test]
async fn settings_survive_a_crash_and_move_with_the_group() {
    let ground = Ground::new().await;
    let people = ["Ann", "Ben"].map(|name| ground.telegram.person(name));
    let group = ground.telegram.group("Engineers", &people);
    let bot = ground.start();
    let ann = ground.talk(&bot, group, people[0]);
    ann.says("/fib 10").await;
    assert!(ann.says("/settings rich on").await.text.contains("on"));
    bot.kill();
    let bot = ground.start();
    assert!(ground.talk(&bot, group, people[0]).says("/dash").await.rich.is_some());
    let supergroup = ground.telegram.migrate(group);
    assert!(ground.talk(&bot, supergroup, people[0]).says("/dash").await.rich.is_some());
    bot.kill();
    let bot = ground.start();
    assert!(ground.talk(&bot, supergroup, people[0]).says("/dash").await.rich.is_some());
    bot.stop().await;
}

#[tokio::test]
async fn settings_say_what_is_wrong() {
    let world = World::new().await;
    let ann = world.person("Ann");
    for (command, words) in [
        ("settings colour blue", "There is no setting \"colour\""),
        ("settings rihc on", "did you mean rich?"),
        ("settings rich", "settings rich wants on or off"),
        ("settings rich <b>", "\"<b>\" is neither on nor off"),
    ] {
        let answer = ann.says(command).await.text;
        assert!(answer.contains(words), "{command:?} was answered with {answer:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_kill_is_red_where_the_server_takes_colours() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    let style = |message: &jobboard::sandbox::Message| {
        message.json["reply_markup"]["inline_keyboard"][0][0]["style"].clone()
    };
    let card = ann.says("fib 10").await;
    let card = ann.sees_in(&card, "running").await;
    assert_eq!(style(&card), "danger");
    // A press brings the message with its red button back to the bot.
    ann.presses(&card, "Kill").await;
    ann.sees("the confirmation", |message| message.text.ends_with("is killed")).await;
    let end = ann.sees_in(&card, "Cancelled by Ann").await;
    assert_eq!(style(&end), Value::Null);

    let refused = Failure::BadRequest("BUTTON_STYLE_INVALID".to_owned());
    world.telegram.fault(Fault::on("sendMessage").answer(refused));
    let plain = ann.says("fib 11").await;
    assert_eq!((style(&plain), plain.buttons[0].0.as_str()), (Value::Null, "Kill"));
    // That it takes none is kept in mind.
    let next = ann.says("fib 12").await;
    assert_eq!(style(&next), Value::Null);
    let refusals =
        world.telegram.calls().iter().filter(|call| matches!(call.outcome, Outcome::Refused { .. })).count();
    assert_eq!(refusals, 1);
    held.release();
    world.stop().await;
}
