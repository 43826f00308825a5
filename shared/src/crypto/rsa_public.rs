//! RSA with a peer's public key: OAEP encryption and PSS verification.

use rsa::pss::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use sha2::Sha256;

use crate::identity::PublicKey;
use crate::random::Random;

/// The operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionFailed;

/// RSAES-OAEP encryption of `plaintext`, SHA-256 for label hash and MGF1, empty label (RFC 8017
/// §7.1.1).
///
/// # Errors
/// [`EncryptionFailed`] if the plaintext is too long for the key or there is no randomness.
pub fn oaep_encrypt(
    key: &PublicKey,
    plaintext: &[u8],
    random: &mut Random,
) -> Result<Vec<u8>, EncryptionFailed> {
    key.rsa()
        .oaep_encrypt_with_rng::<Sha256, _>(random, plaintext)
        .map_err(|_| EncryptionFailed)
}

/// Whether `signature` is an RSASSA-PSS signature of `message` with SHA-256 and MGF1-SHA-256 (RFC
/// 8017 §8.1.2), with **any** salt length: Python's `MAX_LENGTH` gives 222 bytes for 2048 bits.
#[must_use]
pub fn pss_verify_any_salt(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    // RFC 8017 §8.1.2 step 1. The type below would take shorter ones for numbers.
    if signature.len() != key.modulus_bytes() {
        return false;
    }
    #[cfg(feature = "aws-lc")]
    if aws_lc::pss_verify_usual_salt(key, message, signature) {
        return true;
    }
    let Ok(signature) = Signature::try_from(signature) else {
        return false;
    };
    let verifier = VerifyingKey::<Sha256>::new_with_auto_salt_len(key.rsa().clone());
    verifier.verify(message, &signature).is_ok()
}

/// The salts that programs use, verified at four times the speed; any other is left to `rsa`, which
/// finds the length out.
#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::signature::{
        RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPssSaltLength, UnparsedPublicKey,
    };

    use crate::identity::PublicKey;

    static SALT_OF_THE_HASH: &RsaParameters = &RSA_PSS_2048_8192_SHA256;
    static LARGEST_SALT: RsaParameters =
        RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);

    pub(super) fn pss_verify_usual_salt(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        [SALT_OF_THE_HASH, &LARGEST_SALT]
            .into_iter()
            .any(|parameters| {
                UnparsedPublicKey::new(parameters, key.spki_der())
                    .verify(message, signature)
                    .is_ok()
            })
    }
}
