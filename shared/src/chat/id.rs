//! Who wrote a message, and which message it is.

use std::fmt;

use uuid::Uuid;

use super::serde_as_text;
use crate::identity::Fingerprint;

/// A person, as far as the chat knows one: the fingerprint of the key that the session proved.
/// Written `SHA256:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub Fingerprint);

impl UserId {
    /// Reads `SHA256:…`.
    ///
    /// # Errors
    /// [`InvalidId`], if it is anything else.
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

/// A message's name: a UUID (RFC 9562) that its writer makes, so that what is sent again after a
/// reconnect is known again. Unique for one writer, not for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Uuid);

impl MessageId {
    /// A new one (version 4) of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Reads the hyphenated form.
    ///
    /// # Errors
    /// [`InvalidId`], if it is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        // The library also reads braces, URNs and a form without hyphens: one message would then
        // have several names.
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
        id.map(Self).ok_or(InvalidId::Message)
    }

    /// Its 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// From its 16 bytes, of whatever version.
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

/// A text is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidId {
    /// No `SHA256:…`.
    User,
    /// No UUID.
    Message,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "a person's id is a fingerprint, SHA256:…",
            Self::Message => "a message's id is a UUID with hyphens",
        })
    }
}

impl std::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
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
