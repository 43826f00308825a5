//! Text from the network as a terminal may see it: nothing in it moves the cursor, changes colours
//! or turns the line around.

use std::fmt::Write;

/// Stands for what is neither text nor a control character with a picture.
const UNPRINTABLE: char = '\u{fffd}';

/// `text` on one line. Control characters become their pictures (`␊`, `␛`), whatever else could
/// work on a terminal becomes `�`.
pub(crate) fn line(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .chars()
        .map(harmless)
        .collect()
}

/// `text` for a person: its line ends are kept, but every line after the first is indented, so
/// that no text can pretend to be the next message.
pub(crate) fn paragraph(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.trim_end_matches(['\r', '\n']).split('\n');
    let mut paragraph = line(lines.next().unwrap_or_default().as_bytes());
    for next in lines {
        // Writing to a string does not fail.
        let _ = write!(paragraph, "\n    {}", line(next.as_bytes()));
    }
    paragraph
}

fn harmless(c: char) -> char {
    match c {
        '\t' => ' ',
        // Unicode has a picture for each of the C0 controls, and one for DEL.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(UNPRINTABLE),
        '\u{7f}' => '\u{2421}',
        // C1 controls, line and paragraph separators, and what overrides the writing direction.
        '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => UNPRINTABLE,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_become_pictures() {
        assert_eq!(line(b"\x1b[2J\x1b]0;title\x07"), "␛[2J␛]0;title␇");
        assert_eq!(line("a\u{9b}2Jb\u{7f}".as_bytes()), "a\u{fffd}2Jb␡");
        assert_eq!(
            line("\u{202e}abc\u{2066}".as_bytes()),
            "\u{fffd}abc\u{fffd}"
        );
        assert_eq!(line(b"one\r\ntwo\tthree"), "one␍␊two three");
    }

    #[test]
    fn text_stays_as_it_is() {
        for text in ["", "plain", "größer 🦀 שלום", "C:\\new"] {
            assert_eq!(line(text.as_bytes()), text);
        }
        assert_eq!(line(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn no_line_of_a_message_can_pass_for_another_message() {
        assert_eq!(
            paragraph(b"anna: one\nbert: two\n"),
            "anna: one\n    bert: two"
        );
        assert_eq!(paragraph(b"one\rtwo"), "one␍two");
    }
}
