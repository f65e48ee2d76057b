//! Rectangles, stripes, crosses and words on pixels.

use tiny_skia::{
    Color, FillRule, FilterQuality, LineCap, Paint, Path, PathBuilder, Pattern, Pixmap, Rect, SpreadMode,
    Stroke, StrokeDash, Transform,
};

use super::text::{Fonts, Weight};

/// Pixels from one stripe to the next.
const STRIPES: u32 = 16;

/// Edges in pixels: left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Area {
    pub(super) fn width(self) -> f32 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f32 {
        self.bottom - self.top
    }
}

/// What is drawn on.
pub(super) struct Canvas {
    pixels: Pixmap,
    pub(super) fonts: Fonts,
}

/// How words look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) color: Color,
}

impl Canvas {
    /// An empty one.
    ///
    /// # Errors
    /// Where the size is none.
    pub(super) fn new(width: u32, height: u32, page: Color, fonts: Fonts) -> Result<Self, String> {
        let mut pixels = Pixmap::new(width, height).ok_or("a picture without size")?;
        pixels.fill(page);
        Ok(Self { pixels, fonts })
    }

    pub(super) fn fill(&mut self, area: Area, radius: f32, color: Color) {
        if let Some(path) = rounded(area, radius) {
            self.pixels.fill_path(&path, &paint(color), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// Diagonal stripes of the first colour on the second.
    pub(super) fn stripe(&mut self, area: Area, radius: f32, [stripes, between]: [Color; 2]) {
        let (Some(tile), Some(path)) = (stripes_tile(stripes, between), rounded(area, radius)) else {
            return;
        };
        let shader = Pattern::new(
            tile.as_ref(),
            SpreadMode::Repeat,
            FilterQuality::Nearest,
            1.0,
            Transform::identity(),
        );
        let paint = Paint { shader, ..Paint::default() };
        self.pixels.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    /// A cross with a centre and half a width.
    pub(super) fn cross(&mut self, (x, y): (f32, f32), arm: f32, width: f32, color: Color) {
        let mut path = PathBuilder::new();
        path.move_to(x - arm, y - arm);
        path.line_to(x + arm, y + arm);
        path.move_to(x + arm, y - arm);
        path.line_to(x - arm, y + arm);
        let stroke = Stroke { width, line_cap: LineCap::Round, ..Stroke::default() };
        self.stroke(path.finish(), &stroke, color);
    }

    /// A vertical line.
    pub(super) fn line(&mut self, x: f32, (top, bottom): (f32, f32), width: f32, color: Color, dashed: bool) {
        let mut path = PathBuilder::new();
        path.move_to(x, top);
        path.line_to(x, bottom);
        let dash = if dashed { StrokeDash::new(vec![8.0, 6.0], 0.0) } else { None };
        self.stroke(path.finish(), &Stroke { width, dash, ..Stroke::default() }, color);
    }

    /// A line that goes down in small steps: here something was left out.
    pub(super) fn tear(&mut self, x: f32, (top, bottom): (f32, f32), color: Color) {
        let mut path = PathBuilder::new();
        path.move_to(x, top);
        let (mut y, mut side) = (top, 5.0);
        while y < bottom {
            y = (y + 12.0).min(bottom);
            path.line_to(x + side, y);
            side = -side;
        }
        self.stroke(path.finish(), &Stroke { width: 2.0, ..Stroke::default() }, color);
    }

    /// Words that begin at `x` and stand on the line `y`.
    pub(super) fn text(&mut self, text: &str, at: (f32, f32), style: Style) {
        if let Some(path) = self.fonts.outline(text, style.size, style.weight, at) {
            self.pixels.fill_path(&path, &paint(style.color), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// How wide such words are.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        self.fonts.width(text, style.size, style.weight)
    }

    fn stroke(&mut self, path: Option<Path>, stroke: &Stroke, color: Color) {
        if let Some(path) = path {
            self.pixels.stroke_path(&path, &paint(color), stroke, Transform::identity(), None);
        }
    }

    /// The picture as a PNG. Nothing of it is transparent, so it has no alpha.
    ///
    /// # Errors
    /// What cannot be.
    pub(super) fn png(self) -> Result<Vec<u8>, String> {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let rgb: Vec<u8> =
            self.pixels.data().chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer.write_image_data(&rgb).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        Ok(file)
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color);
    paint
}

fn rounded(area: Area, radius: f32) -> Option<Path> {
    let Area { left, top, right, bottom } = area;
    let radius = radius.min(area.width() / 2.0).min(area.height() / 2.0);
    if radius < 0.5 {
        return Some(PathBuilder::from_rect(Rect::from_ltrb(left, top, right, bottom)?));
    }
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.quad_to(right, top, right, top + radius);
    path.line_to(right, bottom - radius);
    path.quad_to(right, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.quad_to(left, bottom, left, bottom - radius);
    path.line_to(left, top + radius);
    path.quad_to(left, top, left + radius, top);
    path.close();
    path.finish()
}

/// A tile whose copies beside each other make stripes.
fn stripes_tile(stripes: Color, between: Color) -> Option<Pixmap> {
    let mut tile = Pixmap::new(STRIPES, STRIPES)?;
    let colors = [stripes, between].map(|color| color.premultiply().to_color_u8());
    for (index, pixel) in (0..).zip(tile.pixels_mut()) {
        let place = (index % STRIPES + index / STRIPES) % STRIPES;
        *pixel = colors[usize::from(place >= STRIPES / 2)];
    }
    Some(tile)
}
