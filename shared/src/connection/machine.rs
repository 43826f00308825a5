//! The state machine of one role of one version: the engine of a [`Connection`](super::Connection).

use std::fmt;

use super::event::{CloseReason, PrivateKeyResponse, SendError};
use super::input::Input;
use super::io::Io;
use super::version::SessionId;
use crate::crypto::hkdf::Secret;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::time::Time;

/// A state machine that turns frames into events and messages into frames.
pub(crate) trait Machine: fmt::Debug + Send {
    /// Returns the most bytes that may be buffered: those of the longest frame that may come next.
    fn buffer_limit(&self) -> usize;

    /// Takes the next frame out of `input`, if a whole one is there.
    ///
    /// # Errors
    /// The reason why the connection ends.
    fn handle_next(&mut self, input: &mut Input, io: &mut Io, now: Time)
    -> Result<Progress, Error>;

    /// Returns `true` while an operation with the private key is under way.
    fn waits_for_private_key(&self) -> bool;

    /// Returns `true` while frames have to wait until that operation is done.
    fn holds_input(&self) -> bool;

    /// Returns `true` while that operation decides whether the last frame is accepted.
    // v2 verifies what it has read at once; v1's server cannot before the session is decrypted.
    #[cfg(any(test, feature = "observe"))]
    fn waits_for_verdict(&self) -> bool {
        false
    }

    /// Takes the result of an operation with the private key.
    ///
    /// # Errors
    /// The reason why the connection ends.
    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        now: Time,
    ) -> Result<(), Error>;

    /// Returns the time at which [`Self::handle_timeout`] wants to be called.
    fn poll_timeout(&self) -> Option<Time>;

    /// Takes the time that [`Self::poll_timeout`] asked for.
    ///
    /// # Errors
    /// The reason why the connection ends: usually that the handshake is overdue.
    fn handle_timeout(&mut self, io: &mut Io, now: Time) -> Result<(), Error>;

    /// Returns `true` if messages can be sent.
    fn is_established(&self) -> bool;

    /// Queues a message.
    ///
    /// # Errors
    /// The reason why the message was not queued.
    fn send(&mut self, plaintext: &[u8], io: &mut Io, now: Time) -> Result<(), SendError>;

    /// Seals messages that are queued but not sealed yet.
    // v1 seals at once, so nothing waits in it.
    fn flush(&mut self, _io: &mut Io) {}

    /// Tells the peer that nothing more will be sent, if this version can tell it.
    // v1 has no message for it: the end of the stream is all (PROTOCOL.md §1.6).
    fn finish(&mut self, _io: &mut Io, _now: Time) {}

    /// Tells the peer why the connection ends, if this role can tell it.
    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time);

    /// Tells the peer of a failure, as [`Self::farewell`] does of a code.
    fn refuse(&mut self, error: &Error, io: &mut Io, now: Time) {
        self.farewell(error.code(), io, now);
    }

    /// Returns the meaning of the stream's end here; `inside_frame` if bytes are left.
    fn end_of_stream(&self, inside_frame: bool) -> CloseReason {
        // v1's rule: an end between two frames counts as honest, because nothing tells it from a
        // cut (PROTOCOL.md §1.6).
        if inside_frame {
            CloseReason::Truncated
        } else {
            CloseReason::PeerClosed
        }
    }

    /// Returns the session's public name, if it is established and has one.
    fn session_id(&self) -> Option<SessionId> {
        None
    }

    /// Returns a secret that only the two ends know, if the session is established and has one.
    fn exporter(&self) -> Option<&Secret> {
        None
    }
}

/// The result of a look at the input.
pub(crate) enum Progress {
    /// No whole frame is there.
    NeedMore,
    /// A frame was handled; there may be another one.
    Handled,
    /// The input belongs to another machine, which takes over.
    Become(Box<dyn Machine>),
    /// The peer ended its side as it should.
    PeerClosed,
    /// The peer reported an error and will close.
    Reported(ErrorCode, String),
}

/// The machine of a connection that has ended: it keeps nothing and does nothing.
#[derive(Debug)]
pub(super) struct Ended;

impl Machine for Ended {
    fn buffer_limit(&self) -> usize {
        0
    }

    fn handle_next(&mut self, _: &mut Input, _: &mut Io, _: Time) -> Result<Progress, Error> {
        Ok(Progress::NeedMore)
    }

    fn waits_for_private_key(&self) -> bool {
        false
    }

    fn holds_input(&self) -> bool {
        false
    }

    fn handle_private_key(
        &mut self,
        _: PrivateKeyResponse,
        _: &mut Io,
        _: Time,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn handle_timeout(&mut self, _: &mut Io, _: Time) -> Result<(), Error> {
        Ok(())
    }

    fn is_established(&self) -> bool {
        false
    }

    fn send(&mut self, _: &[u8], _: &mut Io, _: Time) -> Result<(), SendError> {
        Err(SendError::Closed)
    }

    fn farewell(&mut self, _: ErrorCode, _: &mut Io, _: Time) {}
}
