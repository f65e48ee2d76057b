//! What a dash shows of the board. It belongs to the message: to turn one turns no other.

use serde::{Deserialize, Serialize};

use crate::board::Filter;

/// Which jobs, and which page of them. It is in the data of the message's buttons, so every dash knows it, however old; that
/// of the live one is in the store too, which edits it without a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    /// From 0.
    pub page: u32,
    /// Which of the jobs.
    pub shows: Shows,
    /// Who asked for the dash; 0 where nobody knows.
    pub asker: i64,
}

/// Which of the jobs a dash shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shows {
    /// All.
    All,
    /// What runs or waits.
    Running,
    /// What has finished.
    Finished,
    /// What the person sent who asked for the dash.
    Mine,
}

impl Shows {
    /// In the order in which they stand on the buttons.
    pub(super) const ALL: [Self; 4] = [Self::All, Self::Running, Self::Finished, Self::Mine];

    /// Its place among [`ALL`](Self::ALL), as a button holds it.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::All => 0,
            Self::Running => 1,
            Self::Finished => 2,
            Self::Mine => 3,
        }
    }

    /// The one with this number.
    pub(super) fn read(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|shows| shows.number() == number)
    }
}

impl View {
    /// The first page of all jobs, for this person.
    pub fn first(asker: i64) -> Self {
        Self { page: 0, shows: Shows::All, asker }
    }

    /// Another page of the same.
    pub(super) fn page(self, page: usize) -> Self {
        Self { page: u32::try_from(page).unwrap_or(u32::MAX), ..self }
    }

    /// The first page of other jobs.
    pub(super) fn showing(self, shows: Shows) -> Self {
        Self { page: 0, shows, ..self }
    }

    /// The same, where nobody knows who asked, for the person who asks now.
    pub(super) fn for_asker(self, asker: i64) -> Self {
        if self.asker == 0 { Self { asker, ..self } } else { self }
    }

    /// Its page, and what the board is asked for.
    pub(super) fn wanted(self) -> (usize, Filter) {
        let filter = match self.shows {
            Shows::All => Filter::All,
            Shows::Running => Filter::Running,
            Shows::Finished => Filter::Finished,
            Shows::Mine => Filter::Of(self.asker),
        };
        (usize::try_from(self.page).unwrap_or(usize::MAX), filter)
    }
}
