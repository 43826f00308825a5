//! v2's client: its handshake, with one struct per state, named for what it waits for, and the
//! machine that goes through the states.

mod states;

use self::states::{
    ExpectAnnouncement, ExpectServerAuth, ExpectServerFinished, ExpectServerHello, ExpectSignature,
};
use super::PREFACE;
use super::channel::{Channel, Received};
use super::framing::{Frame, FrameType};
use super::hello::ServerHello;
use super::inner_type::InnerType;
use super::key_schedule::{AP_C, AP_S, HS_C, HS_S};
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::{Machine, Progress};
use crate::connection::{
    ClientConfig, CloseReason, Event, PrivateKeyRequest, PrivateKeyResponse, SendError, SessionId,
    Version,
};
use crate::crypto::hkdf::Secret;
use crate::error::{Error, InvalidMessage, Untrusted};
use crate::error_code::ErrorCode;
use crate::frame::{CheckName, FrameKind, LayerName};
use crate::identity::PublicKey;
use crate::random::Random;
use crate::time::Time;
use crate::v1::error_frame;
use crate::v1::framing::Deframer;
use crate::wire::fields;
use crate::wire::writer as wire;

/// The machine of a v2 client.
#[derive(Debug)]
pub(crate) struct Client {
    config: ClientConfig,
    deadline: Time,
    /// The deframer of the announcement, and of v1's error frame in place of a hello.
    deframer: Deframer,
    channel: Channel,
    state: State,
}

// Boxed, because a handshake's state is large and short-lived, and a session's small and
// long-lived.
#[derive(Debug)]
enum State {
    ExpectAnnouncement(Box<ExpectAnnouncement>),
    ExpectServerHello(Box<ExpectServerHello>),
    ExpectServerAuth(Box<ExpectServerAuth>),
    ExpectServerFinished(Box<ExpectServerFinished>),
    ExpectSignature(Box<ExpectSignature>),
    Established { id: SessionId, exporter: Secret },
    Ended,
}

impl Client {
    /// Draws the ephemeral keys and queues preface and hello: the server need not have spoken.
    pub(crate) fn start(
        config: ClientConfig,
        mut random: Random,
        io: &mut Io,
        now: Time,
    ) -> Result<Self, Error> {
        let mut trace = io.new_trace();
        let state = ExpectAnnouncement::start(&mut random, &mut trace)?;
        send_preface(io, now);
        let start = io.output.len();
        io.output.extend_from_slice(&state.hello);
        io.sent(FrameKind::ClientHello, start, trace, now);
        Ok(Self {
            deadline: now + config.limits.handshake_timeout,
            deframer: Deframer::default(),
            channel: Channel::new(config.limits.rekey),
            config,
            state: State::ExpectAnnouncement(Box::new(state)),
        })
    }

    /// Takes the next frame that ends as v1's frames do.
    fn next_v1_frame<'a>(
        &mut self,
        input: &'a mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Option<&'a [u8]>, Error> {
        let limit = self.config.limits.handshake_frame_bytes;
        Ok(self.deframer.next_frame(input, limit, io, now)?)
    }

    fn handle_announcement(&mut self, frame: &[u8], io: &mut Io) -> Result<Progress, Error> {
        let State::ExpectAnnouncement(state) = self.take_state() else {
            return Ok(Progress::NeedMore);
        };
        // A server that does not know the version yet reports as v1 does (PROTOCOL.md §2.11).
        if let Some(progress) = reported_by_v1(frame, io) {
            return Ok(progress);
        }
        io.kind(FrameKind::Announcement);
        let next = state.handle_announcement(frame, &mut io.trace)?;
        self.state = State::ExpectServerHello(Box::new(next));
        Ok(Progress::Handled)
    }

    fn handle_server_hello(
        &mut self,
        frame: &Frame<'_>,
        state: ExpectServerHello,
        io: &mut Io,
    ) -> Result<Progress, Error> {
        let kind = FrameKind::ServerHello;
        let body = match Channel::receive_clear(frame, FrameType::ServerHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(progress) => return Ok(progress),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ServerHello::decode(reader, kind)
        })?;
        let (next, secrets) = state.handle_hello(&hello, frame.bytes())?;
        // From here on both directions are sealed, alerts too (PROTOCOL.md §2.11).
        self.channel.set_reading_secret(secrets.server, &HS_S);
        self.channel.writer.set_secret(secrets.client, &HS_C);
        self.state = State::ExpectServerAuth(Box::new(next));
        Ok(Progress::Handled)
    }

    fn handle_sealed(
        &mut self,
        frame: Frame<'_>,
        state: State,
        io: &mut Io,
    ) -> Result<Progress, Error> {
        let expected = match state {
            State::ExpectServerAuth(_) => InnerType::ServerAuth,
            State::ExpectServerFinished(_) => InnerType::ServerFinished,
            // While this side signs the server has nothing to say but that it ends the connection.
            _ => InnerType::Alert,
        };
        let content = match self.channel.receive_sealed(frame, expected, io)? {
            Received::Content(content) => content,
            Received::End(progress) => return Ok(progress),
        };
        match state {
            State::ExpectServerAuth(state) => {
                let next = state.handle_auth(content, &mut io.trace)?;
                self.state = State::ExpectServerFinished(Box::new(next));
            }
            State::ExpectServerFinished(state) => {
                let next = state.handle_finished(content, &mut io.trace)?;
                // Before the signature: a server with another key must not learn who the client is
                // (PROTOCOL.md §2.7, step 6).
                self.judge_server(&next.server, io)?;
                let message = next.to_be_signed(&self.config.identity);
                io.event(Event::PrivateKey(PrivateKeyRequest::Sign { message }));
                self.state = State::ExpectSignature(Box::new(next));
            }
            _ => {}
        }
        Ok(Progress::Handled)
    }

    /// Reports the server's proven key, and checks whether it is the one that the client accepts.
    /// Until then the server knows nothing of the client.
    fn judge_server(&self, key: &PublicKey, io: &mut Io) -> Result<(), Untrusted> {
        io.event(Event::ServerKey {
            key: key.clone(),
            proven: true,
        });
        self.config.trust.judge(key.fingerprint())
    }

    /// Takes the state and leaves the end in its place, so that a failed transition leaves no keys.
    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Ended)
    }
}

impl Machine for Client {
    fn buffer_limit(&self) -> usize {
        let v1_frame = self
            .deframer
            .buffer_limit(self.config.limits.handshake_frame_bytes);
        match self.state {
            State::ExpectAnnouncement(_) | State::ExpectServerHello(_) => {
                v1_frame.max(self.channel.buffer_limit())
            }
            _ => self.channel.buffer_limit(),
        }
    }

    fn handle_next(
        &mut self,
        input: &mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        if matches!(self.state, State::ExpectAnnouncement(_)) {
            return match self.next_v1_frame(input, io, now)? {
                Some(frame) => self.handle_announcement(frame, io),
                None => Ok(Progress::NeedMore),
            };
        }
        // As a length's first byte this would be far over the limit, so it can only be an error
        // frame of a server that has not read the preface (PROTOCOL.md §2.7, step 3).
        if matches!(self.state, State::ExpectServerHello(_)) && input.first_byte() == Some(b'{') {
            return match self.next_v1_frame(input, io, now)? {
                Some(frame) => {
                    let (expected, got) = (FrameKind::ServerHello, b'{');
                    if let Some(progress) = reported_by_v1(frame, io) {
                        return Ok(progress);
                    }
                    io.trace.terminated(frame.len(), io.spans());
                    io.trace.refuse(LayerName::Wire, CheckName::FrameType, 0);
                    Err(InvalidMessage::Unexpected { expected, got }.into())
                }
                None => Ok(Progress::NeedMore),
            };
        }
        let Some(frame) = self.channel.next_frame(input, io, now)? else {
            return Ok(Progress::NeedMore);
        };
        match self.take_state() {
            State::ExpectServerHello(state) => self.handle_server_hello(&frame, *state, io),
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
        false
    }

    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        now: Time,
    ) -> Result<(), Error> {
        if self.channel.writer.is_closed() {
            // A close went out in place of client_auth, and nothing may follow it.
            return Ok(());
        }
        match (self.take_state(), response) {
            (State::ExpectSignature(state), PrivateKeyResponse::Signed(signature)) => {
                let identity = &self.config.identity;
                let mut traces = [io.new_trace(), io.new_trace()];
                let (peer, proof, secrets) =
                    state.handle_signature(signature, identity, &mut traces)?;
                let writer = &mut self.channel.writer;
                let [auth, finished] = traces;
                // Both proofs are the last records under the handshake's secret (PROTOCOL.md §2.5).
                writer.record(InnerType::ClientAuth, &proof.auth, auth, io, now);
                writer.record(
                    InnerType::ClientFinished,
                    &proof.finished,
                    finished,
                    io,
                    now,
                );
                writer.set_secret(secrets.client, &AP_C);
                // The server changes its keys only when it has verified the proof. If it refuses
                // the proof, its alert does not open here any more, and this side learns only that
                // the session failed (§2.5).
                self.channel.set_reading_secret(secrets.server, &AP_S);
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
        self.channel.writer.close(io, now);
    }

    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time) {
        self.channel.writer.alert(code, io, now);
    }

    fn refuse(&mut self, error: &Error, io: &mut Io, now: Time) {
        match error {
            // Nobody is at fault: the client only wanted to learn the server's key.
            Error::Untrusted(Untrusted::Unknown { .. }) => self.channel.writer.close(io, now),
            error => self.farewell(error.code(), io, now),
        }
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

/// Sends the five bytes that choose the version.
fn send_preface(io: &mut Io, now: Time) {
    let (mut trace, mut wire) = (io.new_trace(), io.spans());
    wire::Writer::new(&mut io.output, &mut wire).bytes(&fields::PREFACE, PREFACE);
    trace.nested(LayerName::Wire, PREFACE.len(), wire);
    io.sent(FrameKind::Preface, 0, trace, now);
}

fn reported_by_v1(frame: &[u8], io: &mut Io) -> Option<Progress> {
    let (code, message) = error_frame::receive(frame, io)?;
    Some(Progress::Reported(code, message))
}
