//! What is remembered of one server.

use std::fmt;

use crate::connection::Version;
use crate::identity::Fingerprint;

/// Seconds since 1970-01-01 00:00:00 UTC, as the driver's clock has it. For people: nothing is
/// decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub u64);

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What is remembered of the server at one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Its key.
    pub fingerprint: Fingerprint,
    /// When a person trusted it.
    pub first_seen: UnixTime,
    /// When it last proved that it has this key.
    pub last_seen: UnixTime,
    /// The highest version that was spoken with it. Below that nothing is spoken any more, or
    /// whoever sits between could choose the version that proves nothing.
    pub highest: Version,
}

impl Pin {
    /// A pin that is made now, after `version` was spoken.
    pub const fn new(fingerprint: Fingerprint, now: UnixTime, version: Version) -> Self {
        Self {
            fingerprint,
            first_seen: now,
            last_seen: now,
            highest: version,
        }
    }

    /// The pin after `version` was spoken with its key at `now`.
    pub fn touched(&self, now: UnixTime, version: Version) -> Self {
        Self {
            last_seen: now,
            highest: self.highest.max(version),
            ..*self
        }
    }
}
