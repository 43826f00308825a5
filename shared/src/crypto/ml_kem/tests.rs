//! The properties that every backend must have, and that the two understand each other. Known
//! answers come with Wycheproof's vectors.

use super::*;
use crate::random::Random;
use crate::testing::{portable_test, seeded};

/// Encapsulates `message`. aws-lc draws its own message, but must refuse the same keys.
pub(in crate::crypto) fn encapsulate_with(
    key: &[u8; ENCAPSULATION_KEY_BYTES],
    message: [u8; 32],
) -> Result<Encapsulated, EncapsulationError> {
    let mut random = Random::new(move |bytes| {
        bytes.copy_from_slice(&message);
        Ok(())
    });
    let portable = rust_crypto::encapsulate(key, &mut random);
    #[cfg(feature = "aws-lc")]
    assert_eq!(
        aws_lc::encapsulate(key, &mut random).map(|_| ()),
        portable.as_ref().map(|_| ()).map_err(|error| *error)
    );
    portable
}

/// Returns the key that `seed` makes and the secret in `ciphertext`, by every backend there is,
/// which must agree.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::crypto) fn decapsulate_by_all(
    seed: &[u8; 64],
    ciphertext: &[u8; CIPHERTEXT_BYTES],
) -> (
    Box<[u8; ENCAPSULATION_KEY_BYTES]>,
    Zeroizing<[u8; SHARED_SECRET_BYTES]>,
) {
    let portable = rust_crypto::DecapsulationKey::from_seed(seed);
    let key = portable.encapsulation_key();
    #[cfg(feature = "aws-lc")]
    let fast = aws_lc::DecapsulationKey::from_expanded(&portable.to_expanded());
    let shared = portable.decapsulate(ciphertext);
    #[cfg(feature = "aws-lc")]
    {
        assert_eq!(fast.encapsulation_key(), key);
        assert_eq!(fast.decapsulate(ciphertext), shared);
    }
    (key, shared)
}

fn refuses(key: &[u8; ENCAPSULATION_KEY_BYTES]) -> bool {
    encapsulate_with(key, [71; 32]) == Err(EncapsulationError::InvalidKey)
}

portable_test! {
    fn both_sides_get_the_same() {
        let key = DecapsulationKey::generate(&mut seeded(70)).unwrap();
        let (ciphertext, ours) = encapsulate(&key.encapsulation_key(), &mut seeded(71)).unwrap();
        assert_eq!(key.decapsulate(&ciphertext), ours);
    }

    fn the_same_randomness_gives_the_same_bytes() {
        let run = || {
            let key = DecapsulationKey::generate(&mut seeded(70)).unwrap().encapsulation_key();
            (encapsulate(&key, &mut seeded(71)).unwrap(), key)
        };
        assert_eq!(run(), run());
    }

    // An attacker who could see a failure would learn about the key from it, so there is none.
    fn a_changed_ciphertext_gives_another_secret() {
        let key = || DecapsulationKey::generate(&mut seeded(70)).unwrap();
        let (ciphertext, ours) = encapsulate(&key().encapsulation_key(), &mut seeded(71)).unwrap();
        for byte in [0, 500, CIPHERTEXT_BYTES - 1] {
            let mut changed = ciphertext.clone();
            changed[byte] ^= 1;
            let rejected = key().decapsulate(&changed);
            assert_ne!(rejected, ours);
            // Implicit rejection is a function of key and ciphertext (FIPS 203 §6.3): a fresh draw
            // would show that the ciphertext was rejected.
            assert_eq!(key().decapsulate(&changed), rejected);
        }
    }

    // The modulus check of FIPS 203 §7.2: a key with other numbers is no output of the key
    // generation.
    fn encapsulation_key_with_an_unreduced_coefficient() {
        let key = DecapsulationKey::generate(&mut seeded(70)).unwrap().encapsulation_key();
        assert!(!refuses(&key));
        for at in [0, 3, 1149] {
            for coefficient in [3329_u16, 4095] {
                // Two coefficients of 12 bits lie in three bytes. The first becomes 3329, the least
                // that is not reduced, or 4095, the most.
                let [low, high] = coefficient.to_le_bytes();
                let mut unreduced = key.clone();
                unreduced[at] = low;
                unreduced[at + 1] = (unreduced[at + 1] & 0xf0) | high;
                assert!(refuses(&unreduced), "{coefficient} at byte {at}");
                // The second of the pair.
                let mut unreduced = key.clone();
                unreduced[at + 1] = (unreduced[at + 1] & 0x0f) | (low << 4);
                unreduced[at + 2] = (high << 4) | (low >> 4);
                assert!(refuses(&unreduced), "{coefficient} at byte {at}, second");
            }
        }
        let mut largest = key;
        // 3328 is the largest coefficient that is reduced.
        largest[0] = 0x00;
        largest[1] = (largest[1] & 0xf0) | 0x0d;
        assert!(!refuses(&largest));
    }

    fn nothing_without_randomness() {
        let mut random = Random::new(|_| Err(RandomUnavailable));
        assert!(DecapsulationKey::generate(&mut random).is_err());
        let key = DecapsulationKey::generate(&mut seeded(70)).unwrap().encapsulation_key();
        assert_eq!(encapsulate(&key, &mut random), Err(EncapsulationError::RandomUnavailable));
    }

    fn a_key_does_not_show_in_debug() {
        let key = DecapsulationKey::generate(&mut seeded(70)).unwrap();
        assert_eq!(format!("{key:?}"), "DecapsulationKey(secret)");
    }
}

#[test]
#[cfg(feature = "aws-lc")]
fn each_backend_opens_what_the_other_encapsulated() {
    let key = rust_crypto::DecapsulationKey::generate(&mut seeded(72)).unwrap();
    let (ciphertext, ours) =
        aws_lc::encapsulate(&key.encapsulation_key(), &mut seeded(73)).unwrap();
    assert_eq!(key.decapsulate(&ciphertext), ours);

    let key = aws_lc::DecapsulationKey::generate(&mut seeded(74)).unwrap();
    assert_eq!(format!("{key:?}"), "DecapsulationKey(secret)");
    let (ciphertext, ours) =
        rust_crypto::encapsulate(&key.encapsulation_key(), &mut seeded(75)).unwrap();
    assert_eq!(key.decapsulate(&ciphertext), ours);
}
