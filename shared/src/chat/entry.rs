//! What a room consists of: a log of entries, numbered 1, 2, 3 … without gaps.

use serde::{Deserialize, Serialize};

use super::emoji::Emoji;
use super::id::{MessageId, UserId};
use super::name::Name;
use super::text::Text;
use super::timestamp::Timestamp;

/// An entry's number in its room; the first is 1, and 0 stands for the time before it.
pub type Seq = u64;

/// One entry of a room's log. Never changes once it has its number, but that a deleted message
/// loses its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the room.
    pub seq: Seq,
    /// Its name, as its writer made it.
    pub id: MessageId,
    /// Who wrote it.
    pub from: Author,
    /// When the server took it.
    pub at: Timestamp,
    /// What it does.
    #[serde(flatten)]
    pub event: Event,
}

/// Who wrote something, called what they were called then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Whose key it was.
    pub id: UserId,
    /// What they were called.
    pub name: DisplayName,
}

/// What an entry does to its room.
///
/// Whoever has all entries from some number on knows what the messages after it look like now:
/// edits, deletions and reactions come after what they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody says something.
    Message {
        /// What; gone if it was deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// The message that this answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// A message's writer has changed its text.
    Edited {
        /// Which message.
        of: Seq,
        /// Its text from now on; gone if the message was deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
    },
    /// A message's writer, or an operator, has deleted it.
    Deleted {
        /// Which message.
        of: Seq,
    },
    /// Somebody reacts to a message, or takes the reaction back.
    Reacted {
        /// To which message.
        of: Seq,
        /// How.
        emoji: Emoji,
        /// Whether it is there from now on.
        on: bool,
    },
}

/// What somebody is called: a claimed name, or `guest-` and eight hexadecimal digits of their
/// fingerprint. Whoever receives one shows it and does not judge it: names are checked where they
/// are claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(Box<str>);

impl DisplayName {
    /// What somebody without a name is called.
    pub fn guest(id: UserId) -> Self {
        let [a, b, c, d, ..] = *id.0.as_bytes();
        Self(format!("guest-{a:02x}{b:02x}{c:02x}{d:02x}").into())
    }

    /// Checks no more than what is needed to show it: length, no white space, no control character.
    ///
    /// # Errors
    /// [`NotShowable`].
    pub fn parse(text: &str) -> Result<Self, NotShowable> {
        let characters = text.chars().count();
        let harmful = |c: char| c.is_control() || c.is_whitespace();
        if (1..=super::name::MAX_CHARACTERS).contains(&characters) && !text.contains(harmful) {
            Ok(Self(text.into()))
        } else {
            Err(NotShowable)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

super::serde_as_text!(DisplayName, DisplayName::parse);

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

/// A text cannot be shown as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotShowable;

impl std::fmt::Display for NotShowable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this cannot be shown as a name")
    }
}

impl std::error::Error for NotShowable {}

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

        fn hostile_names_are_not_shown() {
            for text in ["", "a b", "a\nb", "\u{1b}[2J", &"x".repeat(33)] {
                assert_eq!(DisplayName::parse(text), Err(NotShowable), "{text:?}");
            }
        }
    }
}
