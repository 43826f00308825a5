//! v2's server: its handshake, with one struct per state, named for what it waits for, and the
//! machine that goes through the states.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::PREFACE;
use super::auth::{self, Prover};
use super::channel::{Channel, Received};
use super::framing::{Frame, FrameType};
use super::hello::{ClientHello, ServerHello};
use super::inner_type::InnerType;
use super::key_schedule::{
    AP_C, AP_S, ApplicationSecrets, FIN_C, FIN_S, HS_C, HS_S, HandshakeSecrets, Schedule,
};
use super::transcript::Transcript;
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::{Machine, Progress};
use crate::connection::{
    CloseReason, Event, PrivateKeyRequest, PrivateKeyResponse, SendError, ServerConfig, SessionId,
    Version,
};
use crate::crypto::hkdf::Secret;
use crate::crypto::hmac_sha256;
use crate::crypto::ml_kem::{self, EncapsulationError};
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::x25519::EphemeralSecret;
use crate::error::{Error, InvalidMessage, LocalFailure, PeerMisbehaved};
use crate::error_code::ErrorCode;
use crate::frame::{CheckName, FrameKind, LayerName};
use crate::identity::PublicKey;
use crate::random::Random;
use crate::time::Time;
use crate::wire::fields::{self, HMAC};
use crate::wire::trace::{KeyName, Trace};

/// The machine of a v2 server.
#[derive(Debug)]
pub(crate) struct Server {
    config: Arc<ServerConfig>,
    random: Random,
    deadline: Time,
    channel: Channel,
    state: State,
}

// Boxed, because a handshake's state is large and short-lived, and a session's small and
// long-lived.
#[derive(Debug)]
enum State {
    ExpectPreface,
    ExpectClientHello(ExpectClientHello),
    ExpectSignature(Box<ExpectSignature>),
    ExpectClientAuth(Box<ExpectClientAuth>),
    ExpectClientFinished(Box<ExpectClientFinished>),
    Established { id: SessionId, exporter: Secret },
    Ended,
}

impl Server {
    /// Returns the machine of a server that has sent its announcement and seen the preface's first
    /// byte.
    pub(crate) fn new(config: Arc<ServerConfig>, random: Random, deadline: Time) -> Self {
        Self {
            channel: Channel::new(config.limits.rekey),
            config,
            random,
            deadline,
            state: State::ExpectPreface,
        }
    }

    fn handle_preface(
        &mut self,
        input: &mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        if !take_preface(input, io, now)? {
            return Ok(Progress::NeedMore);
        }
        self.state = State::ExpectClientHello(ExpectClientHello);
        Ok(Progress::Handled)
    }

    fn handle_hello(
        &mut self,
        frame: &Frame<'_>,
        state: ExpectClientHello,
        io: &mut Io,
    ) -> Result<Progress, Error> {
        let kind = FrameKind::ClientHello;
        let body = match Channel::receive_clear(frame, FrameType::ClientHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(progress) => return Ok(progress),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ClientHello::decode(reader, kind)
        })?;
        let answer = io.new_trace();
        let next = state.handle_hello(
            &hello,
            frame.bytes(),
            &self.config,
            &mut self.random,
            answer,
        )?;
        let message = next.to_be_signed(self.config.identity());
        io.event(Event::PrivateKey(PrivateKeyRequest::Sign { message }));
        self.state = State::ExpectSignature(Box::new(next));
        Ok(Progress::Handled)
    }

    fn handle_sealed(
        &mut self,
        frame: Frame<'_>,
        state: State,
        io: &mut Io,
    ) -> Result<Progress, Error> {
        // A client that refuses the server's hello has no keys to seal its alert with (PROTOCOL.md
        // §2.11).
        if matches!(state, State::ExpectClientAuth(_)) && frame.is(FrameType::Alert) {
            let (sealed, kind) = (FrameType::Sealed, FrameKind::ClientAuth);
            if let Received::End(end) = Channel::receive_clear(&frame, sealed, kind, io)? {
                return Ok(end);
            }
        }
        let expected = match state {
            State::ExpectClientAuth(_) => InnerType::ClientAuth,
            _ => InnerType::ClientFinished,
        };
        let content = match self.channel.receive_sealed(frame, expected, io)? {
            Received::Content(content) => content,
            Received::End(progress) => return Ok(progress),
        };
        match state {
            State::ExpectClientAuth(state) => {
                let next = state.handle_auth(content, &mut io.trace)?;
                self.state = State::ExpectClientFinished(Box::new(next));
            }
            State::ExpectClientFinished(state) => {
                let (peer, secrets) = state.handle_finished(content, &mut io.trace)?;
                // Only now: no application data is sent or taken before the client's finished
                // message is verified (PROTOCOL.md §2.7).
                self.channel.set_reading_secret(secrets.client, &AP_C);
                self.channel.writer.set_secret(secrets.server, &AP_S);
                self.channel.establish();
                io.event(Event::Established {
                    version: Version::V2,
                    peer,
                    session_id: Some(secrets.session_id),
                });
                self.state = State::Established {
                    id: secrets.session_id,
                    exporter: secrets.exporter,
                };
            }
            _ => {}
        }
        Ok(Progress::Handled)
    }

    /// Takes the state and leaves the end in its place, so that a failed transition leaves no keys.
    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Ended)
    }
}

impl Machine for Server {
    fn buffer_limit(&self) -> usize {
        self.channel.buffer_limit()
    }

    fn handle_next(
        &mut self,
        input: &mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        if matches!(self.state, State::ExpectPreface) {
            return self.handle_preface(input, io, now);
        }
        let Some(frame) = self.channel.next_frame(input, io, now)? else {
            return Ok(Progress::NeedMore);
        };
        match self.take_state() {
            State::ExpectClientHello(state) => self.handle_hello(&frame, state, io),
            State::Established { id, exporter } => {
                let progress = self.channel.handle_record(frame, io)?;
                self.state = State::Established { id, exporter };
                Ok(progress)
            }
            state => self.handle_sealed(frame, state, io),
        }
    }

    fn waits_for_private_key(&self) -> bool {
        matches!(self.state, State::ExpectSignature(_))
    }

    fn holds_input(&self) -> bool {
        // Frames behind the client's hello can be judged only when the server's hello is out.
        self.waits_for_private_key()
    }

    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        now: Time,
    ) -> Result<(), Error> {
        match (self.take_state(), response) {
            (State::ExpectSignature(state), PrivateKeyResponse::Signed(signature)) => {
                let mut traces = [io.new_trace(), io.new_trace()];
                let identity = self.config.identity();
                let (next, proof) = state.handle_signature(signature, identity, &mut traces)?;
                let start = io.output.len();
                // The hello waited for the signature, so that hello, auth and finished go out in
                // one write (PROTOCOL.md §2.1).
                io.output.extend_from_slice(&proof.hello);
                io.sent(FrameKind::ServerHello, start, proof.trace, now);
                let writer = &mut self.channel.writer;
                writer.set_secret(proof.server_secret, &HS_S);
                let [auth, finished] = traces;
                writer.record(InnerType::ServerAuth, &proof.auth, auth, io, now);
                writer.record(
                    InnerType::ServerFinished,
                    &proof.finished,
                    finished,
                    io,
                    now,
                );
                self.channel.set_reading_secret(proof.client_secret, &HS_C);
                self.state = State::ExpectClientAuth(Box::new(next));
            }
            // A response that nobody asked for must not change the state.
            (state, _) => self.state = state,
        }
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Established { .. } => self.channel.writer.rekey_at(),
            // No deadline while this side signs, because the delay is not the peer's.
            State::ExpectSignature(_) | State::Ended => None,
            _ => Some(self.deadline),
        }
    }

    fn handle_timeout(&mut self, io: &mut Io, now: Time) -> Result<(), Error> {
        if !self.is_established() {
            return Err(Error::TimedOut);
        }
        self.channel.writer.rekey_if_due(io, now);
        Ok(())
    }

    fn is_established(&self) -> bool {
        matches!(self.state, State::Established { .. })
    }

    fn send(&mut self, plaintext: &[u8], io: &mut Io, now: Time) -> Result<(), SendError> {
        if !self.is_established() {
            return Err(SendError::NotEstablished);
        }
        self.channel.writer.message(plaintext, io, now)
    }

    fn flush(&mut self, io: &mut Io) {
        self.channel.writer.flush(io);
    }

    fn finish(&mut self, io: &mut Io, now: Time) {
        // A client takes no close in the handshake, except as the answer to its own.
        if matches!(self.state, State::Established { .. } | State::Ended) {
            self.channel.writer.close(io, now);
        }
    }

    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time) {
        self.channel.writer.alert(code, io, now);
    }

    fn end_of_stream(&self, _inside_frame: bool) -> CloseReason {
        // The authenticated close did not come, so somebody may have cut the stream.
        CloseReason::Truncated
    }

    fn session_id(&self) -> Option<SessionId> {
        match &self.state {
            State::Established { id, .. } => Some(*id),
            _ => None,
        }
    }

    fn exporter(&self) -> Option<&Secret> {
        match &self.state {
            State::Established { exporter, .. } => Some(exporter),
            _ => None,
        }
    }
}

/// Takes the preface, and reports it; returns `false` if more bytes are needed.
pub(crate) fn take_preface(
    input: &mut Input,
    io: &mut Io,
    now: Time,
) -> Result<bool, InvalidMessage> {
    let there = input.unread().len().min(PREFACE.len());
    // At the first wrong byte, so that another protocol's client is not kept waiting for five.
    let unread = &input.unread()[..there];
    let mut pairs = unread.iter().zip(PREFACE);
    if let Some(offset) = pairs.position(|(byte, expected)| byte != expected) {
        io.refused_bytes(unread, io.spans(), now);
        io.trace.refuse(LayerName::Wire, CheckName::Preface, offset);
        return Err(InvalidMessage::Preface);
    }
    if there < PREFACE.len() {
        return Ok(false);
    }
    let preface = input.take(PREFACE.len());
    io.begin([preface, &[]], now);
    io.kind(FrameKind::Preface);
    io.trace.read(LayerName::Wire, preface, |reader| {
        reader.rest(&fields::PREFACE);
    });
    Ok(true)
}

/// The state after the preface: the client's hello is due.
#[derive(Debug)]
struct ExpectClientHello;

impl ExpectClientHello {
    /// Answers both key exchanges; the answer has to be signed next.
    #[expect(clippy::unused_self, reason = "a transition consumes its state")]
    fn handle_hello(
        self,
        hello: &ClientHello<'_>,
        frame: &[u8],
        config: &ServerConfig,
        random: &mut Random,
        mut trace: Trace,
    ) -> Result<ExpectSignature, Error> {
        let mut nonce = [0; 32];
        // The order of the draws is part of the test vectors (docs/vectors-v2.json).
        random.fill(&mut nonce)?;
        let x25519 = EphemeralSecret::generate(random)?;
        let public = x25519.public_key();
        // Both keys are checked before anything is signed: an unusable hello costs no RSA
        // operation.
        let x25519_shared = x25519
            .diffie_hellman(hello.x25519)
            .map_err(|_| PeerMisbehaved::LowOrderPoint)?;
        let (ciphertext, ml_kem_shared) =
            ml_kem::encapsulate(hello.ml_kem, random).map_err(|error| match error {
                EncapsulationError::InvalidKey => Error::from(PeerMisbehaved::EncapsulationKey),
                EncapsulationError::RandomUnavailable => LocalFailure::RandomUnavailable.into(),
            })?;
        let mut answer = Vec::new();
        let server_hello = ServerHello {
            random: &nonce,
            x25519: &public,
            ml_kem: &ciphertext,
        };
        server_hello.append(FrameType::ServerHello, &mut answer, &mut trace);
        let mut transcript = Transcript::new();
        // The exact bytes of the wire, the announcement first: both sides have to hash the same
        // string (PROTOCOL.md §2.4).
        for part in [config.announcement(), PREFACE, frame, &answer] {
            transcript.absorb(part);
        }
        let schedule = Schedule::new(&ml_kem_shared, &x25519_shared);
        Ok(ExpectSignature {
            secrets: schedule.handshake(&transcript.hash()),
            schedule,
            transcript,
            hello: answer,
            trace,
        })
    }
}

/// The state with agreed keys: the local private key has to sign.
#[derive(Debug)]
struct ExpectSignature {
    transcript: Transcript,
    schedule: Schedule,
    secrets: HandshakeSecrets,
    hello: Vec<u8>,
    /// The fields of the hello, if frames are reported.
    trace: Trace,
}

/// The server's answer to a hello, and the secrets that seal it.
struct Proof {
    hello: Vec<u8>,
    trace: Trace,
    auth: Vec<u8>,
    finished: [u8; 32],
    client_secret: Secret,
    server_secret: Secret,
}

impl ExpectSignature {
    /// Returns the bytes for the local private key to sign.
    fn to_be_signed(&self, identity: &PublicKey) -> Zeroizing<Vec<u8>> {
        Prover::Server.to_be_signed(&self.transcript.hash(), identity)
    }

    fn handle_signature(
        mut self,
        signature: Result<Vec<u8>, OperationFailed>,
        identity: &PublicKey,
        [auth_trace, finished_trace]: &mut [Trace; 2],
    ) -> Result<(ExpectClientAuth, Proof), Error> {
        let signature = signature.map_err(|_| LocalFailure::PrivateKey)?;
        let auth = auth::encode(identity, &signature, auth_trace);
        self.transcript.absorb_sealed(InnerType::ServerAuth, &auth);
        let key = &self.secrets.server_finished;
        let finished = hmac_sha256::mac(key, &self.transcript.hash());
        finished_trace.key(KeyName::new(&FIN_S), None, &[], Some(key));
        finished_trace.one(LayerName::Message, &HMAC, finished.len());
        self.transcript
            .absorb_sealed(InnerType::ServerFinished, &finished);
        let proof = Proof {
            hello: self.hello,
            trace: self.trace,
            auth,
            finished,
            client_secret: self.secrets.client,
            server_secret: self.secrets.server,
        };
        let next = ExpectClientAuth {
            transcript: self.transcript,
            schedule: self.schedule,
            client_finished: self.secrets.client_finished,
        };
        Ok((next, proof))
    }
}

/// The state after the server's proof: the client's proof is due.
#[derive(Debug)]
struct ExpectClientAuth {
    transcript: Transcript,
    schedule: Schedule,
    client_finished: Secret,
}

impl ExpectClientAuth {
    fn handle_auth(
        mut self,
        content: &[u8],
        trace: &mut Trace,
    ) -> Result<ExpectClientFinished, Error> {
        let th2 = self.transcript.hash();
        // TH2 covers the server's whole proof, so this signature is for this server and this
        // session only.
        let client = trace.read(LayerName::Message, content, |reader| {
            Prover::Client.verify(reader, &th2, None)
        })?;
        self.transcript
            .absorb_sealed(InnerType::ClientAuth, content);
        Ok(ExpectClientFinished {
            client,
            transcript: self.transcript,
            schedule: self.schedule,
            client_finished: self.client_finished,
        })
    }
}

/// The state after the client's signature: the client's MAC of the handshake is due.
#[derive(Debug)]
struct ExpectClientFinished {
    client: PublicKey,
    transcript: Transcript,
    schedule: Schedule,
    client_finished: Secret,
}

impl ExpectClientFinished {
    fn handle_finished(
        mut self,
        content: &[u8],
        trace: &mut Trace,
    ) -> Result<(PublicKey, ApplicationSecrets), Error> {
        let th3 = self.transcript.hash();
        let key = &self.client_finished;
        trace.key(KeyName::new(&FIN_C), None, &[], Some(key));
        trace.read(LayerName::Message, content, |reader| {
            Prover::Client.verify_finished(reader, key, &th3)
        })?;
        self.transcript
            .absorb_sealed(InnerType::ClientFinished, content);
        // After client_finished, so that the session's keys depend on every byte of the handshake.
        let secrets = self.schedule.application(&self.transcript.hash());
        Ok((self.client, secrets))
    }
}
