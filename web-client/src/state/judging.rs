//! Decides about servers: before an attempt, by the pin of the server; and when a server's key has
//! turned out to be unknown or another one.
//!
//! Pure. The rules are in [`super::trust`].

use shared::connection::Version;
use shared::error::Untrusted;
use shared::identity::Fingerprint;

use super::State;
use super::connection::Connection;
use super::ending::Ending;
use super::link::Link;
use super::pins::{Pins, Record};
use super::trust::{self, Block, Expected};

/// A server that has proven its key in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The server's address.
    pub address: String,
    /// The fingerprint of its key.
    pub fingerprint: Fingerprint,
    /// The version of the session.
    pub version: Version,
    /// The page's link has named the key.
    pub by_link: bool,
}

impl State {
    pub(super) fn pins(&mut self, pins: Pins) {
        self.pins = pins;
        self.drop_used_link();
        match &self.connection {
            Connection::WaitingForPins => self.judge(),
            // The pin that blocked the connection is gone: the person has removed it.
            Connection::Blocked(block) if !self.still_holds(block) => self.disconnect(),
            _ => {}
        }
    }

    fn still_holds(&self, block: &Block) -> bool {
        // Such a block has no pin behind it, so a change of the pins does not end it.
        let by_link_alone = matches!(
            block,
            Block::KeyChanged {
                by: Expected::Link,
                ..
            }
        );
        by_link_alone || self.record().is_some()
    }

    /// Forgets a link whose key is pinned: it has nothing more to say.
    fn drop_used_link(&mut self) {
        if let Some(target) = self.target.as_ref().filter(|target| target.server.own)
            && let Some(pin) = self.pins.pin(&target.server.address)
            && self.link == Some(Link::Pin(pin.fingerprint))
            // Until then the proof of the key is to be recorded as one that a link has named.
            && pin.compared.is_some()
        {
            self.link = None;
        }
    }

    pub(super) fn forget_link(&mut self) {
        self.link = None;
        if matches!(&self.connection, Connection::Blocked(block) if block.is_by_link()) {
            self.disconnect();
        }
    }

    /// Decides whether the attempt may go on, and which key it accepts.
    pub(super) fn judge(&mut self) {
        let Some(target) = &self.target else { return };
        self.connection = match &self.pins {
            Pins::Loading => return,
            // Without the pins a known server looks like an unknown one, so no attempt is made.
            Pins::Unavailable(why) => Connection::Stopped {
                ending: Ending::PinsUnavailable(why.clone()),
            },
            Pins::Loaded(_) => {
                let link = trust::link_for(self.link, target.server.own);
                match trust::judge(self.record(), link, target.version) {
                    Ok(trust) => {
                        self.accepts = Some(trust);
                        Connection::Opening
                    }
                    Err(block) => Connection::Blocked(block),
                }
            }
        };
    }

    /// Returns the record of the attempt's server.
    fn record(&self) -> Option<&Record> {
        let target = self.target.as_ref()?;
        self.pins.get(&target.server.address)
    }

    /// Returns the server that has just proven its key in a session. v1 proves nothing before its
    /// first message, and is not recorded.
    pub fn met(&self) -> Option<Met> {
        let target = self.target.as_ref()?;
        let key = self.handshake.server_key.filter(|key| key.proven)?;
        let met = self.connection.is_live() && self.handshake.established;
        met.then(|| Met {
            address: target.server.address.clone(),
            fingerprint: key.fingerprint,
            version: target.version,
            by_link: trust::link_for(self.link, target.server.own) == Some(key.fingerprint),
        })
    }

    /// Handles a key that is not accepted: a person decides, and no attempt is made meanwhile.
    pub(super) fn untrusted(&mut self, cause: Untrusted) {
        self.end_session();
        self.connection = match cause {
            Untrusted::Unknown { presented } => {
                self.handshake.halted = true;
                Connection::Asking { presented }
            }
            Untrusted::Changed { pinned, presented } => {
                self.handshake.failed = true;
                // A key that was expected without a record can only be the link's.
                let by = match self.record() {
                    Some(_) => Expected::Pin,
                    None => Expected::Link,
                };
                Connection::Blocked(Block::KeyChanged {
                    expected: pinned,
                    by,
                    presented,
                })
            }
        };
    }
}
