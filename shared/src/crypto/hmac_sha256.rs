//! HMAC-SHA256 (RFC 2104, FIPS 198-1) with keys of 32 bytes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::hkdf::{SECRET_BYTES, Secret};

/// The length of a tag in bytes.
pub(crate) const TAG_BYTES: usize = 32;

/// Returns the tag `HMAC-SHA256(key, data)`.
pub(crate) fn mac(key: &Secret, data: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = keyed(key.as_bytes());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Returns `true` if `tag` is the MAC of `data`, whole and not cut short. Takes the same time
/// wherever the first difference is.
pub(crate) fn verify(key: &Secret, data: &[u8], tag: &[u8]) -> bool {
    let mut mac = keyed(key.as_bytes());
    mac.update(data);
    // The library's comparison: an early exit would let an attacker find a tag byte by byte.
    mac.verify_slice(tag).is_ok()
}

/// Returns the MAC with its key taken in, ready for data. Wiped when dropped.
pub(super) fn keyed(key: &[u8; SECRET_BYTES]) -> Hmac<Sha256> {
    // HMAC takes keys of up to its block of 64 bytes as they are (RFC 2104 §2): 32 bytes, padded
    // with zeros, give the same MAC as the key itself, through a constructor that cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..SECRET_BYTES].copy_from_slice(key);
    Hmac::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex_array;
    use crate::testing::portable_test;

    portable_test! {
        fn vector_with_a_32_byte_key_of_rfc_4868_section_2_7_2_1() {
            let key = Secret::new([0x0b; 32]);
            let tag = hex_array("198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
            assert_eq!(mac(&key, b"Hi There"), tag);
            assert!(verify(&key, b"Hi There", &tag));
        }

        // RFC 2104 §5 allows truncated tags; this protocol does not, because a tag of a byte is
        // guessed in 256 tries.
        fn tag_truncated_extended_or_flipped() {
            let key = Secret::new([7; 32]);
            let tag = mac(&key, b"data");
            assert!(!verify(&key, b"data", &[]));
            assert!(!verify(&key, b"data", &tag[..16]));
            assert!(!verify(&key, b"data", &[&tag[..], &[0]].concat()));
            assert!(!verify(&key, b"Data", &tag));
            assert!(!verify(&Secret::new([8; 32]), b"data", &tag));
            for bit in 0..256 {
                let mut flipped = tag;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(!verify(&key, b"data", &flipped), "bit {bit}");
            }
        }
    }
}
