//! Reads a connection that passed between two others, with their own codec.
//!
//! The observer sees what both ends have sent, in an order in which no answer comes before its
//! question, and opens records with the secrets of a [`KeyLog`]. It judges a frame as its receiver
//! would, but for what only the receiver knows: its private key, and the keys that it trusts.

use std::collections::VecDeque;

use super::key_log::{ConnectionName, KeyLog, v1_name};
use super::record::FrameRecord;
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::machine::Progress;
use crate::connection::{Event, Version};
use crate::crypto::cbc_hmac::Sealer;
use crate::crypto::ml_kem::{self, EncapsulationError};
use crate::crypto::rsa_public::pss_verify_any_salt;
use crate::crypto::x25519::EphemeralSecret;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{CheckName, Direction, FrameKind, LayerName, Observe, TERMINATOR};
use crate::identity::PublicKey;
use crate::limits::{HANDSHAKE_FRAME_BYTES, MESSAGE_FRAME_BYTES, RekeyLimits};
use crate::random::Random;
use crate::time::Time;
use crate::v1::framing::Deframer;
use crate::v1::session::record_blob;
use crate::v1::{announcement, error_frame, handshake, message};
use crate::v2::PREFACE;
use crate::v2::auth::Prover;
use crate::v2::channel::{Channel, Received};
use crate::v2::framing::{Frame, FrameType, HEADER_BYTES};
use crate::v2::hello::{ClientHello, ServerHello};
use crate::v2::inner_type::InnerType;
use crate::v2::key_schedule::{AP_C, AP_S, FIN_C, FIN_S, HS_C, HS_S};
use crate::v2::record;
use crate::v2::server::take_preface;
use crate::v2::transcript::Transcript;
use crate::wire::trace::{KeyDef, KeyName};

/// The most bytes of one direction that wait for the other one. Nothing waits in a connection whose
/// bytes come in the order in which they were sent and answered.
const WAITING_BYTES: usize = 2 * MESSAGE_FRAME_BYTES;

/// The part of a connection's secrets that was found in the key log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Nothing was sealed yet.
    Nothing,
    /// The key log has no secrets of this connection.
    Unknown,
    /// The secrets open what was sealed.
    Opened,
    /// There are secrets, and the first that was sealed with them did not open.
    Wrong,
}

/// A reader of both directions of one connection.
#[derive(Debug)]
pub struct Observer {
    client: Side,
    server: Side,
    facts: Facts,
    records: VecDeque<FrameRecord>,
    /// The number of frames so far.
    frames: u64,
}

/// The facts that the directions have in common.
#[derive(Debug)]
struct Facts {
    key_log: KeyLog,
    version: Option<Version>,
    /// The key and the bytes of the announcement.
    announced: Option<(PublicKey, Vec<u8>)>,
    /// The frame of the client's hello, and its random.
    hello: Option<(Vec<u8>, ConnectionName)>,
    /// Since the server's hello.
    transcript: Option<Transcript>,
    /// The server has proven its key, or has nothing more to say.
    server_finished: bool,
    client_finished: bool,
    handshake_v1: bool,
    sealer: Option<Sealer>,
    opening: Opening,
}

/// One direction.
#[derive(Debug)]
struct Side {
    direction: Direction,
    input: Input,
    io: Io,
    deframer: Deframer,
    channel: Channel,
    /// The channel has the keys for what comes next.
    keyed: bool,
    state: State,
}

/// The frame that is due in a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    // From the server.
    Announcement,
    Version,
    ServerHello,
    ServerAuth,
    ServerFinished,
    /// Only the end, until the client has finished.
    AfterServer,
    // From the client.
    FirstByte,
    Preface,
    ClientHello,
    ClientAuth,
    ClientFinished,
    HandshakeV1,
    // Both.
    Established,
    MessagesV1,
    Ended,
}

impl State {
    /// Returns the kind of a sealed frame that is due.
    fn kind(self) -> FrameKind {
        match self {
            Self::ServerAuth => FrameKind::ServerAuth,
            Self::ServerFinished => FrameKind::ServerFinished,
            Self::AfterServer => FrameKind::Alert,
            Self::ClientAuth => FrameKind::ClientAuth,
            Self::ClientFinished => FrameKind::ClientFinished,
            _ => FrameKind::Message,
        }
    }
}

/// The result of a look at the bytes of a direction.
enum Seen {
    /// More bytes are needed, of this direction or of the other one.
    NeedMore,
    /// A frame was read as far as its receiver reads it.
    Whole,
    /// A frame was read as far as that needs no secrets.
    Outside,
}

impl Observer {
    /// Starts before the first byte of a connection. Values of secrets are in the records with
    /// [`Observe::WithSecrets`] only.
    pub fn new(key_log: KeyLog, observe: Observe) -> Self {
        let observe = match observe {
            Observe::Nothing => Observe::Frames,
            other => other,
        };
        Self {
            client: Side::new(Direction::Sent, State::FirstByte, observe),
            server: Side::new(Direction::Received, State::Announcement, observe),
            facts: Facts {
                key_log,
                version: None,
                announced: None,
                hello: None,
                transcript: None,
                server_finished: false,
                client_finished: false,
                handshake_v1: false,
                sealer: None,
                opening: Opening::Nothing,
            },
            records: VecDeque::new(),
            frames: 0,
        }
    }

    /// Takes bytes that the client ([`Direction::Sent`]) or the server has sent.
    pub fn handle_bytes(&mut self, direction: Direction, bytes: &[u8], now: Time) {
        // In pieces, so that no more waits than the longest frame.
        for piece in bytes.chunks(HANDSHAKE_FRAME_BYTES) {
            let side = match direction {
                Direction::Sent => &mut self.client,
                Direction::Received => &mut self.server,
            };
            if side.state == State::Ended {
                return;
            }
            side.input.push(piece);
            // A frame of one direction can be what the other one waits for.
            while self.advance(Direction::Sent, now) || self.advance(Direction::Received, now) {}
            for side in [&mut self.client, &mut self.server] {
                side.input.compact();
                if side.input.unread().len() > WAITING_BYTES {
                    side.end();
                }
            }
        }
    }

    /// Returns the oldest record that was not taken yet.
    pub fn poll_record(&mut self) -> Option<FrameRecord> {
        self.records.pop_front()
    }

    /// Returns the version of the protocol, once the client has chosen it.
    pub fn version(&self) -> Option<Version> {
        self.facts.version
    }

    /// Returns the part of the secrets that was found.
    pub fn opening(&self) -> Opening {
        self.facts.opening
    }

    /// Returns the number of bytes of a frame of this direction that is not whole.
    pub fn unread(&self, direction: Direction) -> usize {
        let side = match direction {
            Direction::Sent => &self.client,
            Direction::Received => &self.server,
        };
        side.input.unread().len()
    }

    /// Reads the next frame of a direction; returns `false` if there is none.
    fn advance(&mut self, direction: Direction, now: Time) -> bool {
        let side = match direction {
            Direction::Sent => &mut self.client,
            Direction::Received => &mut self.server,
        };
        if side.state == State::Ended {
            return false;
        }
        let before = side.state;
        let seen = side.read(&mut self.facts, now);
        let (error, outside) = match seen {
            Ok(Seen::NeedMore) => return side.state != before,
            Ok(Seen::Whole) => (None, false),
            Ok(Seen::Outside) => (None, true),
            Err(error) => (Some(error), false),
        };
        side.io.finish(error.as_ref());
        if error.is_some() {
            // Its receiver reads no further.
            side.end();
        }
        if direction == Direction::Received && side.state == State::Ended {
            // The client may still say why.
            self.facts.server_finished = true;
        }
        for event in std::mem::take(&mut side.io.events) {
            let Event::Frame(mut frame) = event else {
                continue;
            };
            self.frames += 1;
            frame.number = self.frames;
            frame.direction = direction;
            let record = FrameRecord::from(&*frame);
            self.records
                .push_back(if outside { record.unchecked() } else { record });
        }
        true
    }
}

impl Facts {
    /// Returns a secret of this v2 connection.
    fn secret(&self, def: &KeyDef) -> Option<crate::crypto::hkdf::Secret> {
        let (_, name) = self.hello.as_ref()?;
        self.key_log.secret(name, def)
    }

    /// Takes note of the first record that was or was not opened.
    fn opened(&mut self, result: Opening) {
        if self.opening == Opening::Nothing {
            self.opening = result;
        }
    }
}

impl Side {
    fn new(direction: Direction, state: State, observe: Observe) -> Self {
        Self {
            direction,
            input: Input::default(),
            io: Io::new(observe),
            deframer: Deframer::default(),
            channel: Channel::new(RekeyLimits::default()),
            keyed: false,
            state,
        }
    }

    /// Returns `true` if the next frame is a sealed one.
    fn is_sealed(&self) -> bool {
        self.input.unread().get(HEADER_BYTES - 1) == Some(&(FrameType::Sealed as u8))
    }

    fn end(&mut self) {
        self.state = State::Ended;
        self.input = Input::default();
    }

    /// Reads the next frame.
    fn read(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        match self.state {
            State::Announcement => self.read_announcement(facts, now),
            State::Version => {
                self.state = match facts.version {
                    None => return Ok(Seen::NeedMore),
                    Some(Version::V1) => {
                        // As v1's client: an announcement may end in another newline (PROTOCOL.md
                        // §1.2).
                        self.deframer.skip_one_newline();
                        State::MessagesV1
                    }
                    Some(Version::V2) => State::ServerHello,
                };
                Ok(Seen::NeedMore)
            }
            State::FirstByte => {
                let Some(byte) = self.input.first_byte() else {
                    return Ok(Seen::NeedMore);
                };
                (facts.version, self.state) = if byte == PREFACE[0] {
                    (Some(Version::V2), State::Preface)
                } else {
                    (Some(Version::V1), State::HandshakeV1)
                };
                Ok(Seen::NeedMore)
            }
            State::HandshakeV1 => self.read_handshake_v1(facts, now),
            State::MessagesV1 => self.read_message_v1(facts, now),
            State::Preface => {
                if !take_preface(&mut self.input, &mut self.io, now)? {
                    return Ok(Seen::NeedMore);
                }
                self.state = State::ClientHello;
                Ok(Seen::Whole)
            }
            State::ServerHello if self.input.first_byte() == Some(b'{') => {
                self.read_error_for_hello(now)
            }
            // The transcript needs the client's hello first.
            State::ServerHello if facts.hello.is_none() => Ok(Seen::NeedMore),
            // Signed over the server's proof; an alert in clear may come before it.
            State::ClientAuth if self.is_sealed() && !facts.server_finished => Ok(Seen::NeedMore),
            State::Ended => Ok(Seen::NeedMore),
            _ => self.read_v2(facts, now),
        }
    }

    fn read_announcement(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        if error_frame::receive(frame, io).is_some() {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        io.kind(FrameKind::Announcement);
        let key = io.trace.read_terminated(frame, announcement::read)?;
        facts.announced = Some((key, frame.to_vec()));
        self.state = State::Version;
        Ok(Seen::Whole)
    }

    fn read_handshake_v1(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        io.kind(FrameKind::Handshake);
        let handshake = handshake::read(frame, &mut io.trace)?;
        self.state = State::MessagesV1;
        facts.handshake_v1 = true;
        let name = v1_name(&handshake.enc_session);
        let Some(blob) = facts.key_log.session(&name) else {
            facts.opened(Opening::Unknown);
            return Ok(Seen::Outside);
        };
        record_blob(&blob, &mut io.trace);
        let signed = blob.to_bytes();
        if !pss_verify_any_salt(&handshake.client_pub, &signed, &handshake.client_sig) {
            facts.opened(Opening::Wrong);
            return Err(PeerMisbehaved::WrongSignature.into());
        }
        facts.opened(Opening::Opened);
        facts.sealer = Some(Sealer::new(&blob));
        Ok(Seen::Whole)
    }

    fn read_message_v1(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let limit = if facts.handshake_v1 {
            MESSAGE_FRAME_BYTES
        } else {
            HANDSHAKE_FRAME_BYTES
        };
        let next = self.deframer.next_frame(input, limit, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        let from_server = self.direction == Direction::Received;
        if from_server && !facts.handshake_v1 {
            if error_frame::receive(frame, io).is_some() {
                self.state = State::Ended;
                return Ok(Seen::Whole);
            }
            io.trace.terminated(frame.len(), io.spans());
            return Err(InvalidMessage::BeforeHandshake.into());
        }
        let read = if let Some(sealer) = &facts.sealer {
            message::read(sealer, frame, &mut io.trace).map(|_| Seen::Whole)
        } else {
            let read = message::read_sealed(frame, &mut io.trace);
            read.map(|_| Seen::Outside).map_err(Error::from)
        };
        // As v1's client: only a frame that is no message is read as an error (PROTOCOL.md §1.5).
        if from_server
            && matches!(read, Err(Error::InvalidMessage(InvalidMessage::Json(_))))
            && error_frame::receive(frame, io).is_some()
        {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        if read.is_ok() || !from_server {
            io.kind(FrameKind::Message);
        }
        read
    }

    /// Reads an error frame of v1 in place of the server's hello.
    fn read_error_for_hello(&mut self, now: Time) -> Result<Seen, Error> {
        let (input, io) = (&mut self.input, &mut self.io);
        let next = self
            .deframer
            .next_frame(input, HANDSHAKE_FRAME_BYTES, io, now)?;
        let Some(frame) = next else {
            return Ok(Seen::NeedMore);
        };
        if error_frame::receive(frame, io).is_some() {
            self.state = State::Ended;
            return Ok(Seen::Whole);
        }
        let (expected, got) = (FrameKind::ServerHello, b'{');
        io.trace.terminated(frame.len(), io.spans());
        Err(InvalidMessage::Unexpected { expected, got }.into())
    }

    fn read_v2(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        if matches!(self.state, State::AfterServer) && facts.client_finished {
            self.establish(facts);
        }
        if self.state == State::ClientAuth && !self.keyed {
            self.take_keys(facts, &HS_C);
        }
        // The frame borrows the input, and everything else of this side is needed beside it.
        let mut input = std::mem::take(&mut self.input);
        let read = match self.channel.next_frame(&mut input, &mut self.io, now) {
            Ok(Some(frame)) => match self.state {
                State::ClientHello => self.read_client_hello(&frame, facts),
                State::ServerHello => self.read_server_hello(&frame, facts),
                _ if self.keyed => self.open(frame, facts),
                _ => self.read_outside(frame, facts),
            },
            Ok(None) => Ok(Seen::NeedMore),
            Err(error) => Err(error.into()),
        };
        self.input = input;
        read
    }

    fn read_client_hello(&mut self, frame: &Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let (io, kind) = (&mut self.io, FrameKind::ClientHello);
        let body = match Channel::receive_clear(frame, FrameType::ClientHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(_) => return Ok(self.ended()),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ClientHello::decode(reader, kind)
        })?;
        check_point(hello.x25519)?;
        let checked = ml_kem::encapsulate(hello.ml_kem, &mut no_random());
        if matches!(checked, Err(EncapsulationError::InvalidKey)) {
            return Err(PeerMisbehaved::EncapsulationKey.into());
        }
        facts.hello = Some((frame.bytes().to_vec(), *hello.random));
        self.state = State::ClientAuth;
        Ok(Seen::Whole)
    }

    fn read_server_hello(&mut self, frame: &Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let (io, kind) = (&mut self.io, FrameKind::ServerHello);
        let body = match Channel::receive_clear(frame, FrameType::ServerHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(_) => return Ok(self.ended()),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ServerHello::decode(reader, kind)
        })?;
        check_point(hello.x25519)?;
        let mut transcript = Transcript::new();
        let (_, announcement) = facts.announced.as_ref().ok_or(Error::TimedOut)?;
        let (client_hello, _) = facts.hello.as_ref().ok_or(Error::TimedOut)?;
        for part in [
            announcement,
            &TERMINATOR[..],
            PREFACE,
            client_hello,
            frame.bytes(),
        ] {
            transcript.absorb(part);
        }
        facts.transcript = Some(transcript);
        self.state = State::ServerAuth;
        self.take_keys(facts, &HS_S);
        Ok(Seen::Whole)
    }

    /// Takes the keys of a secret, if it is known. Without keys a record of any length that a session
    /// may have is let through, because the end of the handshake does not show.
    fn take_keys(&mut self, facts: &Facts, def: &'static KeyDef) {
        if let Some(secret) = facts.secret(def) {
            self.channel.set_reading_secret(secret, def);
            self.keyed = true;
        } else {
            self.channel.establish();
            self.keyed = false;
        }
    }

    fn establish(&mut self, facts: &Facts) {
        let def = match self.direction {
            Direction::Sent => &AP_C,
            Direction::Received => &AP_S,
        };
        self.take_keys(facts, def);
        self.channel.establish();
        self.state = State::Established;
    }

    fn ended(&mut self) -> Seen {
        self.state = State::Ended;
        Seen::Whole
    }

    /// Reads a sealed frame without its keys.
    fn read_outside(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let io = &mut self.io;
        let sealed = FrameType::Sealed;
        // The alert of a client that refuses the server's hello is in clear (PROTOCOL.md §2.11).
        if frame.is(FrameType::Alert) && self.state == State::ClientAuth {
            Channel::receive_clear(&frame, sealed, FrameKind::ClientAuth, io)?;
            return Ok(self.ended());
        }
        if !frame.is(sealed) {
            let (expected, got) = (self.state.kind(), frame.type_byte());
            io.trace
                .refuse(LayerName::Wire, CheckName::FrameType, HEADER_BYTES - 1);
            return Err(InvalidMessage::Unexpected { expected, got }.into());
        }
        facts.opened(Opening::Unknown);
        if self.direction == Direction::Received {
            // The end of the proof does not show.
            facts.server_finished = true;
        }
        let (_, body) = frame.into_parts();
        record::split(body, &mut io.trace)?;
        Ok(Seen::Outside)
    }

    /// Opens a sealed frame.
    fn open(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let opened = self.open_record(frame, facts);
        match &opened {
            Err(Error::PeerMisbehaved(PeerMisbehaved::UnopenableRecord)) => {
                facts.opened(Opening::Wrong);
            }
            _ => facts.opened(Opening::Opened),
        }
        opened
    }

    fn open_record(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        if self.state == State::ClientAuth && frame.is(FrameType::Alert) {
            let (sealed, kind) = (FrameType::Sealed, FrameKind::ClientAuth);
            Channel::receive_clear(&frame, sealed, kind, &mut self.io)?;
            return Ok(self.ended());
        }
        let expected = match self.state {
            State::ServerAuth => InnerType::ServerAuth,
            State::ServerFinished => InnerType::ServerFinished,
            State::AfterServer => InnerType::Alert,
            State::ClientAuth => InnerType::ClientAuth,
            State::ClientFinished => InnerType::ClientFinished,
            _ => {
                let progress = self.channel.handle_record(frame, &mut self.io)?;
                if !matches!(progress, Progress::Handled) {
                    self.state = State::Ended;
                }
                return Ok(Seen::Whole);
            }
        };
        let content = match self.channel.receive_sealed(frame, expected, &mut self.io)? {
            Received::Content(content) => content,
            Received::End(_) => return Ok(self.ended()),
        };
        let Some(transcript) = &mut facts.transcript else {
            return Ok(Seen::Outside);
        };
        let (prover, finished) = match self.direction {
            Direction::Sent => (Prover::Client, &FIN_C),
            Direction::Received => (Prover::Server, &FIN_S),
        };
        // A proof covers the transcript before it.
        let hash = transcript.hash();
        transcript.absorb_sealed(expected, content);
        let trace = &mut self.io.trace;
        if matches!(expected, InnerType::ServerAuth | InnerType::ClientAuth) {
            let announced = match prover {
                Prover::Client => None,
                Prover::Server => facts.announced.as_ref().map(|(key, _)| key),
            };
            trace.read(LayerName::Message, content, |reader| {
                prover.verify(reader, &hash, announced)
            })?;
            self.state = match prover {
                Prover::Client => State::ClientFinished,
                Prover::Server => State::ServerFinished,
            };
            return Ok(Seen::Whole);
        }
        let key = facts.secret(finished);
        let seen = if let Some(key) = &key {
            trace.key(KeyName::new(finished), None, &[], Some(key));
            trace.read(LayerName::Message, content, |reader| {
                prover.verify_finished(reader, key, &hash)
            })?;
            Seen::Whole
        } else {
            Seen::Outside
        };
        match prover {
            Prover::Client => {
                facts.client_finished = true;
                self.establish(facts);
            }
            Prover::Server => {
                facts.server_finished = true;
                self.state = State::AfterServer;
            }
        }
        Ok(seen)
    }
}

/// Checks a point as the peer does. A point of low order gives zero with every secret, so that any
/// secret finds it (RFC 7748 §6.1).
fn check_point(point: &[u8; 32]) -> Result<(), Error> {
    let secret = EphemeralSecret::generate(&mut no_random());
    match secret.map(|secret| secret.diffie_hellman(point).is_ok()) {
        Ok(false) => Err(PeerMisbehaved::LowOrderPoint.into()),
        _ => Ok(()),
    }
}

/// Returns bytes where a check needs some: nothing here is a secret.
fn no_random() -> Random {
    Random::new(|bytes| {
        bytes.fill(1);
        Ok(())
    })
}
