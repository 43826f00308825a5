//! RSA with our own private key, by one of two libraries that give the same results.
//!
//! `rust_crypto` runs everywhere; `aws_lc` (feature `aws-lc`, native) is 3 to 4 times as fast.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod rust_crypto;

use std::fmt;

#[cfg(feature = "aws-lc")]
pub(crate) use aws_lc::Backend;
#[cfg(not(feature = "aws-lc"))]
pub(crate) use rust_crypto::Backend;

/// A private-key operation failed. One value for every cause, on purpose: telling a wrong OAEP
/// padding from another would make us an oracle (Manger, CRYPTO 2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationFailed;

impl fmt::Display for OperationFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the private-key operation failed")
    }
}

impl std::error::Error for OperationFailed {}

#[cfg(all(test, feature = "aws-lc"))]
mod tests {
    use sha2::Sha256;

    use super::{aws_lc, rust_crypto};
    use crate::crypto::rsa_public::pss_verify_any_salt;
    use crate::identity::PublicKey;
    use crate::testing::seeded;

    #[test]
    fn both_backends_open_and_verify_the_same() {
        let key = rsa::PrivateKey::new(&mut seeded(20), 2048).unwrap();
        let public = PublicKey::from_rsa(key.to_public_key()).unwrap();
        let fast = aws_lc::Backend::new(&key).unwrap();
        let portable = rust_crypto::Backend::new(&key).unwrap();

        let sealed = key
            .to_public_key()
            .oaep_encrypt_with_rng::<Sha256, _>(&mut seeded(21), b"blob")
            .unwrap();
        let mut damaged = sealed.clone();
        damaged[100] ^= 1;
        for (ciphertext, expected) in [(&sealed, Some(&b"blob"[..])), (&damaged, None)] {
            let by_fast = fast.oaep_decrypt(&key, ciphertext, &mut seeded(22)).ok();
            let by_portable = portable
                .oaep_decrypt(&key, ciphertext, &mut seeded(22))
                .ok();
            assert_eq!(by_fast.as_ref().map(|bytes| bytes.as_slice()), expected);
            assert_eq!(by_portable.as_ref().map(|bytes| bytes.as_slice()), expected);
        }
        for signature in [
            fast.pss_sign(&key, b"message", &mut seeded(23)).unwrap(),
            portable
                .pss_sign(&key, b"message", &mut seeded(23))
                .unwrap(),
        ] {
            assert!(pss_verify_any_salt(&public, b"message", &signature));
        }
    }
}
