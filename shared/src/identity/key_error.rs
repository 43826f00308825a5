//! The reasons why a key cannot be used.
//!
//! Apart from the keys, because the primitives below them fail with these reasons too.

use std::fmt;

use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};

/// The reason why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not PEM, or PEM of another kind than the named one.
    Pem(&'static str),
    /// The DER inside does not parse as an RSA key.
    Der,
    /// The modulus has an unacceptable size, in bits.
    Size(usize),
    /// The modulus is even.
    EvenModulus,
    /// The public exponent is not 65537.
    Exponent,
    /// The parts of the private key do not belong together.
    Inconsistent,
    /// The passphrase is wrong, or the encrypted key is damaged; there is no telling which.
    Passphrase,
    /// There was no randomness to make or encrypt a key.
    RandomUnavailable,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(expected) => write!(f, "it is not a PEM {expected}"),
            Self::Der => f.write_str("it does not contain a well-formed RSA key"),
            Self::Size(bits) => write!(
                f,
                "its modulus has {bits} bits; {} to {} are accepted",
                RSA_MIN_BITS, RSA_MAX_BITS
            ),
            Self::EvenModulus => f.write_str("its modulus is even"),
            Self::Exponent => f.write_str("its public exponent is not 65537"),
            Self::Inconsistent => f.write_str("its parts do not belong together"),
            Self::Passphrase => f.write_str("the passphrase is wrong or the key is damaged"),
            Self::RandomUnavailable => f.write_str("the system gives no randomness"),
        }
    }
}

impl std::error::Error for KeyError {}
