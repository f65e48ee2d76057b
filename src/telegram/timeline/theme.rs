//! Colours. Blue, green and vermilion are told apart by nearly everybody (they are Okabe and Ito's, made to be read on);
//! what was cancelled or failed also has stripes or a cross.

use tiny_skia::Color;

use crate::command::Theme;

/// The colours of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub(super) page: Color,
    /// A lane.
    pub(super) lane: Color,
    pub(super) grid: Color,
    pub(super) ink: Color,
    /// Words that are less important.
    pub(super) faint: Color,
    /// Runs on a worker; waits for one.
    pub(super) cpu: [Color; 2],
    /// A request; waits for a slot.
    pub(super) io: [Color; 2],
    /// A worker that another chat has.
    pub(super) others: Color,
    pub(super) failed: Color,
    /// Stripes and what is between them.
    pub(super) cancelled: [Color; 2],
    /// Words on what is solid.
    pub(super) on_solid: Color,
    /// Words on stripes.
    pub(super) on_stripes: Color,
}

impl Palette {
    pub(super) fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                page: rgb(0xff_ff_ff),
                lane: rgb(0xf1_f4_f7),
                grid: rgb(0xd9_e0_e7),
                ink: rgb(0x16_20_2b),
                faint: rgb(0x5a_68_77),
                cpu: [rgb(0x0b_63_ab), rgb(0xbd_d9_f2)],
                io: [rgb(0x00_78_5a), rgb(0xb9_e3_d6)],
                others: rgb(0xd3_da_e2),
                failed: rgb(0xc2_41_0c),
                cancelled: [rgb(0xa9_b3_bd), rgb(0xd3_da_e0)],
                on_solid: rgb(0xff_ff_ff),
                on_stripes: rgb(0x16_20_2b),
            },
            Theme::Dark => Self {
                page: rgb(0x14_1d_26),
                lane: rgb(0x1d_28_34),
                grid: rgb(0x33_42_51),
                ink: rgb(0xee_f3_f8),
                faint: rgb(0x9f_b0_c0),
                cpu: [rgb(0x5a_b4_f5), rgb(0x2b_57_7e)],
                io: [rgb(0x3c_cb_a0), rgb(0x1f_60_52)],
                others: rgb(0x36_45_54),
                failed: rgb(0xff_8a_52),
                cancelled: [rgb(0x66_74_82), rgb(0x48_55_62)],
                on_solid: rgb(0x08_14_1f),
                on_stripes: rgb(0xff_ff_ff),
            },
        }
    }
}

fn rgb(hex: u32) -> Color {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color::from_rgba8(red, green, blue, 255)
}
