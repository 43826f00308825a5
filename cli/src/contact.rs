//! From an address to a session with a server that is trusted: pins are judged, and on first
//! contact somebody is asked.

use std::sync::Arc;

use shared::connection::{ClientConfig, ClientConnection, Event, Trust, Version};
use shared::error::{Error, Untrusted};
use shared::identity::{Fingerprint, PrivateKey};
use shared::trust::{Judgement, Pin, Pins, judge};
use tokio::sync::{Notify, mpsc};

use crate::address::Address;
use crate::advice;
use crate::exit::Failure;
use crate::known_servers::{KnownServers, KnownServersError};
use crate::session::{self, Ending, Farewell, Happening, Outcome, Wiring};
use crate::system::{self, Clock};
use crate::transport;
use crate::wish::Wish;

/// Says whether the key of a server that nobody knows is to be trusted.
pub(crate) trait Ask {
    /// # Errors
    /// The failure to end with if it is not.
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<(), Failure>;
}

/// First contact with nobody to ask.
#[derive(Debug)]
pub(crate) struct Unattended {
    /// Accepts any new key.
    pub(crate) accept_new: bool,
}

impl Ask for Unattended {
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<(), Failure> {
        if self.accept_new {
            Ok(())
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

/// Connects to the server of `wish`, if it may be connected to. The protocol waits for nobody:
/// on first contact the server's key is learned with a connection of its own.
///
/// # Errors
/// [`Failure`] with the code for what stands against it.
pub(crate) async fn make(
    wish: Wish,
    known: &KnownServers,
    key: &PrivateKey,
    ask: &mut dyn Ask,
) -> Result<Contact, Failure> {
    let trust = match judge(recall(&wish, known)?.as_ref(), wish.version) {
        Judgement::VersionFloor { pin } => {
            return Err(advice::version_floor(&wish.address, wish.version, &pin));
        }
        Judgement::Connect(Trust::Learn) => {
            let presented = learn(&wish, key).await?;
            ask.first_contact(&wish.address, presented)?;
            remember(&wish.address, presented, known)?;
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

/// Returns the pin of the server, from the file or from `--pin`.
fn recall(wish: &Wish, known: &KnownServers) -> Result<Option<Pin>, Failure> {
    let pins = known.load()?;
    let remembered = pins.get(&wish.address.to_string()).copied();
    match (remembered, wish.expected) {
        (Some(pin), Some(expected)) if pin.fingerprint != expected => {
            Err(advice::other_pin(&wish.address, &pin, expected))
        }
        // Nothing was spoken yet: the lowest version is no floor for any.
        (None, Some(expected)) => Ok(Some(Pin::new(expected, system::unix_time(), Version::V1))),
        (remembered, _) => Ok(remembered),
    }
}

/// Lets the server prove its key, and ends.
async fn learn(wish: &Wish, key: &PrivateKey) -> Result<Fingerprint, Failure> {
    // Nothing is sent, and fewer things happen than fit into the channel.
    let (_, outgoing) = mpsc::channel(1);
    let (happenings, mut happened) = mpsc::channel(64);
    let wiring = Wiring {
        outgoing,
        happenings,
        interrupt: Arc::new(Notify::new()),
        probe: None,
    };
    let contact = Contact {
        wish: Wish {
            observe_frames: false,
            ..wish.clone()
        },
        trust: Trust::Learn,
        dialed: transport::dial(&wish.address).await?,
    };
    let outcome = contact.run(key, wiring).await;
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

/// Pins the key of a server on first contact.
fn remember(
    address: &Address,
    presented: Fingerprint,
    known: &KnownServers,
) -> Result<(), Failure> {
    let new = Pin::new(presented, system::unix_time(), Version::V2);
    let key = address.to_string();
    let standing = known
        .update(|pins| match pins.get(&key) {
            // Another program was faster.
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
        config.observe_frames = self.wish.observe_frames;
        let connection = ClientConnection::new(config, system::random(), clock.now());
        let farewell = match (self.dialed.half_close, self.wish.version) {
            (true, _) => Farewell::ProtocolAndStream,
            (false, Version::V2) => Farewell::Protocol,
            (false, Version::V1) => Farewell::Quit,
        };
        session::run(self.dialed.stream, connection, clock, key, farewell, wiring).await
    }

    /// Returns the witness that notes what the session proves.
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

/// Notes in the pin, once in a session, that the server has proven its key.
#[derive(Debug)]
pub(crate) struct Witness {
    address: String,
    pinned: Option<Fingerprint>,
    spoken: Option<Version>,
    noted: bool,
    known: KnownServers,
}

impl Witness {
    /// The key that the server must have, if it must.
    pub(crate) fn pinned(&self) -> Option<Fingerprint> {
        self.pinned
    }

    /// Takes note of an event. v2 has proven the key when it is established; v1 when a message
    /// opens, whose session only the holder of the pinned key could have read.
    ///
    /// # Errors
    /// [`KnownServersError`]; the session is none the worse for it.
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
        // Somebody has changed or removed it meanwhile: that stands, but for a key that was given
        // ahead of time there is none yet.
        Some(_) => return,
        None => Pin::new(pinned, now, version),
    };
    // An address that was parsed can stand in a line.
    let _ = pins.insert(address, pin);
}
