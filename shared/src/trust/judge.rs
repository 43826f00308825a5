//! The meaning of a pin for a connection that is about to be made.

use super::pin::Pin;
use crate::connection::{Trust, Version};

/// The decision whether a connection may be made, and which key it may accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The connection may be made, with this rule for the server's key.
    Connect(Trust),
    /// A higher version was spoken with this server before. The lower one proves nothing, so it
    /// stays refused until a person removes the pin.
    VersionFloor {
        /// The pin of the server.
        pin: Pin,
    },
}

/// Judges a connection with `version` to a server that has this `pin`.
///
/// | | v1 | v2 |
/// |---|---|---|
/// | no pin | any key, since v1 can prove none | learns the key, then a person is asked |
/// | pin, v1 spoken at most | the pinned key only | the pinned key only |
/// | pin, v2 spoken | refused | the pinned key only |
pub fn judge(pin: Option<&Pin>, version: Version) -> Judgement {
    match pin {
        // Before the pin's key is looked at: somebody in between could otherwise keep a client from
        // v2 and be anybody, because v1 can prove nothing (PROTOCOL.md §2.14).
        Some(pin) if pin.highest > version => Judgement::VersionFloor { pin: *pin },
        Some(pin) => Judgement::Connect(Trust::Pinned(pin.fingerprint)),
        // There is nothing to learn: a key that v1 announces is not proven, so no pin can come of
        // it.
        None if version == Version::V1 => Judgement::Connect(Trust::Any),
        None => Judgement::Connect(Trust::Learn),
    }
}
