//! Reactions.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::limits::EMOJI_BYTES;
use super::serde_as_text;

/// At most 40 bytes that do not start with a letter or digit and have no white space, no control
/// character and not only ASCII: in practice one emoji. Safe to show, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Emoji(Box<str>);

impl Emoji {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`InvalidEmoji`], if it is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidEmoji> {
        // The keycaps 0️⃣–9️⃣ are digits that end in U+20E3.
        let wordlike = text.starts_with(char::is_alphanumeric) && !text.ends_with('\u{20e3}');
        let harmful = |c: char| c.is_whitespace() || c.is_control();
        // ASCII alone is punctuation, and nothing is ASCII too.
        if wordlike || text.contains(harmful) || text.is_ascii() || text.len() > EMOJI_BYTES {
            return Err(InvalidEmoji);
        }
        Ok(Self(text.into()))
    }

    /// Whether it is one character as a person sees it (a grapheme cluster, UAX 29): what a server
    /// insists on. Apart from [`Self::parse`], because its tables are large for a page.
    pub fn is_one(&self) -> bool {
        self.0.graphemes(true).count() == 1
    }

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Emoji, Emoji::parse);

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is no reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidEmoji;

impl fmt::Display for InvalidEmoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reaction is one emoji")
    }
}

impl std::error::Error for InvalidEmoji {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn emoji_of_many_code_points_are_one() {
            for text in ["👍", "👍🏽", "❤️", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇪🇺", "1️⃣", "✓"] {
                let emoji = Emoji::parse(text).unwrap();
                assert_eq!((emoji.as_str(), emoji.is_one()), (text, true));
            }
            assert!(!Emoji::parse("👍👍").unwrap().is_one());
        }

        fn words_and_piles_are_none() {
            let piled = format!("👍{}", "\u{301}".repeat(30));
            for text in ["", "a", "é", "7", "👍 ", " ", "\u{1b}", ":", &piled] {
                assert_eq!(Emoji::parse(text), Err(InvalidEmoji), "{text:?}");
            }
        }
    }
}
