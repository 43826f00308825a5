//! Searches: queries, the texts that match them, and positions in a search.
//!
//! Text and query go through one [normalization](fold()) and one rule of what a word is, on the server
//! and in clients, so that none of them finds what another does not.
//!
//! ```
//! use shared::chat::Query;
//!
//! let query = Query::parse("cafe C++").unwrap();
//! let pattern = query.pattern();
//! assert!(pattern.matches("In the café they talked about C++."));
//! assert!(!pattern.matches("cafe, C"));
//! ```

mod class;
mod fold;
mod hangul;
mod letters;
mod pattern;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::as_text::serde_as_text;
use super::entry::Seq;
use super::limits::QUERY_CHARACTERS;
use super::room::RoomId;
use super::timestamp::Timestamp;

use class::Class;
pub use fold::fold;
pub use pattern::{Pattern, Token, tokens};

/// Words that a message must have, all of them, the last one at least as a beginning: at most 200
/// characters, at least one of them a letter, a digit or a symbol.
///
/// There is no syntax, and so no wrong one. See [`Pattern`] for what matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Box<str>);

impl Query {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`InvalidQuery`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidQuery> {
        if text.chars().count() > QUERY_CHARACTERS {
            Err(InvalidQuery::TooLong)
        } else if Pattern::new(text).is_empty() {
            Err(InvalidQuery::Empty)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// Returns the query as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compiles the query, to match many texts.
    pub fn pattern(&self) -> Pattern {
        Pattern::new(&self.0)
    }
}

serde_as_text!(Query, Query::parse);

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A position in a search over several rooms. The search goes on behind it, towards older messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The room of the entry at which the search stopped.
    pub room: RoomId,
    /// The number of that entry.
    pub seq: Seq,
    /// The time of that entry, by which the search goes on if the entry is gone or its room has
    /// another name by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Returns `true` for letters, digits and marks of scripts with spaces between words. They continue
/// the word of their neighbour.
pub fn is_word(character: char) -> bool {
    class::class(character) == Class::Word
}

/// Returns `true` for letters of scripts that are written without spaces between words, and of
/// Korean.
pub fn is_unspaced(character: char) -> bool {
    class::class(character) == Class::Unspaced
}

/// Returns the version of [`fold()`], of [`tokens`] and of the tables of Unicode behind them. An index
/// that was made by another version has other tokens, and must be made anew.
pub fn rule() -> String {
    // The first number is that of the functions: it rises with a change of what they return.
    let (major, minor, micro) = char::UNICODE_VERSION;
    let of_normalization = unicode_normalization::UNICODE_VERSION;
    format!("2 {major}.{minor}.{micro} {of_normalization:?}")
}

/// Why a text is no query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidQuery {
    /// The text has no letter, digit or symbol.
    #[error("a search has at least one letter, digit or symbol")]
    Empty,
    /// The text has too many characters.
    #[error("a search has at most {QUERY_CHARACTERS} characters")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_query_without_words_and_symbols_or_with_too_many_characters_is_refused() {
            assert_eq!(Query::parse("\"*- "), Err(InvalidQuery::Empty));
            assert_eq!(Query::parse(""), Err(InvalidQuery::Empty));
            assert_eq!(Query::parse("\u{200b}\u{301}"), Err(InvalidQuery::Empty));
            assert!(Query::parse("👍").is_ok());
            assert!(Query::parse(&"ä".repeat(QUERY_CHARACTERS)).is_ok());
            let long = "ä".repeat(QUERY_CHARACTERS + 1);
            assert_eq!(Query::parse(&long), Err(InvalidQuery::TooLong));
        }
    }
}
