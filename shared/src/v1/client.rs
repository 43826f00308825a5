//! v1's client: its handshake, with one struct per state, named for what it waits for, and the
//! machine that goes through the states.

use zeroize::Zeroizing;

use super::framing::Deframer;
use super::session::{self, Session};
use super::{announcement, error_frame, handshake};
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::{Machine, Progress};
use crate::connection::{
    ClientConfig, Event, PrivateKeyRequest, PrivateKeyResponse, SendError, Version,
};
use crate::crypto::cbc_hmac::SessionBlob;
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::rsa_public::oaep_encrypt;
use crate::error::{Error, InvalidMessage, LocalFailure};
use crate::error_code::ErrorCode;
use crate::frame::FrameKind;
use crate::identity::PublicKey;
use crate::random::Random;
use crate::time::Time;
use crate::wire::trace::Trace;

/// The machine of a v1 client.
#[derive(Debug)]
pub(crate) struct Client {
    config: ClientConfig,
    random: Random,
    deadline: Time,
    deframer: Deframer,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectAnnouncement(ExpectAnnouncement),
    ExpectSignature(ExpectSignature),
    Established(Session),
    Ended,
}

impl Client {
    pub(crate) fn new(config: ClientConfig, random: Random, now: Time) -> Self {
        Self {
            deadline: now + config.limits.handshake_timeout,
            config,
            random,
            deframer: Deframer::default(),
            state: State::ExpectAnnouncement(ExpectAnnouncement),
        }
    }

    fn frame_limit(&self) -> usize {
        match self.state {
            State::ExpectAnnouncement(_) | State::ExpectSignature(_) => {
                self.config.limits.handshake_frame_bytes
            }
            _ => self.config.limits.message_frame_bytes,
        }
    }

    /// Takes the announcement. A v1 server cannot prove that it holds the key, but only the key's
    /// holder can read what is encrypted to it. So the key is judged before anything is encrypted.
    fn handle_announcement(
        &mut self,
        state: ExpectAnnouncement,
        frame: &[u8],
        io: &mut Io,
    ) -> Result<Progress, Error> {
        // A server that refuses the connection reports it in place of its announcement (PROTOCOL.md
        // §1.5).
        if let Some((code, message)) = error_frame::receive(frame, io) {
            return Ok(Progress::Reported(code, message));
        }
        io.kind(FrameKind::Announcement);
        let key = io.trace.read_terminated(frame, announcement::read)?;
        // Before the judgement, so that the driver knows the key that was refused.
        io.event(Event::ServerKey {
            key: key.clone(),
            proven: false,
        });
        // Before `handle_key`, which encrypts the session to this key: a changed key must get
        // nothing.
        self.config.trust.judge(key.fingerprint())?;
        let next = state.handle_key(key, &mut self.random)?;
        let message = next.to_be_signed();
        io.event(Event::PrivateKey(PrivateKeyRequest::Sign { message }));
        // A server may end its PEM with a newline of its own before the terminator (PROTOCOL.md
        // §1.2).
        self.deframer.skip_one_newline();
        self.state = State::ExpectSignature(next);
        Ok(Progress::Handled)
    }

    fn handle_message(
        &mut self,
        session: Session,
        frame: &[u8],
        io: &mut Io,
    ) -> Result<Progress, Error> {
        let opened = match session.open(frame, &mut io.trace) {
            // Only a frame that is no message is read as an error frame, because anybody in between
            // can send one (PROTOCOL.md §1.5).
            Err(Error::InvalidMessage(InvalidMessage::Json(detail))) => {
                let Some((code, message)) = error_frame::receive(frame, io) else {
                    return Err(InvalidMessage::Json(detail).into());
                };
                return Ok(Progress::Reported(code, message));
            }
            opened => opened?,
        };
        io.kind(FrameKind::Message);
        io.event(Event::Message(opened));
        self.state = State::Established(session);
        Ok(Progress::Handled)
    }
}

impl Machine for Client {
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
            State::ExpectAnnouncement(state) => self.handle_announcement(state, frame, io),
            State::Established(session) => self.handle_message(session, frame, io),
            // The server may end the connection while this side signs, but it cannot have a
            // message: there is no session before the handshake.
            State::ExpectSignature(_) => {
                let Some((code, message)) = error_frame::receive(frame, io) else {
                    io.trace.terminated(frame.len(), io.spans());
                    return Err(InvalidMessage::BeforeHandshake.into());
                };
                Ok(Progress::Reported(code, message))
            }
            // `Connection` hands nothing over after the end.
            State::Ended => Ok(Progress::NeedMore),
        }
    }

    fn waits_for_private_key(&self) -> bool {
        matches!(self.state, State::ExpectSignature(_))
    }

    fn holds_input(&self) -> bool {
        // Before the handshake a server sends nothing but its reason to end the connection, and
        // that must be read at once.
        false
    }

    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        now: Time,
    ) -> Result<(), Error> {
        match (std::mem::replace(&mut self.state, State::Ended), response) {
            (State::ExpectSignature(state), PrivateKeyResponse::Signed(signature)) => {
                // Sending the handshake is all that is left: v1's server does not answer it.
                let (start, mut trace) = (io.output.len(), io.new_trace());
                let (identity, output) = (&self.config.identity, &mut io.output);
                let (session, peer) =
                    state.handle_signature(signature, identity, output, &mut trace)?;
                io.sent(FrameKind::Handshake, start, trace, now);
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
        // The deadline is for the server's part; a slow signature is this side's own business.
        matches!(self.state, State::ExpectAnnouncement(_)).then_some(self.deadline)
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

    fn farewell(&mut self, _code: ErrorCode, _io: &mut Io, _now: Time) {
        // v1 has no error frame from client to server: the stream just ends.
    }
}

/// The state after the connect: the server's announcement is due.
#[derive(Debug)]
struct ExpectAnnouncement;

impl ExpectAnnouncement {
    /// Takes the announced key, draws the session and encrypts it; the session has to be signed
    /// next.
    #[expect(clippy::unused_self, reason = "a transition consumes its state")]
    fn handle_key(self, server: PublicKey, random: &mut Random) -> Result<ExpectSignature, Error> {
        let blob = SessionBlob::generate(random).map_err(|_| LocalFailure::RandomUnavailable)?;
        let enc_session = oaep_encrypt(&server, &blob.to_bytes(), random)
            .map_err(|_| LocalFailure::Encryption)?;
        Ok(ExpectSignature {
            server,
            blob,
            enc_session,
        })
    }
}

/// The state with a drawn and encrypted session: the local private key has to sign it.
#[derive(Debug)]
struct ExpectSignature {
    server: PublicKey,
    blob: SessionBlob,
    enc_session: Vec<u8>,
}

impl ExpectSignature {
    /// Returns the bytes for the local private key to sign.
    fn to_be_signed(&self) -> Zeroizing<Vec<u8>> {
        self.blob.to_bytes()
    }

    /// Appends the handshake's frame to `output`; after it the session is established.
    fn handle_signature(
        self,
        signature: Result<Vec<u8>, OperationFailed>,
        identity: &PublicKey,
        output: &mut Vec<u8>,
        trace: &mut Trace,
    ) -> Result<(Session, PublicKey), Error> {
        let signature = signature.map_err(|_| LocalFailure::PrivateKey)?;
        handshake::write(&self.enc_session, identity, &signature, output, trace);
        session::record_blob(&self.blob, trace);
        Ok((Session::new(&self.blob), self.server))
    }
}
