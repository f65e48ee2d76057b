//! What a server may be too old for, and whether this one is.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A server that did not know something is asked for it again after this time: it may have been brought up to date.
const AGAIN: Duration = Duration::from_hours(1);

/// What newer versions of the Bot API brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `sendRichMessage` (10.1).
    RichMessages,
    /// The `style` of a button (9.4).
    ButtonStyles,
}

/// What the server refused, and when.
#[derive(Debug, Default)]
pub(super) struct Newer {
    // A std lock: held for a look.
    refused: Mutex<[Option<Instant>; 2]>,
}

impl Newer {
    /// Whether it is worth a try.
    pub(super) fn takes(&self, feature: Feature) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner)[feature as usize];
        refused.is_none_or(|at| at.elapsed() >= AGAIN)
    }

    /// The server does not know it.
    pub(super) fn refuse(&self, feature: Feature) {
        tracing::warn!(?feature, "the Bot API server is too old for this; it goes without, for an hour");
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)[feature as usize] = Some(Instant::now());
    }
}
