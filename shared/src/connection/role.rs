//! What client and server do differently in a connection.

use super::Progress;
use super::event::PrivateKeyResponse;
use super::io::Io;
use crate::error::{Error, ErrorCode};
use crate::time::Time;
use crate::v1::session::Session;

/// A role of the protocol. Implemented by this crate's two roles only.
#[expect(
    private_interfaces,
    reason = "sealed: nobody outside implements or calls it"
)]
pub trait Role {
    /// Most bytes of the next frame.
    fn frame_limit(&self) -> usize;
    /// Most bytes of a message's frame.
    fn message_frame_limit(&self) -> usize;
    /// Whether an operation with the private key is under way.
    fn waits_for_private_key(&self) -> bool;
    /// Whether frames have to wait until that operation is done.
    fn holds_input(&self) -> bool;
    /// When the handshake is overdue.
    fn deadline(&self) -> Option<Time>;
    /// The session, once it is established.
    fn session(&self) -> Option<&Session>;
    /// Judges the first byte of a frame before the rest is there.
    ///
    /// # Errors
    /// Why the connection ends.
    fn check_first_byte(&self, byte: u8) -> Result<(), Error>;
    /// Takes a frame.
    ///
    /// # Errors
    /// Why the connection ends.
    fn handle_frame(&mut self, frame: &[u8], io: &mut Io, now: Time) -> Result<Progress, Error>;
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
    /// Says why the connection ends, if this role says such things.
    fn farewell(&self, code: ErrorCode, io: &mut Io);
    /// Drops every secret.
    fn wipe(&mut self);
}
