//! Rooms: their names, their topics, and the rooms of two.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::id::UserId;
use super::limits::{ROOM_NAME_CHARACTERS, TOPIC_CHARACTERS};
use super::serde_as_text;

/// What a room of two starts with; no room's name can.
const DIRECT_PREFIX: char = '@';

/// Bytes of the hash that names a room of two.
const DIRECT_BYTES: usize = 16;

/// A room: one with a name, or the one of two people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoomId {
    /// A room that somebody has created.
    Named(RoomName),
    /// The room of two. Written `@` and 22 characters.
    Direct(DirectId),
}

impl RoomId {
    /// Reads a room's name or the id of a room of two.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        match text.strip_prefix(DIRECT_PREFIX) {
            Some(id) => DirectId::parse(id).map(Self::Direct),
            None => RoomName::parse(text).map(Self::Named),
        }
    }
}

serde_as_text!(RoomId, RoomId::parse);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => fmt::Display::fmt(name, f),
            Self::Direct(id) => fmt::Display::fmt(id, f),
        }
    }
}

impl From<RoomName> for RoomId {
    fn from(name: RoomName) -> Self {
        Self::Named(name)
    }
}

/// The name of a room: 1 to 64 lower-case letters and digits of any script, and `-`, `_` and `.`
/// between them, in NFC.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Box<str>);

impl RoomName {
    /// Checks `text`. Upper-case letters become lower-case: `General` and `general` are one room.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        let name: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
        if name.is_empty() {
            return Err(InvalidRoom::Empty);
        }
        if name.chars().count() > ROOM_NAME_CHARACTERS {
            return Err(InvalidRoom::TooLong);
        }
        let mark = unicode_normalization::char::is_combining_mark;
        let allowed = |c: char| c.is_alphanumeric() || mark(c) || "-_.".contains(c);
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(InvalidRoom::Character(character));
        }
        let ends = [name.chars().next(), name.chars().next_back()];
        if ends[0].is_none_or(|c| !c.is_alphanumeric())
            || ends[1].is_none_or(|c| !c.is_alphanumeric() && !mark(c))
        {
            return Err(InvalidRoom::Ends);
        }
        Ok(Self(name.into()))
    }

    /// The room that everybody is in, and the only one of plain-text clients.
    pub fn lobby() -> Self {
        Self("lobby".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(RoomName, RoomName::parse);

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of the room of two people, which both can compute and which says nothing about them:
/// the first 16 bytes of SHA-256 over both ids in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirectId([u8; DIRECT_BYTES]);

impl DirectId {
    /// The room of these two; `None` if they are the same person.
    pub fn of(one: UserId, other: UserId) -> Option<Self> {
        if one == other {
            return None;
        }
        let hash = Sha256::new()
            .chain_update(b"SC chat direct\0")
            .chain_update(one.min(other).0.as_bytes())
            .chain_update(one.max(other).0.as_bytes())
            .finalize();
        hash.first_chunk().copied().map(Self)
    }

    fn parse(text: &str) -> Result<Self, InvalidRoom> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(InvalidRoom::Direct)
    }
}

impl fmt::Display for DirectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{DIRECT_PREFIX}{}",
            BASE64_URL_SAFE_NO_PAD.encode(self.0)
        )
    }
}

/// What a room is about: one line of at most 250 characters; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic(Box<str>);

impl Topic {
    /// Checks `text`; white space around it is taken off.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        let topic = text.trim();
        if topic.chars().count() > TOPIC_CHARACTERS {
            return Err(InvalidRoom::TopicTooLong);
        }
        match topic.chars().find(|c| c.is_control()) {
            Some(character) => Err(InvalidRoom::Character(character)),
            None => Ok(Self(topic.into())),
        }
    }

    /// The topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Topic, Topic::parse);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member's rights in a room, in rising order.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and writes.
    #[default]
    Member,
    /// Also removes members, deletes messages and changes the topic.
    Moderator,
    /// Also gives roles, renames and closes the room. A room has at most one owner.
    Owner,
}

impl Role {
    /// Returns `true` for a member without further rights.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub fn is_member(&self) -> bool {
        *self == Self::Member
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        })
    }
}

/// A position in the list of rooms: first the rooms that the person is in, then the public ones,
/// both by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomsCursor {
    /// The position is among the public rooms that the person is not in.
    #[serde(default)]
    pub others: bool,
    /// The last room before the position.
    pub room: RoomId,
}

/// A part of a room's name to look for: lower-case, cut to as many characters as a name has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct RoomFilter(String);

impl RoomFilter {
    /// Returns `true` if the room's name contains the filter's text.
    pub fn matches(&self, room: &RoomName) -> bool {
        room.as_str().contains(&self.0)
    }
}

impl From<String> for RoomFilter {
    fn from(text: String) -> Self {
        let lower = text.nfc().flat_map(char::to_lowercase).nfc();
        Self(lower.take(ROOM_NAME_CHARACTERS).collect())
    }
}

/// Why a text names no room, or is no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRoom {
    /// Nothing there.
    Empty,
    /// More than 64 characters.
    TooLong,
    /// This character is not allowed.
    Character(char),
    /// It starts or ends with punctuation.
    Ends,
    /// It starts with `@` and is not the id of a room of two.
    Direct,
    /// More than 250 characters.
    TopicTooLong,
}

impl fmt::Display for InvalidRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a room needs a name"),
            Self::TooLong => {
                write!(
                    f,
                    "a room's name has at most {ROOM_NAME_CHARACTERS} characters"
                )
            }
            Self::Character(' ') => f.write_str("a room's name has no spaces; try a hyphen"),
            Self::Character(character) => write!(
                f,
                "a room's name has letters, digits and - _ . only, not {}",
                character.escape_default()
            ),
            Self::Ends => f.write_str("a room's name starts and ends with a letter or digit"),
            Self::Direct => f.write_str("this is no room of two"),
            Self::TopicTooLong => {
                write!(f, "a topic has at most {TOPIC_CHARACTERS} characters")
            }
        }
    }
}

impl std::error::Error for InvalidRoom {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Fingerprint;
    use crate::testing::portable_test;

    fn user(seed: u8) -> UserId {
        UserId(Fingerprint::of_spki(&[seed]))
    }

    portable_test! {
        fn names_have_one_form() {
            for (text, expected) in [
                ("general", "general"),
                ("General", "general"),
                ("Jo\u{308}rgs-Raum", "jörgs-raum"),
                ("v2.0_beta", "v2.0_beta"),
                ("чат", "чат"),
                ("7", "7"),
            ] {
                assert_eq!(RoomId::parse(text).unwrap().to_string(), expected);
            }
        }

        fn hostile_names_are_refused() {
            for (text, expected) in [
                ("", InvalidRoom::Empty),
                (&*"x".repeat(65), InvalidRoom::TooLong),
                ("a b", InvalidRoom::Character(' ')),
                ("a/b", InvalidRoom::Character('/')),
                ("a\u{202e}b", InvalidRoom::Character('\u{202e}')),
                ("a\nb", InvalidRoom::Character('\n')),
                ("-a", InvalidRoom::Ends),
                ("a.", InvalidRoom::Ends),
                ("..", InvalidRoom::Ends),
                ("@", InvalidRoom::Direct),
                ("@general", InvalidRoom::Direct),
            ] {
                assert_eq!(RoomId::parse(text), Err(expected), "{text:?}");
            }
        }

        fn the_room_of_two_is_the_same_for_both_and_nobody_else() {
            let room = DirectId::of(user(1), user(2)).unwrap();
            assert_eq!(DirectId::of(user(2), user(1)), Some(room));
            assert_ne!(DirectId::of(user(1), user(3)), Some(room));
            assert_eq!(DirectId::of(user(1), user(1)), None);
            let text = room.to_string();
            assert_eq!(text.len(), 23);
            assert_eq!(RoomId::parse(&text), Ok(RoomId::Direct(room)));
        }

        fn a_topic_is_one_line() {
            assert_eq!(Topic::parse("  all about it ").unwrap().as_str(), "all about it");
            assert_eq!(Topic::parse("").unwrap(), Topic::default());
            assert_eq!(Topic::parse("a\nb"), Err(InvalidRoom::Character('\n')));
            assert_eq!(Topic::parse(&"x".repeat(251)), Err(InvalidRoom::TopicTooLong));
        }
    }
}
