//! ML-KEM-768 (FIPS 203): a key encapsulation that a quantum computer does not break.
//!
//! Key generation is `ML-KEM.KeyGen_internal(d, z)` (§6.1), encapsulation
//! `ML-KEM.Encaps_internal(ek, m)` (§6.2), decapsulation `ML-KEM.Decaps(dk, c)` (§7.3), which never
//! fails: a wrong ciphertext gives a secret that nobody else has (implicit rejection).
//!
//! aws-lc is five to ten times as fast, but takes no randomness from outside: with it, `d`, `z` and
//! `m` come from its own generator, and [`RandomUnavailable`] happens only if aws-lc fails to make
//! a key. A whole handshake must be replayable from fixed bytes in this crate's tests, so those use
//! the other library even with the feature; a test compares the two.

#[cfg(feature = "aws-lc")]
#[cfg_attr(
    test,
    allow(dead_code, reason = "only the comparing tests use it there")
)]
mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
mod rust_crypto;

#[cfg(test)]
pub(super) mod tests;

#[cfg(all(feature = "aws-lc", not(test)))]
use aws_lc as backend;
#[cfg(any(test, not(feature = "aws-lc")))]
// Tests use this one with every feature, because it takes its randomness from outside.
use rust_crypto as backend;

pub(crate) use backend::{DecapsulationKey, encapsulate};

use zeroize::Zeroizing;

use crate::random::RandomUnavailable;

/// The length of an encapsulation key in bytes (FIPS 203 table 3).
pub(crate) const ENCAPSULATION_KEY_BYTES: usize = 1184;
/// The length of a ciphertext in bytes (FIPS 203 table 3).
pub(crate) const CIPHERTEXT_BYTES: usize = 1088;
/// The length of the shared secret in bytes (FIPS 203 table 3).
pub(crate) const SHARED_SECRET_BYTES: usize = 32;

/// The result of an encapsulation: the ciphertext for the peer, and the shared secret in it.
pub(crate) type Encapsulated = (
    Box<[u8; CIPHERTEXT_BYTES]>,
    Zeroizing<[u8; SHARED_SECRET_BYTES]>,
);

/// The reason why nothing could be encapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncapsulationError {
    /// A coefficient of the peer's key is not reduced modulo 3329 (FIPS 203 §7.2).
    InvalidKey,
    /// The source of randomness failed.
    RandomUnavailable,
}

impl From<RandomUnavailable> for EncapsulationError {
    fn from(_: RandomUnavailable) -> Self {
        Self::RandomUnavailable
    }
}
