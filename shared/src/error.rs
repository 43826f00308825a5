//! What can go wrong in a connection, who is at fault, and which code the peer is told.
//!
//! The detail in [`Error`] is for our own log. The peer gets [`Error::code`] only, and every
//! cryptographic cause has the same code, so that an attacker learns nothing from it.

use std::fmt;
use std::str::FromStr;

use crate::connection::FrameKind;
use crate::identity::{Fingerprint, KeyError};
use crate::random::RandomUnavailable;

/// Why a connection was ended by us.
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
    /// The server's key is not the one that is accepted.
    Untrusted(Untrusted),
    /// Our own side failed; the peer is not at fault.
    Local(LocalFailure),
}

/// Why a server's key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrusted {
    /// Nobody has judged it yet.
    Unknown {
        /// The key that the server has shown.
        presented: Fingerprint,
    },
    /// Another one is pinned.
    Changed {
        /// The key that was expected.
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

/// Bytes that do not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A frame, or the unterminated start of one, is longer than the limit.
    FrameTooLarge {
        /// The limit in bytes, without the terminator.
        limit: usize,
    },
    /// The frame is not the JSON object that is expected here.
    Json(String),
    /// A field is not canonical base64 (RFC 4648 §4).
    Base64(&'static str),
    /// The announcement does not start with `SERVER_PUB\n`.
    Announcement,
    /// A public key's PEM or DER does not parse.
    PublicKey(KeyError),
    /// The server sent something before our handshake that is no error frame.
    BeforeHandshake,
    /// More bytes arrived while our own key operation was under way than may wait.
    TooMuchPending,
    /// v2: the stream starts like the preface, but is none.
    Preface,
    /// v2: the frame, or what is sealed in it, has another type than belongs here.
    Unexpected {
        /// What belongs here.
        expected: FrameKind,
        /// The type byte.
        got: u8,
    },
    /// v2: an alert is not one byte, or a close or key update has content.
    ControlLength,
    /// v2: a hello, authentication or finished message has a length that it cannot have.
    HandshakeLength(FrameKind),
}

/// Checks that a well-formed message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The public key parses but is not of a kind that is accepted.
    UnacceptableKey(KeyError),
    /// RSA-OAEP decryption failed.
    SessionUndecryptable,
    /// The decrypted session blob is not 48 bytes.
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
    /// v2: the RSA-PSS signature of the handshake does not verify.
    WrongProof,
    /// v2: the peer's Finished is not the MAC of the handshake.
    WrongFinished,
    /// v2: a record does not open.
    UnopenableRecord,
    /// v2: a record opens, but has no inner type, or another padding than the shortest.
    RecordPadding,
    /// v2: the lengths of a record's messages do not add up.
    RecordMessages,
    /// v2: more records under one key than are accepted.
    RekeyOverdue,
}

/// Failures of our own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalFailure {
    /// No randomness.
    RandomUnavailable,
    /// Our private key could not do the operation.
    PrivateKey,
    /// RSA encryption to the peer's key failed.
    Encryption,
}

impl Error {
    /// The code that the peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidMessage(InvalidMessage::FrameTooLarge { .. }) => ErrorCode::FrameTooLarge,
            Self::InvalidMessage(
                InvalidMessage::Preface
                | InvalidMessage::Unexpected { .. }
                | InvalidMessage::ControlLength,
            ) => ErrorCode::UnexpectedMessage,
            Self::InvalidMessage(InvalidMessage::HandshakeLength(_)) => ErrorCode::HandshakeFailed,
            Self::InvalidMessage(_) => ErrorCode::Malformed,
            Self::PeerMisbehaved(PeerMisbehaved::UnopenableMessage) => ErrorCode::BadMessage,
            Self::PeerMisbehaved(
                PeerMisbehaved::UnopenableRecord
                | PeerMisbehaved::RecordPadding
                | PeerMisbehaved::RecordMessages
                | PeerMisbehaved::RekeyOverdue,
            ) => ErrorCode::BadRecord,
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

/// The code in an error frame: the only thing the peer learns of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A frame passed the limit.
    FrameTooLarge,
    /// A frame is not what the protocol expects at this place.
    Malformed,
    /// Any cryptographic cause in the handshake.
    HandshakeFailed,
    /// Any cryptographic cause in a message.
    BadMessage,
    /// The handshake took too long.
    Timeout,
    /// The server does not accept v1.
    V1Disabled,
    /// The server is stopping.
    ServerStopping,
    /// The server, or this address, has no place left.
    TooManyConnections,
    /// The client does not read what it is sent.
    SlowConsumer,
    /// v2: a frame, or what is sealed in it, does not belong at this place.
    UnexpectedMessage,
    /// v2: any cause why a sealed record is refused.
    BadRecord,
    /// An operator has put the client out.
    Kicked,
    /// A code that this version does not know, received from a newer server; never sent.
    Unknown,
}

impl ErrorCode {
    /// All codes that are sent, in the order of the protocol's document.
    pub const ALL: [Self; 12] = [
        Self::FrameTooLarge,
        Self::Malformed,
        Self::HandshakeFailed,
        Self::BadMessage,
        Self::Timeout,
        Self::V1Disabled,
        Self::ServerStopping,
        Self::TooManyConnections,
        Self::SlowConsumer,
        Self::UnexpectedMessage,
        Self::BadRecord,
        Self::Kicked,
    ];

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FrameTooLarge => "frame_too_large",
            Self::Malformed => "malformed",
            Self::HandshakeFailed => "handshake_failed",
            Self::BadMessage => "bad_message",
            Self::Timeout => "timeout",
            Self::V1Disabled => "v1_disabled",
            Self::ServerStopping => "server_stopping",
            Self::TooManyConnections => "too_many_connections",
            Self::SlowConsumer => "slow_consumer",
            Self::UnexpectedMessage => "unexpected_message",
            Self::BadRecord => "bad_record",
            Self::Kicked => "kicked",
            Self::Unknown => "unknown",
        }
    }

    /// One plain ASCII sentence for people, sent beside the code.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::FrameTooLarge => "A frame was larger than this server allows.",
            Self::Malformed => "A frame was not what the protocol expects at this place.",
            Self::HandshakeFailed => "The handshake failed.",
            Self::BadMessage => "A message could not be opened.",
            Self::Timeout => "The handshake took too long.",
            Self::V1Disabled => {
                "This server does not accept protocol v1; start it with --allow-v1 to allow it."
            }
            Self::ServerStopping => "The server is stopping; try again in a moment.",
            Self::TooManyConnections => "There are too many connections; try again later.",
            Self::SlowConsumer => "The client did not read what it was sent; connect again.",
            Self::UnexpectedMessage => "A message was not expected at this place.",
            Self::BadRecord => "A record could not be opened.",
            Self::Kicked => "An operator has ended this connection.",
            Self::Unknown => "The server reported an error that this program does not know.",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, UnknownErrorCode> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownErrorCode)
    }
}

/// The text is not an error code of this version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownErrorCode;

impl fmt::Display for UnknownErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an error code of this protocol")
    }
}

impl std::error::Error for UnknownErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_fit_a_frame() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(code.sentence().is_ascii());
            assert!(!code.sentence().contains(['\n', '"', '\\']));
        }
        assert_eq!("nonsense".parse::<ErrorCode>(), Err(UnknownErrorCode));
    }

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
