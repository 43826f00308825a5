//! A message's text.

use std::fmt;

use super::limits::TEXT_MAX_BYTES;
use super::serde_as_text;

/// Up to 1 MiB of UTF-8 that is not all white space, without control characters but newline and
/// tab: whatever shows it cannot be made to move a cursor or change a colour. Servers take less,
/// by default 16 KiB.
///
/// Nothing but rendering and search looks inside.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

impl Text {
    /// Checks `text`. Carriage returns before newlines are taken off; nothing else is changed.
    ///
    /// # Errors
    /// [`InvalidText`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
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
        let harmful = |c: &char| c.is_control() && *c != '\n' && *c != '\t';
        match text.chars().find(harmful) {
            Some(character) => Err(InvalidText::Control(character)),
            None => Ok(Self(text.into())),
        }
    }

    /// The text.
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
    /// A text belongs into a log only where somebody asked for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// Why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidText {
    /// Nothing but white space.
    Empty,
    /// More than 1 MiB.
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// A control character that is neither newline nor tab.
    Control(char),
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a message needs some text"),
            Self::TooLong { bytes } => {
                write!(
                    f,
                    "a message has at most {TEXT_MAX_BYTES} bytes; this has {bytes}"
                )
            }
            Self::Control(character) => write!(
                f,
                "a message has no control characters but newline and tab, not {}",
                character.escape_unicode()
            ),
        }
    }
}

impl std::error::Error for InvalidText {}

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

        fn debug_does_not_show_it() {
            assert_eq!(format!("{:?}", Text::parse("secret").unwrap()), "Text(6 bytes)");
        }
    }
}
