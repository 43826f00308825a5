//! The one interface of the protocol, for both roles: bytes in, events out, bytes out.
//!
//! A [`Connection`] is fed with `handle_*` and drained with `poll_*` until they give `None`:
//!
//! | the driver has | it calls | | the driver wants | it calls |
//! |---|---|---|---|---|
//! | bytes from the stream | [`Connection::handle_bytes`] | | bytes for the stream | [`Connection::poll_transmit`] |
//! | the stream's end | [`Connection::handle_eof`] | | what happened | [`Connection::poll_event`] |
//! | a private-key operation's result | [`Connection::handle_private_key`] | | when to wake up | [`Connection::poll_timeout`] |
//! | the time that was asked for | [`Connection::handle_timeout`] | | to send a message | [`Connection::send`] |
//! | | | | to say that it has nothing more to send | [`Connection::finish`] |
//!
//! [`Connection::poll_transmit`] may give events too (it seals what waits): a driver asks for both
//! until both are dry.
//!
//! Nothing fails towards the driver: a failure becomes an error frame or alert in the output and
//! the event [`Event::Closed`], after which the driver writes what is left and closes the stream.
//!
//! Operations with the private key are requests ([`Event::PrivateKey`]), so that a server answers
//! them on a pool of threads and a page in a Web Worker.

mod client;
mod event;
pub(crate) mod input;
pub(crate) mod io;
pub(crate) mod machine;
mod plaintext;
mod server;
mod version;

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use zeroize::Zeroizing;

pub use crate::frame::{CheckName, Direction, FrameKind, LayerName, Observe, ObservedFrame};
#[cfg(any(test, feature = "observe"))]
pub use crate::frame::{KeyUse, Layer, Verdict};
#[cfg(any(test, feature = "observe"))]
pub use crate::wire::fields::ALL as FIELDS;
#[cfg(any(test, feature = "observe"))]
pub use crate::wire::span::Field;
pub use crate::wire::span::{FieldDef, ValueKind};
pub use client::{Client, ClientConfig, ClientConnection, Trust};
pub use event::{CloseReason, Event, PrivateKeyRequest, PrivateKeyResponse, SendError};
pub use plaintext::Plaintext;
pub use server::{Server, ServerConfig, ServerConnection};
pub use version::{SessionId, UnknownVersion, Version};

use crate::error::{Error, InvalidMessage};
use crate::error_code::ErrorCode;
use crate::time::Time;
use input::Input;
use io::Io;
use machine::{Ended, Machine, Progress};

/// One connection of the given role; see [`ClientConnection`] and [`ServerConnection`].
#[derive(Debug)]
pub struct Connection<R> {
    // Boxed, because the client's first byte and the end of the connection put another machine in
    // its place.
    machine: Box<dyn Machine>,
    input: Input,
    io: Io,
    /// No more is read: the peer's side has ended, or this side has failed.
    finished: bool,
    /// The peer's stream has ended, but frames before its end still wait for a private-key result.
    eof: bool,
    sending: Sending,
    role: PhantomData<R>,
}

/// The state of this side of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Messages can be sent, once the handshake is done.
    Open,
    /// This side has said that no more messages come.
    Finished,
    /// This side has failed or closed: there is no session any more.
    Ended,
}

impl<R> Connection<R> {
    fn with_machine(machine: Box<dyn Machine>, io: Io) -> Self {
        Self {
            machine,
            input: Input::default(),
            io,
            finished: false,
            eof: false,
            sending: Sending::Open,
            role: PhantomData,
        }
    }

    /// Returns a connection that could not even be started.
    fn failed(io: Io, error: Error) -> Self {
        let mut connection = Self::with_machine(Box::new(Ended), io);
        connection.end(CloseReason::Failed(error));
        connection
    }

    /// Takes bytes that were read from the stream, in pieces of any size.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Time) {
        let mut rest = bytes;
        // In pieces, because a frame that is handled may change the limit for the next one.
        while !rest.is_empty() && !self.finished {
            // While a server decrypts or signs, no frame can be handled yet. Bytes that come
            // meanwhile wait, but no more of them than the longest frame has: a stranger must not
            // fill the memory.
            let limit = self.machine.buffer_limit();
            let room = limit.saturating_sub(self.input.unread().len());
            let (piece, tail) = rest.split_at(room.min(rest.len()));
            // A full buffer is a whole frame or an error, unless the machine holds its input.
            if piece.is_empty() {
                let error = InvalidMessage::TooMuchPending.into();
                self.io
                    .refused_bytes(rest.get(..limit).unwrap_or(rest), self.io.spans(), now);
                return self.refuse(&error, now);
            }
            self.input.push(piece);
            rest = tail;
            self.process(now);
        }
    }

    /// Returns `true` if more bytes are of use now. A driver that does not read while this is
    /// `false` leaves them to the stream's own flow control.
    pub fn wants_bytes(&self) -> bool {
        !self.finished && !self.machine.holds_input()
    }

    /// Takes the end of the peer's side of the stream.
    pub fn handle_eof(&mut self) {
        // Frames that came before the end are still held, and must be handled before it.
        if self.machine.holds_input() {
            self.eof = true;
        } else {
            self.peer_ended();
        }
    }

    /// Takes the result of the operation that [`Event::PrivateKey`] asked for. A result that nobody
    /// asked for is ignored.
    pub fn handle_private_key(&mut self, response: PrivateKeyResponse, now: Time) {
        if self.finished || !self.machine.waits_for_private_key() {
            return;
        }
        if let Err(error) = self.machine.handle_private_key(response, &mut self.io, now) {
            return self.refuse(&error, now);
        }
        // A result of the wrong kind has decided nothing.
        #[cfg(any(test, feature = "observe"))]
        if !self.machine.waits_for_verdict() {
            self.io.finish(None);
        }
        // There were no keys for a close when the driver finished; now there may be.
        if self.sending == Sending::Finished {
            self.machine.finish(&mut self.io, now);
        }
        // Only now the frames that waited for the key, and then the end that came behind them.
        self.process(now);
        if self.eof && !self.machine.holds_input() {
            self.peer_ended();
        }
    }

    /// Takes the time: ends the connection if its handshake is overdue, and changes keys if those
    /// are due.
    pub fn handle_timeout(&mut self, now: Time) {
        // A driver's timer may fire early, or after the deadline has gone.
        if self.poll_timeout().is_none_or(|deadline| now < deadline) {
            return;
        }
        if let Err(error) = self.machine.handle_timeout(&mut self.io, now) {
            self.fail(&error, now);
        }
    }

    /// Returns the time at which [`Self::handle_timeout`] wants to be called; `None` if nothing is
    /// due.
    pub fn poll_timeout(&self) -> Option<Time> {
        if self.finished {
            None
        } else {
            self.machine.poll_timeout()
        }
    }

    /// Returns everything that waits to be written, as one piece; `None` if nothing does. Messages
    /// that wait together go into as few records as possible, so a driver sends what it has first.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        // Sealing waits until here, so that messages that were sent together share a record: one
        // seal and one system call for many of them (PROTOCOL.md §2.9).
        self.machine.flush(&mut self.io);
        if self.io.output.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.io.output))
        }
    }

    /// Returns the oldest event. The driver asks until this is `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.io.next_event()
    }

    /// Queues `plaintext` for [`Self::poll_transmit`].
    ///
    /// This works also after the peer has ended its side (`Closed(PeerClosed)`), so that answers
    /// reach a peer that only closed its writing half.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send(&mut self, plaintext: &[u8], now: Time) -> Result<(), SendError> {
        if self.sending != Sending::Open {
            return Err(SendError::Closed);
        }
        self.machine.send(plaintext, &mut self.io, now)
    }

    /// Says that this side sends no more messages; the peer's messages are still read. v2 tells the
    /// peer by an authenticated close, as soon as there are keys for it. v1 has no such message:
    /// the driver ends the stream, and a handshake that is under way goes on.
    pub fn finish(&mut self, now: Time) {
        if self.sending == Sending::Open {
            self.sending = Sending::Finished;
            self.machine.finish(&mut self.io, now);
        }
    }

    /// Returns `true` if the handshake is done and messages can be sent.
    pub fn is_established(&self) -> bool {
        self.sending != Sending::Ended && self.machine.is_established()
    }

    /// Returns the session's public name; `None` before the handshake is done, and in v1.
    pub fn session_id(&self) -> Option<SessionId> {
        self.machine.session_id()
    }

    /// Returns a secret (32 bytes) that only the two ends of this session know, for keys and
    /// channel bindings of an application's own (the purpose of RFC 8446 §7.5): derive from it,
    /// with a label, and never use it as it is. `None` before the handshake is done, and in v1.
    pub fn exporter(&self) -> Option<Zeroizing<[u8; 32]>> {
        let secret = self.machine.exporter()?;
        Some(Zeroizing::new(*secret.as_bytes()))
    }

    /// Ends the connection from this side, and tells the peer `code` if this role can.
    pub fn close(&mut self, code: ErrorCode, now: Time) {
        if self.sending != Sending::Ended {
            self.machine.farewell(code, &mut self.io, now);
            self.end(CloseReason::Local(code));
        }
    }

    /// Returns the number of bytes of frames that are not whole yet.
    #[cfg(fuzzing)]
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.input.unread().len()
    }

    /// Returns the number of bytes that are allocated for frames that are not whole yet.
    #[cfg(test)]
    pub(crate) fn input_capacity(&self) -> usize {
        self.input.capacity()
    }

    /// Takes every whole frame out of the input, until one needs a private-key operation.
    fn process(&mut self, now: Time) {
        while !self.finished && !self.machine.holds_input() {
            let progress = self.machine.handle_next(&mut self.input, &mut self.io, now);
            #[cfg(any(test, feature = "observe"))]
            if progress.is_ok() && !self.machine.waits_for_verdict() {
                self.io.finish(None);
            }
            match progress {
                Ok(Progress::Handled) => {}
                Ok(Progress::NeedMore) => break,
                Ok(Progress::Become(machine)) => self.machine = machine,
                Ok(Progress::PeerClosed) => self.peer_closed(CloseReason::PeerClosed),
                Ok(Progress::Reported(code, message)) => {
                    self.end(CloseReason::Reported { code, message });
                }
                Err(error) => self.refuse(&error, now),
            }
            if self.sending == Sending::Finished {
                // There may have been no keys for a close when the driver finished.
                self.machine.finish(&mut self.io, now);
            }
        }
        // Once for all frames of a read, because each call moves the rest of the buffer.
        self.input.compact();
    }

    /// Fails for a frame that was received.
    fn refuse(&mut self, error: &Error, now: Time) {
        // Before the alert, which is the next frame.
        #[cfg(any(test, feature = "observe"))]
        self.io.finish(Some(error));
        self.fail(error, now);
    }

    fn fail(&mut self, error: &Error, now: Time) {
        if self.sending != Sending::Ended {
            // Before `end`, which drops the machine and with it the keys that seal the alert.
            self.machine.refuse(error, &mut self.io, now);
            self.end(CloseReason::Failed(error.clone()));
        }
    }

    /// Takes the end of the stream once nothing before it waits any more.
    fn peer_ended(&mut self) {
        let inside_frame = !self.input.unread().is_empty();
        self.peer_closed(self.machine.end_of_stream(inside_frame));
    }

    fn peer_closed(&mut self, reason: CloseReason) {
        if !self.finished {
            self.finished = true;
            // Dropping the old buffer wipes the plaintexts and proofs in it.
            self.input = Input::default();
            // A frame whose verdict was not known yet.
            #[cfg(any(test, feature = "observe"))]
            self.io.finish(None);
            self.io.close(reason);
        }
    }

    /// Ends the connection: wipes the session's keys and drops the input.
    fn end(&mut self, reason: CloseReason) {
        self.sending = Sending::Ended;
        self.machine = Box::new(Ended);
        self.peer_closed(reason);
    }
}
