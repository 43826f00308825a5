//! The reports of a connection to its driver, and its requests to it.

use std::fmt;

use zeroize::Zeroizing;

use super::{Plaintext, SessionId, Version};
use crate::crypto::rsa_private::OperationFailed;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::frame::{Direction, ObservedFrame};
use crate::identity::{PrivateKey, PublicKey};
use crate::random::Random;

/// A report of a connection to its driver.
#[non_exhaustive]
pub enum Event {
    /// Client only: the key that the server claims. Comes before [`Trust`](super::Trust) judges the
    /// key.
    ServerKey {
        /// The server's public key.
        key: PublicKey,
        /// `true` if the server has proven that it holds the key: v2 has it sign the handshake, v1
        /// only announces a key.
        proven: bool,
    },
    /// The handshake needs an operation with the local private key to go on.
    PrivateKey(PrivateKeyRequest),
    /// The handshake is done: messages can be sent. A v1 client has no proof yet that the server
    /// holds its key; the first message that opens is that proof.
    Established {
        /// The protocol's version.
        version: Version,
        /// The peer's key. It is verified, except for a v1 client: see above.
        peer: PublicKey,
        /// The session's public name, the same on both sides; v1 has none.
        session_id: Option<SessionId>,
    },
    /// v2: this direction has new keys.
    Rekeyed(Direction),
    /// The peer's next message.
    Message(Plaintext),
    /// A frame passed, if the configuration asks for reports of frames.
    ///
    /// Boxed, because it is larger than all other events.
    Frame(Box<ObservedFrame>),
    /// The connection brings nothing more. Always the last event.
    Closed(CloseReason),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerKey { key, proven } => f
                .debug_struct("ServerKey")
                .field("key", key)
                .field("proven", proven)
                .finish(),
            Self::PrivateKey(request) => f.debug_tuple("PrivateKey").field(request).finish(),
            Self::Established {
                version,
                peer,
                session_id,
            } => f
                .debug_struct("Established")
                .field("version", version)
                .field("peer", peer)
                .field("session_id", session_id)
                .finish(),
            Self::Rekeyed(direction) => f.debug_tuple("Rekeyed").field(direction).finish(),
            // A driver that logs its events must not log people's texts by it.
            Self::Message(plaintext) => write!(f, "Message({} bytes)", plaintext.len()),
            Self::Frame(frame) => f.debug_tuple("Frame").field(frame).finish(),
            Self::Closed(reason) => f.debug_tuple("Closed").field(reason).finish(),
        }
    }
}

/// A request for an operation with the local private key.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateKeyRequest {
    /// RSA-OAEP decryption: SHA-256, MGF1-SHA-256, empty label.
    Decrypt {
        /// The ciphertext, of any length: it comes from the peer.
        ciphertext: Vec<u8>,
    },
    /// RSA-PSS signature: SHA-256, MGF1-SHA-256, salt of 32 bytes.
    Sign {
        /// The message. It is secret, because v1 signs the session's keys.
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

    /// Returns the answer of a driver that cannot do the operation.
    pub fn refuse(&self) -> PrivateKeyResponse {
        match self {
            Self::Decrypt { .. } => PrivateKeyResponse::Decrypted(Err(OperationFailed)),
            Self::Sign { .. } => PrivateKeyResponse::Signed(Err(OperationFailed)),
        }
    }
}

impl fmt::Debug for PrivateKeyRequest {
    // Nothing of the request is shown, because a message to sign holds v1's session keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decrypt { .. } => "Decrypt(..)",
            Self::Sign { .. } => "Sign(..)",
        })
    }
}

/// The result of a [`PrivateKeyRequest`].
pub enum PrivateKeyResponse {
    /// The result of [`PrivateKeyRequest::Decrypt`].
    Decrypted(Result<Zeroizing<Vec<u8>>, OperationFailed>),
    /// The result of [`PrivateKeyRequest::Sign`].
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

/// The reason why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer ended its side as it should: v2 by its authenticated close, v1 by ending its stream
    /// between two frames.
    PeerClosed,
    /// The peer's stream ended inside a frame, or in v2 without the authenticated close: somebody
    /// may have cut it.
    Truncated,
    /// The peer reported an error. In v1, and in v2 before there are keys, anybody in between can
    /// have sent it: it is for people, not for decisions that matter.
    Reported {
        /// The error's code.
        code: ErrorCode,
        /// The error's sentence, without control characters, at most 200 characters.
        message: String,
    },
    /// This side refused what the peer sent, or failed itself.
    Failed(Error),
    /// This side closed the connection with this code.
    Local(ErrorCode),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerClosed => f.write_str("the peer closed"),
            Self::Truncated => f.write_str("the peer's stream was cut"),
            Self::Reported { code, message } => {
                write!(f, "the peer reported {code}: {message}")
            }
            Self::Failed(error) => write!(f, "{}: {error}", error.code()),
            Self::Local(code) => write!(f, "closed by us: {code}"),
        }
    }
}

/// The reason why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not done.
    #[error("the handshake is not done yet")]
    NotEstablished,
    /// The message, or in v1 its frame, would be longer than the limit.
    #[error("the message does not fit a frame of {limit} bytes")]
    TooLarge {
        /// The limit in bytes: of a frame in v1, of a message in v2.
        limit: usize,
    },
    /// The connection has ended.
    #[error("the connection has ended")]
    Closed,
}
