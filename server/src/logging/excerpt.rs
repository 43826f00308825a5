//! The form of strangers' text in the log.

use std::fmt::{self, Write};

/// The most characters of a log field that holds a stranger's text: enough to recognize a name or
/// an address, so that a header of 16 KiB does not become a line of 16 KiB.
pub const EXCERPT_CHARS: usize = 100;

/// The first [`EXCERPT_CHARS`] characters of a value, escaped, with `…` if there are more.
///
/// All text that a stranger chose goes through this on its way to the log: header fields, names,
/// and errors that quote the peer.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt<T>(pub T);

impl<T: fmt::Display> fmt::Display for Excerpt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cut = Cut {
            out: f,
            left: EXCERPT_CHARS,
            is_over: false,
        };
        match write!(cut, "{}", self.0) {
            // This error is the way to stop the value's formatting.
            Err(fmt::Error) if cut.is_over => f.write_char('…'),
            result => result,
        }
    }
}

/// An [`Excerpt`] in quotes, so that a reader sees where the stranger's text ends.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<T>(pub T);

impl<T: fmt::Display> fmt::Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Excerpt(&self.0))
    }
}

/// A writer that passes on a limited number of characters.
struct Cut<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    left: usize,
    is_over: bool,
}

impl Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            // Escapes count by their length: a control character becomes six to ten characters.
            let escaped = if needs_escape(c) {
                c.escape_debug().len()
            } else {
                1
            };
            if escaped > self.left {
                self.is_over = true;
                return Err(fmt::Error);
            }
            self.left -= escaped;
            if needs_escape(c) {
                write!(self.out, "{}", c.escape_debug())?;
            } else {
                self.out.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Returns whether a character could end a line, steer a terminal, or reorder the text around it.
/// Quotes are not escaped: fields are not parsed again.
fn needs_escape(c: char) -> bool {
    c != '\'' && c != '"' && c.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_its_first_characters() {
        let short = "x".repeat(EXCERPT_CHARS);
        assert_eq!(Excerpt(&short).to_string(), short);
        let long = "ü".repeat(4096);
        let shown = Excerpt(&long).to_string();
        assert_eq!(shown.chars().count(), EXCERPT_CHARS + 1);
        assert!(shown.ends_with('…'));
    }

    #[test]
    fn a_text_cannot_end_a_line_or_steer_a_terminal() {
        let shown = Excerpt("a\nb\u{1b}[2J\u{202e}c").to_string();
        assert_eq!(shown, "a\\nb\\u{1b}[2J\\u{202e}c");
        let shown = Excerpt("\u{1b}".repeat(4096)).to_string();
        assert!(shown.chars().count() <= EXCERPT_CHARS + 1, "{shown}");
    }
}
