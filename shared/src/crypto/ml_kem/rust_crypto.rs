//! ML-KEM-768 by the `ml-kem` crate, everywhere, from given randomness.

use std::fmt;

use ml_kem::kem::{Decapsulate, KeyExport, KeyInit};
use ml_kem::{DecapsulationKey768, EncapsulationKey768, SharedKey};
use zeroize::{Zeroize, Zeroizing};

use super::{
    CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES, Encapsulated, EncapsulationError,
    SHARED_SECRET_BYTES,
};
use crate::random::{Random, RandomUnavailable};

/// This side's key of one key encapsulation. Wiped when dropped, and used up by
/// [`decapsulate`](Self::decapsulate).
pub(crate) struct DecapsulationKey(Box<DecapsulationKey768>);

impl DecapsulationKey {
    /// Draws `d ‖ z` and makes the pair of keys from it.
    ///
    /// # Errors
    /// [`RandomUnavailable`] without randomness.
    pub(crate) fn generate(random: &mut Random) -> Result<Self, RandomUnavailable> {
        let mut seed = Zeroizing::new([0; 64]);
        random.fill(&mut *seed)?;
        Ok(Self::from_seed(&seed))
    }

    pub(super) fn from_seed(seed: &[u8; 64]) -> Self {
        // Boxed, because the key has kilobytes and moves from state to state of the handshake.
        Self(Box::new(DecapsulationKey768::new(seed.into())))
    }

    /// Returns `dk` as FIPS 203 writes it (§6.1), which is how the tests hand a key to aws-lc.
    #[cfg(all(test, feature = "aws-lc"))]
    #[expect(
        deprecated,
        reason = "deprecated for storing keys; aws-lc reads no other form"
    )]
    pub(super) fn to_expanded(&self) -> Vec<u8> {
        use ml_kem::ExpandedKeyEncoding;
        self.0.to_expanded_bytes().to_vec()
    }

    /// Returns the encapsulation key for the peer.
    pub(crate) fn encapsulation_key(&self) -> Box<[u8; ENCAPSULATION_KEY_BYTES]> {
        Box::new(self.0.encapsulation_key().to_bytes().into())
    }

    /// Returns the shared secret in `ciphertext`.
    pub(crate) fn decapsulate(
        self,
        ciphertext: &[u8; CIPHERTEXT_BYTES],
    ) -> Zeroizing<[u8; SHARED_SECRET_BYTES]> {
        take(self.0.decapsulate(ciphertext.into()))
    }
}

impl fmt::Debug for DecapsulationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecapsulationKey(secret)")
    }
}

/// Draws `m`, checks the peer's key (FIPS 203 §7.2), and returns the ciphertext for the peer and
/// the shared secret.
///
/// # Errors
/// [`EncapsulationError`].
pub(crate) fn encapsulate(
    key: &[u8; ENCAPSULATION_KEY_BYTES],
    random: &mut Random,
) -> Result<Encapsulated, EncapsulationError> {
    // The key is checked before randomness is drawn for it, because it comes from a stranger.
    let key = EncapsulationKey768::new(key.into()).map_err(|_| EncapsulationError::InvalidKey)?;
    let mut message = Zeroizing::new([0; 32]);
    random.fill(&mut *message)?;
    let (ciphertext, shared) = key.encapsulate_deterministic((&*message).into());
    Ok((Box::new(ciphertext.into()), take(shared)))
}

/// Moves a secret out of the library's array, which does not wipe itself.
fn take(mut shared: SharedKey) -> Zeroizing<[u8; SHARED_SECRET_BYTES]> {
    let mut secret = Zeroizing::new([0; SHARED_SECRET_BYTES]);
    secret.copy_from_slice(&shared);
    shared.as_mut_slice().zeroize();
    secret
}
