//! The failures of a connection: who is at fault, and which code the peer is sent.
//!
//! The detail in [`Error`] is for this side's log. The peer gets [`Error::code`] only, and every
//! cryptographic cause in one place has the same code, so that an attacker learns nothing from it.

use std::fmt;

use crate::frame::FrameKind;
use crate::identity::{Fingerprint, KeyError};
use crate::random::RandomUnavailable;

pub use crate::error_code::{ErrorCode, UnknownErrorCode};

/// The reason why this side ended a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The peer's bytes are not what the protocol allows at this place.
    InvalidMessage(InvalidMessage),
    /// The peer's bytes have the right form but fail a check.
    PeerMisbehaved(PeerMisbehaved),
    /// The peer did not finish its handshake in time.
    TimedOut,
    /// The peer speaks v1, which this server was not told to accept.
    V1Disabled,
    /// The server's key is not one that the client accepts.
    Untrusted(Untrusted),
    /// This side failed; the peer is not at fault.
    Local(LocalFailure),
}

/// The reason why a client does not accept a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrusted {
    /// No key is pinned: a person has to judge this one first.
    Unknown {
        /// The key that the server has shown.
        presented: Fingerprint,
    },
    /// Another key is pinned.
    Changed {
        /// The pinned key.
        pinned: Fingerprint,
        /// The key that the server has shown.
        presented: Fingerprint,
    },
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { presented } => {
                write!(f, "the server's key {presented} is not known")
            }
            Self::Changed { pinned, presented } => {
                write!(f, "the server's key is {presented}, but {pinned} is pinned")
            }
        }
    }
}

/// A cause why the peer's bytes do not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A frame, or the unterminated start of one, is longer than the limit.
    FrameTooLarge {
        /// The limit in bytes: without the terminator in v1, without the header in v2.
        limit: usize,
    },
    /// The frame is not the JSON object that is expected here.
    Json(String),
    /// The named field is not canonical base64 (RFC 4648 §4).
    Base64(&'static str),
    /// The announcement does not start with `SERVER_PUB\n`, or is not UTF-8.
    Announcement,
    /// A public key's PEM or DER does not parse.
    PublicKey(KeyError),
    /// The server sent a frame before the client's handshake that is no error frame.
    BeforeHandshake,
    /// The peer sent more bytes during a private-key operation than may wait.
    TooMuchPending,
    /// v2: the stream starts like the preface, but is none.
    Preface,
    /// v2: the frame, or the record in it, has another type than belongs here.
    Unexpected {
        /// The kind that belongs here.
        expected: FrameKind,
        /// The type byte that came.
        got: u8,
    },
    /// v2: an alert is not one byte, or a close or key update has content.
    ControlLength,
    /// v2: a hello, authentication or finished message has a length that it cannot have.
    HandshakeLength(FrameKind),
}

/// A check that a well-formed message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The public key parses but is not of a kind that is accepted.
    UnacceptableKey(KeyError),
    /// The RSA-OAEP decryption failed.
    SessionUndecryptable,
    /// The decrypted session blob has this many bytes instead of 48.
    SessionBlobLength(usize),
    /// The RSA-PSS signature does not verify.
    WrongSignature,
    /// A message's MAC, length or padding is wrong; on purpose there is no telling which.
    UnopenableMessage,
    /// v2: the peer's X25519 key gives an all-zero secret (RFC 7748 §6.1).
    LowOrderPoint,
    /// v2: the client's ML-KEM key fails the check of FIPS 203 §7.2.
    EncapsulationKey,
    /// v2: the server proves another key than the one it announced.
    OtherKeyThanAnnounced,
    /// v2: the RSA-PSS signature over the handshake does not verify.
    WrongProof,
    /// v2: the peer's finished message is not the MAC of the handshake.
    WrongFinished,
    /// v2: a record does not open.
    UnopenableRecord,
    /// v2: a record opens, but has no inner type, or another padding than the shortest.
    RecordPadding,
    /// v2: the lengths of a record's messages do not add up, or there are too many or none.
    RecordMessages,
    /// v2: the peer sealed more records under one key than are accepted.
    RekeyOverdue,
}

/// A failure of this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalFailure {
    /// The source of randomness failed.
    RandomUnavailable,
    /// The local private key could not do the operation.
    PrivateKey,
    /// The RSA encryption to the peer's key failed.
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidMessage(cause) => match cause {
                InvalidMessage::FrameTooLarge { limit } => {
                    write!(f, "the peer's frame is longer than {limit} bytes")
                }
                InvalidMessage::Json(detail) => write!(f, "the peer's JSON is not valid: {detail}"),
                InvalidMessage::Base64(field) => {
                    write!(f, "the peer's field {field:?} is not canonical base64")
                }
                InvalidMessage::Announcement => {
                    f.write_str("the server's first frame is not a SERVER_PUB announcement")
                }
                InvalidMessage::PublicKey(cause) => {
                    write!(f, "the peer's public key does not parse: {cause}")
                }
                InvalidMessage::BeforeHandshake => {
                    f.write_str("the server sent something before the handshake")
                }
                InvalidMessage::TooMuchPending => {
                    f.write_str("the peer sent too much before its handshake was answered")
                }
                InvalidMessage::Preface => f.write_str("the peer's preface is not SC/2"),
                InvalidMessage::Unexpected { expected, got } => {
                    write!(f, "the peer sent type {got} where {expected} belongs")
                }
                InvalidMessage::ControlLength => {
                    f.write_str("the peer's alert, close or key update has a wrong length")
                }
                InvalidMessage::HandshakeLength(kind) => {
                    write!(f, "the peer's {kind} has a wrong length")
                }
            },
            Self::PeerMisbehaved(cause) => match cause {
                PeerMisbehaved::UnacceptableKey(cause) => {
                    write!(f, "the peer's public key is refused: {cause}")
                }
                PeerMisbehaved::SessionUndecryptable => {
                    f.write_str("the peer's enc_session does not decrypt with our key")
                }
                PeerMisbehaved::SessionBlobLength(length) => {
                    write!(
                        f,
                        "the peer's session blob has {length} bytes instead of 48"
                    )
                }
                PeerMisbehaved::WrongSignature => {
                    f.write_str("the peer's client_sig does not verify with its client_pub")
                }
                PeerMisbehaved::UnopenableMessage => {
                    f.write_str("the peer's message has a wrong MAC, length or padding")
                }
                PeerMisbehaved::LowOrderPoint => {
                    f.write_str("the peer's X25519 key is a point of low order")
                }
                PeerMisbehaved::EncapsulationKey => {
                    f.write_str("the peer's ML-KEM encapsulation key is not valid")
                }
                PeerMisbehaved::OtherKeyThanAnnounced => {
                    f.write_str("the server proves another key than it announced")
                }
                PeerMisbehaved::WrongProof => {
                    f.write_str("the peer's signature of the handshake does not verify")
                }
                PeerMisbehaved::WrongFinished => {
                    f.write_str("the peer's Finished does not fit the handshake")
                }
                PeerMisbehaved::UnopenableRecord => f.write_str(
                    "the peer's record does not open: changed, replayed or out of order",
                ),
                PeerMisbehaved::RecordPadding => {
                    f.write_str("the peer's record has no type or a wrong padding")
                }
                PeerMisbehaved::RecordMessages => {
                    f.write_str("the lengths in the peer's record do not add up")
                }
                PeerMisbehaved::RekeyOverdue => {
                    f.write_str("the peer has sealed too much under one key")
                }
            },
            Self::TimedOut => f.write_str("the peer did not finish its handshake in time"),
            Self::V1Disabled => f.write_str("the peer speaks v1, which is not allowed here"),
            Self::Untrusted(cause) => fmt::Display::fmt(cause, f),
            Self::Local(cause) => f.write_str(match cause {
                LocalFailure::RandomUnavailable => "we have no randomness",
                LocalFailure::PrivateKey => "our private key operation failed",
                LocalFailure::Encryption => "we could not encrypt to the server's key",
            }),
        }
    }
}

impl std::error::Error for Error {}

impl From<InvalidMessage> for Error {
    fn from(cause: InvalidMessage) -> Self {
        Self::InvalidMessage(cause)
    }
}

impl From<PeerMisbehaved> for Error {
    fn from(cause: PeerMisbehaved) -> Self {
        Self::PeerMisbehaved(cause)
    }
}

impl From<Untrusted> for Error {
    fn from(cause: Untrusted) -> Self {
        Self::Untrusted(cause)
    }
}

impl From<RandomUnavailable> for Error {
    fn from(_: RandomUnavailable) -> Self {
        Self::Local(LocalFailure::RandomUnavailable)
    }
}

impl From<LocalFailure> for Error {
    fn from(cause: LocalFailure) -> Self {
        Self::Local(cause)
    }
}

#[cfg(test)]
mod tests {
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
}
