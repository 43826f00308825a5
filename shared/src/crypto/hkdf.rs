//! HKDF-SHA256 (RFC 5869): extracts one strong secret from key material, and expands it to any
//! number of keys.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// The length of a secret, and of the hash, in bytes.
pub(crate) const SECRET_BYTES: usize = 32;

/// The most bytes that one call of [`expand`] gives: 255 hashes (RFC 5869 §2.3).
const MAX_OUTPUT_BYTES: usize = 255 * SECRET_BYTES;

/// A uniformly random 32-byte secret: the output of [`extract`], and the input of [`expand`] and
/// HMAC. Wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

impl Secret {
    /// Takes bytes that are already uniformly random, such as the output of [`expand`].
    pub(crate) fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the secret's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(secret)")
    }
}

/// Extracts a secret: `PRK = HMAC-SHA256(salt, ikm)` (RFC 5869 §2.2).
pub(crate) fn extract(salt: &[u8], ikm: &[u8]) -> Secret {
    let (mut prk, _) = Hkdf::<Sha256>::extract(Some(salt), ikm);
    let mut secret = Secret::new([0; SECRET_BYTES]);
    secret.0.copy_from_slice(&prk);
    // The library's array does not wipe itself, so a copy of the root secret would stay in memory.
    prk.as_mut_slice().zeroize();
    secret
}

/// Fills `out` with `T(1) ‖ T(2) ‖ …`, where `T(n) = HMAC-SHA256(secret, T(n-1) ‖ info ‖ n)` and
/// `info` is the concatenation of the given parts (RFC 5869 §2.3).
///
/// # Panics
/// If `out` is longer than 8160 bytes, which would be a mistake of the caller: every length in the
/// protocol's key schedule is a constant of at most 32.
pub(crate) fn expand(secret: &Secret, info: &[&[u8]], out: &mut [u8]) {
    assert!(out.len() <= MAX_OUTPUT_BYTES, "more than HKDF can give");
    let expanded = Hkdf::<Sha256>::from_prk(secret.as_bytes())
        .is_ok_and(|hkdf| hkdf.expand_multi_info(info, out).is_ok());
    // The secret has the hash's length and the output was checked, so nothing else can fail.
    assert!(expanded, "HKDF refused a secret of its own length");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, hex_array};
    use crate::testing::portable_test;

    portable_test! {
        fn vectors_of_rfc_5869_appendix_a() {
            let ascending = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
            // The cases with SHA-256: basic, longer inputs and outputs, no salt and no info.
            for (salt, ikm, info, prk, okm) in [
                (
                    ascending(0x00, 0x0c),
                    vec![0x0b; 22],
                    ascending(0xf0, 0xf9),
                    "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                    concat!(
                        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
                        "34007208d5b887185865",
                    ),
                ),
                (
                    ascending(0x60, 0xaf),
                    ascending(0x00, 0x4f),
                    ascending(0xb0, 0xff),
                    "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                    concat!(
                        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
                        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71",
                        "cc30c58179ec3e87c14c01d5c1f3434f1d87",
                    ),
                ),
                (
                    vec![],
                    vec![0x0b; 22],
                    vec![],
                    "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                    concat!(
                        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
                        "9d201395faa4b61a96c8",
                    ),
                ),
            ] {
                let secret = extract(&salt, &ikm);
                assert_eq!(*secret.as_bytes(), hex_array(prk));
                let mut out = vec![0; okm.len() / 2];
                expand(&secret, &[&info], &mut out);
                assert_eq!(out, hex(okm));
                // The parts are hashed one after the other, so where `info` is cut must not matter.
                let (head, tail) = info.split_at(info.len() / 2);
                out.fill(0);
                expand(&secret, &[head, b"", tail], &mut out);
                assert_eq!(out, hex(okm));
            }
        }

        fn the_longest_output_is_255_hashes() {
            let mut out = vec![0; MAX_OUTPUT_BYTES];
            expand(&Secret::new([1; 32]), &[b"info"], &mut out);
            assert_ne!(out[MAX_OUTPUT_BYTES - 32..], [0; 32]);
        }

        fn a_secret_does_not_show_in_debug() {
            assert_eq!(format!("{:?}", Secret::new([0x41; 32])), "Secret(secret)");
        }
    }

    #[test]
    #[should_panic(expected = "more than HKDF can give")]
    #[cfg(not(target_arch = "wasm32"))]
    fn more_than_255_hashes_are_a_mistake_of_the_caller() {
        expand(&Secret::new([1; 32]), &[], &mut [0; MAX_OUTPUT_BYTES + 1]);
    }
}
