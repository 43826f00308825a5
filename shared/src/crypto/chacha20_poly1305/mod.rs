//! `AEAD_CHACHA20_POLY1305` (RFC 8439 §2.8): `(ciphertext, tag) = seal(key, nonce, aad,
//! plaintext)`.
//!
//! A nonce must never be used twice under one key to seal (RFC 8439 §4). That is the caller's duty,
//! and v2 meets it by its sequence numbers.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
mod rust_crypto;

#[cfg(test)]
pub(super) mod tests;

use std::fmt;

#[cfg(feature = "aws-lc")]
use aws_lc::Backend;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto::Backend;

/// The length of a key in bytes.
pub(crate) const KEY_BYTES: usize = 32;
/// The length of a nonce in bytes.
pub(crate) const NONCE_BYTES: usize = 12;
/// The length of a tag in bytes.
pub(crate) const TAG_BYTES: usize = 16;

/// An error: the tag does not belong to this key, nonce, associated data and ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenFailed;

/// A key, ready for use. Wiped when dropped.
pub(crate) struct Key(Backend);

impl Key {
    /// Takes a uniformly random key.
    pub(crate) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(Backend::new(bytes))
    }

    /// Encrypts `data` in place and returns the tag over it and `aad`.
    ///
    /// # Panics
    /// If `data` is longer than 256 GiB, where the cipher's block counter ends.
    pub(crate) fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        data: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        self.0.seal_in_place(nonce, aad, data)
    }

    /// Checks `tag` in constant time and decrypts `data` in place.
    ///
    /// # Errors
    /// [`OpenFailed`]; the contents of `data` must not be used then.
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), OpenFailed> {
        self.0.open_in_place(nonce, aad, data, tag)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}
