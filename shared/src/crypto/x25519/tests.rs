//! The vectors of RFC 7748 on both backends, and the points that must be refused.

use super::*;
use crate::crypto::testing::hex_array;
use crate::testing::{portable_test, seeded};

pub(in crate::crypto) type Agreed = Result<[u8; 32], LowOrderPoint>;

/// Computes `X25519(secret, point)` by every backend there is, which must agree.
pub(in crate::crypto) fn x25519(secret: [u8; 32], point: &[u8; 32]) -> Agreed {
    let portable = rust_crypto::Backend::new(&secret)
        .diffie_hellman(point)
        .map(|shared| *shared);
    #[cfg(feature = "aws-lc")]
    {
        let fast = aws_lc::Backend::new(&secret).diffie_hellman(point);
        assert_eq!(fast.map(|shared| *shared), portable);
    }
    portable
}

fn public_key(secret: [u8; 32]) -> [u8; 32] {
    let portable = rust_crypto::Backend::new(&secret).public_key();
    #[cfg(feature = "aws-lc")]
    assert_eq!(aws_lc::Backend::new(&secret).public_key(), portable);
    portable
}

/// The points of order 1, 2, 4 or 8, on the curve or on its twist; the last ones are not reduced.
/// With the highest bit set they are the same points (RFC 7748 §5).
const LOW_ORDER_POINTS: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

portable_test! {
    fn vectors_of_rfc_7748_section_5_2() {
        for (scalar, point, result) in [
            (
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            ),
            (
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            ),
        ] {
            assert_eq!(x25519(hex_array(scalar), &hex_array(point)), Ok(hex_array(result)));
        }
    }

    fn the_iterated_vector_of_rfc_7748_section_5_2() {
        let (mut k, mut u) = ([0; 32], [0; 32]);
        k[0] = 9;
        u[0] = 9;
        for iteration in 1..=1000 {
            (k, u) = (x25519(k, &u).unwrap(), k);
            if iteration == 1 {
                assert_eq!(k, hex_array("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
            }
        }
        assert_eq!(k, hex_array("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
    }

    fn the_key_agreement_of_rfc_7748_section_6_1() {
        let alice = hex_array("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let bob = hex_array("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let shared = hex_array("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        let alice_public = hex_array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let bob_public = hex_array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        assert_eq!(public_key(alice), alice_public);
        assert_eq!(public_key(bob), bob_public);
        assert_eq!(x25519(alice, &bob_public), Ok(shared));
        assert_eq!(x25519(bob, &alice_public), Ok(shared));
    }

    fn both_sides_get_the_same_from_generated_keys() {
        let a = EphemeralSecret::generate(&mut seeded(60)).unwrap();
        let b = EphemeralSecret::generate(&mut seeded(61)).unwrap();
        let (public_a, public_b) = (a.public_key(), b.public_key());
        assert_ne!(public_a, public_b);
        assert_eq!(a.diffie_hellman(&public_b).unwrap(), b.diffie_hellman(&public_a).unwrap());
    }

    // Seeded handshakes are replayed byte for byte, so the library may not draw or change anything.
    fn the_same_randomness_gives_the_same_key() {
        let mut bytes = [0; 32];
        seeded(62).fill(&mut bytes).unwrap();
        let secret = EphemeralSecret::generate(&mut seeded(62)).unwrap();
        assert_eq!(secret.public_key(), public_key(bytes));
    }

    fn low_order_points_are_refused() {
        for point in LOW_ORDER_POINTS {
            let mut point: [u8; 32] = hex_array(point);
            assert_eq!(x25519([0x55; 32], &point), Err(LowOrderPoint), "{point:02x?}");
            // X25519 masks this bit (RFC 7748 §5), so the point is the same and must be refused,
            // too.
            point[31] |= 0x80;
            assert_eq!(x25519([0x55; 32], &point), Err(LowOrderPoint), "{point:02x?}");
        }
    }

    fn a_secret_does_not_show_in_debug() {
        let secret = EphemeralSecret::generate(&mut seeded(63)).unwrap();
        assert_eq!(format!("{secret:?}"), "EphemeralSecret(secret)");
    }

    fn no_secret_without_randomness() {
        let mut random = Random::new(|_| Err(RandomUnavailable));
        assert!(EphemeralSecret::generate(&mut random).is_err());
    }
}
