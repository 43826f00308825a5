//! PSS verification by the `rsa` crate, everywhere.
//!
//! The callers have checked that signatures have the modulus' length.

use rsa::pss::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use sha2::Sha256;

use crate::identity::PublicKey;

/// The length of v2's salt in bytes: the hash's.
#[cfg(any(test, not(feature = "aws-lc")))]
const SALT_BYTES: usize = 32;

#[cfg(any(test, not(feature = "aws-lc")))]
pub(super) fn pss_verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.rsa().is_some_and(|key| {
        let verifier = VerifyingKey::<Sha256>::new_with_salt_len(key.clone(), SALT_BYTES);
        verify(&verifier, message, signature)
    })
}

pub(super) fn pss_verify_any_salt(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.rsa().is_some_and(|key| {
        let verifier = VerifyingKey::<Sha256>::new_with_auto_salt_len(key.clone());
        verify(&verifier, message, signature)
    })
}

fn verify(verifier: &VerifyingKey<Sha256>, message: &[u8], signature: &[u8]) -> bool {
    Signature::try_from(signature)
        .is_ok_and(|signature| verifier.verify(message, &signature).is_ok())
}
