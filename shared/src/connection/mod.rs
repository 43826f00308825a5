//! The one face of the protocol, for both roles: bytes in, events out, bytes out.
//!
//! A [`Connection`] is fed with `handle_*` and drained with `poll_*` until they give `None`:
//!
//! | the driver has | it calls | | the driver wants | it calls |
//! |---|---|---|---|---|
//! | bytes from the stream | [`Connection::handle_bytes`] | | bytes for the stream | [`Connection::poll_transmit`] |
//! | the stream's end | [`Connection::handle_eof`] | | what happened | [`Connection::poll_event`] |
//! | a private-key operation's result | [`Connection::handle_private_key`] | | when to wake up | [`Connection::poll_timeout`] |
//! | the time that was asked for | [`Connection::handle_timeout`] | | to send a message | [`Connection::send`] |
//!
//! Nothing fails towards the driver: a failure becomes the error frame in the output and the event
//! [`Event::Closed`], after which the driver writes what is left and closes the stream.
//!
//! Operations with the private key are requests ([`Event::PrivateKey`]), so that a server answers
//! them on a pool of threads and a page in a Web Worker.

mod client;
mod event;
mod io;
mod role;
mod server;
mod version;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use client::{ClientConfig, ClientConnection, ClientRole, Trust};
pub use event::{
    CloseReason, Direction, Event, FrameKind, FrameSeen, PrivateKeyRequest, PrivateKeyResponse,
    SendError,
};
pub use server::{ServerConfig, ServerConnection, ServerRole};
pub use version::{SessionId, UnknownVersion, Version};

use crate::error::{Error, ErrorCode};
use crate::time::Time;
use crate::v1::message::frame_bytes;
use io::Io;
pub use role::Role;

/// One connection of the given role; see [`ClientConnection`] and [`ServerConnection`].
#[derive(Debug)]
pub struct Connection<R> {
    role: R,
    io: Io,
    /// No more is read: the peer's side has ended, or we have failed.
    finished: bool,
    /// The peer's stream has ended, but frames before its end still wait for a private-key result.
    eof: bool,
    /// We have failed or closed: nothing more is sent either.
    closed: bool,
}

impl<R: Role> Connection<R> {
    fn with_role(role: R, observe_frames: bool) -> Self {
        Self {
            role,
            io: Io::new(observe_frames),
            finished: false,
            eof: false,
            closed: false,
        }
    }

    /// Takes what was read from the stream, in pieces of any size.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Time) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.finished {
            // While a server decrypts a session nothing can be judged yet: what came with the
            // handshake waits, within the limit of a message.
            let room = self.io.input.room(self.role.frame_limit());
            let (piece, tail) = rest.split_at(room.min(rest.len()));
            if piece.is_empty() {
                return self.fail(&Error::InvalidMessage(
                    crate::error::InvalidMessage::TooMuchPending,
                ));
            }
            self.io.input.push(piece);
            rest = tail;
            self.process(now);
        }
    }

    /// Whether more bytes are of use now. A driver that does not read while this is `false`
    /// leaves them to the stream's own flow control.
    pub fn wants_bytes(&self) -> bool {
        !self.finished && !self.role.holds_input()
    }

    /// Takes the end of the peer's side of the stream.
    pub fn handle_eof(&mut self) {
        if self.role.holds_input() {
            self.eof = true;
        } else {
            self.finish();
        }
    }

    /// Takes the result of the operation that [`Event::PrivateKey`] asked for. A result that
    /// nobody asked for is ignored.
    pub fn handle_private_key(&mut self, response: PrivateKeyResponse, now: Time) {
        if self.finished || !self.role.waits_for_private_key() {
            return;
        }
        if let Err(error) = self.role.handle_private_key(response, &mut self.io, now) {
            return self.fail(&error);
        }
        self.process(now);
        if self.eof && !self.role.holds_input() {
            self.finish();
        }
    }

    /// Takes the time; ends the connection if its handshake is overdue.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.poll_timeout().is_some_and(|deadline| now >= deadline) {
            self.fail(&Error::TimedOut);
        }
    }

    /// When [`Self::handle_timeout`] wants to be called; `None` if nothing is due.
    pub fn poll_timeout(&self) -> Option<Time> {
        if self.finished {
            None
        } else {
            self.role.deadline()
        }
    }

    /// Everything that waits to be written, as one piece; `None` if nothing does.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.io.output.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.io.output))
        }
    }

    /// What happened, oldest first. The driver asks until this is `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.io.events.pop_front()
    }

    /// Seals `plaintext` and queues its frame for [`Self::poll_transmit`].
    ///
    /// After the peer has ended its side (`Closed(PeerClosed)`) this still works, so that answers
    /// reach a peer that only closed its writing half.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send(&mut self, plaintext: &[u8], now: Time) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::Closed);
        }
        let Some(session) = self.role.session() else {
            return Err(SendError::NotEstablished);
        };
        let limit = self.role.message_frame_limit();
        if frame_bytes(plaintext.len()) > limit {
            return Err(SendError::TooLarge { limit });
        }
        let start = self.io.output.len();
        session.seal(plaintext, &mut self.io.output);
        self.io.observe_sent(FrameKind::Message, start, now);
        Ok(())
    }

    /// Whether the handshake is done and messages can be sent.
    pub fn is_established(&self) -> bool {
        !self.closed && self.role.session().is_some()
    }

    /// Ends the connection from our side. A server tells the client `code` in an error frame.
    pub fn close(&mut self, code: ErrorCode) {
        if !self.closed {
            self.role.farewell(code, &mut self.io);
            self.end(CloseReason::Local(code));
        }
    }

    /// Takes every whole frame out of the input, until one needs a private-key operation.
    fn process(&mut self, now: Time) {
        // Taken out so that a frame can be borrowed from it while the rest is changed.
        let mut input = std::mem::take(&mut self.io.input);
        let failure = loop {
            if self.finished || self.role.holds_input() {
                break None;
            }
            if let Some(byte) = input.first_byte()
                && let Err(error) = self.role.check_first_byte(byte)
            {
                break Some(error);
            }
            match input.next_frame(self.role.frame_limit()) {
                Ok(None) => break None,
                Err(error) => break Some(error.into()),
                Ok(Some(frame)) => match self.role.handle_frame(frame, &mut self.io, now) {
                    Ok(Progress::Continue) => {}
                    Ok(Progress::SkipNewline) => input.skip_one_newline(),
                    Ok(Progress::Reported(code, message)) => {
                        self.end(CloseReason::Reported { code, message });
                    }
                    Err(error) => break Some(error),
                },
            }
        };
        input.compact();
        self.io.input = input;
        if let Some(error) = failure {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &Error) {
        if !self.closed {
            self.role.farewell(error.code(), &mut self.io);
            self.end(CloseReason::Failed(error.clone()));
        }
    }

    /// The peer has ended its side.
    fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            let truncated = self.io.input.pending() > 0;
            let reason = if truncated {
                CloseReason::Truncated
            } else {
                CloseReason::PeerClosed
            };
            self.io.events.push_back(Event::Closed(reason));
        }
    }

    /// We end the connection: the session's keys are wiped, the input is dropped.
    fn end(&mut self, reason: CloseReason) {
        self.closed = true;
        self.role.wipe();
        self.io.input = crate::v1::framing::Deframer::default();
        if !self.finished {
            self.finished = true;
            self.io.events.push_back(Event::Closed(reason));
        }
    }
}

/// What a frame led to.
pub(crate) enum Progress {
    /// On to the next frame.
    Continue,
    /// The same, but the next byte may be a superfluous newline (after an announcement).
    SkipNewline,
    /// The server has reported an error and will close.
    Reported(ErrorCode, String),
}

/// A decrypted plaintext; wiped when dropped.
pub type Plaintext = Zeroizing<Vec<u8>>;
