//! One role of one version of the protocol: what a [`Connection`](super::Connection) is driven by.

use std::fmt;

use super::event::{CloseReason, PrivateKeyResponse, SendError};
use super::input::Input;
use super::io::Io;
use super::version::SessionId;
use crate::crypto::hkdf::Secret;
use crate::error::{Error, ErrorCode};
use crate::time::Time;

/// A state machine that turns frames into events and messages into frames.
pub(crate) trait Machine: fmt::Debug + Send {
    /// Most bytes that may be buffered: those of the longest frame that may come next.
    fn buffer_limit(&self) -> usize;

    /// Takes the next frame out of `input`, if a whole one is there.
    ///
    /// # Errors
    /// Why the connection ends.
    fn handle_next(&mut self, input: &mut Input, io: &mut Io, now: Time)
    -> Result<Progress, Error>;

    /// Whether an operation with the private key is under way.
    fn waits_for_private_key(&self) -> bool;

    /// Whether frames have to wait until that operation is done.
    fn holds_input(&self) -> bool;

    /// Takes the result of an operation with the private key.
    ///
    /// # Errors
    /// Why the connection ends.
    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        now: Time,
    ) -> Result<(), Error>;

    /// When [`Self::handle_timeout`] wants to be called.
    fn poll_timeout(&self) -> Option<Time>;

    /// Takes the time that [`Self::poll_timeout`] asked for.
    ///
    /// # Errors
    /// Why the connection ends: usually because the handshake is overdue.
    fn handle_timeout(&mut self, io: &mut Io, now: Time) -> Result<(), Error>;

    /// Whether messages can be sent.
    fn is_established(&self) -> bool;

    /// Queues a message.
    ///
    /// # Errors
    /// Why it was not queued.
    fn send(&mut self, plaintext: &[u8], io: &mut Io, now: Time) -> Result<(), SendError>;

    /// Seals what was queued but is not sealed yet.
    fn flush(&mut self, _io: &mut Io) {}

    /// Says that nothing more will be sent, if this version says such things.
    fn finish(&mut self, _io: &mut Io, _now: Time) {}

    /// Says why the connection ends, if this role says such things.
    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time);

    /// The same for a failure of the peer's or ours.
    fn refuse(&mut self, error: &Error, io: &mut Io, now: Time) {
        self.farewell(error.code(), io, now);
    }

    /// What it means that the stream ends here; `inside_frame` if bytes are left.
    fn end_of_stream(&self, inside_frame: bool) -> CloseReason {
        if inside_frame {
            CloseReason::Truncated
        } else {
            CloseReason::PeerClosed
        }
    }

    /// The session's public name, if it is established and has one.
    fn session_id(&self) -> Option<SessionId> {
        None
    }

    /// A secret that only the two ends know, if the session is established and has one.
    fn exporter(&self) -> Option<&Secret> {
        None
    }
}

/// What a look at the input led to.
pub(crate) enum Progress {
    /// No whole frame is there.
    NeedMore,
    /// A frame was handled; there may be another one.
    Handled,
    /// The input belongs to another machine, which takes over.
    Become(Box<dyn Machine>),
    /// The peer has ended its side as it should.
    PeerClosed,
    /// The peer has reported an error and will close.
    Reported(ErrorCode, String),
}

/// The connection has ended: nothing is kept, nothing happens.
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
