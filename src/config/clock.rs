//! What time it is.

use std::{fmt, sync::Arc, time::SystemTime};

use jiff::Timestamp;

/// The clock that schedules go by: the system's, unless a test has one of its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that shows what this says.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What it shows, in whole seconds.
    pub fn now(&self) -> Timestamp {
        let seconds = Timestamp::try_from((self.0)()).map(Timestamp::as_second);
        // A clock beyond what calendars can hold is none.
        seconds.and_then(Timestamp::from_second).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
