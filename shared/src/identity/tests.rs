//! Keys in and out, keys that are refused, and both libraries with the same results.

use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Encode, pem};
use rsa::pkcs1::{EncodeRsaPrivateKey, RsaPublicKey as Pkcs1PublicKey};

use super::*;
use crate::crypto::rsa_public::{oaep_encrypt, pss_verify_any_salt};
use crate::testing::{client_key, portable_test, seeded, server_key};

/// Encodes any two numbers as PKCS#1 PEM.
fn public_pem(modulus: &[u8], exponent: &[u8]) -> String {
    let key = Pkcs1PublicKey {
        modulus: UintRef::new(modulus).unwrap(),
        public_exponent: UintRef::new(exponent).unwrap(),
    };
    pem::encode_string(
        "RSA PUBLIC KEY",
        pem::LineEnding::LF,
        &key.to_der().unwrap(),
    )
    .unwrap()
}

fn modulus(bytes: usize, last: u8) -> Vec<u8> {
    let mut modulus = vec![0xc5; bytes];
    modulus[bytes - 1] = last;
    modulus
}

const E: &[u8] = &[1, 0, 1];

portable_test! {
    fn a_private_key_round_trips_through_every_form() {
        let key = server_key();
        for again in [
            PrivateKey::from_pem(&key.to_pkcs8_pem().unwrap()),
            PrivateKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()),
        ] {
            assert_eq!(again.unwrap().public_key(), key.public_key());
        }
        assert!(key.to_pkcs8_pem().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }

    fn a_pkcs1_private_key_of_an_older_program_is_read() {
        let rsa = rsa::PrivateKey::new(&mut seeded(11), 2048).unwrap();
        let pem = rsa.to_pkcs1_pem(pkcs8::LineEnding::LF).unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        let key = PrivateKey::from_pem(&pem).unwrap();
        assert_eq!(key.public_key().bits(), 2048);
    }

    fn a_passphrase_opens_only_its_own_key() {
        let pem = client_key().to_encrypted_pem("correct horse", &mut seeded(10)).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let opened = PrivateKey::from_encrypted_pem(&pem, "correct horse").unwrap();
        assert_eq!(opened.public_key(), client_key().public_key());
        let wrong = PrivateKey::from_encrypted_pem(&pem, "wrong horse").unwrap_err();
        assert_eq!(wrong, KeyError::Passphrase);
        assert_eq!(PrivateKey::from_pem(&pem).unwrap_err(), KeyError::Passphrase);
        let plain = client_key().to_pkcs8_pem().unwrap();
        let error = PrivateKey::from_encrypted_pem(&plain, "correct horse").unwrap_err();
        assert_eq!(error, KeyError::Pem("encrypted private key"));
    }

    fn a_public_key_round_trips_and_has_lf_line_ends() {
        let key = server_key().public_key();
        assert_eq!(&PublicKey::from_pem(key.to_spki_pem()).unwrap(), key);
        assert_eq!(&PublicKey::from_spki_der(key.spki_der()).unwrap(), key);
        assert!(!key.to_spki_pem().contains('\r'));
        assert!(key.to_spki_pem().ends_with("-----END PUBLIC KEY-----\n"));
        assert!(PublicKey::from_pem(key.to_spki_pem().trim_end()).is_ok());
    }

    // By their form: none of these costs a stranger's peer any arithmetic.
    fn keys_of_unaccepted_kinds_are_refused_by_their_form() {
        for (pem, expected) in [
            (public_pem(&modulus(128, 1), E), KeyError::Size(1024)),
            (public_pem(&modulus(255, 1), E), KeyError::Size(2040)),
            (public_pem(&modulus(513, 1), E), KeyError::Size(4104)),
            (public_pem(&modulus(1024, 1), E), KeyError::Size(8192)),
            (public_pem(&modulus(256, 2), E), KeyError::EvenModulus),
            (public_pem(&modulus(256, 1), &[1]), KeyError::Exponent),
            (public_pem(&modulus(256, 1), &[3]), KeyError::Exponent),
            (public_pem(&modulus(256, 1), &[1, 0, 2]), KeyError::Exponent),
            (public_pem(&modulus(256, 1), &modulus(255, 1)), KeyError::Exponent),
            (public_pem(&[0], E), KeyError::Size(0)),
        ] {
            assert_eq!(PublicKey::from_pem(&pem).unwrap_err(), expected);
        }
        assert!(PublicKey::from_pem(&public_pem(&modulus(256, 1), E)).is_ok());
        assert!(PublicKey::from_pem(&public_pem(&modulus(512, 1), E)).is_ok());
    }

    fn text_that_is_no_key_is_refused() {
        let private = server_key().to_pkcs8_pem().unwrap();
        let junk = format!("{}junk", server_key().public_key().to_spki_pem());
        for pem in ["", "hello", &private, &junk] {
            assert_eq!(PublicKey::from_pem(pem).unwrap_err(), KeyError::Pem("public key"));
        }
        let public = server_key().public_key().to_spki_pem();
        assert_eq!(PrivateKey::from_pem(public).unwrap_err(), KeyError::Pem("private key"));
        assert_eq!(PrivateKey::generate(1024, &mut seeded(1)).unwrap_err(), KeyError::Size(1024));
        let pkcs1 = public_pem(&modulus(256, 1), E);
        assert_eq!(PublicKey::from_spki_pem(&pkcs1).unwrap_err(), KeyError::Pem("PUBLIC KEY"));
    }

    fn every_salt_length_verifies() {
        // v1 takes every salt (PROTOCOL.md §1.3). 222 bytes is the largest for 2048 bits, Python's
        // `MAX_LENGTH`.
        let key = rsa::PrivateKey::new(&mut seeded(12), 2048).unwrap();
        let public = PublicKey::from_rsa(&key.to_public_key()).unwrap();
        for salt in [0, 20, 32, 222] {
            let scheme = rsa::Pss::<sha2::Sha256>::new_with_salt(salt);
            let hash = <sha2::Sha256 as sha2::Digest>::digest(b"message");
            let signature = key.sign_with_rng(&mut seeded(13), scheme, &hash).unwrap();
            assert!(pss_verify_any_salt(&public, b"message", &signature), "salt of {salt}");
            assert!(!pss_verify_any_salt(&public, b"massage", &signature));
        }
    }

    fn our_operations_answer_what_the_public_half_asks() {
        let key = server_key();
        let ciphertext = oaep_encrypt(key.public_key(), b"secret", &mut seeded(14)).unwrap();
        assert_eq!(key.decrypt(&ciphertext, &mut seeded(15)).unwrap().as_slice(), b"secret");
        let signature = key.sign(b"message", &mut seeded(16)).unwrap();
        assert!(pss_verify_any_salt(key.public_key(), b"message", &signature));
    }

    fn secrets_do_not_show_in_debug() {
        let shown = format!("{:?}", server_key());
        assert!(shown.contains("secret parts not shown") && shown.len() < 150, "{shown}");
    }
}
