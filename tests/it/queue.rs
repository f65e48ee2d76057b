//! Who comes next, where many want more than there is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jobboard::work::{Engine, fib::fib};
use tokio::sync::Semaphore;

use crate::{
    pokeapi::{Behaviour, PokeApi},
    world::{World, config},
};

/// A `fib` that is let on one by one: each begins, waits for a permit, and computes.
#[derive(Clone)]
struct Gate {
    permits: Arc<Semaphore>,
    order: Arc<std::sync::Mutex<Vec<u64>>>,
    open: Arc<AtomicBool>,
}

impl Gate {
    fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(0)), order: Arc::default(), open: Arc::default() }
    }

    fn engine(&self) -> Engine {
        let gate = self.clone();
        Engine::on_workers(Arc::new(move |n, control| {
            gate.order.lock().unwrap().push(n);
            loop {
                if gate.open.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(permit) = gate.permits.try_acquire() {
                    permit.forget();
                    break;
                }
                control.check()?;
                std::thread::yield_now();
            }
            fib(n, control)
        }))
    }

    /// Lets one that runs go on to its end.
    fn let_one_end(&self) {
        self.permits.add_permits(1);
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// When so many have begun, which, in that order: a card may tell it a moment before.
    async fn first(&self, count: usize) -> Vec<u64> {
        while self.order().len() < count {
            tokio::task::yield_now().await;
        }
        self.order()
    }

    /// What has begun, in that order.
    fn order(&self) -> Vec<u64> {
        self.order.lock().unwrap().clone()
    }
}

async fn world(gate: &Gate, cost: fn(u64) -> u64) -> World {
    World::with(|setup| {
        setup.config.cpu_workers = Some(1);
        setup.engine = gate.engine().with_cost(cost);
    })
    .await
}

#[tokio::test]
async fn one_task_of_a_chat_does_not_wait_for_a_hundred_of_another_and_its_card_says_so() {
    let gate = Gate::new();
    // A minute each.
    let world = world(&gate, |_| 60_000_000_000).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let cleo = world.person("Cleo");
    let first = ann.says("/fib 1").await;
    ann.sees_in(&first, "running").await;
    let multi: Vec<_> = (100..190).map(|n: u64| n.to_string()).collect();
    let multi = ann.says(&format!("/fib-multi {}", multi.join(" "))).await;
    let (bens, cleos) = (ben.says("/fib 2").await, cleo.says("fib 3").await);
    // Cleo's chat is another one; in Ann's, Ben comes before her ninety. Nobody was served yet but Ann.
    assert!(cleos.text.contains("queued, 1st, about 60 s"), "{}", cleos.text);
    assert!(bens.text.contains("queued, 1st, about 60 s"), "she was not there yet: {}", bens.text);
    let dash = ben.says("/dash").await.text;
    assert!(dash.contains("2nd, about 2 min"), "{dash}");
    gate.let_one_end();
    cleo.sees_in(&cleos, "running").await;
    gate.let_one_end();
    cleo.sees_in(&cleos, "The 3rd").await;
    ben.sees_in(&bens, "running").await;
    assert_eq!(gate.first(3).await, [1, 3, 2]);
    gate.open();
    ann.sees_in(&multi, "succeeded").await;
    world.stop().await;
}

#[tokio::test]
async fn a_small_task_is_not_stuck_behind_huge_ones_of_the_same_person() {
    let gate = Gate::new();
    // Ten minutes each, or a moment.
    let world = world(&gate, |n| if n > 1_000 { 600_000_000_000 } else { 1_000_000 }).await;
    let ann = world.person("Ann");
    let first = ann.says("fib 1001").await;
    ann.sees_in(&first, "running").await;
    let huge = [ann.says("fib 1002").await, ann.says("fib 1003").await];
    let small = ann.says("fib 20").await;
    assert!(small.text.contains("queued, 1st, about 10 min"), "{}", small.text);
    gate.let_one_end();
    ann.sees_in(&small, "running").await;
    gate.open();
    for (card, end) in huge.iter().zip(["The 1002nd", "The 1003rd"]) {
        ann.sees_in(card, end).await;
    }
    assert_eq!(gate.order(), [1001, 20, 1002, 1003]);
    world.stop().await;
}

#[tokio::test]
async fn look_ups_of_one_chat_do_not_hold_up_anothers() {
    let pokeapi = PokeApi::start(Behaviour::Hang).await;
    let url = pokeapi.url();
    let flags = ["--pokeapi-url", &url, "--io-concurrency", "1"];
    let world = World::with(|setup| setup.config = config(&flags)).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.says("dex 1").await;
    pokeapi.asked(1).await;
    ann.says("dex-multi 2 3 4 5 6 7 8 9").await;
    let lone = ben.says("dex 25").await;
    assert!(lone.text.contains("queued, 1st"), "{}", lone.text);
    ann.says("kill 1").await;
    pokeapi.asked(1).await;
    ben.sees_in(&lone, "running").await;
    let paths = pokeapi.paths();
    assert!(paths.len() == 2 && paths[1].starts_with("/api/v2/pokemon/25"), "{paths:?}");
    // And then it is hers again.
    ben.says("kill 1").await;
    pokeapi.asked(1).await;
    assert!(pokeapi.paths()[2].starts_with("/api/v2/pokemon/2"));
    world.stop().await;
}
