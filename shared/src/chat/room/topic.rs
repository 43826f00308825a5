//! The topics of rooms.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::InvalidRoom;
use crate::chat::as_text::serde_as_text;
use crate::chat::limits::TOPIC_CHARACTERS;
use crate::chat::visible::clean_line;

/// A room's description: one line of at most 250 characters without invisible ones; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic(Box<str>);

impl Topic {
    /// Checks a new topic; white space around it is removed.
    ///
    /// # Errors
    /// [`InvalidRoom`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRoom> {
        let topic = text.trim();
        if topic.chars().count() > TOPIC_CHARACTERS {
            return Err(InvalidRoom::TopicTooLong);
        }
        match clean_line(topic) {
            (topic, None) => Ok(Self(topic.into())),
            (_, Some(character)) => Err(InvalidRoom::TopicCharacter(character)),
        }
    }

    /// Reads a topic that a server accepted before, without the characters that a new one must not
    /// have. A bidi control in one old topic would turn around the line in every client's list.
    pub fn from_stored(text: &str) -> Self {
        let cut: String = clean_line(text.trim())
            .0
            .chars()
            .take(TOPIC_CHARACTERS)
            .collect();
        // The cut may leave a joiner without its second character, or white space, at the end.
        Self(clean_line(cut.trim()).0.trim().into())
    }

    /// Returns the topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Deserializes the topic of a room that exists, by the looser rules.
pub(in crate::chat) fn stored_topic<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Topic, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    Ok(Topic::from_stored(&text))
}

// By the strict rules, because clients' topics are read so; servers' topics go through
// `stored_topic`.
serde_as_text!(Topic, Topic::parse);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
