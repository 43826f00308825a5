//! X25519 (RFC 7748 §5, §6.1): `shared = X25519(own secret, X25519(peer's secret, 9))`.
//!
//! Secrets are used once and drawn from the caller's randomness: 32 bytes, clamped by the function
//! itself. Both libraries give the same results from the same bytes.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
mod rust_crypto;

#[cfg(test)]
pub(super) mod tests;

use std::fmt;

use zeroize::Zeroizing;

use crate::random::{Random, RandomUnavailable};

#[cfg(feature = "aws-lc")]
use aws_lc::Backend;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto::Backend;

/// The length of a secret, a public key and a shared secret, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

/// An error: the peer's public key is a point of low order. The shared secret would be all zero,
/// whatever this side's secret is (RFC 7748 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LowOrderPoint;

/// This side's secret of one key agreement. Wiped when dropped, and used up by
/// [`diffie_hellman`](Self::diffie_hellman).
pub(crate) struct EphemeralSecret(Backend);

impl EphemeralSecret {
    /// Draws a new secret.
    ///
    /// # Errors
    /// [`RandomUnavailable`] without randomness.
    pub(crate) fn generate(random: &mut Random) -> Result<Self, RandomUnavailable> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random.fill(&mut *bytes)?;
        Ok(Self(Backend::new(&bytes)))
    }

    /// Returns the public key for the peer: `X25519(secret, 9)`.
    pub(crate) fn public_key(&self) -> [u8; KEY_BYTES] {
        self.0.public_key()
    }

    /// Returns the shared secret: `X25519(secret, peer)`.
    ///
    /// # Errors
    /// [`LowOrderPoint`] if the result is all zero, which is found out in constant time.
    pub(crate) fn diffie_hellman(
        self,
        peer: &[u8; KEY_BYTES],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, LowOrderPoint> {
        // Consumes the secret: one that stayed in memory for a second use would take the forward
        // secrecy of the first session away.
        self.0.diffie_hellman(peer)
    }
}

impl fmt::Debug for EphemeralSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EphemeralSecret(secret)")
    }
}
