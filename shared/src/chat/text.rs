//! A message's text.

use std::fmt;

use thiserror::Error;

use super::as_text::serde_as_text;
use super::limits::TEXT_MAX_BYTES;
use super::visible::has_visible;

/// Up to 1 MiB of UTF-8 that shows something, without control characters but newline and tab: it
/// cannot move a terminal's cursor or change a colour. Servers take less, by default 16 KiB.
///
/// Only rendering and search look inside.
///
/// ```
/// use shared::chat::Text;
///
/// assert!(Text::parse("hello").is_ok());
/// assert!(Text::parse("\u{200b}\u{3164}").is_err(), "nothing to see");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

impl Text {
    /// Checks a new text. Removes carriage returns before newlines and changes nothing else.
    ///
    /// # Errors
    /// [`InvalidText`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        // An invisible message is a line that nobody can answer, report or delete.
        if !has_visible(text) {
            return Err(InvalidText::Empty);
        }
        Self::from_stored(text)
    }

    /// Reads a text that a server accepted before, perhaps one that shows nothing.
    ///
    /// # Errors
    /// [`InvalidText`] says what is wrong.
    pub fn from_stored(text: &str) -> Result<Self, InvalidText> {
        // Copied only when there is something to unify, because most texts have no carriage return.
        let unified;
        let text = if text.contains('\r') {
            unified = text.replace("\r\n", "\n");
            unified.as_str()
        } else {
            text
        };
        if text.trim().is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > TEXT_MAX_BYTES {
            return Err(InvalidText::TooLong { bytes: text.len() });
        }
        // A terminal obeys control characters: they would move its cursor, change colours or more.
        let harmful = |c: &char| c.is_control() && *c != '\n' && *c != '\t';
        match text.chars().find(harmful) {
            Some(character) => Err(InvalidText::Control(character)),
            None => Ok(Self(text.into())),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Text, Text::parse);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    /// Shows the length only: plaintext never gets into a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// The reason why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// The text shows nothing: it is empty, or all white space and invisible characters.
    #[error("a message needs some text that can be seen")]
    Empty,
    /// The text has more than 1 MiB.
    #[error("a message has at most {TEXT_MAX_BYTES} bytes; this has {bytes}")]
    TooLong {
        /// The length of the text.
        bytes: usize,
    },
    /// The text has a control character that is neither newline nor tab.
    #[error("a message has no control characters but newline and tab, not {}", .0.escape_unicode())]
    Control(char),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn texts_keep_what_they_are() {
            for text in ["hi", " indented\n\tcode", "Grüße 👋🏽", "a\n\nb"] {
                assert_eq!(Text::parse(text).unwrap().as_str(), text);
            }
            assert_eq!(Text::parse("a\r\nb").unwrap().as_str(), "a\nb");
        }

        fn invisible_texts_are_refused() {
            for text in [
                "\u{200b}", "\u{3164}", "\u{ffa0}\u{115f}", "\u{2800}", "\u{ad}\n", "\u{e0061}",
                "\u{fe0f}", "\u{301}\u{302}", "\u{202e} \u{202c}", "\u{feff}",
            ] {
                assert_eq!(Text::parse(text), Err(InvalidText::Empty), "{text:?}");
            }
        }

        fn invisible_texts_of_old_logs_are_still_read() {
            assert_eq!(Text::from_stored("\u{3164}").unwrap().as_str(), "\u{3164}");
            assert!(Text::from_stored("a\u{1b}").is_err());
        }

        fn the_longest_passes_and_one_byte_more_does_not() {
            assert!(Text::parse(&"x".repeat(TEXT_MAX_BYTES)).is_ok());
            let bytes = TEXT_MAX_BYTES + 1;
            assert_eq!(Text::parse(&"x".repeat(bytes)), Err(InvalidText::TooLong { bytes }));
            // Bytes, not characters.
            assert!(Text::parse(&"é".repeat(TEXT_MAX_BYTES / 2 + 1)).is_err());
        }

        fn empty_and_harmful_texts_are_refused() {
            for text in ["", " ", "\n\t \u{a0}"] {
                assert_eq!(Text::parse(text), Err(InvalidText::Empty), "{text:?}");
            }
            for character in ['\u{1b}', '\0', '\u{9b}', '\r', '\u{7f}'] {
                let text = format!("a{character}b");
                assert_eq!(Text::parse(&text), Err(InvalidText::Control(character)));
            }
        }

        // A message may be logged as a whole, so its text must not show.
        fn debug_does_not_show_it() {
            assert_eq!(format!("{:?}", Text::parse("secret").unwrap()), "Text(6 bytes)");
        }
    }
}
