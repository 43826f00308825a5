//! Private-key operations by the `rsa` crate: constant time, blinded with the given randomness.

// With the other backend chosen, only the tests that compare the two use this one.
#![cfg_attr(all(feature = "aws-lc", not(test)), expect(dead_code))]

use sha2::Sha256;
use zeroize::Zeroizing;

use super::OperationFailed;
use crate::identity::KeyError;
use crate::random::Random;

/// An empty backend: the `rsa` crate's key has all it needs.
pub(crate) struct Backend;

impl Backend {
    #[expect(clippy::unnecessary_wraps, reason = "the other backend can fail here")]
    pub(crate) fn new(_key: &rsa::PrivateKey) -> Result<Self, KeyError> {
        Ok(Self)
    }

    #[expect(clippy::unused_self, reason = "one interface for both backends")]
    pub(crate) fn oaep_decrypt(
        &self,
        key: &rsa::PrivateKey,
        ciphertext: &[u8],
        random: &mut Random,
    ) -> Result<Zeroizing<Vec<u8>>, OperationFailed> {
        // With randomness for the blinding, so that the time of the operation does not depend on a
        // ciphertext that a stranger chose.
        key.oaep_decrypt_with_rng::<Sha256, _>(random, ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| OperationFailed)
    }

    #[expect(clippy::unused_self, reason = "one interface for both backends")]
    pub(crate) fn pss_sign(
        &self,
        key: &rsa::PrivateKey,
        message: &[u8],
        random: &mut Random,
    ) -> Result<Vec<u8>, OperationFailed> {
        key.pss_sign_with_rng::<Sha256, _>(random, message)
            .map_err(|_| OperationFailed)
    }
}
