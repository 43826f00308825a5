//! The fingerprint: a key's name for people. It is the SHA-256 of the key's SPKI DER, printed as
//! OpenSSH prints it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use thiserror::Error;

const PREFIX: &str = "SHA256:";

/// The SHA-256 of a public key's `SubjectPublicKeyInfo` DER (32 bytes).
///
/// Shown as `SHA256:` and unpadded base64, the form that `ssh-keygen -l` prints.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Computes the fingerprint of the key with this SPKI DER.
    pub fn of_spki(spki_der: &[u8]) -> Self {
        Self(Sha256::digest(spki_der).into())
    }

    /// Returns the fingerprint that was kept as these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first 8 hexadecimal digits: enough to tell guests apart, not to verify anyone.
    pub fn short(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error: the text is not `SHA256:` and 43 characters of unpadded base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a fingerprint is SHA256: followed by 43 characters of base64")]
pub struct InvalidFingerprint;

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidFingerprint)?;
        // The engine refuses padding and spare bits, so that a fingerprint has one text only.
        let bytes = STANDARD_NO_PAD
            .decode(encoded)
            .map_err(|_| InvalidFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| InvalidFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn prints_as_openssh_does_and_parses_back() {
            let fingerprint = Fingerprint::of_spki(b"abc");
            // The hash of "abc" is FIPS 180-4's own example.
            assert_eq!(
                fingerprint.to_string(),
                "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"
            );
            assert_eq!(fingerprint.short(), "ba7816bf");
            assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        fn refuses_what_is_no_fingerprint() {
            for text in ["", "SHA256:", "SHA256:abcd", "MD5:ungWv48Bz", "SHA256:***"] {
                assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint), "{text}");
            }
        }
    }
}
