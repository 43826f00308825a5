//! The server's side of a connection: the configuration that all connections share, and the choice
//! of the version.

use std::sync::Arc;

use super::Connection;
use super::event::{PrivateKeyResponse, SendError};
use super::input::Input;
use super::io::Io;
use super::machine::{Machine, Progress};
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::frame::{FrameKind, Observe, TERMINATOR};
use crate::identity::PublicKey;
use crate::limits::Limits;
use crate::random::Random;
use crate::time::Time;
use crate::v1::{announcement, error_frame};
use crate::{v1, v2};

/// The role of a server.
#[derive(Debug)]
pub enum Server {}

/// A server's connection.
pub type ServerConnection = Connection<Server>;

/// The configuration that all connections of a server share.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    identity: PublicKey,
    announcement: Vec<u8>,
    /// The limits of this side.
    pub limits: Limits,
    /// `true` if clients may speak v1.
    pub allow_v1: bool,
    /// The frames that are reported as [`Event::Frame`](super::Event::Frame).
    pub observe: Observe,
}

impl ServerConfig {
    /// Returns the default configuration of a server with this key: v1 is allowed.
    pub fn new(identity: PublicKey) -> Self {
        Self {
            // Encoded once, because every connection begins with the same bytes.
            announcement: announcement::encode(&identity),
            identity,
            limits: Limits::default(),
            allow_v1: true,
            observe: Observe::Nothing,
        }
    }

    /// Returns the server's public key.
    pub fn identity(&self) -> &PublicKey {
        &self.identity
    }

    /// Returns the announcement's frame, with its terminator.
    pub(crate) fn announcement(&self) -> &[u8] {
        &self.announcement
    }
}

impl ServerConnection {
    /// Starts a connection: the announcement is the first thing to transmit.
    pub fn new(config: Arc<ServerConfig>, random: Random, now: Time) -> Self {
        let mut io = Io::new(config.observe);
        io.output.extend_from_slice(&config.announcement);
        let mut trace = io.new_trace();
        let frame = &config.announcement[..config.announcement.len() - TERMINATOR.len()];
        trace.read_terminated(frame, announcement::cut);
        io.sent(FrameKind::Announcement, 0, trace, now);
        let undecided = Undecided {
            deadline: now + config.limits.handshake_timeout,
            random: Some(random),
            config,
        };
        Self::with_machine(Box::new(undecided), io)
    }
}

/// The machine before the client's first byte: the announcement is out, and the byte decides the
/// version.
#[derive(Debug)]
struct Undecided {
    config: Arc<ServerConfig>,
    /// The randomness for the machine that takes over.
    random: Option<Random>,
    deadline: Time,
}

impl Machine for Undecided {
    fn buffer_limit(&self) -> usize {
        // One byte would be enough; the machine that takes over sets its own limit.
        self.config.limits.handshake_frame_bytes
    }

    fn handle_next(
        &mut self,
        input: &mut Input,
        io: &mut Io,
        now: Time,
    ) -> Result<Progress, Error> {
        let Some(byte) = input.first_byte() else {
            return Ok(Progress::NeedMore);
        };
        let config = Arc::clone(&self.config);
        if byte == v2::PREFACE[0]
            && let Some(random) = self.random.take()
        {
            let server = v2::server::Server::new(config, random, self.deadline);
            return Ok(Progress::Become(Box::new(server)));
        }
        // A v1 handshake is a JSON object, so it starts with one of these bytes: a client cannot
        // get past the switch by another one.
        let starts_v1 = byte == b'{' || byte.is_ascii_whitespace();
        if starts_v1 && !config.allow_v1 {
            io.refused_bytes(input.unread(), io.spans(), now);
            return Err(Error::V1Disabled);
        }
        // Any other byte begins neither version. v1's server answers it, because its error frame is
        // readable text.
        let server = v1::server::Server::new(config, self.deadline);
        Ok(Progress::Become(Box::new(server)))
    }

    fn waits_for_private_key(&self) -> bool {
        false
    }

    fn holds_input(&self) -> bool {
        false
    }

    fn handle_private_key(
        &mut self,
        _response: PrivateKeyResponse,
        _io: &mut Io,
        _now: Time,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Time> {
        Some(self.deadline)
    }

    fn handle_timeout(&mut self, _io: &mut Io, _now: Time) -> Result<(), Error> {
        Err(Error::TimedOut)
    }

    fn is_established(&self) -> bool {
        false
    }

    fn send(&mut self, _: &[u8], _: &mut Io, _: Time) -> Result<(), SendError> {
        Err(SendError::NotEstablished)
    }

    fn farewell(&mut self, code: ErrorCode, io: &mut Io, now: Time) {
        // Clients of both versions read this frame as long as the version is open (PROTOCOL.md
        // §2.11).
        error_frame::send(code, io, now);
    }
}
