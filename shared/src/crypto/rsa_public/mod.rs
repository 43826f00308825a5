//! RSA with a peer's public key: OAEP encryption and PSS verification.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod rust_crypto;

#[cfg(test)]
pub(super) mod tests;

#[cfg(feature = "aws-lc")]
use aws_lc as backend;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto as backend;
use sha2::Sha256;

use crate::identity::PublicKey;
use crate::random::Random;

/// An error: the encryption failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionFailed;

/// Encrypts `plaintext` by RSAES-OAEP: SHA-256 for label hash and MGF1, empty label (RFC 8017
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
        .ok_or(EncryptionFailed)?
        .oaep_encrypt_with_rng::<Sha256, _>(random, plaintext)
        .map_err(|_| EncryptionFailed)
}

/// Returns `true` if `signature` is an RSASSA-PSS signature of `message` with SHA-256, MGF1-SHA-256
/// and a salt of exactly 32 bytes (RFC 8017 §8.1.2).
pub(crate) fn pss_verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    // RFC 8017 §8.1.2 step 1. The `rsa` crate would take a shorter signature for a number, so that
    // one signature would have several forms.
    if signature.len() != key.modulus_bytes() {
        return false;
    }
    backend::pss_verify(key, message, signature)
}

/// Returns `true` if `signature` is an RSASSA-PSS signature of `message` with SHA-256 and
/// MGF1-SHA-256 (RFC 8017 §8.1.2), with **any** salt length: Python's `MAX_LENGTH` gives 222 bytes
/// for 2048 bits.
#[must_use]
pub fn pss_verify_any_salt(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    // RFC 8017 §8.1.2 step 1, as above.
    if signature.len() != key.modulus_bytes() {
        return false;
    }
    // The two salts that programs use are verified at four times the speed; any other one is left
    // to `rsa`, which finds the length out.
    #[cfg(feature = "aws-lc")]
    if aws_lc::pss_verify_usual_salt(key, message, signature) {
        return true;
    }
    rust_crypto::pss_verify_any_salt(key, message, signature)
}
