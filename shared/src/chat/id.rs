//! The ids of people and of messages.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

use super::as_text::serde_as_text;
use crate::identity::Fingerprint;

/// A person's id: the fingerprint of the key that the session proved. Written `SHA256:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub Fingerprint);

impl UserId {
    /// Reads `SHA256:…`.
    ///
    /// # Errors
    /// [`InvalidId`], if the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId::User)
    }
}

serde_as_text!(UserId, UserId::parse);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The id of an entry: a UUID (RFC 9562) that its writer makes, so that the server knows a message
/// that is sent again after a reconnect. Unique for one writer, not for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Uuid);

impl MessageId {
    /// Makes an id (version 7, RFC 9562 §5.7) from the writer's clock, in milliseconds since 1970,
    /// and 10 random bytes.
    ///
    /// Ids in the order of their times are what a server's index takes in best: the next goes
    /// beside the last instead of anywhere. Nothing else relies on the clock.
    pub fn new(unix_millis: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
    }

    /// Makes an id (version 4) from 16 random bytes, for a writer without a clock.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Reads the hyphenated form.
    ///
    /// # Errors
    /// [`InvalidId`], if the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        // The library also reads braces, URNs and a form without hyphens, so that one message would
        // have several ids.
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
        id.map(Self).ok_or(InvalidId::Message)
    }

    /// Returns the id's 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Returns the id with these 16 bytes, of whatever version.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

serde_as_text!(MessageId, MessageId::parse);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

/// An error: the text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// The text is not `SHA256:…`.
    #[error("a person's id is a fingerprint, SHA256:…")]
    User,
    /// The text is no UUID.
    #[error("a message's id is a UUID with hyphens")]
    Message,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_new_message_id_begins_with_its_time() {
            // The example of RFC 9562 §A.6.
            let random = [0x0c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
            let id = MessageId::new(0x017F_22E2_79B0, random);
            assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
            assert!(id < MessageId::new(0x017F_22E2_79B1, [0; 10]));
        }

        fn a_message_id_has_one_form() {
            let id = MessageId::from_random([0xab; 16]);
            let text = id.to_string();
            assert_eq!(text, "abababab-abab-4bab-abab-abababababab");
            assert_eq!(MessageId::parse(&text), Ok(id));
            assert_eq!(MessageId::parse(&text.to_uppercase()), Ok(id));
            let plain = text.replace('-', "");
            for wrong in [plain.as_str(), &format!("{{{text}}}"), "", &text[1..]] {
                assert_eq!(MessageId::parse(wrong), Err(InvalidId::Message), "{wrong}");
            }
        }

        fn a_user_id_is_a_fingerprint() {
            let id = UserId(Fingerprint::of_spki(b"key"));
            assert_eq!(UserId::parse(&id.to_string()), Ok(id));
            assert_eq!(UserId::parse("anna"), Err(InvalidId::User));
        }
    }
}
