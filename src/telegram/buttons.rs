//! Inline buttons: what a press means, and how it is written into 64 bytes.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use crate::{command::Theme, job::JobId};

/// The format's version: a press on a button of another one is answered, not guessed at.
const VERSION: &str = "1";

/// What a press means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Button {
    /// Cancel this task.
    Kill(JobId),
    /// Run it again.
    Retry(JobId),
    /// Send its whole numbers as a document.
    Whole(JobId),
    /// Show this page of the board, from 0.
    Page(usize),
    /// Draw the timeline in this message anew, with these colours.
    Timeline(Theme),
    /// Yes, cancel all that was unfinished when it was asked: up to this task.
    KillAll(JobId),
    /// No, do not.
    KeepAll,
}

impl Button {
    /// At most 45 bytes of the 64 that Telegram takes: two numbers of 20 digits and their names.
    pub(super) fn data(self) -> String {
        match self {
            Self::Kill(id) => format!("{VERSION}:kill:{}", id.0),
            Self::Retry(id) => format!("{VERSION}:retry:{}", id.0),
            Self::Whole(id) => format!("{VERSION}:whole:{}", id.0),
            Self::Page(page) => format!("{VERSION}:page:{page}"),
            Self::Timeline(Theme::Light) => format!("{VERSION}:timeline:0"),
            Self::Timeline(Theme::Dark) => format!("{VERSION}:timeline:1"),
            Self::KillAll(id) => format!("{VERSION}:kill-all:{}", id.0),
            Self::KeepAll => format!("{VERSION}:keep-all"),
        }
    }

    /// What somebody's client sent back; `None` for anything that this version did not write.
    pub(super) fn read(data: &str) -> Option<Self> {
        let (name, number) = match data.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':') {
            Some((name, number)) => (name, number.parse::<u64>().ok()?),
            None => return (Self::KeepAll.data() == data).then_some(Self::KeepAll),
        };
        match name {
            "kill" => Some(Self::Kill(JobId(number))),
            "retry" => Some(Self::Retry(JobId(number))),
            "whole" => Some(Self::Whole(JobId(number))),
            "kill-all" => Some(Self::KillAll(JobId(number))),
            "timeline" => match number {
                0 => Some(Self::Timeline(Theme::Light)),
                1 => Some(Self::Timeline(Theme::Dark)),
                _ => None,
            },
            "page" => usize::try_from(number).ok().map(Self::Page),
            _ => None,
        }
    }

    /// The button with what stands on it.
    pub(super) fn labelled(self, label: impl Into<String>) -> InlineKeyboardButton {
        InlineKeyboardButton::callback(label, self.data())
    }
}

/// One row of buttons.
pub(super) fn row(buttons: Vec<InlineKeyboardButton>) -> InlineKeyboardMarkup {
    InlineKeyboardMarkup::new([buttons])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_fits() {
        let id = JobId(u64::MAX);
        for button in [
            Button::Kill(id),
            Button::Retry(id),
            Button::Whole(id),
            Button::Page(usize::MAX),
            Button::Timeline(Theme::Light),
            Button::Timeline(Theme::Dark),
            Button::KillAll(id),
            Button::KeepAll,
        ] {
            assert!(button.data().len() <= 64);
            assert_eq!(Button::read(&button.data()), Some(button));
        }
    }

    #[test]
    fn nonsense_means_nothing() {
        for data in [
            "",
            "1",
            "1:",
            "1:kill",
            "1:kill:",
            "1:kill:x",
            "2:kill:1",
            "1:page:-1",
            "1:timeline:2",
            "1:kill-all",
            "1:keep-all:1",
            "x:y:z",
        ] {
            assert_eq!(Button::read(data), None, "{data}");
        }
    }
}
