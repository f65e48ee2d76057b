//! What an operator asks beside a running bot, or before its start.

use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;

/// What an operator asks.
#[derive(Clone, Debug, Subcommand)]
pub enum Operation {
    /// Look at settings, token, data folder, clock, limits and PokeAPI, and say what is wrong
    Check,
    /// Ask the running bot at `JOBBOARD_HTTP_ADDR` whether it is alive; exit status 0 if so
    Health {
        /// Whether it can work, too: the store can be written, and Telegram was reached
        #[arg(long)]
        ready: bool,
    },
    /// Write a backup of the data folder into one file, also while the bot runs
    Backup {
        /// The file, a tar; `-` is stdout
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Fill a data folder that has no store from a backup
    Restore {
        /// The file; `-` is stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print what lets a shell complete commands and flags
    Completions {
        /// Which shell
        shell: Shell,
    },
}
