//! Why what waits does not begin, and who does the work.

use crate::{board::Hold, telegram::language::say};

/// On the cards of queued tasks that cannot begin.
pub(in crate::telegram) fn held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("held"),
        Hold::Away => say!("held-away"),
        Hold::NoWorkers => say!("held-no-workers"),
        Hold::TooLarge => say!("held-too-large"),
    }
}

/// On dashes and messages about several tasks meanwhile.
pub(in crate::telegram) fn all_held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("all-held"),
        Hold::Away => say!("all-held-away"),
        Hold::NoWorkers => say!("all-held-no-workers"),
        Hold::TooLarge => say!("all-held-too-large"),
    }
}

/// Beside a task on a dash that no worker has the memory for.
pub(in crate::telegram) fn too_large() -> String {
    say!("too-large")
}

/// There is more than the bot can do, and nobody knows how long it will be so.
pub(in crate::telegram) fn busy_and_held(hold: Hold) -> String {
    match hold {
        Hold::Owner => say!("refusal-busy-held"),
        Hold::Away | Hold::NoWorkers | Hold::TooLarge => say!("refusal-busy-no-workers"),
    }
}
