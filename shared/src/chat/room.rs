//! Rooms: which there are, the roles in them, and what is asked of a list of them.

mod direct;
mod name;
mod topic;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::direct::DIRECT_PREFIX;
pub use self::direct::DirectId;
pub use self::name::RoomName;
pub(super) use self::name::new_name;
pub use self::topic::Topic;
pub(super) use self::topic::stored_topic;
use super::as_text::serde_as_text;
use super::limits::{ROOM_NAME_CHARACTERS, TOPIC_CHARACTERS};
use super::name::MARKS_PER_LETTER;
use super::normal::{lowercase_each, nfc};

/// A room: one with a name, or the room of two people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoomId {
    /// A room that somebody has created.
    Named(RoomName),
    /// The room of two. Written `@` and 22 characters.
    Direct(DirectId),
}

impl RoomId {
    /// Returns `true` for the room that everybody is in.
    pub fn is_lobby(&self) -> bool {
        matches!(self, Self::Named(name) if name.is_lobby())
    }

    /// Reads a room's name or the id of a room of two, by the rules for new names.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        match text.strip_prefix(DIRECT_PREFIX) {
            Some(id) => DirectId::parse(id).map(Self::Direct),
            None => RoomName::parse(text).map(Self::Named),
        }
    }

    /// Reads the id of a room that may be older than the rules for new names. Ids on the wire are
    /// read so too: they refer to rooms that exist.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn from_stored(text: &str) -> Result<Self, InvalidRoom> {
        match text.strip_prefix(DIRECT_PREFIX) {
            Some(id) => DirectId::parse(id).map(Self::Direct),
            None => RoomName::from_stored(text).map(Self::Named),
        }
    }
}

// Ids on the wire refer to rooms that exist, perhaps from before the rules for new names, so the
// looser rules read them.
serde_as_text!(RoomId, RoomId::from_stored);

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
        // Folded as room names are, because the filter is compared with those.
        let lower = nfc(&lowercase_each(&nfc(&text)));
        Self(lower.chars().take(ROOM_NAME_CHARACTERS).collect())
    }
}

/// The reason why a text names no room, or is no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRoom {
    /// The name is empty.
    Empty,
    /// The name has more than 64 characters.
    TooLong,
    /// The name has this character, which is not allowed.
    Character(char),
    /// The name starts or ends with punctuation.
    Ends,
    /// Too many combining marks pile up in the name.
    Marks,
    /// The name mixes letters of scripts that look alike.
    MixedScripts,
    /// The name can be confused with the lobby's.
    Reserved,
    /// The text starts with `@` and is not the id of a room of two.
    Direct,
    /// The topic has more than 250 characters.
    TopicTooLong,
    /// The topic has this character, which cannot be seen, or too many marks on one letter.
    TopicCharacter(char),
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
            Self::Marks => write!(
                f,
                "a room's name has at most {MARKS_PER_LETTER} accents on a letter"
            ),
            Self::MixedScripts => f.write_str("a room's name does not mix scripts that look alike"),
            Self::Reserved => f.write_str("this name looks like the lobby's; choose another"),
            Self::TopicCharacter(character) => write!(
                f,
                "a topic is one line without invisible characters, not with {}",
                character.escape_unicode()
            ),
            Self::Direct => f.write_str("this is no room of two"),
            Self::TopicTooLong => {
                write!(f, "a topic has at most {TOPIC_CHARACTERS} characters")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::UserId;
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

        // Names stand in lists, logs and terminals, so none may move, hide or end a line there.
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

        fn rooms_that_look_like_others_share_a_skeleton() {
            let skeleton = |text| RoomName::from_stored(text).unwrap().skeleton();
            for (one, other) in [
                ("lobby", "lоbby"), ("general", "generаl"), ("lobby", "1obby"), ("cap", "сар"),
                ("general", "GENERAL"), ("modern", "rnodern"),
            ] {
                assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
            }
            assert_ne!(skeleton("general"), skeleton("random"));
        }

        fn topics_that_hide_something_are_refused_and_old_ones_cleaned() {
            for text in ["a\u{202e}b", "a\u{200b}b", "a\u{3164}b", "a\u{2028}b", "a\u{7}b", "a\u{e0041}b"] {
                assert!(matches!(Topic::parse(text), Err(InvalidRoom::TopicCharacter(_))), "{text:?}");
                assert_eq!(Topic::from_stored(text).as_str(), "ab", "{text:?}");
            }
            assert!(Topic::parse(&format!("a{}", "\u{301}".repeat(20))).is_err());
            assert_eq!(Topic::from_stored(&"x".repeat(300)).as_str().len(), 250);
        }

        // A stricter rule must not make a room unreachable that exists.
        fn rooms_of_old_databases_are_still_read() {
            for text in ["lоbby", "\u{3164}", "a-тест"] {
                assert_eq!(RoomId::from_stored(text).unwrap().to_string(), text);
                let json = serde_json::to_string(text).unwrap();
                assert!(serde_json::from_str::<RoomId>(&json).is_ok());
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
            assert_eq!(Topic::parse("a\nb"), Err(InvalidRoom::TopicCharacter('\n')));
            assert_eq!(Topic::parse(&"x".repeat(251)), Err(InvalidRoom::TopicTooLong));
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use crate::chat::visible::is_ignorable;
        use proptest::prelude::*;

        use super::*;

        #[test]
        // Native only, because the page has no tables of scripts and confusables.
        fn names_that_pass_for_others_are_refused() {
            for (text, expected) in [
                ("lоbby", InvalidRoom::MixedScripts),
                ("generаl", InvalidRoom::MixedScripts),
                ("1obby", InvalidRoom::Reserved),
                ("\u{3164}", InvalidRoom::Character('\u{3164}')),
                ("a\u{ffa0}b", InvalidRoom::Character('\u{ffa0}')),
                ("a\u{323}\u{331}\u{301}\u{302}", InvalidRoom::Marks),
            ] {
                assert_eq!(RoomName::parse(text), Err(expected), "{text:?}");
                let create = format!(r#"{{"type":"create","room":"{text}"}}"#);
                assert!(
                    crate::chat::ClientMessage::parse(&create).is_err(),
                    "{text:?}"
                );
            }
        }

        proptest! {
            #[test]
            fn any_stored_topic_becomes_one_that_passes(text in any::<String>()) {
                let topic = Topic::from_stored(&text);
                prop_assert_eq!(Topic::parse(topic.as_str()), Ok(topic.clone()));
            }

            #[test]
            fn a_new_rooms_name_hides_nothing(text in "[\\p{L}\\p{M}\\p{N}\\p{Cf}\\p{So}._-]{1,12}") {
                if let Ok(name) = RoomName::parse(&text) {
                    prop_assert!(!name.as_str().contains(is_ignorable));
                    prop_assert_eq!(RoomName::from_stored(name.as_str()), Ok(name));
                }
            }
        }
    }
}
