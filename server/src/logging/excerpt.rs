//! Text of strangers as the log shows it.

use std::fmt::{self, Write};

/// Most characters of one field of the log that holds a stranger's text: enough to recognize a name
/// or an address, so that a header of 16 KiB does not become a line of 16 KiB.
pub const EXCERPT_CHARS: usize = 100;

/// The first [`EXCERPT_CHARS`] characters of a value, escaped, with `…` if there are more.
///
/// Everything that a stranger chose goes through this on its way to the log: header fields, names,
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
            // This error is how the value is told to stop.
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

/// Passes characters on until there were enough.
struct Cut<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    left: usize,
    is_over: bool,
}

impl Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            // Escapes count by what they become: a control character has six to ten characters.
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

/// Returns whether a character could end a line, steer a terminal, reorder what stands around it,
/// or end the quotes around a field. Quotes of either kind are left: fields are not parsed again.
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
