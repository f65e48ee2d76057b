//! In which language people read: that of their app in private chats, what was chosen in groups, English elsewhere.

use crate::{
    pokeapi::{Behaviour, PokeApi},
    process::Ground,
    world::{Held, World},
};

#[tokio::test]
async fn a_person_is_spoken_to_in_the_language_of_the_app() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let anna = world.person("Anna");
    world.telegram.speaks(anna.person, "de-AT");
    assert!(anna.says("dash").await.text.contains("Das Board ist leer"));
    let card = anna.says("fib 100").await;
    // What people know is the same in every language.
    assert!(card.text.starts_with("Task 1 is submitted\n"), "{}", card.text);
    let card = anna.sees_in(&card, "läuft").await;
    assert!(anna.says("job 1").await.text.starts_with("Still waiting\n"));
    assert_eq!(anna.says("job 57").await.text, "There is no task 57");
    assert_eq!(anna.presses(&card, "Abbrechen").await, "Task 1 wird abgebrochen …");
    let killed =
        anna.sees("the report", |found| found.text == "Task \"fib 100\" is killed" && found.id != card.id);
    killed.await;
    anna.sees_in(&card, "abgebrochen").await;
    anna.sees_in(&card, "Cancelled (von Anna)").await;
    held.release();
    anna.runs("fib 100", "The 100th fibonacci number is 218922995834555169026").await;
    assert!(anna.says("fbi 3").await.text.contains("„fbi“ ist unbekannt: War fib gemeint?"));
    assert!(anna.says("help fib").await.text.contains("Zum Beispiel: fib 100"));
    // Nobody else is, nor is anybody whose language the bot does not speak.
    let [ben, cleo] = [world.person("Ben"), world.person("Cleo")];
    world.telegram.speaks(cleo.person, "eo");
    for person in [ben, cleo] {
        assert!(person.says("dash").await.text.contains("The board is empty"));
    }
    // The app was set to another language.
    world.telegram.speaks(anna.person, "fr");
    assert!(anna.says("dash").await.text.contains("Board: 2 tasks"));
    world.stop().await;
}

#[tokio::test]
async fn a_group_chooses_and_so_may_a_private_chat() {
    let world = World::new().await;
    let [anna, ben] = world.group(["Anna", "Ben"]);
    world.telegram.speaks(anna.person, "de");
    assert!(anna.says("/dash").await.text.contains("The board is empty"), "a group has chosen nothing");
    assert!(anna.says("/settings language de").await.text.contains("Ab jetzt auf Deutsch"));
    assert!(ben.says("/dash").await.text.contains("Das Board ist leer"));
    assert!(ben.says("/settings").await.text.contains("language: de"));
    assert!(ben.runs("/fib 12", "is 89").await.text.contains("fertig in"));

    let private = world.speaker(world.telegram.private_chat(anna.person), anna.person);
    assert!(private.says("settings").await.text.contains("language: de"), "that of the app");
    assert!(private.says("settings language en").await.text.contains("I speak English here now"));
    assert!(private.says("dash").await.text.contains("The board is empty"));
    assert!(anna.says("/settings language klingon").await.text.contains("weder en noch de"));
    world.stop().await;
}

#[tokio::test]
async fn a_card_keeps_its_language_over_a_restart() {
    let pokeapi = PokeApi::start(Behaviour::First(
        1,
        Box::new(Behaviour::Hang),
        Box::new(Behaviour::Answer(404, "Not Found".to_owned())),
    ))
    .await;
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi.url());
    let anna = ground.telegram.person("Anna");
    ground.telegram.speaks(anna, "de");
    let group = ground.telegram.group("Gruppe", &[anna]);
    let bot = ground.start();
    ground.talk(&bot, group, anna).says("/settings language de").await;
    let mut cards = Vec::new();
    for (chat, command) in [(ground.telegram.private_chat(anna), "dex pikachu"), (group, "/dex pikachu")] {
        let talk = ground.talk(&bot, chat, anna);
        let card = talk.says(command).await;
        talk.sees_in(&card, "läuft").await;
        // When this comes, the card's message is stored.
        assert!(talk.says("/job 1").await.text.starts_with("Still waiting"));
        cards.push((chat, card));
    }
    // One request for both.
    pokeapi.asked(1).await;
    bot.kill();
    let bot = ground.start();
    for (chat, card) in cards {
        // Nobody has said a word since.
        let talk = ground.talk(&bot, chat, anna);
        talk.sees_in(&card, "gescheitert nach").await;
        talk.sees_in(&card, "Es gibt kein Pokémon pikachu").await;
    }
    bot.stop().await;
}

#[tokio::test]
async fn the_menu_is_registered_in_every_language() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let of = |language: &'static str, about: &'static str| {
        world.until("the menu", ann.chat, move |view| {
            view.commands_in(language)
                .iter()
                .any(|(name, line)| name == "kill" && line.starts_with(about))
                .then_some(())
        })
    };
    of("de", "Tasks abbrechen").await;
    of("en", "Cancel tasks").await;
    of("fr", "Cancel tasks").await;
    world.stop().await;
}

#[tokio::test]
async fn inline_offers_are_in_the_language_of_who_types() {
    let world = World::new().await;
    let anna = world.person("Anna");
    world.telegram.speaks(anna.person, "de");
    let query = world.telegram.ask_inline(anna.chat, anna.person, "fib 10");
    let answer = world
        .until("an answer", anna.chat, |view| {
            view.inline_answers().into_iter().find(|answer| answer.query == query)
        })
        .await;
    assert_eq!(answer.results[0]["title"], "Die 10. Fibonacci-Zahl");
    assert!(answer.is_personal, "another person's is in another language");
    world.stop().await;
}

#[tokio::test]
async fn what_is_made_beside_the_chat_is_in_its_language_too() {
    let world = World::with(|setup| setup.config.max_document = 20_000).await;
    let [anna, ben] = world.group(["Anna", "Ben"]);
    anna.says("/settings language de").await;
    let card = anna.runs("/fib 150000", "(31.348 Stellen)").await;
    assert!(card.text.contains("The 150000th fibonacci number is "), "{}", card.text);
    // A document, which is packed on another thread.
    assert!(anna.presses(&card, "Ganze Zahl").await.starts_with("Sie wird erst komprimiert, weil"));
    let file = anna.sees("the file", |found| found.document.is_some()).await;
    assert!(
        file.text.starts_with("Das ganze Ergebnis von Task 1: 31.348 Stellen, komprimiert"),
        "{}",
        file.text
    );
    // A picture, which is drawn on another.
    let picture = anna.says("/timeline").await;
    assert!(picture.text.contains("von 2 CPU-Workern zugleich beschäftigt"), "{}", picture.text);
    assert_eq!(
        picture.buttons.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(),
        ["Aktualisieren", "Dunkel"]
    );
    // A refusal, for which Telegram is asked whether he is an admin.
    anna.runs("/dex nobody", "Es gibt kein Pokémon nobody").await;
    let refused = ben.says("/retry 2").await.text;
    assert!(refused.starts_with("Task 2 gehört Anna. Sonst dürfen ihn nur"), "{refused}");
    // A dash that edits itself.
    let dash = anna.says("/dash").await;
    assert!(dash.text.starts_with("Board: 2 Tasks, laufend: 0, wartend: 0 · ● live"), "{}", dash.text);
    anna.runs("/fib 10", "is 34").await;
    anna.sees_in(&dash, "Board: 3 Tasks").await;
    world.stop().await;
}
