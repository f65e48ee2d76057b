//! A bot whose work is done by workers, over a real NATS.

use jobboard::work::Engine;

use crate::{
    nats::{Mate, Nats, of_fleet, of_worker},
    world::{Held, World},
};

#[tokio::test]
async fn a_number_and_a_pokemon_go_to_a_worker_and_come_back() {
    let Some(nats) = Nats::start() else { return };
    let world = World::with(|setup| of_fleet(&mut setup.config, &nats.url())).await;
    let mut config = of_worker(&nats.url(), 1);
    config.pokeapi_url = world.page("/pokeapi/api/v2");
    let mate = Mate::start(config, Engine::new());
    let ann = world.person("Ann");
    ann.runs("fib 5000", "The 5000th fibonacci number is ").await;
    ann.runs("fib-multi 5001 5002 10", "The 10th fibonacci number is 34").await;
    ann.runs("dex pikachu", "The pokemon with id 25 is pikachu").await;
    world.stop().await;
    mate.stop().await;
}

#[tokio::test]
async fn a_kill_reaches_a_worker_and_is_confirmed_when_it_stopped() {
    let Some(nats) = Nats::start() else { return };
    let held = Held::new();
    let world = World::with(|setup| of_fleet(&mut setup.config, &nats.url())).await;
    let mate = Mate::start(of_worker(&nats.url(), 1), held.attentive());
    let ann = world.person("Ann");
    ann.says("fib 5000").await;
    held.began(1).await;
    assert_eq!(ann.says("kill 1").await.text, "Task \"fib 5000\" is killed");
    assert_eq!(held.cancels(), 1);
    world.stop().await;
    mate.stop().await;
}
