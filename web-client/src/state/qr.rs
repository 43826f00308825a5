//! A QR code (ISO/IEC 18004) as the path of an SVG: one unit a module.
//!
//! Pure; it must not know what the text means.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// The modules of white around the code; the standard asks for four.
const QUIET: usize = 4;

/// A QR code that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The width and height with the quiet zone, in modules.
    pub size: usize,
    /// The dark modules, as the `d` of a path to be filled.
    pub path: String,
}

/// Returns the code of `text`; `None` if it is longer than a code can hold.
pub fn draw(text: &str) -> Option<Drawing> {
    // Level M restores 15 per cent: enough for codes on screens, which are not printed and folded.
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        // One rectangle for neighbours of one colour: fewer and shorter commands in the path.
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                // Writing to a string cannot fail.
                let _ = write!(
                    path,
                    "M{} {}h{}v1h-{}z",
                    // Without the white margin cameras do not find the code.
                    x + QUIET,
                    y + QUIET,
                    run.len(),
                    run.len()
                );
            }
            x += run.len();
        }
    }
    Some(Drawing {
        size: width + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finder_patterns_within_a_quiet_zone() {
        let drawing =
            draw("https://chat.example/#pin=SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0")
                .unwrap();
        // A code of version n has 17 + 4n modules a side.
        assert_eq!((drawing.size - 2 * QUIET - 17) % 4, 0);
        let last = drawing.size - QUIET - 7;
        for (x, y) in [(QUIET, QUIET), (last, QUIET), (QUIET, last)] {
            let top = format!("M{x} {y}h7v1h-7z");
            assert!(drawing.path.contains(&top), "no finder pattern at {x} {y}");
        }
        assert!(!drawing.path.contains(&format!("M{} ", QUIET - 1)));
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}
