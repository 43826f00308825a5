//! The client's side of a connection: its configuration, and the servers that it trusts.

use super::Connection;
use super::io::Io;
use super::machine::Machine;
use super::version::Version;
use crate::error::Untrusted;
use crate::frame::Observe;
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

/// The configuration of a client's connection.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The client's public key. Its private half answers
    /// [`Event::PrivateKey`](super::Event::PrivateKey).
    pub identity: PublicKey,
    /// The version of the protocol that the client speaks.
    pub version: Version,
    /// The servers that the client accepts.
    pub trust: Trust,
    /// The limits of this side.
    pub limits: Limits,
    /// The frames that are reported as [`Event::Frame`](super::Event::Frame).
    pub observe: Observe,
}

impl ClientConfig {
    /// Returns a configuration with the default limits and no report of frames.
    pub fn new(identity: PublicKey, version: Version, trust: Trust) -> Self {
        Self {
            identity,
            version,
            trust,
            limits: Limits::default(),
            observe: Observe::Nothing,
        }
    }
}

/// The servers that a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The server with this key. A v1 server cannot prove its key, but only the key's holder can
    /// read what is encrypted to it.
    Pinned(Fingerprint),
    /// Every server, whatever its key is.
    Any,
    /// No server: the connection ends as soon as the server's key is known (and in v2 proven), so
    /// that a person can judge it. The client's own key is not shown to the server.
    Learn,
}

impl Trust {
    /// Checks whether the server with this key is accepted.
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
        let mut io = Io::new(config.observe);
        let machine: Box<dyn Machine> = match config.version {
            Version::V1 => Box::new(v1::client::Client::new(config, random, now)),
            // The hello depends on nothing that the server says, so it goes out without waiting for
            // the announcement (PROTOCOL.md §2.1).
            Version::V2 => match v2::client::Client::start(config, random, &mut io, now) {
                Ok(client) => Box::new(client),
                // Only a lack of randomness can fail here, and the driver learns of it as of every
                // failure.
                Err(error) => return Self::failed(io, error),
            },
        };
        Self::with_machine(machine, io)
    }
}
