//! The failures of a connection: who is at fault, and which code the peer is sent.
//!
//! The detail in [`Error`] is for this side's log. The peer gets [`Error::code`] only, and every
//! cryptographic cause in one place has the same code, so that an attacker learns nothing from it.

use crate::frame::FrameKind;
use crate::identity::{Fingerprint, KeyError};
use crate::random::RandomUnavailable;

pub use crate::error_code::{ErrorCode, UnknownErrorCode};

/// The reason why this side ended a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer's bytes are not what the protocol allows at this place.
    #[error(transparent)]
    InvalidMessage(#[from] InvalidMessage),
    /// The peer's bytes have the right form but fail a check.
    #[error(transparent)]
    PeerMisbehaved(#[from] PeerMisbehaved),
    /// The peer did not finish its handshake in time.
    #[error("the peer did not finish its handshake in time")]
    TimedOut,
    /// The peer speaks v1, which this server was not told to accept.
    #[error("the peer speaks v1, which is not allowed here")]
    V1Disabled,
    /// The server's key is not one that the client accepts.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// This side failed; the peer is not at fault.
    #[error(transparent)]
    Local(#[from] LocalFailure),
}

/// The reason why a client does not accept a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// No key is pinned: a person has to judge this one first.
    #[error("the server's key {presented} is not known")]
    Unknown {
        /// The key that the server has shown.
        presented: Fingerprint,
    },
    /// Another key is pinned.
    #[error("the server's key is {presented}, but {pinned} is pinned")]
    Changed {
        /// The pinned key.
        pinned: Fingerprint,
        /// The key that the server has shown.
        presented: Fingerprint,
    },
}

/// A cause why the peer's bytes do not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A frame, or the unterminated start of one, is longer than the limit.
    #[error("the peer's frame is longer than {limit} bytes")]
    FrameTooLarge {
        /// The limit in bytes: without the terminator in v1, without the header in v2.
        limit: usize,
    },
    /// The frame is not the JSON object that is expected here.
    #[error("the peer's JSON is not valid: {0}")]
    Json(String),
    /// The named field is not canonical base64 (RFC 4648 §4).
    #[error("the peer's field {0:?} is not canonical base64")]
    Base64(&'static str),
    /// The announcement does not start with `SERVER_PUB\n`, or is not UTF-8.
    #[error("the server's first frame is not a SERVER_PUB announcement")]
    Announcement,
    /// A public key's PEM or DER does not parse.
    #[error("the peer's public key does not parse: {0}")]
    PublicKey(#[source] KeyError),
    /// The server sent a frame before the client's handshake that is no error frame.
    #[error("the server sent something before the handshake")]
    BeforeHandshake,
    /// The peer sent more bytes during a private-key operation than may wait.
    #[error("the peer sent too much before its handshake was answered")]
    TooMuchPending,
    /// v2: the stream starts like the preface, but is none.
    #[error("the peer's preface is not SC/2")]
    Preface,
    /// v2: the frame, or the record in it, has another type than belongs here.
    #[error("the peer sent type {got} where {expected} belongs")]
    Unexpected {
        /// The kind that belongs here.
        expected: FrameKind,
        /// The type byte that came.
        got: u8,
    },
    /// v2: an alert is not one byte, or a close or key update has content.
    #[error("the peer's alert, close or key update has a wrong length")]
    ControlLength,
    /// v2: a hello, authentication or finished message has a length that it cannot have.
    #[error("the peer's {0} has a wrong length")]
    HandshakeLength(FrameKind),
}

/// A check that a well-formed message failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The public key parses but is not of a kind that is accepted.
    #[error("the peer's public key is refused: {0}")]
    UnacceptableKey(#[source] KeyError),
    /// The RSA-OAEP decryption failed.
    #[error("the peer's enc_session does not decrypt with our key")]
    SessionUndecryptable,
    /// The decrypted session blob has this many bytes instead of 48.
    #[error("the peer's session blob has {0} bytes instead of 48")]
    SessionBlobLength(usize),
    /// The RSA-PSS signature does not verify.
    #[error("the peer's client_sig does not verify with its client_pub")]
    WrongSignature,
    /// A message's MAC, length or padding is wrong; on purpose there is no telling which.
    #[error("the peer's message has a wrong MAC, length or padding")]
    UnopenableMessage,
    /// v2: the peer's X25519 key gives an all-zero secret (RFC 7748 §6.1).
    #[error("the peer's X25519 key is a point of low order")]
    LowOrderPoint,
    /// v2: the client's ML-KEM key fails the check of FIPS 203 §7.2.
    #[error("the peer's ML-KEM encapsulation key is not valid")]
    EncapsulationKey,
    /// v2: the server proves another key than the one it announced.
    #[error("the server proves another key than it announced")]
    OtherKeyThanAnnounced,
    /// v2: the RSA-PSS signature over the handshake does not verify.
    #[error("the peer's signature of the handshake does not verify")]
    WrongProof,
    /// v2: the peer's finished message is not the MAC of the handshake.
    #[error("the peer's Finished does not fit the handshake")]
    WrongFinished,
    /// v2: a record does not open.
    #[error("the peer's record does not open: changed, replayed or out of order")]
    UnopenableRecord,
    /// v2: a record opens, but has no inner type, or another padding than the shortest.
    #[error("the peer's record has no type or a wrong padding")]
    RecordPadding,
    /// v2: the lengths of a record's messages do not add up, or there are too many or none.
    #[error("the lengths in the peer's record do not add up")]
    RecordMessages,
    /// v2: the peer sealed more records under one key than are accepted.
    #[error("the peer has sealed too much under one key")]
    RekeyOverdue,
}

/// A failure of this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalFailure {
    /// The source of randomness failed.
    #[error("we have no randomness")]
    RandomUnavailable,
    /// The local private key could not do the operation.
    #[error("our private key operation failed")]
    PrivateKey,
    /// The RSA encryption to the peer's key failed.
    #[error("we could not encrypt to the server's key")]
    Encryption,
}

impl Error {
    /// Returns the code that the peer is sent.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidMessage(InvalidMessage::FrameTooLarge { .. }) => ErrorCode::FrameTooLarge,
            Self::InvalidMessage(
                InvalidMessage::Preface
                | InvalidMessage::Unexpected { .. }
                | InvalidMessage::ControlLength,
            ) => ErrorCode::UnexpectedMessage,
            // A field of a wrong length has the code of a failed proof, so that the peer cannot
            // learn how far a check came (PROTOCOL.md §2.11).
            Self::InvalidMessage(InvalidMessage::HandshakeLength(_)) => ErrorCode::HandshakeFailed,
            // v1's code; an alert of v2 says `unexpected_message` instead.
            Self::InvalidMessage(_) => ErrorCode::Malformed,
            // One code for MAC, length and padding: otherwise this side would be a padding oracle.
            Self::PeerMisbehaved(PeerMisbehaved::UnopenableMessage) => ErrorCode::BadMessage,
            // One code for every cause of a record, so that a guess at a tag learns nothing from
            // it.
            Self::PeerMisbehaved(
                PeerMisbehaved::UnopenableRecord
                | PeerMisbehaved::RecordPadding
                | PeerMisbehaved::RecordMessages
                | PeerMisbehaved::RekeyOverdue,
            ) => ErrorCode::BadRecord,
            // One code for every cause of the handshake: telling a failed decryption from a failed
            // signature would make the server an RSA oracle (Manger, CRYPTO 2001). A local failure
            // looks the same, because its cause is for this side's log only.
            Self::PeerMisbehaved(_) | Self::Untrusted(_) | Self::Local(_) => {
                ErrorCode::HandshakeFailed
            }
            Self::TimedOut => ErrorCode::Timeout,
            Self::V1Disabled => ErrorCode::V1Disabled,
        }
    }
}

impl From<RandomUnavailable> for Error {
    fn from(_: RandomUnavailable) -> Self {
        Self::Local(LocalFailure::RandomUnavailable)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn every_cryptographic_cause_of_the_handshake_has_one_code() {
        let causes = [
            PeerMisbehaved::UnacceptableKey(KeyError::Exponent),
            PeerMisbehaved::SessionUndecryptable,
            PeerMisbehaved::SessionBlobLength(47),
            PeerMisbehaved::WrongSignature,
        ];
        for cause in causes {
            assert_eq!(Error::from(cause).code(), ErrorCode::HandshakeFailed);
        }
    }

    #[test]
    fn the_reason_why_a_key_is_refused_is_the_source_and_in_the_text() {
        for error in [
            Error::from(InvalidMessage::PublicKey(KeyError::Der)),
            PeerMisbehaved::UnacceptableKey(KeyError::Der).into(),
        ] {
            let source = error.source().and_then(|it| it.downcast_ref::<KeyError>());
            assert_eq!(source, Some(&KeyError::Der));
            assert!(error.to_string().ends_with(&KeyError::Der.to_string()));
        }
    }
}
