//! The state of both roles after the handshake: one sealer for both directions, and the sending of
//! messages.

use std::fmt;

use super::message;
use crate::connection::io::Io;
use crate::connection::{Plaintext, SendError};
use crate::crypto::cbc_hmac::{KEY_BYTES, Sealer, SessionBlob};
use crate::error::Error;
use crate::frame::{FrameKind, LayerName};
use crate::limits::Limits;
use crate::time::Time;
use crate::wire::fields::{AES_KEY, IV};
use crate::wire::trace::Trace;

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
    pub(crate) fn seal(&self, plaintext: &[u8], output: &mut Vec<u8>, trace: &mut Trace) {
        message::write(&self.sealer, plaintext, output, trace);
    }

    /// Opens a message's frame.
    pub(crate) fn open(&self, frame: &[u8], trace: &mut Trace) -> Result<Plaintext, Error> {
        let mut opened = message::read(&self.sealer, frame, trace)?;
        // Moved and not copied: `Plaintext` wipes the whole allocation at once, `Zeroizing` byte by
        // byte.
        Ok(Plaintext::new(std::mem::take(&mut *opened)))
    }
}

/// Records the session's secrets, if their values are recorded.
#[inline]
pub(crate) fn record_blob(blob: &SessionBlob, trace: &mut Trace) {
    if trace.has_secrets() {
        let bytes = blob.to_bytes();
        trace.read_opened(LayerName::Plaintext, &bytes, |reader| {
            reader.array::<KEY_BYTES>(&AES_KEY);
            reader.rest(&IV);
        });
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
    let (start, mut trace) = (io.output.len(), io.new_trace());
    session.seal(plaintext, &mut io.output, &mut trace);
    io.sent(FrameKind::Message, start, trace, now);
    Ok(())
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(secret)")
    }
}
