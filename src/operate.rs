//! What an operator asks: is it well, is all set up, a backup and back, completions. None of it runs a bot.

mod backup;
mod check;
mod health;
mod nats;

use std::{future::Future, io, path::PathBuf};

use clap::CommandFactory;

use crate::{
    config::{Cli, Operation},
    store::{BackupError, OpenError},
};

/// Why the answer is no. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// Nobody said where the bot listens.
    #[error(
        "JOBBOARD_HTTP_ADDR is not set: give the bot and this command the same address, as 127.0.0.1:9090"
    )]
    NoAddress,
    /// The bot does not answer, or says that it is not well.
    #[error("{0}")]
    Unwell(String),
    /// `check` has found something, and said so.
    #[error("something is wrong, see above")]
    Wrong {
        /// It is a setting, the token or the store: only an operator can put it right.
        settings: bool,
    },
    /// The backup, or what was to be restored.
    #[error("{why}")]
    Backup {
        /// What is wrong.
        why: BackupError,
    },
    /// The file is there.
    #[error("{} is there already: --force replaces it", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No runtime, or no HTTP client.
    #[error("this cannot be asked: {0}")]
    Machine(String),
}

impl OperateError {
    /// Whether only another setting helps, or another file.
    pub fn is_about_settings(&self) -> bool {
        match self {
            Self::Wrong { settings } => *settings,
            Self::Backup { why: BackupError::Open(why) } => {
                !matches!(why, OpenError::Taken | OpenError::Io(_))
            }
            _ => false,
        }
    }
}

impl From<BackupError> for OperateError {
    fn from(why: BackupError) -> Self {
        Self::Backup { why }
    }
}

/// Does it, and prints what there is to say.
///
/// # Errors
/// [`OperateError`].
pub fn run(operation: Operation, cli: &Cli) -> Result<(), OperateError> {
    let config = &cli.config;
    match operation {
        Operation::Check => wait(check::check(cli))?,
        Operation::Health { ready } => wait(health::ask(config.http_addr, ready))?,
        Operation::Backup { file, force } => backup::backup(&config.data_dir, &file, force),
        Operation::Restore { file } => backup::restore(&config.data_dir, &file),
        Operation::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "jobboard", &mut script);
            print(&script);
            Ok(())
        }
    }
}

fn wait<T>(future: impl Future<Output = T>) -> Result<T, OperateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| OperateError::Machine(error.to_string()))?.block_on(future))
}

/// On stdout, in one piece. Who reads only the beginning has what they wanted.
fn print(text: &[u8]) {
    let mut stdout = io::stdout().lock();
    drop(io::Write::write_all(&mut stdout, text).and_then(|()| io::Write::flush(&mut stdout)));
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
