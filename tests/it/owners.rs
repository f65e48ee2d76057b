//! Who gets in, and what only owners of the bot may say.

use std::time::Duration;

use jobboard::{
    sandbox::{Failure, Fault, InlineAnswer, MessageId, PersonId, View},
    work::Engine,
};

use crate::world::{Held, Speaker, World, config};

const OLGA: &str = "1000001";

/// A bot that Olga owns, and Olga in her private chat.
async fn owned(flags: &[&str], engine: Engine) -> World {
    let flags: Vec<_> = ["--owners", OLGA].iter().chain(flags).copied().collect();
    let world = World::with(|setup| {
        setup.config = config(&flags);
        setup.engine = engine;
    })
    .await;
    world.telegram.person("Olga");
    world
}

fn olga(world: &World) -> Speaker<'_> {
    let olga = PersonId(1_000_001);
    world.speaker(world.telegram.private_chat(olga), olga)
}

/// Whether the bot has answered this by now: Olga's messages were handled after it, and were answered.
async fn is_answered(person: &Speaker<'_>, message: MessageId, world: &World) -> bool {
    olga(world).says("help").await;
    olga(world).says("help").await;
    !person.answers_to(message).is_empty()
}

async fn is_silent(person: &Speaker<'_>, world: &World, texts: &[&str]) {
    for text in texts {
        let message = person.writes(text);
        assert!(!is_answered(person, message, world).await, "{text}");
    }
}

async fn asks_inline(world: &World, person: &Speaker<'_>, text: &str) -> String {
    let query = world.telegram.ask_inline(person.chat, person.person, text);
    let find = |view: &View<'_>| -> Option<InlineAnswer> {
        view.inline_answers().into_iter().find(|answer| answer.query == query)
    };
    let answer = world.until("an inline answer", person.chat, find).await;
    answer.results[0]["title"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stranger_gets_one_line_with_the_chats_id() {
    let world = owned(&["--allowed-chats", "1000002"], Engine::new()).await;
    let ben = world.person("Ben");
    let [cleo, dan] = world.group(["Cleo", "Dan"]);
    // Listed, and an owner's own.
    ben.runs("fib 10", "is 34").await;
    olga(&world).runs("fib 10", "is 34").await;
    let line = cleo.says("/fib 10").await.text;
    assert!(line.starts_with("This bot works for other chats.") && line.contains(&cleo.chat.0.to_string()));
    is_silent(&dan, &world, &["/fib 10", "/dash", "/kill 1", "/job 1"]).await;
    // Each chat is told of itself.
    let private = cleo.in_chat(world.telegram.private_chat(cleo.person));
    assert!(private.says("hello").await.text.ends_with(&cleo.person.0.to_string()));
    is_silent(&private, &world, &["fib 10", "stats"]).await;
    assert!(asks_inline(&world, &private, "fib 10").await.starts_with("This bot works for other chats."));
    assert!(asks_inline(&world, &olga(&world), "fib 10").await.starts_with("The 10th"));
    world.stop().await;
}

#[tokio::test]
async fn a_group_that_does_not_speak_to_the_bot_hears_nothing_of_it() {
    let world = owned(&["--allowed-chats", "7"], Engine::new()).await;
    let [ann] = world.group(["Ann"]);
    world.telegram.set_bot_admin(ann.chat, true);
    is_silent(&ann, &world, &["hello", "fib 10", "/fib@other_bot 10"]).await;
    assert!(ann.says("/fib 10").await.text.starts_with("This bot works for other chats."));
    world.stop().await;
}

#[tokio::test]
async fn allow_lets_a_chat_in_at_once_and_for_good() {
    let mut world = owned(&["--allowed-chats", "7"], Engine::new()).await;
    let group = {
        let [ann] = world.group(["Ann"]);
        ann.says("/fib 10").await;
        let chat = ann.chat.0;
        let allow = format!("allow {chat}");
        assert_eq!(olga(&world).says(&allow).await.text, format!("Chat {chat} may use this bot now."));
        ann.runs("/fib 10", "is 34").await;
        assert_eq!(olga(&world).says(&allow).await.text, format!("Chat {chat} may use this bot already."));
        let all = olga(&world).says("allow").await.text;
        assert!(all.contains("In JOBBOARD_ALLOWED_CHATS: 7\n"), "{all}");
        assert!(all.contains(&format!("Allowed here: {chat}\nDenied here: none")), "{all}");
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    world.start_again(Engine::new());
    let ann = world.speaker(group.0, group.1);
    ann.runs("/fib 11", "is 55").await;
    // A supergroup is what its group was, also after the next start.
    let there = world.telegram.migrate(group.0);
    let ann = ann.in_chat(there);
    ann.runs("/fib 12", "is 89").await;
    world.stop_bot().await;
    world.start_again(Engine::new());
    let ann = world.speaker(there, group.1);
    ann.runs("/fib 13", "is 144").await;
    assert!(olga(&world).says("deny").await.text.contains(&format!("Allowed here: {}\n", there.0)));
    world.stop().await;
}

#[tokio::test]
async fn a_denied_chat_gets_nothing_and_its_tasks_end() {
    let held = Held::new();
    let mut world = owned(&[], held.attentive()).await;
    let (chat, person) = {
        let [ann] = world.group(["Ann"]);
        let card = ann.says("/fib 11").await;
        ann.sees_in(&card, "running").await;
        ann.says("/fib 12").await;
        ann.says("/fib 13").await;
        let board = ann.says("/dash").await;
        let deny = format!("deny {}", ann.chat.0);
        let shown = ann.heard().len();
        let answer = olga(&world).says(&deny).await.text;
        // What ran is told to stop, at once.
        let stopped = async {
            while held.cancels() < 2 {
                olga(&world).says("help").await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), stopped).await.expect("the tasks go on");
        assert!(
            answer.contains("may not use this bot any more, and its 3 unfinished tasks are cancelled."),
            "{answer}"
        );
        assert!(answer.ends_with(&format!("allow {} lets it in again.", ann.chat.0)), "{answer}");
        assert!(olga(&world).says(&deny).await.text.ends_with("is denied already."));
        is_silent(&ann, &world, &["/fib 14", "/dash", "/kill 1", "/job 1", "/help", "hello"]).await;
        assert_eq!(ann.heard().len(), shown, "{}", world.telegram.dump(ann.chat));
        assert!(!ann.heard().iter().any(|message| message.text.contains("ancelled")), "a card was edited");
        assert_eq!(ann.presses(&board, "Refresh").await, "This bot does not work for this chat.");
        assert_eq!(ann.presses(&card, "Kill").await, "This bot does not work for this chat.");
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    world.start_again(held.attentive());
    let ann = world.speaker(chat, person);
    is_silent(&ann, &world, &["/fib 14", "/job 1"]).await;
    // Nor does the group bring it back by itself.
    world.telegram.kick_bot(chat);
    world.telegram.invite_bot(chat);
    is_silent(&ann, &world, &["/dash"]).await;

    let answer = olga(&world).says(&format!("allow {}", chat.0)).await.text;
    assert_eq!(answer, format!("Chat {} may use this bot now.", chat.0));
    for task in 1..=3 {
        let told = ann.says(&format!("/job {task}")).await.text;
        assert!(told.starts_with("Cancelled: an owner of this bot has denied this chat"), "{told}");
    }
    held.release();
    assert!(ann.runs("/fib 10", "is 34").await.text.starts_with("Task 4 "));
    world.stop().await;
}

#[tokio::test]
async fn a_denied_person_is_not_answered_inline_and_owners_cannot_be_denied() {
    let world = owned(&[], Engine::new()).await;
    let ann = world.person("Ann");
    assert!(asks_inline(&world, &ann, "fib 10").await.starts_with("The 10th"));
    let answer = olga(&world).says(&format!("deny {}", ann.person.0)).await.text;
    assert!(
        answer.starts_with(&format!("Chat {} may not use this bot any more. ", ann.person.0)),
        "{answer}"
    );
    is_silent(&ann, &world, &["fib 10", "/start"]).await;
    assert_eq!(asks_inline(&world, &ann, "fib 11").await, "This bot does not work for this chat.");
    assert!(olga(&world).says(&format!("deny {OLGA}")).await.text.contains("is always let in"));
    olga(&world).runs("fib 10", "is 34").await;
    // Where every chat is let in, an allowed one is said to be no exception.
    let answer = olga(&world).says("allow -5").await.text;
    assert!(answer.contains("as every chat may (JOBBOARD_ALLOWED_CHATS is empty)"), "{answer}");
    let all = olga(&world).says("allow").await.text;
    assert!(all.starts_with(
        "Every chat may use this bot, but for those denied here.\nAllowed here: -5\nDenied here: "
    ));
    world.stop().await;
}

#[tokio::test]
async fn a_denied_group_is_denied_as_a_supergroup() {
    let world = owned(&[], Engine::new()).await;
    let [ann] = world.group(["Ann"]);
    ann.runs("/fib 10", "is 34").await;
    olga(&world).says(&format!("deny {}", ann.chat.0)).await;
    let there = world.telegram.migrate(ann.chat);
    is_silent(&ann.in_chat(there), &world, &["/fib 10", "/dash"]).await;
    // It may be let in by the new id as by the old one.
    olga(&world).says(&format!("allow {}", ann.chat.0)).await;
    ann.in_chat(there).runs("/fib 11", "is 55").await;
    world.stop().await;
}

#[tokio::test]
async fn owners_commands_are_refused_to_others_and_not_shown_to_them() {
    let world = owned(&[], Engine::new()).await;
    let ann = world.person("Ann");
    let group = world.telegram.group("Engineers", &[PersonId(1_000_001), ann.person]);
    for command in ["allow", "allow 5", "deny 5", "stats", "workers", "pause", "resume"] {
        let name = command.split(' ').next().unwrap();
        let refusal = format!(
            "{name} is for owners of this bot, in their private chats with me (the operator sets JOBBOARD_OWNERS)."
        );
        assert_eq!(ann.says(command).await.text, refusal);
        // Not even to an owner, where others are.
        assert_eq!(olga(&world).in_chat(group).says(&format!("/{command}")).await.text, refusal);
    }
    let names = ["allow", "deny", "stats", "workers", "pause", "resume"];
    let shows = |text: &str| names.iter().filter(|name| text.contains(&format!("\n{name} "))).count();
    assert_eq!(shows(&ann.says("help").await.text), 0);
    assert_eq!(shows(&ann.says("/start").await.text), 0);
    assert_eq!(shows(&olga(&world).says("help").await.text), 6);
    assert_eq!(shows(&olga(&world).in_chat(group).says("/help").await.text), 0);
    assert!(ann.says("help stats").await.text.contains("I do not know \"stats\""));
    assert!(olga(&world).says("help stats").await.text.contains("How the bot is doing"));
    assert!(!ann.says("pauze").await.text.contains("pause"));
    assert!(olga(&world).says("pauze").await.text.contains("did you mean pause?"));
    assert_eq!(
        olga(&world).says("allow x").await.text,
        "allow: \"x\" is not a chat's id, which is a number, in groups a negative one: allow -1001234567890"
    );
    // Nothing of it was done.
    assert!(olga(&world).says("stats").await.text.contains("Chats allowed by owners: 0, denied: 0."));
    world.stop().await;
}

#[tokio::test]
async fn owners_have_a_longer_menu_in_their_private_chats() {
    let world = owned(&[], Engine::new()).await;
    let menus = |view: &View<'_>| {
        let menus: Vec<_> = view.calls().into_iter().filter(|call| call.method == "setMyCommands").collect();
        (menus.len() >= 4).then_some(menus)
    };
    let menus = world.until("the menus", olga(&world).chat, menus).await;
    for menu in menus {
        let is_olgas = menu.params["scope"].to_string().contains(OLGA);
        let names = menu.params["commands"].to_string();
        for name in ["allow", "deny", "stats", "workers", "pause", "resume"] {
            let is_there = names.replace('\\', "").contains(&format!("\"{name}\""));
            assert_eq!(is_there, is_olgas, "{name} in {:?}", menu.params);
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn stats_tell_how_the_bot_is_doing() {
    let held = Held::new();
    let world = owned(&["--memory", "500MB"], held.attentive()).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let too_many = Failure::TooManyRequests { retry_after: 1 };
    world.telegram.fault(Fault::on("sendMessage").chat(ann.chat).times(1).answer(too_many));
    ann.says("/fib 11").await;
    ben.says("/fib 12").await;
    held.began(2).await;
    ben.says("/fib 13").await;
    ben.says("/fib-multi 14 15").await;
    ben.says("/kill 3").await;
    olga(&world).says(&format!("deny {}", ben.person.0)).await;
    let stats = olga(&world).says("stats").await.text;
    for line in [
        concat!("Jobboard ", env!("CARGO_PKG_VERSION"), ", up for "),
        "\nChats with a board: 1. People heard in the last hour: 3.\n",
        "\nChats allowed by owners: 0, denied: 1.\n",
        "\nTasks: 2 running, 1 queued, 0 succeeded, 0 failed, 1 cancelled.\n",
        "\nCPU slots: 2 of 2 used, waiting: 2, the first for ",
        "\nIO slots: 0 of 32 used, nobody waits.\n",
        " of 500 MB",
        "\nSince the start: updates ",
        ", pauses that Telegram asked for (429) 1.\n",
        "\nThe store has ",
    ] {
        assert!(stats.contains(line), "{line:?} is not in {stats}");
    }
    assert!(!stats.contains("Paused"));
    world.stop().await;
}

#[tokio::test]
async fn a_pause_holds_tasks_back_also_after_a_restart() {
    let held = Held::new();
    let mut world = owned(&[], held.attentive()).await;
    let (chat, person) = {
        let ann = world.person("Ann");
        let card = ann.says("fib 11").await;
        ann.sees_in(&card, "running").await;
        let answer = olga(&world).says("pause").await.text;
        assert_eq!(answer, "Paused: no task starts until resume. Still running: 1, waiting: 0.");
        ann.says("fib 12").await;
        let answer = olga(&world).says("pause").await.text;
        assert_eq!(answer, "It is paused already. Still running: 1, waiting: 1.");
        assert!(olga(&world).says("stats").await.text.contains("\nPaused: no task starts until resume.\n"));
        (ann.chat, ann.person)
    };
    world.stop_bot().await;
    world.start_again(held.attentive());
    let ann = world.speaker(chat, person);
    // What ran is queued again, and waits with the rest.
    let answer = olga(&world).says("pause").await.text;
    assert_eq!(answer, "It is paused already. Still running: 0, waiting: 2.");
    assert!(ann.says("job 2").await.text.starts_with("Still waiting"));
    held.release();
    let answer = olga(&world).says("resume").await.text;
    assert!(answer.starts_with("Tasks start again. "), "{answer}");
    ann.sees("the first", |found| found.text.contains("The 11th fibonacci number is 55")).await;
    ann.sees("the second", |found| found.text.contains("The 12th fibonacci number is 89")).await;
    assert!(olga(&world).says("resume").await.text.starts_with("It is not paused. "));
    world.stop_bot().await;
    world.start_again(Engine::new());
    assert!(olga(&world).says("resume").await.text.starts_with("It is not paused. "));
    world.stop().await;
}

#[tokio::test]
async fn owners_are_spoken_to_in_their_language() {
    let world = owned(&[], Engine::new()).await;
    let olga = olga(&world);
    olga.says("settings language de").await;
    assert_eq!(
        olga.says("pause").await.text,
        "Pause: Bis resume startet kein Task. Noch laufend: 0, wartend: 0."
    );
    assert!(olga.says("stats").await.text.contains("\nPause: "));
    assert!(olga.says("help").await.text.contains("\nstats  Wie es dem Bot geht"));
    assert!(olga.says("deny 12").await.text.starts_with("Chat 12 darf diesen Bot nicht mehr benutzen."));
    world.stop().await;
}
