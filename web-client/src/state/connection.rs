//! The connection as the person sees it: which state, which attempt, what comes next.
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
    /// Nobody asked for one.
    #[default]
    Idle,
    /// Asked for, but the key is not there yet.
    WaitingForKey,
    /// Asked for; what this browser knows of the server is being read.
    WaitingForPins,
    /// The tunnel is being opened.
    Opening,
    /// The tunnel is open, the handshake is under way.
    Handshaking,
    /// The server has proved that it could open the session.
    Ready,
    /// It ended; the next attempt comes by itself.
    Waiting {
        /// Why it ended.
        ending: Ending,
        /// When the next attempt comes.
        retry_at: u64,
    },
    /// It ended because there is no network; the next attempt comes when there is one.
    Offline,
    /// It ended, and only the person can try again.
    Stopped {
        /// Why it ended.
        ending: Ending,
    },
    /// The server is unknown. It has proven that it holds this key; a person decides whether it is
    /// the right one, and until then there is no connection.
    Asking {
        /// The server's key.
        presented: Fingerprint,
    },
    /// Nothing goes on until a person has decided something.
    Blocked(Block),
}

impl Connection {
    /// Returns `true` if a socket exists or is being made.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Opening | Self::Handshaking | Self::Ready)
    }

    /// Returns `true` if an attempt is under way that has not come to a session yet.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self,
            Self::WaitingForKey | Self::WaitingForPins | Self::Opening | Self::Handshaking
        )
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
