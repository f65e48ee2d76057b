//! What the README claims of the bot's speed, measured over real HTTP on loopback.
//!
//! `cargo bench --bench loopback` runs the first three parts, `cargo bench --bench loopback -- kill dash` some of them:
//!
//! - `answers`: 200 chats send `fib 10`, 100 times each, to the `jobboard` program (default settings, paces off) and, in
//!   turns, to the smallest echo bot that teloxide makes. Once each chat sends its next command when the last was
//!   answered, once all are sent at the start. A command counts as answered when its result is there to be read.
//! - `kill`: every worker has a `fib 10000000` and more are queued; from a kill's arrival to its confirmation's.
//! - `dash`: from a `dash` to the board, with nothing else to do and with every worker busy.
//! - `peers`: as `answers`, with the bot on one core, beside echo bots made with teloxide, grammY and aiogram.
//!   `scripts/echo-bots` installs the latter two and runs this part; it is left out where nothing else is asked for.
//!
//! Both bots are processes of their own: CPU time and peak memory are what Linux says of them. The sandbox, which is their
//! Telegram, runs in this process. It needs about as much CPU as a bot, so on two cores the rates are those of the
//! whole machine: the CPU time of an answer is the bot's alone. Other work on the machine spoils the figures: the load
//! is printed beside them.
#![expect(clippy::print_stdout, reason = "a program for a developer's terminal")]

#[path = "loopback/answers.rs"]
mod answers;
#[path = "loopback/bots.rs"]
mod bots;
#[path = "loopback/busy.rs"]
mod busy;
#[path = "loopback/echo.rs"]
mod echo;
#[path = "loopback/latency.rs"]
mod latency;
#[path = "loopback/peers.rs"]
mod peers;
#[path = "loopback/stats.rs"]
mod stats;

use anyhow::{Result, bail};

const PARTS: [&str; 4] = ["answers", "kill", "dash", "peers"];

fn main() -> Result<()> {
    // Cargo adds flags of its own.
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench" && word != "--test").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [argument, url, token] = &words[..]
        && argument == echo::ARGUMENT
    {
        return runtime.block_on(echo::run(url, token));
    }
    if let Some(unknown) = words.iter().find(|word| !PARTS.contains(&word.as_str())) {
        bail!("\"{unknown}\" is no part of this benchmark: {}", PARTS.join(", "));
    }
    let wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    println!("{}", stats::machine());
    runtime.block_on(async {
        if wanted("answers") {
            answers::measure().await?;
        }
        if wanted("kill") {
            latency::kill().await?;
        }
        if wanted("dash") {
            latency::dash().await?;
        }
        if words.iter().any(|word| word == "peers") {
            peers::measure().await?;
        }
        Ok(())
    })
}
