//! What is to be told of all boards together, to whoever watches the bot.

use super::{Boards, Refusal};
use crate::metrics::{Look, Refused};

impl Boards {
    /// How all boards are now. It looks at every unfinished job, so it is not for every update.
    pub fn look_at_all(&self) -> Look {
        let mut look = Look { boards: self.tables.len(), ..Look::default() };
        for table in &self.tables {
            table.count_live(&mut look.live);
        }
        look.budget = self.capacity().memory;
        (look.used, look.waits_for_memory) = self.queue.memory();
        look.fleet = self.fleet.as_ref().map(|fleet| fleet.borrow().look()).unwrap_or_default();
        look
    }
}

impl From<&Refusal> for Refused {
    fn from(why: &Refusal) -> Self {
        match why {
            Refusal::TooManyLive { .. } => Self::TooManyLive,
            Refusal::TooManyOfPerson { .. } => Self::TooManyOfPerson,
            Refusal::TooManyMembers { .. } => Self::TooManyMembers,
            Refusal::FibTooLarge { .. } => Self::FibTooLarge,
            Refusal::NeverFits(_) => Self::NeverFits,
            Refusal::Busy { .. } => Self::Busy,
            Refusal::NotStored(_) => Self::NotStored,
            Refusal::Stopping => Self::Stopping,
        }
    }
}
