//! The connection as the person sees it: its state, its attempt, and the next step.
//!
//! Pure. The engine carries out what this says and reports what happened.

use shared::connection::Version;
use shared::identity::Fingerprint;

use super::address::Server;
use super::ending::Ending;
use super::trust::Block;

/// The person's request on the connect screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The display name to claim; empty for the server's guest name.
    pub name: String,
    /// The server to connect to.
    pub server: Server,
    /// The protocol to speak.
    pub version: Version,
}

/// The state of the connection. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Connection {
    /// No connection was asked for.
    #[default]
    Idle,
    /// A connection was asked for, but the key is not there yet.
    WaitingForKey,
    /// A connection was asked for; the pins are being read.
    WaitingForPins,
    /// The tunnel is being opened.
    Opening,
    /// The tunnel is open, the handshake is under way.
    Handshaking,
    /// The server has proven that it could open the session.
    Ready,
    /// The connection ended; the next attempt comes by itself.
    Waiting {
        /// The reason of the end.
        ending: Ending,
        /// The time of the next attempt.
        retry_at: u64,
    },
    /// The connection ended because there is no network; the next attempt comes when there is one.
    Offline,
    /// The connection ended, and only the person can try again.
    Stopped {
        /// The reason of the end.
        ending: Ending,
    },
    /// The server is unknown. It has proven that it holds this key; a person decides whether it is
    /// the right one. Until then there is no connection, because the protocol never waits for a
    /// person.
    Asking {
        /// The server's key.
        presented: Fingerprint,
    },
    /// No attempt is made until a person has decided.
    Blocked(Block),
}

/// The reason to doubt a connection that has not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The server does not answer the question whether it is there.
    Silent {
        /// The time when it was heard last, in milliseconds since 1970.
        since: u64,
    },
    /// The browser reports that there is no network.
    Offline,
}

impl Doubt {
    /// Returns a word for style sheets and tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Silent { .. } => "silent",
            Self::Offline => "offline",
        }
    }
}

impl Connection {
    /// Returns `true` if a socket exists or is being opened.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Opening | Self::Handshaking | Self::Ready)
    }

    /// Returns `true` if an attempt is under way that has not led to a session yet.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self,
            Self::WaitingForKey | Self::WaitingForPins | Self::Opening | Self::Handshaking
        )
    }

    /// Returns the key of an unknown server, while a person is asked about it.
    pub fn presented(&self) -> Option<Fingerprint> {
        match self {
            Self::Asking { presented } => Some(*presented),
            _ => None,
        }
    }

    /// Returns a word for style sheets and tests.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::WaitingForKey => "waiting-for-key",
            Self::WaitingForPins => "waiting-for-pins",
            Self::Opening => "opening",
            Self::Handshaking => "handshaking",
            Self::Ready => "connected",
            Self::Waiting { .. } => "waiting",
            Self::Offline => "offline",
            Self::Stopped { .. } => "stopped",
            Self::Asking { .. } => "asking",
            Self::Blocked(_) => "blocked",
        }
    }
}
