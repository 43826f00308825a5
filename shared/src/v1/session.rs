//! The state of both roles after the handshake: one sealer for both directions, and the sending of
//! messages.

use std::fmt;

use super::message;
use crate::connection::io::Io;
use crate::connection::{Plaintext, SendError};
use crate::crypto::cbc_hmac::{Sealer, SessionBlob};
use crate::error::Error;
use crate::frame::FrameKind;
use crate::limits::Limits;
use crate::time::Time;

/// An established v1 session.
pub(crate) struct Session {
    // Boxed, because the key schedules take 0.9 KiB, which a connection before its handshake need
    // not have.
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
    pub(crate) fn open(&self, frame: &[u8]) -> Result<Plaintext, Error> {
        let mut opened = message::decode(&self.sealer, frame)?;
        // Moved and not copied: `Plaintext` wipes the whole allocation at once, `Zeroizing` byte by
        // byte.
        Ok(Plaintext::new(std::mem::take(&mut *opened)))
    }
}

/// Seals `plaintext` and queues its frame.
pub(super) fn send(
    session: &Session,
    plaintext: &[u8],
    limits: &Limits,
    io: &mut Io,
    now: Time,
) -> Result<(), SendError> {
    let limit = limits.message_frame_bytes;
    // Checked by arithmetic, before a message that is too long is encrypted.
    if message::frame_bytes(plaintext.len()) > limit {
        return Err(SendError::TooLarge { limit });
    }
    let start = io.output.len();
    session.seal(plaintext, &mut io.output);
    io.observe_sent(FrameKind::Message, start, now);
    Ok(())
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(secret)")
    }
}
