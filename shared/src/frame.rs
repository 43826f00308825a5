//! The words of both versions for a frame: its kind, its direction, the checks that can refuse it,
//! and the record of it that an observed connection reports.
//!
//! Apart from [`connection`](crate::connection), because errors name the kind that was expected,
//! and a connection is made of errors.

mod check;
mod observed;

use std::fmt;

pub use check::CheckName;
#[cfg(any(test, feature = "observe"))]
pub(crate) use observed::LayerRecord;
#[cfg(any(test, all(fuzzing, feature = "observe")))]
pub(crate) use observed::assert_covered;
#[cfg(any(test, feature = "observe"))]
pub use observed::{KeyUse, Layer, Verdict};
pub use observed::{LayerName, Observe, ObservedFrame};

/// The bytes that end every frame of v1; they are not part of it.
pub(crate) const TERMINATOR: &[u8; 2] = b"\n\n";

/// The direction of a frame, seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From this side to the peer.
    Sent,
    /// From the peer to this side.
    Received,
}

/// The kind of a frame. A sealed frame has the kind of the message in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// The server's public key, in both versions.
    Announcement,
    /// v1: the client's handshake.
    Handshake,
    /// A sealed message; a v2 record may hold several.
    Message,
    /// v1: an error in clear.
    Error,
    /// v2: the five bytes that choose the version.
    Preface,
    /// v2: the client's ephemeral keys.
    ClientHello,
    /// v2: the server's ephemeral key and the ML-KEM ciphertext.
    ServerHello,
    /// v2, sealed: the server's key and signature.
    ServerAuth,
    /// v2, sealed: the server's MAC of the handshake so far.
    ServerFinished,
    /// v2, sealed: the client's key and signature.
    ClientAuth,
    /// v2, sealed: the client's MAC of the handshake so far.
    ClientFinished,
    /// v2, sealed: the announcement that the sender's next record has new keys.
    KeyUpdate,
    /// v2: the reason why the sender ends the connection; sealed as soon as it has keys.
    Alert,
    /// v2, sealed: the authenticated end.
    Close,
    /// A frame whose kind could not be told: a sealed one that did not open or opened to a type that
    /// is not known, or one that was refused before.
    Unopened,
}

impl FrameKind {
    /// Returns the kind in the words of the protocol's document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announcement => "announcement",
            Self::Handshake => "handshake",
            Self::Message => "message",
            Self::Error => "error",
            Self::Preface => "preface",
            Self::ClientHello => "client_hello",
            Self::ServerHello => "server_hello",
            Self::ServerAuth => "server_auth",
            Self::ServerFinished => "server_finished",
            Self::ClientAuth => "client_auth",
            Self::ClientFinished => "client_finished",
            Self::KeyUpdate => "key_update",
            Self::Alert => "alert",
            Self::Close => "close",
            Self::Unopened => "unopened",
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
