//! A picture of a chat's last tasks: who waited, and who ran beside whom.
//!
//! [`Scene`] is what there is to be drawn, [`layout`] says where (pure, in pixels), and [`paint`] draws it. A picture is
//! as wide as Telegram shows one without making it smaller; it is read on phones, so its letters are large.

mod axis;
mod canvas;
mod layout;
mod legend;
mod paint;
mod scene;
mod text;
mod theme;

use teloxide::utils::html::escape;

pub(super) use self::scene::{MAX_TASKS, Scene};
use super::{
    buttons::{Button, row},
    render::Content,
    sentences::{buttons as labels, timeline as words},
};
use crate::command::Theme;

/// The picture with its caption and its buttons. Work for a core: not for tokio's threads.
///
/// # Errors
/// A mistake in the program, for the log.
pub(super) fn content(scene: &Scene, theme: Theme) -> Result<Content, String> {
    let png = paint::png(scene, theme)?;
    let (other, label) = match theme {
        Theme::Light => (Theme::Dark, words::dark()),
        Theme::Dark => (Theme::Light, words::light()),
    };
    let buttons = vec![
        Button::Timeline(theme).labelled(labels::refresh(1, 1)),
        Button::Timeline(other).labelled(label),
    ];
    Ok(Content {
        html: escape(&words::caption(&scene.tasks(), &scene.span(), &scene.facts())),
        keyboard: Some(row(buttons)),
        photo: Some(png.into()),
        rich: None,
    })
}

#[cfg(test)]
mod tests;
