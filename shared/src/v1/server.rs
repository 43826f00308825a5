//! v1's server: its handshake, with one struct per state, named for what it waits for, and the
//! machine that goes through the states.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::error_frame;
use super::framing::Deframer;
use super::handshake::{self, Handshake};
use super::session::{self, Session};
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::{Machine, Progress};
use crate::connection::{
    Event, PrivateKeyRequest, PrivateKeyResponse, SendError, ServerConfig, Version,
};
use crate::crypto::cbc_hmac::{SESSION_BLOB_BYTES, SessionBlob};
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::rsa_public::pss_verify_any_salt;
use crate::error::{Error, PeerMisbehaved};
use crate::error_code::ErrorCode;
use crate::frame::FrameKind;
use crate::identity::PublicKey;
use crate::time::Time;
use crate::wire::trace::Trace;

/// The machine of a v1 server.
#[derive(Debug)]
pub(crate) struct Server {
    config: Arc<ServerConfig>,
    deadline: Time,
    deframer: Deframer,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectHandshake(ExpectHandshake),
    // Boxed, because it holds a whole client key, and only for milliseconds.
    ExpectSession(Box<ExpectSession>),
    Established(Session),
    Ended,
}

impl Server {
    pub(crate) fn new(config: Arc<ServerConfig>, deadline: Time) -> Self {
        Self {
            config,
            deadline,
            deframer: Deframer::default(),
            state: State::ExpectHandshake(ExpectHandshake),
        }
    }

    fn frame_limit(&self) -> usize {
        match self.state {
            State::ExpectHandshake(_) => self.config.limits.handshake_frame_bytes,
            // Also while the server decrypts: messages may come together with the handshake and
            // wait (PROTOCOL.md §1.8).
            _ => self.config.limits.message_frame_bytes,
        }
    }
}

impl Machine for Server {
    fn buffer_limit(&self) -> usize {
        self.deframer.buffer_limit(self.frame_limit())
    }

    fn handle_next(
        &mut self,
        input: &mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        let limit = self.frame_limit();
        let Some(frame) = self.deframer.next_frame(input, limit, io, now)? else {
            return Ok(Progress::NeedMore);
        };
        match std::mem::replace(&mut self.state, State::Ended) {
            State::ExpectHandshake(state) => {
                io.kind(FrameKind::Handshake);
                let next = state.handle_frame(frame, &mut io.trace)?;
                let ciphertext = next.ciphertext().to_vec();
                io.event(Event::PrivateKey(PrivateKeyRequest::Decrypt { ciphertext }));
                self.state = State::ExpectSession(Box::new(next));
            }
            State::Established(session) => {
                io.kind(FrameKind::Message);
                let opened = session.open(frame, &mut io.trace)?;
                io.event(Event::Message(opened));
                self.state = State::Established(session);
            }
            // No frame is taken in these states; one would be an error of `Connection`.
            state @ (State::ExpectSession(_) | State::Ended) => self.state = state,
        }
        Ok(Progress::Handled)
    }

    fn waits_for_private_key(&self) -> bool {
        matches!(self.state, State::ExpectSession(_))
    }

    #[cfg(any(test, feature = "observe"))]
    fn waits_for_verdict(&self) -> bool {
        self.waits_for_private_key()
    }

    fn holds_input(&self) -> bool {
        // Messages may come together with the handshake, and cannot be opened before the session is
        // decrypted.
        self.waits_for_private_key()
    }

    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        _now: Time,
    ) -> Result<(), Error> {
        match (std::mem::replace(&mut self.state, State::Ended), response) {
            (State::ExpectSession(state), PrivateKeyResponse::Decrypted(decrypted)) => {
                let (session, peer) = state.handle_decrypted(decrypted, &mut io.trace)?;
                io.event(Event::Established {
                    version: Version::V1,
                    peer,
                    session_id: None,
                });
                self.state = State::Established(session);
            }
            // A response that nobody asked for must not change the state.
            (state, _) => self.state = state,
        }
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Time> {
        // The deadline ends with the handshake's frame: the time that the server itself computes
        // does not count against the client (PROTOCOL.md §1.1).
        matches!(self.state, State::ExpectHandshake(_)).then_some(self.deadline)
    }

    fn handle_timeout(&mut self, _io: &mut Io, _now: Time) -> Result<(), Error> {
        Err(Error::TimedOut)
    }

    fn is_established(&self) -> bool {
        matches!(self.state, State::Established(_))
    }

    fn send(&mut self, plaintext: &[u8], io: &mut Io, now: Time) -> Result<(), SendError> {
        let State::Established(session) = &self.state else {
            return Err(SendError::NotEstablished);
        };
        session::send(session, plaintext, &self.config.limits, io, now)
    }

    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time) {
        error_frame::send(code, io, now);
    }
}

/// The state after the announcement: the client's handshake is due.
#[derive(Debug)]
struct ExpectHandshake;

impl ExpectHandshake {
    /// Takes the handshake's frame; `enc_session` has to be decrypted next.
    #[expect(clippy::unused_self, reason = "a transition consumes its state")]
    fn handle_frame(self, frame: &[u8], trace: &mut Trace) -> Result<ExpectSession, Error> {
        handshake::read(frame, trace).map(|handshake| ExpectSession { handshake })
    }
}

/// The state with a parsed handshake: the local private key has to decrypt its session.
#[derive(Debug)]
struct ExpectSession {
    handshake: Handshake,
}

impl ExpectSession {
    /// Returns the bytes for the local private key to decrypt.
    fn ciphertext(&self) -> &[u8] {
        &self.handshake.enc_session
    }

    /// Verifies the client's signature over the decrypted blob.
    fn handle_decrypted(
        self,
        decrypted: Result<Zeroizing<Vec<u8>>, OperationFailed>,
        trace: &mut Trace,
    ) -> Result<(Session, PublicKey), Error> {
        let Handshake {
            client_pub,
            client_sig,
            ..
        } = self.handshake;
        // The signature is verified even when the decryption failed, over bytes that nobody signed,
        // so that the two failures take the same work: an early return would be a timing oracle.
        let unsigned = Zeroizing::new(vec![0; SESSION_BLOB_BYTES]);
        let signed = decrypted.as_ref().unwrap_or(&unsigned);
        let verified = pss_verify_any_salt(&client_pub, signed, &client_sig);
        // The cause is for this side's log; all three errors have one code for the peer.
        let bytes = decrypted.map_err(|_| PeerMisbehaved::SessionUndecryptable)?;
        let blob = SessionBlob::from_bytes(&bytes).map_err(PeerMisbehaved::SessionBlobLength)?;
        session::record_blob(&blob, trace);
        if !verified {
            return Err(PeerMisbehaved::WrongSignature.into());
        }
        Ok((Session::new(&blob), client_pub))
    }
}
