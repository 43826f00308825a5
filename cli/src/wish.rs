//! The wish for a connection, which both the sentences of [`advice`](crate::advice) and the
//! decisions of [`contact`](crate::contact) need.

use shared::connection::Version;
use shared::identity::Fingerprint;

use crate::address::Address;
use crate::capture::Capture;

/// The server that a person wants to connect to, and the way.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The server's address.
    pub(crate) address: Address,
    /// The version of the protocol to speak.
    pub(crate) version: Version,
    /// The key that the server must have, if it was given ahead of time.
    pub(crate) expected: Option<Fingerprint>,
    /// Every frame is shown.
    pub(crate) observe_frames: bool,
    /// The capture that the session's bytes go into.
    pub(crate) capture: Option<Capture>,
}
