//! From an address to a session with a trusted server: pins decide, and on first contact a person
//! is asked.

use std::sync::Arc;

use native::clock::Clock;
use shared::connection::{ClientConfig, ClientConnection, Event, Observe, Trust, Version};
use shared::error::{Error, Untrusted};
use shared::identity::{Fingerprint, PrivateKey};
use shared::trust::{Judgement, Pin, Pins, Way, judge};
use tokio::sync::{Notify, mpsc};

use crate::address::Address;
use crate::advice;
use crate::capture::{Capture, Secrets, Tap};
use crate::exit::Failure;
use crate::known_servers::{KnownServers, KnownServersError};
use crate::session::{self, Chat, Ending, Farewell, Frames, Happening, Outcome, Wiring};
use crate::system;
use crate::transport;
use crate::wish::Wish;

/// Decides whether the key of an unknown server is trusted.
pub(crate) trait Ask {
    /// # Errors
    /// The failure to end with if it is not.
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<Consent, Failure>;
}

/// The ground on which a key is trusted at first contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// It is the key that the server had at first.
    First,
    /// It is the key that the person was told.
    Compared,
}

/// First contact without a person to ask.
#[derive(Debug)]
pub(crate) struct Unattended {
    /// Every new key is accepted.
    pub(crate) accept_new: bool,
}

impl Ask for Unattended {
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<Consent, Failure> {
        if self.accept_new {
            Ok(Consent::First)
        } else {
            Err(advice::unknown(address, key))
        }
    }
}

/// A connected server, before its handshake.
pub(crate) struct Contact {
    wish: Wish,
    trust: Trust,
    dialed: transport::Dialed,
}

/// Connects to the server of `wish`, if it may be connected to. The protocol waits for no person:
/// on first contact a connection of its own learns the server's key.
///
/// # Errors
/// [`Failure`] with the code for the obstacle.
pub(crate) async fn make(
    wish: Wish,
    known: &KnownServers,
    key: &PrivateKey,
    ask: &mut dyn Ask,
) -> Result<Contact, Failure> {
    // Decided before a connection is made: a downgrade to v1 must not even begin.
    let trust = match judge(recall(&wish, known)?.as_ref(), wish.version) {
        Judgement::VersionFloor { pin } => {
            return Err(advice::version_floor(&wish.address, wish.version, &pin));
        }
        Judgement::Connect(Trust::Learn) => {
            let presented = learn(&wish, key).await?;
            let consent = ask.first_contact(&wish.address, presented)?;
            remember(&wish.address, presented, consent, known)?;
            // The second connection is pinned to the key that the person has seen. A server that
            // shows another key now is refused like any changed one.
            Trust::Pinned(presented)
        }
        Judgement::Connect(trust) => trust,
    };
    let dialed = transport::dial(&wish.address).await?;
    Ok(Contact {
        wish,
        trust,
        dialed,
    })
}

/// Returns the server's pin, from the file or from `--pin`.
fn recall(wish: &Wish, known: &KnownServers) -> Result<Option<Pin>, Failure> {
    let pins = known.load()?;
    let remembered = pins.get(&wish.address.to_string()).copied();
    match (remembered, wish.expected) {
        // `--pin` answers the question of first contact; it does not overrule a pin (§2.14 of the
        // protocol).
        (Some(pin), Some(expected)) if pin.fingerprint != expected => {
            Err(advice::other_pin(&wish.address, &pin, expected))
        }
        // No version was spoken yet, and the lowest one is a floor for none.
        (None, Some(expected)) => Ok(Some(given(expected, Version::V1))),
        (remembered, _) => Ok(remembered),
    }
}

/// Returns the pin for a key that `--pin` has named, after `version` was spoken.
fn given(key: Fingerprint, version: Version) -> Pin {
    let now = system::unix_time();
    Pin::new(key, now, version).compared(now, Way::Link)
}

/// Lets the server prove its key, and ends the connection.
async fn learn(wish: &Wish, key: &PrivateKey) -> Result<Fingerprint, Failure> {
    // No message is sent, and fewer events happen than fit into the channel.
    let (_, outgoing) = mpsc::channel(1);
    let (happenings, mut happened) = mpsc::channel(64);
    let wiring = Wiring {
        outgoing,
        happenings,
        interrupt: Arc::new(Notify::new()),
        chat: Chat::PlainText,
    };
    let contact = Contact {
        wish: Wish {
            observe_frames: false,
            // The session that follows is the one to look at, and a capture begins with it.
            capture: None,
            ..wish.clone()
        },
        trust: Trust::Learn,
        dialed: transport::dial(&wish.address).await?,
    };
    let outcome = contact.run(key, wiring).await;
    // The key is taken from the event that says that it is proven, not from the announcement, which
    // anybody in between can replace.
    let mut proven = None;
    while let Ok(happening) = happened.try_recv() {
        if let Happening::Event(Event::ServerKey { key, proven: true }) = happening {
            proven = Some(key.fingerprint());
        }
    }
    match (&outcome.ending, proven) {
        (
            Ending::Protocol(shared::connection::CloseReason::Failed(Error::Untrusted(
                Untrusted::Unknown { presented },
            ))),
            Some(proven),
        ) if proven == *presented => Ok(proven),
        _ => Err(advice::of_outcome(wish, None, &outcome)
            .err()
            .unwrap_or_else(|| Failure::other("the server did not prove its key"))),
    }
}

/// Pins a server's key on first contact.
fn remember(
    address: &Address,
    presented: Fingerprint,
    consent: Consent,
    known: &KnownServers,
) -> Result<(), Failure> {
    let now = system::unix_time();
    let first = Pin::new(presented, now, Version::V2);
    let new = match consent {
        Consent::First => first,
        Consent::Compared => first.compared(now, Way::Words),
    };
    let key = address.to_string();
    let standing = known
        .update(|pins| match pins.get(&key) {
            // Another program has pinned the server since the question was asked. Its pin stands.
            Some(pin) => Ok(*pin),
            None => pins.insert(&key, new).map(|_| new),
        })?
        .map_err(|error| Failure::other(error.to_string()))?;
    if standing.fingerprint == presented {
        Ok(())
    } else {
        Err(advice::changed(address, &standing, presented))
    }
}

impl Contact {
    /// Runs the session to its end.
    pub(crate) async fn run(self, key: &PrivateKey, wiring: Wiring) -> Outcome {
        let clock = Clock::start();
        let identity = key.public_key().clone();
        let mut config = ClientConfig::new(identity, self.wish.version, self.trust);
        let capture = self.wish.capture;
        config.observe = if capture.as_ref().is_some_and(Capture::has_secrets) {
            Observe::WithSecrets
        } else if self.wish.observe_frames {
            Observe::Frames
        } else {
            Observe::Nothing
        };
        let connection = ClientConnection::new(config, native::random(), clock.now());
        let farewell = match (self.dialed.half_close, self.wish.version) {
            (true, _) => Farewell::ProtocolAndStream,
            (false, Version::V2) => Farewell::Protocol,
            (false, Version::V1) => Farewell::Quit,
        };
        let flow = capture.as_ref().map(Capture::connection);
        let stream = Tap::new(self.dialed.stream, flow);
        let frames = Frames {
            shown: self.wish.observe_frames,
            secrets: Secrets::of(capture),
        };
        session::run(stream, connection, clock, key, farewell, wiring, frames).await
    }

    /// Returns a witness that records what the session proves.
    pub(crate) fn witness(&self, known: &KnownServers) -> Witness {
        Witness {
            address: self.wish.address.to_string(),
            pinned: match self.trust {
                Trust::Pinned(fingerprint) => Some(fingerprint),
                Trust::Any | Trust::Learn => None,
            },
            spoken: None,
            noted: false,
            known: known.clone(),
        }
    }
}

/// Records in the pin, once in a session, that the server has proven its key.
#[derive(Debug)]
pub(crate) struct Witness {
    address: String,
    pinned: Option<Fingerprint>,
    spoken: Option<Version>,
    noted: bool,
    known: KnownServers,
}

impl Witness {
    /// Returns the key that the server must have, if a certain one is required.
    pub(crate) fn pinned(&self) -> Option<Fingerprint> {
        self.pinned
    }

    /// Takes note of an event. In v2 the key is proven when the session is established; in v1 when
    /// a message opens, because only the holder of the pinned key could decrypt the session's keys.
    ///
    /// # Errors
    /// [`KnownServersError`]; the session itself is not affected.
    pub(crate) fn see(&mut self, event: &Event) -> Result<(), KnownServersError> {
        let proven = match event {
            Event::Established { version, .. } => {
                self.spoken = Some(*version);
                *version >= Version::V2
            }
            Event::Message(_) => true,
            _ => false,
        };
        match (self.pinned, self.spoken) {
            (Some(pinned), Some(version)) if proven && !self.noted => {
                // One write a session: the file is locked and synced for each.
                self.noted = true;
                self.known
                    .update(|pins| touch(pins, &self.address, pinned, version))
            }
            _ => Ok(()),
        }
    }
}

fn touch(pins: &mut Pins, address: &str, pinned: Fingerprint, version: Version) {
    let now = system::unix_time();
    let pin = match pins.get(address) {
        Some(pin) if pin.fingerprint == pinned => pin.touched(now, version),
        // The pin was changed or removed meanwhile, which stands. Only a key that was given with
        // `--pin` has no pin yet.
        Some(_) => return,
        None => given(pinned, version),
    };
    // An address that was parsed always fits into a line of the file.
    let _ = pins.insert(address, pin);
}
