//! The server's side of a connection.

use std::sync::Arc;

use super::event::{Event, FrameKind, PrivateKeyRequest, PrivateKeyResponse};
use super::io::Io;
use super::role::Role;
use super::version::Version;
use super::{Connection, Progress};
use crate::error::{Error, ErrorCode};
use crate::identity::PublicKey;
use crate::limits::Limits;
use crate::time::Time;
use crate::v1::server::{ExpectHandshake, ExpectSession};
use crate::v1::session::Session;
use crate::v1::{announcement, error_frame};

/// A server's connection.
pub type ServerConnection = Connection<ServerRole>;

/// What all connections of a server share.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    announcement: Vec<u8>,
    /// What we accept.
    pub limits: Limits,
    /// Whether clients may speak v1.
    pub allow_v1: bool,
    /// Whether every frame is reported as [`Event::Frame`].
    pub observe_frames: bool,
}

impl ServerConfig {
    /// The defaults for a server with this key: v1 is allowed.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the configuration takes the identity over"
    )]
    pub fn new(identity: PublicKey) -> Self {
        Self {
            announcement: announcement::encode(&identity),
            limits: Limits::default(),
            allow_v1: true,
            observe_frames: false,
        }
    }
}

/// The server's part of a [`Connection`].
#[derive(Debug)]
pub struct ServerRole {
    config: Arc<ServerConfig>,
    deadline: Time,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectHandshake(ExpectHandshake),
    // Boxed: a whole client key, and only for milliseconds.
    ExpectSession(Box<ExpectSession>),
    Established(Session),
    Ended,
}

impl ServerConnection {
    /// Starts a connection: the announcement is the first thing to transmit.
    pub fn new(config: Arc<ServerConfig>, now: Time) -> Self {
        let deadline = now + config.limits.handshake_timeout;
        let observe_frames = config.observe_frames;
        let state = State::ExpectHandshake(ExpectHandshake);
        let mut connection = Self::with_role(
            ServerRole {
                config,
                deadline,
                state,
            },
            observe_frames,
        );
        let announcement = &connection.role.config.announcement;
        connection.io.output.extend_from_slice(announcement);
        connection.io.observe_sent(FrameKind::Announcement, 0, now);
        connection
    }
}

#[expect(
    private_interfaces,
    reason = "sealed: nobody outside implements or calls it"
)]
impl Role for ServerRole {
    fn frame_limit(&self) -> usize {
        match self.state {
            State::ExpectHandshake(_) => self.config.limits.handshake_frame_bytes,
            _ => self.config.limits.message_frame_bytes,
        }
    }

    fn message_frame_limit(&self) -> usize {
        self.config.limits.message_frame_bytes
    }

    fn waits_for_private_key(&self) -> bool {
        matches!(self.state, State::ExpectSession(_))
    }

    fn holds_input(&self) -> bool {
        // Messages may come together with the handshake.
        self.waits_for_private_key()
    }

    fn deadline(&self) -> Option<Time> {
        matches!(self.state, State::ExpectHandshake(_)).then_some(self.deadline)
    }

    fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Established(session) => Some(session),
            _ => None,
        }
    }

    fn check_first_byte(&self, byte: u8) -> Result<(), Error> {
        let starts_v1 = byte == b'{' || byte.is_ascii_whitespace();
        match self.state {
            State::ExpectHandshake(_) if starts_v1 && !self.config.allow_v1 => {
                Err(Error::V1Disabled)
            }
            _ => Ok(()),
        }
    }

    fn handle_frame(&mut self, frame: &[u8], io: &mut Io, now: Time) -> Result<Progress, Error> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::ExpectHandshake(state) => {
                io.observe_received(FrameKind::Handshake, frame, now);
                let next = state.handle_frame(frame)?;
                let ciphertext = next.ciphertext().to_vec();
                io.events
                    .push_back(Event::PrivateKey(PrivateKeyRequest::Decrypt { ciphertext }));
                self.state = State::ExpectSession(Box::new(next));
            }
            State::Established(session) => {
                io.observe_received(FrameKind::Message, frame, now);
                let opened = session.open(frame)?;
                io.events.push_back(Event::Message(opened));
                self.state = State::Established(session);
            }
            // Frames are not taken in these states; one would be an error of `Connection`.
            state @ (State::ExpectSession(_) | State::Ended) => self.state = state,
        }
        Ok(Progress::Continue)
    }

    fn handle_private_key(
        &mut self,
        response: PrivateKeyResponse,
        io: &mut Io,
        _now: Time,
    ) -> Result<(), Error> {
        match (std::mem::replace(&mut self.state, State::Ended), response) {
            (State::ExpectSession(state), PrivateKeyResponse::Decrypted(decrypted)) => {
                let (session, peer) = state.handle_decrypted(decrypted)?;
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

    fn farewell(&self, code: ErrorCode, io: &mut Io) {
        io.output.extend_from_slice(&error_frame::encode(code));
    }

    fn wipe(&mut self) {
        self.state = State::Ended;
    }
}
