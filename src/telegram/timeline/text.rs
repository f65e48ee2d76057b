//! Words as outlines. The fonts are Inter (SIL Open Font License, in `font/`), with the letters of Europe's languages only.

use skrifa::{
    FontRef, GlyphId, MetadataProvider,
    instance::{LocationRef, Size},
    outline::{DrawSettings, OutlinePen},
};
use tiny_skia::{Path, PathBuilder};

const MEDIUM: &[u8] = include_bytes!("font/inter-medium.ttf");
const BOLD: &[u8] = include_bytes!("font/inter-semibold.ttf");

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Medium,
    Bold,
}

/// Both fonts.
pub(super) struct Fonts {
    medium: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    /// # Errors
    /// Where a font cannot be read: it is a part of the program, so that is a mistake.
    pub(super) fn new() -> Result<Self, String> {
        let read = |bytes| FontRef::new(bytes).map_err(|error| error.to_string());
        Ok(Self { medium: read(MEDIUM)?, bold: read(BOLD)? })
    }

    /// How wide a text is, in pixels.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        self.glyphs(text, size, weight).map(|(_, advance)| advance).sum()
    }

    /// The outline of a text that begins at `x` and stands on the line `y`; nothing where it has none.
    pub(super) fn outline(&self, text: &str, size: f32, weight: Weight, (x, y): (f32, f32)) -> Option<Path> {
        let outlines = self.font(weight).outline_glyphs();
        let mut pen = Pen { path: PathBuilder::new(), x, y };
        for (glyph, advance) in self.glyphs(text, size, weight) {
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            if let Some(glyph) = outlines.get(glyph) {
                // A letter that is broken is left out.
                let _ = glyph.draw(settings, &mut pen);
            }
            pen.x += advance;
        }
        pen.path.finish()
    }

    /// As much of a text as is no wider, with `…` where it was cut; `None` where not even three letters are left.
    pub(super) fn fitted(&self, text: &str, size: f32, weight: Weight, room: f32) -> Option<String> {
        if self.width(text, size, weight) <= room {
            return Some(text.to_owned());
        }
        let mut left = room - self.width("…", size, weight);
        let mut kept = 0;
        for (glyph, (_, advance)) in text.chars().zip(self.glyphs(text, size, weight)) {
            left -= advance;
            if left < 0.0 {
                break;
            }
            kept += glyph.len_utf8();
        }
        let kept = text.get(..kept)?.trim_end();
        (kept.chars().count() >= 3).then(|| format!("{kept}…"))
    }

    /// Each letter with what it takes in width.
    fn glyphs(&self, text: &str, size: f32, weight: Weight) -> impl Iterator<Item = (GlyphId, f32)> {
        let font = self.font(weight);
        let (map, metrics) = (font.charmap(), font.glyph_metrics(Size::new(size), LocationRef::default()));
        text.chars().map(move |letter| {
            // What the font does not have is shown as its box.
            let glyph = map.map(letter).unwrap_or_default();
            (glyph, metrics.advance_width(glyph).unwrap_or_default())
        })
    }

    fn font(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Medium => &self.medium,
            Weight::Bold => &self.bold,
        }
    }
}

/// Puts letters into a path; a font's y grows upwards.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (dx, dy) = (self.x, self.y);
        self.path.cubic_to(dx + cx0, dy - cy0, dx + cx1, dy - cy1, dx + x, dy - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_that_a_picture_needs_is_in_the_fonts() {
        let fonts = Fonts::new().unwrap();
        let all = "ABCxyz 0123456789 #+-–…·:,.()µ ÄÖÜäöüß éèñç łąę Жщя";
        for weight in [Weight::Medium, Weight::Bold] {
            for (letter, (glyph, advance)) in all.chars().zip(fonts.glyphs(all, 20.0, weight)) {
                assert!(glyph != GlyphId::NOTDEF && advance > 0.0, "{letter}");
            }
            assert!(fonts.outline("Task", 20.0, weight, (0.0, 0.0)).is_some());
        }
    }

    #[test]
    fn a_text_is_cut_to_its_room() {
        let fonts = Fonts::new().unwrap();
        let fitted = |room| fonts.fitted("#3 fib 1000000", 24.0, Weight::Medium, room);
        assert_eq!(fitted(1_000.0).as_deref(), Some("#3 fib 1000000"));
        let cut = fitted(100.0).unwrap();
        assert!(cut.starts_with("#3 f") && cut.ends_with('…'), "{cut}");
        assert!(fonts.width(&cut, 24.0, Weight::Medium) <= 100.0);
        assert_eq!(fitted(30.0), None);
    }
}
