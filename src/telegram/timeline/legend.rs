//! What the looks of bars mean: one sample beside the other, in as many lines as it takes.

use std::ops::Range;

use super::{
    canvas::{Area, Canvas, Style},
    paint::{RADIUS, SMALL},
    text::{Fonts, Weight},
    theme::Palette,
};
use crate::telegram::sentences::timeline as words;

/// Where the first line begins, and from one to the next.
const TOP: f32 = 100.0;
const LINE: f32 = 42.0;
/// A sample's size, what is between it and its word, and what is after that.
const WIDTH: f32 = 44.0;
const HEIGHT: f32 = 30.0;
const GAP: f32 = 12.0;
const AFTER: f32 = 26.0;

/// A look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    Waits,
    Runs,
    Asks,
    Cancelled,
    Failed,
    Others,
}

/// Samples with their left and upper edges.
pub(super) type Placed = Vec<(Sample, (f32, f32))>;

impl Sample {
    fn label(self) -> String {
        match self {
            Self::Waits => words::waits(),
            Self::Runs => words::runs(),
            Self::Asks => words::asks(),
            Self::Cancelled => words::cancelled(),
            Self::Failed => words::failed(),
            Self::Others => words::others(),
        }
    }
}

/// Where each sample is; that of other chats only if it is needed.
pub(super) fn place(fonts: &Fonts, edges: Range<f32>, others: bool) -> Placed {
    let (mut x, mut y) = (edges.start, TOP);
    let mut samples = vec![Sample::Waits, Sample::Runs, Sample::Asks, Sample::Cancelled, Sample::Failed];
    if others {
        samples.push(Sample::Others);
    }
    let place = |sample: Sample| {
        let width = WIDTH + GAP + fonts.width(&sample.label(), SMALL, Weight::Medium);
        if x > edges.start && x + width > edges.end {
            (x, y) = (edges.start, y + LINE);
        }
        let at = (x, y);
        x += width + AFTER;
        (sample, at)
    };
    samples.into_iter().map(place).collect()
}

/// Where the last line ends.
pub(super) fn bottom(placed: &Placed) -> f32 {
    placed.last().map_or(TOP, |(_, (_, top))| top + HEIGHT)
}

pub(super) fn draw(placed: &Placed, canvas: &mut Canvas, p: Palette) {
    let style = Style { size: SMALL, weight: Weight::Medium, color: p.faint };
    for &(sample, (x, top)) in placed {
        let area = Area { left: x, top, right: x + WIDTH, bottom: top + HEIGHT };
        let middle = x + WIDTH / 2.0;
        match sample {
            Sample::Waits => {
                canvas.fill(Area { right: middle, ..area }, 0.0, p.cpu[1]);
                canvas.fill(Area { left: middle, ..area }, 0.0, p.io[1]);
            }
            Sample::Runs => canvas.fill(area, RADIUS, p.cpu[0]),
            Sample::Asks => canvas.fill(area, RADIUS, p.io[0]),
            Sample::Others => canvas.fill(area, RADIUS, p.others),
            Sample::Cancelled => canvas.stripe(area, RADIUS, p.cancelled),
            Sample::Failed => {
                canvas.fill(area, RADIUS, p.failed);
                canvas.cross((middle, top + HEIGHT / 2.0), 7.0, 4.0, p.on_solid);
            }
        }
        canvas.text(&sample.label(), (area.right + GAP, top + 24.0), style);
    }
}
