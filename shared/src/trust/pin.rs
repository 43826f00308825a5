//! A pin: the record of one server.

use std::fmt;

use crate::connection::Version;
use crate::identity::Fingerprint;

/// Seconds since 1970-01-01 00:00:00 UTC, as the driver's clock has it. The time is for people:
/// nothing is decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub u64);

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The record of the server at one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The fingerprint of the server's key.
    pub fingerprint: Fingerprint,
    /// The time when a person trusted the key.
    pub first_seen: UnixTime,
    /// The time when the server last proved that it has this key.
    pub last_seen: UnixTime,
    /// The highest version that was spoken with the server. No lower version is spoken any more:
    /// otherwise anybody in between could choose the version that proves nothing.
    pub highest: Version,
    /// The comparison of the key with what came by another way than the connection; `None` if the
    /// key is only the one that the server had at first.
    pub compared: Option<Compared>,
}

/// The comparison of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// The time of the comparison.
    pub at: UnixTime,
    /// The way by which the right key came to be known.
    pub by: Way,
}

/// The way by which the right key came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A person has compared the words or the fingerprint.
    Words,
    /// A link or a flag has named the key.
    Link,
}

impl Pin {
    /// Returns a pin that is made now, after `version` was spoken.
    pub const fn new(fingerprint: Fingerprint, now: UnixTime, version: Version) -> Self {
        Self {
            fingerprint,
            first_seen: now,
            last_seen: now,
            highest: version,
            compared: None,
        }
    }

    /// Returns the pin after its key was compared at `now`. The first comparison stands: a later
    /// link says no more than the words that somebody has read aloud.
    pub fn compared(&self, now: UnixTime, by: Way) -> Self {
        let new = Compared { at: now, by };
        Self {
            compared: self.compared.or(Some(new)),
            ..*self
        }
    }

    /// Returns the pin after `version` was spoken with its key at `now`.
    pub fn touched(&self, now: UnixTime, version: Version) -> Self {
        Self {
            last_seen: now,
            // The floor only rises: one connection by v1 must not open the way back to it.
            highest: self.highest.max(version),
            ..*self
        }
    }
}
