//! The state as people compare it: the server that is shown, and the protection of the session.
//!
//! Pure.

use shared::connection::Version;
use shared::identity::Fingerprint;
use shared::trust::Pin;

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
}

/// The source of the knowledge about a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The server has proven in this session that it holds the key.
    Proven,
    /// The server has announced the key in this session, and cannot prove it.
    Announced,
    /// The key is pinned; there is no session at present.
    Pinned(Pin),
}

/// The protection that the badge at the top states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityLevel {
    /// v1, with its known holes.
    Insecure,
    /// v2 is chosen, but there is no session about which anything could be stated.
    Chosen,
    /// v2, and the server has proven the pinned key.
    Verified,
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
        let (fingerprint, known) = match live {
            Some(key) if key.proven => (key.fingerprint, Known::Proven),
            Some(key) => (key.fingerprint, Known::Announced),
            None => {
                let pin = self.pins.pin(&server.address)?;
                (pin.fingerprint, Known::Pinned(*pin))
            }
        };
        Some(ShownServer {
            server: server.clone(),
            fingerprint,
            known,
        })
    }

    /// Returns the protection of the session; without one, that of the protocol `chosen` for the
    /// next.
    pub fn security_level(&self, chosen: Version) -> SecurityLevel {
        let version = match (&self.connection, &self.target) {
            // Before an attempt the badge states what the chosen protocol can give.
            (Connection::Idle, _) | (_, None) => chosen,
            (_, Some(target)) => target.version,
        };
        match version {
            Version::V1 => SecurityLevel::Insecure,
            Version::V2 if self.connection == Connection::Ready => SecurityLevel::Verified,
            Version::V2 => SecurityLevel::Chosen,
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
    use shared::trust::UnixTime;

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
        assert_eq!(known(&state), Known::Pinned(pin));
        for (proven, expected) in [(true, Known::Proven), (false, Known::Announced)] {
            state.handshake.server_key = Some(ServerKey {
                fingerprint: pin.fingerprint,
                bits: 2048,
                proven,
            });
            assert_eq!(known(&state), expected);
        }
        state.connection = Connection::Offline;
        assert_eq!(known(&state), Known::Pinned(pin), "what was is not what is");
    }

    #[test]
    fn nothing_is_claimed_before_there_is_a_session() {
        // A badge that promises protection too early is believed too early.
        let v2 = |connection| state(Version::V2, connection).security_level(Version::V2);
        assert_eq!(v2(Connection::Idle), SecurityLevel::Chosen);
        assert_eq!(v2(Connection::Handshaking), SecurityLevel::Chosen);
        assert_eq!(v2(Connection::Ready), SecurityLevel::Verified);
        assert_eq!(v2(Connection::Offline), SecurityLevel::Chosen);
        for connection in [Connection::Idle, Connection::Ready] {
            let level = state(Version::V1, connection).security_level(Version::V1);
            assert_eq!(level, SecurityLevel::Insecure);
        }
        let idle = state(Version::V1, Connection::Idle);
        assert_eq!(
            idle.security_level(Version::V2),
            SecurityLevel::Chosen,
            "the next is v2"
        );
    }
}
