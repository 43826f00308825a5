//! What a pin means for a connection that is about to be made.

use super::pin::Pin;
use crate::connection::{Trust, Version};

/// Whether a connection may be made, and which key it may accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It may, and this is what its configuration says about the server's key.
    Connect(Trust),
    /// A higher version was spoken with this server before. The lower one proves nothing, so it
    /// stays refused until a person removes the pin.
    VersionFloor {
        /// What is remembered of the server.
        pin: Pin,
    },
}

/// Judges a connection with `version` to a server of which `pin` is remembered.
///
/// | | v1 | v2 |
/// |---|---|---|
/// | no pin | any key, since v1 can prove none | learns the key, then a person is asked |
/// | pin, v1 spoken at most | the pinned key only | the pinned key only |
/// | pin, v2 spoken | refused | the pinned key only |
pub fn judge(pin: Option<&Pin>, version: Version) -> Judgement {
    match pin {
        Some(pin) if pin.highest > version => Judgement::VersionFloor { pin: *pin },
        Some(pin) => Judgement::Connect(Trust::Pinned(pin.fingerprint)),
        None if version == Version::V1 => Judgement::Connect(Trust::Any),
        None => Judgement::Connect(Trust::Learn),
    }
}
