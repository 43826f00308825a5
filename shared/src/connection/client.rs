//! The client's side of a connection.

use super::event::{Event, FrameKind, PrivateKeyRequest, PrivateKeyResponse};
use super::io::Io;
use super::role::Role;
use super::version::Version;
use super::{Connection, Progress};
use crate::error::{Error, ErrorCode, InvalidMessage};
use crate::identity::{Fingerprint, PublicKey};
use crate::limits::Limits;
use crate::random::Random;
use crate::time::Time;
use crate::v1::client::{ExpectAnnouncement, ExpectSignature};
use crate::v1::error_frame;
use crate::v1::session::Session;

/// A client's connection.
pub type ClientConnection = Connection<ClientRole>;

/// What a client's connection needs to know.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Who we are. The private half answers [`Event::PrivateKey`].
    pub identity: PublicKey,
    /// The protocol that is spoken.
    pub version: Version,
    /// Which server is accepted.
    pub trust: Trust,
    /// What we accept.
    pub limits: Limits,
    /// Whether every frame is reported as [`Event::Frame`].
    pub observe_frames: bool,
}

impl ClientConfig {
    /// The default limits, and no report of frames.
    pub fn new(identity: PublicKey, version: Version, trust: Trust) -> Self {
        Self {
            identity,
            version,
            trust,
            limits: Limits::default(),
            observe_frames: false,
        }
    }
}

/// Which server a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The one with this key. A v1 server cannot prove its key, but what is encrypted to the pinned
    /// key only its holder can read.
    Pinned(Fingerprint),
    /// Whoever answers.
    Any,
    /// None: the connection ends as soon as the server's key is known (and in v2 proven), so that
    /// a person can judge it. Our own key is not shown to the server.
    Learn,
}

/// The client's part of a [`Connection`].
#[derive(Debug)]
pub struct ClientRole {
    config: ClientConfig,
    random: Random,
    deadline: Time,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectAnnouncement(ExpectAnnouncement),
    ExpectSignature(ExpectSignature),
    Established(Session),
    Ended,
}

impl ClientConnection {
    /// Starts a connection: the server speaks first.
    pub fn new(config: ClientConfig, random: Random, now: Time) -> Self {
        let deadline = now + config.limits.handshake_timeout;
        let observe_frames = config.observe_frames;
        let state = State::ExpectAnnouncement(ExpectAnnouncement);
        Self::with_role(
            ClientRole {
                config,
                random,
                deadline,
                state,
            },
            observe_frames,
        )
    }
}

#[expect(
    private_interfaces,
    reason = "sealed: nobody outside implements or calls it"
)]
impl Role for ClientRole {
    fn frame_limit(&self) -> usize {
        match self.state {
            State::ExpectAnnouncement(_) | State::ExpectSignature(_) => {
                self.config.limits.handshake_frame_bytes
            }
            _ => self.config.limits.message_frame_bytes,
        }
    }

    fn message_frame_limit(&self) -> usize {
        self.config.limits.message_frame_bytes
    }

    fn waits_for_private_key(&self) -> bool {
        matches!(self.state, State::ExpectSignature(_))
    }

    fn holds_input(&self) -> bool {
        // A server has nothing to say before our handshake but that it ends the connection.
        false
    }

    fn deadline(&self) -> Option<Time> {
        matches!(self.state, State::ExpectAnnouncement(_)).then_some(self.deadline)
    }

    fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Established(session) => Some(session),
            _ => None,
        }
    }

    fn check_first_byte(&self, _byte: u8) -> Result<(), Error> {
        Ok(())
    }

    fn handle_frame(&mut self, frame: &[u8], io: &mut Io, now: Time) -> Result<Progress, Error> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::ExpectAnnouncement(state) => {
                if let Some((code, message)) = error_frame::decode(frame) {
                    io.observe_received(FrameKind::Error, frame, now);
                    return Ok(Progress::Reported(code, message));
                }
                io.observe_received(FrameKind::Announcement, frame, now);
                let next = state.handle_frame(frame, &mut self.random)?;
                let key = next.server().clone();
                io.events.push_back(Event::ServerKey { key, proven: false });
                let message = next.to_be_signed();
                io.events
                    .push_back(Event::PrivateKey(PrivateKeyRequest::Sign { message }));
                self.state = State::ExpectSignature(next);
                Ok(Progress::SkipNewline)
            }
            State::Established(session) => {
                let opened = match session.open(frame) {
                    // Only what cannot be a message is looked at as an error frame.
                    Err(Error::InvalidMessage(InvalidMessage::Json(detail))) => {
                        let Some((code, message)) = error_frame::decode(frame) else {
                            return Err(InvalidMessage::Json(detail).into());
                        };
                        io.observe_received(FrameKind::Error, frame, now);
                        return Ok(Progress::Reported(code, message));
                    }
                    opened => opened?,
                };
                io.observe_received(FrameKind::Message, frame, now);
                io.events.push_back(Event::Message(opened));
                self.state = State::Established(session);
                Ok(Progress::Continue)
            }
            State::ExpectSignature(_) => {
                let Some((code, message)) = error_frame::decode(frame) else {
                    return Err(InvalidMessage::BeforeHandshake.into());
                };
                io.observe_received(FrameKind::Error, frame, now);
                Ok(Progress::Reported(code, message))
            }
            // `Connection` hands no frames over after the end.
            State::Ended => Ok(Progress::Continue),
        }
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
                io.events.push_back(Event::Established {
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

    fn farewell(&self, _code: ErrorCode, _io: &mut Io) {
        // v1 has no error frame from client to server: the stream just ends.
    }

    fn wipe(&mut self) {
        self.state = State::Ended;
    }
}
