//! The codes by which a connection tells its peer why it ends, as they stand on the wire.
//!
//! A code and its sentence are the protocol's and change with `docs/PROTOCOL.md`; which failure has
//! which code is [`Error::code`](crate::error::Error::code)'s to say.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The code of an error frame or an alert: all that the peer learns of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A frame passed the limit.
    FrameTooLarge,
    /// A frame is not what the protocol expects at this place.
    Malformed,
    /// The handshake failed for any cryptographic cause.
    HandshakeFailed,
    /// A v1 message was refused for any cryptographic cause.
    BadMessage,
    /// The handshake took too long.
    Timeout,
    /// The server does not accept v1.
    V1Disabled,
    /// The server is stopping.
    ServerStopping,
    /// The server, or this address, has no permit left.
    TooManyConnections,
    /// The client does not read what it is sent, and was evicted.
    SlowConsumer,
    /// v2: a frame, or the record in it, does not belong at this place.
    UnexpectedMessage,
    /// v2: a sealed record was refused for any cause.
    BadRecord,
    /// An operator ended the connection, or banned its key or address.
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

    /// Returns the code as it stands on the wire.
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

    /// Returns one plain ASCII sentence for people, sent beside the code.
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

/// An error: the text is not an error code of this version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an error code of this protocol")]
pub struct UnknownErrorCode;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_fit_a_frame() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            // An error frame does not escape its sentence, so nothing in it may need that.
            assert!(code.sentence().is_ascii());
            assert!(!code.sentence().contains(['\n', '"', '\\']));
        }
        assert_eq!("nonsense".parse::<ErrorCode>(), Err(UnknownErrorCode));
    }
}
