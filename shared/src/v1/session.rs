//! What both roles have after the handshake: one sealer for both directions.

use std::fmt;

use zeroize::Zeroizing;

use super::message;
use crate::crypto::cbc_hmac::{Sealer, SessionBlob};
use crate::error::Error;

/// An established v1 session.
pub(crate) struct Session {
    // Boxed: the key schedules take 0.9 KiB, which a connection before its handshake need not have.
    sealer: Box<Sealer>,
}

impl Session {
    pub(crate) fn new(blob: &SessionBlob) -> Self {
        Self {
            sealer: Box::new(Sealer::new(blob)),
        }
    }

    /// Appends the frame of `plaintext` to `output`.
    pub(crate) fn seal(&self, plaintext: &[u8], output: &mut Vec<u8>) {
        message::encode(&self.sealer, plaintext, output);
    }

    /// Opens a message's frame.
    pub(crate) fn open(&self, frame: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        message::decode(&self.sealer, frame)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(secret)")
    }
}
