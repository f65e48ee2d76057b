//! Draws a small creature for each Pokémon: no likeness, but the same one each time, in the colours of its types.
//!
//! The picture is made of ovals on a symmetric grid. What the creature has (wings, ears, a flame, a leaf, feet) comes
//! from its types, the proportions from its id.

use png::{BitDepth, ColorType, Encoder, EncodingError};

/// Width and height of the picture in pixels, as the real sprites have.
pub(super) const SIZE: u32 = 96;

/// Cells of the grid along one side; each becomes a square of [`SCALE`] pixels.
const CELLS: usize = 24;
const SCALE: usize = SIZE as usize / CELLS;

/// The creature of a Pokémon as a PNG of [`SIZE`] by [`SIZE`] pixels on a transparent ground.
///
/// # Errors
/// When the picture cannot be encoded.
pub(super) fn draw(id: u16, first_type: &str, second_type: Option<&str>) -> Result<Vec<u8>, EncodingError> {
    let palette = Palette::new(first_type, second_type);
    let mut grid = Grid([[Ink::None; CELLS]; CELLS]);
    creature(&mut grid, &mut Dice::new(id), &[first_type, second_type.unwrap_or(first_type)]);
    encode(&grid, &palette)
}

/// Paints from the back to the front; lengths are in half cells, `x` measured from the axis of symmetry.
fn creature(grid: &mut Grid, dice: &mut Dice, types: &[&str; 2]) {
    let is = |name: &str| types.contains(&name);
    let width = dice.between(11, 15);
    let height = dice.between(10, 13);
    let middle = 47 - height - 5;
    let head = dice.between(9, 12);
    let face = (middle - height).max(head + 9);

    back_parts(grid, dice, types, face, middle);
    if is("ghost") || is("ice") || types[0] == "water" {
        grid.oval(width - 4, middle + height - 2, 4, 4, Ink::Body);
        grid.oval(0, middle + height, 4, 3, Ink::Body);
    } else {
        let apart = dice.between(5, 8);
        grid.oval(apart, 43, 5, 3, Ink::Accent);
    }
    grid.oval(0, middle, width, height, Ink::Body);
    grid.oval(0, middle + 3, width - 5, height - 5, Ink::Light);
    grid.oval(width, middle - 1, 3, 5, Ink::Body);
    if is("rock") || is("ground") || is("bug") || is("poison") {
        grid.oval(dice.between(5, 9), middle + dice.between(-3, 2), 2, 2, Ink::Accent);
    }
    ears(grid, dice, types, face, head);
    grid.oval(0, face, head + 2, head, Ink::Body);
    top_parts(grid, types, face, head);
    expression(grid, dice, face, head);
    grid.shade();
    grid.outline();
}

/// Wings, fins and manes, which the body covers in part.
fn back_parts(grid: &mut Grid, dice: &mut Dice, types: &[&str; 2], face: i32, middle: i32) {
    match *types {
        [_, "flying"] | ["flying" | "bug", _] => {
            grid.oval(16, middle - 8, 6, 5, Ink::Accent);
            grid.oval(19, middle - 11, 4, 5, Ink::Accent);
            grid.oval(15, middle - 1, 5, 3, Ink::Accent);
        }
        ["water" | "ice", _] => grid.oval(14, middle, dice.between(5, 8), 3, Ink::Accent),
        ["dragon", _] => grid.oval(14, middle - 6, 7, 3, Ink::Accent),
        ["fire", _] => grid.oval(0, face, 17, dice.between(10, 13), Ink::Accent),
        _ => {}
    }
}

fn ears(grid: &mut Grid, dice: &mut Dice, types: &[&str; 2], face: i32, head: i32) {
    let apart = dice.between(6, 9);
    let top = face - head;
    match types[0] {
        "bug" => {
            grid.line((3, top + 2), (apart, top - 5), Ink::Body);
            grid.oval(apart, top - 6, 2, 2, Ink::Accent);
        }
        "electric" | "fairy" => {
            grid.oval(apart, top - 2, 3, 7, Ink::Body);
            grid.oval(apart + 1, top - 6, 2, 3, Ink::Accent);
        }
        "normal" | "fire" | "fighting" => {
            grid.oval(apart, top + 2, 4, 4, Ink::Body);
            grid.oval(apart, top + 2, 2, 2, Ink::Accent);
        }
        "poison" | "dragon" | "ground" => {
            grid.line((apart - 2, top + 4), (apart + 3, top - 4), Ink::Accent);
            grid.line((apart, top + 4), (apart + 3, top - 4), Ink::Accent);
        }
        "rock" => grid.oval(apart, top + 1, 3, 3, Ink::Body),
        "psychic" => grid.line((apart, top + 4), (apart + 6, top - 2), Ink::Body),
        _ => {}
    }
}

/// What grows on the head: a leaf, a flame, a drop, a jewel.
fn top_parts(grid: &mut Grid, types: &[&str; 2], face: i32, head: i32) {
    let top = face - head;
    match types[0] {
        "grass" => {
            grid.line((0, top + 1), (0, top - 3), Ink::Accent);
            grid.oval(5, top - 3, 5, 2, Ink::Accent);
        }
        "fire" => {
            grid.oval(0, top - 1, 3, 4, Ink::Glow);
            grid.oval(0, top - 5, 1, 3, Ink::Glow);
        }
        "water" | "ice" => grid.oval(0, top, 2, 5, Ink::Accent),
        "psychic" => grid.oval(0, face - head / 2 - 1, 1, 2, Ink::Glow),
        "ghost" => grid.oval(0, top - 1, 2, 4, Ink::Body),
        _ => {}
    }
}

fn expression(grid: &mut Grid, dice: &mut Dice, face: i32, head: i32) {
    // Odd lengths are the middles of cells: an eye between cells would lose its pupil.
    let apart = 5 + 2 * dice.between(0, 1);
    let eye = (face + dice.between(-2, 1)) | 1;
    grid.oval(apart, eye, 3, 3, Ink::White);
    grid.oval(apart - 2 * dice.between(0, 1), eye + 1, 1, 1, Ink::Line);
    grid.oval(apart + 3, face + head / 2 + 1, 2, 1, Ink::Cheek);
    let mouth = face + head / 2 + 2;
    match dice.between(0, 2) {
        0 => grid.oval(0, mouth, 2, 1, Ink::Line),
        1 => {
            grid.oval(1, mouth + 1, 1, 1, Ink::Line);
            grid.oval(3, mouth - 1, 1, 1, Ink::Line);
        }
        _ => {
            grid.oval(0, mouth, 3, 1, Ink::Line);
            grid.oval(0, mouth + 2, 1, 1, Ink::Cheek);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    None,
    Body,
    Dark,
    Light,
    Accent,
    Glow,
    White,
    Cheek,
    Line,
}

struct Grid([[Ink; CELLS]; CELLS]);

impl Grid {
    /// Fills an oval and its mirror image. All lengths in half cells; what lies outside the grid is cut off.
    fn oval(&mut self, x: i32, y: i32, x_radius: i32, y_radius: i32, ink: Ink) {
        let (wide, high) = (x_radius.max(1).pow(2), y_radius.max(1).pow(2));
        self.fill(ink, |cell_x, cell_y| {
            // The mirrored half counts too, where an oval crosses the axis.
            [cell_x - x, -cell_x - x]
                .iter()
                .any(|dx| dx.pow(2) * high + (cell_y - y).pow(2) * wide <= wide * high)
        });
    }

    /// A line one cell thick, and its mirror image.
    fn line(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let x = from.0 + (to.0 - from.0) * step / steps;
            let y = from.1 + (to.1 - from.1) * step / steps;
            self.oval(x, y, 1, 1, ink);
        }
    }

    /// Inks every cell whose centre (in half cells: from the axis, from the top) is inside, on both sides.
    fn fill(&mut self, ink: Ink, inside: impl Fn(i32, i32) -> bool) {
        for (row, y) in self.0.iter_mut().zip((1..).step_by(2)) {
            for (column, x) in (0..CELLS / 2).zip((1..).step_by(2)) {
                if inside(x, y) {
                    row[CELLS / 2 + column] = ink;
                    row[CELLS / 2 - 1 - column] = ink;
                }
            }
        }
    }

    /// Darkens the body where nothing of it is below: light comes from above.
    fn shade(&mut self) {
        let before = self.0;
        for (y, row) in self.0.iter_mut().enumerate() {
            for (x, cell) in row.iter_mut().enumerate() {
                let open_below = before.get(y + 1).is_none_or(|below| below[x] == Ink::None);
                if *cell == Ink::Body && open_below {
                    *cell = Ink::Dark;
                }
            }
        }
    }

    /// Puts a dark line around everything.
    fn outline(&mut self) {
        let before = self.0;
        let inked = |x: Option<usize>, y: Option<usize>| {
            let cell = y.and_then(|y| before.get(y)).zip(x).and_then(|(row, x)| row.get(x));
            cell.is_some_and(|ink| *ink != Ink::None)
        };
        for (y, row) in self.0.iter_mut().enumerate() {
            for (x, cell) in row.iter_mut().enumerate() {
                let beside = inked(x.checked_sub(1), Some(y)) || inked(Some(x + 1), Some(y));
                let stacked = inked(Some(x), y.checked_sub(1)) || inked(Some(x), Some(y + 1));
                if *cell == Ink::None && (beside || stacked) {
                    *cell = Ink::Line;
                }
            }
        }
    }
}

type Rgb = [u8; 3];

struct Palette {
    body: Rgb,
    accent: Rgb,
}

impl Palette {
    /// The body in the first type's colour, wings and marks in the second's (a darker shade where there is none).
    fn new(first_type: &str, second_type: Option<&str>) -> Self {
        let body = type_colour(first_type);
        let accent = second_type.map_or_else(|| mix(body, [40, 20, 60], 90), type_colour);
        Self { body, accent }
    }

    fn rgba(&self, ink: Ink) -> [u8; 4] {
        let [red, green, blue] = match ink {
            Ink::None => return [0; 4],
            Ink::Body => self.body,
            Ink::Dark => mix(self.body, [20, 10, 50], 70),
            Ink::Light => mix(self.body, [255, 250, 235], 150),
            Ink::Accent => self.accent,
            Ink::Glow => [255, 214, 92],
            Ink::White => [255, 255, 255],
            Ink::Cheek => mix(self.body, [255, 96, 112], 170),
            Ink::Line => mix(self.body, [24, 20, 44], 205),
        };
        [red, green, blue, 255]
    }
}

/// `share` of 255 parts of `other` in `colour`.
fn mix(colour: Rgb, other: Rgb, share: u8) -> Rgb {
    let mut mixed = colour;
    for (channel, target) in mixed.iter_mut().zip(other) {
        let sum = u16::from(*channel) * u16::from(255 - share) + u16::from(target) * u16::from(share);
        *channel = u8::try_from(sum / 255).unwrap_or(u8::MAX);
    }
    mixed
}

fn type_colour(name: &str) -> Rgb {
    match name {
        "fighting" => [196, 84, 66],
        "flying" => [150, 176, 238],
        "poison" => [164, 98, 186],
        "ground" => [214, 174, 98],
        "rock" => [172, 154, 108],
        "bug" => [158, 190, 62],
        "ghost" => [116, 94, 160],
        "steel" => [168, 180, 200],
        "fire" => [240, 124, 62],
        "water" => [92, 148, 236],
        "grass" => [106, 190, 104],
        "electric" => [246, 206, 66],
        "psychic" => [242, 112, 150],
        "ice" => [136, 212, 220],
        "dragon" => [106, 98, 226],
        "dark" => [104, 88, 84],
        "fairy" => [242, 168, 204],
        _ => [204, 182, 150],
    }
}

/// The proportions: any spread of the ids will do, as long as it never changes (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn new(id: u16) -> Self {
        let mut dice = Self(u64::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.between(0, 1);
        dice
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = i32::from_ne_bytes(((self.0 >> 33) as u32).to_ne_bytes());
        low + random.rem_euclid(high - low + 1)
    }
}

fn encode(grid: &Grid, palette: &Palette) -> Result<Vec<u8>, EncodingError> {
    let mut pixels = Vec::with_capacity((SIZE * SIZE * 4) as usize);
    for row in &grid.0 {
        let line: Vec<u8> = row.iter().flat_map(|ink| palette.rgba(*ink).repeat(SCALE)).collect();
        pixels.extend(line.repeat(SCALE));
    }
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, SIZE, SIZE);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(png: &[u8]) -> Vec<[u8; 4]> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (SIZE, SIZE, ColorType::Rgba));
        bytes.chunks_exact(4).map(|pixel| pixel.try_into().unwrap()).collect()
    }

    #[test]
    fn a_sprite_is_symmetric_and_on_a_transparent_ground() {
        for id in [1, 25, 151] {
            let pixels = pixels(&draw(id, "electric", None).unwrap());
            for row in pixels.chunks_exact(SIZE as usize) {
                assert!(row.iter().eq(row.iter().rev()), "{id}");
            }
            assert_eq!(pixels[0], [0; 4], "{id}: the corner is empty");
            let inked = pixels.iter().filter(|pixel| pixel[3] == 255).count();
            assert!(inked > pixels.len() / 5, "{id}: there is somebody");
        }
    }

    #[test]
    fn a_pokemon_looks_the_same_each_time_and_differs_from_others() {
        let draw = |id, kind| draw(id, kind, None).unwrap();
        assert_eq!(draw(25, "electric"), draw(25, "electric"));
        assert_ne!(draw(25, "electric"), draw(26, "electric"));
        assert_ne!(draw(25, "electric"), draw(25, "water"));
    }

    #[test]
    fn the_body_has_the_colour_of_the_first_type() {
        let [red, green, blue] = type_colour("fire");
        assert!(pixels(&draw(4, "fire", Some("flying")).unwrap()).contains(&[red, green, blue, 255]));
    }

    /// For looking at: all of them in one picture, written where the variable says.
    #[test]
    #[ignore = "writes a picture to look at, into the folder named by SPRITE_DIR"]
    fn contact_sheet() {
        let folder = std::env::var("SPRITE_DIR").unwrap();
        for pokemon in super::super::POKEDEX.iter() {
            let png = draw(pokemon.id, pokemon.types[0], pokemon.types.get(1).copied()).unwrap();
            std::fs::write(format!("{folder}/{}.png", pokemon.id), png).unwrap();
        }
    }
}
