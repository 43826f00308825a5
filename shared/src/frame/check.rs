//! The checks that can refuse a frame, by name: what stopped a frame is data, and not a sentence.

use std::fmt;

#[cfg(any(test, feature = "observe"))]
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
#[cfg(any(test, feature = "observe"))]
use crate::wire::fields;
#[cfg(any(test, feature = "observe"))]
use crate::wire::span::FieldDef;

/// Defines the checks with their names and sections.
macro_rules! checks {
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $section:literal;)*) => {
        /// A check that can refuse a frame. Several checks may have one error, because the peer
        /// must not learn which of them it was.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CheckName {
            $($(#[$meta])* $variant,)*
        }

        impl CheckName {
            /// Every check, in the order of the document.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the check's name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the section of `docs/PROTOCOL.md` that demands the check.
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$variant => $section,)*
                }
            }
        }
    };
}

checks! {
    /// v1: the frame is no longer than the limit.
    V1FrameLength = "v1_frame_length", "1.1";
    /// The server's first frame starts with `SERVER_PUB` and is text.
    Announcement = "announcement", "1.2";
    /// The announced key is a public key.
    AnnouncedKeyForm = "announced_key_form", "1.2";
    /// v1: the frame is the JSON object that belongs here, with each field once.
    Json = "json", "1.3";
    /// v1: the field is canonical base64.
    Base64 = "base64", "1.3";
    /// v1: the client's key is a public key.
    ClientKeyForm = "client_key_form", "1.3";
    /// The key has an allowed size and exponent.
    KeyAllowed = "key_allowed", "1.3";
    /// v1: the session decrypts with the server's key.
    SessionDecrypts = "session_decrypts", "1.3";
    /// v1: the session blob has 48 bytes.
    SessionBlobLength = "session_blob_length", "1.3";
    /// v1: the client's key has signed the session blob.
    SessionSignature = "session_signature", "1.3";
    /// v1: the message's MAC, length and padding are right; which one was not is not told.
    MessageOpens = "message_opens", "1.4";
    /// The server accepts v1.
    V1Allowed = "v1_allowed", "1.5";
    /// v1: the server sends no message before the handshake.
    BeforeHandshake = "before_handshake", "1.8";
    /// No more bytes wait than the longest frame has.
    PendingBytes = "pending_bytes", "1.8";
    /// v2: the client's first bytes are the preface.
    Preface = "preface", "2.1";
    /// v2: the length in the header is within the limit.
    FrameLength = "frame_length", "2.2";
    /// v2: the frame's type belongs here.
    FrameType = "frame_type", "2.2";
    /// v2: the hello has its one length.
    HelloLength = "hello_length", "2.3";
    /// v2: the ML-KEM key's numbers are in range.
    MlKemKey = "mlkem_key", "2.3";
    /// v2: the X25519 key is no point of low order.
    X25519Point = "x25519_point", "2.3";
    /// v2: the peer has not sealed too many records under this key.
    RecordCount = "record_count", "2.10";
    /// v2: the record has room for a tag.
    RecordLength = "record_length", "2.5";
    /// v2: the tag is right for this key, sequence number and header.
    RecordTag = "record_tag", "2.5";
    /// v2: the record has an inner type.
    RecordType = "record_type", "2.5";
    /// v2: the padding is the shortest.
    Padding = "padding", "2.5";
    /// v2: the inner type belongs here.
    InnerType = "inner_type", "2.5";
    /// v2: both lengths fit the proof exactly.
    AuthLength = "auth_length", "2.6";
    /// v2: the server proves the key that it announced.
    AnnouncedKey = "announced_key", "2.6";
    /// v2: the key has its one encoding.
    KeyEncoding = "key_encoding", "2.6";
    /// v2: the key has signed the transcript.
    Signature = "signature", "2.6";
    /// v2: the finished message has 32 bytes.
    FinishedLength = "finished_length", "2.6";
    /// v2: the finished message is the MAC of the transcript.
    Finished = "finished", "2.6";
    /// The server's key is one that the client accepts.
    Trust = "trust", "2.14";
    /// v2: the record has at least one message and not too many.
    MessageCount = "message_count", "2.9";
    /// v2: no message is longer than the limit.
    MessageLength = "message_length", "2.9";
    /// v2: the lengths fill the content exactly.
    MessagesFit = "messages_fit", "2.9";
    /// v2: the alert has one byte.
    AlertLength = "alert_length", "2.11";
    /// v2: the close or key update has no content.
    ControlLength = "control_length", "2.12";
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(any(test, feature = "observe"))]
impl CheckName {
    /// Returns the check behind an error, where the error has one; `None` if no frame is at fault.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::InvalidMessage(cause) => match cause {
                InvalidMessage::FrameTooLarge { .. } => Self::FrameLength,
                InvalidMessage::Json(_) => Self::Json,
                InvalidMessage::Base64(_) => Self::Base64,
                InvalidMessage::Announcement => Self::Announcement,
                InvalidMessage::PublicKey(_) => Self::AnnouncedKeyForm,
                InvalidMessage::BeforeHandshake => Self::BeforeHandshake,
                InvalidMessage::TooMuchPending => Self::PendingBytes,
                InvalidMessage::Preface => Self::Preface,
                InvalidMessage::Unexpected { .. } => Self::FrameType,
                InvalidMessage::ControlLength => Self::ControlLength,
                InvalidMessage::HandshakeLength(_) => Self::HelloLength,
            },
            Error::PeerMisbehaved(cause) => match cause {
                PeerMisbehaved::UnacceptableKey(_) => Self::KeyAllowed,
                PeerMisbehaved::SessionUndecryptable => Self::SessionDecrypts,
                PeerMisbehaved::SessionBlobLength(_) => Self::SessionBlobLength,
                PeerMisbehaved::WrongSignature => Self::SessionSignature,
                PeerMisbehaved::UnopenableMessage => Self::MessageOpens,
                PeerMisbehaved::LowOrderPoint => Self::X25519Point,
                PeerMisbehaved::EncapsulationKey => Self::MlKemKey,
                PeerMisbehaved::OtherKeyThanAnnounced => Self::AnnouncedKey,
                PeerMisbehaved::WrongProof => Self::Signature,
                PeerMisbehaved::WrongFinished => Self::Finished,
                PeerMisbehaved::UnopenableRecord => Self::RecordTag,
                PeerMisbehaved::RecordPadding => Self::Padding,
                PeerMisbehaved::RecordMessages => Self::MessagesFit,
                PeerMisbehaved::RekeyOverdue => Self::RecordCount,
            },
            Error::V1Disabled => Self::V1Allowed,
            Error::Untrusted(_) => Self::Trust,
            // The frame was not at fault.
            Error::TimedOut | Error::Local(_) => return None,
        })
    }

    /// Returns the fields that the check is about, where a check is about a whole field.
    pub(super) fn fields(self) -> &'static [&'static FieldDef] {
        match self {
            Self::AnnouncedKeyForm => const { &[&fields::PEM] },
            Self::KeyAllowed => const { &[&fields::PEM, &fields::SPKI, &fields::CLIENT_PUB] },
            Self::SessionDecrypts | Self::SessionBlobLength => const { &[&fields::V1_SESSION] },
            Self::SessionSignature => const { &[&fields::V1_SIGNATURE] },
            Self::MessageOpens => const { &[&fields::V1_TAG] },
            Self::X25519Point => const { &[&fields::X25519] },
            Self::MlKemKey => const { &[&fields::ML_KEM_KEY] },
            Self::AnnouncedKey => const { &[&fields::SPKI] },
            Self::Signature => const { &[&fields::SIGNATURE] },
            Self::Finished | Self::Trust => const { &[&fields::HMAC] },
            Self::RecordTag => const { &[&fields::TAG] },
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn every_check_has_a_name_of_its_own_and_a_section_of_the_document() {
            let document = include_str!("../../../docs/PROTOCOL.md");
            for (at, check) in CheckName::ALL.iter().enumerate() {
                let heading = format!("## {} ", check.section());
                assert!(document.contains(&heading), "{check}: §{}", check.section());
                let earlier = &CheckName::ALL[..at];
                assert!(earlier.iter().all(|it| it.as_str() != check.as_str()), "{check}");
            }
        }
    }
}
