//! Inline mode: what is offered to who types the bot's name in any chat.

use std::time::Duration;

use jobboard::sandbox::InlineAnswer;

use crate::{
    pokeapi::{Behaviour, PokeApi, pikachu},
    world::{Held, Speaker, World, config},
};

impl Speaker<'_> {
    async fn offered(&self, world: &World, query: &str) -> InlineAnswer {
        let find = |view: &jobboard::sandbox::View<'_>| {
            view.inline_answers().into_iter().find(|answer| answer.query == query)
        };
        world.until("an inline answer", self.chat, find).await
    }

    async fn asks(&self, world: &World, text: &str) -> InlineAnswer {
        let query = world.telegram.ask_inline(self.chat, self.person, text);
        self.offered(world, &query).await
    }
}

fn text(answer: &InlineAnswer) -> &str {
    answer.results[0]["input_message_content"]["message_text"].as_str().unwrap()
}

fn title(answer: &InlineAnswer) -> &str {
    answer.results[0]["title"].as_str().unwrap()
}

#[tokio::test]
async fn a_number_and_a_pokemon_are_offered_and_posted() {
    let world = World::new().await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let answer = ann.asks(&world, "fib 100").await;
    assert_eq!(title(&answer), "The 100th Fibonacci number");
    assert_eq!(text(&answer), "The 100th fibonacci number is 218922995834555169026");
    assert!(answer.cache_time > 3600 && !answer.is_personal);
    let posted = world.telegram.choose_inline(ann.chat, ann.person, &answer.query, "fib-100");
    let posted = world.telegram.message(ann.chat, posted).unwrap();
    assert!(posted.via_bot && posted.text.ends_with("218922995834555169026"));

    let answer = ben.asks(&world, "dex mew").await;
    assert_eq!(
        (title(&answer), text(&answer).lines().next()),
        ("mew (151)", Some("The pokemon with id 151 is mew"))
    );
    let answer = ben.asks(&world, "fib 100000").await;
    assert!(text(&answer).contains("(20,899 digits)") && text(&answer).len() < 4096);
    // Nothing of it is a task, and what was posted is no command.
    assert!(ann.says("/dash").await.text.contains("The board is empty"));
    let private = world.person("Cleo");
    let answer = private.asks(&world, "fib 7").await;
    world.telegram.choose_inline(private.chat, private.person, &answer.query, "fib-7");
    private.runs("fib 8", "is 13").await;
    assert_eq!(private.heard().len(), 1, "{}", world.telegram.dump(private.chat));
    world.stop().await;
}

#[tokio::test]
async fn who_does_not_know_what_to_say_is_helped() {
    let world = World::with(|setup| setup.config = config(&["--max-fib", "5000"])).await;
    let ann = world.person("Ann");
    let titles = |answer: &InlineAnswer| -> Vec<String> {
        answer.results.iter().map(|result| result["title"].as_str().unwrap().to_owned()).collect()
    };
    let help = ["@jobboard_sandbox_bot fib 100", "@jobboard_sandbox_bot dex pikachu"];
    let answer = ann.asks(&world, "").await;
    assert_eq!(titles(&answer), help);
    assert!(text(&answer).contains("in any chat"));
    for (query, words) in [
        ("fbi 100", "did you mean fib?"),
        ("fib", "fib wants a number"),
        ("fib 5001", "fib 5001 is too large for this, the largest here is 5000"),
        ("fib-multi 1 2", "That needs a board"),
        ("dash", "That needs a board"),
        ("dex nobody", "There is no Pokémon nobody"),
    ] {
        let answer = ann.asks(&world, query).await;
        assert!(title(&answer).contains(words), "{query:?}: {}", title(&answer));
        assert_eq!(titles(&answer)[1..], help, "{query:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn it_waits_for_no_job_and_no_job_for_it() {
    let held = Held::new();
    let world = World::with(|setup| {
        let (jobs, real) = (held.clone(), jobboard::work::fib::fib);
        // Numbers up to 100 are held for as long as the test wants.
        setup.engine = jobboard::work::Engine::on_workers(std::sync::Arc::new(move |n, control| {
            if n <= 100 { jobs.attend(n, control) } else { real(n, control) }
        }));
    })
    .await;
    let ann = world.person("Ann");
    for n in 11..15 {
        ann.writes(&format!("fib {n}"));
    }
    // Both workers are busy, and more waits.
    held.began(2).await;
    assert!(text(&ann.asks(&world, "fib 200").await).starts_with("The 200th"));
    held.release();
    ann.sees("the last", |message| message.text.contains("The 14th")).await;
    world.stop().await;
}

#[tokio::test]
async fn a_newer_query_ends_the_older_and_a_slow_one_is_told_so() {
    let held = Held::new();
    let world = World::with(|setup| {
        let slow = held.clone();
        setup.config.timings.inline_limit = Duration::from_millis(500);
        setup.engine = jobboard::work::Engine::on_workers(std::sync::Arc::new(move |n, control| {
            if n == 13 { slow.attend(n, control) } else { jobboard::work::fib::fib(n, control) }
        }));
    })
    .await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let older = world.telegram.ask_inline(ann.chat, ann.person, "fib 13");
    held.began(1).await;
    assert!(text(&ann.asks(&world, "fib 130").await).starts_with("The 130th"));
    // Its work was stopped; it is never answered.
    let slow = ben.asks(&world, "fib 13").await;
    assert!(title(&slow).contains("took too long"), "{}", title(&slow));
    assert_eq!(slow.cache_time, 0);
    assert!(held.cancels() >= 1);
    assert!(!world.telegram.inline_answers().iter().any(|answer| answer.query == older));
    world.stop().await;
}

#[tokio::test]
async fn a_name_that_is_being_typed_is_one_request() {
    let pokeapi = PokeApi::start(Behaviour::Answer(200, pikachu().to_string())).await;
    let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
    let ann = world.person("Ann");
    for typed in ["dex p", "dex pi"] {
        world.telegram.ask_inline(ann.chat, ann.person, typed);
    }
    assert_eq!(title(&ann.asks(&world, "dex pikachu").await), "pikachu (25)");
    // Those before were given up before anybody was asked.
    assert_eq!(pokeapi.paths(), ["/api/v2/pokemon/pikachu/"]);
    assert_eq!(world.telegram.inline_answers().len(), 1);
    // A task has the same Pokémon without another request, but for its picture.
    ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    let looked_up = pokeapi.paths().iter().filter(|path| path.contains("/pokemon/")).count();
    assert_eq!(looked_up, 1);
    world.stop().await;
}

#[tokio::test]
async fn strangers_are_offered_nothing() {
    let world = World::with(|setup| setup.config = config(&["--allowed-chats", "1000002"])).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let answer = ann.asks(&world, "fib 100").await;
    assert!(title(&answer).contains("works for other chats") && answer.is_personal, "{}", title(&answer));
    assert!(text(&ben.asks(&world, "fib 101").await).starts_with("The 101st"));
    world.stop().await;
}
