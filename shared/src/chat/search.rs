//! What is looked for in what was said.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::Seq;
use super::limits::QUERY_CHARACTERS;
use super::room::RoomId;
use super::serde_as_text;

/// Words that a message must have, all of them, the last one at least as a beginning: at most 200
/// characters, at least one of them a letter or digit.
///
/// Every character that is neither separates words; there is no syntax, and so no wrong one.
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
        } else if !text.contains(char::is_alphanumeric) {
            Err(InvalidQuery::Empty)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words: letters and digits only.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let parts = self.0.split(|c: char| !c.is_alphanumeric());
        parts.filter(|word| !word.is_empty())
    }
}

serde_as_text!(Query, Query::parse);

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which entry of all rooms: what was found last, to go on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where.
    pub room: RoomId,
    /// Its number there.
    pub seq: Seq,
}

/// Why nothing can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidQuery {
    /// No letter and no digit.
    Empty,
    /// Too many characters.
    TooLong,
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a search has at least one letter or digit"),
            Self::TooLong => write!(f, "a search has at most {QUERY_CHARACTERS} characters"),
        }
    }
}

impl std::error::Error for InvalidQuery {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_query_is_its_words_whatever_stands_between_them() {
            let query = Query::parse(r#" "blue* OR NEAR(größe, 7)-^:x "#).unwrap();
            let words: Vec<_> = query.words().collect();
            assert_eq!(words, ["blue", "OR", "NEAR", "größe", "7", "x"]);
        }

        fn what_has_no_word_or_too_many_is_no_query() {
            assert_eq!(Query::parse("\"*- "), Err(InvalidQuery::Empty));
            assert_eq!(Query::parse(""), Err(InvalidQuery::Empty));
            assert!(Query::parse(&"ä".repeat(QUERY_CHARACTERS)).is_ok());
            let long = "ä".repeat(QUERY_CHARACTERS + 1);
            assert_eq!(Query::parse(&long), Err(InvalidQuery::TooLong));
        }
    }
}
