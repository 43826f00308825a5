//! Reactions.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

use super::as_text::serde_as_text;
use super::limits::EMOJI_BYTES;
use super::visible::has_visible;

/// A reaction: at most 40 bytes that show something, do not start with a letter or digit, have no
/// white space and no control character, and are not all ASCII. In practice one emoji; safe to show
/// even if a hostile server sent it.
///
/// Two are equal if they differ in presentation selectors only: `❤` and `❤\u{fe0f}` are one reaction,
/// which some keyboards write the one way and some the other. Each keeps the text it came with.
#[derive(Debug, Clone)]
pub struct Emoji(Box<str>);

/// The characters that ask for a picture or for a black-and-white form (UTS 51 §1.4.3).
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

impl Emoji {
    /// Checks a new reaction.
    ///
    /// # Errors
    /// [`InvalidEmoji`], if the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidEmoji> {
        // U+20E3 on a digit is a keycap, which the digit makes visible.
        if !has_visible(text) {
            return Err(InvalidEmoji);
        }
        Self::from_stored(text)
    }

    /// Reads a reaction that a server accepted before, perhaps one that shows nothing.
    ///
    /// # Errors
    /// [`InvalidEmoji`], if the text is anything else.
    pub fn from_stored(text: &str) -> Result<Self, InvalidEmoji> {
        // The keycaps 0️⃣–9️⃣ are digits that end in U+20E3, so they are no words.
        let wordlike = text.starts_with(char::is_alphanumeric) && !text.ends_with('\u{20e3}');
        let harmful = |c: char| c.is_whitespace() || c.is_control();
        // ASCII alone is punctuation, and an empty text is ASCII too, so both are refused here.
        if wordlike || text.contains(harmful) || text.is_ascii() || text.len() > EMOJI_BYTES {
            return Err(InvalidEmoji);
        }
        Ok(Self(text.into()))
    }

    /// Returns `true` for one character as a person sees it (a grapheme cluster, UAX 29), which
    /// servers insist on. Apart from [`Self::parse`], because its tables are large for a page.
    pub fn is_one(&self) -> bool {
        self.0.graphemes(true).count() == 1
    }

    /// Returns the emoji without presentation selectors: the same text for equal emoji, for stores
    /// that compare texts.
    pub fn shape(&self) -> String {
        self.characters().collect()
    }

    /// Returns the characters of the shape.
    fn characters(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars().filter(|c| !PRESENTATION.contains(c))
    }

    /// Returns the emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Emoji, Emoji::parse);

impl PartialEq for Emoji {
    fn eq(&self, other: &Self) -> bool {
        self.characters().eq(other.characters())
    }
}

impl Eq for Emoji {}

impl PartialOrd for Emoji {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Emoji {
    fn cmp(&self, other: &Self) -> Ordering {
        self.characters().cmp(other.characters())
    }
}

impl Hash for Emoji {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for character in self.characters() {
            character.hash(state);
        }
        // As for texts, so that two in a row are not taken for another two.
        state.write_u8(0xff);
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error: the text is no reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a reaction is one emoji")]
pub struct InvalidEmoji;

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

        fn emoji_that_differ_in_presentation_are_the_same() {
            let emoji = |text| Emoji::parse(text).unwrap();
            for (one, other) in [("❤", "❤\u{fe0f}"), ("☕\u{fe0e}", "☕"), ("1\u{fe0f}\u{20e3}", "1\u{20e3}")] {
                assert_eq!(emoji(one), emoji(other));
                assert_eq!(emoji(one).shape(), emoji(other).shape());
                assert_eq!(emoji(one).cmp(&emoji(other)), Ordering::Equal);
                assert_eq!(std::collections::HashSet::from([emoji(one), emoji(other)]).len(), 1);
                // It is shown as it was written.
                assert_eq!(emoji(other).as_str(), other);
            }
            assert_ne!(emoji("❤"), emoji("💔"));
            assert_ne!(emoji("👍"), emoji("👍🏽"));
        }

        fn words_and_piles_are_none() {
            let piled = format!("👍{}", "\u{301}".repeat(30));
            for text in ["", "a", "é", "7", "👍 ", " ", "\u{1b}", ":", "\u{200b}", "\u{301}", "\u{fe0f}", &piled] {
                assert_eq!(Emoji::parse(text), Err(InvalidEmoji), "{text:?}");
            }
        }
    }
}
