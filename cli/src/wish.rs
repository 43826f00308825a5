//! The wish for a connection, which the sentences of [`advice`](crate::advice) and the judgement of
//! [`contact`](crate::contact) both need.

use shared::connection::Version;
use shared::identity::Fingerprint;

use crate::address::Address;

/// The server that a person wants to talk to, and how.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The server's address.
    pub(crate) address: Address,
    /// The version of the protocol to speak.
    pub(crate) version: Version,
    /// The key that the server must have, if it was said ahead of time.
    pub(crate) expected: Option<Fingerprint>,
    /// Shows every frame.
    pub(crate) observe_frames: bool,
}
