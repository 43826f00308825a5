//! Entries: a room is a log of them, with rising numbers.
//!
//! Numbers have gaps: a server sets numbers aside for entries that it does not store and may not use
//! them all before it ends, and retention removes entries.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::as_text::serde_as_text;
use super::emoji::Emoji;
use super::id::{MessageId, UserId};
use super::name::{GUEST_PREFIX, Name};
use super::text::Text;
use super::timestamp::Timestamp;
use super::visible::is_ignorable;

/// An entry's number in its room. The first is at least 1; 0 stands for the time before it.
pub type Seq = u64;

/// One entry of a room's log. It never changes once it has its number, except that a deleted message
/// loses its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The entry's number in the room.
    pub seq: Seq,
    /// The entry's id, made by its writer.
    pub id: MessageId,
    /// The entry's writer.
    pub from: Author,
    /// The time when the server accepted it.
    pub at: Timestamp,
    /// The entry's effect.
    #[serde(flatten)]
    pub event: Event,
}

/// The writer of an entry, under the name of that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The writer's key.
    pub id: UserId,
    /// The writer's name when the entry was written.
    pub name: DisplayName,
}

/// An entry's effect on its room.
///
/// Edits, deletions and reactions come after their target, so a client that has all entries from
/// some number on knows the present form of the messages after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A new message.
    Message {
        /// The message's text; `None` if it was deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[serde(deserialize_with = "stored_text")]
        text: Option<Text>,
        /// The message that this answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// The writer has changed a message's text.
    Edited {
        /// The changed message.
        of: Seq,
        /// The new text; `None` if the message was deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[serde(deserialize_with = "stored_text")]
        text: Option<Text>,
    },
    /// The writer, a moderator or an operator has deleted a message.
    Deleted {
        /// The deleted message.
        of: Seq,
    },
    /// A reaction was added or taken back.
    Reacted {
        /// The message reacted to.
        of: Seq,
        /// The emoji of the reaction.
        #[serde(deserialize_with = "stored_emoji")]
        emoji: Emoji,
        /// `true` if the reaction is there from now on.
        on: bool,
    },
}

impl Event {
    /// Returns the text of a message or an edit, unless it was deleted.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Message { text, .. } | Self::Edited { text, .. } => text.as_ref(),
            Self::Deleted { .. } | Self::Reacted { .. } => None,
        }
    }
}

// A client reads logs older than the rule for new texts: one invisible text must not make the whole
// page unreadable.
fn stored_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    let text = text.map(|text| Text::from_stored(&text));
    text.transpose().map_err(D::Error::custom)
}

fn stored_emoji<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Emoji, D::Error> {
    let emoji = <Cow<'de, str>>::deserialize(deserializer)?;
    Emoji::from_stored(&emoji).map_err(D::Error::custom)
}

/// A shown name: a claimed one, or `guest-` and hexadecimal digits of the fingerprint. Names are
/// checked where they are claimed; clients show any that cannot harm the screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(Box<str>);

impl DisplayName {
    /// Hexadecimal digits in a guest's name, 4 bits each. With 64 bits, a key whose name equals a
    /// given one costs 2^64 key generations; with the former 32 it cost hours.
    pub const GUEST_DIGITS: usize = 16;

    /// Most digits that fit a name.
    pub const GUEST_DIGITS_MAX: usize = super::name::MAX_CHARACTERS - GUEST_PREFIX.len();

    /// Returns the name of somebody who has claimed none.
    pub fn guest(id: UserId) -> Self {
        Self::guest_with(id, Self::GUEST_DIGITS)
    }

    /// Returns a guest's name with as many digits as fit, for when another guest has the same first
    /// [`Self::GUEST_DIGITS`].
    pub fn long_guest(id: UserId) -> Self {
        Self::guest_with(id, Self::GUEST_DIGITS_MAX)
    }

    fn guest_with(id: UserId, digits: usize) -> Self {
        let nibbles =
            id.0.as_bytes()
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15]);
        let hex = nibbles
            .take(digits)
            .filter_map(|nibble| char::from_digit(nibble.into(), 16));
        Self(GUEST_PREFIX.chars().chain(hex).collect::<String>().into())
    }

    /// Checks what a screen needs: length, no white space, no control and no invisible character.
    ///
    /// # Errors
    /// [`NotShowable`], if the text could harm a screen or pass for another name.
    pub fn parse(text: &str) -> Result<Self, NotShowable> {
        let characters = text.chars().count();
        // A name stands beside every line, so nothing in it may move, hide or double the text
        // around it.
        let harmful = |c: char| c.is_control() || c.is_whitespace() || is_ignorable(c);
        if (1..=super::name::MAX_CHARACTERS).contains(&characters) && !text.contains(harmful) {
            Ok(Self(text.into()))
        } else {
            Err(NotShowable)
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Checked on the way in, because a client does not trust a server with its person's screen.
serde_as_text!(DisplayName, DisplayName::parse);

impl From<&Name> for DisplayName {
    fn from(name: &Name) -> Self {
        Self(name.as_str().into())
    }
}

impl std::fmt::Display for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error: the text cannot be shown as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this cannot be shown as a name")]
pub struct NotShowable;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Fingerprint;
    use crate::testing::portable_test;

    fn entry(event: Event) -> Entry {
        let id = UserId(Fingerprint::of_spki(b"key"));
        Entry {
            seq: 7,
            id: MessageId::from_random([1; 16]),
            from: Author {
                id,
                name: DisplayName::guest(id),
            },
            at: Timestamp::from_unix_millis(0).unwrap(),
            event,
        }
    }

    portable_test! {
        fn entries_are_flat_json_and_round_trip() {
            let text = |text| Some(Text::parse(text).unwrap());
            for (event, expected) in [
                (Event::Message { text: text("hi"), reply_to: None },
                 r#""type":"message","text":"hi"}"#),
                (Event::Message { text: text("hi"), reply_to: Some(3) },
                 r#""type":"message","text":"hi","reply_to":3}"#),
                (Event::Message { text: None, reply_to: None }, r#""type":"message"}"#),
                (Event::Edited { of: 1, text: text("ho") },
                 r#""type":"edited","of":1,"text":"ho"}"#),
                (Event::Deleted { of: 1 }, r#""type":"deleted","of":1}"#),
                (Event::Reacted { of: 1, emoji: Emoji::parse("👍").unwrap(), on: true },
                 r#""type":"reacted","of":1,"emoji":"👍","on":true}"#),
            ] {
                let entry = entry(event);
                let json = serde_json::to_string(&entry).unwrap();
                assert!(json.ends_with(expected), "{json}");
                assert!(json.contains(r#""at":"1970-01-01T00:00:00.000Z""#), "{json}");
                assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
            }
        }

        // One old entry must not keep the client from all the others of its page.
        fn invisible_entries_of_old_logs_do_not_make_a_page_unreadable() {
            let entry = entry(Event::Message { text: Text::from_stored("\u{3164}").ok(), reply_to: None });
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
        }

        fn a_guests_name_has_64_bits_and_grows_on_collision() {
            let id = UserId(Fingerprint::from_bytes([0xab; 32]));
            assert_eq!(DisplayName::guest(id).as_str(), "guest-abababababababab");
            let longer = DisplayName::long_guest(id);
            assert_eq!(longer.as_str(), "guest-ababababababababababababab");
            assert_eq!(DisplayName::parse(longer.as_str()), Ok(longer));
        }

        fn hostile_names_are_not_shown() {
            for text in ["", "a b", "a\nb", "a\u{202e}", "\u{3164}", "\u{1b}[2J", &"x".repeat(33)] {
                assert_eq!(DisplayName::parse(text), Err(NotShowable), "{text:?}");
            }
        }
    }
}
