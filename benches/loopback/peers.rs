//! Part 4: updates to answers on one core, beside echo bots in three languages.

use anyhow::Result;

use crate::{
    answers::{CHATS, Run, Sending, run},
    bots::{Cores, Kind},
    stats::{self, median},
};

/// Commands of one chat: fewer than beside teloxide alone, since the slowest bot takes minutes for those.
const COMMANDS: usize = 30;
/// Rounds in which each bot has its turn.
const ROUNDS: usize = 3;

/// Prints a table; a bot that is not installed is left out, and that is said.
pub(crate) async fn measure() -> Result<()> {
    println!("\nPeers: {CHATS} chats x {COMMANDS} commands, the bot on one core; {}", stats::load());
    let kinds: Vec<Kind> = [Kind::Jobboard, Kind::Echo, Kind::GrammY, Kind::Aiogram]
        .into_iter()
        .filter(|kind| {
            let there = matches!(kind, Kind::Jobboard | Kind::Echo) || kind.installed().is_some();
            if !there {
                println!("{} is not installed: see scripts/echo-bots", name(*kind));
            }
            there
        })
        .collect();
    for (sending, words) in
        [(Sending::InTurns, "each chat waits for its answer"), (Sending::AtOnce, "all sent at the start")]
    {
        let mut runs: Vec<Vec<Run>> = vec![Vec::new(); kinds.len()];
        for _ in 0..ROUNDS {
            for (kind, runs) in kinds.iter().zip(&mut runs) {
                runs.push(run(*kind, Cores::One, sending, COMMANDS).await?);
            }
        }
        println!(
            "\n| {words} | Answers a second | CPU of each | Memory | Jobboard's rate to it |\n|---|---|---|---|---|"
        );
        for (kind, of) in kinds.iter().zip(&runs) {
            let middle = |figure: fn(&Run) -> f64| median(of.iter().map(figure));
            // Each round's own ratio: noise of the machine meets both.
            let ratio = median(runs[0].iter().zip(of).map(|(ours, theirs)| ours.rate / theirs.rate));
            println!(
                "| {} | {:.0} | {:.0} µs | {:.0} MB | {ratio:.2} |",
                name(*kind),
                middle(|run| run.rate),
                middle(|run| run.cpu),
                middle(|run| run.peak),
            );
        }
    }
    Ok(())
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Jobboard => "Jobboard: the whole board, every task on the disk",
        Kind::Echo => "teloxide, bare echo",
        Kind::GrammY => "grammY with its runner, bare echo",
        Kind::Aiogram => "aiogram, bare echo",
    }
}
