//! Tests that the two backends give the same results.
#![cfg(not(target_arch = "wasm32"))]

#[cfg(feature = "aws-lc")]
use sha2::Sha256;

#[cfg(feature = "aws-lc")]
use super::aws_lc;
use super::rust_crypto;
use crate::testing::seeded;

/// Decrypts `ciphertext` by each backend; returns the results with the backends' names.
pub(in crate::crypto) fn oaep_decrypt_by_all(
    key: &rsa::PrivateKey,
    ciphertext: &[u8],
) -> Vec<(&'static str, Option<Vec<u8>>)> {
    let opened =
        rust_crypto::Backend::new(key)
            .unwrap()
            .oaep_decrypt(key, ciphertext, &mut seeded(22));
    let portable = ("rsa", opened.ok().map(|bytes| bytes.to_vec()));
    #[cfg(feature = "aws-lc")]
    {
        let opened =
            aws_lc::Backend::new(key)
                .unwrap()
                .oaep_decrypt(key, ciphertext, &mut seeded(22));
        let fast = ("aws-lc", opened.ok().map(|bytes| bytes.to_vec()));
        vec![portable, fast]
    }
    #[cfg(not(feature = "aws-lc"))]
    vec![portable]
}

#[test]
#[cfg(feature = "aws-lc")]
// A server with one backend reads what programs with the other one have written.
fn both_backends_open_and_verify_the_same() {
    use crate::crypto::rsa_public::{pss_verify, pss_verify_any_salt};
    use crate::identity::PublicKey;

    let key = rsa::PrivateKey::new(&mut seeded(20), 2048).unwrap();
    let public = PublicKey::from_rsa(&key.to_public_key()).unwrap();

    let sealed = key
        .to_public_key()
        .oaep_encrypt_with_rng::<Sha256, _>(&mut seeded(21), b"blob")
        .unwrap();
    let mut damaged = sealed.clone();
    damaged[100] ^= 1;
    for (ciphertext, expected) in [(&sealed, Some(b"blob".to_vec())), (&damaged, None)] {
        for (backend, opened) in oaep_decrypt_by_all(&key, ciphertext) {
            assert_eq!(opened, expected, "{backend}");
        }
    }
    let fast = aws_lc::Backend::new(&key).unwrap();
    let portable = rust_crypto::Backend::new(&key).unwrap();
    for signature in [
        fast.pss_sign(&key, b"message", &mut seeded(23)).unwrap(),
        portable
            .pss_sign(&key, b"message", &mut seeded(23))
            .unwrap(),
    ] {
        assert!(pss_verify(&public, b"message", &signature));
        assert!(pss_verify_any_salt(&public, b"message", &signature));
    }
}
