//! What a connection tells its driver, and what it asks of it.

use std::fmt;

use zeroize::Zeroizing;

use super::Plaintext;
use crate::crypto::rsa_private::OperationFailed;
use crate::error::{Error, ErrorCode};
use crate::identity::{PrivateKey, PublicKey};
use crate::random::Random;
use crate::time::Time;

/// Something that happened.
#[non_exhaustive]
pub enum Event {
    /// Client only: the server announced this key. v1 proves nothing of it.
    ServerKey(PublicKey),
    /// An operation with our private key is needed to go on.
    PrivateKey(PrivateKeyRequest),
    /// Messages can be sent. A v1 client has no proof yet that the server holds its key: that is
    /// the first message that opens.
    Established {
        /// The protocol's version.
        version: Version,
        /// The peer's key. At a server it is verified; see above for a client.
        peer: PublicKey,
    },
    /// A message was opened.
    Message(Plaintext),
    /// A frame passed, if the configuration asked to see frames.
    Frame(FrameSeen),
    /// Nothing more will come. Always the last event.
    Closed(CloseReason),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerKey(key) => f.debug_tuple("ServerKey").field(key).finish(),
            Self::PrivateKey(request) => f.debug_tuple("PrivateKey").field(request).finish(),
            Self::Established { version, peer } => f
                .debug_struct("Established")
                .field("version", version)
                .field("peer", peer)
                .finish(),
            // Whoever logs events must not log texts by it.
            Self::Message(plaintext) => write!(f, "Message({} bytes)", plaintext.len()),
            Self::Frame(frame) => f.debug_tuple("Frame").field(frame).finish(),
            Self::Closed(reason) => f.debug_tuple("Closed").field(reason).finish(),
        }
    }
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// The seed's protocol.
    V1,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
        })
    }
}

/// An operation with our private key.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateKeyRequest {
    /// RSA-OAEP decryption: SHA-256, MGF1-SHA-256, empty label.
    Decrypt {
        /// The ciphertext, of any length: it comes from the peer.
        ciphertext: Vec<u8>,
    },
    /// RSA-PSS signature: SHA-256, MGF1-SHA-256, salt of 32 bytes.
    Sign {
        /// The message; it is secret (v1 signs the session's keys).
        message: Zeroizing<Vec<u8>>,
    },
}

impl PrivateKeyRequest {
    /// Does the operation on this thread.
    pub fn answer(&self, key: &PrivateKey, random: &mut Random) -> PrivateKeyResponse {
        match self {
            Self::Decrypt { ciphertext } => {
                PrivateKeyResponse::Decrypted(key.decrypt(ciphertext, random))
            }
            Self::Sign { message } => PrivateKeyResponse::Signed(key.sign(message, random)),
        }
    }

    /// The answer of a driver that cannot do the operation.
    pub fn refuse(&self) -> PrivateKeyResponse {
        match self {
            Self::Decrypt { .. } => PrivateKeyResponse::Decrypted(Err(OperationFailed)),
            Self::Sign { .. } => PrivateKeyResponse::Signed(Err(OperationFailed)),
        }
    }
}

impl fmt::Debug for PrivateKeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decrypt { .. } => "Decrypt(..)",
            Self::Sign { .. } => "Sign(..)",
        })
    }
}

/// The result of a [`PrivateKeyRequest`].
pub enum PrivateKeyResponse {
    /// Of [`PrivateKeyRequest::Decrypt`].
    Decrypted(Result<Zeroizing<Vec<u8>>, OperationFailed>),
    /// Of [`PrivateKeyRequest::Sign`].
    Signed(Result<Vec<u8>, OperationFailed>),
}

impl fmt::Debug for PrivateKeyResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decrypted(_) => "Decrypted(secret)",
            Self::Signed(_) => "Signed(..)",
        })
    }
}

/// A frame that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSeen {
    /// Which way.
    pub direction: Direction,
    /// What kind.
    pub kind: FrameKind,
    /// Its exact bytes, with the terminator.
    pub bytes: Vec<u8>,
    /// When it was handled.
    pub at: Time,
}

/// Which way a frame went, seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameKind {
    /// The server's public key.
    Announcement,
    /// The client's handshake.
    Handshake,
    /// A sealed message.
    Message,
    /// An error in clear.
    Error,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer ended its stream between two frames.
    PeerClosed,
    /// The peer's stream ended inside a frame.
    Truncated,
    /// The server reported an error. In clear and unauthenticated: for people, not for decisions
    /// that matter.
    Reported {
        /// Its code.
        code: ErrorCode,
        /// Its sentence, without control characters, at most 200 characters.
        message: String,
    },
    /// We refused what the peer sent, or failed ourselves.
    Failed(Error),
    /// We closed.
    Local(ErrorCode),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerClosed => f.write_str("the peer closed"),
            Self::Truncated => f.write_str("the peer's stream ended inside a frame"),
            Self::Reported { code, message } => {
                write!(f, "the server reported {code}: {message}")
            }
            Self::Failed(error) => write!(f, "{}: {error}", error.code()),
            Self::Local(code) => write!(f, "closed by us: {code}"),
        }
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not done.
    NotEstablished,
    /// Its frame would be longer than the limit.
    TooLarge {
        /// The limit of a frame in bytes.
        limit: usize,
    },
    /// The connection has ended.
    Closed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEstablished => f.write_str("the handshake is not done yet"),
            Self::TooLarge { limit } => {
                write!(f, "the message does not fit a frame of {limit} bytes")
            }
            Self::Closed => f.write_str("the connection has ended"),
        }
    }
}

impl std::error::Error for SendError {}
