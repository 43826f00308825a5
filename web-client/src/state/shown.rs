//! The state as people compare it: the server that is shown, and the protection of the session.
//!
//! Pure.

use shared::connection::Version;
use shared::identity::Fingerprint;
use shared::trust::{Compared, Pin};

use super::State;
use super::address::Server;
use super::connection::Connection;

/// A server and the knowledge about its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownServer {
    /// The server that is shown.
    pub server: Server,
    /// The fingerprint of the server's key.
    pub fingerprint: Fingerprint,
    /// The source of the knowledge.
    pub known: Known,
    /// The pin of the server.
    pub pin: Option<Pin>,
}

/// The source of the knowledge about a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The server has proven in this session that it holds the key.
    Proven,
    /// The server has announced the key in this session, and cannot prove it.
    Announced,
    /// The key is pinned; there is no session at present.
    Pinned,
}

/// The protection of the session, which the shield states: what was proven, and when. Times are
/// milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// v1, with its known holes.
    Insecure,
    /// Nothing is proven at present.
    Unproven {
        /// The time until which the last session of this page was proven.
        until: Option<u64>,
    },
    /// The server has proven the key that it had at first. Nobody has compared it.
    Trusted {
        /// The time when the key was trusted.
        since: u64,
        /// The time of the proof.
        at: u64,
    },
    /// The server has proven a key that was compared.
    Verified {
        /// The comparison.
        compared: Compared,
        /// The time of the proof.
        at: u64,
    },
}

impl Protection {
    /// Returns a word for style sheets and tests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insecure => "insecure",
            Self::Unproven { .. } => "unproven",
            Self::Trusted { .. } => "trusted",
            Self::Verified { .. } => "verified",
        }
    }
}

impl State {
    /// Returns the server that people compare: that of the session, else that of the last attempt,
    /// else `own`, the one that this page came from, as far as this browser knows it.
    pub fn shown_server(&self, own: &Server) -> Option<ShownServer> {
        let server = self.target.as_ref().map_or(own, |target| &target.server);
        // The key of an ended session is not shown: another server may answer at this address by
        // now.
        let live = self
            .handshake
            .server_key
            .filter(|_| self.connection.is_live());
        let pin = self.pins.pin(&server.address).copied();
        let (fingerprint, known) = match live {
            Some(key) if key.proven => (key.fingerprint, Known::Proven),
            Some(key) => (key.fingerprint, Known::Announced),
            None => {
                let pin = pin?;
                (pin.fingerprint, Known::Pinned)
            }
        };
        Some(ShownServer {
            server: server.clone(),
            fingerprint,
            known,
            pin,
        })
    }

    /// Returns the protection of the session.
    pub fn protection(&self) -> Protection {
        let Some(target) = &self.target else {
            return Protection::Unproven { until: None };
        };
        if target.version == Version::V1 {
            return Protection::Insecure;
        }
        let proven = self
            .proven
            .filter(|_| self.connection == Connection::Ready && self.silent_since.is_none());
        let Some(at) = proven else {
            return Protection::Unproven { until: self.heard };
        };
        let pin = self.pins.pin(&target.server.address);
        match pin.map(|pin| (pin.compared, pin.first_seen)) {
            Some((Some(compared), _)) => Protection::Verified { compared, at },
            Some((None, since)) => Protection::Trusted {
                since: since.0 * 1000,
                at,
            },
            // The pin is being stored.
            None => Protection::Trusted { since: at, at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::address::Origin;
    use crate::state::connection::Target;
    use crate::state::handshake_report::ServerKey;
    use crate::state::pins::{Pins, Record};
    use shared::trust::{UnixTime, Way};

    fn own() -> Server {
        let origin = Origin {
            secure: false,
            host: "localhost:8080".into(),
        };
        origin.server()
    }

    fn state(version: Version, connection: Connection) -> State {
        State {
            target: Some(Target {
                name: String::new(),
                server: own(),
                version,
            }),
            connection,
            ..State::default()
        }
    }

    #[test]
    fn a_key_is_shown_as_what_it_is() {
        // A person compares this key: it must be clear whether it was proven.
        let pin = Pin::new(Fingerprint::of_spki(b"a"), UnixTime(1), Version::V2);
        let mut state = state(Version::V2, Connection::Ready);
        assert_eq!(state.shown_server(&own()), None);
        state.pins = Pins::Loaded([(own().address, Record::Pin(pin))].into());
        let known = |state: &State| state.shown_server(&own()).unwrap().known;
        assert_eq!(known(&state), Known::Pinned);
        for (proven, expected) in [(true, Known::Proven), (false, Known::Announced)] {
            state.handshake.server_key = Some(ServerKey {
                fingerprint: pin.fingerprint,
                bits: 2048,
                proven,
            });
            assert_eq!(known(&state), expected);
        }
        state.connection = Connection::Offline;
        assert_eq!(known(&state), Known::Pinned, "what was is not what is");
    }

    #[test]
    fn nothing_is_claimed_without_a_session_that_answers() {
        // A shield that promises protection too early, or too long, is believed.
        let v2 = |connection| State {
            proven: Some(5000),
            heard: Some(9000),
            ..state(Version::V2, connection)
        };
        let unproven = Protection::Unproven { until: Some(9000) };
        for connection in [
            Connection::Idle,
            Connection::Opening,
            Connection::Handshaking,
            Connection::Offline,
        ] {
            assert_eq!(v2(connection).protection(), unproven);
        }
        let trusted = v2(Connection::Ready).protection();
        assert!(matches!(trusted, Protection::Trusted { at: 5000, .. }));
        let mut silent = v2(Connection::Ready);
        silent.silent_since = Some(9000);
        assert_eq!(silent.protection(), unproven);
        let none = State::default().protection();
        assert_eq!(none, Protection::Unproven { until: None });
        for connection in [Connection::Idle, Connection::Ready, Connection::Offline] {
            let v1 = state(Version::V1, connection);
            assert_eq!(v1.protection(), Protection::Insecure);
        }
    }

    #[test]
    fn only_a_compared_key_is_verified() {
        let pin = Pin::new(Fingerprint::of_spki(b"a"), UnixTime(1), Version::V2);
        let mut state = State {
            proven: Some(5000),
            ..state(Version::V2, Connection::Ready)
        };
        let mut with = |pin| {
            state.pins = Pins::Loaded([(own().address, Record::Pin(pin))].into());
            state.protection()
        };
        let (since, at) = (1000, 5000);
        assert_eq!(with(pin), Protection::Trusted { since, at });
        let compared = pin.compared(UnixTime(2), Way::Link);
        assert!(
            matches!(with(compared), Protection::Verified { compared, at: 5000 } if compared.by == Way::Link)
        );
    }
}
