//! Parts 2 and 3: how soon the chat is answered while every CPU worker is busy.

use std::time::Duration;

use anyhow::{Result, ensure};
use jobboard::sandbox::{ChatId, PersonId};
use rand::RngExt;

use crate::{
    bots::{Cores, Kind, World},
    busy::{Busy, ask},
    stats::{self, Times},
};

const KILLS: usize = 300;
const DASHES: usize = 500;
/// Jobs on the board that is asked for: a whole page.
const BOARD: usize = 10;
/// Kills come at any moment of a job: up to this long, in µs, after the one before.
const KILL_PAUSE: u64 = 40_000;
/// The same for `dash`, in µs.
const DASH_PAUSE: u64 = 8_000;

/// From a kill to its confirmation.
pub(crate) async fn kill() -> Result<()> {
    println!("\nKill: a running \"fib 10000000\" while every worker is busy; {}", stats::load());
    let world = World::start(Kind::Jobboard, Cores::All).await?;
    let mut busy = Busy::start(&world).await?;
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut times = Vec::with_capacity(KILLS);
    let mut late = 0;
    while times.len() < KILLS {
        pause(KILL_PAUSE).await;
        busy.refill();
        // The oldest unfinished jobs are those that run.
        match busy.kill(rand::rng().random_range(0..workers)).await? {
            Some(time) => times.push(time),
            None => late += 1,
        }
    }
    println!("kill to confirmation: {}", Times::new(times).line());
    println!("aim: p99 < 100 ms; {late} more kills came when the job was over");
    Ok(())
}

/// From a `dash` to the board, idle and busy.
pub(crate) async fn dash() -> Result<()> {
    println!("\ndash: a board of {BOARD} tasks; {}", stats::load());
    let world = World::start(Kind::Jobboard, Cores::All).await?;
    let telegram = world.sandbox.telegram();
    let person = telegram.person("Ann");
    let chat = telegram.private_chat(person);
    for _ in 0..BOARD {
        ask(&world, chat, person, "fib 10").await?;
    }
    let idle = Times::new(dashes(&world, chat, person, None).await?);
    println!("idle: {}", idle.line());
    let mut filled = Busy::start(&world).await?;
    let busy = Times::new(dashes(&world, chat, person, Some(&mut filled)).await?);
    println!("busy: {}", busy.line());
    println!("aim: busy p99 <= 3 x idle p99 + 30 ms = {:.2} ms", 3.0 * idle.at(99) + 30.0);
    Ok(())
}

async fn dashes(
    world: &World,
    chat: ChatId,
    person: PersonId,
    mut busy: Option<&mut Busy<'_>>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(DASHES);
    while times.len() < DASHES {
        pause(DASH_PAUSE).await;
        if let Some(busy) = &mut busy {
            busy.refill();
        }
        let (time, board) = ask(world, chat, person, "dash").await?;
        ensure!(board.starts_with("Board:"), "dash was answered with {board:?}");
        times.push(time);
    }
    Ok(times)
}

/// A random time up to `longest` µs, so that no rhythm of the bot's meets one of ours.
async fn pause(longest: u64) {
    tokio::time::sleep(Duration::from_micros(rand::rng().random_range(0..longest))).await;
}
