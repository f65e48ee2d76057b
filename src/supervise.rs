//! What stands between the bot and a program that it runs: a process of the same file, that sees to it that nothing of the program
//! is left when it ends, when it is stopped, and when the bot is gone.
//!
//! Two hidden modes of the binary. `supervise` has a session of its own and is whom all orphans below it fall to, so that it finds
//! what forks away. The bot holds the other end of its stdin, which closes with the bot, however that ends. `launch` is what
//! becomes the program: it bounds itself and then executes it, since nothing can be done between fork and exec without unsafe code.

pub(crate) mod launch;
mod meter;
pub(crate) mod processes;
pub(crate) mod protocol;
mod watch;

use std::process::ExitCode;

/// Runs one of the hidden modes, where the arguments ask for one: to be called before anything else looks at arguments, variables
/// or files, since none of it is meant for them.
pub fn hidden_mode(args: &[std::ffi::OsString]) -> Option<ExitCode> {
    match args {
        [_, mode] if mode == protocol::SUPERVISE => Some(watch::supervise()),
        [_, mode] if mode == protocol::LAUNCH => Some(launch::launch()),
        _ => None,
    }
}
