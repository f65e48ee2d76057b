//! The picture of a scene.

use super::{
    axis::{Axis, BREAK, Tick},
    canvas::{Area, Canvas, Style},
    layout::{self, Kind, Look, Piece, Section},
    legend,
    scene::Scene,
    text::{Fonts, Weight},
    theme::Palette,
};
use crate::{
    command::Theme,
    job::{Ended, Resource},
    telegram::sentences::timeline as words,
};

/// Telegram makes what is wider or higher than 1280 pixels smaller. The picture is less wide, so that words are as large
/// as can be on a phone.
pub(super) const WIDTH: u32 = 1_080;
const LEFT: f32 = 28.0;
const RIGHT: f32 = 1_054.0;
/// Where lanes begin: the names are to the left.
const LANES: f32 = 164.0;
/// What all lanes together may take in height, where that is possible.
const HEIGHT: f32 = 960.0;
/// Sizes of letters. On a phone the picture is a third as wide.
const TITLE: f32 = 38.0;
const TEXT: f32 = 30.0;
pub(super) const SMALL: f32 = 27.0;
/// Pixels between lanes, and between sections.
const LANE_GAP: f32 = 6.0;
const SECTION_GAP: f32 = 22.0;
/// Pixels between marks of the axis, at least.
const TICK_ROOM: f64 = 128.0;
/// A lane that is lower has no words in it.
const MIN_WORDS: f32 = 26.0;
/// Pixels after the present.
const TAIL: f64 = 64.0;
pub(super) const RADIUS: f32 = 6.0;
/// A failed bar that is less wide has its cross beside it.
const MIN_CROSS: f32 = 26.0;

/// Draws it, as a PNG.
///
/// # Errors
/// A mistake in the program.
pub(super) fn png(scene: &Scene, theme: Theme) -> Result<Vec<u8>, String> {
    // The names of what still runs are right of the present.
    let tail = if scene.goes_on() { TAIL } else { 0.0 };
    let axis = Axis::new(&scene.stretches, LANES, RIGHT, tail);
    let (fonts, palette) = (Fonts::new()?, Palette::of(theme));
    let legend = legend::place(&fonts, LEFT..RIGHT, !scene.others.is_empty());
    let top = legend::bottom(&legend) + 52.0;
    let placed = placed(layout::sections(scene, &axis), top);
    let bottom = placed.last().map_or(top, |(section, rows)| rows.bottom(section.lanes.len()));
    // The axis's words are below the lanes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "about a thousand")]
    let height = (bottom + 68.0) as u32;
    let canvas = Canvas::new(WIDTH, height, palette.page, fonts)?;
    let mut painter = Painter { scene, axis, palette, canvas, top, bottom };
    painter.heading();
    legend::draw(&legend, &mut painter.canvas, palette);
    painter.lanes(&placed);
    painter.grid();
    painter.now();
    for (section, rows) in &placed {
        painter.section(section, rows);
    }
    painter.canvas.png()
}

/// The sections below each other. Lanes are lower where there are many.
fn placed(sections: Vec<Section>, top: f32) -> Vec<(Section, Rows)> {
    let wanted: f32 = sections
        .iter()
        .map(|section| Rows::new(0.0, heights(section.kind).0).bottom(section.lanes.len()) + SECTION_GAP)
        .sum();
    let share = (HEIGHT / wanted).min(1.0);
    let mut top = top;
    let place = |section: Section| {
        let (highest, lowest) = heights(section.kind);
        let rows = Rows::new(top, (highest * share).floor().max(lowest));
        top = rows.bottom(section.lanes.len()) + SECTION_GAP;
        (section, rows)
    };
    sections.into_iter().map(place).collect()
}

/// A lane's height, at most and at least.
fn heights(kind: Kind) -> (f32, f32) {
    match kind {
        Kind::Waiting => (38.0, 6.0),
        Kind::Workers => (52.0, 12.0),
        Kind::AtOnce => (38.0, 38.0),
        Kind::Requests => (44.0, 8.0),
    }
}

/// Where the lanes of a section are.
#[derive(Clone, Copy)]
struct Rows {
    top: f32,
    /// A lane's height, and what is between two.
    lane: f32,
    gap: f32,
}

impl Rows {
    fn new(top: f32, lane: f32) -> Self {
        Self { top, lane, gap: if lane < MIN_WORDS { 2.0 } else { LANE_GAP } }
    }

    #[expect(clippy::cast_precision_loss, reason = "few")]
    fn of(self, index: usize) -> (f32, f32) {
        let top = self.top + index as f32 * (self.lane + self.gap);
        (top, top + self.lane)
    }

    fn bottom(self, lanes: usize) -> f32 {
        self.of(lanes.saturating_sub(1)).1
    }
}

struct Painter<'a> {
    scene: &'a Scene,
    axis: Axis,
    palette: Palette,
    canvas: Canvas,
    /// The lanes' edges.
    top: f32,
    bottom: f32,
}

impl Painter<'_> {
    fn style(&self, size: f32, weight: Weight) -> Style {
        Style { size, weight, color: self.palette.ink }
    }

    fn faint(&self) -> Style {
        Style { size: SMALL, weight: Weight::Medium, color: self.palette.faint }
    }

    fn heading(&mut self) {
        let title = self.style(TITLE, Weight::Bold);
        self.canvas.text(&self.scene.tasks(), (LEFT, 62.0), title);
        let span = self.faint();
        let text = self.scene.span();
        let x = RIGHT - self.canvas.width(&text, span);
        self.canvas.text(&text, (x, 61.0), span);
    }

    /// The lanes' names and what is behind the bars.
    fn lanes(&mut self, placed: &[(Section, Rows)]) {
        let (parts, p) = (self.axis.parts.clone(), self.palette);
        for (section, rows) in placed {
            for index in 0..section.lanes.len() {
                let (top, bottom) = rows.of(index);
                for part in &parts {
                    let area = Area { left: part.left, top, right: part.right, bottom };
                    self.canvas.fill(area, if rows.lane < MIN_WORDS { 0.0 } else { RADIUS }, p.lane);
                }
            }
            self.names(section, rows);
        }
    }

    fn names(&mut self, section: &Section, rows: &Rows) {
        let style = self.faint();
        let last = section.lanes.len().saturating_sub(1);
        for index in 0..=last {
            let (top, bottom) = rows.of(index);
            // Names of low lanes would lie on each other: the first and the last are named.
            let is_named = rows.lane >= MIN_WORDS || index == 0 || (index == last && section.hidden == 0);
            let name = match section.kind {
                Kind::Workers if is_named => words::worker(u32::try_from(index).unwrap_or(u32::MAX)),
                Kind::Waiting if index == 0 => words::waiting(),
                Kind::AtOnce if index == 0 => words::at_once(),
                Kind::Requests if index == 0 => words::requests(),
                _ => continue,
            };
            let middle = f32::midpoint(top, bottom);
            self.name(
                &name,
                if rows.lane >= MIN_WORDS { middle } else { middle.max(rows.top + 10.0) },
                style,
            );
        }
        if section.hidden > 0 {
            self.name(&words::more(section.hidden), rows.bottom(section.lanes.len()) - 10.0, style);
        }
    }

    fn name(&mut self, name: &str, middle: f32, style: Style) {
        if let Some(name) = self.canvas.fonts.fitted(name, style.size, style.weight, LANES - LEFT - 4.0) {
            self.canvas.text(&name, (LEFT, middle + style.size * 0.36), style);
        }
    }

    /// The axis: marks, their lines, and where time was left out.
    fn grid(&mut self) {
        let (top, bottom) = (self.top - 8.0, self.bottom + 10.0);
        let ticks = self.axis.ticks(TICK_ROOM);
        let style = self.faint();
        let bold = Style { weight: Weight::Bold, color: self.palette.ink, ..style };
        // The time of day is more important than a distance that has no room beside it.
        let mut taken: Vec<(f32, f32)> = Vec::new();
        for wanted in [true, false] {
            for Tick { x, label, is_start } in ticks.iter().filter(|tick| tick.is_start == wanted) {
                let style = if *is_start { bold } else { style };
                let width = self.canvas.width(label, style);
                let left = if *is_start { *x } else { x - width / 2.0 }.min(RIGHT - width);
                self.canvas.line(*x, (top, bottom), 1.5, self.palette.grid, false);
                let is_free = taken.iter().all(|(from, to)| left + width + 20.0 < *from || left > to + 20.0);
                if is_free {
                    taken.push((left, left + width));
                    self.canvas.text(label, (left, bottom + 32.0), style);
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        let half = BREAK as f32 / 2.0;
        for part in self.axis.parts.clone().iter().skip(1) {
            self.canvas.tear(part.left - half, (top, bottom), self.palette.faint);
        }
    }

    /// What other chats' tasks took of the workers.
    fn others(&mut self, rows: &Rows, lanes: usize) {
        for other in &self.scene.others {
            let Some(lane) = usize::try_from(other.worker).ok().filter(|lane| *lane < lanes) else {
                continue;
            };
            let (top, bottom) = rows.of(lane);
            let (left, right) = (self.axis.x(other.from), self.axis.x(other.to));
            self.canvas.fill(
                Area { left, top, right: right.max(left + 1.0), bottom },
                2.0,
                self.palette.others,
            );
        }
    }

    fn section(&mut self, section: &Section, rows: &Rows) {
        if section.kind == Kind::Workers {
            self.others(rows, section.lanes.len());
        }
        for (index, lane) in section.lanes.iter().enumerate() {
            let (top, bottom) = rows.of(index);
            for (place, piece) in lane.iter().enumerate() {
                let area = Area { left: piece.left, top, right: piece.right, bottom };
                self.bar(piece, area, section.kind);
                if rows.lane >= MIN_WORDS {
                    let next = lane.get(place + 1).map_or(RIGHT, |next| next.left);
                    let next = next.min(self.edge(piece, index, section.kind));
                    self.label(piece, area, next, section.kind);
                }
            }
        }
    }

    /// How far words right of a bar may go: not over what was left out, nor over another chat's time.
    fn edge(&self, piece: &Piece, lane: usize, kind: Kind) -> f32 {
        let parts = self.axis.parts.iter().map(|part| part.right).filter(|right| *right > piece.left);
        let here = |worker: u32| kind == Kind::Workers && usize::try_from(worker) == Ok(lane);
        let others = self.scene.others.iter().filter(|other| here(other.worker));
        let others = others.map(|other| self.axis.x(other.from)).filter(|left| *left >= piece.right - 2.0);
        parts.chain(others).fold(RIGHT, f32::min)
    }

    fn bar(&mut self, piece: &Piece, area: Area, kind: Kind) {
        let p = self.palette;
        let [solid, pale] = match self.scene.bars.get(piece.bar).map(|bar| bar.resource) {
            Some(Resource::Io) => p.io,
            _ => p.cpu,
        };
        let radius = if area.height() < MIN_WORDS { 2.0 } else { RADIUS };
        // A bar and its neighbour are two.
        let area = if area.width() > 8.0 { Area { right: area.right - 2.0, ..area } } else { area };
        match piece.look {
            Look::Waiting(None) => {
                self.canvas.fill(area, if kind == Kind::Requests { 0.0 } else { radius }, pale);
            }
            Look::Waiting(Some(_)) => self.canvas.stripe(area, radius, [p.cancelled[1], pale]),
            Look::Running(Some(Ended::Cancelled)) => self.canvas.stripe(area, radius, p.cancelled),
            Look::Running(Some(Ended::Failed)) => {
                self.canvas.fill(area, radius, p.failed);
                if area.width() > MIN_CROSS {
                    let arm = (area.height() * 0.18).clamp(2.5, 7.0);
                    let at = (area.right - 16.0, f32::midpoint(area.top, area.bottom));
                    self.canvas.cross(at, arm, arm * 0.55, p.on_solid);
                }
            }
            Look::Running(_) => self.canvas.fill(area, radius, solid),
        }
    }

    /// The task's name in its bar, or right of it where there is room.
    fn label(&mut self, piece: &Piece, area: Area, next: f32, kind: Kind) {
        let Some(bar) = self.scene.bars.get(piece.bar) else { return };
        // A request says its name once.
        if kind == Kind::Requests && matches!(piece.look, Look::Waiting(_)) && bar.began.is_some() {
            return;
        }
        let (label, short) = (bar.label.clone(), words::short_bar(bar.job));
        let p = self.palette;
        let is_failed = piece.look == Look::Running(Some(Ended::Failed));
        let (within, beside) = match piece.look {
            Look::Waiting(_) => (p.ink, p.ink),
            Look::Running(Some(Ended::Cancelled)) => (p.on_stripes, p.ink),
            Look::Running(Some(Ended::Failed)) => (p.on_solid, p.failed),
            Look::Running(_) => (p.on_solid, p.ink),
        };
        let style = Style { size: TEXT.min(area.height() * 0.68), weight: Weight::Medium, color: within };
        let inside = area.width() - 18.0 - if is_failed { 22.0 } else { 0.0 };
        let (from, outside) = self.room_beside(area, next);
        let mark = if is_failed && area.width() <= MIN_CROSS { "× " } else { "" };
        let (marked, marked_short) = (format!("{mark}{label}"), format!("{mark}{short}"));
        let fits = |text: &str, room| self.canvas.width(text, style) <= room;
        let cut = || self.canvas.fonts.fitted(&label, style.size, style.weight, inside);
        // A few digits of a long number tell nothing.
        let cut = || cut().filter(|cut| cut.chars().count() > short.chars().count() + 6);
        let (text, x, color) = if fits(&label, inside) {
            (label, area.left + 9.0, within)
        } else if fits(&marked, outside) && area.width() < 120.0 {
            (marked, from, beside)
        } else if let Some(cut) = cut() {
            (cut, area.left + 9.0, within)
        } else if fits(&short, inside) {
            (short, area.left + 9.0, within)
        } else if fits(&marked_short, outside) {
            (marked_short, from, beside)
        } else {
            return;
        };
        let baseline = f32::midpoint(area.top, area.bottom) + style.size * 0.36;
        self.canvas.text(&text, (x, baseline), Style { color, ..style });
    }

    /// Where words right of a bar begin, and what room they have: the line of the present does not cross them.
    fn room_beside(&self, area: Area, next: f32) -> (f32, f32) {
        let from = area.right + 7.0;
        match self.present() {
            Some(now) if area.right + 4.0 >= now => (now + 8.0, next - now - 17.0),
            Some(now) => (from, next.min(now) - from - 9.0),
            None => (from, next - from - 9.0),
        }
    }

    /// Where the present is, if anything goes on.
    fn present(&self) -> Option<f32> {
        self.scene.goes_on().then(|| self.axis.x(self.scene.now))
    }

    /// The line of the present.
    fn now(&mut self) {
        let Some(x) = self.present() else { return };
        let style = Style { weight: Weight::Bold, ..self.faint() };
        self.canvas.line(x, (self.top - 12.0, self.bottom + 10.0), 2.5, self.palette.ink, true);
        let now = words::now();
        let width = self.canvas.width(&now, style);
        self.canvas.text(&now, ((x - width / 2.0).min(RIGHT - width), self.top - 18.0), style);
    }
}
