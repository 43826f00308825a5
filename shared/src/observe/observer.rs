//! Reads a connection that passed between two others, with their own codec.
//!
//! The observer sees what both ends have sent, in an order in which no answer comes before its
//! question, and opens records with the secrets of a [`KeyLog`]. It judges a frame as its receiver
//! would, but for what only the receiver knows: its private key, and the keys that it trusts.

mod v1;
mod v2;

use std::collections::VecDeque;

use super::key_log::{ConnectionName, KeyLog};
use super::record::FrameRecord;
use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::connection::{Event, Version};
use crate::crypto::cbc_hmac::Sealer;
use crate::error::Error;
use crate::frame::{Direction, FrameKind, Observe};
use crate::identity::PublicKey;
use crate::limits::{HANDSHAKE_FRAME_BYTES, MESSAGE_FRAME_BYTES, RekeyLimits};
use crate::time::Time;
use crate::v1::framing::Deframer;
use crate::v2::PREFACE;
use crate::v2::channel::Channel;
use crate::v2::framing::{FrameType, HEADER_BYTES};
use crate::v2::server::take_preface;
use crate::v2::transcript::Transcript;
use crate::wire::trace::KeyDef;

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
}
