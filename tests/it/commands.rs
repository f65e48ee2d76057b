//! What can be said, and what is answered.

use serde_json::json;

use crate::world::{World, config};

#[tokio::test]
async fn a_number_a_list_and_their_words() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.runs("fib 100", "The 100th fibonacci number is 218922995834555169026").await;
    ann.runs("FIB 1", "The 1st fibonacci number is 0").await;
    ann.runs("/fib@jobboard_sandbox_bot 2", "The 2nd fibonacci number is 1").await;
    ann.runs("/fib 1_3", "The 13th fibonacci number is 144").await;
    for command in ["fib-multi 30 10,20", "/fib-multi 30 10 20", "/fib_multi 30, 10 20"] {
        let card = ann.runs(command, "The 20th").await;
        let lines: Vec<_> = card.text.lines().filter(|line| line.starts_with("The ")).collect();
        let expected = [
            "The 30th fibonacci number is 514229",
            "The 10th fibonacci number is 34",
            "The 20th fibonacci number is 4181",
        ];
        assert_eq!(lines, expected);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_quick_job_is_one_message() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 10", "The 10th fibonacci number is 34").await;
    assert!(card.text.starts_with("Task 1 is submitted\n"), "{}", card.text);
    assert_eq!((card.edits, ann.heard().len()), (0, 1));
    world.stop().await;
}

#[tokio::test]
async fn a_long_number_is_cut_and_comes_whole_as_a_document() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 30000", "(6,270 digits)").await;
    let shown = card.text.split("The 30000th fibonacci number is ").nth(1).unwrap();
    let (head, tail) = shown.split_once("… …").unwrap();
    let tail = tail.split(' ').next().unwrap();

    ann.presses(&card, "Whole number").await;
    let document = ann.sees("the document", |message| message.document.is_some()).await.document.unwrap();
    assert_eq!(document.name, "fib-30000.txt");
    let digits = String::from_utf8(document.bytes.to_vec()).unwrap();
    assert_eq!(digits.len(), 6270);
    assert!(digits.starts_with(head) && digits.ends_with(tail), "{head} {tail}");
    let control = jobboard::work::Control::default();
    assert_eq!(digits, jobboard::work::fib::fib(30_000, &control).unwrap().here().unwrap());

    ann.says("job 1").await;
    ann.sees("a second document", |message| message.document.is_some() && message.id > card.id).await;
    world.stop().await;
}

#[tokio::test]
async fn job_says_the_result_or_still_waiting() {
    let held = crate::world::Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    assert!(ann.says("job").await.text.contains("The board is empty"));
    assert_eq!(ann.says("job 57").await.text, "There is no task 57");
    ann.writes("fib 10");
    held.began(1).await;
    assert!(ann.says("job 1").await.text.starts_with("Still waiting"));
    held.release();
    ann.sees("the result", |card| card.text.contains("The 10th fibonacci number is 34")).await;
    assert!(ann.says("job").await.text.starts_with("The 10th fibonacci number is 34"));
    world.stop().await;
}

#[tokio::test]
async fn errors_name_the_word_and_what_would_be_right() {
    let world = World::with(|setup| setup.config = config(&["--max-fib", "1000"])).await;
    let ann = world.person("Ann");
    for (command, words) in [
        ("fbi 100", vec!["\"fbi\"", "did you mean fib?"]),
        ("hello", vec!["\"hello\"", "help"]),
        ("fib", vec!["fib wants a number", "fib 100"]),
        ("fib 0", vec!["counting starts at 1"]),
        ("fib -1", vec!["\"-1\""]),
        ("fib 1e400", vec!["\"1e400\""]),
        ("fib 99999999999999999999", vec!["99999999999999999999 is too large", "1000"]),
        ("fib 1001", vec!["1001 is too large", "1000"]),
        ("fib ١٠", vec!["\"١٠\"", "0 to 9"]),
        ("fib 1 2", vec!["fib-multi 1 2"]),
        ("dex <b>&x", vec!["\"<b>&x\""]),
        ("dex ../../x", vec!["\"../../x\""]),
        ("<b>bold</b>", vec!["\"<b>bold</b>\""]),
        ("kill x", vec!["\"x\""]),
        ("retry 57", vec!["There is no task 57"]),
        ("kill 57", vec!["There is no task 57"]),
        ("kill all", vec!["Nothing is running"]),
        ("help nothing", vec!["\"nothing\""]),
    ] {
        let answer = ann.says(command).await.text;
        assert!(words.iter().all(|word| answer.contains(word)), "{command:?} was answered with {answer:?}");
    }
    assert!(ann.says("dash").await.text.contains("The board is empty"));
    world.stop().await;
}

#[tokio::test]
async fn any_text_is_survived() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let chat = json!({"id": ann.chat.0, "type": "private", "first_name": "Ann"});
    let from = json!({"id": ann.person.0, "is_bot": false, "first_name": "Ann"});
    for content in [
        json!({"message_id": 9001, "date": 0, "chat": chat, "from": from, "text": ""}),
        json!({"message_id": 9002, "date": 0, "chat": chat, "from": from, "sticker": {}}),
        json!({"message_id": "what"}),
        json!(null),
    ] {
        world.telegram.raw_update("message", content);
    }
    world.telegram.raw_update("something_new", json!({"a": 1}));
    let long = "x".repeat(4096);
    for text in [
        "🦀🦀 🦀",
        "שלום fib 10",
        "\u{202e}fib 10",
        long.as_str(),
        "fib\u{a0}10\u{200b}",
        "/",
        "@",
        "//fib 1",
    ] {
        let answer = ann.says(text).await.text;
        assert!(!answer.is_empty() && answer.len() < 1000, "{text:?}: {answer:?}");
    }
    let many = format!("fib-multi {}", "1 ".repeat(2000));
    assert!(ann.says(many.trim_end()).await.text.contains("up to 100"));
    ann.runs("fib 10", "is 34").await;
    world.stop().await;
}

#[tokio::test]
async fn help_start_and_the_menu() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let help = ann.says("help").await.text;
    for word in ["dex NUM|NAME", "fib-multi NUM NUM …", "kill NUM … | all", "retry NUM", "dash"] {
        assert!(help.contains(word), "{help}");
    }
    assert!(ann.says("help fib_multi").await.text.contains("For example: fib-multi 10 20 30"));
    assert!(ann.says("/start").await.text.contains("dash"));
    let [ben] = world.group(["Ben"]);
    assert!(ben.says("/help").await.text.contains("/fib_multi@jobboard_sandbox_bot"));
    let menu =
        world.until("the menu", ann.chat, |view| Some(view.commands()).filter(|menu| !menu.is_empty())).await;
    let names: Vec<_> = menu.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "dex",
            "dex_multi",
            "fib",
            "fib_multi",
            "job",
            "kill",
            "retry",
            "every",
            "at",
            "schedules",
            "unschedule",
            "dash",
            "timeline",
            "settings",
            "help"
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn only_an_owner_may_quit_and_that_quit_is_confirmed() {
    let mut world = World::with(|setup| setup.config = config(&["--owners", "1000002"])).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    assert_eq!((ann.person.0, ben.person.0), (1_000_001, 1_000_002));
    assert!(ann.says("quit").await.text.contains("Only an owner"));
    assert_eq!(ben.says("quit").await.text, "Exiting");
    world.bot_ended().await;
    // Otherwise the next start would read it, and stop again.
    assert!(world.telegram.view(|view| view.pending_updates() == 0));
}

#[tokio::test]
async fn strangers_learn_their_chats_id() {
    let world = World::with(|setup| setup.config = config(&["--allowed-chats", "1000002"])).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    assert!(ann.says("fib 10").await.text.contains("1000001"));
    ben.runs("fib 10", "is 34").await;
    world.stop().await;
}
