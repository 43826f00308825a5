//! v1's client: its way through the handshake, one struct per state, named for what it waits for,
//! and the machine that goes it.

use zeroize::Zeroizing;

use super::framing::{Deframer, TERMINATOR};
use super::session::{self, Session};
use super::{announcement, error_frame, handshake};
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::{Machine, Progress};
use crate::connection::{
    ClientConfig, Event, FrameKind, PrivateKeyRequest, PrivateKeyResponse, SendError, Version,
};
use crate::crypto::cbc_hmac::SessionBlob;
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::rsa_public::oaep_encrypt;
use crate::error::{Error, ErrorCode, InvalidMessage, LocalFailure};
use crate::identity::PublicKey;
use crate::random::Random;
use crate::time::Time;

/// A v1 client.
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

    /// A v1 server cannot prove that it holds the key; but what is encrypted to it, only its
    /// holder can read. So the key is judged before anything is.
    fn handle_announcement(
        &mut self,
        state: ExpectAnnouncement,
        frame: &[u8],
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        if let Some((code, message)) = error_frame::decode(frame) {
            io.observe_received(FrameKind::Error, [frame, TERMINATOR], now);
            return Ok(Progress::Reported(code, message));
        }
        io.observe_received(FrameKind::Announcement, [frame, TERMINATOR], now);
        let key = announcement::decode(frame)?;
        io.event(Event::ServerKey {
            key: key.clone(),
            proven: false,
        });
        self.config.trust.judge(key.fingerprint())?;
        let next = state.handle_key(key, &mut self.random)?;
        let message = next.to_be_signed();
        io.event(Event::PrivateKey(PrivateKeyRequest::Sign { message }));
        self.deframer.skip_one_newline();
        self.state = State::ExpectSignature(next);
        Ok(Progress::Handled)
    }

    fn handle_message(
        &mut self,
        session: Session,
        frame: &[u8],
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        let opened = match session.open(frame) {
            // Only what cannot be a message is looked at as an error frame.
            Err(Error::InvalidMessage(InvalidMessage::Json(detail))) => {
                let Some((code, message)) = error_frame::decode(frame) else {
                    return Err(InvalidMessage::Json(detail).into());
                };
                io.observe_received(FrameKind::Error, [frame, TERMINATOR], now);
                return Ok(Progress::Reported(code, message));
            }
            opened => opened?,
        };
        io.observe_received(FrameKind::Message, [frame, TERMINATOR], now);
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
        let Some(frame) = self.deframer.next_frame(input, limit)? else {
            return Ok(Progress::NeedMore);
        };
        match std::mem::replace(&mut self.state, State::Ended) {
            State::ExpectAnnouncement(state) => self.handle_announcement(state, frame, io, now),
            State::Established(session) => self.handle_message(session, frame, io, now),
            State::ExpectSignature(_) => {
                let Some((code, message)) = error_frame::decode(frame) else {
                    return Err(InvalidMessage::BeforeHandshake.into());
                };
                io.observe_received(FrameKind::Error, [frame, TERMINATOR], now);
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
        // A server has nothing to say before our handshake but that it ends the connection.
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
                let start = io.output.len();
                let (session, peer) =
                    state.handle_signature(signature, &self.config.identity, &mut io.output)?;
                io.observe_sent(FrameKind::Handshake, start, now);
                io.event(Event::Established {
                    version: Version::V1,
                    peer,
                    session_id: None,
                });
                self.state = State::Established(session);
            }
            (state, _) => self.state = state,
        }
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Time> {
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

/// Connected; the server's announcement is due.
#[derive(Debug)]
struct ExpectAnnouncement;

impl ExpectAnnouncement {
    /// Takes the key that was announced, draws the session and encrypts it; it has to be signed
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

/// The session is drawn and encrypted; our own private key has to sign it.
#[derive(Debug)]
struct ExpectSignature {
    server: PublicKey,
    blob: SessionBlob,
    enc_session: Vec<u8>,
}

impl ExpectSignature {
    /// What our private key has to sign.
    fn to_be_signed(&self) -> Zeroizing<Vec<u8>> {
        self.blob.to_bytes()
    }

    /// Appends the handshake's frame to `output`: after it the session stands.
    fn handle_signature(
        self,
        signature: Result<Vec<u8>, OperationFailed>,
        identity: &PublicKey,
        output: &mut Vec<u8>,
    ) -> Result<(Session, PublicKey), Error> {
        let signature = signature.map_err(|_| LocalFailure::PrivateKey)?;
        output.extend_from_slice(&handshake::encode(&self.enc_session, identity, &signature));
        Ok((Session::new(&self.blob), self.server))
    }
}
