//! v2's signatures: one salt length, one length of signature, on both backends.

use rsa::pss::SigningKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use sha2::Sha256;

use super::*;
use crate::testing::{portable_test, seeded, server_key};

/// Verifies with a salt of exactly 32 bytes, by every backend there is.
pub(in crate::crypto) fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let verifies = pss_verify(key, message, signature);
    if signature.len() == key.modulus_bytes() {
        assert_eq!(rust_crypto::pss_verify(key, message, signature), verifies);
    }
    verifies
}

portable_test! {
    fn a_signature_of_ours_verifies() {
        let signature = server_key().sign(b"message", &mut seeded(80)).unwrap();
        assert!(verifies(server_key().public_key(), b"message", &signature));
        assert!(!verifies(server_key().public_key(), b"Message", &signature));
        assert!(!verifies(crate::testing::client_key().public_key(), b"message", &signature));
    }

    // A signature is a number, so leading zeros and cut bytes must not give it a second form (RFC
    // 8017 §8.1.2 step 1).
    fn signature_truncated_extended_or_flipped() {
        let key = server_key().public_key();
        let signature = server_key().sign(b"message", &mut seeded(80)).unwrap();
        assert!(!verifies(key, b"message", b""));
        assert!(!verifies(key, b"message", &signature[..255]));
        assert!(!verifies(key, b"message", &signature[1..]));
        assert!(!verifies(key, b"message", &[&signature[..], &[0]].concat()));
        assert!(!verifies(key, b"message", &[&[0], &signature[..]].concat()));
        assert!(!verifies(key, b"message", &[0; 256]));
        assert!(!verifies(key, b"message", &[0xff; 256]));
        for byte in [0, 100, 255] {
            let mut flipped = signature.clone();
            flipped[byte] ^= 1;
            assert!(!verifies(key, b"message", &flipped));
        }
    }

    // v2 has one salt length (PROTOCOL.md §2.6). v1 must take all, because Python programs use 32
    // or 222 bytes (§1.3).
    fn signature_with_another_salt_length() {
        let private = rsa::PrivateKey::new(&mut seeded(81), 2048).unwrap();
        let public = PublicKey::from_rsa(&private.to_public_key()).unwrap();
        for salt in [0, 31, 33, 222] {
            let signer = SigningKey::<Sha256>::new_with_salt_len(private.clone(), salt);
            let signature = signer.try_sign_with_rng(&mut seeded(82), b"message").unwrap().to_vec();
            assert!(pss_verify_any_salt(&public, b"message", &signature), "salt of {salt}");
            assert!(!verifies(&public, b"message", &signature), "salt of {salt}");
        }
        let signer = SigningKey::<Sha256>::new_with_salt_len(private, 32);
        let signature = signer.try_sign_with_rng(&mut seeded(82), b"message").unwrap().to_vec();
        assert!(verifies(&public, b"message", &signature));
    }
}
