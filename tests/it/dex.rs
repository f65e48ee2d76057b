//! Pokémon, and a PokeAPI that is not always well.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    pokeapi::{Behaviour, PokeApi, pikachu},
    world::{Held, Setup, World, config},
};

fn answer(status: u16, body: &str) -> Behaviour {
    Behaviour::Answer(status, body.to_owned())
}

fn against(pokeapi: &PokeApi) -> impl FnOnce(&mut Setup) {
    let url = pokeapi.url();
    move |setup| setup.config = config(&["--pokeapi-url", &url])
}

#[tokio::test]
async fn a_pokemon_with_its_picture() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let card = ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    for words in
        ["Types: electric", "Height: 0.4 m, weight: 6 kg", "lightning-rod (hidden)", "hp 35", "speed 90"]
    {
        assert!(card.text.contains(words), "{}", card.text);
    }
    let photo = card.photo.expect("no picture");
    assert!(photo.bytes.starts_with(b"\x89PNG"));
    ann.runs("DEX Mr-Mime", "The pokemon with id 122 is mr-mime").await;
    ann.runs("dex 007", "The pokemon with id 7 is squirtle").await;
    let missing = ann.runs("dex 99999", "There is no Pokémon 99999").await;
    assert!(missing.text.contains("failed"));
    world.stop().await;
}

#[tokio::test]
async fn several_and_those_that_failed_beside_those_that_came() {
    let world = World::new().await;
    let ann = world.person("Ann");
    let card = ann.runs("dex-multi mew 99999 1", "bulbasaur").await;
    let lines: Vec<_> = card.text.lines().skip(3).collect();
    let expected =
        ["The pokemon with id 151 is mew", "There is no Pokémon 99999", "The pokemon with id 1 is bulbasaur"];
    assert_eq!(lines, expected);
    assert!(card.photo.is_none());
    let card = ann.runs("dex-multi nobody 99999", "There is no Pokémon 99999").await;
    assert!(
        card.text.contains("There is no Pokémon nobody") && card.text.contains("failed"),
        "{}",
        card.text
    );
    world.stop().await;
}

#[tokio::test]
async fn a_member_that_failed_is_named() {
    let well = Box::new(answer(200, &pikachu().to_string()));
    let pokeapi = PokeApi::start(Behaviour::First(1, Box::new(answer(403, "no")), well)).await;
    let world = World::with(|setup| {
        setup.config = config(&["--pokeapi-url", &pokeapi.url(), "--io-concurrency", "1"]);
    })
    .await;
    let ann = world.person("Ann");
    let card = ann.runs("dex-multi 2 25", "2: PokéAPI has a problem (status 403)").await;
    assert!(card.text.contains("The pokemon with id 25 is pikachu"));
    world.stop().await;
}

#[tokio::test]
async fn members_are_asked_for_at_the_same_time() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    ann.writes("dex-multi 1 2 3");
    pokeapi.asked(3).await;
    assert!(ann.says("kill 1").await.text.contains("is killed"));
    world.stop().await;
}

#[tokio::test]
async fn a_large_body_is_read_and_remembered() {
    let body = pikachu().to_string();
    assert!(body.len() > 500_000);
    let pokeapi = PokeApi::start(answer(200, &body)).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    ann.runs("dex 25", "The pokemon with id 25 is pikachu").await;
    ann.runs("dex 25", "The pokemon with id 25 is pikachu").await;
    let asked = pokeapi.paths().iter().filter(|path| path.starts_with("/api/v2/pokemon/25/")).count();
    assert_eq!(asked, 1, "the second answer comes from the cache");
    world.stop().await;
}

#[tokio::test]
async fn a_problem_that_passes_is_not_seen() {
    let well = Box::new(answer(200, &pikachu().to_string()));
    for ill in [answer(500, "oh"), answer(503, ""), Behaviour::Close] {
        let pokeapi = PokeApi::start(Behaviour::First(3, Box::new(ill), well.clone())).await;
        let world = World::with(against(&pokeapi)).await;
        let ann = world.person("Ann");
        ann.runs("dex 25", "The pokemon with id 25 is pikachu").await;
        world.stop().await;
    }
}

#[tokio::test]
async fn a_problem_that_stays_is_said_clearly() {
    let lost = pikachu().to_string().replace("\"height\":4", "\"height\":\"tall\"");
    for (ill, asked, words) in [
        (answer(500, "oh"), 4, "PokéAPI has a problem (status 500)"),
        (answer(404, "Not Found"), 1, "There is no Pokémon 25"),
        (answer(403, "<b>no</b>"), 1, "status 403"),
        (answer(200, "<html>hello</html>"), 1, "PokéAPI's answer makes no sense"),
        (answer(200, ""), 1, "PokéAPI's answer makes no sense"),
        (answer(200, &lost.replace("tall", &"🦀<b>".repeat(3000))), 1, "PokéAPI's answer makes no sense"),
        (answer(200, &lost), 1, "PokéAPI's answer makes no sense"),
        (answer(200, &" ".repeat(5 << 20)), 1, "longer than 4 MB"),
        (Behaviour::Close, 4, "PokéAPI could not be reached"),
    ] {
        let pokeapi = PokeApi::start(ill).await;
        let world = World::with(against(&pokeapi)).await;
        let ann = world.person("Ann");
        let card = ann.runs("dex 25", words).await;
        assert!(card.text.contains("failed"), "{}", card.text);
        assert_eq!(pokeapi.paths().len(), asked, "{words}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_pokeapi_that_hangs_is_not_waited_for() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let world = World::with(|setup| {
        against(&pokeapi)(setup);
        setup.config.timings.pokeapi.attempt = Duration::from_millis(50);
    })
    .await;
    let ann = world.person("Ann");
    ann.runs("dex 25", "PokéAPI did not answer in time").await;
    let card = ann.sees("the card", |card| card.text.contains("failed")).await;
    ann.presses(&card, "Retry").await;
    ann.sees("the second attempt", |other| other.id != card.id && other.text.contains("did not answer"))
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_card_goes_without_a_sprite_that_does_not_come() {
    let well = Box::new(answer(200, &pikachu().to_string()));
    for sprite in [Behaviour::Hang, Behaviour::Close, answer(404, "no")] {
        let pokeapi = PokeApi::start(Behaviour::First(1, well.clone(), Box::new(sprite))).await;
        let world = World::with(|setup| {
            against(&pokeapi)(setup);
            setup.config.timings.pokeapi.attempt = Duration::from_mins(5);
            setup.config.timings.pokeapi.sprite = Duration::from_millis(50);
        })
        .await;
        let ann = world.person("Ann");
        let card = ann.runs("dex 25", "The pokemon with id 25 is pikachu").await;
        assert!(card.photo.is_none());
        assert_eq!(pokeapi.paths().last().map(String::as_str), Some("/sprites/25.png"));
        world.stop().await;
    }
}

/// A small picture.
fn png() -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = png::Encoder::new(&mut file, 16, 16).write_header().unwrap();
    writer.write_image_data(&[127; 16 * 16]).unwrap();
    writer.finish().unwrap();
    file
}

#[tokio::test]
async fn a_card_that_was_there_before_its_pokemon_gets_the_picture_too() {
    let come = CancellationToken::new();
    let well = Behaviour::Held(come.clone(), Box::new(answer(200, &pikachu().to_string())));
    let pokeapi =
        PokeApi::start(Behaviour::First(1, Box::new(well), Box::new(Behaviour::Picture(png())))).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    let card = ann.runs("dex 25", "running").await;
    assert!(card.photo.is_none());
    come.cancel();
    let card = ann.sees_in(&card, "The pokemon with id 25 is pikachu").await;
    assert_eq!(card.photo.expect("no picture").bytes, png());
    assert!(card.text.contains("Types: electric") && card.text.contains("succeeded"), "{}", card.text);
    world.stop().await;
}

#[tokio::test]
async fn a_form_without_the_small_sprite_shows_the_one_it_has() {
    let mut body = pikachu();
    body["id"] = 10_080.into();
    body["name"] = "pikachu-rock-star".into();
    body["sprites"] = serde_json::json!({
        "front_default": null,
        "other": {
            "dream_world": {"front_default": null},
            "home": {"front_default": "{sprites}/other/home/10080.png"},
            "official-artwork": {"front_default": null}
        }
    });
    let well = Box::new(answer(200, &body.to_string()));
    let pokeapi = PokeApi::start(Behaviour::First(1, well, Box::new(Behaviour::Picture(png())))).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    let card = ann.runs("dex pikachu-rock-star", "The pokemon with id 10080 is pikachu-rock-star").await;
    assert_eq!(card.photo.expect("no picture").bytes, png());
    assert_eq!(pokeapi.paths().last().map(String::as_str), Some("/sprites/other/home/10080.png"));
    world.stop().await;

    // None at all is no failure, and asks for nothing.
    body["sprites"] = serde_json::json!({"front_default": null, "other": null});
    let pokeapi = PokeApi::start(answer(200, &body.to_string())).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    let card = ann.runs("dex 10080", "succeeded").await;
    assert!(card.photo.is_none() && pokeapi.paths().len() == 1, "{}", card.text);
    world.stop().await;
}

#[tokio::test]
async fn the_result_of_several_that_is_too_long_is_a_text_with_a_name() {
    let name = format!("{}-", "x".repeat(58));
    let bodies = |id: u64| {
        let mut body = pikachu();
        (body["id"], body["name"]) = (id.into(), format!("{name}{id}").into());
        body["moves"] = serde_json::json!([]);
        Box::new(answer(200, &body.to_string()))
    };
    let pokeapi = PokeApi::start(*bodies(7)).await;
    let world = World::with(against(&pokeapi)).await;
    let ann = world.person("Ann");
    let command = (1..=60).fold("dex-multi".to_owned(), |command, id| format!("{command} {id}"));
    let card = ann.runs(&command, "succeeded").await;
    assert!(card.photo.is_none() && card.text.contains("more"), "{}", card.text);
    assert_eq!(ann.presses(&card, "Whole result").await, "The file is on its way");
    let sent = ann.sees("the document", |found| found.document.is_some()).await;
    let file = sent.document.unwrap();
    assert_eq!(file.name, "dex-multi-1-2-3-4-5-6-7-8-9-10-11-12-13-and-47-more.txt");
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    assert_eq!(text.lines().filter(|line| line.ends_with(&format!("is {name}7"))).count(), 60, "{text}");
    world.stop().await;
}

#[tokio::test]
async fn io_is_quick_while_every_worker_is_busy_and_the_other_way_round() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.deaf()).await;
    let ann = world.person("Ann");
    ann.writes("fib-multi 11 12 13 14");
    held.began(2).await;
    ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    assert!(ann.says("dash").await.text.contains("running"));
    held.release();
    world.stop().await;

    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let url = pokeapi.url();
    let world =
        World::with(|setup| setup.config = config(&["--pokeapi-url", &url, "--io-concurrency", "1"])).await;
    let ann = world.person("Ann");
    ann.writes("dex-multi 1 2 3");
    pokeapi.asked(1).await;
    ann.runs("fib 10", "is 34").await;
    assert!(ann.says("kill 1").await.text.contains("is killed"));
    world.stop().await;
}
