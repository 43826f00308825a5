//! The reasons why a key cannot be used.
//!
//! Apart from the keys, because the primitives below them fail with these reasons too.

use thiserror::Error;

use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};

/// The reason why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not PEM, or PEM of another kind than the named one.
    #[error("it is not a PEM {0}")]
    Pem(&'static str),
    /// The DER inside does not parse as an RSA key.
    #[error("it does not contain a well-formed RSA key")]
    Der,
    /// The modulus has an unacceptable size, in bits.
    #[error("its modulus has {0} bits; {RSA_MIN_BITS} to {RSA_MAX_BITS} are accepted")]
    Size(usize),
    /// The modulus is even.
    #[error("its modulus is even")]
    EvenModulus,
    /// The public exponent is not 65537.
    #[error("its public exponent is not 65537")]
    Exponent,
    /// The parts of the private key do not belong together.
    #[error("its parts do not belong together")]
    Inconsistent,
    /// The passphrase is wrong, or the encrypted key is damaged; there is no telling which.
    #[error("the passphrase is wrong or the key is damaged")]
    Passphrase,
    /// There was no randomness to make or encrypt a key.
    #[error("the system gives no randomness")]
    RandomUnavailable,
}
