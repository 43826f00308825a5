//! The version of the protocol that a connection speaks, and the name of a v2 session.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A version of the protocol. Later versions are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The Python demo's protocol: for its programs, and for study.
    V1,
    /// The protocol with forward secrecy and a verified server.
    V2,
}

impl Version {
    /// Returns the version as it is written in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error: the text is neither `v1` nor `v2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a protocol version is v1 or v2")]
pub struct UnknownVersion;

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        [Self::V1, Self::V2]
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or(UnknownVersion)
    }
}

/// The public name of a v2 session (16 bytes), the same on both sides: two people who see the same
/// one on both ends know that nobody sits in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_round_trip_and_are_ordered() {
        for version in [Version::V1, Version::V2] {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        assert_eq!("V2".parse::<Version>(), Err(UnknownVersion));
        assert!(Version::V2 > Version::V1);
        assert_eq!(SessionId([0xab; 16]).to_string(), "ab".repeat(16));
    }
}
