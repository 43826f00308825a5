//! A frame as it crossed the wire, in the form in which people look at it.
//!
//! Pure. It must not know how frames are made: bytes that are no text are shown as hexadecimal
//! digits.

use std::fmt::Write;

use shared::connection::{Direction, FrameKind};

/// The most characters of a frame that are kept: room for the largest frame of a handshake in
/// hexadecimal.
pub const FRAME_SHOWN_CHARS: usize = 4096;

/// The number of bytes in a group of hexadecimal digits.
const HEX_GROUP_BYTES: usize = 4;

/// A frame as it crossed the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The direction of the frame: sent or received.
    pub direction: Direction,
    /// The kind of the frame.
    pub kind: FrameKind,
    /// The size of the frame, with its framing.
    pub bytes: usize,
    /// The time, in microseconds on the page's clock.
    pub at: u64,
    /// The frame's text, or its bytes in hexadecimal; at most [`FRAME_SHOWN_CHARS`].
    pub text: String,
    /// The frame is longer than `text`.
    pub cut: bool,
}

impl Frame {
    /// Keeps the part of a frame that the handshake report shows. A frame can have 1 MiB, and the
    /// state is copied with every action.
    pub fn new(direction: Direction, kind: FrameKind, bytes: &[u8], at: u64) -> Self {
        // A sealed record can happen to be UTF-8; its control characters still tell it from text.
        let (text, cut) = match std::str::from_utf8(bytes) {
            Ok(text) if is_readable(text) => readable(text),
            _ => hexadecimal(bytes),
        };
        Self {
            direction,
            kind,
            bytes: bytes.len(),
            at,
            text,
            cut,
        }
    }
}

fn is_readable(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control())
}

fn readable(text: &str) -> (String, bool) {
    let text = text.trim_end_matches('\n');
    let mut chars = text.chars();
    let shown = chars.by_ref().take(FRAME_SHOWN_CHARS).collect();
    (shown, chars.next().is_some())
}

fn hexadecimal(bytes: &[u8]) -> (String, bool) {
    let group_chars = 2 * HEX_GROUP_BYTES + 1;
    let mut groups = bytes.chunks(HEX_GROUP_BYTES);
    let mut text = String::new();
    // Whole groups only, so that the cut leaves no half of a byte.
    for group in groups.by_ref().take(FRAME_SHOWN_CHARS / group_chars) {
        if !text.is_empty() {
            text.push(' ');
        }
        for byte in group {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    (text, groups.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: &[u8]) -> Frame {
        Frame::new(Direction::Received, FrameKind::Message, bytes, 0)
    }

    #[test]
    fn text_stays_text_and_the_rest_is_hexadecimal() {
        let text = frame(b"{\"a\":1}\n\n");
        assert_eq!((text.text.as_str(), text.bytes), ("{\"a\":1}", 9));
        let sealed = frame(&[0, 0, 0, 3, 3, 0xab, 0xcd, 0xef]);
        assert_eq!(sealed.text, "00000003 03abcdef");
        assert_eq!(frame(b"ab\0").text, "616200", "a zero is no text");
    }

    #[test]
    fn a_huge_frame_is_not_kept_whole() {
        // The state is copied with every action.
        for byte in [b'x', 0xff] {
            let frame = frame(&vec![byte; 100_000]);
            assert_eq!(frame.bytes, 100_000);
            assert!(frame.cut);
            assert!(frame.text.len() <= FRAME_SHOWN_CHARS);
        }
        assert!(!frame(b"short").cut);
        assert!(!frame(&[0xff; 1253]).cut, "a hello is shown whole");
    }
}
