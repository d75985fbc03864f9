//! Colours for amounts, adapted to the terminal's capabilities.
//!
//! Text uses the sixteen basic colours, which users have configured to be readable. Only amounts are shaded from green
//! through yellow to red, as far as the terminal can.

use ratatui::style::Color;

use crate::model::Colours;

/// The colours from little to much.
const SCALE: [(u64, [u8; 3]); 3] = [(0, [67, 160, 71]), (70, [230, 180, 34]), (100, [215, 58, 49])];

/// Returns the colour of `percent`: from green through yellow to red.
pub(super) fn shade(percent: u64) -> Color {
    let [low, middle, high] = SCALE;
    let (from, to) = if percent < middle.0 { (low, middle) } else { (middle, high) };
    let (done, all) = (percent.min(to.0) - from.0, to.0 - from.0);
    let mix = |one: u8, other: u8| {
        let mixed = (u64::from(one) * (all - done) + u64::from(other) * done) / all;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    let [[r, g, b], [red, green, blue]] = [from.1, to.1];
    Color::Rgb(mix(r, red), mix(g, green), mix(b, blue))
}

/// Returns the nearest colour that the terminal can show.
pub(super) fn fit(colour: Color, colours: Colours) -> Color {
    match (colour, colours) {
        (_, Colours::None) => Color::Reset,
        (Color::Rgb(r, g, b), Colours::Sixteen) => nearest_name(r, g, b),
        (Color::Rgb(r, g, b), Colours::Cube) => {
            // Colours 16 to 231 form a cube with six steps per component: 0, 95, 135, 175, 215, 255.
            let step = |part: u8| if part < 48 { 0 } else { (part.max(75) - 35) / 40 };
            Color::Indexed(16 + 36 * step(r) + 6 * step(g) + step(b))
        }
        (colour, _) => colour,
    }
}

/// Returns the basic colour for a shade. It works only for shades made by [`shade`].
fn nearest_name(red: u8, green: u8, _blue: u8) -> Color {
    match (u16::from(red), u16::from(green)) {
        (red, green) if green > red => Color::Green,
        (red, green) if red > 2 * green => Color::Red,
        _ => Color::Yellow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_go_from_green_over_yellow_to_red() {
        let names = [0, 30, 60, 75, 85, 100, 150].map(|percent| fit(shade(percent), Colours::Sixteen));
        let expected =
            [Color::Green, Color::Green, Color::Yellow, Color::Yellow, Color::Yellow, Color::Red, Color::Red];
        assert_eq!(names, expected);
        assert_eq!(shade(0), Color::Rgb(67, 160, 71));
        assert_eq!(shade(70), Color::Rgb(230, 180, 34));
        assert_eq!(shade(100), Color::Rgb(215, 58, 49));
    }

    #[test]
    fn a_terminal_gets_what_it_has() {
        let table = [
            (Color::Rgb(0, 95, 255), Colours::Cube, Color::Indexed(16 + 6 + 5)),
            (Color::Rgb(215, 175, 135), Colours::Cube, Color::Indexed(16 + 36 * 4 + 6 * 3 + 2)),
            (Color::Rgb(1, 2, 3), Colours::True, Color::Rgb(1, 2, 3)),
            (Color::Rgb(1, 2, 3), Colours::None, Color::Reset),
            (Color::Cyan, Colours::Sixteen, Color::Cyan),
            (Color::Cyan, Colours::True, Color::Cyan),
            (Color::Cyan, Colours::None, Color::Reset),
        ];
        for (colour, colours, shown) in table {
            assert_eq!(fit(colour, colours), shown, "{colour:?} {colours:?}");
        }
    }
}
