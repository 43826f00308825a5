//! ML-KEM-768 by aws-lc, native only, five to ten times as fast, from aws-lc's own randomness.

use std::fmt;

use aws_lc_rs::kem;
use zeroize::Zeroizing;

use super::{
    CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES, Encapsulated, EncapsulationError,
    SHARED_SECRET_BYTES,
};
use crate::random::{Random, RandomUnavailable};

/// This side's key of one key encapsulation. aws-lc wipes it when it frees it, and
/// [`decapsulate`](Self::decapsulate) uses it up.
pub(crate) struct DecapsulationKey {
    secret: kem::DecapsulationKey,
    public: Box<[u8; ENCAPSULATION_KEY_BYTES]>,
}

impl DecapsulationKey {
    /// Makes a pair of keys.
    ///
    /// # Errors
    /// [`RandomUnavailable`] if aws-lc cannot make one.
    pub(crate) fn generate(_random: &mut Random) -> Result<Self, RandomUnavailable> {
        let secret =
            kem::DecapsulationKey::generate(&kem::ML_KEM_768).map_err(|_| RandomUnavailable)?;
        let public = secret
            .encapsulation_key()
            .and_then(|key| boxed(key.key_bytes()?.as_ref()))
            .map_err(|_| RandomUnavailable)?;
        Ok(Self { secret, public })
    }

    /// Reads `dk = dk_PKE ‖ ek ‖ H(ek) ‖ z` (FIPS 203 §6.1), for tests with known keys.
    #[cfg(test)]
    pub(super) fn from_expanded(bytes: &[u8]) -> Self {
        let secret = kem::DecapsulationKey::new(&kem::ML_KEM_768, bytes).unwrap();
        let public = boxed(&bytes[1152..][..ENCAPSULATION_KEY_BYTES]).unwrap();
        Self { secret, public }
    }

    /// Returns the encapsulation key for the peer.
    pub(crate) fn encapsulation_key(&self) -> Box<[u8; ENCAPSULATION_KEY_BYTES]> {
        self.public.clone()
    }

    /// Returns the shared secret in `ciphertext`.
    ///
    /// # Panics
    /// If there is no memory for it, as with every allocation in Rust.
    pub(crate) fn decapsulate(
        self,
        ciphertext: &[u8; CIPHERTEXT_BYTES],
    ) -> Zeroizing<[u8; SHARED_SECRET_BYTES]> {
        let shared = self
            .secret
            .decapsulate(ciphertext.as_slice().into())
            .and_then(|shared| shared_secret(&shared));
        let Ok(shared) = shared else {
            unreachable!("decapsulation refuses no ciphertext of the right length");
        };
        shared
    }
}

impl fmt::Debug for DecapsulationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecapsulationKey(secret)")
    }
}

/// Checks the peer's key (FIPS 203 §7.2), and returns the ciphertext for the peer and the shared
/// secret.
///
/// # Errors
/// [`EncapsulationError::InvalidKey`].
pub(crate) fn encapsulate(
    key: &[u8; ENCAPSULATION_KEY_BYTES],
    _random: &mut Random,
) -> Result<Encapsulated, EncapsulationError> {
    let invalid = |_| EncapsulationError::InvalidKey;
    let key = kem::EncapsulationKey::new(&kem::ML_KEM_768, key)
        .map_err(|_| EncapsulationError::InvalidKey)?;
    let (ciphertext, shared) = key.encapsulate().map_err(invalid)?;
    Ok((
        boxed(ciphertext.as_ref()).map_err(invalid)?,
        shared_secret(&shared).map_err(invalid)?,
    ))
}

fn boxed<const N: usize>(bytes: &[u8]) -> Result<Box<[u8; N]>, aws_lc_rs::error::Unspecified> {
    let boxed: Box<[u8]> = bytes.into();
    boxed.try_into().map_err(|_| aws_lc_rs::error::Unspecified)
}

fn shared_secret(
    shared: &kem::SharedSecret,
) -> Result<Zeroizing<[u8; SHARED_SECRET_BYTES]>, aws_lc_rs::error::Unspecified> {
    shared
        .as_ref()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| aws_lc_rs::error::Unspecified)
}
