//! One end of a connection under watch: drives it through the public face, and asserts after every
//! step what must hold whatever the other end sends.

use std::collections::VecDeque;

use shared::connection::{
    CloseReason, Connection, Event, PrivateKeyRequest, PrivateKeyResponse, SendError, SessionId,
    Version,
};
use shared::error::ErrorCode;
use shared::identity::{PrivateKey, PublicKey};
use shared::limits::{HANDSHAKE_FRAME_BYTES, MESSAGE_FRAME_BYTES, V2_FRAME_BYTES};
use shared::time::Time;

use crate::keys;

/// Bytes in every message that is long enough, which must never be seen on the wire.
pub const MARKER: &[u8] = b"this must never be seen in clear";

/// Longest announcement, handshake or hello: what may be held for a stranger, with a terminator.
const STRANGER_BYTES: usize = HANDSHAKE_FRAME_BYTES + 3;

/// The side of a connection, which decides what it may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// One end of a connection, and what it has done so far.
pub struct End<R> {
    pub connection: Connection<R>,
    pub side: Side,
    key: &'static PrivateKey,
    requests: VecDeque<PrivateKeyRequest>,
    /// `true` once an operation with this end's key was requested.
    asked: bool,
    /// The messages that this end has sent, in the order in which the peer must receive them.
    pub sent: Vec<Vec<u8>>,
    pub received: Vec<Vec<u8>>,
    pub established: Option<(Version, PublicKey, Option<SessionId>)>,
    pub proven: bool,
    pub closed: Option<CloseReason>,
    output: Output,
}

impl<R> End<R> {
    pub fn new(connection: Connection<R>, side: Side, key: &'static PrivateKey) -> Self {
        Self {
            connection,
            side,
            key,
            requests: VecDeque::new(),
            asked: false,
            sent: Vec::new(),
            received: Vec::new(),
            established: None,
            proven: false,
            closed: None,
            output: Output::new(side),
        }
    }

    /// Returns everything that waits to be written.
    pub fn transmit(&mut self) -> Vec<u8> {
        let bytes = self.connection.poll_transmit().unwrap_or_default();
        self.output.check(&bytes, self.proven);
        // A driver that writes once per turn would otherwise leave the rest lying.
        assert_eq!(self.connection.poll_transmit(), None, "one piece");
        self.watch();
        bytes
    }

    /// Takes bytes of the peer, and checks the events that they cause.
    pub fn receive(&mut self, bytes: &[u8], now: Time) {
        self.connection.handle_bytes(bytes, now);
        self.watch();
    }

    pub fn eof(&mut self) {
        self.connection.handle_eof();
        self.watch();
    }

    /// Moves the time to `now`. A timer that has been handled must not be due any more.
    pub fn wake(&mut self, now: Time) {
        self.connection.handle_timeout(now);
        self.watch();
        let due = self.connection.poll_timeout().is_some_and(|at| at <= now);
        assert!(!due, "a driver would spin");
    }

    pub fn send(&mut self, message: &[u8], now: Time) {
        match self.connection.send(message, now) {
            Ok(()) => self.sent.push(message.to_vec()),
            // The longest message differs by version; shorter ones than this fit both.
            Err(SendError::TooLarge { .. }) => assert!(message.len() > 60_000),
            Err(_) => {}
        }
        self.watch();
    }

    pub fn finish(&mut self, now: Time) {
        self.connection.finish(now);
        // A message behind the close would be lost without a word.
        assert_eq!(self.connection.send(b"more", now), Err(SendError::Closed));
        self.watch();
    }

    pub fn close(&mut self, code: ErrorCode, now: Time) {
        self.connection.close(code, now);
        self.watch();
        assert!(self.closed.is_some());
    }

    /// Answers the oldest private-key request correctly.
    pub fn answer(&mut self, now: Time) {
        if let Some(request) = self.requests.pop_front() {
            let response = keys::answer(self.key, &request);
            self.connection.handle_private_key(response, now);
        }
        self.watch();
    }

    /// Gives a wrong answer: a refusal, or the result of an operation that was not requested.
    pub fn answer_wrongly(&mut self, how: u8, bytes: &[u8], now: Time) {
        let request = self.requests.pop_front();
        let response = match (how % 3, request) {
            (0, Some(request)) => request.refuse(),
            (1, _) => PrivateKeyResponse::Signed(Ok(bytes.to_vec())),
            (_, _) => PrivateKeyResponse::Decrypted(Ok(bytes.to_vec().into())),
        };
        self.connection.handle_private_key(response, now);
        self.watch();
    }

    /// Returns `true` if a private-key request waits for its answer.
    pub fn is_asking(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Drains the events, and asserts the rules that hold at every moment.
    fn watch(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            // A driver may drop the connection at this event.
            assert_eq!(self.closed, None, "nothing comes after Closed: {event:?}");
            match event {
                Event::PrivateKey(request) => {
                    self.asked = true;
                    self.requests.push_back(request);
                }
                Event::Established {
                    version,
                    peer,
                    session_id,
                } => {
                    assert_eq!(self.established, None, "established once");
                    assert_eq!(session_id.is_some(), version == Version::V2);
                    self.established = Some((version, peer, session_id));
                }
                Event::Message(message) => {
                    assert_ne!(
                        self.established, None,
                        "a message before the handshake's end"
                    );
                    self.received.push(message.to_vec());
                }
                Event::Frame(frame) => shared::fuzzing::assert_covered(&frame),
                Event::ServerKey { proven, .. } => self.proven = proven,
                Event::Closed(reason) => self.closed = Some(reason),
                _ => {}
            }
        }
        self.check_buffer();
        self.check_end();
    }

    fn check_buffer(&self) {
        let limit = match &self.established {
            None if self.side == Side::Server && self.asked => {
                // What comes with a v1 handshake waits for the key, within a message's limit.
                MESSAGE_FRAME_BYTES + 3
            }
            None => STRANGER_BYTES,
            Some((Version::V1, ..)) => MESSAGE_FRAME_BYTES + 3,
            // One frame at most: what is held for a peer is memory that the peer decides on.
            Some((Version::V2, ..)) => V2_FRAME_BYTES,
        };
        let buffered = shared::fuzzing::buffered_bytes(&self.connection);
        assert!(buffered <= limit, "{buffered} bytes held, {limit} allowed");
    }

    fn check_end(&self) {
        if self.closed.is_none() {
            return;
        }
        assert_eq!(self.connection.poll_timeout(), None);
        // A driver would go on reading from a peer that nobody answers.
        assert!(!self.connection.wants_bytes());
        // A peer that only closed its side may still be sent to; any other end is the whole end.
        let half = matches!(
            self.closed,
            Some(CloseReason::PeerClosed | CloseReason::Truncated)
        );
        assert!(half || !self.connection.is_established());
        assert!(half || self.connection.session_id().is_none());
        assert!(half || shared::fuzzing::buffered_bytes(&self.connection) == 0);
    }
}

/// The bytes that an end has written, read as far as that is possible without keys.
struct Output {
    side: Side,
    pending: Vec<u8>,
    state: Reading,
    sealed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The server's announcement or the client's preface is due.
    Start,
    V1,
    V2,
}

impl Output {
    fn new(side: Side) -> Self {
        Self {
            side,
            pending: Vec::new(),
            state: Reading::Start,
            sealed: false,
        }
    }

    /// Checks bytes that go out; every byte passes here.
    fn check(&mut self, bytes: &[u8], proven: bool) {
        self.pending.extend_from_slice(bytes);
        let seen = self
            .pending
            .windows(MARKER.len())
            .any(|part| part == MARKER);
        assert!(!seen, "a message went out in clear");
        // Frame by frame, since the type of each tells whether it may be in clear.
        while let Some(length) = self.whole_frame() {
            let frame: Vec<u8> = self.pending.drain(..length).collect();
            if self.state == Reading::V2 {
                self.check_v2(frame[4], proven);
            }
            if self.state == Reading::Start && self.side == Side::Client {
                self.state = if frame == *shared::v2::PREFACE {
                    Reading::V2
                } else {
                    Reading::V1
                };
            }
        }
        // A connection writes whole frames.
        assert!(self.pending.is_empty(), "half a frame was written");
    }

    /// Returns the length of the first frame, if all of it is there.
    fn whole_frame(&mut self) -> Option<usize> {
        if self.pending.is_empty() {
            return None;
        }
        if self.side == Side::Client
            && self.state == Reading::Start
            && self.pending.starts_with(shared::v2::PREFACE)
        {
            return Some(shared::v2::PREFACE.len());
        }
        let in_json = self.pending[0] == b'{' || self.pending.starts_with(b"SERVER_PUB\n");
        if in_json && self.state != Reading::V2 {
            let end = self.pending.windows(2).position(|pair| pair == b"\n\n");
            return end.map(|at| at + 2);
        }
        self.state = Reading::V2;
        let (length, _) = self.pending.split_first_chunk::<4>()?;
        let whole = 5 + u32::from_be_bytes(*length) as usize;
        (whole <= self.pending.len()).then_some(whole)
    }

    /// Checks that frames go out in clear only before there are keys.
    fn check_v2(&mut self, frame_type: u8, proven: bool) {
        match (frame_type, self.side) {
            (1, Side::Client) | (2, Side::Server) => {
                assert!(!self.sealed, "a hello after a sealed frame");
                // The server has its keys with its hello.
                self.sealed = self.side == Side::Server;
            }
            (3, _) => self.sealed = true,
            (4, _) => assert!(!self.sealed && !proven, "an alert in clear after keys"),
            (other, side) => panic!("{side:?} wrote a frame of type {other}"),
        }
    }
}
