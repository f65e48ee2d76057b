//! What goes wrong between the bot and this Telegram, at random.

use std::time::Duration;

use rand::{RngExt, rngs::StdRng};

/// In 100,000 calls.
const TOO_MANY: u32 = 200;
const SERVER: u32 = 500;
const LOST_BEFORE: u32 = 300;
const LOST_AFTER: u32 = 200;
const SLOW: u32 = 1_000;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with `retry_after` 1; nothing is done.
    TooMany,
    /// 502 in HTML, as a proxy answers; nothing is done.
    Server,
    /// The connection is closed, nothing is done.
    LostBefore,
    /// The call is carried out, then the connection is closed.
    LostAfter,
    /// The call is carried out, its answer comes late.
    Slow(Duration),
}

pub(crate) fn pick(rng: &mut StdRng) -> Option<Fault> {
    let mut at = rng.random_range(0..100_000_u32);
    let slow = Fault::Slow(Duration::from_millis(rng.random_range(100..1_500)));
    let faults = [
        (TOO_MANY, Fault::TooMany),
        (SERVER, Fault::Server),
        (LOST_BEFORE, Fault::LostBefore),
        (LOST_AFTER, Fault::LostAfter),
        (SLOW, slow),
    ];
    for (part, fault) in faults {
        match at.checked_sub(part) {
            Some(rest) => at = rest,
            None => return Some(fault),
        }
    }
    None
}
