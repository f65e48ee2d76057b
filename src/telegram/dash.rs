//! What a dash shows of the board. It belongs to the message: to turn one turns no other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::board::Filter;

/// Which jobs, and which page of them. It is in the data of the message's buttons, so every dash knows it, however old; that
/// of the live one is in the store too, which edits it without a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// From 0.
    pub page: u32,
    /// Which of the jobs.
    pub shows: Shows,
    /// Who asked for the dash; 0 where nobody knows.
    pub asker: i64,
}

/// Which of the jobs a dash shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

    fn letter(self) -> &'static str {
        match self {
            Self::All => "a",
            Self::Running => "r",
            Self::Finished => "f",
            Self::Mine => "m",
        }
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

    /// What [`Display`](fmt::Display) wrote; also a page alone, as buttons of older versions have it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let page = parts.next()?.parse().ok()?;
        let Some(letter) = parts.next() else { return Some(Self::first(0).page(page)) };
        let shows = Shows::ALL.into_iter().find(|shows| shows.letter() == letter)?;
        let asker = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { shows, asker, ..Self::first(0).page(page) })
    }
}

impl fmt::Display for View {
    /// At most 33 bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.page, self.shows.letter(), self.asker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_is_short() {
        for shows in Shows::ALL {
            for view in [View { page: u32::MAX, shows, asker: i64::MIN }, View { page: 0, shows, asker: 1 }] {
                assert_eq!(View::read(&view.to_string()), Some(view));
                assert!(view.to_string().len() <= 33);
            }
        }
        assert_eq!(View::read("2"), Some(View { page: 2, ..View::first(0) }));
        for nonsense in ["", "a", "-1", "1:", "1:a", "1:x:2", "1:a:", "1:a:2:3"] {
            assert_eq!(View::read(nonsense), None, "{nonsense}");
        }
    }
}
