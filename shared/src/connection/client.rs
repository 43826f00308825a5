//! The client's side of a connection: what it needs to know, and whom it trusts.

use super::Connection;
use super::io::Io;
use super::machine::Machine;
use super::version::Version;
use crate::error::Untrusted;
use crate::identity::{Fingerprint, PublicKey};
use crate::limits::Limits;
use crate::random::Random;
use crate::time::Time;
use crate::{v1, v2};

/// The role of a client.
#[derive(Debug)]
pub enum Client {}

/// A client's connection.
pub type ClientConnection = Connection<Client>;

/// What a client's connection needs to know.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Who we are. The private half answers [`Event::PrivateKey`](super::Event::PrivateKey).
    pub identity: PublicKey,
    /// The protocol that is spoken.
    pub version: Version,
    /// Which server is accepted.
    pub trust: Trust,
    /// What we accept.
    pub limits: Limits,
    /// Whether every frame is reported as [`Event::Frame`](super::Event::Frame).
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

impl Trust {
    /// Whether the server with this key is accepted.
    pub(crate) fn judge(self, presented: Fingerprint) -> Result<(), Untrusted> {
        match self {
            Self::Any => Ok(()),
            Self::Learn => Err(Untrusted::Unknown { presented }),
            Self::Pinned(pinned) if pinned == presented => Ok(()),
            Self::Pinned(pinned) => Err(Untrusted::Changed { pinned, presented }),
        }
    }
}

impl ClientConnection {
    /// Starts a connection. A v1 client waits for the server to speak; a v2 client has its hello to
    /// transmit at once.
    pub fn new(config: ClientConfig, random: Random, now: Time) -> Self {
        let mut io = Io::new(config.observe_frames);
        let machine: Box<dyn Machine> = match config.version {
            Version::V1 => Box::new(v1::client::Client::new(config, random, now)),
            Version::V2 => match v2::client::Client::start(config, random, &mut io, now) {
                Ok(client) => Box::new(client),
                Err(error) => return Self::failed(io, error),
            },
        };
        Self::with_machine(machine, io)
    }
}
